//! What can go wrong with a job, with handing one in, and with starting a pool.

use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use actor_core::ExitReason;
use actor_core::panic::Panic;

/// Which of the two that travel.
///
/// # Examples
///
/// ```
/// use actor_pool::{JobError, Payload};
///
/// let error = JobError::TooLarge { payload: Payload::Argument, bytes: 2_000_000, limit: 1_000_000 };
/// assert!(!error.may_have_run(), "the job never reached a worker");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The argument of the job.
    Argument,
    /// Its result.
    Result,
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Payload::Argument => "argument",
            Payload::Result => "result",
        })
    }
}

/// Why a job has no result. The pool and all its other jobs go on.
///
/// A job that can fail by itself returns a `Result` as its value; this type is about the machinery around it.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// use actor_pool::JobError;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// let failed = pool.submit_fn(|| -> u64 { panic!("oh no") }).await?.await;
/// match failed {
///     Ok(number) => println!("{number}"),
///     Err(JobError::Panicked(panic)) => assert_eq!(panic.text, "oh no"), // It would do so again.
///     Err(error) if !error.may_have_run() => println!("hand it in again: {error}"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobError {
    /// It was cancelled before it began. It never ran.
    Cancelled,
    /// The pool ended before it began. It never ran.
    Shutdown,
    /// It was [aborted](crate::JobHandle::abort) in the hands of its worker: its process was killed, or had not begun it and gave it back,
    /// or its future was let fall.
    Aborted,
    /// Its deadline passed before it began. It never ran, or not again.
    Expired,
    /// It was pending, and gave way to a newer one; see [`PoolBuilder::overflow`](crate::PoolBuilder::overflow). It never ran.
    Dropped,
    /// A try of it failed, and while it waited to be tried again it was cancelled, gave way to a newer one, or the pool ended. Only a job
    /// that may run more than once comes to this.
    GivenUp,
    /// It was not accepted; only in the results of [`map`](crate::Pool::map) and [`apply`](crate::Pool::apply).
    Refused(Refusal),
    /// The job panicked: with what, and where. Its worker lives on.
    Panicked(Box<Panic>),
    /// Its worker ended while the job was in its hands: the process exited, was killed, or aborted; or the thread was given up at
    /// shutdown. Jobs that may run twice without harm are marked [`retryable`](crate::JobOptions::retryable) and are run again instead.
    WorkerLost {
        /// Whether the job may have run, wholly or in part.
        maybe_ran: bool,
        /// How the worker ended: the exit code or signal of the process and its last lines of standard error.
        reason: Box<ExitReason>,
    },
    /// A retryable job whose workers were lost so many times in a row that it is taken for the cause.
    Quarantined {
        /// How many workers were lost with it in hand.
        losses: u32,
        /// How the last of them ended.
        reason: Box<ExitReason>,
    },
    /// The argument or the result could not be encoded or decoded.
    Codec {
        /// Which of the two.
        payload: Payload,
        /// What was wrong with it.
        text: Box<str>,
    },
    /// The encoded argument or result is larger than the pool's limit.
    TooLarge {
        /// Which of the two.
        payload: Payload,
        /// Its size in bytes.
        bytes: u64,
        /// The limit, in bytes; see [`PoolBuilder::result_max`](crate::PoolBuilder::result_max).
        limit: u64,
    },
    /// The executable of the worker does not know the job: it was built from another list of jobs.
    Unknown {
        /// The name of the job.
        job: Box<str>,
    },
    /// It ran longer than [`PoolBuilder::time_limit`](crate::PoolBuilder::time_limit) allows; its process was killed.
    TimeLimit {
        /// The limit.
        limit: std::time::Duration,
    },
    /// The request or its answer could not be carried to or from the worker, which lives on.
    Link {
        /// Whether the job may have run all the same.
        maybe_ran: bool,
        /// What went wrong.
        text: Box<str>,
    },
}

impl JobError {
    /// Whether the job may have run, wholly or in part. `false` is certain: handing it in again does the work at most once.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::JobError;
    ///
    /// assert!(!JobError::Cancelled.may_have_run());
    /// assert!(JobError::Aborted.may_have_run());
    /// ```
    #[must_use]
    pub fn may_have_run(&self) -> bool {
        match self {
            JobError::Cancelled
            | JobError::Shutdown
            | JobError::Dropped
            | JobError::Refused(_)
            | JobError::Unknown { .. } => false,
            // An earlier try of it may have.
            JobError::Expired
            | JobError::Aborted
            | JobError::GivenUp
            | JobError::Panicked(_)
            | JobError::Quarantined { .. }
            | JobError::TimeLimit { .. } => true,
            JobError::WorkerLost { maybe_ran, .. } | JobError::Link { maybe_ran, .. } => *maybe_ran,
            JobError::Codec { payload, .. } | JobError::TooLarge { payload, .. } => {
                *payload == Payload::Result
            }
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobError::Cancelled => f.write_str("the job was cancelled before it began"),
            JobError::Shutdown => f.write_str("the pool ended before the job began"),
            JobError::Aborted => f.write_str("the job was aborted while it ran"),
            JobError::Expired => f.write_str("the deadline of the job passed before it began"),
            JobError::Dropped => f.write_str("the job gave way to a newer one before it began"),
            JobError::GivenUp => f.write_str(
                "a try of the job failed, and it was given up before it was tried again",
            ),
            JobError::Refused(refusal) => refusal.fmt(f),
            JobError::Panicked(panic) => write!(f, "the job {panic}"),
            JobError::WorkerLost {
                maybe_ran: true,
                reason,
            } => write!(f, "its worker was lost with the job in hand: {reason}"),
            JobError::WorkerLost {
                maybe_ran: false,
                reason,
            } => write!(f, "its worker was lost before the job began: {reason}"),
            JobError::Quarantined { losses, reason } => {
                write!(
                    f,
                    "the job lost {losses} workers in a row and is not tried again; the last: {reason}"
                )
            }
            JobError::Codec { payload, text } => {
                write!(f, "the {payload} of the job could not be carried: {text}")
            }
            JobError::TimeLimit { limit } => {
                write!(
                    f,
                    "the job ran longer than {limit:?} and was ended with its process"
                )
            }
            JobError::TooLarge {
                payload,
                bytes,
                limit,
            } => write!(
                f,
                "the {payload} of the job takes {bytes} bytes; the limit is {limit}"
            ),
            JobError::Unknown { job } => {
                write!(
                    f,
                    "the executable of the worker does not know the job {job:?}"
                )
            }
            JobError::Link { text, .. } => {
                write!(
                    f,
                    "the job could not be carried to its worker and back: {text}"
                )
            }
        }
    }
}

impl Error for JobError {}

impl From<Panic> for JobError {
    fn from(panic: Panic) -> Self {
        JobError::Panicked(Box::new(panic))
    }
}

/// Why a job was not accepted.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// use actor_pool::{Refusal, ShutdownMode};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// pool.shutdown(ShutdownMode::Drain, Duration::from_secs(5)).await;
/// match pool.try_submit(&SQUARE, 3) {
///     Ok(_) => unreachable!("the pool has ended"),
///     Err(error) => match error.refusal() {
///         Refusal::Full => println!("later, then"),
///         refusal => assert_eq!(refusal, &Refusal::Closed),
///     },
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The pool shuts down, or has ended. Trying again is useless.
    Closed,
    /// As many jobs wait as the pool takes (only from the `try_` calls). A later try can succeed; `submit` waits in line.
    Full,
    /// The pool has process workers, and the job is not in their list of [`Jobs`](crate::Jobs).
    Unregistered {
        /// The name of the job.
        job: &'static str,
    },
    /// A job of this name is in the list, but with another argument or result type.
    Mismatched {
        /// The name of the job.
        job: &'static str,
    },
    /// A closure runs on a thread worker, and the pool has none.
    NoThreads,
    /// An async closure runs on a task worker, and the pool has none.
    NoTasks,
    /// A closure can run once, so it cannot be tried again; register a function for that.
    OnlyOnce,
    /// Priorities go from 0 to 9.
    Priority {
        /// The one that was given.
        priority: u8,
    },
    /// Its deadline has passed already, or passes before its delay is over.
    Expired,
    /// A chunk of zero arguments does no work.
    NoChunk,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Closed => f.write_str("the pool takes no more jobs"),
            Refusal::Full => f.write_str("as many jobs wait as the pool takes"),
            Refusal::Unregistered { job } => write!(
                f,
                "the job {job:?} is not registered for process workers; add it with `Jobs::builder().job(..)`"
            ),
            Refusal::Mismatched { job } => write!(
                f,
                "the job {job:?} is registered with another argument or result type"
            ),
            Refusal::NoThreads => {
                f.write_str("a closure needs a thread worker, and the pool has none")
            }
            Refusal::NoTasks => {
                f.write_str("an async closure needs a task worker, and the pool has none")
            }
            Refusal::OnlyOnce => f.write_str(
                "a closure can run once, so it cannot be tried again; register a function for that",
            ),
            Refusal::Priority { priority } => {
                write!(f, "{priority} is no priority; they go from 0 to 9")
            }
            Refusal::Expired => f.write_str("the deadline of the job lies before it can begin"),
            Refusal::NoChunk => f.write_str("a chunk of zero arguments does no work"),
        }
    }
}

/// A job was not accepted; its argument (or closure) comes back.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// use actor_pool::ShutdownMode;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// pool.shutdown(ShutdownMode::Drain, Duration::from_secs(5)).await;
/// let error = pool.submit(&SQUARE, 3).await.unwrap_err();
/// assert_eq!(error.to_string(), "the pool takes no more jobs");
/// assert_eq!(error.into_argument(), 3);
/// # Ok(()) }
/// ```
pub struct SubmitError<T> {
    refusal: Refusal,
    // In a lock so that the error is `Sync`, and `?` into a boxed error compiles, for every argument that is `Send`.
    argument: Mutex<T>,
}

impl<T> SubmitError<T> {
    pub(crate) fn new(refusal: Refusal, argument: T) -> Self {
        SubmitError {
            refusal,
            argument: Mutex::new(argument),
        }
    }

    /// Why.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// # use actor_pool::{Job, Pool};
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// use actor_pool::{Refusal, ShutdownMode};
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let pool = Pool::builder().threads(1).start(&system).await?;
    /// pool.shutdown(ShutdownMode::Drain, Duration::from_secs(5)).await;
    /// let error = pool.submit(&SQUARE, 3).await.unwrap_err();
    /// assert_eq!(error.refusal(), &Refusal::Closed);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// The argument, or the closure, that was not taken.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// # use actor_pool::{Job, Pool};
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// use actor_pool::ShutdownMode;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let pool = Pool::builder().threads(1).start(&system).await?;
    /// # let other = Pool::builder().threads(1).start(&system).await?;
    /// pool.shutdown(ShutdownMode::Drain, Duration::from_secs(5)).await;
    /// let nine = match pool.submit(&SQUARE, 3).await {
    ///     Ok(job) => job.await?,
    ///     Err(error) => other.submit(&SQUARE, error.into_argument()).await?.await?,
    /// };
    /// assert_eq!(nine, 9);
    /// # Ok(()) }
    /// ```
    pub fn into_argument(self) -> T {
        self.argument
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for SubmitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitError")
            .field("refusal", &self.refusal)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SubmitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)
    }
}

impl<T> Error for SubmitError<T> {}

/// Why a pool did not start. Nothing is left running.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// use actor_pool::PoolError;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let nobody = Pool::builder().start(&system).await;
/// assert_eq!(nobody.unwrap_err(), PoolError::NoWorkers);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError {
    /// It would have no worker at all.
    NoWorkers,
    /// It would take no job at all.
    NoCapacity,
    /// It would begin no job at all: a rate of zero jobs, or per no time.
    NoRate,
    /// Its workers would be replaced before they did a job.
    NoJobsPerWorker,
    /// A worker did not start.
    Worker {
        /// The name of the worker.
        name: String,
        /// Why.
        reason: ExitReason,
    },
    /// Its actors could not be started, since the system shuts down.
    System(String),
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolError::NoWorkers => f.write_str(
                "a pool of zero workers can do no work; give it tasks, threads or processes",
            ),
            PoolError::NoCapacity => f.write_str("a pool with a capacity of zero takes no job"),
            PoolError::NoRate => {
                f.write_str("a rate needs at least one job, and more than no time")
            }
            PoolError::NoJobsPerWorker => {
                f.write_str("a worker that is replaced after zero jobs does no work")
            }
            PoolError::Worker { name, reason } => {
                write!(f, "worker {name:?} did not start: {reason}")
            }
            PoolError::System(text) => write!(f, "the pool did not start: {text}"),
        }
    }
}

impl Error for PoolError {}

/// Why a list of jobs is none.
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobsError {
    /// Two jobs have this name.
    Duplicate {
        /// The name.
        job: &'static str,
    },
}

impl fmt::Display for JobsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobsError::Duplicate { job } => {
                write!(f, "two jobs have the name {job:?}; give each its own")
            }
        }
    }
}

impl Error for JobsError {}
