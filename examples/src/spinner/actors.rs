//! The two actors: a spinner that turns on a timer, a worker that is slow.

use std::time::Duration;

use actor_core::prelude::*;
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// One turn of the spinner.
pub(super) const TURN: Duration = Duration::from_millis(80);

/// Turns as long as it lives, on a terminal for all to see.
pub(super) struct Spinner {
    bar: ProgressBar,
    turns: u64,
}

/// What a spinner is told and asked.
pub(super) enum SpinnerMsg {
    /// A turn is due.
    Turn,
    /// How often it has turned.
    Turns(Reply<u64>),
}

impl Spinner {
    /// A spinner that shows itself as `bar`.
    pub(super) fn new(bar: ProgressBar) -> Self {
        Spinner { bar, turns: 0 }
    }
}

impl Actor for Spinner {
    type Msg = SpinnerMsg;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        ctx.send_interval("turn", TURN, || SpinnerMsg::Turn);
        Ok(())
    }

    async fn handle(&mut self, msg: SpinnerMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            SpinnerMsg::Turn => {
                self.turns += 1;
                self.bar.tick();
            }
            SpinnerMsg::Turns(reply) => reply.send(self.turns),
        }
        Ok(())
    }

    async fn stopped(&mut self, _reason: &ExitReason, _ctx: &mut Context<Self>) {
        // Leaves the line as it was found.
        self.bar.finish_and_clear();
    }
}

/// Works for a while: by waiting where others need the thread, by blocking where it has one of its own.
pub(crate) struct Worker {
    may_block: bool,
}

/// Work for so long, then answer. The derives are all it takes to reach a worker in another process.
#[derive(Deserialize, Serialize)]
pub(crate) struct Work {
    /// How long.
    pub(super) seconds: f64,
    /// Who waits for it.
    pub(super) reply: Reply<Done>,
}

/// Where and how long the worker worked.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Done {
    /// The process it worked in.
    pub(super) pid: u32,
    /// The thread, by name.
    pub(super) thread: String,
    /// How long it took.
    pub(super) seconds: f64,
}

impl Worker {
    /// A worker that shares its thread with other actors.
    pub(super) fn that_waits() -> Self {
        Worker { may_block: false }
    }

    /// A worker with a thread or a process of its own.
    pub(crate) fn that_blocks() -> Self {
        Worker { may_block: true }
    }
}

impl Actor for Worker {
    type Msg = Work;

    async fn handle(
        &mut self,
        Work { seconds, reply }: Work,
        _ctx: &mut Context<Self>,
    ) -> ActorResult {
        let begin = Instant::now();
        let work = Duration::from_secs_f64(seconds);
        if self.may_block {
            std::thread::sleep(work);
        } else {
            tokio::time::sleep(work).await;
        }
        reply.send(Done {
            pid: std::process::id(),
            thread: std::thread::current()
                .name()
                .unwrap_or("unnamed")
                .to_owned(),
            seconds: begin.elapsed().as_secs_f64(),
        });
        Ok(())
    }
}
