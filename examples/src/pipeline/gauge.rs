//! What is measured while items flow: how many there are at once, and how long the queues become.
//!
//! Shared by everybody, and written without a lock. An item counts itself, so nothing can be alive and not be counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counts up and down, and remembers the most.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    made: AtomicU64,
    alive: AtomicU64,
    most_alive: AtomicU64,
    longest_queue: AtomicUsize,
}

impl Gauge {
    /// How many items were made.
    pub(super) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// The most items that there were at one time.
    pub(super) fn most_alive(&self) -> u64 {
        self.most_alive.load(Ordering::Relaxed)
    }

    /// The longest queue that anybody saw.
    pub(super) fn longest_queue(&self) -> usize {
        self.longest_queue.load(Ordering::Relaxed)
    }

    /// A queue was seen that long.
    pub(super) fn saw_queue(&self, len: usize) {
        self.longest_queue.fetch_max(len, Ordering::Relaxed);
    }
}

/// What flows. It weighs something, as items do.
#[derive(Debug)]
pub(super) struct Item {
    /// Counted from 0.
    pub(super) number: u64,
    /// Written by the first stage, rewritten by the second.
    pub(super) body: Vec<u8>,
    gauge: Arc<Gauge>,
}

/// How much an item weighs, in bytes.
const WEIGHT: usize = 1024;

impl Item {
    /// The item of that number.
    pub(super) fn new(number: u64, gauge: &Arc<Gauge>) -> Self {
        gauge.made.fetch_add(1, Ordering::Relaxed);
        let alive = gauge.alive.fetch_add(1, Ordering::Relaxed) + 1;
        gauge.most_alive.fetch_max(alive, Ordering::Relaxed);
        let mut body = number.to_le_bytes().to_vec();
        body.resize(WEIGHT, 0);
        Item {
            number,
            body,
            gauge: Arc::clone(gauge),
        }
    }

    /// What the second stage does to it.
    pub(super) fn invert(&mut self) {
        for byte in &mut self.body {
            *byte = !*byte;
        }
    }

    /// Whether it is what it should be behind the second stage.
    pub(super) fn is_inverted(&self) -> bool {
        let begin = self.number.to_le_bytes();
        let due = begin.iter().chain(std::iter::repeat(&0)).map(|byte| !byte);
        self.body.len() == WEIGHT
            && self
                .body
                .iter()
                .copied()
                .zip(due)
                .all(|(is, due)| is == due)
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.gauge.alive.fetch_sub(1, Ordering::Relaxed);
    }
}
