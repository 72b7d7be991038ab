//! One actor without a system for the test to set up, driven from synchronous code.
//!
//! | file | what is in it |
//! |---|---|
//! | `mod.rs` | [`Harness`]: what a test does to its actor |
//! | `answers.rs` | its asks of the actor, and its answers to those of the actor |
//! | `effects.rs` | what the actor did |
//! | `gather.rs` | what of all that happened was the actor's doing |
//! | `stage.rs` | stand-ins for the actors that it knows |
//! | `asks.rs` | asks under way, its own and the test's |
//! | `lent.rs` | how the test gets to see the state of a live actor |
//! | `machine.rs` | a simulation that goes on only while a call of the test lasts |
//!
//! It runs the cell, the loop and the hooks that every actor runs, in a simulation of its own, first in, first out. Each call does one
//! thing and then lets everybody go on until nothing can at the present instant. The idea is that of Akka's `BehaviorTestKit`, which runs
//! an imitation.

mod answers;
mod asks;
mod effects;
mod gather;
mod lent;
mod machine;
mod stage;

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use super::Crash;
use super::events::Event;
use crate::sync::{Arc, MutexGuard, lock};
use crate::{Actor, ActorRef, TimerKey};

use asks::Asked;
pub(crate) use asks::OpenAsk;
pub use effects::{Effect, Effects, Whom};
use lent::{Desk, Lent, OnDesk, Place};
pub use stage::Stage;

/// One actor under test; see [`Harness::new`].
///
/// It is for a plain `#[test]`: there is nothing to await. Time passes in [`advance`](Harness::advance) only, and is virtual. Each call
/// returns the [`Effects`] of what it set in motion, also of what the actor does later in the same call.
///
/// # Examples
///
/// ```
/// use actor_core::prelude::*;
/// use actor_core::testing::{Effect, Harness};
///
/// enum Msg { Add(u64), Flush }
///
/// /// Adds up, and tells the sum a second after the first number.
/// struct Batch { sum: u64, sink: ActorRef<u64> }
///
/// impl Actor for Batch {
///     type Msg = Msg;
///
///     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
///         match msg {
///             Msg::Add(n) => {
///                 if self.sum == 0 {
///                     ctx.send_after("flush", Duration::from_secs(1), Msg::Flush);
///                 }
///                 self.sum += n;
///             }
///             Msg::Flush => self.sink.send(std::mem::take(&mut self.sum)).await?,
///         }
///         Ok(())
///     }
/// }
///
/// let mut harness = Harness::with(|stage| Batch { sum: 0, sink: stage.reference("sink") });
/// let sink = harness.reference::<u64>("sink");
///
/// assert_eq!(harness.send(Msg::Add(2)), [Effect::timer_set("flush", Duration::from_secs(1))]);
/// assert!(harness.send(Msg::Add(3)).is_empty());
/// assert_eq!(harness.state().sum, 5);
///
/// let effects = harness.fire_timer("flush");
/// assert_eq!(effects.sent_to(&sink), [&5]);
/// assert_eq!(harness.state().sum, 0);
/// ```
pub struct Harness<A: Actor> {
    actor: ActorRef<A::Msg>,
    desk: Arc<Desk<A>>,
    stage: Stage,
    asked: Vec<Box<dyn Asked>>,
    started: Effects,
}

impl<A: Actor> fmt::Debug for Harness<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness")
            .field("actor", &self.actor)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

impl<A: Actor> Harness<A> {
    /// Starts an actor; [`started`](Harness::started) says what it did at its start.
    ///
    /// # Panics
    ///
    /// Inside of a tokio runtime or of a simulation, since it brings its own.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::Harness;
    ///
    /// struct Counter { total: u64 }
    ///
    /// impl Actor for Counter {
    ///     type Msg = u64;
    ///
    ///     async fn handle(&mut self, n: u64, _ctx: &mut Context<Self>) -> ActorResult {
    ///         self.total += n;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let mut counter = Harness::new(Counter { total: 1 });
    /// counter.send(2);
    /// assert_eq!(counter.state().total, 3);
    /// ```
    #[track_caller]
    pub fn new(actor: A) -> Self {
        Harness::with(|_| actor)
    }

    /// Starts an actor that is made with references to stand-ins.
    ///
    /// # Panics
    ///
    /// As [`new`](Harness::new).
    ///
    /// # Examples
    ///
    /// See [`Stage`].
    #[track_caller]
    pub fn with(make: impl FnOnce(&mut Stage) -> A) -> Self {
        let mut stage = Stage::new();
        let actor = make(&mut stage);
        let desk = Desk::new();
        let before = lock(&stage.machine.sim.log).count();
        let (system, shared) = (stage.machine.system.clone(), Arc::clone(&desk));
        let actor = stage.machine.run(async move {
            system
                .actor(actor)
                .spawn_in(|state| Lent::new(state, shared))
        });
        let mut harness = Harness {
            actor,
            desk,
            stage,
            asked: Vec::new(),
            started: Effects::default(),
        };
        harness.started = harness.effects_since(before);
        harness
    }

    /// What the actor did in its `started`, and until nothing was left to do then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{Effect, Harness};
    ///
    /// struct Clock;
    ///
    /// impl Actor for Clock {
    ///     type Msg = ();
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.send_interval("tick", Duration::from_secs(1), || ());
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// }
    ///
    /// let set = Effect::timer_set("tick", Duration::from_secs(1));
    /// assert_eq!(*Harness::new(Clock).started(), [set]);
    /// ```
    #[must_use]
    pub fn started(&self) -> &Effects {
        &self.started
    }

    /// The actor, for messages that are to hold a reference to it. What is sent by it is handled in the next call of the harness.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Harness;
    /// # struct Sum(u32);
    /// # impl Actor for Sum {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, n: u32, _: &mut Context<Self>) -> ActorResult { self.0 += n; Ok(()) }
    /// # }
    /// let mut sum = Harness::new(Sum(0));
    /// sum.actor_ref().try_send(7).expect("there is room");
    /// sum.settle();
    /// assert_eq!(sum.state().0, 7);
    /// ```
    #[must_use]
    pub fn actor_ref(&self) -> &ActorRef<A::Msg> {
        &self.actor
    }

    /// A reference to a stand-in, which keeps what it is sent; by the same name it is the same one.
    ///
    /// # Panics
    ///
    /// If there is one of that name for other messages.
    ///
    /// # Examples
    ///
    /// See [`Stage`].
    #[track_caller]
    pub fn reference<M: Send + 'static>(&mut self, name: &str) -> ActorRef<M> {
        self.stage.reference(name)
    }

    /// Takes the messages that a stand-in has got and that were not taken before; for those that are to be answered, or passed on. An ask in
    /// one of them ends when that is dropped.
    ///
    /// # Panics
    ///
    /// If the reference is not one of the stand-ins, or if [`Effects`] still hold one of the messages.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{Effect, Harness};
    ///
    /// struct Cache { db: ActorRef<Reply<u32>>, value: u32 }
    ///
    /// impl Actor for Cache {
    ///     type Msg = ();
    ///
    ///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
    ///         self.value = self.db.ask(|reply| reply).await?;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let mut cache = Harness::with(|stage| Cache { db: stage.reference("db"), value: 0 });
    /// let db = cache.reference::<Reply<u32>>("db");
    /// assert_eq!(cache.send(()), [Effect::asked::<u32>(&db)]);
    /// for question in cache.take_sent_to(&db) {
    ///     question.send(7);
    /// }
    /// cache.settle();
    /// assert_eq!(cache.state().value, 7);
    /// ```
    #[track_caller]
    pub fn take_sent_to<M: Send + 'static>(&mut self, stand_in: &ActorRef<M>) -> Vec<M> {
        self.stage.take(stand_in)
    }

    /// Sends the actor a message and lets it handle it.
    ///
    /// # Panics
    ///
    /// If the mailbox does not accept it: the actor has ended, or it is in the middle of a handler and the mailbox has filled up.
    ///
    /// # Examples
    ///
    /// See [`Harness`].
    #[track_caller]
    pub fn send(&mut self, message: A::Msg) -> Effects {
        self.send_it(message)
    }

    #[track_caller]
    fn send_it(&mut self, message: A::Msg) -> Effects {
        let actor = self.actor.clone();
        let (sent, effects) =
            self.run(async move { actor.try_send(message).map_err(|e| e.to_string()) });
        if let Err(refused) = sent {
            panic!(
                "the actor does not take this message: {refused}{}",
                self.end()
            );
        }
        effects
    }

    /// The state, between two messages. Nothing happens while it is held.
    ///
    /// # Panics
    ///
    /// If the actor is in the middle of a hook or a handler, which has the state, or if it has ended.
    ///
    /// # Examples
    ///
    /// See [`Harness::new`].
    #[track_caller]
    #[must_use]
    pub fn state(&self) -> impl Deref<Target = A> {
        State(self.lent())
    }

    /// Runs something with the state, between two messages; it may change it.
    ///
    /// # Panics
    ///
    /// As [`state`](Harness::state).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Harness;
    /// # struct Sum(u32);
    /// # impl Actor for Sum {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, n: u32, _: &mut Context<Self>) -> ActorResult { self.0 += n; Ok(()) }
    /// # }
    /// let mut sum = Harness::new(Sum(0));
    /// sum.with_state(|sum| sum.0 = 100);
    /// sum.send(7);
    /// assert_eq!(sum.with_state(|sum| sum.0), 107);
    /// ```
    #[track_caller]
    pub fn with_state<R>(&mut self, look: impl FnOnce(&mut A) -> R) -> R {
        let mut lent = self.lent();
        let Place::Here(state) = &mut lent.place else {
            unreachable!("it was looked at just now");
        };
        look(state)
    }

    #[track_caller]
    fn lent(&self) -> MutexGuard<'_, OnDesk<A>> {
        let desk = self.desk.look();
        let is_over = match desk.place {
            Place::Here(_) => return desk,
            Place::Over => true,
            Place::InHand => false,
        };
        // What follows looks at the desk as well.
        drop(desk);
        if is_over {
            panic!("the actor has ended and its state is gone{}", self.end());
        }
        panic!(
            "the actor is in the middle of {}, which has its state; let it go on first: complete_ask, advance",
            self.in_hand()
        )
    }

    /// Lets a timer be due at once, whatever the time. Of an interval the next tick is a period from now.
    ///
    /// # Panics
    ///
    /// If there is no such timer, or if the actor is in the middle of a hook or a handler: timers come between two messages.
    ///
    /// # Examples
    ///
    /// See [`Harness`].
    #[track_caller]
    pub fn fire_timer(&mut self, key: impl Into<TimerKey>) -> Effects {
        let key = key.into();
        let known = self.lent().timers.clone();
        assert!(
            known.contains(&key),
            "the actor has no timer {key:?}; {}",
            list("it has", &known)
        );
        let desk = Arc::clone(&self.desk);
        self.run(async move { desk.hasten(key) }).1
    }

    /// Lets virtual time pass, timer by timer.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::{Effect, Harness};
    /// # struct Alarm;
    /// # impl Actor for Alarm {
    /// #     type Msg = bool;
    /// #     async fn handle(&mut self, is_over: bool, ctx: &mut Context<Self>) -> ActorResult {
    /// #         if is_over { ctx.stop() } else { ctx.send_after("ring", Duration::from_secs(3_600), true) }
    /// #         Ok(())
    /// #     }
    /// # }
    /// let mut alarm = Harness::new(Alarm);
    /// alarm.send(false);
    /// assert!(alarm.advance(Duration::from_secs(3_599)).is_empty());
    /// assert_eq!(alarm.advance(Duration::from_secs(1)), [Effect::stopped(ExitReason::Normal)]);
    /// ```
    #[track_caller]
    pub fn advance(&mut self, by: Duration) -> Effects {
        let system = self.stage.machine.system.clone();
        self.run(async move { system.advance(by).await }).1
    }

    /// Lets everybody go on until nothing can, after something was done by way of a reference or a reply.
    ///
    /// # Examples
    ///
    /// See [`actor_ref`](Harness::actor_ref).
    #[track_caller]
    pub fn settle(&mut self) -> Effects {
        self.run(async {}).1
    }

    /// Makes the actor fail, between two messages or in the handler that it is in the middle of.
    ///
    /// # Panics
    ///
    /// If it has ended, or if it has not started yet: then it can only be killed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{Crash, Effect, Harness};
    ///
    /// struct Tidy { log: ActorRef<&'static str> }
    ///
    /// impl Actor for Tidy {
    ///     type Msg = ();
    ///
    ///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult { Ok(()) }
    ///
    ///     async fn stopped(&mut self, _reason: &ExitReason, _ctx: &mut Context<Self>) {
    ///         drop(self.log.send("tidied up").await);
    ///     }
    /// }
    ///
    /// let mut tidy = Harness::with(|stage| Tidy { log: stage.reference("log") });
    /// let log = tidy.reference::<&str>("log");
    /// let effects = tidy.crash(Crash::Error("disk full".into()));
    /// assert_eq!(
    ///     effects,
    ///     [Effect::sent(&log), Effect::stopped(ExitReason::Failed("disk full".into()))],
    /// );
    /// ```
    #[track_caller]
    pub fn crash(&mut self, crash: Crash) -> Effects {
        assert!(
            !self.actor.is_closed(),
            "the actor has ended already{}",
            self.end()
        );
        let (desk, actor) = (Arc::clone(&self.desk), self.actor.clone());
        match crash {
            Crash::Kill => self.run(async move { actor.kill() }).1,
            crash => {
                assert!(
                    self.desk.is_running(),
                    "the actor is in the middle of `started`: it can be killed, but not fail in its loop"
                );
                self.run(async move { desk.strike(crash) }).1
            }
        }
    }

    /// Stops the actor: what it has in hand is completed, and `stopped` runs.
    ///
    /// # Examples
    ///
    /// See [`Effects`].
    #[track_caller]
    pub fn stop(&mut self) -> Effects {
        let actor = self.actor.clone();
        self.run(async move { actor.stop() }).1
    }

    /// How much virtual time has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Harness;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// let mut harness = Harness::new(Sink);
    /// harness.advance(Duration::from_secs(60));
    /// assert_eq!(harness.elapsed(), Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.stage.machine.system.elapsed()
    }

    /// All events so far, also those of children and stand-ins; the last 100,000.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Harness;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// let mut harness = Harness::new(Sink);
    /// harness.send(7);
    /// assert!(harness.events().iter().any(|event| event.to_string().ends_with("begins u32")));
    /// ```
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.stage.machine.system.events()
    }

    /// Runs a command, and gathers what the actor did.
    #[track_caller]
    fn run<T: 'static>(&mut self, command: impl Future<Output = T> + 'static) -> (T, Effects) {
        let before = lock(&self.stage.machine.sim.log).count();
        let output = self.stage.machine.run(command);
        (output, self.effects_since(before))
    }
}

/// A state that lies on the desk.
struct State<'a, A>(MutexGuard<'a, OnDesk<A>>);

impl<A> Deref for State<'_, A> {
    type Target = A;

    fn deref(&self) -> &A {
        match &self.0.place {
            Place::Here(state) => state,
            _ => unreachable!("nobody takes it while it is looked at"),
        }
    }
}

fn list(verb: &str, known: &[impl fmt::Debug]) -> String {
    if known.is_empty() {
        return format!("{verb} nothing");
    }
    format!("{verb} {known:?}")
}
