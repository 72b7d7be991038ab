//! The attribute where it does not belong.

use actor_core::prelude::*;

#[messages]
struct Counter;

#[messages]
impl Default for Counter {
    fn default() -> Self {
        Counter
    }
}

#[messages]
impl Counter {}

struct Borrowing<'a>(&'a str);

#[messages]
impl<'a> Borrowing<'a> {
    fn get(&mut self) -> usize {
        self.0.len()
    }
}

fn main() {}
