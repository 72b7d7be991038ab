//! Many runs of one simulation: a range of seeds, or one seed twice.

use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use super::env::Wishes;
use super::report::{Failure, FailureKind, Report};
use super::run::Simulation;
use super::scheduler::Schedule;
use super::system::TestSystem;
use crate::sync::lock;

/// The seed of the run that only measures.
const MEASURED: u64 = 0;
/// Events that are compared.
const COMPARED: usize = 1_000_000;

/// A range of seeds, none of which failed.
///
/// # Examples
///
/// ```
/// use actor_core::testing::Simulation;
///
/// # fn main() -> Result<(), actor_core::BoxError> {
/// let explored = Simulation::new().seeds(0..10, |_| async {})?;
/// assert_eq!(explored.seeds, 10);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explored {
    /// How many.
    pub seeds: u64,
    /// How many steps all runs took together.
    pub steps: u64,
    /// How much virtual time passed in all of them.
    pub elapsed: Duration,
    /// How many steps the run took that was measured; none if the schedule does not ask.
    pub length: Option<u64>,
}

impl Simulation {
    /// Runs a test under many seeds and stops at the first that fails. One run before them, first in, first out, is for measuring how long
    /// a run is; [`length`](Simulation::length) is not asked.
    ///
    /// # Errors
    ///
    /// The failure of the first seed that fails, also if the test panicked: [`Failure::resume`] goes on with that panic. If none does, that
    /// of the run that was measured.
    ///
    /// # Panics
    ///
    /// If the range is empty, inside of a tokio runtime or another simulation, and when an environment variable cannot be understood.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::Simulation;
    /// use std::sync::{Arc, Mutex};
    ///
    /// /// Notes who came first.
    /// # struct Racer(Arc<Mutex<Option<u32>>>);
    /// # impl Actor for Racer {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, number: u32, _: &mut Context<Self>) -> ActorResult {
    /// #         self.0.lock().expect("no panic under this lock").get_or_insert(number);
    /// #         Ok(())
    /// #     }
    /// # }
    /// let race = Simulation::new().seeds(0..100, |system| async move {
    ///     let first = Arc::new(Mutex::new(None));
    ///     for number in [1, 2] {
    ///         system.spawn(Racer(Arc::clone(&first))).send(number).await.expect("it runs");
    ///     }
    ///     system.settle().await;
    ///     assert_eq!(*first.lock().expect("no panic under this lock"), Some(1), "the second one was first");
    /// });
    /// assert!(race.is_err(), "nothing says that the first one wins");
    /// ```
    #[track_caller]
    pub fn seeds<T, F, Fut>(self, seeds: Range<u64>, body: F) -> Result<Explored, Box<Failure>>
    where
        F: Fn(TestSystem) -> Fut,
        Fut: Future<Output = T>,
    {
        assert!(!seeds.is_empty(), "the range of seeds {seeds:?} is empty");
        let wishes = Wishes::from_env();
        let seeds = wishes.seeds.unwrap_or(seeds);
        let (simulation, measured) = self.wished(wishes.schedule).measured(&body);
        let mut explored = Explored {
            seeds: seeds.end - seeds.start,
            steps: 0,
            elapsed: Duration::ZERO,
            length: None,
        };
        for seed in seeds {
            let report = simulation.run_once(seed, &body).0?;
            explored.steps += report.steps;
            explored.elapsed += report.elapsed;
        }
        explored.length = measured.transpose()?;
        Ok(explored)
    }

    /// A seed means the same in every range, so the run that is measured is always the same. If it fails, that is for the end to say: a
    /// seed that fails as well says more.
    fn measured<T, F, Fut>(self, body: &F) -> (Self, Option<Result<u64, Box<Failure>>>)
    where
        F: Fn(TestSystem) -> Fut,
        Fut: Future<Output = T>,
    {
        if !self.needs_length() {
            return (self, None);
        }
        let plain = self.clone().wished(Some(Schedule::Fifo));
        let measured = plain.run_once(MEASURED, body).0.map(|report| report.steps);
        let steps = match &measured {
            Ok(steps) => *steps,
            Err(failure) => failure.steps,
        };
        (self.length(steps), Some(measured))
    }

    /// Runs one seed twice and compares: whether the seed decides everything.
    ///
    /// # Errors
    ///
    /// The failure of the run, if it fails; [`FailureKind::Parted`] if the two are not the same. Then something differs from run to run
    /// that the simulation does not decide: the [module](super) says what that may be.
    ///
    /// # Panics
    ///
    /// Inside of a tokio runtime or another simulation, and when an environment variable cannot be understood.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{FailureKind, Simulation};
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// let runs = AtomicU64::new(0);
    /// let checked = Simulation::new().check_deterministic(7, |system| {
    ///     let run = runs.fetch_add(1, Ordering::Relaxed);
    ///     async move { system.advance(Duration::from_secs(run)).await }
    /// });
    /// assert!(matches!(checked.unwrap_err().kind, FailureKind::Parted { .. }));
    /// ```
    #[track_caller]
    pub fn check_deterministic<T, F, Fut>(
        self,
        seed: u64,
        body: F,
    ) -> Result<Report<T>, Box<Failure>>
    where
        F: Fn(TestSystem) -> Fut,
        Fut: Future<Output = T>,
    {
        let wishes = Wishes::from_env();
        let seed = wishes.seeds.map_or(seed, |seeds| seeds.start);
        let simulation = self.wished(wishes.schedule).keep_events(COMPARED);
        let (first, first_sim) = simulation.run_once(seed, &body);
        let first = first?;
        let (second, second_sim) = simulation.run_once(seed, &body);
        let digest = match second {
            Ok(second) if is_same(&first, &second) => return Ok(first),
            Ok(second) => second.digest,
            Err(failure) => failure.digest,
        };
        let (log, other) = (lock(&first_sim.log), lock(&second_sim.log));
        let (event, first, second) = match log.parts_from(&other) {
            Some((at, first, second)) => (at as u64, first, second),
            // All events are the same: they part behind the last one.
            None => (log.count().max(other.count()), None, None),
        };
        drop((log, other));
        let kind = FailureKind::Parted {
            event,
            first: first.map(|event| event.to_string()),
            second: second.map(|event| event.to_string()),
        };
        Err(simulation.fail(&second_sim, digest, kind))
    }
}

fn is_same<T>(first: &Report<T>, second: &Report<T>) -> bool {
    let key = |report: &Report<T>| (report.digest, report.steps, report.events, report.elapsed);
    key(first) == key(second)
}
