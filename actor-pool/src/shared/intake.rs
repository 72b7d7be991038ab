//! Where most jobs are handed in: a lock of its own, so that submitters do not meet the workers at the lock of the pool for every job.
//!
//! The dispatcher lends it *places*, room for one job each, and later takes the jobs that came, many at a time. Whoever finds no place
//! goes to the dispatcher itself. So the bound of a pool, the line of those who wait and its end are decided in one place, as before:
//!
//! | who | does |
//! |---|---|
//! | a submitter of a job on usual terms | uses a place, if there is one |
//! | a submitter who finds none, or whose job is on others | recalls, and lends again |
//! | a worker that has nothing as urgent to begin | collects the jobs, and lends again |
//! | anybody else who asks for the lock of the pool | recalls: jobs and unused places |
//!
//! Rules: (1) What is lent counts as pending, used or not. (2) Nothing is lent while a worker is idle, somebody waits in the line, or the
//! pool closes: a job that uses a place is found by a worker that is awake, and overtakes nobody. (3) Whoever looks at the jobs of the
//! dispatcher has recalled first, but for workers, which pass by what cannot be more urgent than what they begin.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{AnyTask, Shared, State};
use crate::arena::Key;
use crate::dispatch::{Moment, Offer, Phase, WorkerId};

/// So many places are lent at most: enough that the lock of the pool is rarely taken for more, few enough that a pool which hardly has jobs
/// keeps little memory for them.
const LENT_MAX: usize = 64;

/// A job that used a place.
struct HandedIn {
    key: Key,
    offer: Offer<AnyTask>,
    at: Moment,
}

#[derive(Default)]
struct Inbox {
    places: Vec<Key>,
    jobs: Vec<HandedIn>,
}

/// See the module's header.
#[derive(Default)]
pub(super) struct Intake {
    /// Held for a few moves of memory: no user code, no drop and no wake happens under it, and it is the last lock that is taken.
    inbox: Mutex<Inbox>,
}

/// The dispatcher's side of it.
#[derive(Default)]
pub(super) struct Lent {
    /// How many places are lent, used ones included.
    count: usize,
    /// Places to be lent.
    places: Vec<Key>,
    /// What jobs are collected in; empty in between.
    jobs: Vec<HandedIn>,
}

impl Intake {
    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts a job if it is on usual terms and there is a place.
    pub(super) fn accept(&self, offer: Offer<AnyTask>, at: Moment) -> Result<Key, Offer<AnyTask>> {
        if !offer.terms.are_usual() {
            return Err(offer);
        }
        let mut inbox = self.lock();
        let Some(key) = inbox.places.pop() else {
            return Err(offer);
        };
        inbox.jobs.push(HandedIn { key, offer, at });
        Ok(key)
    }
}

impl State {
    /// Takes jobs and places back.
    pub(super) fn recall(&mut self, intake: &Intake) {
        if self.lent.count == 0 {
            return;
        }
        let mut inbox = intake.lock();
        std::mem::swap(&mut inbox.jobs, &mut self.lent.jobs);
        self.lent.places.append(&mut inbox.places);
        drop(inbox);
        self.accept_all();
        self.lent.count = 0;
    }

    /// Takes the jobs.
    fn collect(&mut self, intake: &Intake) {
        if self.lent.count == 0 {
            return;
        }
        std::mem::swap(&mut intake.lock().jobs, &mut self.lent.jobs);
        self.accept_all();
    }

    fn accept_all(&mut self) {
        self.lent.count -= self.lent.jobs.len();
        for HandedIn { key, offer, at } in self.lent.jobs.drain(..) {
            self.dispatch.handle_handed_in(key, offer, at);
        }
    }

    /// Lends places for what there is room for.
    pub(super) fn lend(&mut self, intake: &Intake, capacity: usize) {
        let may_lend = self.dispatch.phase() == Phase::Open
            && self.dispatch.is_nobody_idle()
            && !self.line.has_waiting();
        let free = capacity.saturating_sub(self.taken());
        let count = free.min(LENT_MAX - self.lent.count);
        if !may_lend || count == 0 {
            return;
        }
        let places = &mut self.lent.places;
        while places.len() < count {
            places.push(self.dispatch.reserve());
        }
        let lent = places.drain(places.len() - count..);
        intake.lock().places.extend(lent);
        self.lent.count += count;
    }

    /// How many places the jobs that wait, and those that may come unasked, take.
    pub(super) fn taken(&self) -> usize {
        self.dispatch.pending() + self.line.kept() + self.lent.count
    }
}

impl Shared {
    /// What a worker begins next. Without an answer it is idle and will be woken.
    pub(super) fn next_of(&self, state: &mut State, id: WorkerId) -> Option<(Key, AnyTask)> {
        self.collect_for(state, id);
        self.begin(state, id)
    }

    /// The same, but without an answer it will ask again.
    pub(super) fn look_for(&self, state: &mut State, id: WorkerId) -> Option<(Key, AnyTask)> {
        self.collect_for(state, id);
        let has_job = state.dispatch.has_job(id);
        has_job.then(|| self.begin(state, id)).flatten()
    }

    /// Jobs in the intake are younger than all others, and not more urgent than most.
    fn collect_for(&self, state: &mut State, id: WorkerId) {
        if !state.dispatch.has_usual(id) {
            state.collect(&self.intake);
            state.lend(&self.intake, self.limits.capacity);
        }
    }

    fn begin(&self, state: &mut State, id: WorkerId) -> Option<(Key, AnyTask)> {
        let next = state.dispatch.handle_next(id);
        if next.is_none() {
            // It may be idle now, which rule 2 is about.
            state.recall(&self.intake);
        }
        next
    }
}

#[cfg(test)]
mod tests;
