//! Messages to eight workers, through a router and by hand. Each round ends when all messages are handled.
//!
//! By hand means past a router, to its workers in rotation. They have the mailbox that an actor has when one says nothing, of 1,024; a
//! sender waits when it is full. The shared queue is one such mailbox.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use actor_core::{ChildSpec, prelude::*};
use actor_pool::{Router, RoutingPolicy};
use tokio::runtime::Handle;

use super::{PoolSizes, kept::rounds};
use crate::{harness::Run, workload::Workload};

const WORKERS: usize = 8;

type Policy = fn() -> RoutingPolicy<u64>;

pub(super) const POLICIES: [(Workload, Policy); 6] = [
    (Workload::RouterRoundRobin, RoutingPolicy::round_robin),
    (Workload::RouterRandom, RoutingPolicy::random),
    (Workload::RouterLeastLoaded, RoutingPolicy::least_loaded),
    (Workload::RouterHash, || {
        RoutingPolicy::consistent_hash(|number| *number)
    }),
    (Workload::RouterBroadcast, RoutingPolicy::broadcast),
    (Workload::RouterShared, RoutingPolicy::shared_queue),
];

/// Counts what it handles where the sender can see it, on a cache line of its own.
#[repr(align(128))]
#[derive(Default)]
struct Handled(AtomicU64);

struct Worker {
    handled: Arc<Handled>,
    started: Started,
}

impl Actor for Worker {
    type Msg = u64;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        let mut all = self
            .started
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.push((ctx.actor_ref(), self.handled.clone()));
        Ok(())
    }

    async fn handle(&mut self, _number: u64, _ctx: &mut Context<Self>) -> ActorResult {
        // Nobody else writes, so this need not be one step.
        let so_far = self.handled.0.load(Relaxed);
        self.handled.0.store(so_far + 1, Relaxed);
        Ok(())
    }
}

type Entry = (ActorRef<u64>, Arc<Handled>);

/// The workers of a router, as they start.
#[derive(Clone, Default)]
struct Started(Arc<Mutex<Vec<Entry>>>);

impl Started {
    fn worker(&self) -> Worker {
        Worker {
            handled: Arc::default(),
            started: self.clone(),
        }
    }

    fn all(&self) -> (Vec<ActorRef<u64>>, Vec<Arc<Handled>>) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().cloned().unzip()
    }
}

fn sum(counters: &[Arc<Handled>]) -> u64 {
    counters.iter().map(|handled| handled.0.load(Relaxed)).sum()
}

/// Sends, and waits until `pushes` more than before are handled. Gives the nanoseconds per push.
async fn clocked(counters: &[Arc<Handled>], pushes: u64, sending: impl Future<Output = ()>) -> f64 {
    let due = sum(counters) + pushes;
    let begin = Instant::now();
    sending.await;
    while sum(counters) < due {
        tokio::task::yield_now().await;
    }
    let nanos = begin.elapsed().as_nanos() as f64;
    assert_eq!(sum(counters), due, "a message was handled twice");
    nanos / pushes as f64
}

/// How often each message is pushed, and how many messages make a round.
fn load(workload: Workload, sizes: PoolSizes) -> (u64, u64) {
    match workload {
        Workload::RouterBroadcast => (WORKERS as u64, sizes.routed / WORKERS as u64),
        _ => (1, sizes.routed),
    }
}

/// A router, and its workers one by one.
#[derive(Clone)]
struct Kept {
    router: Router<u64>,
    workers: Vec<ActorRef<u64>>,
    counters: Vec<Arc<Handled>>,
    _system: ActorSystem,
}

impl Kept {
    async fn start(policy: Policy) -> Self {
        let system = ActorSystem::new("router-bench");
        let started = Started::default();
        let of_workers = started.clone();
        let make = move |id| {
            let started = of_workers.clone();
            ChildSpec::new(id, move || started.worker())
        };
        let router = Router::builder(policy(), make).workers(WORKERS);
        let router = router.start(&system).await.expect("the workers start");
        let (workers, counters) = started.all();
        assert_eq!(workers.len(), WORKERS, "the router waits for its workers");
        Kept {
            router,
            workers,
            counters,
            _system: system,
        }
    }
}

pub(super) fn routed(on: &Handle, workload: Workload, policy: Policy) -> Run {
    let start = move || Kept::start(policy);
    rounds(on, start, move |kept: Kept, sizes| async move {
        let (pushes, messages) = load(workload, sizes);
        let to = kept.router.actor_ref();
        let sending = async {
            for number in 0..messages {
                to.send(number).await.expect("the workers live");
            }
        };
        clocked(&kept.counters, pushes * messages, sending).await
    })
}

/// To the workers of such a router, past it.
pub(super) fn by_hand(on: &Handle, workload: Workload) -> Run {
    let start = || Kept::start(RoutingPolicy::round_robin);
    rounds(on, start, move |kept: Kept, sizes| async move {
        let (pushes, messages) = load(workload, sizes);
        let workers = &kept.workers;
        let sending = async {
            // A broadcast is as many messages, each with the number that all get.
            for number in 0..pushes * messages {
                let next = &workers[number as usize % WORKERS];
                let sent = next.send(number / pushes).await;
                sent.expect("the workers live");
            }
        };
        clocked(&kept.counters, pushes * messages, sending).await
    })
}
