//! The side of the workers: they take jobs, report what came of them, and end.

use std::sync::Arc;

use actor_core::panic::{catch, discard};
use actor_core::{AnyActorRef, ExitReason};

use super::{AnyTask, Shared};
use crate::arena::Key;
use crate::dispatch::{Dispatch, WorkerId};
use crate::task::{Report, Settled};
use crate::{JobError, WorkerInfo};

impl Shared {
    /// A worker has started. Its next step is to ask for work.
    pub(crate) fn up(&self, id: WorkerId, pid: Option<u32>) -> WorkerInfo {
        let mut state = self.lock();
        state.seats[id].info.pid = pid;
        state.dispatch.handle_up(id);
        state.seats[id].info.clone()
    }

    /// Which actor is the process of a worker, so that an abort can end it.
    pub(crate) fn set_process(&self, id: WorkerId, process: Option<AnyActorRef>) {
        let before = std::mem::replace(&mut self.lock().seats[id].process, process);
        drop(before);
    }

    /// The process of a worker has ended as it should, and there is none for now.
    pub(crate) fn without_pid(&self, id: WorkerId) {
        self.lock().seats[id].info.pid = None;
    }

    /// A chunk in the hands of a worker is too much for it; its items become jobs of their own.
    pub(crate) fn split(&self, id: WorkerId, key: Key) {
        let mut state = self.lock_now();
        state.dispatch.handle_too_much(id, key);
        self.settle(state);
    }

    /// How many jobs the worker may hold from now on.
    pub(crate) fn set_window(&self, id: WorkerId, window: usize) {
        let mut state = self.lock();
        state.dispatch.set_window(id, window);
        self.settle(state);
    }

    /// The worker has not begun a job and never will.
    pub(crate) fn give_back(&self, id: WorkerId, key: Key) {
        let mut state = self.lock_now();
        state.dispatch.handle_given_back(id, key);
        self.settle(state);
    }

    /// Whether this is the first of the jobs in the worker's hands. Not if it was taken from it.
    pub(crate) fn is_first(&self, id: WorkerId, key: Key) -> bool {
        self.lock().dispatch.in_hand_of(id) == Some(key)
    }

    /// What the worker begins next; without an answer its bell will ring.
    pub(crate) fn next(&self, id: WorkerId) -> Option<(Key, AnyTask)> {
        let mut state = self.lock_now_as_worker();
        let next = self.next_of(&mut state, id);
        self.settle(state);
        next
    }

    /// The same, but without an answer it will ask again.
    pub(crate) fn look(&self, id: WorkerId) -> Option<(Key, AnyTask)> {
        let mut state = self.lock_now_as_worker();
        let next = self.look_for(&mut state, id);
        self.settle(state);
        next
    }

    /// The worker is done with a job.
    pub(crate) fn done(&self, id: WorkerId, key: Key, report: &Report<'_>) -> Settled {
        if self.wants_again(id, key, report.error) {
            return self.again(id, key);
        }
        let mut state = self.lock_now_as_worker();
        let done = state.dispatch.handle_done(id, key, report.failed);
        self.settle(state);
        settled(done)
    }

    /// Both at once.
    pub(crate) fn done_and_next(
        &self,
        id: WorkerId,
        key: Key,
        report: &Report<'_>,
    ) -> (Settled, Option<(Key, AnyTask)>) {
        if report.error.is_some() {
            // The argument must be back in its place before another worker can take the job.
            return (self.done(id, key, report), None);
        }
        let mut state = self.lock_now_as_worker();
        let done = state.dispatch.handle_done(id, key, report.failed);
        let next = self.look_for(&mut state, id);
        self.settle(state);
        (settled(done), next)
    }

    /// Whether a job is to be run again after such an error. What decides is the user's, so it runs outside of the lock.
    fn wants_again(&self, id: WorkerId, key: Key, error: Option<&JobError>) -> bool {
        let Some(error) = error else { return false };
        let plan = self.lock().dispatch.retry_of(id, key);
        let on = plan.and_then(|plan| plan.on);
        on.is_some_and(|on| catch(|| on(error)).unwrap_or(false))
    }

    fn again(&self, id: WorkerId, key: Key) -> Settled {
        let mut state = self.lock_now();
        let was_held = state.dispatch.handle_again(id, key);
        self.settle(state);
        if was_held {
            Settled::Again
        } else {
            Settled::Gone
        }
    }

    /// The worker ended; `begun` says whether the first job in its hands may have begun.
    pub(crate) fn lost(&self, id: WorkerId, begun: bool, reason: &ExitReason) {
        self.lose(id, reason, |dispatch| dispatch.handle_lost(id, begun));
    }

    fn lose(&self, id: WorkerId, reason: &ExitReason, handle: impl FnOnce(&mut Dispatch<AnyTask>)) {
        let mut state = self.lock_now();
        state.seats[id].info.pid = None;
        let process = state.seats[id].process.take();
        // What ended for other reasons is not told this one.
        let before = state.poll_ended();
        handle(&mut state.dispatch);
        let ended = state.poll_ended();
        self.settle(state);
        drop(process);
        for (job, verdict) in before.into_iter().chain(ended) {
            self.tell(job, verdict, reason);
        }
    }

    /// The worker is about to be replaced.
    pub(crate) fn count_restart(&self, id: WorkerId) {
        self.lock().seats[id].restarts += 1;
    }

    /// The worker will never come back. May be told more than once.
    pub(crate) fn gone(&self, id: WorkerId, reason: &ExitReason) {
        if *reason == ExitReason::Unresponsive {
            self.note_abandoned(id);
        }
        self.lose(id, reason, |dispatch| dispatch.handle_cut_off(id));
        let mut state = self.lock();
        state.dispatch.handle_gone(id);
        self.finish_closing(state);
    }

    fn note_abandoned(&self, id: WorkerId) {
        let mut state = self.lock();
        let seat = &mut state.seats[id];
        if seat.abandoned.is_some() {
            return;
        }
        seat.abandoned = Some(seat.info.clone());
        let name = Arc::clone(&seat.info.name);
        drop(state);
        tracing::error!(worker = %name, "a thread is stuck in a job and is given up");
    }
}

fn settled(done: Option<AnyTask>) -> Settled {
    let settled = match done {
        Some(_) => Settled::Counts,
        None => Settled::Gone,
    };
    discard(done);
    settled
}
