//! What a test has in its hands: a system, and the time.

use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::events::Event;
use super::rng::Rng;
use super::scheduler::Sim;
use crate::runtime::{after, sleep_until};
use crate::sync::{Arc, AtomicBool, Ordering, lock};
use crate::{ActorRef, ActorSystem, AnyActorRef, DeadLetter};

/// The system of a test; it derefs to [`ActorSystem`]. See the [module](super).
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::testing::Simulation;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # fn main() -> Result<(), BoxError> {
/// Simulation::new().run(|system| async move {
///     let sink = system.spawn(Sink);
///     sink.send(1).await.expect("it lives");
///     assert_eq!(sink.len(), 1, "it had no turn yet");
///     system.settle().await;
///     assert_eq!(sink.len(), 0);
/// })?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct TestSystem {
    system: ActorSystem,
    sim: Arc<Sim>,
}

impl Deref for TestSystem {
    type Target = ActorSystem;

    fn deref(&self) -> &ActorSystem {
        &self.system
    }
}

impl fmt::Debug for TestSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSystem")
            .field("seed", &self.sim.seed)
            .field("system", &self.system)
            .finish()
    }
}

impl TestSystem {
    pub(super) fn new(system: ActorSystem, sim: Arc<Sim>) -> Self {
        TestSystem { system, sim }
    }

    pub(super) fn sim(&self) -> &Arc<Sim> {
        &self.sim
    }

    #[track_caller]
    pub(super) fn check(&self) {
        assert!(
            self.sim.is_here(),
            "a TestSystem is of use inside of its own simulation only; this is another thread, another simulation, or the run is over"
        );
    }

    /// Waits until nothing can go on at the present instant: everybody has come to rest, or waits for a timer.
    ///
    /// # Panics
    ///
    /// Outside of its simulation.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is undone.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     system.settle().await;
    ///     assert_eq!(system.ready(), 0);
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn settle(&self) -> impl Future<Output = ()> + Send + '_ {
        self.check();
        told(|is_done, waker| self.sim.wait_for_idle(is_done, waker))
    }

    /// Lets virtual time pass, timer by timer, with all that they set in motion, also at its last instant. Whole milliseconds, upwards.
    ///
    /// # Panics
    ///
    /// Outside of its simulation.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the time that has passed has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # use std::time::Duration;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     system.advance(Duration::from_secs(3_600)).await;
    ///     assert_eq!(system.elapsed(), Duration::from_secs(3_600));
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn advance(&self, by: Duration) -> impl Future<Output = ()> + Send + '_ {
        self.check();
        let at = after(by);
        async move {
            self.settle().await;
            sleep_until(at).await;
            self.settle().await;
        }
    }

    /// Runs the others step by step, and time with them, until a condition holds. It is asked first, and then after each step.
    ///
    /// If it never holds the run fails, as one in which everybody waits.
    ///
    /// # Panics
    ///
    /// Outside of its simulation.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is undone.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let sink = system.spawn(Sink);
    ///     (1..=3).for_each(|n| sink.try_send(n).expect("there is room"));
    ///     system.run_until(|| sink.len() == 1).await;
    ///     assert_eq!(sink.len(), 1);
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn run_until(&self, holds: impl FnMut() -> bool) -> impl Future<Output = ()> {
        self.check();
        let mut holds = holds;
        async move {
            while !holds() {
                self.next_step().await;
            }
        }
    }

    /// Lets one of the others run once, whom the schedule chooses. `false` if none could.
    ///
    /// # Panics
    ///
    /// Outside of its simulation.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is undone.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     assert!(!system.step().await);
    ///     let _sinks = [system.spawn(Sink), system.spawn(Sink)];
    ///     assert!(system.step().await);
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn step(&self) -> impl Future<Output = bool> + Send + '_ {
        self.check();
        async move {
            let can_run = self.ready() > 0;
            if can_run {
                self.next_step().await;
            }
            can_run
        }
    }

    /// Waits until somebody else has run, at this instant or a later one.
    pub(super) fn next_step(&self) -> impl Future<Output = ()> + Send + '_ {
        told(|is_done, waker| self.sim.wait_for_step(is_done, waker))
    }

    /// How many tasks could run now, apart from the test.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let _sinks = [system.spawn(Sink), system.spawn(Sink)];
    ///     assert_eq!(system.ready(), 2);
    /// })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn ready(&self) -> usize {
        self.sim.ready()
    }

    /// The last events, oldest first; how many are kept is for [`keep_events`](super::Simulation::keep_events) to say.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let _sink = system.spawn(Sink);
    ///     assert_eq!(system.events()[0].to_string().trim(), "0ns  Sink #1 is spawned, for u32");
    /// })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        lock(&self.sim.log).last(usize::MAX)
    }

    /// How many events there were so far; [`events_after`](TestSystem::events_after) takes such a number.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move { assert_eq!(system.event_count(), 0) })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn event_count(&self) -> u64 {
        lock(&self.sim.log).count()
    }

    /// The events after the first `count`, as far as they are still kept.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let sink = system.start(Sink).await.expect("it starts");
    ///     let before = system.event_count();
    ///     sink.send(1).await.expect("it lives");
    ///     system.settle().await;
    ///     assert_eq!(system.events_after(before).len(), 2, "it was sent, and begun");
    /// })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn events_after(&self, count: u64) -> Vec<Event> {
        let log = lock(&self.sim.log);
        let fresh = log.count().saturating_sub(count);
        log.last(usize::try_from(fresh).unwrap_or(usize::MAX))
    }

    /// The dead letters so far, of all systems of the simulation; the first 10,000. For a subscription see
    /// [`ActorSystem::dead_letters`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let sink = system.spawn(Sink);
    ///     sink.try_send(7).expect("there is room");
    ///     sink.stop();
    ///     system.settle().await;
    ///     assert_eq!(system.dead_letters()[0].target, sink.id());
    /// })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        lock(&self.sim.log).letters()
    }

    /// The seed of this run.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().seed(7).run(|system| async move { assert_eq!(system.seed(), 7) })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.sim.seed
    }

    /// How much virtual time has passed since the run began.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # use std::time::Duration;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     tokio::time::sleep(Duration::from_secs(2)).await;
    ///     assert_eq!(system.elapsed(), Duration::from_secs(2));
    /// })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.sim.elapsed()
    }

    /// How many steps the run has taken.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move { assert_eq!(system.steps(), 1) })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.sim.pulse.step()
    }

    /// Random numbers of the test's own, that the seed determines: for faults, loads, and whatever else it makes up.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// let throw = || Simulation::new().seed(3).run(|system| async move { system.rng("dice").below(6) });
    /// assert_eq!(throw()?.output, throw()?.output);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn rng(&self, purpose: &str) -> Rng {
        // A purpose of a test never meets one of the kit.
        Rng::stream(self.sim.seed, &format!("test: {purpose}"))
    }

    /// Failures of this actor, earlier ones too, do not fail the test.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # struct Clumsy;
    /// # impl Actor for Clumsy {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { Err("oops".into()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let clumsy = system.spawn(Clumsy);
    ///     system.expect_failure(&clumsy);
    ///     clumsy.send(()).await.expect("it lives");
    ///     assert_eq!(clumsy.wait().await, ExitReason::Failed("oops".to_owned()));
    /// })?;
    /// # Ok(()) }
    /// ```
    pub fn expect_failure<M: Send + 'static>(&self, actor: &ActorRef<M>) {
        self.expect_failure_of(&actor.any());
    }

    /// The same for a reference without its message type.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # struct Clumsy;
    /// # impl Actor for Clumsy {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { Err("oops".into()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let clumsy = system.start_named("clumsy", Clumsy).await.expect("it starts");
    ///     clumsy.send(()).await.expect("it lives");
    ///     let found = system.lookup_any("clumsy").expect("it has that name");
    ///     system.expect_failure_of(&found);
    /// })?;
    /// # Ok(()) }
    /// ```
    pub fn expect_failure_of(&self, actor: &AnyActorRef) {
        lock(&self.sim.log).expect_failures_of_cell(Arc::clone(actor.cell()));
    }

    /// The failures so far that nobody expects, each with who failed and why. What is there at the end fails the test.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move { assert!(system.unexpected_failures().is_empty()) })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn unexpected_failures(&self) -> Vec<String> {
        let failed = lock(&self.sim.log).unexpected();
        failed
            .iter()
            .map(|failed| format!("{}: {}", failed.label, failed.reason))
            .collect()
    }
}

/// Completes when the scheduler says that something has happened. `wait` leaves it a waker.
fn told<'a>(
    wait: impl Fn(&Arc<AtomicBool>, &Waker) + Send + 'a,
) -> impl Future<Output = ()> + Send + 'a {
    let is_done = Arc::new(AtomicBool::new(false));
    poll_fn(move |cx| {
        if is_done.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        wait(&is_done, cx.waker());
        Poll::Pending
    })
}
