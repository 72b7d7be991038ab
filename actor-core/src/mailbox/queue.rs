//! The queue behind a lock: what is in it, who waits for room, what counts against the bound. Pure; the cell holds the lock, wakes
//! whom it is told to wake, and drops what it is handed, all outside of it.
//!
//! | number | written by | meaning |
//! |---|---|---|
//! | `accepted` | senders, under the lock | messages ever accepted |
//! | `begun` | the actor, without the lock | messages ever begun; a sender looks at it only when there seems to be no room |
//! | `granted` | under the lock | rooms promised to waiting senders and not used yet, and those of stashed messages |
//!
//! `accepted - begun + granted` never exceeds the capacity. What the actor has drawn and not begun is between the two numbers, so it
//! counts by itself. What an overflow policy drops counts as begun from then on. Signals and whatever else needs no room are in the
//! queue but in no number.
//!
//! Small, since every idle actor has one: what few mailboxes need stands in a box of its own ([`Rare`]).

use std::collections::VecDeque;
use std::task::Waker;

use super::Overflow;
use super::order::Order;
use crate::cell::LinkedEnd;
use crate::signal::Signal;
use crate::stash::Place;

/// What stands in a mailbox.
pub(crate) enum Item<M> {
    /// A message; counts against the bound.
    Message(M),
    /// Anything that needs no room. Boxed, so that it does not make ordinary messages larger.
    Extra(Box<Extra<M>>),
    /// What is left in a batch in the place of one that was taken.
    Taken,
}

/// What needs no room.
pub(crate) enum Extra<M> {
    /// For [`Actor::signal`](crate::Actor::signal).
    Signal(Signal),
    /// A message that the system owes the actor: what a monitor maps its `Down` to, an event of a child.
    Message(M),
    /// The same for a monitor that may be taken back before it is handled.
    Mapped(crate::MonitorId, M),
    /// The end of a linked actor. The link may be taken back before it is handled.
    Exit(LinkedEnd),
    /// A piece of work has a result; its number.
    Work(u64),
    /// A stashed message that is handled again, and its place among all. Never in the queue itself, only in what was drawn.
    Returned(Place, M),
    /// A message that a test held up, or doubled. What faults there are it has met.
    #[cfg(feature = "testing")]
    Late(M),
    /// For whoever put it there: dropped once all before it has left the mailbox.
    Mark(Box<dyn Send>),
}

/// A sender's place in the line for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

impl Ticket {
    /// The number by which it goes outside of the crate.
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// The ticket of this number.
    pub(crate) fn of(number: u64) -> Self {
        Ticket(number)
    }
}

struct Waiting {
    ticket: Ticket,
    waker: Waker,
}

/// See the module's header.
pub(crate) struct Queue<M> {
    items: Vec<Item<M>>,
    accepted: u64,
    begun_seen: u64,
    capacity: u32,
    granted: u32,
    /// How many of the items are no messages.
    extras: u32,
    /// Messages are handed over one at a time; they are kept in [`Rare`].
    one_at_a_time: bool,
    /// Without room something is dropped.
    drops: bool,
    rare: Option<Box<Rare<M>>>,
}

/// What few mailboxes need.
struct Rare<M> {
    line: VecDeque<Waiting>,
    next_ticket: u64,
    /// Tickets below this one were void when the line was dissolved.
    void_below: u64,
    /// The rooms of stashed messages, which are among the granted.
    held: u32,
    overflow: Overflow,
    order: Order<M>,
    /// Messages that the overflow policy took out again. They count as begun.
    gone: u64,
    /// Messages that the overflow policy never let in.
    refused: u64,
}

impl<M> Default for Rare<M> {
    fn default() -> Self {
        Rare {
            line: VecDeque::new(),
            next_ticket: 0,
            void_below: 0,
            held: 0,
            overflow: Overflow::Wait,
            order: Order::Batch,
            gone: 0,
            refused: 0,
        }
    }
}

/// The capacity of a mailbox without a bound.
const UNBOUNDED: u32 = u32::MAX;

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Waiting,
    Granted,
    /// The mailbox closed in the meantime; the ticket counts no more, even if it opened again.
    Void,
}

impl<M> Queue<M> {
    /// A queue for so many messages, handed over as `order` says.
    pub(crate) fn new(capacity: usize, overflow: Overflow, order: Order<M>) -> Self {
        let one_at_a_time = !matches!(order, Order::Batch);
        let drops = overflow != Overflow::Wait;
        let is_plain = !one_at_a_time && !drops;
        Queue {
            items: Vec::new(),
            accepted: 0,
            begun_seen: 0,
            // Nobody has the memory for more than this; only the greatest value stands for no bound.
            capacity: match capacity {
                usize::MAX => UNBOUNDED,
                bound => u32::try_from(bound)
                    .unwrap_or(UNBOUNDED - 1)
                    .min(UNBOUNDED - 1),
            },
            granted: 0,
            extras: 0,
            one_at_a_time,
            drops,
            rare: (!is_plain).then(|| {
                Box::new(Rare {
                    overflow,
                    order,
                    ..Rare::default()
                })
            }),
        }
    }

    fn rare(&mut self) -> &mut Rare<M> {
        self.rare.get_or_insert_default()
    }

    /// The bound; the greatest number where there is none.
    pub(crate) fn capacity(&self) -> usize {
        match self.capacity {
            UNBOUNDED => usize::MAX,
            bound => bound as usize,
        }
    }

    #[cfg(feature = "serde")]
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How many messages were accepted and not dropped later.
    #[inline(always)]
    pub(crate) fn kept(&self) -> u64 {
        if self.drops {
            self.accepted - self.gone()
        } else {
            self.accepted
        }
    }

    /// How much had begun when somebody last looked.
    pub(crate) fn begun_seen(&self) -> u64 {
        self.begun_seen
    }

    /// How many messages were accepted and dropped later.
    pub(crate) fn gone(&self) -> u64 {
        self.rare.as_ref().map_or(0, |rare| rare.gone)
    }

    /// How many messages the overflow policy has dropped in all.
    pub(crate) fn dropped(&self) -> u64 {
        self.rare
            .as_ref()
            .map_or(0, |rare| rare.gone + rare.refused)
    }

    /// Takes note of how much has begun; `None` when that is not known at the moment.
    #[inline(always)]
    fn note_begun(&mut self, begun: Option<u64>) {
        if let Some(begun) = begun {
            self.begun_seen = begun + self.gone();
        }
    }

    pub(crate) fn overflow(&self) -> Overflow {
        self.rare
            .as_ref()
            .map_or(Overflow::Wait, |rare| rare.overflow)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
            && (!self.one_at_a_time || self.rare.as_ref().is_none_or(|rare| rare.order.is_empty()))
    }

    #[inline(always)]
    pub(crate) fn has_line(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| !rare.line.is_empty())
    }

    #[inline(always)]
    fn used(&self) -> u64 {
        self.accepted - self.begun_seen + u64::from(self.granted)
    }

    #[inline(always)]
    fn fits(&self) -> bool {
        self.capacity == UNBOUNDED || self.used() < u64::from(self.capacity)
    }

    /// Whether one more message may come in; nobody overtakes the line. `begun` tells how much has begun by now, if that is known.
    #[inline(always)]
    pub(crate) fn has_room(&mut self, begun: impl FnOnce() -> Option<u64>) -> bool {
        if self.has_line() {
            return false;
        }
        if self.fits() {
            return true;
        }
        self.note_begun(begun());
        self.fits()
    }

    /// Puts a message in. The caller has seen that there is room, or is exempt from the bound. `rank` is its priority, if there are any.
    #[inline(always)]
    pub(crate) fn push(&mut self, message: M, rank: i64) {
        self.accepted += 1;
        if self.one_at_a_time {
            self.rare().order.push(message, rank);
        } else {
            self.items.push(Item::Message(message));
        }
    }

    /// Counts a message that goes past the queue to the incarnation at once.
    pub(crate) fn accept_drawn(&mut self) {
        self.accepted += 1;
    }

    /// Puts in what needs no room.
    pub(crate) fn push_extra(&mut self, extra: Extra<M>) {
        self.extras += 1;
        let item = Item::Extra(Box::new(extra));
        if self.one_at_a_time {
            self.rare().order.push_item(item);
        } else {
            self.items.push(item);
        }
    }

    /// Notes that the overflow policy does not let a message in.
    pub(crate) fn note_refused(&mut self) {
        self.rare().refused += 1;
    }

    /// Whether a message begins with its draw: what may have to give way must not be out of reach and not begun.
    #[inline(always)]
    pub(crate) fn begins_at_draw(&self) -> bool {
        self.drops && self.overflow() == Overflow::DropOldest
    }

    /// Takes out the oldest message, since the one that was just put in found no room. It counts as begun.
    ///
    /// `None` when all that has not begun is under way over a link: what comes last is kept, within what the window of the link allows.
    pub(crate) fn make_room(&mut self) -> Option<M> {
        if self.message_count() == 1 && self.granted == 0 {
            return None;
        }
        let rare = self.rare();
        let oldest = rare.order.pop_oldest()?;
        rare.gone += 1;
        self.begun_seen += 1;
        Some(oldest)
    }

    /// Promises one room without a line.
    pub(crate) fn grant_now(&mut self) -> Ticket {
        self.granted += 1;
        let rare = self.rare();
        rare.next_ticket += 1;
        Ticket(rare.next_ticket - 1)
    }

    /// Joins the line.
    pub(crate) fn join_line(&mut self, waker: Waker) -> Ticket {
        let rare = self.rare();
        let ticket = Ticket(rare.next_ticket);
        rare.next_ticket += 1;
        rare.line.push_back(Waiting { ticket, waker });
        ticket
    }

    /// Looks at a place in the line and keeps the newest waker for it.
    /// The old one is left in `waker`, to be dropped after the lock.
    pub(crate) fn turn(&mut self, ticket: Ticket, waker: &mut Waker) -> Turn {
        let rare = self.rare();
        match rare.place(ticket) {
            Err(_) if ticket.0 < rare.void_below => Turn::Void,
            Err(_) => Turn::Granted,
            Ok(place) => {
                let waiting = &mut rare.line[place];
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

    /// Keeps one room for a message that is put away, whether there is one or not.
    pub(crate) fn hold(&mut self) {
        self.granted += 1;
        self.rare().held += 1;
    }

    /// Gives such rooms back.
    pub(crate) fn release(&mut self, rooms: u32) {
        self.granted -= rooms;
        if rooms > 0 {
            self.rare().held -= rooms;
        }
    }

    /// So many messages of those that were put back had begun before, and count once more.
    pub(crate) fn accept_again(&mut self, messages: u32) {
        self.accepted += u64::from(messages);
    }

    /// Leaves the line, or gives a promised room back.
    pub(crate) fn leave_line(&mut self, ticket: Ticket) -> Option<Waker> {
        let rare = self.rare();
        match rare.place(ticket) {
            Ok(place) => rare.line.remove(place).map(|waiting| waiting.waker),
            Err(_) => {
                if ticket.0 >= rare.void_below {
                    self.granted -= 1;
                }
                None
            }
        }
    }

    /// Takes note of what has begun and promises the room to the line, in order of arrival. The wakers are for after the lock.
    pub(crate) fn grant(&mut self, begun: Option<u64>, wake: &mut impl Extend<Waker>) {
        self.note_begun(begun);
        while self.has_line() && self.fits() {
            if let Some(waiting) = self.rare().line.pop_front() {
                self.granted += 1;
                wake.extend(Some(waiting.waker));
            }
        }
    }

    /// Hands over what is queued: everything at the cost of one swap, or the first item only. `empty` must be empty; its buffer is used
    /// again.
    #[inline(always)]
    pub(crate) fn hand_over(&mut self, empty: &mut Vec<Item<M>>) {
        debug_assert!(empty.is_empty());
        if self.one_at_a_time {
            empty.extend(self.pop());
            return;
        }
        self.extras = 0;
        if size_of::<Item<M>>() <= MOVED_ALONE && self.items.len() == 1 && empty.capacity() > 0 {
            // Each side keeps its buffer, which is in its cache.
            empty.extend(self.items.pop());
        } else {
            std::mem::swap(&mut self.items, empty);
        }
    }

    /// The first item, of a queue that hands over one at a time.
    pub(crate) fn pop_one(&mut self) -> Option<Item<M>> {
        if self.one_at_a_time { self.pop() } else { None }
    }

    fn pop(&mut self) -> Option<Item<M>> {
        let item = self.rare().order.pop()?;
        self.extras -= u32::from(matches!(item, Item::Extra(_)));
        Some(item)
    }

    /// Puts items that were drawn and not begun back to the front, in their order.
    pub(crate) fn put_back(&mut self, mut drawn: Vec<Item<M>>) {
        let is_extra = |item: &&Item<M>| matches!(item, Item::Extra(_));
        self.extras += drawn.iter().filter(is_extra).count() as u32;
        if self.one_at_a_time {
            self.rare().order.put_back(drawn);
        } else if !drawn.is_empty() {
            drawn.append(&mut self.items);
            self.items = drawn;
        }
    }

    /// Frees buffers that are larger than an idle mailbox should own.
    #[inline]
    pub(crate) fn shrink(&mut self) {
        if self.items.capacity() * size_of::<Item<M>>() > IDLE_BYTES && self.items.is_empty() {
            self.items = Vec::new();
        }
        if self.one_at_a_time {
            self.rare().order.shrink();
        }
    }

    /// Messages (not signals) in the queue.
    pub(crate) fn message_count(&self) -> usize {
        let items = match &self.rare {
            Some(rare) if self.one_at_a_time => rare.order.len(),
            _ => self.items.len(),
        };
        items - self.extras as usize
    }

    /// Ends the waiting of everybody in the line and voids every promise; they will find the mailbox closed.
    pub(crate) fn dissolve_line(&mut self, wake: &mut Vec<Waker>) {
        self.granted = 0;
        if let Some(rare) = &mut self.rare {
            // Those of stashed messages were promised to nobody in the line.
            self.granted = rare.held;
            wake.extend(rare.line.drain(..).map(|waiting| waiting.waker));
            rare.void_below = rare.next_ticket;
        }
    }

    /// Takes everything out.
    pub(crate) fn take_all(&mut self) -> Vec<Item<M>> {
        self.extras = 0;
        if self.one_at_a_time {
            self.rare().order.take_all()
        } else {
            std::mem::take(&mut self.items)
        }
    }
}

impl<M> Rare<M> {
    fn place(&self, ticket: Ticket) -> Result<usize, usize> {
        self.line
            .binary_search_by_key(&ticket, |waiting| waiting.ticket)
    }
}

/// A single item of at most so many bytes is moved by itself: swapping the buffers costs as much.
const MOVED_ALONE: usize = 64;

/// Buffers above this size are freed when the mailbox is idle.
pub(crate) const IDLE_BYTES: usize = 4 * 1024;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
