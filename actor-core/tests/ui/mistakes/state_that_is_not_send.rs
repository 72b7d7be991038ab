//! The state holds something that stays on its thread.

use std::rc::Rc;

use actor_core::prelude::*;

struct Counter {
    total: Rc<u64>,
}

impl Actor for Counter {
    type Msg = u64;

    async fn handle(&mut self, n: u64, _ctx: &mut Context<Self>) -> ActorResult {
        self.total = Rc::new(*self.total + n);
        Ok(())
    }
}

fn main() {}
