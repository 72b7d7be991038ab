//! A worker in this process, on a thread of its own or as a task: an ordinary actor which pulls jobs from the shared queue.
//!
//! The pool's supervisor owns it. A panic of a job never reaches it, so in practice it ends only with the pool. On a thread it runs one
//! job after the other; as a task it drives the futures of async closures, and runs functions in between, which hold its runtime up.

use std::future::poll_fn;
use std::sync::Arc;

use actor_core::{Actor, ActorResult, BoxError, Context, ExitReason};

use crate::arena::Key;
use crate::dispatch::WorkerId;
use crate::progress::{Reporter, Scope};
use crate::setup::{self, Initializer, WorkerBox};
use crate::shared::{AnyTask, Shared};
use crate::task::Report;
use crate::{WorkerInfo, WorkerKind, runtime};
use actor_core::panic::discard;

/// After so many jobs a task lets others run.
const BUDGET: u32 = 64;

/// So often a thread that has nothing to do looks again before it sleeps, which are some microseconds. Half and twice as many make no
/// difference.
const LOOKS: u32 = 16;

/// There may be work.
#[derive(Debug)]
pub(crate) struct Work;

/// How the workers of this process are made.
#[derive(Clone, Debug)]
pub(crate) struct LocalOptions {
    pub(crate) initializer: Option<Initializer>,
    pub(crate) attempts: u32,
    /// After so many jobs it starts anew.
    pub(crate) jobs_max: Option<u64>,
}

/// See the module's header.
pub(crate) struct LocalWorker {
    shared: Arc<Shared>,
    id: WorkerId,
    info: WorkerInfo,
    options: LocalOptions,
    reporter: Arc<Reporter>,
    /// The state of a task between its polls; that of a thread stays with the thread.
    state: Option<WorkerBox>,
    /// Since it started, or started anew.
    jobs: u64,
}

impl LocalWorker {
    pub(crate) fn new(shared: Arc<Shared>, id: WorkerId, options: LocalOptions) -> Self {
        LocalWorker {
            info: shared.info(id),
            reporter: Arc::new(Reporter::Here(Arc::clone(&shared))),
            shared,
            id,
            options,
            state: None,
            jobs: 0,
        }
    }

    /// Works until there is nothing to do. The pool closes the queue before it stops its workers, so this ends in time.
    fn work(&mut self) -> ActorResult {
        let scope = Scope::enter(&self.reporter);
        let mut next = None;
        while let Some((key, job)) = next.take().or_else(|| self.look_for_more()) {
            scope.run(key.to_bits());
            self.jobs += 1;
            let is_last = self.options.jobs_max.is_some_and(|max| self.jobs >= max);
            job.run(&self.info, &mut |report| {
                if is_last {
                    return self.shared.done(self.id, key, report);
                }
                let (settled, following) = self.shared.done_and_next(self.id, key, report);
                next = following;
                settled
            });
            // A worker that was given up may hold the last of it.
            discard(job);
            if is_last {
                self.start_anew()?;
            }
        }
        Ok(())
    }

    /// What to do next. To sleep and to be woken takes as long as many small jobs. Where a submitter shares its core with the worker, giving
    /// the core away is what brings the next jobs.
    fn look_for_more(&self) -> Option<(Key, AnyTask)> {
        for _ in 0..LOOKS {
            if let Some(next) = self.shared.look(self.id) {
                return Some(next);
            }
            std::thread::yield_now();
        }
        self.shared.next(self.id)
    }

    /// The same for a task. `true` when there is more to do.
    async fn work_as_task(&mut self) -> Result<bool, BoxError> {
        for _ in 0..BUDGET {
            let Some((key, job)) = self.shared.next(self.id) else {
                return Ok(false);
            };
            poll_fn(|cx| {
                let scope = Scope::enter(&self.reporter);
                scope.run(key.to_bits());
                let before = setup::swap(self.state.take());
                let mut settle = |report: &Report<'_>| self.shared.done(self.id, key, report);
                let polled = job.poll_run(cx, &self.info, &mut settle);
                self.state = setup::swap(before);
                polled
            })
            .await;
            discard(job);
            self.jobs += 1;
            if self.options.jobs_max.is_some_and(|max| self.jobs >= max) {
                self.start_anew()?;
            }
        }
        Ok(true)
    }

    /// Makes a fresh state, as a replacement would have.
    fn start_anew(&mut self) -> ActorResult {
        self.jobs = 0;
        self.forget();
        self.shared.count_restart(self.id);
        self.set_up()
    }

    fn set_up(&mut self) -> ActorResult {
        let Some(initializer) = &self.options.initializer else {
            return Ok(());
        };
        let state = initializer.run(&self.info)?;
        match self.info.kind {
            WorkerKind::Task => self.state = Some(state),
            _ => drop(setup::swap(Some(state))),
        }
        Ok(())
    }

    /// The first start tries several times; later ones are tried again by the supervisor.
    async fn set_up_at_first(&mut self) -> ActorResult {
        let mut attempts = 1;
        while let Err(error) = self.set_up() {
            if attempts >= self.options.attempts {
                return Err(error);
            }
            tracing::warn!(worker = %self.info.name, %error, "the initializer of a worker failed and is tried again");
            runtime::sleep(setup::pause(attempts)).await;
            attempts += 1;
        }
        Ok(())
    }

    fn forget(&mut self) {
        match self.info.kind {
            WorkerKind::Task => discard(self.state.take()),
            _ => setup::forget(),
        }
    }
}

impl Actor for LocalWorker {
    type Msg = Work;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        self.info.pid = Some(std::process::id());
        if ctx.incarnation() > 1 {
            self.shared.count_restart(self.id);
            self.set_up()?;
        } else {
            self.set_up_at_first().await?;
        }
        self.info = self.shared.up(self.id, self.info.pid);
        // Jobs may have been waiting for it.
        Ok(ctx.actor_ref().try_send(Work)?)
    }

    async fn handle(&mut self, _work: Work, ctx: &mut Context<Self>) -> ActorResult {
        if self.info.kind == WorkerKind::Thread {
            return self.work();
        }
        if self.work_as_task().await? {
            ctx.actor_ref().try_send(Work)?;
        }
        Ok(())
    }
}

impl Drop for LocalWorker {
    /// It ended, whatever the reason. Nothing is in its hands, unless it was given up; then that was dealt with.
    fn drop(&mut self) {
        // That of a thread goes with the thread.
        discard(self.state.take());
        self.shared.lost(self.id, true, &ExitReason::Killed);
    }
}
