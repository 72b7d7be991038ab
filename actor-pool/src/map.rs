//! One job over many arguments: drawn lazily, a bounded number ahead.
//!
//! [`Map`] waits for the oldest job, [`MapUnordered`] for whichever is first.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::arguments::Arguments;
use crate::feed::{Ahead, Batch, Chunking, Feed, Polling, Queuing};
use crate::ready::ReadyList;
use crate::slot::Outcome;
use crate::{Completed, Job, JobError, JobOptions, Pool};

/// Results in the order of the arguments; made by [`Pool::map`].
///
/// Dropping it cancels the jobs that were handed in ahead and have not begun.
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
/// let squares = pool.map(&SQUARE, [3, 1, 2]).collect().await;
/// assert_eq!(squares, [Ok(9), Ok(1), Ok(4)]);
/// # Ok(()) }
/// ```
#[must_use = "nothing happens before `next` or `collect`"]
pub struct Map<Arg, Out, I> {
    feed: Feed<Arg, Out, I>,
    ahead: VecDeque<Ahead<Out>>,
    /// How many arguments those are.
    items: usize,
    /// What came of those before.
    came: Batch<Out>,
}

impl<Arg, Out, I> Map<Arg, Out, I>
where
    Arg: Serialize + DeserializeOwned + Send + 'static,
    Out: DeserializeOwned + Send + 'static,
    I: Arguments<Item = Arg>,
{
    pub(crate) fn new(pool: Pool, job: Job<Arg, Out>, arguments: I) -> Self {
        Map {
            feed: Feed::new(pool, job, arguments),
            ahead: VecDeque::new(),
            items: 0,
            came: Batch::default(),
        }
    }

    /// How many arguments are handed in and not yet taken out by [`next`](Map::next), at most; at least 1. 16 and two for each worker by
    /// default, or two chunks and two for each worker.
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
    /// let mut drawn = 0;
    /// let mut squares = pool.map(&SQUARE, (1..).inspect(|_| drawn += 1)).look_ahead(2);
    /// assert_eq!(squares.next().await, Some(Ok(1)));
    /// drop(squares);
    /// assert!(drawn <= 3);
    /// # Ok(()) }
    /// ```
    pub fn look_ahead(mut self, jobs: usize) -> Self {
        self.feed.look_ahead = Some(jobs.max(1));
        self
    }

    /// How many arguments go together: they share a place in the queue and the way to a worker and back, which pays for tiny jobs; one
    /// that fails still fails alone. A worker that dies fails the whole chunk, or, of retryable jobs, what has no result is run again one
    /// by one. When it is not said, jobs that are [retryable](JobOptions::retryable) go in chunks that suit the number of arguments and
    /// workers, and all others alone; those with a [`Retry`](crate::Retry) after errors always go alone. With a chunk of zero every
    /// result is [`Refusal::NoChunk`](crate::Refusal::NoChunk).
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
    /// let squares = pool.map(&SQUARE, 1..=1_000).chunk(100).collect().await;
    /// assert_eq!(squares.len(), 1_000);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "chunksize")]
    pub fn chunk(mut self, arguments: usize) -> Self {
        self.feed.chunk = Chunking::Given(arguments);
        self
    }

    /// Options for each of the jobs.
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
    /// let squares = pool.map(&SQUARE, 1..=3).options(JobOptions::new().retryable()).collect().await;
    /// assert_eq!(squares, [Ok(1), Ok(4), Ok(9)]);
    /// # Ok(()) }
    /// ```
    pub fn options(mut self, options: JobOptions) -> Self {
        self.feed.options = options;
        self
    }

    /// The next result in order; `None` after the last.
    ///
    /// # Errors
    ///
    /// The inner [`JobError`] concerns this argument only; go on for the others. After the pool has shut down each argument that is
    /// left fails with [`JobError::Shutdown`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no argument and no result is lost. A place in the line for room in the queue is given up.
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
    /// # const PICKY: Job<u64, u64> = Job::new("example.picky/v1", |number| if number == 2 { panic!("not two") } else { number });
    /// let mut results = pool.map(&PICKY, 1..=3);
    /// let mut failed = 0;
    /// while let Some(result) = results.next().await {
    ///     match result {
    ///         Ok(number) => assert_ne!(number, 2),
    ///         Err(_) => failed += 1, // This one only; the others go on.
    ///     }
    /// }
    /// assert_eq!(failed, 1);
    /// # Ok(()) }
    /// ```
    pub async fn next(&mut self) -> Option<Result<Out, JobError>> {
        let outcome = self.next_outcome().await?;
        Some(outcome.map(|completed| completed.value))
    }

    /// Like [`next`](Map::next), and says who found the result.
    ///
    /// # Errors
    ///
    /// See [`next`](Map::next).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
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
    /// let mut squares = pool.map(&SQUARE, 1..=3);
    /// while let Some(outcome) = squares.next_outcome().await {
    ///     let completed = outcome?;
    ///     println!("{} by {}", completed.value, completed.worker.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn next_outcome(&mut self) -> Option<Result<Completed<Out>, JobError>> {
        let polling = Polling(self);
        poll_fn(|cx| polling.0.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Outcome<Out>>> {
        while self.feed.may_draw(self.items + self.came.len()) {
            match self.feed.poll_next(cx) {
                Poll::Ready(Some(ahead)) => {
                    self.items += ahead.items();
                    self.ahead.push_back(ahead);
                }
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        loop {
            if let Some(outcome) = self.came.next() {
                return Poll::Ready(Some(outcome));
            }
            let Some(oldest) = self.ahead.front_mut() else {
                return if self.feed.arguments.is_none() {
                    Poll::Ready(None)
                } else {
                    Poll::Pending
                };
            };
            self.came = ready!(oldest.poll(cx));
            self.items -= oldest.items();
            self.ahead.pop_front();
        }
    }

    /// All results, in order. Does not end if the arguments do not.
    ///
    /// # Cancel safety
    ///
    /// What was collected is lost with the future.
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
    /// let squares: Result<Vec<u64>, _> = pool.map(&SQUARE, 1..=3).collect().await.into_iter().collect();
    /// assert_eq!(squares?, [1, 4, 9]);
    /// # Ok(()) }
    /// ```
    pub async fn collect(mut self) -> Vec<Result<Out, JobError>> {
        let mut results = Vec::new();
        while let Some(result) = self.next().await {
            results.push(result);
            // The rest of a chunk is there.
            results.extend(self.came.take_results());
        }
        results
    }
}

impl<Arg, Out, I> Queuing for Map<Arg, Out, I> {
    fn leave_line(&mut self) {
        self.feed.leave_line();
    }
}

impl<Arg, Out, I> Drop for Map<Arg, Out, I> {
    fn drop(&mut self) {
        self.ahead.iter().for_each(Ahead::cancel);
    }
}

impl<Arg, Out, I> fmt::Debug for Map<Arg, Out, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("job", &self.feed.job)
            .field("ahead", &self.ahead.len())
            .finish_non_exhaustive()
    }
}

/// Results as they come; made by [`Pool::map_unordered`].
///
/// Dropping it cancels the jobs that were handed in ahead and have not begun.
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
/// let mut squares = pool.map_unordered(&SQUARE, [3, 1, 2]).collect().await;
/// squares.sort_by_key(|(place, _)| *place);
/// assert_eq!(squares, [(0, Ok(9)), (1, Ok(1)), (2, Ok(4))]);
/// # Ok(()) }
/// ```
#[must_use = "nothing happens before `next` or `collect`"]
pub struct MapUnordered<Arg, Out, I> {
    feed: Feed<Arg, Out, I>,
    ahead: ReadyList<(usize, Ahead<Out>)>,
    drawn: usize,
    /// How many arguments are ahead.
    items: usize,
    /// What came last.
    came: Batch<Out>,
    /// The place of the first that is left of it.
    place: usize,
}

impl<Arg, Out, I> MapUnordered<Arg, Out, I>
where
    Arg: Serialize + DeserializeOwned + Send + 'static,
    Out: DeserializeOwned + Send + 'static,
    I: Arguments<Item = Arg>,
{
    pub(crate) fn new(pool: Pool, job: Job<Arg, Out>, arguments: I) -> Self {
        MapUnordered {
            feed: Feed::new(pool, job, arguments),
            ahead: ReadyList::new(),
            drawn: 0,
            items: 0,
            came: Batch::default(),
            place: 0,
        }
    }

    /// See [`Map::look_ahead`].
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
    /// let squares = pool.map_unordered(&SQUARE, 1..=3).look_ahead(64).collect().await;
    /// assert_eq!(squares.len(), 3);
    /// # Ok(()) }
    /// ```
    pub fn look_ahead(mut self, jobs: usize) -> Self {
        self.feed.look_ahead = Some(jobs.max(1));
        self
    }

    /// How many arguments go together: they share a place in the queue and the way to a worker and back, which pays for tiny jobs; one
    /// that fails still fails alone. A worker that dies fails the whole chunk, or, of retryable jobs, what has no result is run again one
    /// by one. When it is not said, jobs that are [retryable](JobOptions::retryable) go in chunks that suit the number of arguments and
    /// workers, and all others alone; those with a [`Retry`](crate::Retry) after errors always go alone. With a chunk of zero every
    /// result is [`Refusal::NoChunk`](crate::Refusal::NoChunk).
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
    /// let squares = pool.map_unordered(&SQUARE, 1..=1_000).chunk(100).collect().await;
    /// assert_eq!(squares.len(), 1_000);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "chunksize")]
    pub fn chunk(mut self, arguments: usize) -> Self {
        self.feed.chunk = Chunking::Given(arguments);
        self
    }

    /// Options for each of the jobs.
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
    /// let squares = pool.map_unordered(&SQUARE, 1..=3).options(JobOptions::new().retryable()).collect().await;
    /// assert_eq!(squares.len(), 3);
    /// # Ok(()) }
    /// ```
    pub fn options(mut self, options: JobOptions) -> Self {
        self.feed.options = options;
        self
    }

    /// The next result that comes, with the place of its argument; `None` after the last.
    ///
    /// # Errors
    ///
    /// See [`Map::next`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no argument and no result is lost. A place in the line for room in the queue is given up.
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
    /// let numbers = [3, 1, 2];
    /// let mut squares = pool.map_unordered(&SQUARE, numbers);
    /// while let Some((place, square)) = squares.next().await {
    ///     assert_eq!(square?, numbers[place] * numbers[place]);
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn next(&mut self) -> Option<(usize, Result<Out, JobError>)> {
        let (place, outcome) = self.next_outcome().await?;
        Some((place, outcome.map(|completed| completed.value)))
    }

    /// Like [`next`](MapUnordered::next), and says who found the result.
    ///
    /// # Errors
    ///
    /// See [`Map::next`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
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
    /// let mut squares = pool.map_unordered(&SQUARE, 1..=3);
    /// while let Some((place, outcome)) = squares.next_outcome().await {
    ///     println!("number {place} by {}", outcome?.worker.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn next_outcome(&mut self) -> Option<(usize, Result<Completed<Out>, JobError>)> {
        let polling = Polling(self);
        poll_fn(|cx| polling.0.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, Outcome<Out>)>> {
        while self.feed.may_draw(self.items + self.came.len()) {
            match self.feed.poll_next(cx) {
                Poll::Ready(Some(ahead)) => {
                    let items = ahead.items();
                    self.ahead.push((self.drawn, ahead));
                    self.items += items;
                    self.drawn += items;
                }
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        loop {
            if let Some(outcome) = self.came.next() {
                let place = self.place;
                self.place += 1;
                return Poll::Ready(Some((place, outcome)));
            }
            if self.ahead.len() == 0 && self.feed.arguments.is_none() {
                return Poll::Ready(None);
            }
            let any = self.ahead.poll_any(cx, |(place, ahead), cx| {
                let items = ahead.items();
                ahead.poll(cx).map(|batch| (*place, items, batch))
            });
            let (place, items, batch) = ready!(any);
            self.items -= items;
            self.place = place;
            self.came = batch;
        }
    }

    /// Waits for all of them and keeps none of the results: how many there were, and what failed first.
    ///
    /// # Cancel safety
    ///
    /// What was counted is lost with the future.
    ///
    /// # Examples
    ///
    /// See [`Pool::for_each`].
    pub async fn finish(mut self) -> Finished {
        let mut finished = Finished::default();
        while let Some((place, result)) = self.next().await {
            match result {
                Ok(_) => finished.done += 1,
                Err(error) => {
                    finished.failed += 1;
                    finished.first_failure.get_or_insert((place, error));
                }
            }
        }
        finished
    }

    /// All results, each with the place of its argument, in the order in which they came.
    ///
    /// # Cancel safety
    ///
    /// What was collected is lost with the future.
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
    /// let squares = pool.map_unordered(&SQUARE, 1..=3).collect().await;
    /// let sum: u64 = squares.into_iter().map(|(_, square)| square.unwrap_or(0)).sum();
    /// assert_eq!(sum, 14);
    /// # Ok(()) }
    /// ```
    pub async fn collect(mut self) -> Vec<(usize, Result<Out, JobError>)> {
        let mut results = Vec::new();
        while let Some(result) = self.next().await {
            results.push(result);
            // The rest of a chunk is there.
            results.extend((self.place..).zip(self.came.take_results()));
        }
        results
    }
}

impl<Arg, Out, I> Queuing for MapUnordered<Arg, Out, I> {
    fn leave_line(&mut self) {
        self.feed.leave_line();
    }
}

impl<Arg, Out, I> Drop for MapUnordered<Arg, Out, I> {
    fn drop(&mut self) {
        self.ahead.iter().for_each(|(_, ahead)| ahead.cancel());
    }
}

impl<Arg, Out, I> fmt::Debug for MapUnordered<Arg, Out, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapUnordered")
            .field("job", &self.feed.job)
            .field("drawn", &self.drawn)
            .finish_non_exhaustive()
    }
}

/// What came of jobs whose results nobody keeps; see [`Pool::for_each`].
///
/// # Examples
///
/// See [`Pool::for_each`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// How many have a result.
    pub done: u64,
    /// How many have none.
    pub failed: u64,
    /// The first failure that came, with the place of its argument.
    pub first_failure: Option<(usize, JobError)>,
}
