//! What cannot be a message.

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

#[messages]
impl Counter {
    fn new() -> Self {
        Counter { total: 0 }
    }

    fn finish(self) {}

    fn unbox(self: Box<Self>) {}

    fn add<N: Into<u64>>(&mut self, n: N) {
        self.total += n.into();
    }

    fn add_all(&mut self, numbers: impl Iterator<Item = u64>) {
        self.total += numbers.sum::<u64>();
    }

    unsafe fn poke(&mut self) {}

    fn stop(&mut self) {}

    fn clone(&self) -> u64 {
        self.total
    }

    fn get(&mut self) -> u64 {
        self.total
    }
}

fn main() {}
