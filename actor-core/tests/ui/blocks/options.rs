//! Options that do not exist, or are said twice.

use actor_core::prelude::*;

struct Counter;

#[messages(message = Message)]
impl Counter {
    fn one(&mut self) {}
}

struct Other;

#[messages(msg = One, msg = Two, derive(Clone))]
impl Other {
    fn one(&mut self) -> u64 {
        1
    }
}

fn main() {}
