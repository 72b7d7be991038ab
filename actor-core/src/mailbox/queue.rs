//! The queue behind a lock: what is in it, who waits for room, what counts against the bound. Pure; the cell holds the lock, wakes
//! whom it is told to wake, and drops what it is handed, all outside of it.
//!
//! | number | written by | meaning |
//! |---|---|---|
//! | `accepted` | senders, under the lock | messages ever accepted |
//! | `begun` | the actor, without the lock | messages ever begun; a sender looks at it only when there seems to be no room |
//! | `granted` | under the lock | rooms promised to waiting senders and not used yet |
//!
//! `accepted - begun + granted` never exceeds the capacity. What the actor has drawn and not begun is between the two numbers, so it
//! counts by itself. Signals and whatever else needs no room are in the queue but in no number.

use std::collections::VecDeque;
use std::task::Waker;

use crate::signal::Signal;

/// What stands in a mailbox.
pub(crate) enum Item<M> {
    /// A message; counts against the bound.
    Message(M),
    /// Anything that needs no room. Boxed, so that it does not make ordinary messages larger.
    Extra(Box<Extra<M>>),
}

/// What needs no room.
pub(crate) enum Extra<M> {
    /// For [`Actor::signal`](crate::Actor::signal).
    Signal(Signal),
    /// A message that the system owes the actor: what a monitor maps its `Down` to, an event of a child.
    Message(M),
    /// The same for a monitor that may be taken back before it is handled.
    Mapped(crate::MonitorId, M),
    /// For whoever put it there: dropped once all before it has left the mailbox.
    Mark(Box<dyn Send>),
}

/// A sender's place in the line for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

struct Waiting {
    ticket: Ticket,
    waker: Waker,
}

/// See the module's header.
pub(crate) struct Queue<M> {
    items: VecDeque<Item<M>>,
    capacity: usize,
    accepted: u64,
    begun_seen: u64,
    granted: usize,
    line: VecDeque<Waiting>,
    next_ticket: u64,
    /// Tickets below this one were void when the line was dissolved.
    void_below: u64,
}

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Waiting,
    Granted,
    /// The mailbox closed in the meantime; the ticket counts no more, even if it opened again.
    Void,
}

impl<M> Queue<M> {
    pub(crate) fn new(capacity: usize) -> Self {
        Queue {
            items: VecDeque::new(),
            capacity,
            accepted: 0,
            begun_seen: 0,
            granted: 0,
            line: VecDeque::new(),
            next_ticket: 0,
            void_below: 0,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How much had begun when somebody last looked.
    pub(crate) fn begun_seen(&self) -> u64 {
        self.begun_seen
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn has_line(&self) -> bool {
        !self.line.is_empty()
    }

    fn used(&self) -> usize {
        (self.accepted - self.begun_seen) as usize + self.granted
    }

    /// Whether one more message may come in; nobody overtakes the line.
    #[inline]
    pub(crate) fn has_room(&mut self, begun: impl FnOnce(u64) -> u64) -> bool {
        if !self.line.is_empty() {
            return false;
        }
        if self.used() < self.capacity {
            return true;
        }
        self.begun_seen = begun(self.begun_seen);
        self.used() < self.capacity
    }

    /// Puts a message in. The caller has seen that there is room, or is exempt from the bound.
    #[inline]
    pub(crate) fn push(&mut self, message: M) {
        self.accepted += 1;
        self.items.push_back(Item::Message(message));
    }

    /// Puts in what needs no room.
    pub(crate) fn push_extra(&mut self, extra: Extra<M>) {
        self.items.push_back(Item::Extra(Box::new(extra)));
    }

    /// Promises one room without a line.
    pub(crate) fn grant_now(&mut self) -> Ticket {
        self.granted += 1;
        self.next_ticket += 1;
        Ticket(self.next_ticket - 1)
    }

    /// Joins the line.
    pub(crate) fn join_line(&mut self, waker: Waker) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.line.push_back(Waiting { ticket, waker });
        ticket
    }

    fn place(&self, ticket: Ticket) -> Result<usize, usize> {
        self.line
            .binary_search_by_key(&ticket, |waiting| waiting.ticket)
    }

    /// Looks at a place in the line and keeps the newest waker for it.
    /// The old one is left in `waker`, to be dropped after the lock.
    pub(crate) fn turn(&mut self, ticket: Ticket, waker: &mut Waker) -> Turn {
        match self.place(ticket) {
            Err(_) if ticket.0 < self.void_below => Turn::Void,
            Err(_) => Turn::Granted,
            Ok(place) => {
                let waiting = &mut self.line[place];
                if !waiting.waker.will_wake(waker) {
                    std::mem::swap(&mut waiting.waker, waker);
                }
                Turn::Waiting
            }
        }
    }

    /// A promise is being kept: the caller pushes next.
    pub(crate) fn use_grant(&mut self) {
        self.granted -= 1;
    }

    /// Leaves the line, or gives a promised room back.
    pub(crate) fn leave_line(&mut self, ticket: Ticket) -> Option<Waker> {
        match self.place(ticket) {
            Ok(place) => self.line.remove(place).map(|waiting| waiting.waker),
            Err(_) => {
                if ticket.0 >= self.void_below {
                    self.granted -= 1;
                }
                None
            }
        }
    }

    /// Takes note of what has begun and promises the room to the line, in order of arrival. The wakers are for after the lock.
    pub(crate) fn grant(&mut self, begun: u64, wake: &mut Vec<Waker>) {
        self.begun_seen = begun;
        while !self.line.is_empty() && self.used() < self.capacity {
            if let Some(waiting) = self.line.pop_front() {
                self.granted += 1;
                wake.push(waiting.waker);
            }
        }
    }

    /// Hands everything over at the cost of one swap. `empty` must be empty; its buffer is used again.
    #[inline]
    pub(crate) fn swap_out(&mut self, empty: &mut VecDeque<Item<M>>) {
        debug_assert!(empty.is_empty());
        std::mem::swap(&mut self.items, empty);
    }

    /// Hands over the first item only.
    pub(crate) fn pop(&mut self) -> Option<Item<M>> {
        self.items.pop_front()
    }

    /// Puts items that were drawn and not begun back to the front, in their order.
    pub(crate) fn put_back(&mut self, drawn: &mut VecDeque<Item<M>>) {
        if !drawn.is_empty() {
            drawn.append(&mut self.items);
            std::mem::swap(&mut self.items, drawn);
        }
    }

    /// Frees buffers that are larger than an idle mailbox should own.
    pub(crate) fn shrink(&mut self) {
        if self.items.is_empty() && self.items.capacity() * size_of::<Item<M>>() > IDLE_BYTES {
            self.items = VecDeque::new();
        }
    }

    /// Messages (not signals) in the queue.
    pub(crate) fn message_count(&self) -> usize {
        self.items
            .iter()
            .filter(|item| matches!(item, Item::Message(_)))
            .count()
    }

    /// Ends the waiting of everybody in the line and voids every promise; they will find the mailbox closed.
    pub(crate) fn dissolve_line(&mut self, wake: &mut Vec<Waker>) {
        wake.extend(self.line.drain(..).map(|waiting| waiting.waker));
        self.granted = 0;
        self.void_below = self.next_ticket;
    }

    /// Takes everything out.
    pub(crate) fn take_all(&mut self) -> VecDeque<Item<M>> {
        std::mem::take(&mut self.items)
    }
}

/// Buffers above this size are freed when the mailbox is idle.
pub(crate) const IDLE_BYTES: usize = 4 * 1024;

#[cfg(test)]
mod tests;
