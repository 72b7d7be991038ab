//! Keys of jobs in the order of their acceptance. Cancelled jobs leave theirs behind, to be skipped and now and then tidied up.

use std::collections::VecDeque;

use crate::arena::{Arena, Key};

/// Below this length nobody tidies up.
pub(super) const TIDY_ABOVE: usize = 64;

/// See the module's header.
#[derive(Debug, Default)]
pub(super) struct Queue {
    keys: VecDeque<(u64, Key)>,
    live: usize,
}

impl Queue {
    /// How many jobs wait here.
    pub(super) fn len(&self) -> usize {
        self.live
    }

    pub(super) fn push(&mut self, order: u64, key: Key) {
        self.keys.push_back((order, key));
        self.live += 1;
    }

    /// Back to the old place, which is near the front.
    pub(super) fn put_back(&mut self, order: u64, key: Key) {
        let before = |(other, _): &&(u64, Key)| *other < order;
        let place = self.keys.iter().take_while(before).count();
        self.keys.insert(place, (order, key));
        self.live += 1;
    }

    /// The order of the oldest job, which is then at the front.
    pub(super) fn front<T>(&mut self, jobs: &Arena<T>) -> Option<u64> {
        loop {
            let (order, key) = *self.keys.front()?;
            if jobs.get(key).is_some() {
                return Some(order);
            }
            self.keys.pop_front();
        }
    }

    /// What [`front`](Queue::front) has found.
    pub(super) fn pop(&mut self) -> Option<Key> {
        let (_, key) = self.keys.pop_front()?;
        self.live -= 1;
        Some(key)
    }

    /// One of its jobs is gone from the arena. Tidying costs the length, and happens at most once per half of it: constant per job.
    pub(super) fn forget_one<T>(&mut self, jobs: &Arena<T>) {
        self.live -= 1;
        if self.keys.len() > TIDY_ABOVE && self.live < self.keys.len() / 2 {
            self.keys.retain(|(_, key)| jobs.get(*key).is_some());
        }
    }

    /// All keys, stale ones among them.
    pub(super) fn into_keys(self) -> impl Iterator<Item = Key> {
        self.keys.into_iter().map(|(_, key)| key)
    }

    /// How many keys are kept, stale ones among them.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.keys.len()
    }
}
