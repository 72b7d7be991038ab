//! What handles, submitters and workers share: the dispatcher and the line of waiting submitters behind one lock.
//!
//! Everybody enters here: submitters offer jobs, workers take them and report, handles cancel. There is no actor in between, so a job
//! costs two short critical sections and no hop.
//!
//! Rules: (1) under the lock runs no user code, no drop of user data and no wake; what is to be woken is collected and woken
//! afterwards. (2) Room is what `capacity` leaves beside the pending jobs and the places kept in the line; nobody overtakes the line.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use actor_core::ExitReason;

use crate::arena::Key;
use crate::dispatch::{Dispatch, Needs, Offer, Phase, Stage, Verdict, WorkerId};
use crate::line::{Line, Ticket};
use crate::task::Task;
use crate::{
    JobError, JobOptions, JobStatus, PoolReport, Refusal, WorkerInfo, WorkerKind, WorkerState,
    WorkerStatus,
};
use actor_core::panic::discard;

/// A job as the queue holds it.
pub(crate) type AnyTask = Arc<dyn Task>;

/// How a worker, or the keeper, is told that there is something for it. Called outside of the lock; never blocks.
pub(crate) type Bell = Box<dyn Fn() + Send + Sync>;

struct State {
    dispatch: Dispatch<AnyTask>,
    line: Line<Waker>,
    seats: Vec<Seat>,
    drain_told: bool,
    /// The keeper, when it waits for the end of what is in hand.
    drain_waker: Option<Waker>,
    /// How many jobs were not begun because the pool closed.
    cancelled: u64,
}

/// What is known of one worker besides its work.
struct Seat {
    info: WorkerInfo,
    restarts: u32,
    /// As it was when it was given up.
    abandoned: Option<WorkerInfo>,
}

/// See the module's header.
pub(crate) struct Shared {
    state: Mutex<State>,
    capacity: usize,
    /// One per worker, set before the pool is handed out.
    bells: OnceLock<Vec<Bell>>,
    /// The keeper's.
    drained: OnceLock<Bell>,
}

impl Shared {
    pub(crate) fn new(capacity: usize) -> Self {
        Shared {
            state: Mutex::new(State {
                dispatch: Dispatch::new(),
                line: Line::new(),
                seats: Vec::new(),
                drain_told: false,
                drain_waker: None,
                cancelled: 0,
            }),
            capacity,
            bells: OnceLock::new(),
            drained: OnceLock::new(),
        }
    }

    // Rule 1 keeps panics out, so a poisoned lock guards nothing half-changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a worker, before the pool is handed out.
    pub(crate) fn add_worker(&self, name: &str, kind: WorkerKind, window: usize) -> WorkerId {
        let info = WorkerInfo {
            name: name.into(),
            kind,
            pid: None,
        };
        let mut state = self.lock();
        state.seats.push(Seat {
            info,
            restarts: 0,
            abandoned: None,
        });
        state.dispatch.add_worker(kind, window)
    }

    /// Says how the workers, in the order in which they were added, and the keeper are reached.
    pub(crate) fn set_bells(&self, workers: Vec<Bell>, drained: Bell) {
        drop(self.bells.set(workers));
        drop(self.drained.set(drained));
        self.settle(self.lock());
    }

    /// Wakes whom the last change concerns, and lets go of the lock.
    fn settle<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        loop {
            let wake = state.dispatch.poll_wake();
            let grant = if state.has_room(self.capacity) {
                state.line.grant()
            } else {
                None
            };
            let is_drained = state.dispatch.is_drained();
            let drained = !state.drain_told && is_drained;
            state.drain_told |= drained;
            let waiting = state.drain_waker.take_if(|_| is_drained);
            drop(state);
            if let Some(waker) = waiting {
                waker.wake();
            }
            if wake.is_none() && grant.is_none() && !drained {
                return;
            }
            if let (Some(id), Some(bells)) = (wake, self.bells.get()) {
                bells[id]();
            }
            if let Some(waker) = grant {
                waker.wake();
            }
            if drained && let Some(tell) = self.drained.get() {
                tell();
            }
            state = self.lock();
        }
    }

    // ---- submitters ----

    /// Accepts a job if there is room and nobody waits for it.
    pub(crate) fn offer(
        &self,
        job: AnyTask,
        needs: Needs,
        options: JobOptions,
    ) -> Result<Key, Refusal> {
        let mut state = self.lock();
        if state.dispatch.phase() != Phase::Open {
            return Err(Refusal::Closed);
        }
        if state.line.has_waiting() || !state.has_room(self.capacity) {
            return Err(Refusal::Full);
        }
        let key = state.dispatch.handle_submit(offer(job, needs, options));
        self.settle(state);
        Ok(key)
    }

    /// Waits for room and keeps it under `ticket`.
    pub(crate) fn poll_reserve(
        &self,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Refusal>> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if state.dispatch.phase() != Phase::Open {
            drop(state);
            *ticket = None;
            return Poll::Ready(Err(Refusal::Closed));
        }
        let unused = match *ticket {
            Some(kept) if state.line.is_granted(kept) => {
                drop(state);
                return Poll::Ready(Ok(()));
            }
            Some(waiting) => state.line.refresh(waiting, waker),
            None if !state.line.has_waiting() && state.has_room(self.capacity) => {
                *ticket = Some(state.line.reserve());
                drop(state);
                return Poll::Ready(Ok(()));
            }
            None => {
                *ticket = Some(state.line.join(waker));
                None
            }
        };
        drop(state);
        drop(unused);
        Poll::Pending
    }

    /// Accepts a job into the room that was kept.
    pub(crate) fn offer_reserved(
        &self,
        ticket: Ticket,
        job: AnyTask,
        needs: Needs,
        options: JobOptions,
    ) -> Result<Key, Refusal> {
        let mut state = self.lock();
        if state.dispatch.phase() != Phase::Open || !state.line.claim(ticket) {
            return Err(Refusal::Closed);
        }
        let key = state.dispatch.handle_submit(offer(job, needs, options));
        self.settle(state);
        Ok(key)
    }

    /// Leaves the line, or gives kept room up.
    pub(crate) fn leave(&self, ticket: Ticket) {
        let mut state = self.lock();
        let unused = state.line.leave(ticket);
        self.settle(state);
        drop(unused);
    }

    // ---- handles ----

    pub(crate) fn cancel(&self, key: Key) -> bool {
        let mut state = self.lock();
        let cancelled = state.dispatch.handle_cancel(key);
        self.settle(state);
        let was_pending = cancelled.is_some();
        if let Some(job) = cancelled {
            job.fail(JobError::Cancelled);
            discard(job);
        }
        was_pending
    }

    pub(crate) fn status(&self, key: Key) -> JobStatus {
        match self.lock().dispatch.stage(key) {
            Some(Stage::Pending) => JobStatus::Pending,
            Some(Stage::InHand(_)) => JobStatus::Running,
            None => JobStatus::Finished,
        }
    }

    // ---- workers ----

    /// A worker has started. Its next step is to ask for work.
    pub(crate) fn up(&self, id: WorkerId, pid: Option<u32>) -> WorkerInfo {
        let mut state = self.lock();
        state.seats[id].info.pid = pid;
        state.dispatch.handle_up(id);
        state.seats[id].info.clone()
    }

    /// What the worker begins next; without an answer its bell will ring.
    pub(crate) fn next(&self, id: WorkerId) -> Option<(Key, AnyTask)> {
        let mut state = self.lock();
        let next = state.dispatch.handle_next(id);
        self.settle(state);
        next
    }

    /// The worker is done with a job. `false` when it was taken from it before.
    pub(crate) fn done(&self, id: WorkerId, key: Key) -> bool {
        let mut state = self.lock();
        let done = state.dispatch.handle_done(id, key);
        self.settle(state);
        let was_held = done.is_some();
        discard(done);
        was_held
    }

    /// How many jobs the worker may hold from now on.
    pub(crate) fn set_window(&self, id: WorkerId, window: usize) {
        let mut state = self.lock();
        state.dispatch.set_window(id, window);
        self.settle(state);
    }

    /// The worker has not begun a job and never will.
    pub(crate) fn give_back(&self, id: WorkerId, key: Key) {
        let mut state = self.lock();
        let ended = state.dispatch.handle_given_back(id, key);
        self.settle(state);
        if let Some((job, _)) = ended {
            job.fail(JobError::Shutdown);
            discard(job);
        }
    }

    /// Both at once.
    pub(crate) fn done_and_next(&self, id: WorkerId, key: Key) -> (bool, Option<(Key, AnyTask)>) {
        let mut state = self.lock();
        let done = state.dispatch.handle_done(id, key);
        let next = state.dispatch.handle_next(id);
        self.settle(state);
        let was_held = done.is_some();
        discard(done);
        (was_held, next)
    }

    /// The worker ended; `begun` says whether the first job in its hands may have begun.
    pub(crate) fn lost(&self, id: WorkerId, begun: bool, reason: &ExitReason) {
        let mut state = self.lock();
        state.seats[id].info.pid = None;
        let ended = state.dispatch.handle_lost(id, begun);
        self.settle(state);
        for (job, verdict) in ended {
            let reason = reason.clone();
            job.fail(match verdict {
                Verdict::Lost => JobError::WorkerLost {
                    maybe_ran: true,
                    reason,
                },
                Verdict::Quarantined(losses) => JobError::Quarantined { losses, reason },
                Verdict::Shutdown => JobError::Shutdown,
            });
            discard(job);
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
        self.lost(id, true, reason);
        let mut state = self.lock();
        let stranded = state.dispatch.handle_gone(id);
        self.finish_closing(state, stranded);
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

    // ---- the pool ----

    /// Takes no more jobs, and begins no more when it cancels.
    pub(crate) fn close(&self, phase: Phase) {
        let mut state = self.lock();
        let cancelled = state.dispatch.handle_close(phase);
        self.finish_closing(state, cancelled);
    }

    /// Ready once the pool is closed and nothing is pending or in hand any more. For the keeper alone.
    pub(crate) fn poll_drained(&self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if state.dispatch.is_drained() {
            return Poll::Ready(());
        }
        let unused = state.drain_waker.replace(waker);
        drop(state);
        drop(unused);
        Poll::Pending
    }

    /// What became of the jobs and the workers, so far.
    pub(crate) fn report(&self) -> PoolReport {
        let state = self.lock();
        PoolReport {
            finished: state.dispatch.finished(),
            cancelled: state.cancelled,
            abandoned: state
                .seats
                .iter()
                .filter_map(|seat| seat.abandoned.clone())
                .collect(),
        }
    }

    fn finish_closing<'a>(&'a self, mut state: MutexGuard<'a, State>, cancelled: Vec<AnyTask>) {
        let waiting = if state.dispatch.phase() == Phase::Open {
            Vec::new()
        } else {
            state.line.dissolve()
        };
        state.cancelled += cancelled.len() as u64;
        self.settle(state);
        for job in cancelled {
            job.fail(JobError::Shutdown);
            discard(job);
        }
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn finished(&self) -> u64 {
        self.lock().dispatch.finished()
    }

    pub(crate) fn pending(&self) -> usize {
        self.lock().dispatch.pending()
    }

    /// Whether a worker has a job in hand.
    pub(crate) fn is_busy(&self, id: WorkerId) -> bool {
        self.lock().dispatch.worker_state(id) == WorkerState::Busy
    }

    pub(crate) fn info(&self, id: WorkerId) -> WorkerInfo {
        self.lock().seats[id].info.clone()
    }

    pub(crate) fn workers(&self) -> Vec<WorkerStatus> {
        let state = self.lock();
        let line = |(id, seat): (WorkerId, &Seat)| WorkerStatus {
            name: Arc::clone(&seat.info.name),
            kind: seat.info.kind,
            pid: seat.info.pid,
            state: state.dispatch.worker_state(id),
            restarts: seat.restarts,
        };
        state.seats.iter().enumerate().map(line).collect()
    }
}

impl State {
    fn has_room(&self, capacity: usize) -> bool {
        self.dispatch.pending() + self.line.kept() < capacity
    }
}

fn offer(job: AnyTask, needs: Needs, options: JobOptions) -> Offer<AnyTask> {
    Offer {
        job,
        needs,
        retryable: options.retryable,
    }
}
