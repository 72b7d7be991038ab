//! The actor that ends a pool: it waits until the work is done or the time is up, and then stops every worker and the supervisor.
//!
//! Called by [`Pool::shutdown`](crate::Pool::shutdown), and by the drop of the last [`Pool`](crate::Pool). It is the youngest of the
//! pool's actors, so when the system shuts down it is stopped first, and closes the queue before the workers are stopped. It never
//! sees a job.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use actor_core::{
    Actor, ActorRef, ActorResult, AnyActorRef, Context, ExitReason, Reply, Signal, SupervisorRef,
};

use crate::dispatch::{Phase, WorkerId};
use crate::join::{Pending, join_all};
use crate::shared::Shared;
use crate::thread::Work;
use crate::{PoolReport, ShutdownMode, runtime};

const DEADLINE: &str = "deadline";
const TIMER: &str = "timer";

/// What the keeper is told.
#[derive(Debug)]
pub(crate) enum KeeperMsg {
    Shutdown(ShutdownMode, Duration, Reply<PoolReport>),
    /// The last handle of the pool is gone.
    Unreferenced,
    /// Nothing is pending or in hand any more, and nothing will be.
    Drained,
    Deadline,
    /// Something is due, or will be sooner than what was due before.
    Time,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// What the keeper ends.
pub(crate) struct Crew {
    pub(crate) supervisor: SupervisorRef,
    /// On threads and tasks.
    pub(crate) locals: Vec<(WorkerId, ActorRef<Work>)>,
    /// Those who carry jobs to process workers.
    pub(crate) agents: Vec<AnyActorRef>,
}

/// See the module's header.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    crew: Crew,
    waiting: Vec<Reply<PoolReport>>,
    /// How long a drain may take after Ctrl-C, if that drains.
    on_interrupt: Option<Duration>,
}

impl Keeper {
    pub(crate) fn new(shared: Arc<Shared>, crew: Crew, on_interrupt: Option<Duration>) -> Self {
        Keeper {
            shared,
            crew,
            waiting: Vec::new(),
            on_interrupt,
        }
    }

    fn close(&mut self, mode: ShutdownMode) {
        self.shared.close(match mode {
            ShutdownMode::Drain => Phase::Draining,
            ShutdownMode::Cancel => Phase::Cancelling,
        });
    }

    /// Ends everybody. What is still in hand when the time is up ends with its worker.
    async fn end(&mut self, ctx: &mut Context<Self>) {
        self.close(ShutdownMode::Cancel);
        // They have nothing in hand, or the time is up; what they drop ends their workers.
        self.crew.agents.iter().for_each(AnyActorRef::kill);
        for agent in self.crew.agents.drain(..) {
            agent.wait().await;
        }
        self.stop_workers().await;
        for (id, worker) in self.crew.locals.drain(..) {
            let reason = worker.wait().await;
            self.shared.gone(id, &reason);
        }
        let report = self.shared.report();
        for reply in self.waiting.drain(..) {
            reply.send(report.clone());
        }
        ctx.stop();
    }

    /// All at once: a thread that does not answer costs its allowance once, not once per thread.
    async fn stop_workers(&self) {
        let supervisor = &self.crew.supervisor;
        if let Ok(children) = supervisor.which_children().await {
            let stopping = children.into_iter().map(|child| {
                let stop = async move { drop(supervisor.terminate_child(&child.id).await) };
                Box::pin(stop) as Pending<'_>
            });
            join_all(stopping.collect()).await;
        }
        supervisor.stop();
        supervisor.wait().await;
    }
}

impl Actor for Keeper {
    type Msg = KeeperMsg;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        ctx.monitor(&self.crew.supervisor.any());
        if self.on_interrupt.is_some() {
            ctx.pipe(runtime::interrupted(), |()| KeeperMsg::Interrupted);
        }
        Ok(())
    }

    async fn handle(&mut self, msg: KeeperMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            KeeperMsg::Shutdown(mode, deadline, reply) => {
                self.waiting.push(reply);
                ctx.send_after(DEADLINE, deadline, KeeperMsg::Deadline);
                self.close(mode);
            }
            KeeperMsg::Unreferenced => self.close(ShutdownMode::Drain),
            KeeperMsg::Time => {
                if let Some(pause) = self.shared.look_at_the_time() {
                    ctx.send_after(TIMER, pause, KeeperMsg::Time);
                }
            }
            KeeperMsg::Interrupted => {
                tracing::info!("interrupted: the pool finishes what it has accepted");
                let limit = self.on_interrupt.take().unwrap_or_default();
                ctx.send_after(DEADLINE, limit, KeeperMsg::Deadline);
                self.close(ShutdownMode::Drain);
            }
            KeeperMsg::Drained | KeeperMsg::Deadline => self.end(ctx).await,
        }
        Ok(())
    }

    /// The supervisor ended by another's hand: there are no workers any more.
    async fn signal(&mut self, signal: Signal, ctx: &mut Context<Self>) -> ActorResult {
        if let Signal::Down(down) = signal {
            tracing::error!(reason = %down.reason, "the supervisor of a pool ended");
            self.end(ctx).await;
        }
        Ok(())
    }

    /// The system shuts down, when nobody has ended the pool before: nothing more is begun, and what is in hand is waited for. Whoever
    /// stops the system says for how long; then all are killed, the keeper too.
    async fn stopped(&mut self, _reason: &ExitReason, _ctx: &mut Context<Self>) {
        self.close(ShutdownMode::Cancel);
        poll_fn(|cx| self.shared.poll_drained(cx)).await;
    }
}

impl Drop for Keeper {
    /// However it ends, nobody waits for ever for a job that nobody will do.
    fn drop(&mut self) {
        self.shared.close(Phase::Cancelling);
    }
}
