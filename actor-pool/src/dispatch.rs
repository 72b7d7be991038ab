//! Who does what next: jobs, workers, and the queue between them. Pure: no runtime, no lock, no clock.
//!
//! Called by `shared.rs` under its one lock; never runs user code and never wakes anybody. Idle workers *pull*: whatever makes work
//! available names one of them through [`Dispatch::poll_wake`], and whoever is woken asks [`Dispatch::handle_next`]. So a job waits
//! in one queue until a worker is free for it, whatever kind of worker that is.
//!
//! | a job is | until |
//! |---|---|
//! | pending | a worker takes it, it is cancelled, or the pool closes |
//! | in hand | its worker is done with it, or is lost |
//! | gone | – |
//!
//! | a worker is | until |
//! |---|---|
//! | absent | it is up, for the first time or again |
//! | awake | it finds nothing to do: idle; it is lost: absent |
//! | idle | it is woken |
//! | gone | – |
//!
//! Rules: (1) a worker holds at most `window` jobs and begins them in order, so of those it loses only the first can have begun.
//! (2) A job that was not begun goes back to its old place. (3) One that was begun is run again only if it is retryable, and at most
//! [`LOSSES_MAX`] times in a row.

mod queue;

use std::collections::VecDeque;

use self::queue::Queue;
use crate::arena::{Arena, Key};
use crate::worker::{WorkerKind, WorkerState};

/// How many workers a job may take with it before it is taken for the cause.
pub(crate) const LOSSES_MAX: u32 = 3;

/// Names a worker: its place in the pool.
pub(crate) type WorkerId = usize;

/// Where a job can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// On any worker.
    Any,
    /// On a thread of this process.
    Thread,
}

/// A job to be accepted.
#[derive(Clone, Debug)]
pub(crate) struct Offer<J> {
    pub(crate) job: J,
    pub(crate) needs: Needs,
    pub(crate) retryable: bool,
}

/// How the pool stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Open,
    /// Takes no more; finishes what it has.
    Draining,
    /// Begins nothing more.
    Cancelling,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Pending,
    InHand(WorkerId),
}

/// What becomes of a job that its worker took along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was in hand and may have run.
    Lost,
    /// It was in hand once too often.
    Quarantined(u32),
    /// It was not begun, and nothing is begun any more.
    Shutdown,
}

#[derive(Debug)]
struct Entry<J> {
    job: J,
    needs: Needs,
    retryable: bool,
    losses: u32,
    /// The order of acceptance; a job keeps its place over retries.
    order: u64,
    stage: Stage,
}

#[derive(Debug)]
struct Worker {
    kind: WorkerKind,
    window: usize,
    state: State,
    in_hand: VecDeque<Key>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Absent,
    Awake,
    Idle,
    Gone,
}

/// See the module's header.
#[derive(Debug)]
pub(crate) struct Dispatch<J> {
    jobs: Arena<Entry<J>>,
    anywhere: Queue,
    on_threads: Queue,
    workers: Vec<Worker>,
    idle: Vec<WorkerId>,
    wakes: VecDeque<WorkerId>,
    phase: Phase,
    order: u64,
    finished: u64,
}

impl<J: Clone> Dispatch<J> {
    pub(crate) fn new() -> Self {
        Dispatch {
            jobs: Arena::new(),
            anywhere: Queue::default(),
            on_threads: Queue::default(),
            workers: Vec::new(),
            idle: Vec::new(),
            wakes: VecDeque::new(),
            phase: Phase::Open,
            order: 0,
            finished: 0,
        }
    }

    /// One more worker, absent so far, which may hold so many jobs at once.
    pub(crate) fn add_worker(&mut self, kind: WorkerKind, window: usize) -> WorkerId {
        self.workers.push(Worker {
            kind,
            window: window.max(1),
            state: State::Absent,
            in_hand: VecDeque::new(),
        });
        self.workers.len() - 1
    }

    /// How many jobs wait.
    pub(crate) fn pending(&self) -> usize {
        self.anywhere.len() + self.on_threads.len()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// How many jobs a worker finished.
    pub(crate) fn finished(&self) -> u64 {
        self.finished
    }

    /// Whether the pool closes and nothing is pending or in hand any more.
    pub(crate) fn is_drained(&self) -> bool {
        self.phase != Phase::Open && self.jobs.is_empty()
    }

    /// Where a job stands; `None` once it is gone.
    pub(crate) fn stage(&self, key: Key) -> Option<Stage> {
        self.jobs.get(key).map(|entry| entry.stage)
    }

    pub(crate) fn worker_state(&self, id: WorkerId) -> WorkerState {
        let worker = &self.workers[id];
        match worker.state {
            State::Absent => WorkerState::Starting,
            State::Gone => WorkerState::Gone,
            _ if worker.in_hand.is_empty() => WorkerState::Idle,
            _ => WorkerState::Busy,
        }
    }

    /// A job is accepted. The caller has looked at the phase and at the room.
    pub(crate) fn handle_submit(&mut self, offer: Offer<J>) -> Key {
        self.order += 1;
        let needs = offer.needs;
        let order = self.order;
        let key = self.jobs.insert(Entry {
            job: offer.job,
            needs,
            retryable: offer.retryable,
            losses: 0,
            order,
            stage: Stage::Pending,
        });
        self.queue(needs).push(order, key);
        self.rouse(needs);
        key
    }

    /// A worker has started and will ask for work.
    pub(crate) fn handle_up(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id];
        if worker.state == State::Absent {
            worker.state = State::Awake;
        }
    }

    /// What a worker begins next. Without an answer it is idle and will be woken.
    pub(crate) fn handle_next(&mut self, id: WorkerId) -> Option<(Key, J)> {
        let worker = &self.workers[id];
        if !matches!(worker.state, State::Awake | State::Idle) {
            return None;
        }
        let may_take_more = worker.in_hand.len() < worker.window;
        let kind = worker.kind;
        let Some(key) = may_take_more.then(|| self.pop(kind)).flatten() else {
            self.rest(id);
            if !may_take_more {
                // It may have been woken for a job that it does not take.
                self.rouse_for_queued();
            }
            return None;
        };
        let entry = self.jobs.get_mut(key).expect("a live key has its job");
        entry.stage = Stage::InHand(id);
        let job = entry.job.clone();
        let worker = &mut self.workers[id];
        worker.in_hand.push_back(key);
        if worker.state == State::Idle {
            // It came without being called.
            worker.state = State::Awake;
            self.idle.retain(|idle| *idle != id);
        }
        Some((key, job))
    }

    /// A worker is done with a job. `None` when it was taken from it before.
    pub(crate) fn handle_done(&mut self, id: WorkerId, key: Key) -> Option<J> {
        let worker = &mut self.workers[id];
        let place = worker.in_hand.iter().position(|held| *held == key)?;
        worker.in_hand.remove(place);
        self.finished += 1;
        self.jobs.remove(key).map(|entry| entry.job)
    }

    /// How many jobs a worker may hold from now on. None: it is given no more.
    pub(crate) fn set_window(&mut self, id: WorkerId, window: usize) {
        let worker = &mut self.workers[id];
        worker.window = window;
        if worker.in_hand.len() >= window {
            if worker.state == State::Idle {
                worker.state = State::Awake;
                self.idle.retain(|idle| *idle != id);
            }
            // It may have been woken for a job that it now never takes.
            self.rouse_for_queued();
        }
    }

    /// A worker gives back a job that it has not begun: it is pending again, in its old place, unless nothing is begun any more.
    pub(crate) fn handle_given_back(&mut self, id: WorkerId, key: Key) -> Option<(J, Verdict)> {
        let worker = &mut self.workers[id];
        let place = worker.in_hand.iter().rposition(|held| *held == key)?;
        worker.in_hand.remove(place);
        let entry = self.jobs.get_mut(key)?;
        if let Some(verdict) = judge(entry, false, self.phase) {
            return self.jobs.remove(key).map(|entry| (entry.job, verdict));
        }
        entry.stage = Stage::Pending;
        let (needs, order) = (entry.needs, entry.order);
        self.queue(needs).put_back(order, key);
        self.rouse(needs);
        None
    }

    /// Takes a job back, if it is pending.
    pub(crate) fn handle_cancel(&mut self, key: Key) -> Option<J> {
        if self.stage(key)? != Stage::Pending {
            return None;
        }
        let entry = self.jobs.remove(key)?;
        let queue = match entry.needs {
            Needs::Any => &mut self.anywhere,
            Needs::Thread => &mut self.on_threads,
        };
        queue.forget_one(&self.jobs);
        Some(entry.job)
    }

    /// A worker ended. `begun` says whether the first job in its hands may have begun. Returns the jobs that end with it; the others
    /// are pending again, in their old places.
    pub(crate) fn handle_lost(&mut self, id: WorkerId, begun: bool) -> Vec<(J, Verdict)> {
        self.idle.retain(|idle| *idle != id);
        let worker = &mut self.workers[id];
        if worker.state != State::Gone {
            worker.state = State::Absent;
        }
        let held = std::mem::take(&mut worker.in_hand);
        let mut ended = Vec::new();
        let mut roused = Vec::new();
        // The last first, so that each goes before those that came after it.
        for (place, key) in held.into_iter().enumerate().rev() {
            let entry = self.jobs.get_mut(key).expect("a job in hand is there");
            let verdict = judge(entry, begun && place == 0, self.phase);
            if let Some(verdict) = verdict {
                let entry = self.jobs.remove(key).expect("it was there just now");
                ended.push((entry.job, verdict));
                continue;
            }
            entry.stage = Stage::Pending;
            let (needs, order) = (entry.needs, entry.order);
            self.queue(needs).put_back(order, key);
            roused.push(needs);
        }
        roused.into_iter().for_each(|needs| self.rouse(needs));
        // It may have been woken for a job that it now never takes.
        self.rouse_for_queued();
        ended
    }

    /// A worker is never to come back; what is in its hands was dealt with. Returns the jobs that nobody can do any more.
    pub(crate) fn handle_gone(&mut self, id: WorkerId) -> Vec<J> {
        self.idle.retain(|idle| *idle != id);
        self.workers[id].state = State::Gone;
        let left = |kind: Option<WorkerKind>| {
            self.workers.iter().any(|worker| {
                worker.state != State::Gone && kind.is_none_or(|kind| worker.kind == kind)
            })
        };
        let (any, thread) = (left(None), left(Some(WorkerKind::Thread)));
        if !any {
            return self.handle_close(Phase::Cancelling);
        }
        let stranded = if thread {
            Vec::new()
        } else {
            self.clear(Needs::Thread)
        };
        self.rouse_for_queued();
        stranded
    }

    /// Closes the pool; it never opens again, and a drain can become a cancellation. Returns the jobs that are not begun any more.
    pub(crate) fn handle_close(&mut self, phase: Phase) -> Vec<J> {
        self.phase = self.phase.max(phase);
        if self.phase != Phase::Cancelling {
            return Vec::new();
        }
        let mut cancelled = self.clear(Needs::Any);
        cancelled.extend(self.clear(Needs::Thread));
        cancelled
    }

    /// A worker to be woken, for as long as there is one.
    pub(crate) fn poll_wake(&mut self) -> Option<WorkerId> {
        self.wakes.pop_front()
    }

    fn queue(&mut self, needs: Needs) -> &mut Queue {
        match needs {
            Needs::Any => &mut self.anywhere,
            Needs::Thread => &mut self.on_threads,
        }
    }

    /// The oldest job that such a worker can do.
    fn pop(&mut self, kind: WorkerKind) -> Option<Key> {
        let anywhere = self.anywhere.front(&self.jobs);
        let on_threads = match kind {
            WorkerKind::Thread => self.on_threads.front(&self.jobs),
            WorkerKind::Process => None,
        };
        let queue = match (anywhere, on_threads) {
            (Some(any), Some(thread)) if thread < any => &mut self.on_threads,
            (Some(_), _) => &mut self.anywhere,
            (None, Some(_)) => &mut self.on_threads,
            (None, None) => return None,
        };
        queue.pop()
    }

    fn clear(&mut self, needs: Needs) -> Vec<J> {
        let queue = std::mem::take(self.queue(needs));
        let keys = queue.into_keys();
        keys.filter_map(|key| self.jobs.remove(key))
            .map(|entry| entry.job)
            .collect()
    }

    fn rest(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id];
        if worker.state == State::Awake && worker.in_hand.len() < worker.window {
            worker.state = State::Idle;
            self.idle.push(id);
        }
    }

    /// Wakes one idle worker for a job with such needs. The one that rested last is the one whose caches are warm; what can run
    /// anywhere goes to a process if it can, so that threads stay free for what only they can run.
    fn rouse(&mut self, needs: Needs) {
        // One that holds jobs and may hold more is asked after those that hold fewer.
        let last_of = |kind| {
            let idle = self.idle.iter().enumerate().rev();
            idle.filter(|(_, id)| self.workers[**id].kind == kind)
                .min_by_key(|(_, id)| self.workers[**id].in_hand.len())
                .map(|(place, _)| place)
        };
        let thread = || last_of(WorkerKind::Thread);
        let place = match needs {
            Needs::Thread => thread(),
            Needs::Any => last_of(WorkerKind::Process).or_else(thread),
        };
        if let Some(place) = place {
            let id = self.idle.remove(place);
            self.workers[id].state = State::Awake;
            self.wakes.push_back(id);
        }
    }

    fn rouse_for_queued(&mut self) {
        if self.anywhere.len() > 0 {
            self.rouse(Needs::Any);
        }
        if self.on_threads.len() > 0 {
            self.rouse(Needs::Thread);
        }
    }
}

/// What becomes of a job whose worker ended; `None`: it is pending again.
fn judge<J>(entry: &mut Entry<J>, begun: bool, phase: Phase) -> Option<Verdict> {
    if begun {
        entry.losses += 1;
        if !entry.retryable {
            return Some(Verdict::Lost);
        }
        if entry.losses >= LOSSES_MAX {
            return Some(Verdict::Quarantined(entry.losses));
        }
        return (phase == Phase::Cancelling).then_some(Verdict::Lost);
    }
    (phase == Phase::Cancelling).then_some(Verdict::Shutdown)
}

#[cfg(test)]
mod tests;
