//! The one place where the core tells a test what happens: with the feature `testing` each function here notes an event in the
//! simulation of its thread, without it each is empty.
//!
//! Called from wherever the thing happens, never under a lock. Outside of a simulation a call is one look at a thread local.

#[cfg(feature = "testing")]
pub(crate) use noted::*;
#[cfg(not(feature = "testing"))]
pub(crate) use unnoted::*;

#[cfg(feature = "testing")]
mod noted {
    use std::any::type_name;
    use std::time::Duration;

    use crate::cell::{AnyCell, Header};
    use crate::kind::Kind;
    use crate::reply::Slot;
    use crate::reply_scope::current_actor_id;
    use crate::sync::{Arc, lock};
    use crate::system::SystemCore;
    pub(crate) use crate::testing::scheduler::is_simulated;
    use crate::testing::scheduler::with_sim;
    use crate::testing::{EventKind, Fault, Who};
    use crate::{ActorId, DeadLetter, ExitReason, StartChild, TimerKey};

    /// Which actor of which system it is.
    pub(crate) fn who(header: &Header) -> Who {
        let seat = header.system().and_then(|system| system.runtime.seat());
        (seat.map_or(0, |seat| seat.number()), header.id())
    }

    #[cold]
    #[inline(never)]
    fn note(header: &Header, kind: EventKind) {
        with_sim(|sim| sim.note(who(header), kind));
    }

    /// A system was built.
    pub(crate) fn built(system: &Arc<SystemCore>) {
        if let Some(seat) = system.runtime.seat() {
            seat.sim().add_system(system);
        }
    }

    /// A system took an actor in.
    pub(crate) fn spawned(cell: &dyn AnyCell) {
        if is_simulated() {
            let binding = cell.header().binding();
            let spawned = EventKind::Spawned {
                actor_type: binding.and_then(|binding| binding.kind.actor_type()),
                message_type: cell.message_type(),
                by: current_actor_id(),
            };
            note(cell.header(), spawned);
        }
    }

    /// An actor got a name.
    pub(crate) fn named(header: &Header, name: &Arc<str>) {
        if is_simulated() {
            let name = Arc::clone(name);
            note(header, EventKind::Named { name });
        }
    }

    /// An incarnation begins.
    pub(crate) fn begins(header: &Header, incarnation: u32) {
        if is_simulated() && incarnation > 1 {
            note(header, EventKind::Restarted { incarnation });
        }
    }

    /// The start-up of an incarnation is complete.
    pub(crate) fn started(header: &Header, incarnation: u32) {
        if is_simulated() {
            note(header, EventKind::Started { incarnation });
        }
    }

    /// An incarnation ended.
    pub(crate) fn ended(header: &Header, incarnation: u32, reason: &ExitReason) {
        if is_simulated() && reason.is_failure() {
            let reason = Arc::new(reason.clone());
            note(
                header,
                EventKind::Failed {
                    incarnation,
                    reason,
                },
            );
        }
    }

    /// A supervisor gives up, since its children failed too often.
    pub(crate) fn escalated(header: &Header) {
        if is_simulated() {
            note(header, EventKind::Escalated);
        }
    }

    /// An actor ended for good.
    pub(crate) fn stopped(header: &Header, reason: &ExitReason) {
        if is_simulated() {
            let reason = Arc::new(reason.clone());
            note(header, EventKind::Stopped { reason });
        }
    }

    /// Somebody was handed the error of a failed start: it surprises nobody.
    pub(crate) fn failure_was_told(header: &Header) {
        if is_simulated() {
            with_sim(|sim| lock(&sim.log).expect_failures_of(who(header)));
        }
    }

    /// A mailbox accepted a message.
    #[inline(always)]
    pub(crate) fn sent<M>(header: &Header) {
        if is_simulated() {
            let (from, message) = (current_actor_id(), type_name::<M>());
            note(header, EventKind::Sent { from, message });
        }
    }

    /// An actor begins with a message.
    #[inline(always)]
    pub(crate) fn begun<M>(header: &Header) {
        if is_simulated() {
            let message = type_name::<M>();
            note(header, EventKind::Begun { message });
        }
    }

    /// Somebody asks an actor, who is to answer into this slot.
    #[inline(always)]
    pub(crate) fn asked<T: Send + 'static>(header: &Header, slot: &Arc<Slot<T>>) {
        if is_simulated() {
            let (from, answer) = (current_actor_id(), type_name::<T>());
            note(header, EventKind::Asked { from, answer });
            with_sim(|sim| sim.note_ask(header.id(), slot));
        }
    }

    /// Whoever is being polled answers.
    #[inline(always)]
    pub(crate) fn replied<T>() {
        if is_simulated() {
            note_reply(type_name::<T>());
        }
    }

    #[cold]
    fn note_reply(answer: &'static str) {
        let id = current_actor_id().unwrap_or(ActorId::UNBOUND);
        with_sim(|sim| sim.note((sim.polled_system(), id), EventKind::Replied { answer }));
    }

    /// An actor is to be told when another one ends.
    pub(crate) fn monitored(header: &Header, target: ActorId) {
        if is_simulated() {
            note(header, EventKind::Monitored { target });
        }
    }

    /// It does not want to be told any more.
    pub(crate) fn demonitored(header: &Header, target: ActorId) {
        if is_simulated() {
            note(header, EventKind::Demonitored { target });
        }
    }

    /// Two actors are to end together.
    pub(crate) fn linked(header: &Header, target: ActorId) {
        if is_simulated() {
            note(header, EventKind::Linked { target });
        }
    }

    /// They are not any more.
    pub(crate) fn unlinked(header: &Header, target: ActorId) {
        if is_simulated() {
            note(header, EventKind::Unlinked { target });
        }
    }

    pub(crate) fn timer_set(header: &Header, key: &TimerKey, after: Duration) {
        if is_simulated() {
            let key = key.clone();
            note(header, EventKind::TimerSet { key, after });
        }
    }

    pub(crate) fn timer_cancelled(header: &Header, key: &TimerKey) {
        if is_simulated() {
            let key = key.clone();
            note(header, EventKind::TimerCancelled { key });
        }
    }

    pub(crate) fn timer_fired(header: &Header, key: TimerKey) {
        if is_simulated() {
            note(header, EventKind::TimerFired { key });
        }
    }

    /// Whether a test has set faults on the actor of this cell.
    #[inline(always)]
    pub(crate) fn has_faults(address: usize) -> bool {
        is_simulated() && with_sim(|sim| sim.faults.are_set_on(address)).unwrap_or(false)
    }

    /// A message met a fault.
    pub(crate) fn fault(header: &Header, message: &'static str, fault: Fault) {
        // What a test makes fail is no fault of the actor.
        if matches!(fault, Fault::Error | Fault::Panic) {
            with_sim(|sim| lock(&sim.log).forgive(who(header)));
        }
        note(header, EventKind::Fault { message, fault });
    }

    /// What a test has put in the place of a child's factory.
    pub(crate) fn stand_in(
        id: &str,
        kind: Kind,
        cell: &Arc<dyn AnyCell>,
    ) -> Option<Arc<dyn StartChild>> {
        if !is_simulated() {
            return None;
        }
        with_sim(|sim| sim.faults.stand_in(id, kind, cell)).flatten()
    }

    /// A message will not be handled.
    pub(crate) fn dead_letter(header: &Header, letter: &DeadLetter) {
        if is_simulated() {
            let reason = Arc::new(letter.reason.clone());
            let message = letter.message_type;
            note(header, EventKind::DeadLetter { message, reason });
            with_sim(|sim| lock(&sim.log).note_letter(letter.clone()));
        }
    }
}

#[cfg(not(feature = "testing"))]
mod unnoted {
    use std::time::Duration;

    use crate::cell::{AnyCell, Header};
    use crate::kind::Kind;
    use crate::reply::Slot;
    use crate::sync::Arc;
    use crate::system::SystemCore;
    use crate::{ActorId, DeadLetter, ExitReason, StartChild, TimerKey};

    #[inline(always)]
    pub(crate) fn is_simulated() -> bool {
        false
    }
    pub(crate) fn built(_: &Arc<SystemCore>) {}
    pub(crate) fn spawned(_: &dyn AnyCell) {}
    pub(crate) fn named(_: &Header, _: &Arc<str>) {}
    pub(crate) fn begins(_: &Header, _: u32) {}
    pub(crate) fn started(_: &Header, _: u32) {}
    pub(crate) fn ended(_: &Header, _: u32, _: &ExitReason) {}
    pub(crate) fn escalated(_: &Header) {}
    pub(crate) fn stopped(_: &Header, _: &ExitReason) {}
    pub(crate) fn failure_was_told(_: &Header) {}
    #[inline(always)]
    pub(crate) fn sent<M>(_: &Header) {}
    #[inline(always)]
    pub(crate) fn begun<M>(_: &Header) {}
    #[inline(always)]
    pub(crate) fn asked<T: Send + 'static>(_: &Header, _: &Arc<Slot<T>>) {}
    #[inline(always)]
    pub(crate) fn replied<T>() {}
    pub(crate) fn monitored(_: &Header, _: ActorId) {}
    pub(crate) fn demonitored(_: &Header, _: ActorId) {}
    pub(crate) fn linked(_: &Header, _: ActorId) {}
    pub(crate) fn unlinked(_: &Header, _: ActorId) {}
    pub(crate) fn timer_set(_: &Header, _: &TimerKey, _: Duration) {}
    pub(crate) fn timer_cancelled(_: &Header, _: &TimerKey) {}
    pub(crate) fn timer_fired(_: &Header, _: TimerKey) {}
    pub(crate) fn stand_in(_: &str, _: Kind, _: &Arc<dyn AnyCell>) -> Option<Arc<dyn StartChild>> {
        None
    }
    pub(crate) fn dead_letter(_: &Header, _: &DeadLetter) {}
}
