//! An actor that everybody may spawn, with messages that nobody may name.

use actor_core::prelude::*;

pub struct Counter {
    total: u64,
}

#[messages]
impl Counter {
    fn add(&mut self, n: u64) {
        self.total += n;
    }
}

fn main() {}
