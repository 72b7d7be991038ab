//! Exact counts of things that come and go rarely: monitors and timers. For snapshots, and for tests that look for leaks.
//!
//! A count belongs to a system; who holds one of the counted holds a [`Tally`], whose drop takes it off again. So a thing is counted
//! as long as it exists, on whatever path it goes.

use crate::sync::{Arc, AtomicUsize, Ordering};

/// How many of a kind there are in a system.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge(Arc<AtomicUsize>);

impl Gauge {
    /// Counts so many.
    pub(crate) fn tally(&self, count: usize) -> Tally {
        self.0.fetch_add(count, Ordering::Relaxed);
        Tally {
            gauge: self.clone(),
            count,
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Some that are counted; taken off when dropped.
#[derive(Debug)]
pub(crate) struct Tally {
    gauge: Gauge,
    count: usize,
}

impl Tally {
    pub(crate) fn add_one(&mut self) {
        self.count += 1;
        self.gauge.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn remove_one(&mut self) {
        self.count -= 1;
        self.gauge.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.gauge.0.fetch_sub(self.count, Ordering::Relaxed);
    }
}
