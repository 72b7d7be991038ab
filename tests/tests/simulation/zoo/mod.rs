//! A zoo of small concurrent bugs, such as people write: each in a file, with its correction.
//!
//! [`exhibit`] shows the same four things of each. In a plain run, first come, first served, nothing is to be seen. Some of a thousand
//! seeds show it. That seed shows it again, and again. And the corrected version survives all of them.
//!
//! | variable | what it does |
//! |---|---|
//! | `ACTOR_TEST_SEEDS=0..10000` | runs the corrected versions under these seeds, and nothing else |
//! | `ACTOR_TEST_SEED=7` | the same for one |
//! | `ACTOR_ZOO=buggy` | together with one of these: runs the versions with the bug, to look at how they fail |
//!
//! The bugs are of the kinds that studies of actor programs name most: order violations between messages, atomicity violations over
//! several messages, and deadlocks of requests (Torres Lopez et al., "A Study of Concurrency Bugs and Advanced Development Support for
//! Actor-based Programs", 2018).

mod ask_cycle;
mod cancelled_timer;
mod check_then_act;
mod double_start;
mod false_suspicion;
mod lost_job;
mod lost_update;
mod old_incarnation;
mod subscription_gap;
mod table;
mod two_leaders;

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;

use actor_core::testing::{Failure, FailureKind, Schedule, Simulation, TestSystem};

/// Seeds of which one at least finds each bug, and all of which the corrected version survives.
pub(crate) const SEEDS: Range<u64> = 0..1_000;
/// How often a seed that found a bug is tried again.
const AGAIN: usize = 20;

/// Which of the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Buggy,
    Corrected,
}

type Play = Pin<Box<dyn Future<Output = ()>>>;

/// One bug.
pub(crate) struct Exhibit {
    /// That of its file.
    pub(crate) name: &'static str,
    /// A part of what the test says when it sees the bug, so that nothing else is taken for it.
    pub(crate) symptom: &'static str,
    /// The scenario; panics when it sees the bug.
    pub(crate) play: fn(TestSystem, Version) -> Play,
}

/// All of them, in the order of the table in `docs/zoo.md`.
pub(crate) const ALL: [&Exhibit; 10] = [
    &check_then_act::EXHIBIT,
    &lost_update::EXHIBIT,
    &old_incarnation::EXHIBIT,
    &cancelled_timer::EXHIBIT,
    &ask_cycle::EXHIBIT,
    &double_start::EXHIBIT,
    &lost_job::EXHIBIT,
    &two_leaders::EXHIBIT,
    &subscription_gap::EXHIBIT,
    &false_suspicion::EXHIBIT,
];

impl Exhibit {
    /// The first seed of a range that finds the bug.
    pub(crate) fn find(&self, schedule: Schedule, seeds: Range<u64>) -> Option<Box<Failure>> {
        let simulation = Simulation::new().schedule(schedule);
        let play = |system| (self.play)(system, Version::Buggy);
        let failure = simulation.seeds(seeds, play).err()?;
        assert!(
            matches!(&failure.kind, FailureKind::Panicked { text, .. } if text.contains(self.symptom)),
            "{}: this is not the bug that is on show: {failure}",
            self.name
        );
        Some(failure)
    }

    fn explore(&self, version: Version, seeds: Range<u64>) {
        let explored = Simulation::new().seeds(seeds, |system| (self.play)(system, version));
        explored.unwrap_or_else(|failure| failure.resume());
    }
}

/// Shows the four things.
pub(crate) fn exhibit(bug: &Exhibit) {
    if let Some(version) = wished_for() {
        return bug.explore(version, SEEDS);
    }

    let plain = bug.find(Schedule::Fifo, 0..1);
    assert!(plain.is_none(), "a plain run sees it: {plain:?}");

    let Some(found) = bug.find(Schedule::Mixed, SEEDS) else {
        panic!("none of the seeds {SEEDS:?} finds it");
    };

    for _ in 0..AGAIN {
        let seed = found.seed..found.seed + 1;
        let again = bug.find(Schedule::Mixed, seed).expect("it finds it again");
        let key = |failure: &Failure| (failure.digest, failure.steps, failure.elapsed);
        assert_eq!(key(&again), key(&found), "not in the same way");
    }

    bug.explore(Version::Corrected, SEEDS);
}

/// Whoever says which seeds to run does not want what the tests make of the default ones.
fn wished_for() -> Option<Version> {
    let is_set = |name: &&str| std::env::var_os(name).is_some();
    let wishes = ["ACTOR_TEST_SEED", "ACTOR_TEST_SEEDS", "ACTOR_TEST_SCHEDULE"];
    wishes.iter().find(|name| is_set(name))?;
    match std::env::var("ACTOR_ZOO").as_deref() {
        Ok("buggy") => Some(Version::Buggy),
        _ => Some(Version::Corrected),
    }
}
