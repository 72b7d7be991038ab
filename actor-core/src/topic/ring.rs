//! What one subscriber has not received yet, decided without a runtime: a bounded queue that knows where something is missing.

use std::collections::VecDeque;

use super::{Delivery, TopicPolicy};

struct Entry<T> {
    /// How many items are missing between this one and the one before it.
    gap: u64,
    item: T,
}

/// See the module's header.
pub(super) struct Ring<T> {
    entries: VecDeque<Entry<T>>,
    bound: usize,
    policy: TopicPolicy,
    /// How many are missing behind the last one.
    gap_at_end: u64,
    missed: u64,
}

/// What became of an item that was put in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed<T> {
    Kept,
    /// It is in, and the oldest went out for it.
    Replaced(T),
    /// There was no room.
    Refused(T),
}

impl<T> Ring<T> {
    pub(super) fn new(bound: usize, policy: TopicPolicy) -> Self {
        assert!(bound > 0, "a subscriber needs room for at least one item");
        Ring {
            entries: VecDeque::new(),
            bound,
            policy,
            gap_at_end: 0,
            missed: 0,
        }
    }

    /// Whether there is something to tell.
    pub(super) fn is_ready(&self) -> bool {
        !self.entries.is_empty() || self.gap_at_end > 0
    }

    /// How many items were missed altogether.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    pub(super) fn push(&mut self, item: T) -> Pushed<T> {
        if self.entries.len() < self.bound {
            self.append(item);
            return Pushed::Kept;
        }
        self.missed += 1;
        match self.policy {
            TopicPolicy::DropNewest => {
                self.gap_at_end += 1;
                Pushed::Refused(item)
            }
            TopicPolicy::DropOldest => {
                let oldest = self.entries.pop_front().expect("a full ring has a first");
                self.append(item);
                // At the latest the one just added takes the gap over.
                let next = self
                    .entries
                    .front_mut()
                    .expect("an item was added just now");
                next.gap += oldest.gap + 1;
                Pushed::Replaced(oldest.item)
            }
        }
    }

    fn append(&mut self, item: T) {
        let gap = std::mem::take(&mut self.gap_at_end);
        self.entries.push_back(Entry { gap, item });
    }

    /// The next thing to tell: what is missing comes before the item behind it.
    pub(super) fn pop(&mut self) -> Option<Delivery<T>> {
        let gap = match self.entries.front_mut() {
            Some(first) => &mut first.gap,
            None => &mut self.gap_at_end,
        };
        match std::mem::take(gap) {
            0 => self
                .entries
                .pop_front()
                .map(|entry| Delivery::Item(entry.item)),
            missing => Some(Delivery::Missed(missing)),
        }
    }

    /// What was taken out last could not be told: that much is missing in front of the first now, of which so much was not counted yet.
    pub(super) fn widen_gap(&mut self, gap: u64, newly_missed: u64) {
        self.missed += newly_missed;
        match self.entries.front_mut() {
            Some(first) => first.gap += gap,
            None => self.gap_at_end += gap,
        }
    }

    /// Empties it; the items are for whoever has no lock.
    pub(super) fn take_all(&mut self) -> Vec<T> {
        let entries = std::mem::take(&mut self.entries);
        entries.into_iter().map(|entry| entry.item).collect()
    }
}

#[cfg(test)]
mod tests;
