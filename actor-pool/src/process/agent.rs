//! The pool's side of one worker process: takes jobs from the shared queue, carries them there one at a time, and replaces the
//! process when it ends.
//!
//! ```text
//! Start ──> worker up ──> Work: next job ──> ask the worker ──> outcome ──> next job …
//!               ^                                  │
//!               └── pause, Replace <── lost: the job in hand fails or is queued again
//! ```
//!
//! The process is a temporary child of the pool's supervisor, which owns its life; when to start the next one is decided here, so a
//! pool never gives up. Since one job is asked for at a time, the worker has sent the result of one job before it sees the next:
//! whatever has no result when it ends was in its hands.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use actor_core::{
    Actor, ActorRef, ActorResult, AskError, Context, ExitReason, MonitorId, Reply, Signal,
    SupervisorError, SupervisorRef,
};

use super::plan::{ARGUMENT_MAX, Draft, Plan};
use super::wire::{Bytes, WorkerMsg};
use crate::dispatch::WorkerId;
use crate::shared::{AnyTask, Shared};
use crate::{JobError, Payload, WorkerInfo};
use actor_core::panic::discard;

const REPLACE: &str = "replace";
/// The pause before the second replacement in a row that did no job; it doubles from there.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What an agent is told.
#[derive(Debug)]
pub(crate) enum AgentMsg {
    /// Start the worker for the first time, and say whether it did.
    Start(Reply<Result<(), ExitReason>>),
    /// There may be work.
    Work,
    /// The pause is over.
    Replace,
}

/// See the module's header.
pub(crate) struct Agent {
    shared: Arc<Shared>,
    id: WorkerId,
    name: String,
    plan: Arc<Plan>,
    supervisor: SupervisorRef,
    worker: Option<Worker>,
    /// Workers in a row that ended without having done a job.
    failures: u32,
}

struct Worker {
    actor: ActorRef<WorkerMsg>,
    monitor: MonitorId,
    info: WorkerInfo,
}

/// How the way to a worker and back ended.
enum Carried {
    Done(Bytes),
    Failed(JobError),
    Lost { begun: bool, reason: ExitReason },
}

impl Agent {
    pub(crate) fn new(
        shared: Arc<Shared>,
        id: WorkerId,
        name: String,
        plan: Arc<Plan>,
        supervisor: SupervisorRef,
    ) -> Self {
        Agent {
            shared,
            id,
            name,
            plan,
            supervisor,
            worker: None,
            failures: 0,
        }
    }

    async fn start_worker(&mut self, ctx: &mut Context<Self>) -> Result<(), ExitReason> {
        let draft = self.plan.draft(&self.name);
        let Draft { spec, actor, pid } =
            draft.map_err(|error| ExitReason::StartFailed(error.to_string()))?;
        // Before the start, so that its end is never missed.
        let monitor = ctx.monitor(&actor.any());
        if let Err(error) = self.supervisor.start_child(spec).await {
            ctx.demonitor(monitor);
            return Err(match error {
                SupervisorError::StartFailed(reason) => reason,
                other => ExitReason::StartFailed(other.to_string()),
            });
        }
        let info = self.shared.up(self.id, pid.current());
        tracing::debug!(worker = %self.name, pid = info.pid, "a worker process has started");
        self.worker = Some(Worker {
            actor,
            monitor,
            info,
        });
        Ok(())
    }

    /// Works until there is nothing to do, or nobody to do it.
    async fn work(&mut self, ctx: &mut Context<Self>) {
        while let Some(worker) = &self.worker
            && let Some((key, job)) = self.shared.next(self.id)
        {
            let carried = carry(worker, &job).await;
            let mut settle = || self.shared.done(self.id, key);
            match carried {
                Carried::Done(Bytes(result)) => job.complete(&result, &worker.info, &mut settle),
                Carried::Failed(error) if settle() => job.fail(error),
                Carried::Failed(_) => {}
                Carried::Lost { begun, reason } => {
                    discard(job);
                    return self.lose(ctx, begun, &reason);
                }
            }
            self.failures = 0;
            discard(job);
        }
    }

    /// The worker has ended.
    fn lose(&mut self, ctx: &mut Context<Self>, begun: bool, reason: &ExitReason) {
        if let Some(worker) = self.worker.take() {
            ctx.demonitor(worker.monitor);
        }
        tracing::info!(worker = %self.name, %reason, "a worker process ended and is replaced");
        self.shared.lost(self.id, begun, reason);
        self.replace_later(ctx);
    }

    fn replace_later(&mut self, ctx: &mut Context<Self>) {
        ctx.send_after(REPLACE, pause(self.failures), AgentMsg::Replace);
        self.failures = self.failures.saturating_add(1);
    }

    async fn replace(&mut self, ctx: &mut Context<Self>) {
        self.shared.count_restart(self.id);
        match self.start_worker(ctx).await {
            Ok(()) => self.work(ctx).await,
            Err(reason) => {
                tracing::warn!(worker = %self.name, %reason, "a worker process did not start again");
                self.replace_later(ctx);
            }
        }
    }
}

/// How long to wait before the next replacement, after so many in a row that did no job. None the first time.
fn pause(failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => PAUSE_FIRST
            .saturating_mul(1 << doublings.min(16))
            .min(PAUSE_MAX),
    }
}

/// Carries a job to the worker and its outcome back.
async fn carry(worker: &Worker, job: &AnyTask) -> Carried {
    let name = job.name().unwrap_or_default();
    let argument = match encode(job, name) {
        Ok(argument) => argument,
        Err(error) => return Carried::Failed(error),
    };
    // Jobs take as long as they take; the end of the worker resolves the ask as well.
    let asked = worker.actor.ask_within(Duration::MAX, |reply| {
        WorkerMsg::Run(Cow::Borrowed(name), Bytes(argument), reply)
    });
    match asked.await {
        Ok(answer) => answer
            .into_result(name)
            .map_or_else(Carried::Failed, Carried::Done),
        Err(error) if tells_the_end(&error) => Carried::Lost {
            begun: error.may_have_run(),
            reason: worker.actor.wait().await,
        },
        Err(error) => Carried::Failed(JobError::Link {
            maybe_ran: error.may_have_run(),
            text: match error {
                AskError::Failed {
                    reason: ExitReason::Failed(text),
                } => text,
                other => other.to_string(),
            },
        }),
    }
}

fn encode(job: &AnyTask, name: &str) -> Result<Vec<u8>, JobError> {
    let argument = job.encode()?;
    let limit = ARGUMENT_MAX.saturating_sub(name.len());
    if argument.len() > limit {
        return Err(JobError::TooLarge {
            payload: Payload::Argument,
            bytes: argument.len() as u64,
            limit: limit as u64,
        });
    }
    Ok(argument)
}

/// Whether an ask ended because the worker did. The root actor itself never fails; what else goes wrong concerns one message.
fn tells_the_end(error: &AskError) -> bool {
    matches!(
        error,
        AskError::Closed | AskError::Stopped { .. } | AskError::Disconnected { .. }
    )
}

impl Actor for Agent {
    type Msg = AgentMsg;

    async fn handle(&mut self, msg: AgentMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            AgentMsg::Start(reply) => {
                let started = self.start_worker(ctx).await;
                let has_started = started.is_ok();
                reply.send(started);
                if has_started {
                    self.work(ctx).await;
                }
            }
            AgentMsg::Work => self.work(ctx).await,
            AgentMsg::Replace => self.replace(ctx).await,
        }
        Ok(())
    }

    /// The worker ended while it had nothing to do.
    async fn signal(&mut self, signal: Signal, ctx: &mut Context<Self>) -> ActorResult {
        if let Signal::Down(down) = signal
            && self
                .worker
                .as_ref()
                .is_some_and(|worker| worker.monitor == down.monitor)
        {
            self.lose(ctx, false, &down.reason);
        }
        Ok(())
    }
}

impl Drop for Agent {
    /// It ends with the pool; a worker that still has a job in hand then is not waited for.
    fn drop(&mut self) {
        if let Some(worker) = &self.worker
            && self.shared.is_busy(self.id)
        {
            worker.actor.kill();
        }
        self.shared.gone(self.id, &ExitReason::Killed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_replacement_comes_at_once_and_later_ones_after_growing_pauses() {
        let pauses: Vec<_> = (0..10)
            .map(|failures| pause(failures).as_millis())
            .collect();

        assert_eq!(pauses, [0, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(pause(u32::MAX), PAUSE_MAX);
    }
}
