//! What handles, submitters and workers share: the dispatcher and the line of waiting submitters behind one lock.
//!
//! Everybody enters here: submitters offer jobs, workers take them and report, handles cancel. There is no actor in between, so a job
//! costs two short critical sections and no hop. Most jobs are handed in beside that lock; see `intake.rs`.
//!
//! Rules: (1) under the lock runs no user code, no drop of user data and no wake; what is to be woken is collected and woken
//! afterwards. (2) Room is what `capacity` leaves beside the pending jobs, the places kept in the line and those that are lent to the intake;
//! nobody overtakes the line.

mod intake;
#[cfg(test)]
mod tests;
mod workers;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actor_core::{AnyActorRef, ExitReason, Overflow};

use self::intake::{Intake, Lent};
use crate::arena::Key;
use crate::dispatch::{Abort, Dispatch, Moment, Offer, Phase, Rate, Stage, Verdict, WorkerId};
use crate::line::{Line, Ticket};
use crate::runtime::Clock;
use crate::stats::PoolStats;
use crate::task::Task;
use crate::{
    JobError, JobStatus, PoolReport, Progress, Refusal, WorkerInfo, WorkerKind, WorkerState,
    WorkerStatus,
};
use actor_core::panic::discard;

/// A job as the queue holds it.
pub(crate) type AnyTask = Arc<dyn Task>;

/// How a worker, or the keeper, is told that there is something for it. Called outside of the lock; never blocks.
pub(crate) type Bell = Box<dyn Fn() + Send + Sync>;

/// Who waits is given room when this part of the capacity is free …
const ROOM_PART: usize = 4;
/// … or when nobody was given any for so long.
const ROOM_PAUSE: Duration = Duration::from_micros(100);

struct State {
    dispatch: Dispatch<AnyTask>,
    line: Line<Waker>,
    seats: Vec<Seat>,
    drain_told: bool,
    /// The keeper, when it waits for the end of what is in hand.
    drain_waker: Option<Waker>,
    /// How many jobs were not begun because the pool closed.
    cancelled: u64,
    /// When the keeper will look at the time.
    armed: Option<Moment>,
    /// When somebody who waited was last given room, and whether more are.
    granted_at: Moment,
    is_granting: bool,
    /// When those who wait are given room in any case.
    room_due: Option<Moment>,
    lent: Lent,
}

/// What is known of one worker besides its work.
struct Seat {
    info: WorkerInfo,
    restarts: u32,
    /// As it was when it was given up.
    abandoned: Option<WorkerInfo>,
    /// Its process, to be killed for an abort.
    process: Option<AnyActorRef>,
}

/// See the module's header.
pub(crate) struct Shared {
    state: Mutex<State>,
    intake: Intake,
    limits: Limits,
    clock: Clock,
    /// One per worker, set before the pool is handed out.
    bells: OnceLock<Vec<Bell>>,
    keeper: OnceLock<KeeperBells>,
}

/// What a pool takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) capacity: usize,
    pub(crate) overflow: Overflow,
    pub(crate) rate: Option<Rate>,
}

/// How the keeper is told.
pub(crate) struct KeeperBells {
    /// Nothing is pending or in hand any more, and nothing will be.
    pub(crate) drained: Bell,
    /// There is a moment to wait for, sooner than those before.
    pub(crate) sooner: Bell,
}

impl Shared {
    pub(crate) fn new(limits: Limits) -> Self {
        Shared {
            state: Mutex::new(State {
                dispatch: Dispatch::new(limits.rate),
                line: Line::new(),
                seats: Vec::new(),
                drain_told: false,
                drain_waker: None,
                cancelled: 0,
                armed: None,
                granted_at: Moment::START,
                is_granting: false,
                room_due: None,
                lent: Lent::default(),
            }),
            intake: Intake::default(),
            limits,
            clock: Clock::start(),
            bells: OnceLock::new(),
            keeper: OnceLock::new(),
        }
    }

    /// All jobs are in the dispatcher.
    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock_as_worker();
        state.recall(&self.intake);
        state
    }

    /// For what concerns no job in the intake.
    fn lock_as_worker(&self) -> MutexGuard<'_, State> {
        // Rule 1 keeps panics out, so a poisoned lock guards nothing half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For what depends on the time.
    fn lock_now(&self) -> MutexGuard<'_, State> {
        let now = self.clock.now();
        let mut state = self.lock();
        state.dispatch.advance(now);
        state
    }

    fn lock_now_as_worker(&self) -> MutexGuard<'_, State> {
        let now = self.clock.now();
        let mut state = self.lock_as_worker();
        state.dispatch.advance(now);
        state
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn overflow(&self) -> Overflow {
        self.limits.overflow
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
            process: None,
        });
        state.dispatch.add_worker(kind, window)
    }

    /// Says how the workers, in the order in which they were added, and the keeper are reached.
    pub(crate) fn set_bells(&self, workers: Vec<Bell>, keeper: KeeperBells) {
        drop(self.bells.set(workers));
        drop(self.keeper.set(keeper));
        self.settle(self.lock());
    }

    /// Wakes whom the last change concerns, and lets go of the lock.
    fn settle<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        // As nearly always.
        if state.concerns_nobody() {
            return;
        }
        loop {
            let wake = state.dispatch.poll_wake();
            let kill = state.dispatch.poll_kill();
            let process = kill.and_then(|id| state.seats[id].process.clone());
            let grant = state.grant(self.limits.capacity);
            let ended = state.poll_ended();
            let is_sooner = state.arm();
            let is_drained = state.dispatch.is_drained();
            let drained = !state.drain_told && is_drained;
            state.drain_told |= drained;
            let waiting = state.drain_waker.take_if(|_| is_drained);
            drop(state);
            if let Some(waker) = waiting {
                waker.wake();
            }
            let is_quiet = wake.is_none() && kill.is_none() && grant.is_none();
            if is_quiet && ended.is_empty() && !drained && !is_sooner {
                return;
            }
            if let Some(process) = process {
                process.kill();
            }
            if let (Some(id), Some(bells)) = (wake, self.bells.get()) {
                bells[id]();
            }
            if let Some(waker) = grant {
                waker.wake();
            }
            if let Some(keeper) = self.keeper.get() {
                if is_sooner {
                    (keeper.sooner)();
                }
                if drained {
                    (keeper.drained)();
                }
            }
            for (job, verdict) in ended {
                self.tell(job, verdict, &ExitReason::Shutdown);
            }
            state = self.lock();
        }
    }

    /// Tells a job what became of it. `reason` is how its worker ended, where it did.
    fn tell(&self, job: AnyTask, verdict: Verdict, reason: &ExitReason) {
        let reason = || Box::new(reason.clone());
        job.fail(match verdict {
            Verdict::Lost => JobError::WorkerLost {
                maybe_ran: true,
                reason: reason(),
            },
            Verdict::Quarantined(losses) => JobError::Quarantined {
                losses,
                reason: reason(),
            },
            Verdict::Shutdown => JobError::Shutdown,
            Verdict::Expired => JobError::Expired,
            Verdict::Evicted => JobError::Dropped,
            Verdict::GivenUp => JobError::GivenUp,
            Verdict::Aborted => JobError::Aborted,
            Verdict::Split(key) => {
                let parts = Arc::clone(&job).split();
                let mut state = self.lock_now();
                state.dispatch.handle_split(key, parts);
                self.settle(state);
                return discard(job);
            }
        });
        discard(job);
    }

    /// Time has gone on. How long it is until the next moment that counts.
    pub(crate) fn look_at_the_time(&self) -> Option<Duration> {
        let now = self.clock.now();
        let mut state = self.lock();
        state.dispatch.advance(now);
        self.settle(state);
        let mut state = self.lock();
        let next = state.next_moment();
        state.armed = next;
        drop(state);
        next.map(|at| at.since(now))
    }

    // ---- submitters ----

    /// Accepts a job if there is room and nobody waits for it.
    pub(crate) fn offer(&self, offer: Offer<AnyTask>) -> Result<Key, Refusal> {
        let now = self.clock.now();
        let offer = match self.intake.accept(offer, now) {
            Ok(key) => return Ok(key),
            Err(offer) => offer,
        };
        let mut state = self.lock();
        state.dispatch.advance(now);
        state.check(&offer)?;
        if state.line.has_waiting() || !state.has_room(self.limits.capacity) {
            let gives_way = self.limits.overflow == Overflow::DropOldest
                && state.dispatch.handle_evict(offer.terms.priority);
            if !gives_way {
                return Err(Refusal::Full);
            }
        }
        let key = state.dispatch.handle_submit(offer);
        state.lend(&self.intake, self.limits.capacity);
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
            None if !state.line.has_waiting() && state.has_room(self.limits.capacity) => {
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
        offer: Offer<AnyTask>,
    ) -> Result<Key, Refusal> {
        let mut state = self.lock_now();
        if !state.line.claim(ticket) {
            return Err(Refusal::Closed);
        }
        let key = state
            .check(&offer)
            .map(|()| state.dispatch.handle_submit(offer));
        self.settle(state);
        key
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
        let error = called_off(&state, key);
        let cancelled = state.dispatch.handle_cancel(key);
        self.settle(state);
        let was_pending = cancelled.is_some();
        if let Some(job) = cancelled {
            job.fail(error);
            discard(job);
        }
        was_pending
    }

    /// Cancels a job, or ends it where that is possible. Whether it was pending or is being ended.
    pub(crate) fn abort(&self, key: Key) -> bool {
        let mut state = self.lock_now();
        let error = called_off(&state, key);
        let abort = state.dispatch.handle_abort(key);
        self.settle(state);
        match abort {
            Abort::Cancelled(job) => {
                job.fail(error);
                discard(job);
                true
            }
            Abort::Process => true,
            Abort::Task(job) => {
                let is_ended = job.abort();
                discard(job);
                is_ended
            }
            Abort::No => false,
        }
    }

    pub(crate) fn status(&self, key: Key) -> JobStatus {
        match self.lock().dispatch.stage(key) {
            Some(Stage::Pending) => JobStatus::Pending,
            Some(Stage::InHand(_)) => JobStatus::Running,
            None => JobStatus::Finished,
        }
    }

    /// A running job says how far it is.
    pub(crate) fn progress(&self, key: Key, progress: Progress) {
        let job = self.lock().dispatch.job(key).cloned();
        if let Some(job) = job {
            job.progress(progress);
            discard(job);
        }
    }

    // ---- the pool ----

    /// Takes no more jobs, and begins no more when it cancels.
    pub(crate) fn close(&self, phase: Phase) {
        let mut state = self.lock();
        state.dispatch.handle_close(phase);
        self.finish_closing(state);
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

    fn finish_closing<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        let waiting = if state.dispatch.phase() == Phase::Open {
            Vec::new()
        } else {
            state.line.dissolve()
        };
        self.settle(state);
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
            job: state.name_in_hand(id),
        };
        state.seats.iter().enumerate().map(line).collect()
    }

    /// What was counted, at one moment.
    pub(crate) fn stats(&self) -> PoolStats {
        let workers = self.workers();
        let state = self.lock();
        let counts = state.dispatch.counts().clone();
        PoolStats {
            queued: state.dispatch.pending(),
            running: state.dispatch.in_hand(),
            done: counts.done,
            failed: counts.failed,
            retried: counts.retried,
            workers,
            queueing_time: counts.queueing,
            running_time: counts.running,
        }
    }
}

/// What becomes of a pending job that is cancelled.
fn called_off(state: &State, key: Key) -> JobError {
    if state.dispatch.has_begun(key) {
        JobError::GivenUp
    } else {
        JobError::Cancelled
    }
}

impl State {
    fn has_room(&self, capacity: usize) -> bool {
        self.taken() < capacity
    }

    /// Room for the one who waits longest, if there is some, and enough of it or for long enough that it is worth waking somebody: a
    /// queue that is emptied in microseconds would else wake a submitter for each job.
    fn grant(&mut self, capacity: usize) -> Option<Waker> {
        self.room_due = None;
        if !self.line.has_waiting() || !self.has_room(capacity) {
            self.is_granting = false;
            return None;
        }
        let has_plenty = self.dispatch.pending() <= capacity - capacity / ROOM_PART;
        let (now, due) = (self.dispatch.now(), self.granted_at.plus(ROOM_PAUSE));
        self.is_granting |= has_plenty || now >= due;
        if !self.is_granting {
            // Perhaps nothing else happens until then: the jobs in hand may be long.
            self.room_due = Some(due);
            return None;
        }
        self.granted_at = now;
        self.line.grant()
    }

    /// Whether the pool takes such a job at all.
    fn check(&self, offer: &Offer<AnyTask>) -> Result<(), Refusal> {
        if self.dispatch.phase() != Phase::Open {
            return Err(Refusal::Closed);
        }
        let deadline = offer.terms.rare.as_ref().and_then(|rare| rare.deadline);
        if deadline.is_some_and(|at| at <= self.dispatch.now()) {
            return Err(Refusal::Expired);
        }
        Ok(())
    }

    /// When something is to happen that nobody else brings about.
    fn next_moment(&self) -> Option<Moment> {
        let moments = [self.dispatch.poll_timeout(), self.room_due];
        moments.into_iter().flatten().min()
    }

    /// Whether there is a moment to wait for that comes sooner than what the keeper waits for.
    fn arm(&mut self) -> bool {
        let Some(next) = self.next_moment() else {
            return false;
        };
        let is_sooner = self.armed.is_none_or(|armed| next < armed);
        if is_sooner {
            self.armed = Some(next);
        }
        is_sooner
    }

    /// Whether there is nothing to be told to anybody.
    fn concerns_nobody(&self) -> bool {
        // Of those who waited for room nothing is left either: a moment for them that has passed would come again and again.
        let is_room_settled = self.room_due.is_none() && !self.is_granting;
        let nobody_waits = !self.line.has_waiting() && self.drain_waker.is_none();
        self.dispatch.is_quiet() && is_room_settled && nobody_waits
    }

    fn poll_ended(&mut self) -> Vec<(AnyTask, Verdict)> {
        let ended = self.dispatch.poll_ended();
        let is_shut = |(_, verdict): &&(AnyTask, Verdict)| *verdict == Verdict::Shutdown;
        self.cancelled += ended.iter().filter(is_shut).count() as u64;
        ended
    }

    fn name_in_hand(&self, id: WorkerId) -> Option<Arc<str>> {
        let key = self.dispatch.in_hand_of(id)?;
        let label = self.dispatch.label(key).cloned();
        label.or_else(|| self.dispatch.job(key)?.name().map(Arc::from))
    }
}
