//! One job over many arguments.

use actor_core::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::arguments::Streamed;
use crate::map::{Finished, Map, MapUnordered};
use crate::{Job, Pool};

impl Pool {
    /// Runs a job over many arguments and gives the results in the order of the arguments.
    ///
    /// The arguments are drawn lazily, a bounded number ahead of the results, so they may be without end. An argument that fails is an
    /// error in its own place only. Nothing happens before [`next`](Map::next) or [`collect`](Map::collect) is called.
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
    /// let mut squares = pool.map(&SQUARE, 1..); // Without end.
    /// for expected in [1, 4, 9] {
    ///     assert_eq!(squares.next().await, Some(Ok(expected)));
    /// }
    /// # Ok(()) }
    /// ```
    #[doc(alias = "imap")]
    pub fn map<Arg, Out, I>(&self, job: &Job<Arg, Out>, arguments: I) -> Map<Arg, Out, I::IntoIter>
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned + Send + 'static,
        I: IntoIterator<Item = Arg>,
    {
        Map::new(self.clone(), *job, arguments.into_iter())
    }

    /// Like [`map`](Pool::map), but gives each result, with its place, as soon as it is there.
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
    /// let mut sum = 0;
    /// let mut squares = pool.map_unordered(&SQUARE, [5, 3, 4]);
    /// while let Some((_place, square)) = squares.next().await {
    ///     sum += square?;
    /// }
    /// assert_eq!(sum, 50);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "imap_unordered")]
    pub fn map_unordered<Arg, Out, I>(
        &self,
        job: &Job<Arg, Out>,
        arguments: I,
    ) -> MapUnordered<Arg, Out, I::IntoIter>
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned + Send + 'static,
        I: IntoIterator<Item = Arg>,
    {
        MapUnordered::new(self.clone(), *job, arguments.into_iter())
    }

    /// [`map`](Pool::map) over tuples, for jobs of several arguments: a job of `a, b` takes `(a, b)`.
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
    /// const ADD: Job<(u64, u64), u64> = Job::new("example.add/v1", |(a, b)| a + b);
    ///
    /// let sums = pool.starmap(&ADD, [(1, 2), (3, 4)]).collect().await;
    /// assert_eq!(sums, [Ok(3), Ok(7)]);
    /// # Ok(()) }
    /// ```
    pub fn starmap<Arg, Out, I>(
        &self,
        job: &Job<Arg, Out>,
        arguments: I,
    ) -> Map<Arg, Out, I::IntoIter>
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned + Send + 'static,
        I: IntoIterator<Item = Arg>,
    {
        self.map(job, arguments)
    }

    /// [`map`](Pool::map) over the items of a stream. It is polled only when there is room for what it gives.
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
    /// # struct Ticks(u64);
    /// # impl actor_core::Stream for Ticks {
    /// #     type Item = u64;
    /// #     fn poll_next(mut self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Option<u64>> {
    /// #         self.0 += 1;
    /// #         std::task::Poll::Ready((self.0 <= 3).then_some(self.0))
    /// #     }
    /// # }
    /// # let ticks = Ticks(0);
    /// let squares = pool.map_stream(&SQUARE, ticks).collect().await; // `ticks` is any `Stream<Item = u64>`.
    /// assert_eq!(squares, [Ok(1), Ok(4), Ok(9)]);
    /// # Ok(()) }
    /// ```
    pub fn map_stream<Arg, Out, S>(
        &self,
        job: &Job<Arg, Out>,
        arguments: S,
    ) -> Map<Arg, Out, Streamed<S>>
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned + Send + 'static,
        S: Stream<Item = Arg>,
    {
        Map::new(self.clone(), *job, Streamed::new(arguments))
    }

    /// [`map_unordered`](Pool::map_unordered) over the items of a stream.
    ///
    /// # Examples
    ///
    /// See [`map_stream`](Pool::map_stream).
    pub fn map_stream_unordered<Arg, Out, S>(
        &self,
        job: &Job<Arg, Out>,
        arguments: S,
    ) -> MapUnordered<Arg, Out, Streamed<S>>
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned + Send + 'static,
        S: Stream<Item = Arg>,
    {
        MapUnordered::new(self.clone(), *job, Streamed::new(arguments))
    }

    /// Runs a job over many arguments and keeps none of the results. For options, chunks and look-ahead there is
    /// [`map_unordered`](Pool::map_unordered) with [`finish`](MapUnordered::finish).
    ///
    /// # Cancel safety
    ///
    /// When it is dropped, jobs that have not begun are cancelled.
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
    /// let finished = pool.for_each(&SQUARE, 1..=100).await;
    /// assert_eq!((finished.done, finished.failed), (100, 0));
    /// # Ok(()) }
    /// ```
    pub async fn for_each<Arg, Out, I>(&self, job: &Job<Arg, Out>, arguments: I) -> Finished
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned + Send + 'static,
        I: IntoIterator<Item = Arg>,
    {
        self.map_unordered(job, arguments).finish().await
    }
}
