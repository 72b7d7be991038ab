//! What short jobs suffer from long ones: 1 job in 100, at random, takes 100 times longer. Eight workers behind a router, once with a
//! queue that they share and once in rotation.
//!
//! Jobs come at half of the rate that the workers could bear, and the clock of each runs from when it was due: a job that asks again only
//! when it was answered would leave out those who wait. A job waits rather than computes, so that eight of them fit on two cores.

use std::time::{Duration, Instant};

use actor_core::{ChildSpec, prelude::*};
use actor_pool::{Router, RoutingPolicy};
use tokio::{runtime::Handle, sync::mpsc};

use super::{PoolSizes, kept::rounds};
use crate::harness::Run;

const WORKERS: u32 = 8;
const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_millis(100);
/// What the runtime's timer, which counts in milliseconds, makes each wait longer by.
const TIMER: Duration = Duration::from_millis(1);
const ONE_IN: u64 = 100;

struct Work {
    due: Instant,
    is_long: bool,
    done: mpsc::UnboundedSender<Duration>,
}

struct Worker;

impl Actor for Worker {
    type Msg = Work;

    async fn handle(&mut self, work: Work, _ctx: &mut Context<Self>) -> ActorResult {
        let takes = if work.is_long { LONG } else { SHORT };
        tokio::time::sleep(takes).await;
        if !work.is_long {
            // Whoever counts may have seen enough.
            let _ = work.done.send(work.due.elapsed());
        }
        Ok(())
    }
}

#[derive(Clone)]
struct Kept {
    router: Router<Work>,
    _system: ActorSystem,
}

pub(super) fn shared_queue(on: &Handle) -> Run {
    run(on, RoutingPolicy::shared_queue)
}

pub(super) fn round_robin(on: &Handle) -> Run {
    run(on, RoutingPolicy::round_robin)
}

fn run(on: &Handle, policy: fn() -> RoutingPolicy<Work>) -> Run {
    let start = move || async move {
        let system = ActorSystem::new("skew-bench");
        let make = |id| ChildSpec::new(id, || Worker);
        let router = Router::builder(policy(), make).workers(WORKERS as usize);
        let router = router.start(&system).await.expect("the workers start");
        Kept {
            router,
            _system: system,
        }
    };
    rounds(on, start, latency)
}

async fn latency(kept: Kept, sizes: PoolSizes) -> f64 {
    let (done, mut latencies) = mpsc::unbounded_channel();
    let to = kept.router.actor_ref();
    let mut chance = 0x2545_F491_4F6C_DD1D;
    let begin = Instant::now();
    for number in 0..sizes.skewed {
        let due = begin + interval() * number as u32;
        tokio::time::sleep_until(due.into()).await;
        let work = Work {
            due,
            is_long: next(&mut chance).is_multiple_of(ONE_IN),
            done: done.clone(),
        };
        to.send(work).await.expect("the workers live");
    }
    drop(done);
    let mut micros = Vec::with_capacity(sizes.skewed);
    while let Some(latency) = latencies.recv().await {
        micros.push(latency.as_secs_f64() * 1e6);
    }
    let at = micros.len() * 99 / 100;
    *micros.select_nth_unstable_by(at, f64::total_cmp).1
}

/// Between two jobs, at half of what the workers could bear.
fn interval() -> Duration {
    let mean = (SHORT * (ONE_IN as u32 - 1) + LONG) / ONE_IN as u32;
    (mean + TIMER) * 2 / WORKERS
}

/// Marsaglia's xorshift: the same jobs are long in every round, for both.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
