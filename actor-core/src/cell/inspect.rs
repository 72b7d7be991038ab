//! What can be seen of a cell from outside: for snapshots and for the watchdog. Each look takes the lock once and changes nothing.
//!
//! What an incarnation is about is told by where it stands with its mailbox, which the lock knows anyway. What it does without the
//! mailbox (a tick, a signal, the first message after it gave up its thread, the stopped hook) it says by [`Cell::turn_to`] and its
//! siblings; so an ordinary message costs nothing here.

use super::{AnyCell, Cell, Guarded, rest};
use crate::ExitReason;
use crate::lifecycle::{Lifecycle, Phase, Request, Stance};
use crate::snapshot::{ActorState, Work};
use crate::sync::{Arc, Ordering};

/// One thing that an incarnation has in hand. Equal pulses, seen one after the other, are one and the same thing, in hand all the while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pulse {
    pub(crate) work: Work,
    pub(crate) incarnation: u32,
    pub(crate) begun: u64,
    pub(crate) turn: u8,
}

/// What a snapshot says of one cell.
pub(crate) struct Inspection {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) state: ActorState,
    pub(crate) incarnation: u32,
    pub(crate) restarts: u32,
    pub(crate) queued: usize,
    pub(crate) capacity: usize,
    pub(crate) handled: u64,
    pub(crate) dropped: u64,
    pub(crate) pulse: Option<Pulse>,
}

impl<M: Send + 'static> Cell<M> {
    /// The incarnation begins with something that is not counted as begun.
    pub(crate) fn turn_to(&self, incarnation: u32) {
        let mut guarded = self.lock();
        if guarded.life.incarnation == incarnation {
            guarded.life.turn = guarded.life.turn.wrapping_add(1);
            // It looks at its mailbox again before it rests, so nothing has to wake it meanwhile.
            self.header.rest.store(rest::AWAKE, Ordering::Relaxed);
            guarded.life.stance = Stance::Working;
        }
    }

    /// The incarnation has nothing in hand, and more to do as soon as it gets a thread.
    pub(crate) fn yielded(&self, incarnation: u32) {
        self.take_stance(incarnation, Stance::Called);
    }

    /// The incarnation handles no more messages: it stops its children, or is in its stopped hook.
    pub(crate) fn leaving(&self, incarnation: u32, in_hook: bool) {
        let stance = if in_hook {
            Stance::Parting
        } else {
            Stance::Ending
        };
        self.take_stance(incarnation, stance);
    }

    fn take_stance(&self, incarnation: u32, stance: Stance) {
        let mut guarded = self.lock();
        if guarded.life.incarnation == incarnation {
            guarded.life.stance = stance;
        }
    }

    pub(super) fn do_pulse(&self) -> Option<Pulse> {
        self.pulse_of(&self.lock())
    }

    fn pulse_of(&self, guarded: &Guarded<M>) -> Option<Pulse> {
        let life = &guarded.life;
        let work = match (life.phase, life.stance) {
            _ if self.header.rest.load(Ordering::Relaxed) == rest::RESTING => return None,
            (Phase::Starting, Stance::Working) => Work::Starting,
            (Phase::Running, Stance::Working) => Work::Handling,
            (Phase::Starting | Phase::Running, Stance::Parting) => Work::Stopping,
            _ => return None,
        };
        Some(Pulse {
            work,
            incarnation: life.incarnation,
            begun: self.handled(guarded),
            turn: life.turn,
        })
    }

    /// Messages begun. What an overflow policy took out is none of them.
    fn handled(&self, guarded: &Guarded<M>) -> u64 {
        let queue = &guarded.queue;
        self.begun_count(&guarded.life)
            .unwrap_or_else(|| queue.begun_seen().saturating_sub(queue.gone()))
    }

    pub(super) fn do_inspect(&self) -> Inspection {
        let guarded = self.lock();
        let extras = guarded.extras.as_deref();
        let given_up = extras.map_or(0, |extras| extras.given_up);
        let incarnation = guarded.life.incarnation;
        let handled = self.handled(&guarded);
        Inspection {
            name: extras.and_then(|extras| extras.name.clone()),
            state: state_of(&guarded.life),
            incarnation,
            restarts: (incarnation - given_up).saturating_sub(1),
            queued: guarded.queue.kept().saturating_sub(handled) as usize,
            capacity: guarded.queue.capacity(),
            handled,
            dropped: guarded.queue.dropped(),
            pulse: self.pulse_of(&guarded),
        }
    }
}

fn state_of(life: &Lifecycle) -> ActorState {
    let is_leaving = matches!(life.stance, Stance::Ending | Stance::Parting)
        || life.is_requested(&Request::Stop(ExitReason::Normal));
    match life.phase {
        Phase::Waiting => ActorState::Waiting,
        Phase::Closing | Phase::Ended => ActorState::Ended,
        Phase::Starting | Phase::Running if is_leaving => ActorState::Stopping,
        Phase::Starting => ActorState::Starting,
        Phase::Running if life.is_requested(&Request::Drain) => ActorState::Draining,
        Phase::Running => ActorState::Running,
    }
}

impl dyn AnyCell {
    /// What it has in hand, as far as that can be seen from this process.
    pub(crate) fn pulse_here(&self) -> Option<Pulse> {
        let is_here = self
            .header()
            .binding()
            .is_some_and(|binding| binding.kind.site().is_here());
        if is_here { self.pulse() } else { None }
    }
}
