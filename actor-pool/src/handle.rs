//! The handle of one job: its future outcome, and its cancellation.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::arena::Key;
use crate::shared::Shared;
use crate::slot::Outcome;
use crate::task::Promise;
use crate::{Completed, JobError, JobStatus, Progress};

/// A job that was accepted. A future of its result.
///
/// Dropping the handle does not cancel the job; its result is dropped when it comes.
///
/// # Panics
///
/// When it is polled again after it gave its result.
///
/// # Cancel safety
///
/// The handle may be awaited by reference (`(&mut handle).await`), in a `select!` for instance, and awaited again later.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// let mut job = pool.submit(&SQUARE, 3).await?;
/// let nine = tokio::select! {
///     result = &mut job => result?,
///     () = tokio::time::sleep(Duration::from_secs(60)) => {
///         job.cancel(); // Nothing comes of it, unless it has begun.
///         job.await?
///     }
/// };
/// assert_eq!(nine, 9);
/// # Ok(()) }
/// ```
#[must_use = "without the handle nobody learns what became of the job"]
pub struct JobHandle<Out> {
    promise: Arc<dyn Promise<Out>>,
    shared: Arc<Shared>,
    key: Key,
}

impl<Out> JobHandle<Out> {
    pub(crate) fn new(promise: Arc<dyn Promise<Out>>, shared: Arc<Shared>, key: Key) -> Self {
        JobHandle {
            promise,
            shared,
            key,
        }
    }

    /// The result together with who found it.
    ///
    /// # Errors
    ///
    /// [`JobError`] says why there is no result.
    ///
    /// # Cancel safety
    ///
    /// The outcome is lost with the future; use [`poll_outcome`](JobHandle::poll_outcome) where that matters.
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
    /// assert_eq!((completed.value, &*completed.worker.name), (9, "thread-1"));
    /// # Ok(()) }
    /// ```
    pub async fn outcome(self) -> Result<Completed<Out>, JobError> {
        std::future::poll_fn(|cx| self.promise.slot().poll_take(cx)).await
    }

    /// The same, for futures written by hand. After it was ready the handle is used up.
    ///
    /// # Panics
    ///
    /// When it is polled again after it was ready.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// # use actor_pool::{Job, Pool};
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// use std::future::poll_fn;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let pool = Pool::builder().threads(1).start(&system).await?;
    /// let mut job = pool.submit(&SQUARE, 3).await?;
    /// let completed = poll_fn(|cx| job.poll_outcome(cx)).await?;
    /// assert_eq!(completed.value, 9);
    /// # Ok(()) }
    /// ```
    pub fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Result<Completed<Out>, JobError>> {
        self.poll_take(cx)
    }

    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Outcome<Out>> {
        self.promise.slot().poll_take(cx)
    }

    /// Cancels the job if it has not begun; it never will then, and its handle gives [`JobError::Cancelled`]. Returns whether it did:
    /// `false` when the job is in the hands of a worker, or finished. A worker process may hold several jobs that take microseconds; those
    /// that wait there are in its hands.
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
    /// # let (open, opened) = std::sync::mpsc::channel::<()>();
    /// # let slow = pool.submit_fn(move || drop(opened.recv())).await?;
    /// let job = pool.submit(&SQUARE, 3).await?; // The only worker is busy with a slow one.
    /// assert!(job.cancel());
    /// assert_eq!(job.await, Err(JobError::Cancelled));
    /// # drop(open);
    /// # Ok(()) }
    /// ```
    pub fn cancel(&self) -> bool {
        self.shared.cancel(self.key)
    }

    /// Cancels the job if it has not begun, and ends it if it runs where that is possible: as the future of an async closure, which is
    /// dropped at its await, or in a process, which is killed and replaced. That harms no other job: a process that holds several is
    /// killed when the others are done or taken back, a matter of milliseconds, or after a second if it does not answer. The handle gives
    /// [`JobError::Cancelled`] or [`JobError::Aborted`], or the result if the job was quicker. Returns whether it did: `false` when the
    /// job is finished, or runs on a thread, or as a function on a task; those cannot be ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// use actor_pool::{JobError, Pool};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let pool = Pool::tasks(1).start(&system).await?;
    /// let endless = pool.submit_async(|| std::future::pending::<()>()).await?;
    /// assert!(endless.abort());
    /// assert!(matches!(endless.await, Err(JobError::Aborted | JobError::Cancelled)));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "terminate")]
    #[doc(alias = "kill")]
    pub fn abort(&self) -> bool {
        self.shared.abort(self.key)
    }

    /// How far the job is, if it has said so with [`report_progress`](crate::report_progress).
    ///
    /// # Examples
    ///
    /// See [`report_progress`](crate::report_progress).
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        self.promise.slot().progress()
    }

    /// Calls this when the job has an outcome, whatever it is; at once if it has one. Callbacks run once, in the order in which they were
    /// added, on the thread that brings the outcome, and before the handle gives it: so they should be quick. A panic in one is logged.
    ///
    /// # Panics
    ///
    /// When the outcome was taken already.
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
    /// let (tell, told) = tokio::sync::oneshot::channel();
    /// let job = pool.submit(&SQUARE, 3).await?;
    /// job.on_done(|result| drop(tell.send(result.copied().ok())));
    /// assert_eq!(told.await?, Some(9));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "add_done_callback")]
    pub fn on_done(&self, callback: impl FnOnce(Result<&Out, &JobError>) + Send + 'static) {
        self.promise.slot().on_done(Box::new(move |outcome| {
            callback(outcome.as_ref().map(|completed| &completed.value));
        }));
    }

    /// Where the job stands. A snapshot: workers go on meanwhile.
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
    /// let mut job = pool.submit(&SQUARE, 3).await?;
    /// println!("{:?}", job.status());
    /// let _nine = (&mut job).await?;
    /// assert_eq!(job.status(), JobStatus::Finished);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn status(&self) -> JobStatus {
        if self.is_finished() {
            JobStatus::Finished
        } else {
            self.shared.status(self.key)
        }
    }

    /// Whether there is an outcome, so that awaiting it takes no time.
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
    /// assert!(!job.is_finished());
    /// # drop(open);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.promise.slot().is_finished()
    }
}

impl<Out> Future for JobHandle<Out> {
    type Output = Result<Out, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_take(cx)
            .map(|outcome| outcome.map(|completed| completed.value))
    }
}

impl<Out> fmt::Debug for JobHandle<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
