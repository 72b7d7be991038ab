//! A message is added to the enum and forgotten in the handler.

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

enum CounterMsg {
    Add(u64),
    Get(Reply<u64>),
}

impl Actor for Counter {
    type Msg = CounterMsg;

    async fn handle(&mut self, msg: CounterMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            CounterMsg::Add(n) => self.total += n,
        }
        Ok(())
    }
}

fn main() {}
