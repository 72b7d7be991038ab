//! The message holds something that stays on its thread.

use std::rc::Rc;

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

enum CounterMsg {
    Add(Rc<u64>),
}

impl Actor for Counter {
    type Msg = CounterMsg;

    async fn handle(&mut self, msg: CounterMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            CounterMsg::Add(n) => self.total += *n,
        }
        Ok(())
    }
}

fn main() {}
