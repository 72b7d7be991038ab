//! The pool as its users see it. Handing in closures is in `pool/closures.rs`, maps in `pool/maps.rs`.

mod closures;
mod maps;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actor_core::ActorRef;
use actor_remote::Node;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::builder::PoolBuilder;
use crate::keeper::KeeperMsg;
use crate::shared::Shared;
use crate::submit::Parcel;
use crate::{
    Job, JobError, JobHandle, JobOptions, Jobs, PoolStats, Refusal, SubmitError, WorkerInfo,
    WorkerStatus,
};

/// Which jobs a pool still does when it shuts down.
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
/// # let (open, opened) = std::sync::mpsc::channel::<()>();
/// # let slow = pool.submit_fn(move || drop(opened.recv())).await?;
/// let job = pool.submit(&SQUARE, 3).await?; // The only worker is busy with a slow one.
/// # drop(open);
/// let report = pool.shutdown(ShutdownMode::Drain, Duration::from_secs(5)).await;
/// assert_eq!(job.await?, 9); // With `Cancel` it were `JobError::Shutdown`.
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShutdownMode {
    /// All that were accepted.
    Drain,
    /// Those in the hands of workers. The others fail with [`JobError::Shutdown`](crate::JobError::Shutdown).
    Cancel,
}

/// How a pool ended.
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
/// pool.submit(&SQUARE, 3).await?.await?;
/// let report = pool.shutdown(ShutdownMode::Drain, Duration::from_secs(5)).await;
/// assert_eq!((report.finished, report.cancelled), (1, 0));
/// for worker in &report.abandoned {
///     eprintln!("{} is stuck in a job", worker.name);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolReport {
    /// How many jobs its workers finished, whatever their outcome.
    pub finished: u64,
    /// How many jobs were not begun.
    pub cancelled: u64,
    /// Threads that were stuck in a job and were given up; each runs on until its job returns, and its result is dropped.
    pub abandoned: Vec<WorkerInfo>,
}

impl PoolReport {
    /// Whether all threads and processes are gone.
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
    /// let report = pool.shutdown(ShutdownMode::Drain, Duration::from_secs(5)).await;
    /// assert!(report.is_clean());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.abandoned.is_empty()
    }
}

/// Workers on threads and in processes, fed from one queue.
///
/// Idle workers take the oldest job they can do, so one slow job holds nobody else up. A worker that dies fails (or, where that was
/// allowed, repeats) only the job in its hands; the pool replaces it and goes on, for ever: a worker that keeps dying is replaced after
/// growing pauses of up to five seconds.
///
/// Clones are handles to the same pool. When the last one is dropped the pool drains in the background; use
/// [`shutdown`](Pool::shutdown) to wait for its end. A pool belongs to the system that it was started on and ends with it.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), actor_core::BoxError> {
/// use std::time::Duration;
/// use actor_core::ActorSystem;
/// use actor_pool::{Job, Pool, ShutdownMode};
///
/// const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
///
/// let system = ActorSystem::new("demo");
/// let pool = Pool::builder().threads(2).start(&system).await?;
///
/// let nine = pool.submit(&SQUARE, 3).await?;
/// assert_eq!(nine.await?, 9);
///
/// let squares = pool.map(&SQUARE, 1..=4).collect().await;
/// assert_eq!(squares.into_iter().collect::<Result<Vec<_>, _>>()?, [1, 4, 9, 16]);
///
/// let report = pool.shutdown(ShutdownMode::Drain, Duration::from_secs(5)).await;
/// assert!(report.is_clean());
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[doc(alias = "Executor")]
#[doc(alias = "ThreadPool")]
#[doc(alias = "ProcessPool")]
pub struct Pool {
    inner: Arc<Inner>,
}

/// What all handles of one pool share.
pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) keeper: ActorRef<KeeperMsg>,
    pub(crate) has_threads: bool,
    pub(crate) has_tasks: bool,
    /// What the process workers know; `None` without any.
    pub(crate) jobs: Option<Jobs>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.keeper.try_send(KeeperMsg::Unreferenced));
    }
}

impl Pool {
    /// A pool without workers, to be given some.
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
    /// let pool = Pool::builder().threads(2).start(&system).await?;
    /// assert_eq!(pool.workers().len(), 2);
    /// # Ok(()) }
    /// ```
    pub fn builder() -> PoolBuilder {
        PoolBuilder::new()
    }

    /// A pool of so many tasks, to be given other workers and options: for async closures, which wait more than they compute.
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
    /// let pool = Pool::tasks(100).start(&system).await?;
    /// let job = pool.submit_async(|| async { 6 * 7 }).await?;
    /// assert_eq!(job.await?, 42);
    /// # Ok(()) }
    /// ```
    pub fn tasks(workers: usize) -> PoolBuilder {
        PoolBuilder::new().tasks(workers)
    }

    /// A pool of so many threads, to be given other workers and options: for functions and closures that compute or block.
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
    /// let pool = Pool::threads(2).start(&system).await?;
    /// assert_eq!(pool.apply(&SQUARE, 3).await?, 9);
    /// # Ok(()) }
    /// ```
    pub fn threads(workers: usize) -> PoolBuilder {
        PoolBuilder::new().threads(workers)
    }

    /// A pool of so many processes, to be given other workers and options: for functions that may crash, leak or have to be ended. See
    /// [`PoolBuilder::processes`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// let builder = Pool::processes(4, node, jobs).threads(1); // And a thread, for closures.
    /// # drop(builder); }
    /// ```
    pub fn processes(workers: usize, node: &Node, jobs: &Jobs) -> PoolBuilder {
        PoolBuilder::new().processes(workers, node, jobs)
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Pool {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    pub(crate) fn check<Arg: 'static, Out: 'static>(
        &self,
        job: &Job<Arg, Out>,
    ) -> Result<(), Refusal> {
        self.inner
            .jobs
            .as_ref()
            .map_or(Ok(()), |jobs| jobs.check(job))
    }

    /// Hands a job in, waiting for room in the queue if there is none. Waiting submitters are served in order of arrival.
    ///
    /// Do not wait for the outcome from inside of another job of the same pool: when every worker does so, none is left.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] gives the argument back: the pool ends, or its process workers do not know the job.
    ///
    /// # Cancel safety
    ///
    /// A submission that is dropped before it completes has not taken place; the argument is dropped with it.
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
    /// let handle = pool.submit(&SQUARE, 3).await?; // Accepted.
    /// assert_eq!(handle.await?, 9); // Done.
    /// # Ok(()) }
    /// ```
    #[doc(alias = "apply_async")]
    pub async fn submit<Arg, Out>(
        &self,
        job: &Job<Arg, Out>,
        argument: Arg,
    ) -> Result<JobHandle<Out>, SubmitError<Arg>>
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned + Send + 'static,
    {
        self.submit_with(job, argument, JobOptions::new()).await
    }

    /// Like [`submit`](Pool::submit), with options.
    ///
    /// # Errors
    ///
    /// See [`submit`](Pool::submit).
    ///
    /// # Cancel safety
    ///
    /// See [`submit`](Pool::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// # use actor_pool::{Job, Pool};
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// use actor_pool::JobOptions;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let pool = Pool::builder().threads(1).start(&system).await?;
    /// let handle = pool.submit_with(&SQUARE, 3, JobOptions::new().retryable()).await?;
    /// assert_eq!(handle.await?, 9);
    /// # Ok(()) }
    /// ```
    pub async fn submit_with<Arg, Out>(
        &self,
        job: &Job<Arg, Out>,
        argument: Arg,
        options: JobOptions,
    ) -> Result<JobHandle<Out>, SubmitError<Arg>>
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned + Send + 'static,
    {
        if let Err(refusal) = self.check(job) {
            return Err(SubmitError::new(refusal, argument));
        }
        let (parcel, call) = Parcel::call(job, argument, &options);
        let submitted = parcel.submit(self.shared(), &options).await;
        submitted.map_err(|refusal| SubmitError::new(refusal, call.take_back()))
    }

    /// Hands a job in if there is room, and never waits.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] gives the argument back. [`Refusal::Full`] also while others wait for room: nobody overtakes them.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// # use actor_pool::{Job, Pool};
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// use actor_pool::Refusal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let pool = Pool::builder().threads(1).capacity(2).start(&system).await?;
    /// # let (open, opened) = std::sync::mpsc::channel::<()>();
    /// # let slow = pool.submit_fn(move || drop(opened.recv())).await?;
    /// let mut accepted = Vec::new();
    /// let left_over = loop {
    ///     match pool.try_submit(&SQUARE, accepted.len() as u64) {
    ///         Ok(job) => accepted.push(job),
    ///         Err(error) if error.refusal() == &Refusal::Full => break error.into_argument(),
    ///         Err(error) => return Err(error.into()),
    ///     }
    /// };
    /// assert_eq!(left_over, accepted.len() as u64); // Too much for now: do it here, or later.
    /// # drop(open);
    /// # Ok(()) }
    /// ```
    pub fn try_submit<Arg, Out>(
        &self,
        job: &Job<Arg, Out>,
        argument: Arg,
    ) -> Result<JobHandle<Out>, SubmitError<Arg>>
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned + Send + 'static,
    {
        self.try_submit_with(job, argument, JobOptions::new())
    }

    /// Like [`try_submit`](Pool::try_submit), with options.
    ///
    /// # Errors
    ///
    /// See [`try_submit`](Pool::try_submit).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// # use actor_pool::{Job, Pool};
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// use actor_pool::JobOptions;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let pool = Pool::builder().threads(1).start(&system).await?;
    /// let job = pool.try_submit_with(&SQUARE, 3, JobOptions::new().retryable())?;
    /// assert_eq!(job.await?, 9);
    /// # Ok(()) }
    /// ```
    pub fn try_submit_with<Arg, Out>(
        &self,
        job: &Job<Arg, Out>,
        argument: Arg,
        options: JobOptions,
    ) -> Result<JobHandle<Out>, SubmitError<Arg>>
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned + Send + 'static,
    {
        if let Err(refusal) = self.check(job) {
            return Err(SubmitError::new(refusal, argument));
        }
        let (parcel, call) = Parcel::call(job, argument, &options);
        let submitted = parcel.try_submit(self.shared(), &options);
        submitted.map_err(|refusal| SubmitError::new(refusal, call.take_back()))
    }

    /// Hands a job in and waits for its result.
    ///
    /// # Errors
    ///
    /// [`JobError`] says why there is no result; [`JobError::Refused`] if it was not accepted. The argument is gone; use
    /// [`submit`](Pool::submit) where it is needed.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped, the job goes on, if it was accepted.
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
    /// assert_eq!(pool.apply(&SQUARE, 3).await?, 9);
    /// # Ok(()) }
    /// ```
    pub async fn apply<Arg, Out>(&self, job: &Job<Arg, Out>, argument: Arg) -> Result<Out, JobError>
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned + Send + 'static,
    {
        let submitted = self.submit(job, argument).await;
        submitted
            .map_err(|error| JobError::from(error.refusal().clone()))?
            .await
    }

    /// What the pool has done so far, and what it is doing. A snapshot.
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
    /// pool.apply(&SQUARE, 3).await?;
    /// assert_eq!(pool.stats().done, 1);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.shared().stats()
    }

    /// The workers, in the order of their names' numbers, threads first. A snapshot: they go on meanwhile.
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
    /// let names: Vec<_> = pool.workers().into_iter().map(|worker| worker.name.to_string()).collect();
    /// assert_eq!(names, ["thread-1"]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn workers(&self) -> Vec<WorkerStatus> {
        self.shared().workers()
    }

    /// How many jobs wait for a worker. A snapshot.
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
    /// # let (open, opened) = std::sync::mpsc::channel::<()>();
    /// # let slow = pool.submit_fn(move || drop(opened.recv())).await?;
    /// let job = pool.submit(&SQUARE, 3).await?; // The only worker is busy with a slow one.
    /// assert!(pool.pending() >= 1);
    /// # drop((open, job));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shared().pending()
    }

    /// How many jobs workers have finished so far, whatever their outcome.
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
    /// pool.map(&SQUARE, 1..=10).collect().await;
    /// assert_eq!(pool.finished(), 10);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn finished(&self) -> u64 {
        self.shared().finished()
    }

    /// Ends the pool: takes no more jobs, does those that `mode` keeps, and stops every worker. When `deadline` has passed, jobs that are
    /// still waiting fail with [`JobError::Shutdown`](crate::JobError::Shutdown), process workers are killed, and a thread that is stuck
    /// in a job is given five more seconds and then given up and reported. The jobs in their hands fail with
    /// [`JobError::WorkerLost`](crate::JobError::WorkerLost).
    ///
    /// It may be called again, by others too: a `Cancel` cuts a `Drain` short, and the latest deadline counts. All callers get the same
    /// report.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the pool ends all the same.
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
    /// let report = pool.shutdown(ShutdownMode::Drain, Duration::from_secs(5)).await;
    /// assert!(report.is_clean(), "stuck: {:?}", report.abandoned);
    /// # Ok(()) }
    /// ```
    pub async fn shutdown(&self, mode: ShutdownMode, deadline: Duration) -> PoolReport {
        let asked = self.inner.keeper.ask_within(Duration::MAX, |reply| {
            KeeperMsg::Shutdown(mode, deadline, reply)
        });
        if let Ok(report) = asked.await {
            return report;
        }
        // It has ended before: by another call, or with the system.
        self.inner.shared.report()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("pending", &self.pending())
            .field("workers", &self.workers())
            .finish()
    }
}
