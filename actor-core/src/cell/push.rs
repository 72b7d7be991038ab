//! The sender's side of a cell: what comes in, and who waits for room.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use super::wakers::Wakers;
use super::{Cell, Guarded, Idle, Role};
use crate::dead_letter::DeadLetterReason;
use crate::mailbox::order::Key;
use crate::mailbox::queue::{Extra, Ticket, Turn};
use crate::observe;
use crate::reply_scope::{Scope, current_actor_id};
use crate::routing::{Place, Route};
use crate::sync::{MutexGuard, Ordering};
use crate::{ActorId, AskError, Overflow};

/// Why a push was refused; the message comes back.
#[derive(Debug)]
pub enum Refused<M> {
    /// There is no room.
    Full(M),
    /// Nothing is taken any more.
    Closed(M),
}

/// By value, so that a message whose mailbox has no priorities need not have an address: it stays in registers on its way.
#[inline(never)]
fn rank_by<M>(key: Key<M>, message: M) -> (i64, M) {
    (key(&message), message)
}

/// Waits at a route, whose places are not those of a mailbox.
fn with_place<T>(ticket: &mut Option<Ticket>, wait: impl FnOnce(&mut Option<Place>) -> T) -> T {
    let mut place = ticket.map(|ticket| Place(ticket.number()));
    let waited = wait(&mut place);
    *ticket = place.map(|place| Ticket::of(place.0));
    waited
}

impl<M: Send + 'static> Cell<M> {
    /// The priority of a message. Computed before the lock: it is user code.
    #[inline(always)]
    pub(crate) fn rank(&self, message: M) -> (i64, M) {
        match self.key() {
            None => (0, message),
            Some(key) => rank_by(key, message),
        }
    }

    #[inline(always)]
    fn key(&self) -> Option<Key<M>> {
        self.special.as_ref()?.key
    }

    #[inline(always)]
    pub(super) fn admit(&self, mut guarded: MutexGuard<'_, Guarded<M>>, message: M, rank: i64) {
        guarded.queue.push(message, rank);
        self.accepted.store(guarded.queue.kept(), Ordering::Release);
        let waker = guarded.rouse(&self.header);
        drop(guarded);
        observe::sent::<M>(&self.header);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Accepts a message if there is room for it, or if the mailbox drops what it has no room for.
    #[inline(always)]
    pub(crate) fn try_push(&self, message: M) -> Result<(), Refused<M>> {
        if self.special.is_some() {
            return self.push_special(message);
        }
        self.push_ranked(message, 0)
    }

    #[inline(always)]
    fn push_ranked(&self, message: M, rank: i64) -> Result<(), Refused<M>> {
        let mut guarded = self.lock();
        if !guarded.life.open {
            drop(guarded);
            return self.push_closed(message);
        }
        let Guarded { queue, life, .. } = &mut *guarded;
        if queue.has_room(|| self.begun_count(life)) {
            self.admit(guarded, message, rank);
            return Ok(());
        }
        self.push_without_room(guarded, message, rank)
    }

    /// The same for a mailbox with priorities, and for a cell that is part of a router.
    ///
    /// Each of the three is a function of its own, so that this one is but a jump.
    #[inline(never)]
    fn push_special(&self, message: M) -> Result<(), Refused<M>> {
        match self.role() {
            Role::Router(route) => self.push_by(&**route, message),
            Role::Queue(idle) => self.push_to_workers(idle, message),
            _ => self.push_by_priority(message),
        }
    }

    #[inline(never)]
    fn push_by_priority(&self, message: M) -> Result<(), Refused<M>> {
        let (rank, message) = self.rank(message);
        self.push_ranked(message, rank)
    }

    /// Into the queue of several workers. Nobody rests at the queue itself, so what says whether to wake somebody there is not looked at:
    /// it stands beside what the workers write at every message.
    #[inline(never)]
    fn push_to_workers(&self, idle: &Idle<M>, message: M) -> Result<(), Refused<M>> {
        let (rank, message) = self.rank(message);
        let mut guarded = self.lock();
        if !guarded.life.open {
            return Err(Refused::Closed(message));
        }
        let Guarded { queue, life, .. } = &mut *guarded;
        if queue.has_room(|| self.begun_count(life)) {
            queue.push(message, rank);
            self.accepted.store(queue.kept(), Ordering::Release);
            drop(guarded);
            observe::sent::<M>(&self.header);
        } else {
            self.push_without_room(guarded, message, rank)?;
        }
        idle.wake_one();
        Ok(())
    }

    /// By way of a route. Whatever was asked of the router closes it.
    #[inline]
    fn push_by(&self, route: &dyn Route<M>, message: M) -> Result<(), Refused<M>> {
        if self.takes_no_more() {
            return Err(Refused::Closed(message));
        }
        route.try_send(message)
    }

    fn takes_no_more(&self) -> bool {
        self.header.control.load(Ordering::Relaxed) & 0xff != 0
    }

    /// Accepts a message if there is room for it, an incarnation is there of which nothing was asked, and `is_current` says so under the lock.
    #[inline(always)]
    pub(crate) fn push_if(&self, message: M, is_current: impl FnOnce() -> bool) -> Result<(), M> {
        let (rank, message) = self.rank(message);
        let mut guarded = self.lock();
        let Guarded { queue, life, .. } = &mut *guarded;
        if !life.is_up() || !is_current() || !queue.has_room(|| self.begun_count(life)) {
            return Err(message);
        }
        self.admit(guarded, message, rank);
        Ok(())
    }

    /// Accepts a message if there is room for it; nothing is dropped to make some.
    #[inline(always)]
    pub(crate) fn push_into_room(&self, message: M) -> Result<(), Refused<M>> {
        let (rank, message) = self.rank(message);
        let mut guarded = self.lock();
        if !guarded.life.open {
            return Err(Refused::Closed(message));
        }
        let Guarded { queue, life, .. } = &mut *guarded;
        if !queue.has_room(|| self.begun_count(life)) {
            return Err(Refused::Full(message));
        }
        self.admit(guarded, message, rank);
        Ok(())
    }

    #[inline(never)]
    fn push_without_room(
        &self,
        mut guarded: MutexGuard<'_, Guarded<M>>,
        message: M,
        rank: i64,
    ) -> Result<(), Refused<M>> {
        match guarded.queue.overflow() {
            Overflow::Wait => Err(Refused::Full(message)),
            Overflow::DropNewest => {
                guarded.queue.note_refused();
                drop(guarded);
                self.overflowed(message, current_actor_id());
                Ok(())
            }
            Overflow::DropOldest => {
                guarded.queue.push(message, rank);
                let oldest = guarded.queue.make_room();
                self.accepted.store(guarded.queue.kept(), Ordering::Release);
                let waker = guarded.rouse(&self.header);
                drop(guarded);
                observe::sent::<M>(&self.header);
                waker.into_iter().for_each(Waker::wake);
                // Who sent the oldest is not known.
                oldest
                    .into_iter()
                    .for_each(|oldest| self.overflowed(oldest, None));
                Ok(())
            }
        }
    }

    /// A message for which there is no room: it is dropped and reported, and the replies in it resolve.
    pub(super) fn overflowed(&self, message: M, sender: Option<ActorId>) {
        let scope = Scope::for_drop();
        if catch_unwind(AssertUnwindSafe(|| drop(message))).is_err() {
            tracing::error!(
                message_type = self.name_of_message(),
                "the drop of a message without room panicked"
            );
        }
        scope.close(|| AskError::Overflow);
        self.dead_letter_from(DeadLetterReason::Overflow, sender);
    }

    #[cfg(feature = "serde")]
    /// Accepts a message that a link is entitled to send beyond the bound. Returns its number among the accepted.
    pub(crate) fn push_exempt(&self, message: M, rank: i64) -> Result<u64, M> {
        let guarded = self.lock();
        if !guarded.life.open {
            return Err(message);
        }
        let number = guarded.queue.accepted() + 1;
        self.admit(guarded, message, rank);
        self.announce();
        Ok(number)
    }

    /// Puts in what needs no room. Gives it back when the cell has ended.
    pub(crate) fn push_extra(&self, extra: Extra<M>) -> Result<(), Extra<M>> {
        let mut guarded = self.lock();
        if guarded.life.is_over() {
            return Err(extra);
        }
        if self.route().is_some() {
            // Nothing is queued before it here.
            drop(guarded);
            drop(extra);
            return Ok(());
        }
        guarded.queue.push_extra(extra);
        let waker = guarded.rouse(&self.header);
        drop(guarded);
        if let Some(waker) = waker {
            waker.wake();
        }
        self.announce();
        Ok(())
    }

    /// Waits in line for room for the message in `slot`, and puts it in. `Err` when the mailbox closed: the message is still there.
    pub(crate) fn poll_push(
        &self,
        slot: &mut Option<M>,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        if let Some(sink) = self.sink() {
            return sink.poll_reserve(ticket, cx).map_ok(|()| {
                let (ticket, message) = (ticket.take(), slot.take());
                let ticket = ticket.expect("room that was reserved has a ticket");
                sink.push(
                    ticket,
                    message.expect("a send is not polled after it completed"),
                );
            });
        }
        if let Some(route) = self.route() {
            if self.takes_no_more() {
                return self.leave_closed(&**route, ticket);
            }
            return with_place(ticket, |place| route.poll_send(slot, place, cx));
        }
        let mut consumer = None;
        let mut waker = cx.waker().clone();
        let rank = match (self.key(), &*slot) {
            (Some(key), Some(message)) => key(message),
            _ => 0,
        };
        let mut guarded = self.lock();
        match self.take_turn(&mut guarded, ticket, &mut waker, &mut consumer) {
            Poll::Pending => {
                drop(guarded);
                consumer.into_iter().for_each(Waker::wake);
                Poll::Pending
            }
            Poll::Ready(Err(())) => Poll::Ready(Err(())),
            Poll::Ready(Ok(())) => {
                // The room was promised or seen under this lock, so it is not promised to anybody else.
                if ticket.take().is_some() {
                    guarded.queue.use_grant();
                }
                let message = slot
                    .take()
                    .expect("a send is not polled after it completed");
                self.admit(guarded, message, rank);
                self.announce();
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Waits in line for room and keeps it promised.
    pub(crate) fn poll_reserve(
        &self,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        if let Some(sink) = self.sink() {
            return sink.poll_reserve(ticket, cx);
        }
        if let Some(route) = self.route() {
            if self.takes_no_more() {
                return self.leave_closed(&**route, ticket);
            }
            return with_place(ticket, |place| route.poll_reserve(place, cx));
        }
        let mut consumer = None;
        let mut waker = cx.waker().clone();
        let mut guarded = self.lock();
        let turn = self.take_turn(&mut guarded, ticket, &mut waker, &mut consumer);
        if matches!(turn, Poll::Ready(Ok(()))) && ticket.is_none() {
            *ticket = Some(guarded.queue.grant_now());
        }
        drop(guarded);
        consumer.into_iter().for_each(Waker::wake);
        turn
    }

    fn take_turn(
        &self,
        guarded: &mut Guarded<M>,
        ticket: &mut Option<Ticket>,
        waker: &mut Waker,
        consumer: &mut Option<Waker>,
    ) -> Poll<Result<(), ()>> {
        if !guarded.life.open {
            *ticket = None;
            return Poll::Ready(Err(()));
        }
        let Guarded { queue, life, .. } = guarded;
        match *ticket {
            Some(held) => match queue.turn(held, waker) {
                Turn::Waiting => Poll::Pending,
                Turn::Granted => Poll::Ready(Ok(())),
                Turn::Void => {
                    *ticket = None;
                    Poll::Ready(Err(()))
                }
            },
            None if queue.has_room(|| self.begun_count(life)) => Poll::Ready(Ok(())),
            None => {
                let waiting = std::mem::replace(waker, Waker::noop().clone());
                *ticket = Some(queue.join_line(waiting));
                // A forwarder that rests may have room to give that it has not taken note of.
                *consumer = guarded.rouse(&self.header);
                Poll::Pending
            }
        }
    }

    /// Uses a promised room. The message comes back when the mailbox closed in the meantime.
    /// What ranks the message may panic; the room is still promised then, to be given back.
    pub(crate) fn push_reserved(&self, held: &mut Option<Ticket>, message: M) -> Result<(), M> {
        if let Some(sink) = self.sink() {
            let Some(ticket) = held.take().filter(|ticket| sink.is_granted(*ticket)) else {
                return Err(message);
            };
            sink.push(ticket, message);
            return Ok(());
        }
        if let Some(route) = self.route() {
            let Some(ticket) = held.take() else {
                return Err(message);
            };
            return route.send_reserved(Place(ticket.number()), message);
        }
        let (rank, message) = self.rank(message);
        let Some(ticket) = held.take() else {
            return Err(message);
        };
        let mut guarded = self.lock();
        if !guarded.life.open
            || guarded.queue.turn(ticket, &mut Waker::noop().clone()) != Turn::Granted
        {
            return Err(message);
        }
        guarded.queue.use_grant();
        self.admit(guarded, message, rank);
        self.announce();
        Ok(())
    }

    /// A router that takes no more: nobody waits there any longer.
    #[cold]
    fn leave_closed(
        &self,
        route: &dyn Route<M>,
        ticket: &mut Option<Ticket>,
    ) -> Poll<Result<(), ()>> {
        if let Some(ticket) = ticket.take() {
            route.leave(Place(ticket.number()));
        }
        Poll::Ready(Err(()))
    }

    /// Leaves the line or gives a promised room back, to the next in line.
    pub(crate) fn leave_line(&self, ticket: Ticket) {
        if let Some(sink) = self.sink() {
            return sink.leave_line(ticket);
        }
        if let Some(route) = self.route() {
            return route.leave(Place(ticket.number()));
        }
        let mut wake = Wakers::default();
        let mut guarded = self.lock();
        let own = guarded.queue.leave_line(ticket);
        let begun = self.begun_count(&guarded.life);
        guarded.queue.grant(begun, &mut wake);
        drop(guarded);
        drop(own);
        wake.wake();
    }
}
