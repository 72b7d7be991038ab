//! The two actors: a worker that counts down and stops, a collector that starts and monitors them.

use std::time::Duration;

use actor_core::prelude::*;

use super::Args;
use super::record::Record;
use crate::console::Console;

/// Counts down, one number per pause.
struct Worker {
    /// Its place among the workers, from 0.
    worker: usize,
    left: u32,
    pause: Duration,
    collector: ActorRef<CollectorMsg>,
}

/// The next number is due.
struct Tick;

impl Actor for Worker {
    type Msg = Tick;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        ctx.send_after("tick", self.pause, Tick);
        Ok(())
    }

    async fn handle(&mut self, Tick: Tick, ctx: &mut Context<Self>) -> ActorResult {
        self.collector
            .send(CollectorMsg::Step {
                worker: self.worker,
                number: self.left,
            })
            .await?;
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                ctx.send_after("tick", self.pause, Tick);
            }
            None => ctx.stop(),
        }
        Ok(())
    }
}

/// Starts the workers and keeps the record of what they say and how they end.
pub(super) struct Collector {
    args: Args,
    console: Console,
    record: Record,
    waiting: Option<Reply<Record>>,
}

/// What a collector is told and asked.
pub(super) enum CollectorMsg {
    /// A worker tells a number.
    Step {
        /// Which worker.
        worker: usize,
        /// Its number.
        number: u32,
    },
    /// A worker has ended.
    Ended {
        /// Which worker.
        worker: usize,
        /// Why.
        reason: ExitReason,
    },
    /// Answers once the last worker has ended.
    WhenAllEnded(Reply<Record>),
    /// Answers at once.
    SoFar(Reply<Record>),
}

impl Collector {
    /// A collector that will start the workers of `args`.
    pub(super) fn new(args: &Args, console: Console) -> Self {
        let record = Record::new(args.workers.into(), args.from);
        Collector {
            args: args.clone(),
            console,
            record,
            waiting: None,
        }
    }

    fn handle_exit(&mut self, worker: usize, reason: &ExitReason) {
        let is_normal = matches!(reason, ExitReason::Normal);
        self.record
            .handle_exit(worker, (!is_normal).then(|| reason.to_string()));
        self.console
            .line(format!("worker {} has ended: {reason}", worker + 1));
        self.answer_if_complete();
    }

    fn answer_if_complete(&mut self) {
        if self.record.is_complete()
            && let Some(reply) = self.waiting.take()
        {
            reply.send(self.record.clone());
        }
    }
}

impl Actor for Collector {
    type Msg = CollectorMsg;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        for worker in 0..usize::from(self.args.workers) {
            let child = ctx.spawn(Worker {
                worker,
                left: self.args.from,
                pause: self.args.pause(),
                collector: ctx.actor_ref(),
            });
            ctx.monitor_with(&child.any(), move |down| CollectorMsg::Ended {
                worker,
                reason: down.reason,
            });
        }
        Ok(())
    }

    async fn handle(&mut self, msg: CollectorMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            CollectorMsg::Step { worker, number } => self.record.handle_step(worker, number),
            CollectorMsg::Ended { worker, reason } => self.handle_exit(worker, &reason),
            CollectorMsg::WhenAllEnded(reply) => {
                self.waiting = Some(reply);
                self.answer_if_complete();
            }
            CollectorMsg::SoFar(reply) => reply.send(self.record.clone()),
        }
        Ok(())
    }
}
