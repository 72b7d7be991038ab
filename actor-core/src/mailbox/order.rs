//! The mailboxes that hand their messages over one at a time: because they reorder them, because they may have to drop the oldest, or
//! because their actor may block with a batch in hand.
//!
//! What needs no room (signals above all) comes first where messages are reordered, since it has no place among them; so does what an
//! earlier incarnation had drawn or stashed.

use std::collections::{BTreeMap, VecDeque};

use super::queue::Item;

/// Computes the priority of a message; the lowest goes first.
pub(crate) type Key<M> = fn(&M) -> i64;

/// How the messages of a mailbox are kept.
pub(crate) enum Order<M> {
    /// First in, first out, the whole buffer at once: kept by the queue itself.
    Batch,
    /// First in, first out, one at a time.
    Fifo(VecDeque<Item<M>>),
    /// Last in, first out.
    Lifo {
        first: VecDeque<Item<M>>,
        stack: VecDeque<M>,
    },
    /// The lowest key first; among equals first in, first out.
    Priority {
        first: VecDeque<Item<M>>,
        ranked: BTreeMap<(i64, u64), M>,
        next: u64,
    },
}

impl<M> Order<M> {
    pub(crate) fn push(&mut self, message: M, rank: i64) {
        match self {
            Order::Batch => {}
            Order::Fifo(items) => items.push_back(Item::Message(message)),
            Order::Lifo { stack, .. } => stack.push_back(message),
            Order::Priority { ranked, next, .. } => {
                *next += 1;
                ranked.insert((rank, *next), message);
            }
        }
    }

    /// Puts something in that is no ordinary message.
    pub(crate) fn push_item(&mut self, item: Item<M>) {
        match self {
            Order::Batch => {}
            Order::Fifo(first) | Order::Lifo { first, .. } | Order::Priority { first, .. } => {
                first.push_back(item)
            }
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Item<M>> {
        match self {
            Order::Batch => None,
            Order::Fifo(items) => items.pop_front(),
            Order::Lifo { first, stack } => first
                .pop_front()
                .or_else(|| stack.pop_back().map(Item::Message)),
            Order::Priority { first, ranked, .. } => first.pop_front().or_else(|| {
                ranked
                    .pop_first()
                    .map(|(_, message)| Item::Message(message))
            }),
        }
    }

    /// Takes out the message that can be spared most: the oldest; with priorities the least urgent, and of these the oldest.
    pub(crate) fn pop_oldest(&mut self) -> Option<M> {
        let oldest_of = |items: &mut VecDeque<Item<M>>| {
            let place = items
                .iter()
                .position(|item| matches!(item, Item::Message(_)))?;
            match items.remove(place) {
                Some(Item::Message(message)) => Some(message),
                _ => None,
            }
        };
        match self {
            Order::Batch => None,
            Order::Fifo(items) => oldest_of(items),
            Order::Lifo { first, stack } if stack.len() > 1 => {
                stack.pop_front().or_else(|| oldest_of(first))
            }
            // What came last stays.
            Order::Lifo { first, stack } => oldest_of(first).or_else(|| stack.pop_front()),
            Order::Priority { first, ranked, .. } => {
                let Some((&(rank, _), _)) = ranked.last_key_value() else {
                    return oldest_of(first);
                };
                let (&place, _) = ranked.range((rank, 0)..).next()?;
                ranked.remove(&place)
            }
        }
    }

    /// Puts items that were drawn and not begun back to the front, in their order.
    pub(crate) fn put_back(&mut self, items: Vec<Item<M>>) {
        let first = match self {
            Order::Batch => return,
            Order::Fifo(first) | Order::Lifo { first, .. } | Order::Priority { first, .. } => first,
        };
        for item in items.into_iter().rev() {
            first.push_front(item);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything in it, messages or not.
    pub(crate) fn len(&self) -> usize {
        match self {
            Order::Batch => 0,
            Order::Fifo(items) => items.len(),
            Order::Lifo { first, stack } => first.len() + stack.len(),
            Order::Priority { first, ranked, .. } => first.len() + ranked.len(),
        }
    }

    /// Takes everything out, in order.
    pub(crate) fn take_all(&mut self) -> Vec<Item<M>> {
        std::iter::from_fn(|| self.pop()).collect()
    }

    /// Frees what an idle mailbox should not own.
    pub(crate) fn shrink(&mut self) {
        let too_much = |capacity: usize, size: usize| capacity * size > super::queue::IDLE_BYTES;
        match self {
            Order::Batch => {}
            Order::Fifo(first) | Order::Priority { first, .. } => {
                if too_much(first.capacity(), size_of::<Item<M>>()) {
                    *first = VecDeque::new();
                }
            }
            Order::Lifo { first, stack } => {
                if too_much(first.capacity(), size_of::<Item<M>>()) {
                    *first = VecDeque::new();
                }
                if too_much(stack.capacity(), size_of::<M>()) {
                    *stack = VecDeque::new();
                }
            }
        }
    }
}
