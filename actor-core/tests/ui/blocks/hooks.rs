//! Hooks that are not what they should be.

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

#[messages]
impl Counter {
    fn add(&mut self, n: u64) {
        self.total += n;
    }

    #[started]
    fn one(&mut self) {}

    #[started]
    fn two(&mut self) {}

    #[signal]
    fn three(&mut self, _signal: Signal, _other: Signal) {}

    #[stopped]
    fn four(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }

    #[started]
    #[tell]
    fn five(&mut self) {}

    #[signal(down)]
    fn six(&mut self) -> u64 {
        6
    }
}

fn main() {}
