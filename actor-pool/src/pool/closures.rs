//! Handing in closures: on threads those that compute or block, on tasks those that are async.

use std::future::Future;

use crate::submit::Parcel;
use crate::{JobHandle, JobOptions, Pool, Refusal, SubmitError};

impl Pool {
    /// Hands a closure in, which runs on a thread worker; waits for room if there is none.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] gives the closure back: the pool ends, or has no thread workers ([`Refusal::NoThreads`]).
    ///
    /// # Cancel safety
    ///
    /// See [`submit`](Pool::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), actor_core::BoxError> {
    /// # use actor_pool::Pool;
    /// # let system = actor_core::ActorSystem::new("demo");
    /// let pool = Pool::builder().threads(1).start(&system).await?;
    /// let words = vec!["a", "b"];
    /// let joined = pool.submit_fn(move || words.join("-")).await?;
    /// assert_eq!(joined.await?, "a-b");
    /// # Ok(()) }
    /// ```
    pub async fn submit_fn<F, Out>(&self, work: F) -> Result<JobHandle<Out>, SubmitError<F>>
    where
        F: FnOnce() -> Out + Send + 'static,
        Out: Send + 'static,
    {
        self.submit_fn_with(work, JobOptions::new()).await
    }

    /// Like [`submit_fn`](Pool::submit_fn), but never waits.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] gives the closure back; see [`try_submit`](Pool::try_submit).
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
    /// let words = vec!["a", "b"];
    /// let joined = pool.try_submit_fn(move || words.join("-"))?;
    /// assert_eq!(joined.await?, "a-b");
    /// # Ok(()) }
    /// ```
    pub fn try_submit_fn<F, Out>(&self, work: F) -> Result<JobHandle<Out>, SubmitError<F>>
    where
        F: FnOnce() -> Out + Send + 'static,
        Out: Send + 'static,
    {
        let options = JobOptions::new();
        if let Err(refusal) = self.check_fn(&options) {
            return Err(SubmitError::new(refusal, work));
        }
        let (parcel, closure) = Parcel::closure(work);
        let submitted = parcel.try_submit(self.shared(), &options);
        submitted.map_err(|refusal| SubmitError::new(refusal, closure.take_back()))
    }

    /// Like [`submit_fn`](Pool::submit_fn), with options.
    ///
    /// # Errors
    ///
    /// See [`submit_fn`](Pool::submit_fn); and [`Refusal::OnlyOnce`] for options with a retry.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// use actor_pool::JobOptions;
    ///
    /// # let pool = Pool::builder().threads(1).start(&system).await?;
    /// let urgent = pool.submit_fn_with(|| 6 * 7, JobOptions::new().priority(JobOptions::HIGHEST)).await?;
    /// assert_eq!(urgent.await?, 42);
    /// # Ok(()) }
    /// ```
    pub async fn submit_fn_with<F, Out>(
        &self,
        work: F,
        options: JobOptions,
    ) -> Result<JobHandle<Out>, SubmitError<F>>
    where
        F: FnOnce() -> Out + Send + 'static,
        Out: Send + 'static,
    {
        if let Err(refusal) = self.check_fn(&options) {
            return Err(SubmitError::new(refusal, work));
        }
        let (parcel, closure) = Parcel::closure(work);
        let submitted = parcel.submit(self.shared(), &options).await;
        submitted.map_err(|refusal| SubmitError::new(refusal, closure.take_back()))
    }

    fn check_fn(&self, options: &JobOptions) -> Result<(), Refusal> {
        match (self.inner.has_threads, options.is_retryable()) {
            (false, _) => Err(Refusal::NoThreads),
            (true, true) => Err(Refusal::OnlyOnce),
            (true, false) => Ok(()),
        }
    }

    /// Hands an async closure in, which runs on a task worker; waits for room if there is none. The worker drives its future to the end
    /// before it takes the next job, so a pool of `n` tasks has `n` of them under way.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] gives the closure back: the pool ends, or has no task workers ([`Refusal::NoTasks`]).
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// use std::time::Duration;
    ///
    /// let pool = Pool::tasks(8).start(&system).await?;
    /// let job = pool.submit_async(|| async {
    ///     tokio::time::sleep(Duration::from_millis(1)).await;
    ///     "rested"
    /// }).await?;
    /// assert_eq!(job.await?, "rested");
    /// # Ok(()) }
    /// ```
    pub async fn submit_async<F, Fut>(
        &self,
        work: F,
    ) -> Result<JobHandle<Fut::Output>, SubmitError<F>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: Send + 'static> + Send + 'static,
    {
        self.submit_async_with(work, JobOptions::new()).await
    }

    /// Like [`submit_async`](Pool::submit_async), with options.
    ///
    /// # Errors
    ///
    /// See [`submit_async`](Pool::submit_async); and [`Refusal::OnlyOnce`] for options with a retry.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// use actor_pool::JobOptions;
    ///
    /// let pool = Pool::tasks(8).start(&system).await?;
    /// // One after the other, though there are eight workers.
    /// let first = pool.submit_async_with(|| async { 1 }, JobOptions::new().key("account-17")).await?;
    /// let second = pool.submit_async_with(|| async { 2 }, JobOptions::new().key("account-17")).await?;
    /// assert_eq!((first.await?, second.await?), (1, 2));
    /// # Ok(()) }
    /// ```
    pub async fn submit_async_with<F, Fut>(
        &self,
        work: F,
        options: JobOptions,
    ) -> Result<JobHandle<Fut::Output>, SubmitError<F>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: Send + 'static> + Send + 'static,
    {
        if let Err(refusal) = self.check_async(&options) {
            return Err(SubmitError::new(refusal, work));
        }
        let (parcel, future) = Parcel::future(work);
        let submitted = parcel.submit(self.shared(), &options).await;
        submitted.map_err(|refusal| SubmitError::new(refusal, future.take_back()))
    }

    /// Like [`submit_async`](Pool::submit_async), but never waits.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] gives the closure back; see [`try_submit`](Pool::try_submit).
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
    /// let pool = Pool::tasks(8).start(&system).await?;
    /// let job = pool.try_submit_async(|| async { 6 * 7 })?;
    /// assert_eq!(job.await?, 42);
    /// # Ok(()) }
    /// ```
    pub fn try_submit_async<F, Fut>(
        &self,
        work: F,
    ) -> Result<JobHandle<Fut::Output>, SubmitError<F>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: Send + 'static> + Send + 'static,
    {
        let options = JobOptions::new();
        if let Err(refusal) = self.check_async(&options) {
            return Err(SubmitError::new(refusal, work));
        }
        let (parcel, future) = Parcel::future(work);
        let submitted = parcel.try_submit(self.shared(), &options);
        submitted.map_err(|refusal| SubmitError::new(refusal, future.take_back()))
    }

    fn check_async(&self, options: &JobOptions) -> Result<(), Refusal> {
        match (self.inner.has_tasks, options.is_retryable()) {
            (false, _) => Err(Refusal::NoTasks),
            (true, true) => Err(Refusal::OnlyOnce),
            (true, false) => Ok(()),
        }
    }
}
