//! What happens to jobs at a moment: a delay is over, a deadline has passed. Timers of jobs that are gone are left behind, skipped, and
//! now and then tidied up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Moment;
use crate::arena::{Arena, Key};

const TIDY_ABOVE: usize = 64;

/// See the module's header.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Moment, Key)>>,
    tidy_at: usize,
}

impl Timers {
    pub(super) fn set<T>(&mut self, at: Moment, key: Key, jobs: &Arena<T>) {
        // Twice what was left after the last time: constant per timer.
        if self.heap.len() > self.tidy_at.max(TIDY_ABOVE) {
            self.heap
                .retain(|Reverse((_, key))| jobs.get(*key).is_some());
            self.tidy_at = 2 * self.heap.len();
        }
        self.heap.push(Reverse((at, key)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// When the first of them is due.
    pub(super) fn first(&self) -> Option<Moment> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// One that is due.
    pub(super) fn pop_due(&mut self, now: Moment) -> Option<Key> {
        if self.first()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, key))| key)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }
}
