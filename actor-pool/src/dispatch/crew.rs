//! The workers' side of the dispatcher: who is up, who is idle, who has what in hand, and what is lost with them.

use super::{
    Dispatch, Entry, GRACE, Key, LOSSES_MAX, Moment, NORMAL, Needs, Phase, Place, Rank, RetryPlan,
    State, Verdict, Worker, WorkerId,
};
use crate::worker::{WorkerKind, WorkerState};

impl<J: Clone> Dispatch<J> {
    /// One more worker, absent so far, which may hold so many jobs at once.
    pub(crate) fn add_worker(&mut self, kind: WorkerKind, window: usize) -> WorkerId {
        self.workers.push(Worker {
            kind,
            window: window.max(1),
            state: State::Absent,
            in_hand: std::collections::VecDeque::new(),
            aborting: 0,
        });
        self.workers.len() - 1
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

    /// What a worker has begun.
    pub(crate) fn in_hand_of(&self, id: WorkerId) -> Option<Key> {
        self.workers[id].in_hand.front().copied()
    }

    /// How many jobs a worker may hold from now on. None: it is given no more.
    pub(crate) fn set_window(&mut self, id: WorkerId, window: usize) {
        let worker = &mut self.workers[id];
        worker.window = window;
        if worker.in_hand.len() >= window && worker.state == State::Idle {
            worker.state = State::Awake;
            self.idle.retain(|idle| *idle != id);
            // It may have been woken for a job that it now never takes.
            self.rouse_for_queued();
        }
    }

    /// A worker gives back a job that it has not begun: it is pending again, in its old place, unless nothing is begun any more.
    pub(crate) fn handle_given_back(&mut self, id: WorkerId, key: Key) {
        if !self.put_down(id, key) {
            return;
        }
        let phase = self.phase;
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        match judge(entry, key, false, phase) {
            Some(verdict) => self.end(key, verdict),
            None => {
                self.pending += 1;
                self.enqueue(key);
            }
        }
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
        let may_take_more = worker.may_take_more();
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
        entry.place = Place::InHand(id);
        self.counts.queueing.record(self.now.since(entry.since));
        entry.since = self.now;
        let (job, items) = (entry.job.clone(), entry.items);
        self.pending -= 1;
        self.in_hand += 1;
        if let Some(rate) = &mut self.rate {
            rate.begin(items, self.now);
        }
        let worker = &mut self.workers[id];
        worker.in_hand.push_back(key);
        if worker.state == State::Idle {
            // It came without being called.
            worker.state = State::Awake;
            self.idle.retain(|idle| *idle != id);
        }
        Some((key, job))
    }

    /// A worker lets go of a job. `false` when it was taken from it before.
    fn put_down(&mut self, id: WorkerId, key: Key) -> bool {
        let worker = &mut self.workers[id];
        // As a rule the first.
        if worker.in_hand.front() == Some(&key) {
            worker.in_hand.pop_front();
        } else {
            let Some(place) = worker.in_hand.iter().position(|held| *held == key) else {
                return false;
            };
            worker.in_hand.remove(place);
        }
        self.in_hand -= 1;
        if worker.aborting > 0 {
            if self.jobs.get(key).is_some_and(|entry| entry.is_aborted) {
                worker.aborting -= 1;
            }
            self.kill_if_alone(id);
        }
        true
    }

    /// A job in the hands of a process is to be ended.
    pub(super) fn abort_with(&mut self, id: WorkerId, key: Key) {
        let worker = &mut self.workers[id];
        worker.aborting += 1;
        if worker.state == State::Idle {
            worker.state = State::Awake;
            self.idle.retain(|idle| *idle != id);
        }
        self.kill_if_alone(id);
        self.give_grace(key);
    }

    /// Looks again later at a job that is to be ended.
    fn give_grace(&mut self, key: Key) {
        let at = self.now.plus(GRACE);
        // Its deadline may come sooner, and is of no concern any more.
        if let Some(rare) = self.jobs.get_mut(key).and_then(|entry| entry.rare.as_mut()) {
            rare.not_before = Some(at);
        }
        self.timers.set(at, key, &self.jobs);
    }

    /// Ends a worker that has in hand only what is to be ended.
    fn kill_if_alone(&mut self, id: WorkerId) {
        let worker = &self.workers[id];
        if worker.aborting > 0 && worker.aborting == worker.in_hand.len() {
            self.kill(id);
        }
    }

    /// A job that was to be ended is still in hand. If it is behind others, those may be running.
    pub(super) fn insist(&mut self, id: WorkerId, key: Key) {
        if self.in_hand_of(id) == Some(key) {
            self.kill(id);
        } else {
            self.give_grace(key);
        }
    }

    fn kill(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id];
        // With jobs in hand it is absent only if it is killed already.
        if worker.state == State::Awake {
            // What comes next is for its successor.
            worker.state = State::Absent;
            self.kills.push_back(id);
        }
    }

    /// A worker to be killed, for as long as there is one.
    pub(crate) fn poll_kill(&mut self) -> Option<WorkerId> {
        self.kills.pop_front()
    }

    /// A worker is done with a job, of which so many items failed. `None` when it was taken from it before.
    pub(crate) fn handle_done(&mut self, id: WorkerId, key: Key, failed: u32) -> Option<J> {
        if !self.put_down(id, key) {
            return None;
        }
        let entry = self.remove(key)?;
        self.counts.failed += u64::from(failed);
        self.counts.done += u64::from(entry.items.saturating_sub(failed));
        self.counts.running.record(self.now.since(entry.since));
        Some(entry.job)
    }

    /// How a job that a worker has in hand is run again, if it may be.
    pub(crate) fn retry_of(&self, id: WorkerId, key: Key) -> Option<RetryPlan> {
        let entry = self.jobs.get(key)?;
        let plan = entry.retry()?;
        let may = entry.place == Place::InHand(id)
            && !entry.is_aborted
            && entry.repeats < plan.times
            && self.phase != Phase::Cancelling;
        may.then_some(plan)
    }

    /// A job failed and is run again, after its pause. `false` when it was taken from the worker before.
    pub(crate) fn handle_again(&mut self, id: WorkerId, key: Key) -> bool {
        if !self.put_down(id, key) {
            return false;
        }
        match self.jobs.get_mut(key) {
            // Since it was asked whether it may.
            Some(entry) if entry.is_aborted => self.end(key, Verdict::Aborted),
            Some(entry) => {
                // It has come back to tell the tale, so its worker did not die of it.
                entry.losses = 0;
                self.repeat(key);
            }
            None => {}
        }
        true
    }

    /// A chunk is too much at once for its worker: it is split.
    pub(crate) fn handle_too_much(&mut self, id: WorkerId, key: Key) {
        if !self.put_down(id, key) {
            return;
        }
        match self.jobs.get_mut(key) {
            Some(entry) if entry.is_aborted => self.end(key, Verdict::Aborted),
            Some(entry) => {
                entry.place = Place::Splitting;
                let job = entry.job.clone();
                self.ended.push((job, Verdict::Split(key)));
            }
            None => {}
        }
    }

    /// Back into the queue, or to wait out the pause.
    fn repeat(&mut self, key: Key) {
        let entry = self.jobs.get_mut(key).expect("a job in hand is there");
        entry.repeats += 1;
        entry.has_begun = true;
        let pause = entry
            .retry()
            .map(|plan| plan.pause(entry.repeats, entry.order));
        entry.since = self.now;
        entry.place = Place::Timed;
        let at: Moment = self.now.plus(pause.unwrap_or_default());
        if let Some(rare) = &mut entry.rare {
            rare.not_before = Some(at);
        }
        self.counts.retried += 1;
        self.pending += 1;
        let is_over = entry.deadline().is_some_and(|at| at <= self.now);
        if is_over {
            self.end(key, Verdict::Expired);
        } else {
            self.let_go_on(key);
        }
    }

    /// A worker ended. `begun` says whether the first job in its hands may have begun. What ends with it is found with
    /// [`poll_ended`](Dispatch::poll_ended); the others are pending again, in their old places.
    pub(crate) fn handle_lost(&mut self, id: WorkerId, begun: bool) {
        self.lose(id, usize::from(begun));
    }

    /// The same for a worker that is ended without a look at how far it is: each job in its hands may have begun, or begins just now.
    pub(crate) fn handle_cut_off(&mut self, id: WorkerId) {
        self.lose(id, usize::MAX);
    }

    fn lose(&mut self, id: WorkerId, begun: usize) {
        self.idle.retain(|idle| *idle != id);
        let worker = &mut self.workers[id];
        if worker.state != State::Gone {
            worker.state = State::Absent;
        }
        let held = std::mem::take(&mut worker.in_hand);
        worker.aborting = 0;
        self.in_hand -= held.len();
        // The last first, so that each goes before those that came after it.
        for (place, key) in held.into_iter().enumerate().rev() {
            let phase = self.phase;
            let entry = self.jobs.get_mut(key).expect("a job in hand is there");
            let begun = place < begun;
            match judge(entry, key, begun, phase) {
                Some(verdict @ Verdict::Split(_)) => {
                    entry.place = Place::Splitting;
                    self.counts.retried += 1;
                    let job = entry.job.clone();
                    self.ended.push((job, verdict));
                }
                Some(verdict) => self.end(key, verdict),
                None if begun => self.repeat(key),
                None => {
                    self.pending += 1;
                    self.enqueue(key);
                }
            }
        }
        // It may have been woken for a job that it now never takes.
        self.rouse_for_queued();
    }

    /// A worker is never to come back; what is in its hands was dealt with. What nobody can do any more ends.
    pub(crate) fn handle_gone(&mut self, id: WorkerId) {
        self.idle.retain(|idle| *idle != id);
        self.workers[id].state = State::Gone;
        let is_left = |needs: Needs| {
            let mut workers = self.workers.iter();
            workers.any(|worker| worker.state != State::Gone && needs.fits(worker.kind))
        };
        let left = Needs::ALL.map(is_left);
        if !left[Needs::Any as usize] {
            return self.handle_close(Phase::Cancelling);
        }
        self.clear(|needs| !left[needs as usize], Verdict::Shutdown);
        self.rouse_for_queued();
    }

    /// A worker to be woken, for as long as there is one.
    pub(crate) fn poll_wake(&mut self) -> Option<WorkerId> {
        self.wakes.pop_front()
    }

    /// Whether no worker is idle.
    pub(crate) fn is_nobody_idle(&self) -> bool {
        self.idle.is_empty()
    }

    /// Whether there is a job for this worker that goes before those which are yet to come on usual terms.
    pub(crate) fn has_usual(&mut self, id: WorkerId) -> bool {
        let usual = Rank::new(NORMAL, u64::MAX);
        let first = self.first(self.workers[id].kind);
        first.is_some_and(|(rank, _)| rank < usual)
    }

    /// Whether there is a job for this worker.
    pub(crate) fn has_job(&mut self, id: WorkerId) -> bool {
        self.first(self.workers[id].kind).is_some()
    }

    /// The next job that such a worker can do.
    fn first(&mut self, kind: WorkerKind) -> Option<(Rank, Needs)> {
        let own = match kind {
            WorkerKind::Thread => Some(Needs::Thread),
            WorkerKind::Task => Some(Needs::Task),
            WorkerKind::Process => None,
        };
        let anywhere = self.front(Needs::Any);
        match own.and_then(|own| Some((self.front(own)?, own))) {
            Some(own) => Some(anywhere.map_or(own, |any| own.min((any, Needs::Any)))),
            None => Some((anywhere?, Needs::Any)),
        }
    }

    /// The next job that such a worker can do, if it may begin now.
    fn pop(&mut self, kind: WorkerKind) -> Option<Key> {
        let first = self.first(kind)?;
        let wait = self.rate.as_ref().and_then(|rate| rate.wait(self.now));
        if wait.is_some() {
            self.is_throttled = true;
            return None;
        }
        self.queues[first.1 as usize].pop(first.0)
    }

    fn front(&mut self, needs: Needs) -> Option<Rank> {
        self.queues[needs as usize].front(&self.jobs)
    }

    fn rest(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id];
        if worker.state == State::Awake && worker.may_take_more() {
            worker.state = State::Idle;
            self.idle.push(id);
        }
    }

    /// Wakes one idle worker for a job with such needs. The one that rested last is the one whose caches are warm; what can run
    /// anywhere goes to a process if it can, so that threads stay free for what only they can run, and to a task, whose runtime it
    /// holds up, only if it must.
    pub(super) fn rouse(&mut self, needs: Needs) {
        if self.idle.is_empty() {
            return;
        }
        // One that holds jobs and may hold more is asked after those that hold fewer.
        let last_of = |kind| {
            let idle = self.idle.iter().enumerate().rev();
            idle.filter(|(_, id)| self.workers[**id].kind == kind)
                .min_by_key(|(_, id)| self.workers[**id].in_hand.len())
                .map(|(place, _)| place)
        };
        let kinds = [WorkerKind::Process, WorkerKind::Thread, WorkerKind::Task];
        let fitting = kinds.into_iter().filter(|kind| needs.fits(*kind));
        let place = fitting.filter_map(last_of).next();
        if let Some(place) = place {
            let id = self.idle.remove(place);
            self.workers[id].state = State::Awake;
            self.wakes.push_back(id);
        }
    }

    pub(super) fn rouse_for_queued(&mut self) {
        for needs in Needs::ALL {
            if self.queues[needs as usize].len() > 0 {
                self.rouse(needs);
            }
        }
    }
}

/// What becomes of a job whose worker ended; `None`: it is pending again.
fn judge<J>(entry: &mut Entry<J>, key: Key, begun: bool, phase: Phase) -> Option<Verdict> {
    if entry.is_aborted {
        return Some(Verdict::Aborted);
    }
    if !begun {
        return (phase == Phase::Cancelling).then_some(Verdict::Shutdown);
    }
    entry.losses += 1;
    let Some(retry) = entry.retry().filter(|_| phase != Phase::Cancelling) else {
        return Some(Verdict::Lost);
    };
    if entry.items > 1 {
        entry.has_begun = true;
        return Some(Verdict::Split(key));
    }
    if entry.losses >= LOSSES_MAX {
        return Some(Verdict::Quarantined(entry.losses));
    }
    (entry.repeats >= retry.times).then_some(Verdict::Lost)
}
