//! The promises of `docs/semantics.md` in simulation: a module per letter (two for E), a small scenario per promise whose order matters, and an oracle that
//! says what may have happened.
//!
//! Each runs under the seeds 0 to 199; `ACTOR_TEST_SEEDS=0..10000` says otherwise, and `ACTOR_TEST_SEED=7` replays one. What a scenario makes
//! up by itself (loads, delays, who fails) comes from the seed, too.

mod asks;
mod cast;
mod children;
mod lifecycle;
mod messages;
mod monitors;
mod names;
mod restarts;
mod supervisors;
mod timers;

use std::future::Future;
use std::ops::Range;

use actor_core::testing::{Simulation, TestSystem};

const SEEDS: Range<u64> = 0..200;

/// Whether a scenario comes out well under all seeds.
#[track_caller]
pub(crate) fn in_simulation<F, Fut>(scenario: F)
where
    F: Fn(TestSystem) -> Fut,
    Fut: Future<Output = ()>,
{
    let simulation = Simulation::new().keep_events(10_000).step_limit(100_000);
    let explored = simulation.seeds(SEEDS, scenario);
    explored.unwrap_or_else(|failure| failure.resume());
}
