//! Waiting for several jobs: for the first, for the first failure, for all, or for each as it comes.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use actor_core::Stream;

use crate::ready::ReadyList;
use crate::{JobError, JobHandle, runtime};

/// The result of one of several jobs, with the place that it had among them.
pub type Numbered<Out> = (usize, Result<Out, JobError>);

/// What to wait for.
///
/// # Examples
///
/// See [`wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// One of them has an outcome.
    #[doc(alias = "FIRST_COMPLETED")]
    First,
    /// One of them has failed, or all are done.
    #[doc(alias = "FIRST_EXCEPTION")]
    FirstFailure,
    /// All have an outcome.
    #[doc(alias = "ALL_COMPLETED")]
    All,
}

/// Jobs whose outcomes are taken as they come. A [`Stream`] of them, too.
///
/// Dropping it cancels nothing: the jobs go on, and their results are dropped.
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
/// use actor_pool::JobSet;
///
/// let mut jobs = JobSet::new();
/// for number in [3, 1, 2] {
///     jobs.insert(pool.submit(&SQUARE, number).await?);
/// }
/// let mut sum = 0;
/// while let Some((_place, square)) = jobs.next().await {
///     sum += square?;
/// }
/// assert_eq!(sum, 14);
/// # Ok(()) }
/// ```
pub struct JobSet<Out> {
    jobs: ReadyList<(usize, JobHandle<Out>)>,
    inserted: usize,
}

impl<Out> Default for JobSet<Out> {
    fn default() -> Self {
        JobSet::new()
    }
}

impl<Out> JobSet<Out> {
    /// An empty one.
    ///
    /// # Examples
    ///
    /// See [`JobSet`].
    #[must_use]
    pub fn new() -> Self {
        JobSet {
            jobs: ReadyList::new(),
            inserted: 0,
        }
    }

    /// Adds a job, and says its place: 0 for the first, and so on.
    ///
    /// # Examples
    ///
    /// See [`JobSet`].
    pub fn insert(&mut self, job: JobHandle<Out>) -> usize {
        let place = self.inserted;
        self.inserted += 1;
        self.jobs.push((place, job));
        place
    }

    /// How many have no outcome that was taken.
    ///
    /// # Examples
    ///
    /// See [`wait`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether all outcomes were taken.
    ///
    /// # Examples
    ///
    /// See [`wait`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.len() == 0
    }

    fn poll_one(&mut self, cx: &mut Context<'_>) -> Poll<Option<Numbered<Out>>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        let one = self.jobs.poll_any(cx, |(place, job), cx| {
            let outcome = job.poll_outcome(cx);
            outcome.map(|outcome| (*place, outcome.map(|completed| completed.value)))
        });
        one.map(Some)
    }

    /// The next outcome that comes; `None` once all were taken.
    ///
    /// # Errors
    ///
    /// The inner [`JobError`] concerns this job only.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no outcome is lost.
    ///
    /// # Examples
    ///
    /// See [`JobSet`].
    pub async fn next(&mut self) -> Option<Numbered<Out>> {
        poll_fn(|cx| self.poll_one(cx)).await
    }

    /// Waits, at most so long, and takes all outcomes that are there then, in the order in which they came. The other jobs stay in the
    /// set.
    ///
    /// # Cancel safety
    ///
    /// What it has taken is lost with the future; use [`next`](JobSet::next) where that matters.
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
    /// use actor_pool::{JobSet, Until};
    ///
    /// let mut jobs = JobSet::new();
    /// jobs.insert(pool.submit(&SQUARE, 3).await?);
    /// let done = jobs.wait(Until::All, None).await;
    /// assert_eq!(done, [(0, Ok(9))]);
    /// assert!(jobs.is_empty());
    /// # Ok(()) }
    /// ```
    pub async fn wait(&mut self, until: Until, limit: Option<Duration>) -> Vec<Numbered<Out>> {
        let mut done = Vec::new();
        let mut expiry = pin!(async {
            match limit {
                Some(limit) => runtime::sleep(limit).await,
                None => std::future::pending().await,
            }
        });
        poll_fn(|cx| {
            let mut is_enough = false;
            loop {
                match self.poll_one(cx) {
                    Poll::Ready(Some(one)) => {
                        is_enough |= match until {
                            Until::First => true,
                            Until::FirstFailure => one.1.is_err(),
                            Until::All => false,
                        };
                        done.push(one);
                    }
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending if is_enough => return Poll::Ready(()),
                    Poll::Pending => return expiry.as_mut().poll(cx),
                }
            }
        })
        .await;
        done
    }

    /// [Cancels](JobHandle::cancel) those that have not begun, and says how many that were.
    ///
    /// # Examples
    ///
    /// See [`wait`].
    pub fn cancel(&self) -> usize {
        self.jobs.iter().filter(|(_, job)| job.cancel()).count()
    }

    /// [Aborts](JobHandle::abort) all for which that is possible, and says how many that were.
    ///
    /// # Examples
    ///
    /// See [`wait`].
    pub fn abort(&self) -> usize {
        self.jobs.iter().filter(|(_, job)| job.abort()).count()
    }
}

impl<Out> Stream for JobSet<Out> {
    type Item = Numbered<Out>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_one(cx)
    }
}

// Nothing in it is pinned.
impl<Out> Unpin for JobSet<Out> {}

impl<Out> Extend<JobHandle<Out>> for JobSet<Out> {
    fn extend<I: IntoIterator<Item = JobHandle<Out>>>(&mut self, jobs: I) {
        for job in jobs {
            self.insert(job);
        }
    }
}

impl<Out> FromIterator<JobHandle<Out>> for JobSet<Out> {
    fn from_iter<I: IntoIterator<Item = JobHandle<Out>>>(jobs: I) -> Self {
        let mut set = JobSet::new();
        set.extend(jobs);
        set
    }
}

impl<Out> fmt::Debug for JobSet<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSet").field("len", &self.len()).finish()
    }
}

/// Waits for any set of jobs, at most so long. Gives the outcomes that are there then, with the places of their jobs, in the order in
/// which they came; and the jobs that are left.
///
/// # Cancel safety
///
/// The handles are lost with the future; the jobs go on.
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
/// use std::time::Duration;
/// use actor_pool::{Until, wait};
///
/// let handles = [pool.submit(&SQUARE, 3).await?, pool.submit(&SQUARE, 4).await?];
/// let (done, left) = wait(handles, Until::First, Some(Duration::from_secs(10))).await;
/// assert_eq!(done.len() + left.len(), 2);
/// left.cancel(); // One is enough.
/// # Ok(()) }
/// ```
pub async fn wait<Out>(
    jobs: impl IntoIterator<Item = JobHandle<Out>>,
    until: Until,
    limit: Option<Duration>,
) -> (Vec<Numbered<Out>>, JobSet<Out>) {
    let mut set: JobSet<Out> = jobs.into_iter().collect();
    let done = set.wait(until, limit).await;
    (done, set)
}

/// The outcomes of any set of jobs as they come, each with the place of its job.
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
/// let handles = [pool.submit(&SQUARE, 3).await?, pool.submit(&SQUARE, 4).await?];
/// let mut squares = actor_pool::as_completed(handles);
/// while let Some((place, square)) = squares.next().await {
///     println!("number {place}: {}", square?);
/// }
/// # Ok(()) }
/// ```
pub fn as_completed<Out>(jobs: impl IntoIterator<Item = JobHandle<Out>>) -> JobSet<Out> {
    jobs.into_iter().collect()
}
