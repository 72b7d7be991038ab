//! A simulation: what it is to be like, and one run of it.
//!
//! A run has a runtime, a scheduler and a log of its own, so any number of them can go on in one process, each on its thread.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};

use super::env::{Wishes, name_of};
use super::logs;
use super::recording::{Origin, Recording};
use super::report::{Circumstances, Failure, FailureKind, Left, Report};
use super::scheduler::{End, Inside, Limits, Schedule, Scheduler, Sim, is_simulated};
use super::system::TestSystem;
use super::watch::Pulse;
use crate::ActorSystem;
use crate::sync::{Arc, lock};
use crate::system::SystemBuilder;

/// Virtual time in which something must happen, unless said otherwise: a year.
const HORIZON: Duration = Duration::from_secs(365 * 24 * 3_600);
/// Steps within which the test must have a turn: some seconds of real time.
const STEPS: u64 = 20_000_000;
/// How many steps a run is taken to have that was not measured.
const LENGTH: u64 = 1_000;
/// Events that are kept.
const EVENTS: usize = 1_000;

type Configure = dyn Fn(SystemBuilder) -> SystemBuilder + Send + Sync;

/// A test in which the seed decides who runs next; see the [module](super).
///
/// # Examples
///
/// ```
/// use actor_core::prelude::*;
/// use actor_core::testing::Simulation;
///
/// # struct Echo;
/// # impl Actor for Echo {
/// #     type Msg = Reply<u32>;
/// #     async fn handle(&mut self, reply: Reply<u32>, _: &mut Context<Self>) -> ActorResult { reply.send(7); Ok(()) }
/// # }
/// # fn main() -> Result<(), BoxError> {
/// let report = Simulation::new().seed(3).strict(true).run(|system| async move {
///     system.spawn(Echo).ask(|reply| reply).await.expect("it answers")
/// })?;
/// assert_eq!((report.output, report.seed), (7, 3));
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "nothing runs before `run`, `seeds` or `check_deterministic`"]
pub struct Simulation {
    seed: u64,
    schedule: Schedule,
    /// The schedule is not what the test says.
    is_another: bool,
    length: u64,
    limits: Limits,
    is_strict: bool,
    is_recording: bool,
    records: Option<PathBuf>,
    pub(super) events: usize,
    configure: Option<Arc<Configure>>,
}

impl Default for Simulation {
    fn default() -> Self {
        Simulation::new()
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("seed", &self.seed)
            .field("schedule", &self.schedule)
            .finish_non_exhaustive()
    }
}

impl Simulation {
    /// Seed 0, the mixed schedule, not strict.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Simulation;
    ///
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// assert_eq!(Simulation::new().run(|_| async { 7 })?.output, 7);
    /// # Ok(()) }
    /// ```
    pub fn new() -> Self {
        Simulation {
            seed: 0,
            schedule: Schedule::default(),
            is_another: false,
            length: LENGTH,
            limits: Limits {
                horizon: HORIZON,
                steps: STEPS,
            },
            is_strict: false,
            is_recording: false,
            records: None,
            events: EVENTS,
            configure: None,
        }
    }

    /// What decides everything. `ACTOR_TEST_SEED` has the last word.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Simulation;
    ///
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// assert_eq!(Simulation::new().seed(7).run(|_| async {})?.seed, 7);
    /// # Ok(()) }
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How the seed decides; [`Schedule::Mixed`] by default. `ACTOR_TEST_SCHEDULE` has the last word.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::{Schedule, Simulation};
    ///
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// let plain = Simulation::new().schedule(Schedule::Fifo).run(|_| async {})?;
    /// assert_eq!(plain.schedule, Schedule::Fifo);
    /// # Ok(()) }
    /// ```
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// How many steps a run takes, about: [`Schedule::Pct`] spreads its changes over them. 1,000 by default;
    /// [`seeds`](Simulation::seeds) measures it.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Simulation;
    ///
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// let length = Simulation::new().run(|_| async {})?.steps;
    /// Simulation::new().length(length).seed(7).run(|_| async {})?;
    /// # Ok(()) }
    /// ```
    pub fn length(mut self, steps: u64) -> Self {
        self.length = steps;
        self
    }

    /// How much virtual time may pass in which nothing happens; a year by default. Longer, and the run has failed: everybody waits for
    /// somebody, and no timer is set. So no timer of a test may be longer.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Simulation;
    /// use std::time::Duration;
    ///
    /// let century = Duration::from_secs(100 * 365 * 24 * 3_600);
    /// Simulation::new().horizon(2 * century).run(|system| async move { system.advance(century).await }).unwrap();
    /// ```
    pub fn horizon(mut self, horizon: Duration) -> Self {
        self.limits.horizon = horizon;
        self
    }

    /// How many steps of others there may be between two turns of the test; 20 million by default. More, and the run has failed:
    /// somebody is busy for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::{FailureKind, Simulation};
    /// use std::time::Duration;
    ///
    /// # use actor_core::prelude::*;
    /// # struct Clock;
    /// # impl Actor for Clock {
    /// #     type Msg = ();
    /// #     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    /// #         ctx.send_interval("tick", Duration::from_secs(1), || ());
    /// #         Ok(())
    /// #     }
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// // A clock ticks for ever, so this is no deadlock.
    /// let run = Simulation::new().step_limit(10_000).run(|system| async move {
    ///     let _clock = system.spawn(Clock);
    ///     std::future::pending::<()>().await
    /// });
    /// assert_eq!(run.unwrap_err().kind, FailureKind::Endless { steps: 10_000 });
    /// ```
    pub fn step_limit(mut self, steps: u64) -> Self {
        self.limits.steps = steps;
        self
    }

    /// Whether the run fails if actors, timers or messages are left when the test is over and all has come to rest, or if somebody was
    /// woken from outside. Off by default: then the [report](Report) tells.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{FailureKind, Simulation};
    ///
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// let run = Simulation::new().strict(true).run(|system| async move {
    ///     system.start_named("sink", Sink).await.expect("it starts"); // Its name keeps it alive.
    /// });
    /// assert!(matches!(run.unwrap_err().kind, FailureKind::Left { alive, .. } if alive.len() == 1));
    /// ```
    pub fn strict(mut self, is_strict: bool) -> Self {
        self.is_strict = is_strict;
        self
    }

    /// How many of the last events are kept for [`TestSystem::events`] and for failures; 1,000 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Simulation;
    ///
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// let kept = Simulation::new().keep_events(0).run(|system| async move { system.events().len() })?;
    /// assert_eq!(kept.output, 0);
    /// # Ok(()) }
    /// ```
    pub fn keep_events(mut self, count: usize) -> Self {
        self.events = count;
        self
    }

    /// Whether the report, or the failure, holds all that the seed decided, for [`Schedule::Replay`]. Off by default: it takes four bytes
    /// for each step.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::{Schedule, Simulation};
    ///
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// let first = Simulation::new().seed(7).record_picks(true).run(|_| async {})?;
    /// let picks = first.picks.expect("they were asked for");
    /// let again = Simulation::new().schedule(Schedule::Replay(picks)).run(|_| async {})?;
    /// assert_eq!(again.digest, first.digest);
    /// # Ok(()) }
    /// ```
    pub fn record_picks(mut self, is_recording: bool) -> Self {
        self.is_recording = is_recording;
        self
    }

    /// Writes a run that fails to a file in this folder, and names it in the failure: `ACTOR_TEST_REPLAY` and the name of the file play it
    /// again. Off by default. `ACTOR_TEST_RECORD` has the last word: it names a folder, or is 1 for the folder `tmp` of the build.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::{Schedule, Simulation};
    ///
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// # let folder = std::env::temp_dir().join(format!("doc-of-records-{}", std::process::id()));
    /// let hangs = |_| std::future::pending::<()>();
    /// let first = Simulation::new().seed(7).record_failures(&folder).run(hangs).unwrap_err();
    ///
    /// let file = first.file.as_ref().expect("it was written");
    /// let again = Simulation::new().schedule(Schedule::replay(file)?).run(hangs).unwrap_err();
    /// assert_eq!((again.seed, again.digest), (7, first.digest));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(()) }
    /// ```
    pub fn record_failures(mut self, folder: impl Into<PathBuf>) -> Self {
        self.records = Some(folder.into());
        self
    }

    /// Options for the system of the test.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Simulation;
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new()
    ///     .configure(|system| system.ask_timeout(Duration::from_millis(10)))
    ///     .run(|system| async move { assert_eq!(system.name(), "test") })?;
    /// # Ok(()) }
    /// ```
    pub fn configure(
        mut self,
        configure: impl Fn(SystemBuilder) -> SystemBuilder + Send + Sync + 'static,
    ) -> Self {
        self.configure = Some(Arc::new(configure));
        self
    }

    /// Runs a test once. It may go on until nothing is ready when the test is over; then everything is dropped.
    ///
    /// # Errors
    ///
    /// See [`FailureKind`]. Nothing is left of the run, and another one with the same seed fails in the same way.
    ///
    /// # Panics
    ///
    /// As the test does, with its payload; what is known besides goes to standard error. Also inside of a tokio runtime or of another
    /// simulation, since this brings its own, and when an environment variable cannot be understood.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Simulation;
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// let report = Simulation::new().run(|_| tokio::time::sleep(Duration::from_secs(60)))?;
    /// assert_eq!(report.elapsed, Duration::from_secs(60));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn run<T, F, Fut>(self, body: F) -> Result<Report<T>, Box<Failure>>
    where
        F: FnOnce(TestSystem) -> Fut,
        Fut: Future<Output = T>,
    {
        let wishes = Wishes::from_env();
        let seed = wishes.seeds.map_or(self.seed, |seeds| seeds.start);
        match self.wished(wishes.schedule).run_once(seed, body).0 {
            Err(failure) if matches!(failure.kind, FailureKind::Panicked { .. }) => {
                failure.resume()
            }
            other => other,
        }
    }

    /// With another schedule than the test says, if there is one.
    pub(super) fn wished(mut self, schedule: Option<Schedule>) -> Self {
        if let Some(schedule) = schedule {
            self.schedule = schedule;
            self.is_another = true;
        }
        self
    }

    pub(super) fn needs_length(&self) -> bool {
        self.schedule.needs_length()
    }

    /// One run, and what it shared.
    #[track_caller]
    pub(super) fn run_once<T, F, Fut>(
        &self,
        seed: u64,
        body: F,
    ) -> (Result<Report<T>, Box<Failure>>, Arc<Sim>)
    where
        F: FnOnce(TestSystem) -> Fut,
        Fut: Future<Output = T>,
    {
        assert!(
            !is_simulated() && Handle::try_current().is_err(),
            "a simulation brings a runtime of its own: run it in a plain #[test], not in a #[tokio::test] or inside of another simulation"
        );
        let records = super::env::record_folder().or_else(|| self.records.clone());
        let seed = match &self.schedule {
            Schedule::Replay(recording) => recording.seed,
            _ => seed,
        };
        let pulse = Pulse::watched(format!("simulation of {}, seed {seed}", name_of_test()));
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let runtime = runtime.expect("a runtime without I/O takes nothing that could be missing");
        let sim = Sim::new(seed, runtime.handle().clone(), self.events, pulse);
        if let Schedule::Replay(recording) = &self.schedule {
            sim.faults.replay(&recording.faults);
        }
        let inside = Inside::enter(&sim);
        let logged = logs::listen();
        let ran = runtime.block_on(self.drive(&sim, records.is_some(), body));
        drop(logged);
        drop(runtime);
        drop(inside);
        (self.judge(&sim, ran, records), sim)
    }

    async fn drive<T, F, Fut>(&self, sim: &Arc<Sim>, is_recorded: bool, body: F) -> Ran<T>
    where
        F: FnOnce(TestSystem) -> Fut,
        Fut: Future<Output = T>,
    {
        let builder = ActorSystem::builder("test");
        let builder = match &self.configure {
            Some(configure) => configure(builder),
            None => builder,
        };
        let system = builder.build();
        let handed_out = TestSystem::new(system.clone(), Arc::clone(sim));
        let mut scheduler = Scheduler::new(
            sim,
            (self.schedule.clone(), self.length),
            self.limits,
            self.is_recording || is_recorded,
            async move { body(handed_out).await },
        );
        let end = (&mut scheduler).await;
        let left = Left::of(sim);
        scheduler.close();
        let (picks, picked) = scheduler.picks();
        drop(system);
        Ran {
            end,
            left,
            picks,
            picked,
        }
    }

    fn judge<T>(
        &self,
        sim: &Arc<Sim>,
        mut ran: Ran<T>,
        records: Option<PathBuf>,
    ) -> Result<Report<T>, Box<Failure>> {
        let digest = {
            let mut digest = super::digest::Digest::resume(lock(&sim.log).digest());
            digest.mix(ran.picked);
            digest.value()
        };
        let picks = ran.picks.take();
        let recording = picks.map(|picks| self.recording(sim, digest, picks));
        let misfit = match &self.schedule {
            Schedule::Replay(played) => played.misfit(digest),
            _ => None,
        };
        match (self.verdict(sim, ran, digest), misfit) {
            (Ok(report), None) => Ok(Report {
                picks: recording.filter(|_| self.is_recording),
                ..report
            }),
            (Ok(_), Some(text)) => Err(self.fail(sim, digest, FailureKind::Misfit { text })),
            (Err(mut failure), misfit) => {
                misfit.into_iter().for_each(|text| failure.note(text));
                failure.recording = recording;
                if let Some(folder) = records {
                    failure.save(&folder, &name_of_test());
                }
                Err(failure)
            }
        }
    }

    fn recording(&self, sim: &Sim, digest: u64, picks: Vec<u32>) -> Recording {
        let origin = Origin {
            test: name_of_test(),
            schedule: format!("{:?}", self.schedule.under(sim.seed)),
            file: None,
        };
        Recording {
            seed: sim.seed,
            picks,
            faults: sim.faults.decisions(),
            digest: Some(digest),
            origin: Arc::new(origin),
        }
    }

    fn verdict<T>(
        &self,
        sim: &Arc<Sim>,
        ran: Ran<T>,
        digest: u64,
    ) -> Result<Report<T>, Box<Failure>> {
        let fail = |kind| self.fail(sim, digest, kind);
        let output = match ran.end {
            End::Over(output) => output,
            End::Panicked(payload) => {
                let (kind, payload) = panicked(payload);
                let mut failure = fail(kind);
                failure.keep_payload(payload);
                return Err(failure);
            }
            End::Deadlock(waiting) => return Err(fail(FailureKind::Deadlock { waiting })),
            End::Endless(steps) => return Err(fail(FailureKind::Endless { steps })),
        };
        if let Some(kind) = self.complaint(sim, &ran.left) {
            return Err(fail(kind));
        }
        let log = lock(&sim.log);
        Ok(Report {
            output,
            seed: sim.seed,
            schedule: self.schedule.under(sim.seed),
            steps: sim.pulse.step(),
            elapsed: log.now,
            events: log.count(),
            digest,
            actors_alive: ran.left.alive,
            timers_pending: ran.left.timers,
            messages_unhandled: ran.left.unhandled,
            outside_wakes: sim.outside_wakes().0,
            picks: None,
        })
    }

    /// What is wrong with a run whose test has returned.
    fn complaint(&self, sim: &Sim, left: &Left) -> Option<FailureKind> {
        let failed = lock(&sim.log).unexpected();
        if !failed.is_empty() {
            let describe =
                |failed: &super::log::Failed| format!("{}: {}", failed.label, failed.reason);
            let failed = failed.iter().map(describe).collect();
            return Some(FailureKind::Actors { failed });
        }
        let (wakes, first) = sim.outside_wakes();
        if self.is_strict && wakes > 0 {
            let first = first.unwrap_or_default();
            return Some(FailureKind::Outside { wakes, first });
        }
        if self.is_strict && !left.is_nothing() {
            return Some(FailureKind::Left {
                alive: left.alive.clone(),
                timers: left.timers,
                unhandled: left.unhandled,
            });
        }
        None
    }

    /// A failure of this simulation.
    pub(super) fn fail(&self, sim: &Arc<Sim>, digest: u64, kind: FailureKind) -> Box<Failure> {
        let name = name_of(&self.schedule).filter(|_| self.is_another);
        let schedule = name.map_or_else(String::new, |name| format!("ACTOR_TEST_SCHEDULE={name} "));
        let (seed, test) = (sim.seed, name_of_test());
        let played = match &self.schedule {
            Schedule::Replay(recording) => recording.origin.file.as_ref(),
            _ => None,
        };
        let how = match played {
            Some(file) => format!("{}={}", super::env::REPLAY, file.display()),
            None => format!("{schedule}ACTOR_TEST_SEED={seed}"),
        };
        let at = Circumstances {
            sim,
            schedule: &self.schedule,
            length: self.length,
            digest,
            command: format!("{how} cargo test {test}"),
        };
        Failure::new(kind, at)
    }
}

/// The test harness names the threads of tests so.
pub(super) fn name_of_test() -> String {
    let name = std::thread::current().name().map(str::to_owned);
    name.unwrap_or_default()
}

/// What is known when a run is over.
struct Ran<T> {
    end: End<T>,
    left: Left,
    picks: Option<Vec<u32>>,
    /// The digest of all picks.
    picked: u64,
}

fn panicked(
    payload: Box<dyn std::any::Any + Send>,
) -> (FailureKind, Box<dyn std::any::Any + Send>) {
    let crate::panic::Panic { text, location } = crate::panic::look_at(&*payload);
    (FailureKind::Panicked { text, location }, payload)
}
