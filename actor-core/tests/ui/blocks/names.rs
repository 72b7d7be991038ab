//! Two messages of one name, and messages that are not equally visible.

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

#[messages]
impl Counter {
    fn add2(&mut self) {
        self.total += 2;
    }

    fn add_2(&mut self) {
        self.total += 2;
    }

    pub fn get(&mut self) -> u64 {
        self.total
    }

    fn _1st(&mut self) {}
}

fn main() {}
