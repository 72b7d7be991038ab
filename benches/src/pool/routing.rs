//! Messages to eight workers, through a router and by hand. Each round ends when all messages are handled.
//!
//! Both kinds of workers are the same actor with the mailbox that an actor has when one says nothing, of 1,024; a sender waits when it is
//! full. The shared queue is one such mailbox.

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
}

impl Actor for Worker {
    type Msg = u64;

    async fn handle(&mut self, _number: u64, _ctx: &mut Context<Self>) -> ActorResult {
        // Nobody else writes, so this need not be one step.
        let so_far = self.handled.0.load(Relaxed);
        self.handled.0.store(so_far + 1, Relaxed);
        Ok(())
    }
}

/// What all workers have handled.
#[derive(Clone, Default)]
struct Tally(Arc<Mutex<Vec<Arc<Handled>>>>);

impl Tally {
    fn worker(&self) -> Worker {
        let handled = Arc::new(Handled::default());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(handled.clone());
        Worker { handled }
    }

    fn counters(&self) -> Vec<Arc<Handled>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.clone()
    }
}

fn sum(counters: &[Arc<Handled>]) -> u64 {
    counters.iter().map(|handled| handled.0.load(Relaxed)).sum()
}

/// Sends, and waits until `pushes` more than before are handled. Gives the nanoseconds per push.
async fn clocked(tally: &Tally, pushes: u64, sending: impl Future<Output = ()>) -> f64 {
    let counters = tally.counters();
    let due = sum(&counters) + pushes;
    let begin = Instant::now();
    sending.await;
    while sum(&counters) < due {
        tokio::task::yield_now().await;
    }
    let nanos = begin.elapsed().as_nanos() as f64;
    assert_eq!(sum(&counters), due, "a message was handled twice");
    nanos / pushes as f64
}

/// How often each message is pushed, and how many messages make a round.
fn load(workload: Workload, sizes: PoolSizes) -> (u64, u64) {
    match workload {
        Workload::RouterBroadcast => (WORKERS as u64, sizes.routed / WORKERS as u64),
        _ => (1, sizes.routed),
    }
}

/// A router over workers of its own.
#[derive(Clone)]
struct Routed {
    router: Router<u64>,
    tally: Tally,
    _system: ActorSystem,
}

impl Routed {
    async fn start(policy: Policy) -> Self {
        let system = ActorSystem::new("router-bench");
        let tally = Tally::default();
        let of_workers = tally.clone();
        let make = move |id| {
            let tally = of_workers.clone();
            ChildSpec::new(id, move || tally.worker())
        };
        let router = Router::builder(policy(), make).workers(WORKERS);
        let router = router.start(&system).await.expect("the workers start");
        Routed {
            router,
            tally,
            _system: system,
        }
    }
}

pub(super) fn routed(on: &Handle, workload: Workload, policy: Policy) -> Run {
    let start = move || Routed::start(policy);
    rounds(on, start, move |kept: Routed, sizes| async move {
        let (pushes, messages) = load(workload, sizes);
        let to = kept.router.actor_ref();
        let sending = async {
            for number in 0..messages {
                to.send(number).await.expect("the workers live");
            }
        };
        clocked(&kept.tally, pushes * messages, sending).await
    })
}

/// The workers alone.
#[derive(Clone)]
struct Workers {
    workers: Vec<ActorRef<u64>>,
    tally: Tally,
    _system: ActorSystem,
}

impl Workers {
    async fn start() -> Self {
        let system = ActorSystem::new("by-hand-bench");
        let tally = Tally::default();
        let spawn = |_| system.spawn(tally.worker());
        Workers {
            workers: (0..WORKERS).map(spawn).collect(),
            tally,
            _system: system,
        }
    }
}

pub(super) fn by_hand(on: &Handle, workload: Workload) -> Run {
    rounds(on, Workers::start, move |kept: Workers, sizes| async move {
        let (pushes, messages) = load(workload, sizes);
        let workers = &kept.workers;
        let sending = async {
            for number in 0..messages {
                if pushes == 1 {
                    let next = &workers[number as usize % workers.len()];
                    next.send(number).await.expect("the workers live");
                } else {
                    for worker in workers {
                        worker.send(number).await.expect("the workers live");
                    }
                }
            }
        };
        clocked(&kept.tally, pushes * messages, sending).await
    })
}
