//! A handler keeps something over an await that stays on its thread.

use std::rc::Rc;

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

impl Actor for Counter {
    type Msg = u64;

    async fn handle(&mut self, n: u64, _ctx: &mut Context<Self>) -> ActorResult {
        let n = Rc::new(n);
        tokio::task::yield_now().await;
        self.total += *n;
        Ok(())
    }
}

fn main() {}
