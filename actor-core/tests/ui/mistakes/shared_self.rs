//! `handle` takes `&self`, as in systems where the state stands behind a lock.

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

impl Actor for Counter {
    type Msg = Reply<u64>;

    async fn handle(&self, reply: Reply<u64>, _ctx: &mut Context<Self>) -> ActorResult {
        reply.send(self.total);
        Ok(())
    }
}

fn main() {}
