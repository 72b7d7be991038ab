//! What a job is: a function with a stable name, and what comes back.

use std::fmt;

use crate::WorkerInfo;

/// A function that a pool can run anywhere, under a name that is the same in every process.
///
/// The name, not the address of the function, is what travels to a process worker; end it with a version and change that when the
/// argument, the result or the meaning changes. Argument and result implement serde's traits.
///
/// A job that can fail returns a `Result` as its value.
///
/// # Examples
///
/// ```
/// use actor_pool::Job;
///
/// fn is_even(number: u64) -> bool {
///     number.is_multiple_of(2)
/// }
///
/// const IS_EVEN: Job<u64, bool> = Job::new("example.is_even/v1", is_even);
/// assert_eq!(IS_EVEN.name(), "example.is_even/v1");
/// ```
pub struct Job<Arg, Out> {
    name: &'static str,
    function: fn(Arg) -> Out,
}

impl<Arg, Out> Job<Arg, Out> {
    /// A job. It costs nothing, so declare it as a constant beside the function.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::Job;
    ///
    /// fn parse(text: String) -> Result<u64, String> {
    ///     text.parse().map_err(|error| format!("{text:?}: {error}"))
    /// }
    /// const PARSE: Job<String, Result<u64, String>> = Job::new("example.parse/v1", parse);
    /// ```
    #[must_use]
    pub const fn new(name: &'static str, function: fn(Arg) -> Out) -> Self {
        Job { name, function }
    }

    /// The stable name.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::Job;
    ///
    /// const DOUBLE: Job<u64, u64> = Job::new("example.double/v1", |number| number * 2);
    /// assert_eq!(DOUBLE.name(), "example.double/v1");
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn function(&self) -> fn(Arg) -> Out {
        self.function
    }
}

impl<Arg, Out> Clone for Job<Arg, Out> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Arg, Out> Copy for Job<Arg, Out> {}

impl<Arg, Out> fmt::Debug for Job<Arg, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({:?})", self.name)
    }
}

/// The result of a job, and who found it.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// let completed = pool.submit(&SQUARE, 3).await?.outcome().await?;
/// println!("{} was found by {}", completed.value, completed.worker.name);
/// assert_eq!(completed.worker.pid, Some(std::process::id()));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completed<Out> {
    /// What the function returned.
    pub value: Out,
    /// Who ran it.
    pub worker: WorkerInfo,
}

/// Where a job stands.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// use actor_pool::JobStatus;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// # let (open, opened) = std::sync::mpsc::channel::<()>();
/// # let slow = pool.submit_fn(move || drop(opened.recv())).await?;
/// let job = pool.submit(&SQUARE, 3).await?; // The only worker is busy with a slow one.
/// assert_eq!(job.status(), JobStatus::Pending);
/// # drop(open);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobStatus {
    /// Accepted, and not begun.
    Pending,
    /// In the hands of a worker; in those of a process perhaps behind others.
    Running,
    /// It has an outcome: a result, or an error.
    Finished,
}
