//! A reference is typed by what the actor is sent.

use actor_core::prelude::*;

struct Counter;

impl Actor for Counter {
    type Msg = u64;

    async fn handle(&mut self, _n: u64, _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }
}

async fn _send(counter: ActorRef<u64>) -> Result<(), BoxError> {
    counter.send("one".to_owned()).await?;
    let _total: u64 = counter.ask(|reply: Reply<u64>| reply).await?;
    Ok(())
}

fn main() {}
