//! Which deadlines exist and which are due: a pure table with time as an argument.
//!
//! | place | meaning | cost |
//! |---|---|---|
//! | young | set since the last sweep; its moment is not known yet | a few stores to set and to forget, no clock call |
//! | due | stamped by a sweep with *its* present moment plus the duration, so never early | O(log n) |
//!
//! Nearly every ask is answered while it is young, and its place is taken by the next. Called by the
//! timekeeper only; never reads a clock.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const NONE: u32 = u32::MAX;

/// Names a deadline; stale keys are recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Key {
            index: bits as u32,
            generation: (bits >> 32) as u32,
        }
    }
}

enum Place<T> {
    Vacant { next: u32 },
    Young { after: Duration, target: T },
    Due { at: Instant, target: T },
}

struct Entry<T> {
    place: Place<T>,
    generation: u32,
    /// The next sweep will look at it.
    is_listed: bool,
}

/// The table. `T` is what is told when its moment has come.
pub(crate) struct Deadlines<T> {
    entries: Vec<Entry<T>>,
    vacant: u32,
    /// Where something was set since the last sweep. It may be gone again: the place is used for the next one, and listed still.
    listed: Vec<u32>,
    due: BTreeSet<(Instant, u32)>,
    len: usize,
}

impl<T> Deadlines<T> {
    pub(crate) fn new() -> Self {
        Deadlines {
            entries: Vec::new(),
            vacant: NONE,
            listed: Vec::new(),
            due: BTreeSet::new(),
            len: 0,
        }
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether this deadline is still to come.
    pub(crate) fn holds(&self, key: Key) -> bool {
        self.entry(key)
            .is_some_and(|entry| !matches!(entry.place, Place::Vacant { .. }))
    }

    /// Whether anything was set since the last sweep.
    pub(crate) fn has_young(&self) -> bool {
        !self.listed.is_empty()
    }

    /// The next stamped moment.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Adds a deadline whose duration starts at the next sweep at the latest.
    pub(crate) fn add(&mut self, after: Duration, target: T) -> Key {
        self.len += 1;
        let index = self.vacant;
        let place = Place::Young { after, target };
        let Some(entry) = self.entries.get_mut(index as usize) else {
            return self.add_entry(place);
        };
        if let Place::Vacant { next } = std::mem::replace(&mut entry.place, place) {
            self.vacant = next;
        }
        if !std::mem::replace(&mut entry.is_listed, true) {
            self.listed.push(index);
        }
        Key {
            index,
            generation: entry.generation,
        }
    }

    #[cold]
    fn add_entry(&mut self, place: Place<T>) -> Key {
        let index = self.entries.len() as u32;
        self.entries.push(Entry {
            place,
            generation: 0,
            is_listed: true,
        });
        self.listed.push(index);
        Key {
            index,
            generation: 0,
        }
    }

    fn entry(&self, key: Key) -> Option<&Entry<T>> {
        self.entries
            .get(key.index as usize)
            .filter(|entry| entry.generation == key.generation)
    }

    /// Removes a deadline and gives its target back; `None` when it has passed or was removed before.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let entry = self.entry(key)?;
        if let Place::Due { at, .. } = entry.place {
            self.due.remove(&(at, key.index));
        }
        self.vacate(key.index)
    }

    /// How long until the deadline; its whole duration while it is young.
    pub(crate) fn remaining(&self, key: Key, now: Instant) -> Option<Duration> {
        match self.entry(key)?.place {
            Place::Vacant { .. } => None,
            Place::Young { after, .. } => Some(after),
            Place::Due { at, .. } => Some(at.saturating_duration_since(now)),
        }
    }

    /// Gives every young deadline its moment.
    pub(crate) fn stamp(&mut self, now: Instant) {
        while let Some(index) = self.listed.pop() {
            let entry = &mut self.entries[index as usize];
            entry.is_listed = false;
            entry.place = match std::mem::replace(&mut entry.place, Place::Vacant { next: NONE }) {
                Place::Young { after, target } => {
                    // A moment beyond the range of the clock is as good as thirty years.
                    let at = now
                        .checked_add(after)
                        .unwrap_or_else(|| now + Duration::from_secs(1_000_000_000));
                    self.due.insert((at, index));
                    Place::Due { at, target }
                }
                settled => settled,
            };
        }
    }

    /// Stamps the young and takes out what is due, earliest first.
    pub(crate) fn sweep(&mut self, now: Instant) -> Vec<T> {
        self.stamp(now);
        let mut passed = Vec::new();
        while let Some(&(at, index)) = self.due.first() {
            if at > now {
                break;
            }
            self.due.pop_first();
            passed.extend(self.vacate(index));
        }
        passed
    }

    /// Takes out everything.
    pub(crate) fn clear(&mut self) -> Vec<T> {
        self.due.clear();
        self.listed.clear();
        self.vacant = NONE;
        self.len = 0;
        self.entries
            .drain(..)
            .filter_map(|entry| entry.place.into_target())
            .collect()
    }

    #[inline]
    fn vacate(&mut self, index: u32) -> Option<T> {
        let entry = &mut self.entries[index as usize];
        let before = std::mem::replace(&mut entry.place, Place::Vacant { next: self.vacant });
        if let Place::Vacant { .. } = before {
            // Nobody holds a key of a vacant place.
            entry.place = before;
            return None;
        }
        entry.generation = entry.generation.wrapping_add(1);
        self.vacant = index;
        self.len -= 1;
        before.into_target()
    }
}

impl<T> Place<T> {
    #[inline]
    fn into_target(self) -> Option<T> {
        match self {
            Place::Vacant { .. } => None,
            Place::Young { target, .. } | Place::Due { target, .. } => Some(target),
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
