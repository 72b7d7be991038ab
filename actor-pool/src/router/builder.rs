//! How a router comes to be.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actor_core::routing::{Hub, Route};
use actor_core::{ActorSystem, Backoff};

use super::every::Everybody;
use super::keeper::{Keeper, MakeWorker, Outfit};
use super::places::Places;
use super::policy::Kind;
use super::published::{Published, Reader};
use super::switch::{How, Switch};
use super::table::{HELD, Table};
use super::{Router, RouterError, RoutingPolicy};

/// The first delay and the cap of restarts, unless it is said otherwise: a worker that fails once is back at once, to the eye, and one that fails again
/// and again does not keep a core busy.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(10));

/// Options for a router; made by [`Router::builder`].
///
/// # Examples
///
/// The example stands at [`Router`].
#[must_use = "nothing starts before `start`"]
pub struct RouterBuilder<M: Send + 'static> {
    policy: RoutingPolicy<M>,
    make: MakeWorker<M>,
    workers: usize,
    seed: u64,
    backoff: Backoff,
    intensity: (u32, Duration),
}

impl<M: Send + 'static> RouterBuilder<M> {
    pub(super) fn new(policy: RoutingPolicy<M>, make: MakeWorker<M>) -> Self {
        RouterBuilder {
            policy,
            make,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            seed: 0,
            backoff: Backoff::exponential(BACKOFF.0, BACKOFF.1),
            // Workers heal for ever: how often they are replaced is limited by their backoff, not by giving up.
            intensity: (u32::MAX, Duration::from_secs(1)),
        }
    }

    /// How many workers it begins with; as many as there are cores by default.
    ///
    /// # Examples
    ///
    /// The example stands at [`Router`].
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// What chance follows from, for policies that leave something to it; 0 by default. The same seed gives the same choices in the same
    /// order, as long as workers and loads are the same.
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
    /// let builder = Router::builder(RoutingPolicy::random(), |id| ChildSpec::new(id, || Worker)).seed(7);
    /// # drop(builder);
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How long a worker that failed waits for its restart, unless its specification says so: from 10 ms up to 10 s by default, twice as long each time.
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
    /// let backoff = Backoff::exponential(Duration::from_millis(1), Duration::from_secs(1));
    /// let builder = Router::builder(RoutingPolicy::random(), |id| ChildSpec::new(id, || Worker)).backoff(backoff);
    /// # drop(builder);
    /// ```
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How many restarts within a period are too many, so that the router ends; none are by default.
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
    /// let builder = Router::builder(RoutingPolicy::random(), |id| ChildSpec::new(id, || Worker))
    ///     .intensity(10, Duration::from_secs(60));
    /// # drop(builder);
    /// ```
    pub fn intensity(mut self, max: u32, period: Duration) -> Self {
        self.intensity = (max, period);
        self
    }

    /// Starts the router, and waits until all its workers have started.
    ///
    /// # Errors
    ///
    /// [`RouterError`] says why there is no router; nothing is left running then.
    ///
    /// # Panics
    ///
    /// If the function that makes the specifications does.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, it stops what was started.
    ///
    /// # Examples
    ///
    /// The example stands at [`Router`].
    pub async fn start(self, system: &ActorSystem) -> Result<Router<M>, RouterError> {
        if self.workers == 0 {
            return Err(RouterError::NoWorkers);
        }
        if self.workers >= usize::from(HELD) {
            return Err(RouterError::TooManyWorkers(self.workers));
        }
        let table = Arc::new(Published::new(Table::empty()));
        let places = Arc::new(Places::new());
        let pulls = matches!(self.policy.kind, Kind::Queue(_));
        let has_keys = matches!(self.policy.kind, Kind::ByKey(_));
        let switch = |how| -> Arc<dyn Route<M>> {
            Arc::new(Switch {
                table: Reader::new(Arc::clone(&table)),
                places: Arc::clone(&places),
                how,
                turn: AtomicU64::new(0),
                seed: self.seed,
            })
        };
        let (actor, hub) = match self.policy.kind {
            Kind::ByTurn(choice) => Hub::open(system, switch(How::ByTurn(choice))),
            Kind::ByKey(slot_of) => Hub::open(system, switch(How::ByKey(slot_of))),
            Kind::Everybody(clone) => {
                let everybody = Everybody {
                    table: Arc::clone(&table),
                    places: Arc::clone(&places),
                    clone,
                    spare: Mutex::new(Vec::new()),
                };
                Hub::open(system, Arc::new(everybody))
            }
            Kind::Queue(mailbox) => Hub::queue(system, mailbox),
        };
        let failure = Arc::new(Mutex::new(None));
        let outfit = Outfit {
            hub,
            table: Arc::clone(&table),
            places,
            make: self.make,
            backoff: self.backoff,
            intensity: self.intensity,
            pulls,
            has_keys,
        };
        let mut keeper = Keeper::new(outfit, Arc::clone(&failure));
        for _ in 0..self.workers {
            keeper.prepare_worker();
        }
        let started = system
            .actor(keeper)
            .start_timeout(Duration::MAX)
            .start()
            .await;
        let keeper = started.map_err(|error| {
            let known = failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            RouterError::Start(known.unwrap_or(error))
        })?;
        Ok(Router::new(actor, keeper, table))
    }
}

impl<M: Send + 'static> fmt::Debug for RouterBuilder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterBuilder")
            .field("policy", &self.policy)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}
