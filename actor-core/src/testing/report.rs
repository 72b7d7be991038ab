//! What a run comes to: a report, or a failure that says how to see it again.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::recording::Recording;
use super::scheduler::Sim;
use super::{Schedule, env};
use crate::sync::{Arc, Mutex, lock};

/// Events that a failure shows.
const SHOWN: usize = 30;

/// How a run went that did not fail.
///
/// # Examples
///
/// ```
/// use actor_core::testing::Simulation;
///
/// # fn main() -> Result<(), actor_core::BoxError> {
/// let run = || Simulation::new().seed(7).run(|system| async move { system.seed() });
/// let (first, second) = (run()?, run()?);
/// assert_eq!(first.output, 7);
/// assert_eq!(first.digest, second.digest, "the same seed, the same run");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report<T> {
    /// What the test returned.
    pub output: T,
    /// The seed.
    pub seed: u64,
    /// The schedule; never [`Schedule::Mixed`], but what that came to.
    pub schedule: Schedule,
    /// How many times a task was polled.
    pub steps: u64,
    /// How much virtual time passed.
    pub elapsed: Duration,
    /// How many events there were.
    pub events: u64,
    /// A fingerprint of all picks and events: equal for equal runs.
    pub digest: u64,
    /// Actors that had not ended, as they are called in events.
    pub actors_alive: Vec<String>,
    /// Timers, and deadlines of asks, that had not come.
    pub timers_pending: usize,
    /// Messages that were accepted and not begun.
    pub messages_unhandled: usize,
    /// How often a task was woken from another thread. Above zero the seed did not decide everything.
    pub outside_wakes: u64,
    /// All that the seed decided, for [`Schedule::Replay`], if [they were asked for](super::Simulation::record_picks).
    pub picks: Option<Recording>,
}

/// What is left when a test is over.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) alive: Vec<String>,
    pub(super) timers: usize,
    pub(super) unhandled: usize,
}

impl Left {
    pub(super) fn of(sim: &Sim) -> Self {
        let mut left = Left::default();
        for system in sim.systems() {
            let number = system.runtime.seat().map_or(0, |seat| seat.number());
            let snapshot = crate::snapshot::take(&system);
            left.timers += snapshot.totals.timers;
            for actor in &snapshot.actors {
                left.unhandled += actor.mailbox_len;
                left.alive.push(lock(&sim.log).label((number, actor.id)));
            }
        }
        left
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.alive.is_empty() && self.timers == 0 && self.unhandled == 0
    }
}

/// Why a run failed.
///
/// # Examples
///
/// ```
/// use actor_core::testing::{FailureKind, Simulation};
///
/// let failure = Simulation::new().run(|_| std::future::pending::<()>()).unwrap_err();
/// assert!(matches!(failure.kind, FailureKind::Deadlock { .. }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// The test panicked.
    Panicked {
        /// The message.
        text: String,
        /// `file:line:column`.
        location: Option<String>,
    },
    /// Nothing could go on any more, and no timer was set.
    Deadlock {
        /// Who waits.
        waiting: Vec<String>,
    },
    /// The test had no turn for very many steps: somebody is busy for ever.
    Endless {
        /// How many.
        steps: u64,
    },
    /// Actors failed that the test did not [expect](super::TestSystem::expect_failure) to.
    Actors {
        /// Who, and why.
        failed: Vec<String>,
    },
    /// Strict: something was left over.
    Left {
        /// Actors that had not ended.
        alive: Vec<String>,
        /// Timers and deadlines that had not come.
        timers: usize,
        /// Messages that were not begun.
        unhandled: usize,
    },
    /// Strict: a task was woken from another thread, so the seed does not decide everything.
    Outside {
        /// How often.
        wakes: u64,
        /// Who, the first time.
        first: String,
    },
    /// Two runs with one seed were not the same.
    Parted {
        /// The number of the first event that differs.
        event: u64,
        /// What it was in the first run.
        first: Option<String>,
        /// What it was in the second.
        second: Option<String>,
    },
    /// The run did not fail, but it was not the one of the recording that was played.
    Misfit {
        /// What was found.
        text: String,
    },
}

/// A run that failed: why, what happened last, and how to see it again. `Debug` shows the same as `Display`, for `unwrap`.
///
/// Nothing is left of the run. Trying again with the same seed fails again, unless something outside of the simulation is to blame.
///
/// # Examples
///
/// ```
/// use actor_core::testing::Simulation;
///
/// let failure = Simulation::new().seed(7).run(|_| std::future::pending::<()>()).unwrap_err();
/// assert!(failure.to_string().contains("ACTOR_TEST_SEED=7"));
/// ```
#[non_exhaustive]
pub struct Failure {
    /// Why.
    pub kind: FailureKind,
    /// The seed.
    pub seed: u64,
    /// The schedule; never [`Schedule::Mixed`], but what that came to.
    pub schedule: Schedule,
    /// How long a run was taken to be, which PCT makes use of.
    pub length: u64,
    /// In which step.
    pub steps: u64,
    /// At which virtual time.
    pub elapsed: Duration,
    /// The fingerprint up to there.
    pub digest: u64,
    /// The last events, oldest first.
    pub events: Vec<String>,
    /// Actors that had failed by then without the test expecting it.
    pub failed_actors: Vec<String>,
    /// What runs it again.
    pub command: String,
    /// All that the seed decided, if it [was asked for](super::Simulation::record_picks), or written to a file.
    pub recording: Option<Recording>,
    /// The file that it was [written](super::Simulation::record_failures) to.
    pub file: Option<PathBuf>,
    /// What else is to be said of it.
    notes: Vec<String>,
    /// What the test panicked with.
    payload: Mutex<Option<Box<dyn Any + Send>>>,
}

/// What all failures have in common.
pub(super) struct Circumstances<'a> {
    pub(super) sim: &'a Arc<Sim>,
    pub(super) schedule: &'a Schedule,
    pub(super) length: u64,
    pub(super) digest: u64,
    pub(super) command: String,
}

impl Failure {
    /// In a box: it is large, and seldom.
    pub(super) fn new(kind: FailureKind, at: Circumstances<'_>) -> Box<Self> {
        let log = lock(&at.sim.log);
        let failed = log.unexpected();
        Box::new(Failure {
            kind,
            seed: at.sim.seed,
            schedule: at.schedule.under(at.sim.seed),
            length: at.length,
            steps: at.sim.pulse.step(),
            elapsed: log.now,
            digest: at.digest,
            events: log.last(SHOWN).iter().map(ToString::to_string).collect(),
            failed_actors: failed
                .iter()
                .map(|failed| format!("{}: {}", failed.label, failed.reason))
                .collect(),
            command: at.command,
            recording: None,
            file: None,
            notes: Vec::new(),
            payload: Mutex::new(None),
        })
    }

    /// What there is to say beside.
    pub(super) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// Writes what was recorded into a folder, under the name of the test and its seed.
    pub(super) fn save(&mut self, folder: &Path, test: &str) {
        let Some(recording) = &self.recording else {
            return;
        };
        let name = test.replace("::", "-").replace(['/', '\\', ' '], "-");
        let file = folder.join(format!("{name}-{}.replay", self.seed));
        match recording.save(&file) {
            Ok(()) => self.file = Some(file),
            Err(error) => self.note(format!(
                "the run could not be recorded in {}: {error}",
                file.display()
            )),
        }
    }

    /// What the test panicked with is kept, to go on with.
    pub(super) fn keep_payload(&mut self, payload: Box<dyn Any + Send>) {
        self.payload = Mutex::new(Some(payload));
    }

    /// Fails the test of the caller: a panic of the test body goes on as it was, so that its location is that of the user's line, and
    /// what is known besides is written to standard error.
    ///
    /// # Panics
    ///
    /// Always.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// use actor_core::testing::Simulation;
    ///
    /// let explored = Simulation::new().seeds(0..10, |_| async { assert_eq!(1 + 1, 3) });
    /// explored.unwrap_or_else(|failure| failure.resume());
    /// ```
    #[track_caller]
    #[expect(
        clippy::print_stderr,
        reason = "beside the panic itself, where whoever runs the test looks"
    )]
    pub fn resume(self) -> ! {
        let payload = lock(&self.payload).take();
        match payload {
            Some(payload) => {
                eprintln!("{self}");
                std::panic::resume_unwind(payload)
            }
            None => panic!("{self}"),
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailureKind::Panicked { text, location } => match location {
                Some(at) => write!(f, "the test panicked at {at}: {text}"),
                None => write!(f, "the test panicked: {text}"),
            },
            FailureKind::Deadlock { waiting } => {
                f.write_str("nothing can go on any more, and no timer is set; these wait:")?;
                waiting.iter().try_for_each(|who| write!(f, "\n    {who}"))
            }
            FailureKind::Endless { steps } => {
                write!(
                    f,
                    "the test had no turn for {steps} steps; somebody is busy for ever"
                )
            }
            FailureKind::Actors { failed } => {
                f.write_str("actors failed, which the test did not expect:")?;
                failed.iter().try_for_each(|who| write!(f, "\n    {who}"))
            }
            FailureKind::Left {
                alive,
                timers,
                unhandled,
            } => {
                write!(
                    f,
                    "the test left {} actors, {timers} timers and {unhandled} messages:",
                    alive.len()
                )?;
                alive.iter().try_for_each(|who| write!(f, "\n    {who}"))
            }
            FailureKind::Misfit { text } => f.write_str(text),
            FailureKind::Outside { wakes, first } => write!(
                f,
                "{first} was woken from outside of the simulation, and {} times more was somebody; the seed does not decide when that happens",
                wakes - 1
            ),
            FailureKind::Parted {
                event,
                first,
                second,
            } => {
                let shown = |side: &Option<String>| {
                    side.clone()
                        .unwrap_or_else(|| "nothing, the run was over".to_owned())
                };
                write!(
                    f,
                    "two runs with this seed are not the same; event {event} was\n    {}\nand the second time\n    {}",
                    shown(first),
                    shown(second)
                )
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.kind)?;
        if !self.failed_actors.is_empty() && !matches!(self.kind, FailureKind::Actors { .. }) {
            writeln!(
                f,
                "actors had failed before, which the test did not expect:"
            )?;
            for failed in &self.failed_actors {
                writeln!(f, "    {failed}")?;
            }
        }
        if !self.events.is_empty() {
            writeln!(f, "the last events:")?;
        }
        for event in &self.events {
            writeln!(f, "    {event}")?;
        }
        writeln!(
            f,
            "seed {}, schedule {:?}, step {}, {:?} of virtual time, digest {:016x}",
            self.seed, self.schedule, self.steps, self.elapsed, self.digest
        )?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        write!(f, "again: {}", self.command)?;
        if let Some(file) = &self.file {
            let variable = env::REPLAY;
            write!(f, "\nrecorded: {variable}={}", file.display())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Failure {}
