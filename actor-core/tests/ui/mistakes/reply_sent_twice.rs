//! One question, two answers.

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

impl Actor for Counter {
    type Msg = Reply<u64>;

    async fn handle(&mut self, reply: Reply<u64>, _ctx: &mut Context<Self>) -> ActorResult {
        if self.total == 0 {
            reply.send(0);
        }
        reply.send(self.total);
        Ok(())
    }
}

fn main() {}
