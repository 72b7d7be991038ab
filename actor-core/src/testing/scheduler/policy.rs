//! Which of the ready tasks runs next. Pure: it sees the numbers of tasks, and neither a runtime nor a clock.
//!
//! Asked by the scheduler at every step. Random finds bugs that need few coincidences; PCT (probabilistic concurrency testing, Burckhardt
//! et al. 2010) finds those that need a few long delays: tasks have random priorities, the highest runs, and at `depth - 1` random steps
//! whoever runs falls below all others. Neither is best, so the default takes turns by seed.
//!
//! What is our own: a task that keeps running while others wait is lowered, and once in a while PCT chooses at random, so that a
//! task that polls for something in a loop starves nobody for ever.

use std::collections::VecDeque;

use crate::testing::{Recording, RecordingError, Rng};

/// In which order ready tasks run.
///
/// # Examples
///
/// ```
/// use actor_core::testing::{Schedule, Simulation};
///
/// # fn main() -> Result<(), actor_core::BoxError> {
/// let report = Simulation::new().schedule(Schedule::Pct { depth: 3 }).seed(7).run(|_| async {})?;
/// assert_eq!(report.schedule, Schedule::Pct { depth: 3 });
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// Random or PCT of some depth, by seed.
    #[default]
    Mixed,
    /// Whoever became ready first. The seed decides nothing.
    Fifo,
    /// Anyone, with the same chance.
    Random,
    /// By random priorities with `depth - 1` changes within the length of the run.
    Pct {
        /// How many delays must come together to show the bug; 2 to 5 is usual.
        depth: u32,
    },
    /// As in another run: its picks, place by place in the list of the ready, and its faults. First in, first out behind its end.
    Replay(Recording),
}

impl Schedule {
    /// The run that was recorded in a file; `ACTOR_TEST_REPLAY` does the same for any test. A run that then goes another way
    /// [fails](crate::testing::FailureKind::Misfit), or says so in its failure.
    ///
    /// # Errors
    ///
    /// [`RecordingError`]: there is no such file, it is no recording or one of another version, or it is damaged.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::{Schedule, Simulation};
    ///
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// # let file = std::env::temp_dir().join(format!("doc-of-replay-{}", std::process::id()));
    /// let first = Simulation::new().seed(7).record_picks(true).run(|_| async {})?;
    /// first.picks.expect("it was asked for").save(&file)?;
    ///
    /// let again = Simulation::new().schedule(Schedule::replay(&file)?).run(|_| async {})?;
    /// assert_eq!(again.digest, first.digest);
    /// # std::fs::remove_file(file)?;
    /// # Ok(()) }
    /// ```
    pub fn replay(file: impl AsRef<std::path::Path>) -> Result<Self, RecordingError> {
        Recording::load(file.as_ref()).map(Schedule::Replay)
    }

    /// What it comes to under this seed: `Mixed` becomes what it mixes.
    pub(crate) fn under(&self, seed: u64) -> Schedule {
        match self {
            Schedule::Mixed => {
                let mut rng = Rng::stream(seed, "mixed");
                match rng.below(2) {
                    0 => Schedule::Random,
                    _ => Schedule::Pct {
                        depth: 2 + rng.below(3) as u32,
                    },
                }
            }
            other => other.clone(),
        }
    }

    /// Whether it makes use of how long a run takes.
    pub(crate) fn needs_length(&self) -> bool {
        matches!(self, Schedule::Mixed | Schedule::Pct { .. })
    }
}

/// Steps in a row that one task gets while others are ready.
const RUN: u32 = 64;
/// PCT chooses at random once in so many steps.
const FAIR: u64 = 1_024;

enum Kind {
    Fifo,
    Random(Rng),
    Pct(Pct),
    Replay { picks: Vec<u32>, next: usize },
}

/// A schedule at work.
pub(crate) struct Policy {
    kind: Kind,
}

impl Policy {
    /// `length` is how many steps a run is expected to take.
    pub(crate) fn new(schedule: Schedule, seed: u64, length: u64) -> Self {
        let kind = match schedule.under(seed) {
            Schedule::Random => Kind::Random(Rng::stream(seed, "random")),
            Schedule::Pct { depth } => Kind::Pct(Pct::new(seed, depth, length)),
            Schedule::Replay(recording) => Kind::Replay {
                picks: recording.picks,
                next: 0,
            },
            Schedule::Fifo | Schedule::Mixed => Kind::Fifo,
        };
        Policy { kind }
    }

    /// There is a new task of this number, or a new one in the place of one that is over.
    pub(crate) fn handle_spawn(&mut self, task: u32) {
        if let Kind::Pct(pct) = &mut self.kind {
            pct.handle_spawn(task);
        }
    }

    /// The place of the task that runs next in the list of the ready, which is not empty.
    #[inline]
    pub(crate) fn pick(&mut self, ready: &VecDeque<u32>) -> usize {
        if ready.len() == 1 && !matches!(self.kind, Kind::Pct(_) | Kind::Replay { .. }) {
            return 0;
        }
        match &mut self.kind {
            Kind::Fifo => 0,
            Kind::Random(rng) => rng.below(ready.len() as u64) as usize,
            Kind::Pct(pct) => pct.pick(ready),
            Kind::Replay { picks, next } => {
                let pick = picks.get(*next).copied().unwrap_or_default();
                *next += 1;
                (pick as usize).min(ready.len() - 1)
            }
        }
    }
}

struct Pct {
    rng: Rng,
    /// By task; above all those that were lowered.
    priorities: Vec<u64>,
    /// Steps at which whoever runs is lowered, the next one last.
    changes: Vec<u64>,
    step: u64,
    /// What the next task that is lowered gets.
    lowest: u64,
    last: u32,
    run: u32,
}

/// Priorities of tasks that were not lowered begin here.
const HIGH: u64 = 1 << 63;

impl Pct {
    fn new(seed: u64, depth: u32, length: u64) -> Self {
        let mut rng = Rng::stream(seed, "pct");
        let mut changes: Vec<u64> = (1..depth).map(|_| rng.below(length.max(1)) + 1).collect();
        changes.sort_unstable_by_key(|step| std::cmp::Reverse(*step));
        Pct {
            rng,
            priorities: Vec::new(),
            changes,
            step: 0,
            lowest: HIGH - 1,
            last: u32::MAX,
            run: 0,
        }
    }

    fn handle_spawn(&mut self, task: u32) {
        let priority = self.rng.next_u64() | HIGH;
        let task = task as usize;
        if self.priorities.len() <= task {
            self.priorities.resize(task + 1, HIGH);
        }
        self.priorities[task] = priority;
    }

    fn lower(&mut self, task: u32) {
        if let Some(priority) = self.priorities.get_mut(task as usize) {
            *priority = self.lowest;
            self.lowest -= 1;
        }
    }

    fn highest(&self, ready: &VecDeque<u32>) -> usize {
        let priority = |task: u32| self.priorities.get(task as usize).copied().unwrap_or(HIGH);
        let mut best = (0, priority(ready[0]));
        for (place, task) in ready.iter().enumerate().skip(1) {
            let priority = priority(*task);
            if priority > best.1 {
                best = (place, priority);
            }
        }
        best.0
    }

    fn pick(&mut self, ready: &VecDeque<u32>) -> usize {
        self.step += 1;
        if self.step.is_multiple_of(FAIR) {
            return self.rng.below(ready.len() as u64) as usize;
        }
        let mut place = self.highest(ready);
        while self.changes.last().is_some_and(|step| *step <= self.step) {
            self.changes.pop();
            self.lower(ready[place]);
            place = self.highest(ready);
        }
        if ready[place] != self.last || ready.len() == 1 {
            self.last = ready[place];
            self.run = 0;
            return place;
        }
        self.run += 1;
        if self.run >= RUN {
            self.run = 0;
            self.lower(ready[place]);
            place = self.highest(ready);
        }
        place
    }
}

#[cfg(test)]
mod tests;
