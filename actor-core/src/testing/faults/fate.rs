//! Interception: a test looks at each message before it begins, and decides what becomes of it.

use std::fmt;
use std::time::Duration;

use super::Crash;
use super::table::{AnySlot, Decision, Hook};
use crate::ActorRef;
use crate::snapshot::Site;
use crate::sync::Arc;
use crate::testing::TestSystem;
use crate::testing::scheduler::Sim;

/// What becomes of a message; see [`TestSystem::intercept`].
///
/// # Examples
///
/// ```
/// use actor_core::testing::Fate;
/// use std::time::Duration;
///
/// fn fate(n: &u32) -> Fate<u32> {
///     match n {
///         0 => Fate::Drop,
///         1 => Fate::Delay(Duration::from_millis(5)),
///         2 => Fate::Duplicate(*n),
///         3 => Fate::Replace(30),
///         4 => Fate::Fail("it is four".into()),
///         _ => Fate::Deliver,
///     }
/// }
/// # assert!(matches!(fate(&9), Fate::Deliver));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate<M> {
    /// It is handled.
    Deliver,
    /// It is lost, and a [dead letter](crate::DeadLetterReason::Intercepted). A reply in it resolves as
    /// [`Disconnected`](crate::AskError::Disconnected), without having run.
    Drop,
    /// It goes behind all that is there so much later. If the actor has ended by then, it is a dead letter.
    Delay(Duration),
    /// It is handled, and this copy of it right after it.
    Duplicate(M),
    /// This is handled in its place. A reply in it resolves as [`NoReply`](crate::AskError::NoReply).
    Replace(M),
    /// The actor fails with this error, as if handling it had returned it.
    Fail(String),
}

/// What met a message, as [events](super::super::EventKind::Fault) tell it.
///
/// # Examples
///
/// ```
/// use actor_core::testing::{Event, EventKind, Fault};
///
/// fn lost(events: &[Event]) -> usize {
///     let is_lost = |event: &&Event| matches!(event.kind, EventKind::Fault { fault: Fault::Dropped, .. });
///     events.iter().filter(is_lost).count()
/// }
/// # assert_eq!(lost(&[]), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It was lost.
    Dropped,
    /// It was held up.
    Delayed {
        /// How long.
        by: Duration,
    },
    /// It is handled twice.
    Duplicated,
    /// Another one is handled in its place.
    Replaced,
    /// It made the actor fail.
    Error,
    /// It made the actor panic.
    Panic,
    /// The actor was killed when it came.
    Kill,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Dropped => f.write_str("is dropped by the test"),
            Fault::Delayed { by } => write!(f, "is held up by the test for {by:?}"),
            Fault::Duplicated => f.write_str("is doubled by the test"),
            Fault::Replaced => f.write_str("is replaced by the test"),
            Fault::Error => f.write_str("makes it fail, by the test's will"),
            Fault::Panic => f.write_str("makes it panic, by the test's will"),
            Fault::Kill => f.write_str("is when the test kills it"),
        }
    }
}

/// Something that a test has set on an actor. Dropped, it stays set.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::testing::{Fate, Simulation};
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # fn main() -> Result<(), BoxError> {
/// Simulation::new().run(|system| async move {
///     let sink = system.spawn(Sink);
///     let deaf = system.intercept(&sink, |_| Fate::Drop);
///     sink.send(1).await.expect("it lives");
///     system.settle().await;
///     assert_eq!(deaf.count(), 1);
///     deaf.remove();
/// })?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Interception {
    sim: Arc<Sim>,
    address: usize,
    slot: Arc<dyn AnySlot>,
}

impl Interception {
    /// Takes it off. What is held up still comes.
    ///
    /// # Examples
    ///
    /// It stands with [`Interception`].
    pub fn remove(&self) {
        self.sim.faults.remove(self.address, &self.slot);
    }

    /// How many messages it has not just let through.
    ///
    /// # Examples
    ///
    /// It stands with [`Interception`].
    #[must_use]
    pub fn count(&self) -> u64 {
        self.slot.changed()
    }
}

impl fmt::Debug for Interception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interception")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

impl TestSystem {
    /// Looks at every message of an actor just before it would begin, and decides what becomes of it: those that were sent to it, its
    /// timers, and the results of its own work.
    ///
    /// What is not held up keeps its order. Several of them on one actor are asked in the order in which they were set, until one says
    /// something else than [`Fate::Deliver`]. A message is looked at once: not again when it was held up, doubled, or stashed.
    ///
    /// # Panics
    ///
    /// Outside of its simulation; for a reference that [maps](ActorRef::map) to another actor's, and for an actor of another system's
    /// simulation, or in another process: those are not handled here.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{Fate, Simulation};
    ///
    /// struct Adder { total: u32 }
    ///
    /// enum Msg { Add(u32), Total(Reply<u32>) }
    ///
    /// impl Actor for Adder {
    ///     type Msg = Msg;
    ///     async fn handle(&mut self, msg: Msg, _: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             Msg::Add(n) => self.total += n,
    ///             Msg::Total(reply) => reply.send(self.total),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let adder = system.spawn(Adder { total: 0 });
    ///     system.intercept(&adder, |msg| match msg {
    ///         Msg::Add(1) => Fate::Drop,
    ///         Msg::Add(2) => Fate::Replace(Msg::Add(20)),
    ///         Msg::Add(3) => Fate::Duplicate(Msg::Add(3)),
    ///         _ => Fate::Deliver,
    ///     });
    ///     for n in 1..=4 {
    ///         adder.send(Msg::Add(n)).await.expect("it lives");
    ///     }
    ///     assert_eq!(adder.ask(Msg::Total).await.expect("it answers"), 20 + 3 + 3 + 4);
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn intercept<M: Send + 'static>(
        &self,
        actor: &ActorRef<M>,
        decide: impl FnMut(&M) -> Fate<M> + Send + 'static,
    ) -> Interception {
        let mut decide = decide;
        self.set_fault(
            actor,
            Box::new(move |message: &M, _, _| match decide(message) {
                Fate::Deliver => Decision::Deliver,
                Fate::Drop => Decision::Drop,
                Fate::Delay(by) => Decision::Delay(by),
                Fate::Duplicate(copy) => Decision::Duplicate(copy),
                Fate::Replace(other) => Decision::Replace(other),
                Fate::Fail(text) => Decision::Crash(Crash::Error(text)),
            }),
        )
    }

    #[track_caller]
    pub(super) fn set_fault<M: Send + 'static>(
        &self,
        actor: &ActorRef<M>,
        hook: Hook<M>,
    ) -> Interception {
        self.check();
        let cell = actor.cell();
        assert!(
            cell.sink().is_none(),
            "{actor:?} only maps messages for another actor: set this on that one"
        );
        if let Some(binding) = cell.header().binding() {
            let seat = binding.system.runtime.seat();
            assert!(
                seat.is_some_and(|seat| Arc::ptr_eq(seat.sim(), self.sim())),
                "{actor:?} is no actor of this simulation"
            );
            assert!(
                matches!(binding.kind.site(), Site::Task | Site::Thread),
                "{actor:?} does not run here, so its messages cannot be intercepted before they begin"
            );
        }
        Interception {
            sim: Arc::clone(self.sim()),
            address: cell.address(),
            slot: self.sim().faults.set(cell, hook),
        }
    }
}
