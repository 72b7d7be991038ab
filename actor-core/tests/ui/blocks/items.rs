//! What else stands in an `impl` block.

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

#[messages]
impl Counter {
    const LIMIT: u64 = 10;

    fn add(&mut self, n: u64) {
        self.total += n.min(Self::LIMIT);
    }
}

fn main() {}
