//! `hello`: the smallest program there is, the one of the README.

use actor_core::prelude::*;
use serde_json::json;

use crate::exit::Failure;
use crate::topology::{About, Outcome, Stage};

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "hello",
    summary: "The smallest program: one actor, one message, one question",
    shows: "\
The program of the README. A counter is sent a number to add and is then asked
for its total. Messages of one sender arrive in order, so the total it answers
includes the number that was sent before the question.",
    drawing: "\
system
`-- counter   adds what it is sent, answers with the total",
    invariant: "The counter, sent the number 2, answers 2.",
    at_interrupt: "waiting for the answer",
};

/// Its parameters: none.
#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Args {}

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
            CounterMsg::Get(reply) => reply.send(self.total),
        }
        Ok(())
    }
}

async fn total() -> Result<u64, BoxError> {
    let system = ActorSystem::new("demo");
    let counter = system.spawn(Counter { total: 0 });
    counter.send(CounterMsg::Add(2)).await?;
    let total = counter.ask(CounterMsg::Get).await?;
    system.shutdown(Duration::from_secs(5)).await;
    Ok(total)
}

/// Runs it.
///
/// # Errors
/// If the counter does not answer.
pub(crate) async fn run(_args: Args, _stage: &Stage) -> Result<Outcome, Failure> {
    let total = total()
        .await
        .map_err(|error| Failure::machinery("asking the counter", error))?;
    let held = total == 2;
    Ok(Outcome {
        held,
        interrupted: false,
        json: json!({ "topology": ABOUT.name, "ok": held, "total": total }),
        summary: vec![format!("the counter says {total}")],
    })
}
