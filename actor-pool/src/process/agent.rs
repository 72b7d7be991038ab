//! The pool's side of one worker process: starts it, and replaces it when it ends.
//!
//! ```text
//! Start ──> worker up ──> the desk and its carrier do the work
//!               ^                       │
//!               └── pause, Replace <── ended: what was in hand fails or is queued again
//! ```
//!
//! The process is a temporary child of the pool's supervisor, which owns its life; when to start the next one is decided here, so a
//! pool never gives up. It sees no job before a worker has ended.

use std::sync::Arc;
use std::time::Duration;

use actor_core::{
    Actor, ActorRef, ActorResult, Context, ExitReason, MonitorId, Reply, Signal, SupervisorError,
    SupervisorRef,
};

use super::carrier::{Carrier, prepare};
use super::desk::{Desk, Held};
use super::plan::{Draft, Plan};
use super::wire::WorkerMsg;
use crate::JobError;
use crate::dispatch::WorkerId;
use crate::shared::Shared;
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
    /// The worker has nothing in hand and is given nothing more: it is to be replaced.
    Retire,
    /// The pause is over.
    Replace,
}

/// See the module's header.
pub(crate) struct Agent {
    shared: Arc<Shared>,
    id: WorkerId,
    desk: Arc<Desk>,
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
    carrier: Carrier,
}

impl Agent {
    pub(crate) fn new(
        shared: Arc<Shared>,
        desk: Arc<Desk>,
        name: String,
        plan: Arc<Plan>,
        supervisor: SupervisorRef,
    ) -> Self {
        Agent {
            shared,
            id: desk.id,
            desk,
            name,
            plan,
            supervisor,
            worker: None,
            failures: 0,
        }
    }

    async fn start_worker(&mut self, ctx: &mut Context<Self>) -> Result<(), ExitReason> {
        let draft = self.plan.draft(&self.name);
        let Draft {
            spec,
            actor,
            pid,
            side,
        } = draft.map_err(|error| ExitReason::StartFailed(error.to_string()))?;
        // Before the start, so that its end is never missed.
        let monitor = ctx.monitor(&actor.any());
        if let Err(error) = self.supervisor.start_child(spec).await {
            ctx.demonitor(monitor);
            return Err(match error {
                SupervisorError::StartFailed(reason) => reason,
                other => ExitReason::StartFailed(other.to_string()),
            });
        }
        let failed = |what: &str| ExitReason::StartFailed(what.to_owned());
        let channel = side.take().ok_or_else(|| failed("it has no job socket"))?;
        let (socket, page) = prepare(channel).map_err(|error| failed(&error.to_string()))?;
        let info = self.shared.up(self.id, pid.current());
        tracing::debug!(worker = %self.name, pid = info.pid, "a worker process has started");
        let agent = ctx.actor_ref();
        self.desk
            .open(Arc::clone(&socket), actor.clone(), agent, info);
        let carrier = Carrier::start(&self.desk, &socket, page, actor.clone())
            .map_err(|error| failed(&error.to_string()))?;
        self.worker = Some(Worker {
            actor,
            monitor,
            carrier,
        });
        Ok(())
    }

    /// The worker has ended.
    async fn lose(&mut self, ctx: &mut Context<Self>, reason: &ExitReason) {
        let Some(worker) = self.worker.take() else {
            return;
        };
        ctx.demonitor(worker.monitor);
        self.desk.hold_back();
        let last_begun = worker.carrier.hang_up().await;
        let mut left = self.desk.hang_up();
        tracing::info!(worker = %self.name, %reason, "a worker process ended and is replaced");
        // What was written came back; of the rest, the first was in hand if it had begun.
        let begun = left
            .in_hand
            .front()
            .is_some_and(|first| last_begun.is_none_or(|last| first.number <= last));
        let has_expired = left.in_hand.front().map(|first| first.number) == left.expired;
        if begun
            && has_expired
            && let Some(first) = left.in_hand.pop_front()
        {
            self.expire(first);
            self.shared.lost(self.id, false, reason);
        } else {
            self.shared.lost(self.id, begun, reason);
        }
        left.in_hand.into_iter().for_each(|held| discard(held.job));
        if left.done > 0 {
            self.failures = 0;
        }
        self.replace_later(ctx);
    }

    /// A job ran longer than it may.
    fn expire(&self, held: Held) {
        let limit = self.desk.time_max.unwrap_or_default();
        if self.shared.done(self.id, held.key) {
            held.job.fail(JobError::TimeLimit { limit });
        }
        discard(held.job);
    }

    fn replace_later(&mut self, ctx: &mut Context<Self>) {
        ctx.send_after(REPLACE, pause(self.failures), AgentMsg::Replace);
        self.failures = self.failures.saturating_add(1);
    }

    async fn replace(&mut self, ctx: &mut Context<Self>) {
        self.shared.count_restart(self.id);
        match self.start_worker(ctx).await {
            Ok(()) => self.desk.pump(),
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

impl Actor for Agent {
    type Msg = AgentMsg;

    async fn handle(&mut self, msg: AgentMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            AgentMsg::Start(reply) => {
                let started = self.start_worker(ctx).await;
                let has_started = started.is_ok();
                reply.send(started);
                if has_started {
                    self.desk.pump();
                }
            }
            AgentMsg::Retire => {
                if let Some(worker) = &self.worker {
                    worker.actor.stop();
                }
            }
            AgentMsg::Replace => self.replace(ctx).await,
        }
        Ok(())
    }

    async fn signal(&mut self, signal: Signal, ctx: &mut Context<Self>) -> ActorResult {
        if let Signal::Down(down) = signal
            && self
                .worker
                .as_ref()
                .is_some_and(|worker| worker.monitor == down.monitor)
        {
            self.lose(ctx, &down.reason).await;
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
        let left = self.desk.hang_up();
        left.in_hand.into_iter().for_each(|held| discard(held.job));
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
