//! `&self` where the state changes, and over an await where it cannot be shared.

use std::cell::Cell;

use actor_core::prelude::*;

struct Counter {
    total: u64,
    reads: Cell<u64>,
}

#[messages]
impl Counter {
    fn add(&self, n: u64) {
        self.total += n;
    }

    async fn get(&self) -> u64 {
        self.reads.set(self.reads.get() + 1);
        self.total
    }
}

fn main() {}
