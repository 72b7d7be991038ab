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

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actor_core::{
    Actor, ActorRef, ActorResult, Context, ExitReason, MonitorId, Reply, Signal, SupervisorError,
    SupervisorRef,
};
use actor_remote::PidWatch;
use actor_remote::side::SideSlot;

use super::carrier::{Carrier, prepare};
use super::desk::{Desk, Held};
use super::plan::{Draft, Plan};
use super::wire::{Told, WorkerMsg};
use crate::dispatch::WorkerId;
use crate::shared::Shared;
use crate::{JobError, runtime, setup};
use actor_core::panic::discard;

const REPLACE: &str = "replace";
const IDLE: &str = "idle";
/// The pause before the second replacement in a row that did no job; it doubles from there.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What an agent is told.
#[derive(Debug)]
pub(crate) enum AgentMsg {
    /// Start the worker for the first time, now or when there is work, and say whether it did.
    Start(bool, Reply<Result<(), ExitReason>>),
    /// There is work, and no process for it.
    Work,
    /// The worker has nothing in hand and is given nothing more: it is to be replaced.
    Retire,
    /// The pause is over.
    Replace,
    /// There may have been no work for long.
    Idle,
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
    /// Whom workers tell how far they are.
    listener: ActorRef<Told>,
    /// There is no process, because there is nothing to do; not because one was lost.
    is_parked: bool,
    /// Workers in a row that ended without having done a job, and not for one that ran too long.
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
        listener: ActorRef<Told>,
    ) -> Self {
        Agent {
            shared,
            id: desk.id,
            desk,
            name,
            plan,
            supervisor,
            worker: None,
            listener,
            is_parked: false,
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
        let connected = self.connect(ctx, &actor, &pid, &side);
        let carrier = match connected {
            Ok(carrier) => carrier,
            Err(error) => {
                let reason = ExitReason::StartFailed(error.to_string());
                ctx.demonitor(monitor);
                self.abandon(&reason).await;
                return Err(reason);
            }
        };
        self.worker = Some(Worker {
            actor,
            monitor,
            carrier,
        });
        if let Some(limit) = self.plan.options.idle_max {
            ctx.send_after(IDLE, limit, AgentMsg::Idle);
        }
        Ok(())
    }

    /// Makes what jobs go over to a process that has started. Too few descriptors are left for it, say, when there is an error.
    fn connect(
        &mut self,
        ctx: &Context<Self>,
        actor: &ActorRef<WorkerMsg>,
        pid: &PidWatch,
        side: &SideSlot,
    ) -> io::Result<Carrier> {
        let channel = side.take();
        let channel = channel.ok_or_else(|| io::Error::other("it has no job socket"))?;
        let (socket, page) = prepare(channel)?;
        // The first message: a worker that is ended before it can be told is not worth a word.
        drop(actor.try_send(WorkerMsg::Hello(self.listener.clone())));
        let info = self.shared.up(self.id, pid.current());
        self.shared.set_process(self.id, Some(actor.any()));
        self.is_parked = false;
        tracing::debug!(worker = %self.name, pid = info.pid, "a worker process has started");
        let agent = ctx.actor_ref();
        self.desk
            .open(Arc::clone(&socket), actor.clone(), agent, info);
        Carrier::start(&self.desk, &socket, page, actor.clone())
    }

    /// Ends a process that has started and cannot be used. The next one is to have its name, and no job waits for it.
    async fn abandon(&mut self, reason: &ExitReason) {
        let left = self.desk.hang_up();
        drop(self.supervisor.terminate_child(&self.name).await);
        // Whoever found it up has perhaps handed it a job, and nobody has looked how far it was.
        let may_have_begun = !left.in_hand.is_empty();
        self.shared.lost(self.id, may_have_begun, reason);
        left.in_hand.into_iter().for_each(|held| discard(held.job));
    }

    /// The first start: what fails is tried again, but not for ever.
    async fn start(&mut self, ctx: &mut Context<Self>) -> Result<(), ExitReason> {
        let mut attempts = 1;
        while let Err(reason) = self.start_worker(ctx).await {
            if attempts >= self.plan.options.attempts {
                return Err(reason);
            }
            tracing::warn!(worker = %self.name, %reason, "a worker process did not start and is tried again");
            runtime::sleep(setup::pause(attempts)).await;
            attempts += 1;
        }
        Ok(())
    }

    /// Starts the process for which there was nothing to do so far, or the next one.
    async fn revive(&mut self, ctx: &mut Context<Self>) {
        self.is_parked = false;
        match self.start_worker(ctx).await {
            Ok(()) => self.desk.pump(),
            Err(reason) => {
                tracing::warn!(worker = %self.name, %reason, "a worker process did not start");
                self.shared.lost(self.id, false, &reason);
                self.replace_later(ctx);
            }
        }
    }

    /// Ends the process politely. It has nothing in hand, and its window is closed.
    async fn dismiss(&mut self, ctx: &mut Context<Self>) {
        let Some(worker) = self.worker.take() else {
            return;
        };
        ctx.demonitor(worker.monitor);
        ctx.cancel_timer(IDLE);
        self.shared.set_process(self.id, None);
        self.desk.hold_back();
        worker.carrier.hang_up().await;
        let left = self.desk.hang_up();
        left.in_hand.into_iter().for_each(|held| discard(held.job));
        drop(self.supervisor.terminate_child(&self.name).await);
        self.shared.without_pid(self.id);
    }

    /// Replaces the process, which has done what it should.
    async fn retire(&mut self, ctx: &mut Context<Self>) {
        if self.worker.is_none() {
            return;
        }
        tracing::debug!(worker = %self.name, "a worker process is replaced");
        self.dismiss(ctx).await;
        self.shared.count_restart(self.id);
        self.revive(ctx).await;
    }

    /// Ends the process if there was nothing to do for long; else it looks again later.
    async fn park(&mut self, ctx: &mut Context<Self>) {
        let (Some(limit), true) = (self.plan.options.idle_max, self.worker.is_some()) else {
            return;
        };
        let idle = self.desk.idle_for().unwrap_or_default();
        if idle < limit {
            ctx.send_after(IDLE, limit.saturating_sub(idle), AgentMsg::Idle);
            return;
        }
        // From here on it is given nothing; what came in the last moment is done first.
        self.shared.set_window(self.id, 0);
        if self.desk.idle_for().is_none() {
            self.shared.set_window(self.id, 1);
            self.desk.pump();
            ctx.send_after(IDLE, limit, AgentMsg::Idle);
            return;
        }
        tracing::debug!(worker = %self.name, "a worker process that has nothing to do ends");
        self.dismiss(ctx).await;
        // An abort in the last moment may have given it up.
        self.shared.up(self.id, None);
        self.shared.set_window(self.id, 1);
        self.wait_for_work(ctx).await;
    }

    /// There is no process until there is work.
    async fn wait_for_work(&mut self, ctx: &mut Context<Self>) {
        // Without work it is idle, and will be called.
        match self.shared.next(self.id) {
            None => self.is_parked = true,
            Some((key, job)) => {
                self.shared.give_back(self.id, key);
                discard(job);
                self.revive(ctx).await;
            }
        }
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
        let begun = left.in_hand.front().is_some_and(|first| {
            last_begun.is_none_or(|last| first.number <= last)
                && self.shared.is_first(self.id, first.key)
        });
        let has_expired = left.in_hand.front().map(|first| first.number) == left.expired;
        if begun
            && has_expired
            && let Some(first) = left.in_hand.pop_front()
        {
            // The fault of the job, so its successor need not be careful.
            self.failures = 0;
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
        let error = JobError::TimeLimit { limit };
        self.desk.fail(held.key, &held.job, error);
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
            AgentMsg::Start(true, reply) => {
                let started = self.start(ctx).await;
                let has_started = started.is_ok();
                reply.send(started);
                if has_started {
                    self.desk.pump();
                }
            }
            AgentMsg::Start(false, reply) => {
                self.shared.up(self.id, None);
                self.wait_for_work(ctx).await;
                reply.send(Ok(()));
            }
            AgentMsg::Work if self.is_parked => self.revive(ctx).await,
            // It is being replaced, or has been.
            AgentMsg::Work => self.desk.pump(),
            AgentMsg::Retire => self.retire(ctx).await,
            AgentMsg::Replace => self.replace(ctx).await,
            AgentMsg::Idle => self.park(ctx).await,
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
