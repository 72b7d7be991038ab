//! Which deadlines exist and which are due: a pure table with time as an argument.
//!
//! | place | meaning | cost |
//! |---|---|---|
//! | young | set since the last sweep; its moment is not known yet | O(1) to set and to forget, no clock call |
//! | due | stamped by a sweep with *its* present moment plus the duration, so never early | O(log n) |
//!
//! Nearly every ask is answered while it is young, so nearly every deadline costs two list operations. Called by the
//! timekeeper only; never reads a clock.

use std::collections::BTreeMap;
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

enum Place {
    Vacant { next: u32 },
    Young { previous: u32, next: u32 },
    Due(Instant),
}

struct Entry<T> {
    place: Place,
    generation: u32,
    after: Duration,
    target: Option<T>,
}

/// The table. `T` is what is told when its moment has come.
pub(crate) struct Deadlines<T> {
    entries: Vec<Entry<T>>,
    vacant: u32,
    youngest: u32,
    due: BTreeMap<(Instant, u32), ()>,
    len: usize,
}

impl<T> Deadlines<T> {
    pub(crate) fn new() -> Self {
        Deadlines {
            entries: Vec::new(),
            vacant: NONE,
            youngest: NONE,
            due: BTreeMap::new(),
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
        self.entries
            .get(key.index as usize)
            .is_some_and(|entry| entry.generation == key.generation && entry.target.is_some())
    }

    pub(crate) fn has_young(&self) -> bool {
        self.youngest != NONE
    }

    /// The next stamped moment.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((at, _), ())| *at)
    }

    /// Adds a deadline whose duration starts at the next sweep at the latest.
    pub(crate) fn add(&mut self, after: Duration, target: T) -> Key {
        let place = Place::Young {
            previous: NONE,
            next: self.youngest,
        };
        let index = if self.vacant == NONE {
            self.entries.push(Entry {
                place,
                generation: 0,
                after,
                target: Some(target),
            });
            (self.entries.len() - 1) as u32
        } else {
            let index = self.vacant;
            let entry = &mut self.entries[index as usize];
            if let Place::Vacant { next } = entry.place {
                self.vacant = next;
            }
            entry.place = place;
            entry.after = after;
            entry.target = Some(target);
            index
        };
        if let Some(Entry {
            place: Place::Young { previous, .. },
            ..
        }) = self.entries.get_mut(self.youngest as usize)
        {
            *previous = index;
        }
        self.youngest = index;
        self.len += 1;
        Key {
            index,
            generation: self.entries[index as usize].generation,
        }
    }

    /// Removes a deadline and gives its target back; `None` when it has passed or was removed before.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let entry = self
            .entries
            .get_mut(key.index as usize)
            .filter(|entry| entry.generation == key.generation)?;
        entry.target.as_ref()?;
        match entry.place {
            Place::Vacant { .. } => return None,
            Place::Young { previous, next } => self.unlink(previous, next),
            Place::Due(at) => {
                self.due.remove(&(at, key.index));
            }
        }
        self.vacate(key.index)
    }

    /// How long until the deadline; its whole duration while it is young.
    pub(crate) fn remaining(&self, key: Key, now: Instant) -> Option<Duration> {
        let entry = self
            .entries
            .get(key.index as usize)
            .filter(|entry| entry.generation == key.generation)?;
        match entry.place {
            Place::Vacant { .. } => None,
            Place::Young { .. } => Some(entry.after),
            Place::Due(at) => Some(at.saturating_duration_since(now)),
        }
    }

    /// Gives every young deadline its moment.
    pub(crate) fn stamp(&mut self, now: Instant) {
        while self.youngest != NONE {
            let index = self.youngest;
            let entry = &mut self.entries[index as usize];
            if let Place::Young { next, .. } = entry.place {
                self.youngest = next;
            }
            // A moment beyond the range of the clock is as good as thirty years.
            let at = now
                .checked_add(entry.after)
                .unwrap_or_else(|| now + Duration::from_secs(1_000_000_000));
            entry.place = Place::Due(at);
            self.due.insert((at, index), ());
        }
    }

    /// Stamps the young and takes out what is due, earliest first.
    pub(crate) fn sweep(&mut self, now: Instant) -> Vec<T> {
        self.stamp(now);
        let mut passed = Vec::new();
        while let Some((&(at, index), ())) = self.due.first_key_value() {
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
        self.youngest = NONE;
        self.vacant = NONE;
        self.len = 0;
        self.entries
            .drain(..)
            .filter_map(|entry| entry.target)
            .collect()
    }

    fn unlink(&mut self, previous: u32, next: u32) {
        match self
            .entries
            .get_mut(previous as usize)
            .map(|entry| &mut entry.place)
        {
            Some(Place::Young { next: link, .. }) => *link = next,
            _ => self.youngest = next,
        }
        if let Some(Entry {
            place: Place::Young { previous: link, .. },
            ..
        }) = self.entries.get_mut(next as usize)
        {
            *link = previous;
        }
    }

    fn vacate(&mut self, index: u32) -> Option<T> {
        let entry = &mut self.entries[index as usize];
        entry.place = Place::Vacant { next: self.vacant };
        entry.generation = entry.generation.wrapping_add(1);
        self.vacant = index;
        self.len -= 1;
        entry.target.take()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
