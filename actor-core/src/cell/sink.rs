//! Cells of adapter references: they have no mailbox of their own, but a sink that leads to another cell.
//!
//! Such a cell is never open and never bound to a system, so the path of an ordinary message, and whatever asks a bound cell, finds out at
//! no cost that there is no sink; only who finds a closed or an unbound cell looks for one. Room is reserved at the target before the
//! message is mapped, so a message is never mapped that is given back.

use std::task::{Context, Poll, Waker};

use super::{AnyCell, Cell, Guarded, Header, Refused};
use crate::dead_letter::{DeadLetter, DeadLetterReason};
use crate::mailbox::queue::{Ticket, Turn};
use crate::observe;
use crate::reply_scope::{Scope, current_actor, current_actor_id};
use crate::sync::Arc;
use crate::{ActorId, AskError, Mailbox, Overflow};

/// What became of the wish for room for a message.
pub(crate) enum Room {
    Promised(Ticket),
    Full,
    Closed,
    /// The overflow policy lets the message not in, and drops it.
    Dropped,
}

/// Where the messages of an adapter cell go. Its tickets are those of the target.
pub(crate) trait Sink<M>: Send + Sync {
    fn try_reserve(&self) -> Room;
    fn poll_reserve(
        &self,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>>;
    fn is_granted(&self, ticket: Ticket) -> bool;
    fn leave_line(&self, ticket: Ticket);
    /// Maps a message for which there is room, and puts it in. If the mailbox closes meanwhile, it becomes a dead letter.
    fn push(&self, ticket: Ticket, message: M);
    fn len(&self) -> usize;
    /// The cell of the actor at the end.
    fn target(&self) -> Arc<dyn AnyCell>;
    /// Nobody may hold a reference to the adapter any more.
    fn let_go(&self, adapter: &Header);
    /// Adds a reference to the adapter again, if its target can have one.
    fn revive(&self, adapter: &Header) -> bool;
}

impl<M: Send + 'static> Cell<M> {
    /// The cell of an adapter.
    pub(crate) fn adapter(sink: Arc<dyn Sink<M>>) -> Arc<Self> {
        let cell = Cell::new(Mailbox::unbounded(), None, false);
        let mut guarded = cell.lock();
        guarded.life.open = false;
        guarded.extras().sink = Some(Box::new(sink));
        drop(guarded);
        cell
    }

    /// Where its messages go, if it is the cell of an adapter.
    #[inline]
    pub(crate) fn sink(&self) -> Option<Arc<dyn Sink<M>>> {
        match self.header.binding() {
            Some(_) => None,
            None => self.find_sink(),
        }
    }

    #[cold]
    fn find_sink(&self) -> Option<Arc<dyn Sink<M>>> {
        let guarded = self.lock();
        let extras = guarded.extras.as_ref()?;
        extras.sink.as_ref()?.downcast_ref().cloned()
    }

    /// The untyped face of its actor, which is not the adapter's own.
    pub(crate) fn face(self: &Arc<Self>) -> Arc<dyn AnyCell> {
        match self.sink() {
            Some(sink) => sink.target(),
            None => Arc::clone(self) as Arc<dyn AnyCell>,
        }
    }

    /// The id of its actor.
    pub(crate) fn actor_id(&self) -> ActorId {
        match self.sink() {
            Some(sink) => sink.target().header().id(),
            None => self.header.id(),
        }
    }

    /// Whether it is its actor that is being polled on this thread.
    #[inline]
    pub(crate) fn is_polled_here(&self) -> bool {
        let polled = current_actor();
        polled != 0 && (polled == self.address() || self.leads_to(polled))
    }

    fn leads_to(&self, address: usize) -> bool {
        self.sink()
            .is_some_and(|sink| std::ptr::from_ref(sink.target().header()).addr() == address)
    }

    /// A message came upon a closed cell.
    #[cold]
    pub(super) fn push_closed(&self, message: M) -> Result<(), Refused<M>> {
        let Some(sink) = self.sink() else {
            return Err(Refused::Closed(message));
        };
        match sink.try_reserve() {
            Room::Promised(ticket) => sink.push(ticket, message),
            Room::Full => return Err(Refused::Full(message)),
            Room::Closed => return Err(Refused::Closed(message)),
            Room::Dropped => {
                let why = DeadLetterReason::Overflow;
                bury(&*sink.target(), message, why, &AskError::Overflow);
            }
        }
        Ok(())
    }

    /// Promises room, if there is some or if the overflow policy makes some.
    pub(crate) fn try_reserve(&self) -> Room {
        if let Some(sink) = self.sink() {
            return sink.try_reserve();
        }
        let mut guarded = self.lock();
        if !guarded.life.open {
            return Room::Closed;
        }
        let Guarded { queue, life, .. } = &mut *guarded;
        if queue.has_room(|| self.begun_count(life)) {
            return Room::Promised(queue.grant_now());
        }
        match queue.overflow() {
            Overflow::Wait => return Room::Full,
            Overflow::DropNewest => {
                queue.note_refused();
                return Room::Dropped;
            }
            Overflow::DropOldest => {}
        }
        // Promised first: the oldest gives way to it even if it is the only one.
        let ticket = queue.grant_now();
        let Some(oldest) = queue.make_room() else {
            queue.leave_line(ticket);
            queue.note_refused();
            return Room::Dropped;
        };
        self.accepted
            .store(queue.kept(), crate::sync::Ordering::Release);
        drop(guarded);
        self.overflowed(oldest, None);
        Room::Promised(ticket)
    }

    /// Whether a promise of room still stands.
    pub(crate) fn is_granted(&self, ticket: Ticket) -> bool {
        if let Some(sink) = self.sink() {
            return sink.is_granted(ticket);
        }
        let mut noop = Waker::noop().clone();
        let mut guarded = self.lock();
        guarded.life.open && guarded.queue.turn(ticket, &mut noop) == Turn::Granted
    }

    /// Drops a message that was as good as accepted when the mailbox closed.
    pub(crate) fn refuse(self: &Arc<Self>, message: M) {
        refuse_at(&*self.face(), message);
    }

    /// The same for a cell that has a mailbox of its own.
    pub(super) fn refuse_here(&self, message: M) {
        refuse_at(self, message);
    }

    /// Keeps room, if there is some and nothing has to give way to it.
    pub(crate) fn reserve_now(&self) -> crate::routing::Room {
        use crate::routing::{Place, Room};
        let mut guarded = self.lock();
        if !guarded.life.open {
            return Room::Closed;
        }
        let Guarded { queue, life, .. } = &mut *guarded;
        if queue.has_room(|| self.begun_count(life)) {
            return Room::Kept(Place(queue.grant_now().number()));
        }
        match queue.overflow() {
            Overflow::Wait => Room::Full,
            _ => Room::Drops,
        }
    }
}

fn refuse_at<M>(face: &dyn AnyCell, message: M) {
    let mut reason = None;
    // While it drains or stops, why is known already.
    face.look(&mut |life| reason = Some(life.end().cloned().unwrap_or(life.stop_reason())));
    let reason = reason.expect("a look is taken at once");
    let why = AskError::Stopped {
        reason: reason.clone(),
        begun: false,
    };
    bury(face, message, DeadLetterReason::Stopped(reason), &why);
}

/// Drops a message that an actor will not handle, with the replies in it: it becomes a dead letter of that actor.
fn bury<M>(face: &dyn AnyCell, message: M, reason: DeadLetterReason, why: &AskError) {
    let scope = Scope::for_drop();
    crate::panic::discard(message);
    scope.close(|| why.clone());
    if let Some(system) = face.header().system() {
        let letter = DeadLetter {
            target: face.header().id(),
            name: face.name(),
            message_type: face.message_type(),
            reason,
            sender: current_actor_id(),
        };
        observe::dead_letter(face.header(), &letter);
        system.dead_letters.report(letter);
    }
}
