//! The list of jobs that process workers know, and how one of them is run from its encoded argument.

use std::any::TypeId;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::setup::Initializer;
use crate::task::{
    decode, decoding_panicked, encode_into, encoding_panicked, undecodable, unencodable,
};
use crate::{Job, JobError, JobsError, Payload, Refusal, WorkerInfo};
use actor_core::panic::catch;
use actor_core::{BoxError, wire};

/// Large blobs of a result are put aside for whoever can carry them apart.
pub(crate) type Aside<'a> = Option<&'a mut Vec<bytes::Bytes>>;

type RunEncoded = Arc<dyn Fn(&[u8], Aside<'_>, &mut Vec<u8>) -> Result<(), JobError> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Listed {
    signature: TypeId,
    run: RunEncoded,
}

/// The jobs that process workers can run. Cheap to clone.
///
/// The worker is the same program, so it has the same list: build it in one function and call that at the top of `main`.
///
/// # Examples
///
/// ```
/// use actor_pool::{Job, Jobs};
///
/// fn double(number: u64) -> u64 {
///     number * 2
/// }
/// const DOUBLE: Job<u64, u64> = Job::new("example.double/v1", double);
///
/// # fn main() -> Result<(), actor_pool::JobsError> {
/// let jobs = Jobs::builder().job(DOUBLE).build()?;
/// assert_eq!(jobs.names().collect::<Vec<_>>(), ["example.double/v1"]);
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct Jobs {
    listed: Arc<BTreeMap<&'static str, Listed>>,
    initializer: Option<Initializer>,
}

impl Jobs {
    /// An empty list.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::Jobs;
    ///
    /// # fn main() -> Result<(), actor_pool::JobsError> {
    /// let none = Jobs::builder().build()?;
    /// assert_eq!(none.names().count(), 0);
    /// # Ok(()) }
    /// ```
    pub fn builder() -> JobsBuilder {
        JobsBuilder::default()
    }

    /// The names of the jobs, in alphabetical order.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::{Job, Jobs};
    ///
    /// const DOUBLE: Job<u64, u64> = Job::new("example.double/v1", |number| number * 2);
    ///
    /// # fn main() -> Result<(), actor_pool::JobsError> {
    /// let jobs = Jobs::builder().job(DOUBLE).build()?;
    /// assert!(jobs.names().any(|name| name == DOUBLE.name()));
    /// # Ok(()) }
    /// ```
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.listed.keys().copied()
    }

    /// Whether process workers can run this job.
    pub(crate) fn check<Arg: 'static, Out: 'static>(
        &self,
        job: &Job<Arg, Out>,
    ) -> Result<(), Refusal> {
        let name = job.name();
        match self.listed.get(name) {
            None => Err(Refusal::Unregistered { job: name }),
            Some(listed) if listed.signature != signature::<Arg, Out>() => {
                Err(Refusal::Mismatched { job: name })
            }
            Some(_) => Ok(()),
        }
    }

    /// What worker processes run first.
    pub(crate) fn initializer_of_workers(&self) -> Option<&Initializer> {
        self.initializer.as_ref()
    }

    /// The job of this name.
    pub(crate) fn find(&self, name: &str) -> Result<&Listed, JobError> {
        self.listed
            .get(name)
            .ok_or_else(|| JobError::Unknown { job: name.into() })
    }
}

impl Listed {
    /// Decodes the argument, runs the job, and appends the encoded result; of a failure, nothing.
    pub(crate) fn run(
        &self,
        argument: &[u8],
        aside: Aside<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), JobError> {
        (self.run)(argument, aside, out)
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.listed.keys()).finish()
    }
}

/// Collects a list of jobs.
///
/// # Examples
///
/// ```
/// use actor_pool::{Job, Jobs};
///
/// const DOUBLE: Job<u64, u64> = Job::new("example.double/v1", |number| number * 2);
/// const LENGTH: Job<String, usize> = Job::new("example.length/v1", |text| text.len());
///
/// # fn main() -> Result<(), actor_pool::JobsError> {
/// let jobs = Jobs::builder().job(DOUBLE).job(LENGTH).build()?;
/// # assert_eq!(jobs.names().count(), 2);
/// # Ok(()) }
/// ```
#[derive(Default)]
#[must_use = "nothing is listed before `build`"]
pub struct JobsBuilder {
    listed: BTreeMap<&'static str, Listed>,
    duplicate: Option<&'static str>,
    initializer: Option<Initializer>,
}

impl JobsBuilder {
    /// Adds a job.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::{Job, Jobs};
    ///
    /// const DOUBLE: Job<u64, u64> = Job::new("example.double/v1", |number| number * 2);
    /// const LENGTH: Job<String, usize> = Job::new("example.length/v1", |text| text.len());
    ///
    /// # fn main() -> Result<(), actor_pool::JobsError> {
    /// let jobs = Jobs::builder().job(DOUBLE).job(LENGTH).build()?;
    /// # assert_eq!(jobs.names().count(), 2);
    /// # Ok(()) }
    /// ```
    pub fn job<Arg, Out>(mut self, job: Job<Arg, Out>) -> Self
    where
        Arg: DeserializeOwned + 'static,
        Out: Serialize + 'static,
    {
        let listed = Listed {
            signature: signature::<Arg, Out>(),
            run: Arc::new(move |argument, aside, out| run_encoded(job, argument, aside, out)),
        };
        if self.listed.insert(job.name(), listed).is_some() {
            self.duplicate.get_or_insert(job.name());
        }
        self
    }

    /// Runs in each worker process when it starts, before its first job. What it returns is the state of this worker, which its jobs use
    /// through [`with_state`](crate::with_state). If it fails, or panics, the process ends and is started again after a pause; after
    /// [as many attempts](crate::PoolBuilder::start_attempts) as are allowed the pool does not start.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use actor_pool::{Job, Jobs, with_state};
    ///
    /// const LOOK_UP: Job<String, Option<u64>> = Job::new("example.look_up/v1", |word| {
    ///     with_state(|table: &mut HashMap<String, u64>| table.get(&word).copied()).flatten()
    /// });
    ///
    /// # fn main() -> Result<(), actor_pool::JobsError> {
    /// let jobs = Jobs::builder()
    ///     .job(LOOK_UP)
    ///     .initializer(|_worker| Ok(HashMap::from([("one".to_owned(), 1u64)])))
    ///     .build()?;
    /// # assert_eq!(jobs.names().count(), 1);
    /// # Ok(()) }
    /// ```
    pub fn initializer<S: Send + 'static>(
        mut self,
        make: impl Fn(&WorkerInfo) -> Result<S, BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.initializer = Some(Initializer::new(make));
        self
    }

    /// The list.
    ///
    /// # Errors
    ///
    /// [`JobsError::Duplicate`]: two jobs have the same name.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::{Job, Jobs, JobsError};
    ///
    /// const DOUBLE: Job<u64, u64> = Job::new("example.double/v1", |number| number * 2);
    ///
    /// let twice = Jobs::builder().job(DOUBLE).job(DOUBLE).build();
    /// assert_eq!(twice.unwrap_err(), JobsError::Duplicate { job: "example.double/v1" });
    /// ```
    pub fn build(self) -> Result<Jobs, JobsError> {
        match self.duplicate {
            Some(job) => Err(JobsError::Duplicate { job }),
            None => Ok(Jobs {
                listed: Arc::new(self.listed),
                initializer: self.initializer,
            }),
        }
    }
}

impl fmt::Debug for JobsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.listed.keys()).finish()
    }
}

fn signature<Arg: 'static, Out: 'static>() -> TypeId {
    TypeId::of::<fn(Arg) -> Out>()
}

fn run_encoded<Arg, Out>(
    job: Job<Arg, Out>,
    argument: &[u8],
    aside: Aside<'_>,
    out: &mut Vec<u8>,
) -> Result<(), JobError>
where
    Arg: DeserializeOwned,
    Out: Serialize,
{
    let Some(aside) = aside else {
        return run_plain(job, argument, out);
    };
    let argument: Arg = decode(Payload::Argument, argument)?;
    let run = job.function();
    let result = catch(move || run(argument))?;
    let (encoded, blobs) = actor_remote::blob::apart(|| encode_into(Payload::Result, &result, out));
    *aside = blobs;
    actor_core::panic::discard(result);
    encoded
}

/// How far a job came.
#[derive(Clone, Copy)]
enum Step {
    Decode,
    Run,
    Encode,
    Drop,
}

/// Without anything aside: for the many items of a chunk, with one guard around all of its steps.
fn run_plain<Arg, Out>(
    job: Job<Arg, Out>,
    argument: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), JobError>
where
    Arg: DeserializeOwned,
    Out: Serialize,
{
    let before = out.len();
    let step = Cell::new(Step::Decode);
    let ran = catch(|| {
        let argument =
            wire::decode(argument).map_err(|why| undecodable(Payload::Argument, &why))?;
        step.set(Step::Run);
        let result = job.function()(argument);
        step.set(Step::Encode);
        wire::encode(&result, out).map_err(|why| unencodable(Payload::Result, &why))?;
        step.set(Step::Drop);
        Ok(())
    });
    let error = match (ran, step.get()) {
        (Ok(Ok(())), _) => return Ok(()),
        (Ok(Err(error)), _) => error,
        (Err(panic), Step::Decode) => decoding_panicked(Payload::Argument, &panic),
        (Err(panic), Step::Run) => panic.into(),
        (Err(panic), Step::Encode) => encoding_panicked(Payload::Result, &panic),
        (Err(panic), Step::Drop) => {
            tracing::error!(%panic, "dropping a value panicked");
            return Ok(());
        }
    };
    out.truncate(before);
    Err(error)
}

#[cfg(test)]
mod tests;
