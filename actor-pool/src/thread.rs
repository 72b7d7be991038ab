//! A worker on a thread of this process: an ordinary actor with a thread of its own, which pulls jobs from the shared queue.
//!
//! The pool's supervisor owns it. A panic of a job never reaches it, so in practice it ends only with the pool.

use std::sync::Arc;

use actor_core::{Actor, ActorResult, Context, ExitReason};

use crate::dispatch::WorkerId;
use crate::shared::Shared;
use actor_core::panic::discard;

/// There may be work.
#[derive(Debug)]
pub(crate) struct Work;

/// See the module's header.
pub(crate) struct ThreadWorker {
    shared: Arc<Shared>,
    id: WorkerId,
}

impl ThreadWorker {
    pub(crate) fn new(shared: Arc<Shared>, id: WorkerId) -> Self {
        ThreadWorker { shared, id }
    }

    /// Works until there is nothing to do. The pool closes the queue before it stops its workers, so this ends in time.
    fn work(&self) {
        let info = self.shared.info(self.id);
        let mut next = self.shared.next(self.id);
        while let Some((key, job)) = next.take() {
            job.run(&info, &mut || {
                let (was_held, following) = self.shared.done_and_next(self.id, key);
                next = following;
                was_held
            });
            // A worker that was given up may hold the last of it.
            discard(job);
        }
    }
}

impl Actor for ThreadWorker {
    type Msg = Work;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        if ctx.incarnation() > 1 {
            self.shared.count_restart(self.id);
        }
        self.shared.up(self.id, Some(std::process::id()));
        // Jobs may have been waiting for it.
        Ok(ctx.actor_ref().try_send(Work)?)
    }

    async fn handle(&mut self, _work: Work, _ctx: &mut Context<Self>) -> ActorResult {
        self.work();
        Ok(())
    }
}

impl Drop for ThreadWorker {
    /// It ended, whatever the reason. Nothing is in its hands, unless it was given up; then that was dealt with.
    fn drop(&mut self) {
        self.shared.lost(self.id, true, &ExitReason::Killed);
    }
}
