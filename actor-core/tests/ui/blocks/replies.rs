//! Replies as parameters.

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

#[messages]
impl Counter {
    fn get(&mut self, reply: Reply<u64>) -> u64 {
        reply.send(self.total);
        self.total
    }

    fn get_both(&mut self, one: Reply<u64>, two: Reply<u64>) {
        one.send(self.total);
        two.send(self.total);
    }

    fn get_something(&mut self, reply: Reply) {
        reply.send(self.total);
    }

    #[tell]
    fn get_told(&mut self, reply: Reply<u64>) {
        reply.send(self.total);
    }

    #[tell]
    fn number(&mut self) -> u64 {
        self.total
    }

    fn get_well(&mut self) -> u64 {
        self.total
    }
}

fn main() {}
