//! The actor does not say what it is sent.

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

impl Actor for Counter {
    async fn handle(&mut self, n: u64, _ctx: &mut Context<Self>) -> ActorResult {
        self.total += n;
        Ok(())
    }
}

fn main() {}
