//! The handle of a router: its reference, and what can be done to its workers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actor_core::{ActorRef, ChildBuilder, ExitReason, Reply};

use super::builder::RouterBuilder;
use super::keeper::KeeperMsg;
use super::published::Published;
use super::table::Table;
use super::{RouterError, RouterWorker, RoutingPolicy, WorkerId};

/// What a change of the workers may take: it waits for starts and for queues, which have limits of their own, or none.
const UNLIMITED: Duration = Duration::from_secs(1_000_000_000);

/// Many workers behind one reference. A clone is the same router.
///
/// [`actor_ref`](Router::actor_ref) is an ordinary reference: `send`, `try_send`, `reserve`, `ask`, `stop`, `drain`, `kill`, `wait` and monitors mean
/// for the router what they mean for an actor. It can have a name. It cannot travel to another process, but that of a shared queue can. When
/// its last reference and the last handle are gone, the router drains and ends.
///
/// Workers are children of a supervisor of the router's own, and are restarted in place as their specifications say: their queues
/// survive (D1). A worker that ends for good leaves the router, and its keys go to the others; when the last one has, the router ends for the
/// same reason.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::ChildSpec;
/// use actor_pool::{Router, RoutingPolicy};
///
/// struct Squarer;
///
/// impl Actor for Squarer {
///     type Msg = (u64, Reply<u64>);
///
///     async fn handle(&mut self, (number, reply): Self::Msg, _ctx: &mut Context<Self>) -> ActorResult {
///         reply.send(number * number);
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let router = Router::builder(RoutingPolicy::round_robin(), |id| ChildSpec::new(id, || Squarer))
///     .workers(4)
///     .start(&system)
///     .await?;
/// let squarer: ActorRef<(u64, Reply<u64>)> = router.actor_ref();
/// assert_eq!(squarer.ask(|reply| (7, reply)).await?, 49);
/// assert_eq!(router.shutdown(Duration::from_secs(5)).await, ExitReason::Normal);
/// # Ok(()) }
/// ```
pub struct Router<M: Send + 'static> {
    actor: ActorRef<M>,
    keeper: ActorRef<KeeperMsg<M>>,
    table: Arc<Published<Table<M>>>,
}

impl<M: Send + 'static> Router<M> {
    pub(super) fn new(
        actor: ActorRef<M>,
        keeper: ActorRef<KeeperMsg<M>>,
        table: Arc<Published<Table<M>>>,
    ) -> Self {
        Router {
            actor,
            keeper,
            table,
        }
    }

    /// A router of workers that `make` specifies, one specification for each. It may make tasks, threads
    /// ([`placement`](ChildBuilder::placement)) and processes ([`WorkerBuilder::child`](actor_remote::WorkerBuilder::child)), also mixed. It is called
    /// for the first workers and for each that is added.
    ///
    /// # Examples
    ///
    /// The example stands at [`Router`]; one with threads and tasks at [`WorkerId`].
    pub fn builder(
        policy: RoutingPolicy<M>,
        make: impl FnMut(WorkerId) -> ChildBuilder<M> + Send + 'static,
    ) -> RouterBuilder<M> {
        RouterBuilder::new(policy, Box::new(make))
    }

    /// The reference that stands for all workers.
    ///
    /// # Examples
    ///
    /// The example stands at [`Router`].
    #[must_use]
    pub fn actor_ref(&self) -> ActorRef<M> {
        self.actor.clone()
    }

    /// Adds a worker, and waits until it has started. With a consistent hash, keys move to it as the others have worked off what they have.
    ///
    /// # Errors
    ///
    /// [`RouterError`]: it did not start, or the router has ended. The other workers are as they were.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the worker is added all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::ChildSpec;
    /// # use actor_pool::{Router, RoutingPolicy};
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let builder = Router::builder(RoutingPolicy::least_loaded(), |id| ChildSpec::new(id, || Worker));
    /// # let router = builder.workers(2).start(&system).await?;
    /// let third = router.add_worker().await?;
    /// assert_eq!((third.number(), router.workers().len()), (3, 3));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "add_routee")]
    pub async fn add_worker(&self) -> Result<WorkerId, RouterError> {
        self.change(|answer| KeeperMsg::Add(None, answer)).await
    }

    /// The same with a specification of its own. Its id must not be that of another worker.
    ///
    /// # Errors
    ///
    /// See [`add_worker`](Router::add_worker).
    ///
    /// # Cancel safety
    ///
    /// See [`add_worker`](Router::add_worker).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::ChildSpec;
    /// # use actor_pool::{Router, RoutingPolicy};
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let builder = Router::builder(RoutingPolicy::least_loaded(), |id| ChildSpec::new(id, || Worker));
    /// # let router = builder.workers(2).start(&system).await?;
    /// let on_a_thread = ChildSpec::new("blocking", || Worker).placement(Placement::Thread);
    /// router.add_worker_with(on_a_thread).await?;
    /// assert_eq!(&*router.workers()[2].name, "blocking");
    /// # Ok(()) }
    /// ```
    pub async fn add_worker_with(
        &self,
        specification: ChildBuilder<M>,
    ) -> Result<WorkerId, RouterError> {
        self.change(|answer| KeeperMsg::Add(Some(specification), answer))
            .await
    }

    /// Removes a worker: it gets nothing more, handles what it has, and ends. Completes when it has ended. Nothing is lost: what it had
    /// accepted it handles itself, and what waits for it goes to the others.
    ///
    /// # Errors
    ///
    /// [`RouterError`]: there is no such worker, it is the last one, or the router has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the worker is removed all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::ChildSpec;
    /// # use actor_pool::{Router, RoutingPolicy};
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let builder = Router::builder(RoutingPolicy::least_loaded(), |id| ChildSpec::new(id, || Worker));
    /// # let router = builder.workers(2).start(&system).await?;
    /// let first = router.workers()[0].id;
    /// router.remove_worker(first).await?;
    /// assert_eq!(router.workers().len(), 1);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "remove_routee")]
    pub async fn remove_worker(&self, id: WorkerId) -> Result<(), RouterError> {
        self.change(|answer| KeeperMsg::Remove(id, answer)).await
    }

    /// Adds workers, or removes those that came last, until there are so many.
    ///
    /// # Errors
    ///
    /// [`RouterError`]; what was changed until then remains. A retry goes on from there.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, it goes no further.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::ChildSpec;
    /// # use actor_pool::{Router, RoutingPolicy};
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let builder = Router::builder(RoutingPolicy::least_loaded(), |id| ChildSpec::new(id, || Worker));
    /// # let router = builder.workers(2).start(&system).await?;
    /// router.resize(5).await?;
    /// router.resize(1).await?;
    /// assert_eq!(router.workers().len(), 1);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "adjust_worker_pool")]
    pub async fn resize(&self, workers: usize) -> Result<(), RouterError> {
        if workers == 0 {
            return Err(RouterError::NoWorkers);
        }
        loop {
            let present: Vec<WorkerId> = self
                .table
                .with(|table| table.seats.iter().map(|seat| seat.id).collect());
            match present.last() {
                Some(last) if present.len() > workers => self.remove_worker(*last).await?,
                Some(_) if present.len() == workers => return Ok(()),
                _ => drop(self.add_worker().await?),
            }
        }
    }

    /// Its workers, in the order in which they came; those that leave come last.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::ChildSpec;
    /// use actor_pool::{Router, RouterWorkerState, RoutingPolicy};
    ///
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let builder = Router::builder(RoutingPolicy::least_loaded(), |id| ChildSpec::new(id, || Worker));
    /// # let router = builder.workers(2).start(&system).await?;
    /// for worker in router.workers() {
    ///     assert_eq!(worker.state, RouterWorkerState::Running);
    ///     println!("{} has {} messages queued", worker.name, worker.queued);
    /// }
    /// # Ok(()) }
    /// ```
    #[doc(alias = "get_routees")]
    #[must_use]
    pub fn workers(&self) -> Vec<RouterWorker> {
        self.table.with(|table| {
            let seats = table.seats.iter().chain(table.leaving.iter());
            seats.map(|seat| seat.describe()).collect()
        })
    }

    /// Ends the router: it takes nothing more, the workers handle what they have, and end. Who is not done at the deadline is killed.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the router ends all the same.
    ///
    /// # Examples
    ///
    /// The example stands at [`Router`].
    pub async fn shutdown(&self, deadline: Duration) -> ExitReason {
        self.actor.drain();
        // Should it have ended already, there is nobody to tell.
        drop(self.keeper.send(KeeperMsg::Shutdown(deadline)).await);
        self.actor.wait().await
    }

    async fn change<T: Send + 'static>(
        &self,
        message: impl FnOnce(Reply<Result<T, RouterError>>) -> KeeperMsg<M>,
    ) -> Result<T, RouterError> {
        // An answer that does not come: the router ended meanwhile.
        let answer = self.keeper.ask_within(UNLIMITED, message).await;
        answer.unwrap_or(Err(RouterError::Closed))
    }
}

impl<M: Send + 'static> Clone for Router<M> {
    fn clone(&self) -> Self {
        Router {
            actor: self.actor.clone(),
            keeper: self.keeper.clone(),
            table: Arc::clone(&self.table),
        }
    }
}

impl<M: Send + 'static> fmt::Debug for Router<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("actor", &self.actor)
            .finish_non_exhaustive()
    }
}
