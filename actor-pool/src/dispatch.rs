//! Who does what next: jobs, workers, and the queue between them. Pure: no runtime, no lock, no clock.
//!
//! Called by `shared.rs` under its one lock; never runs user code and never wakes anybody. Idle workers *pull*: whatever makes work
//! available names one of them through [`Dispatch::poll_wake`], and whoever is woken asks [`Dispatch::handle_next`]. So a job waits
//! in one queue until a worker is free for it, whatever kind of worker that is.
//!
//! | a job is | until |
//! |---|---|
//! | pending: queued | a worker takes it, it is cancelled, expires or gives way, or the pool closes |
//! | pending: timed | its delay, or the pause before it is tried again, is over |
//! | pending: behind | all of its key that came before it are gone |
//! | in hand | its worker is done with it, or is lost |
//! | splitting | a chunk that lost its worker becomes jobs of its own |
//! | gone | – |
//!
//! | a worker is | until |
//! |---|---|
//! | absent | it is up, for the first time or again |
//! | awake | it finds nothing to do: idle; it is lost: absent |
//! | idle | it is woken |
//! | gone | – |
//!
//! Time is what [`Dispatch::advance`] was told last.
//!
//! Rules: (1) a worker holds at most `window` jobs and begins them in order, so of those it loses only the first can have begun.
//! (2) A job that was not begun goes back to its old place. (3) One that was begun is run again only if it is retryable, and at most
//! [`LOSSES_MAX`] times in a row. (4) Whoever leaves the arena lets the next of its key go on. (5) The first of a window may be finished
//! already, its outcome unread, and the second be running: so a process is killed for an abort only when it holds nothing else, which it
//! soon does, since it is given nothing more and what it has not begun is taken back. Only of one that does not answer the first is taken
//! for what runs, after [`GRACE`].
//!
//! | file | what is in it |
//! |---|---|
//! | `terms.rs` | on what terms a job is accepted |
//! | `queue.rs` | who is next: by urgency, then by age |
//! | `keyed.rs` | jobs that run one after the other |
//! | `timers.rs` | delays and deadlines |
//! | `rate.rs` | how often jobs may begin |
//! | `crew.rs` | the workers' side of the dispatcher |

mod crew;
mod keyed;
mod queue;
mod rate;
mod terms;
mod timers;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use self::keyed::Keyed;
pub(crate) use self::queue::LEVELS;
use self::queue::{Queue, Rank};
pub(crate) use self::rate::Rate;
pub(crate) use self::terms::{Moment, NORMAL, Rare, RetryPlan, Terms};
use self::timers::Timers;
use crate::arena::{Arena, Key};
use crate::histogram::Histogram;
use crate::worker::WorkerKind;

/// How many workers a job may take with it before it is taken for the cause.
pub(crate) const LOSSES_MAX: u32 = 3;

/// For so long a worker that is to lose a job may keep those behind it. A process that is stopped, say, gives nothing back.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// Names a worker: its place in the pool.
pub(crate) type WorkerId = usize;

/// Where a job can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Needs {
    /// On any worker.
    Any,
    /// On a thread of this process.
    Thread,
    /// On a task of this process.
    Task,
}

impl Needs {
    const ALL: [Needs; 3] = [Needs::Any, Needs::Thread, Needs::Task];

    fn fits(self, kind: WorkerKind) -> bool {
        match self {
            Needs::Any => true,
            Needs::Thread => kind == WorkerKind::Thread,
            Needs::Task => kind == WorkerKind::Task,
        }
    }
}

/// A job to be accepted.
#[derive(Clone, Debug)]
pub(crate) struct Offer<J> {
    pub(crate) job: J,
    pub(crate) needs: Needs,
    pub(crate) terms: Terms,
    /// How many jobs it is in one: more than one for a chunk.
    pub(crate) items: u32,
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

/// What becomes of a job without its doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was in hand and may have run.
    Lost,
    /// It was in hand once too often.
    Quarantined(u32),
    /// It was not begun, and nothing is begun any more.
    Shutdown,
    /// Its deadline passed before it began.
    Expired,
    /// It was not begun, and gave way to a newer one.
    Evicted,
    /// An earlier try of it had begun, and now it is not tried again.
    GivenUp,
    /// It was to be ended, and so it was.
    Aborted,
    /// A chunk whose items are to be handed back with [`Dispatch::handle_split`], to be run one by one.
    Split(Key),
}

/// What was counted so far.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) retried: u64,
    pub(crate) queueing: Histogram,
    pub(crate) running: Histogram,
}

/// What came of an attempt to end a job.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Abort<J> {
    /// It was pending, and is gone.
    Cancelled(J),
    /// It is in the hands of a process; it ends when it is taken back unbegun, or with its worker, which [`Dispatch::poll_kill`] names.
    Process,
    /// It is in the hands of a task, which can let it fall.
    Task(J),
    /// It cannot be ended, or is finished.
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Queued,
    Timed,
    Behind,
    InHand(WorkerId),
    Splitting,
}

impl Place {
    fn is_pending(self) -> bool {
        matches!(self, Place::Queued | Place::Timed | Place::Behind)
    }
}

#[derive(Debug)]
struct Entry<J> {
    job: J,
    rare: Option<Box<Rare>>,
    /// The order of acceptance; a job keeps its place over retries.
    order: u64,
    /// When it was accepted, or begun.
    since: Moment,
    place: Place,
    items: u32,
    losses: u32,
    repeats: u32,
    needs: Needs,
    priority: u8,
    is_aborted: bool,
    /// A try of it has begun, so nobody may be told that it never ran.
    has_begun: bool,
}

impl<J> Entry<J> {
    fn rank(&self) -> Rank {
        Rank::new(self.priority, self.order)
    }

    fn deadline(&self) -> Option<Moment> {
        self.rare.as_ref()?.deadline
    }

    fn not_before(&self) -> Option<Moment> {
        self.rare.as_ref()?.not_before
    }

    fn key(&self) -> Option<&Arc<str>> {
        self.rare.as_ref()?.key.as_ref()
    }

    fn retry(&self) -> Option<RetryPlan> {
        self.rare.as_ref()?.retry
    }
}

#[derive(Debug)]
struct Worker {
    kind: WorkerKind,
    window: usize,
    state: State,
    in_hand: VecDeque<Key>,
    /// How many of those in hand are to be ended.
    aborting: usize,
}

impl Worker {
    /// What is given to a worker while it is to lose a job could be lost with it.
    fn may_take_more(&self) -> bool {
        self.in_hand.len() < self.window && self.aborting == 0
    }
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
    /// One for each of [`Needs`].
    queues: [Queue; 3],
    keyed: Keyed,
    timers: Timers,
    rate: Option<Rate>,
    /// Somebody would have begun a job, but for the rate.
    is_throttled: bool,
    workers: Vec<Worker>,
    idle: Vec<WorkerId>,
    wakes: VecDeque<WorkerId>,
    kills: VecDeque<WorkerId>,
    ended: Vec<(J, Verdict)>,
    phase: Phase,
    now: Moment,
    order: u64,
    pending: usize,
    in_hand: usize,
    counts: Counts,
}

impl<J: Clone> Dispatch<J> {
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Dispatch {
            jobs: Arena::new(),
            queues: Default::default(),
            keyed: Keyed::default(),
            timers: Timers::default(),
            rate,
            is_throttled: false,
            workers: Vec::new(),
            idle: Vec::new(),
            wakes: VecDeque::new(),
            kills: VecDeque::new(),
            ended: Vec::new(),
            phase: Phase::Open,
            now: Moment::START,
            order: 0,
            pending: 0,
            in_hand: 0,
            counts: Counts {
                done: 0,
                failed: 0,
                retried: 0,
                queueing: Histogram::new(),
                running: Histogram::new(),
            },
        }
    }

    /// How many jobs wait.
    pub(crate) fn pending(&self) -> usize {
        self.pending
    }

    /// How many are in the hands of workers.
    pub(crate) fn in_hand(&self) -> usize {
        self.in_hand
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How many jobs workers finished, whatever came of them.
    pub(crate) fn finished(&self) -> u64 {
        self.counts.done + self.counts.failed
    }

    /// Whether the pool closes and nothing is pending or in hand any more.
    pub(crate) fn is_drained(&self) -> bool {
        self.phase != Phase::Open && self.jobs.is_empty()
    }

    /// Whether it is open, has nothing to tell, and waits for no moment.
    pub(crate) fn is_quiet(&self) -> bool {
        let has_told = self.wakes.is_empty() && self.kills.is_empty() && self.ended.is_empty();
        has_told && self.phase == Phase::Open && !self.is_throttled && self.timers.is_empty()
    }

    /// Where a job stands; `None` once it is gone.
    pub(crate) fn stage(&self, key: Key) -> Option<Stage> {
        self.jobs.get(key).map(|entry| match entry.place {
            Place::InHand(id) => Stage::InHand(id),
            _ => Stage::Pending,
        })
    }

    /// A job that is not gone.
    pub(crate) fn job(&self, key: Key) -> Option<&J> {
        self.jobs.get(key).map(|entry| &entry.job)
    }

    /// What a job is called, if it has a name of its own.
    pub(crate) fn label(&self, key: Key) -> Option<&Arc<str>> {
        self.jobs.get(key)?.rare.as_ref()?.label.as_ref()
    }

    // ---- time ----

    /// The moment that it was told last.
    pub(crate) fn now(&self) -> Moment {
        self.now
    }

    /// Time has gone on; what was due has happened.
    pub(crate) fn advance(&mut self, now: Moment) {
        self.now = self.now.max(now);
        while let Some(key) = self.timers.pop_due(self.now) {
            self.handle_due(key);
        }
        let may_begin = |rate: &Rate| rate.wait(self.now).is_none();
        if self.is_throttled && self.rate.as_ref().is_none_or(may_begin) {
            self.is_throttled = false;
            self.rouse_for_queued();
        }
    }

    /// When to call [`advance`](Dispatch::advance) next, at the latest.
    pub(crate) fn poll_timeout(&self) -> Option<Moment> {
        let throttled = self.rate.as_ref().filter(|_| self.is_throttled);
        let allowed = throttled.and_then(|rate| rate.wait(self.now));
        [self.timers.first(), allowed].into_iter().flatten().min()
    }

    fn handle_due(&mut self, key: Key) {
        let Some(entry) = self.jobs.get(key) else {
            return;
        };
        let is_over = entry.deadline().is_some_and(|at| at <= self.now);
        let is_due = entry.not_before().is_none_or(|at| at <= self.now);
        match entry.place {
            Place::InHand(id) if entry.is_aborted && is_due => self.insist(id, key),
            place if place.is_pending() && is_over => self.end(key, Verdict::Expired),
            Place::Timed if is_due => self.enqueue(key),
            _ => {}
        }
    }

    // ---- jobs ----

    /// A job is accepted. The caller has looked at the phase and at the room.
    pub(crate) fn handle_submit(&mut self, offer: Offer<J>) -> Key {
        let entry = self.accepted(offer);
        self.insert(entry)
    }

    fn accepted(&mut self, offer: Offer<J>) -> Entry<J> {
        self.order += 1;
        Entry {
            job: offer.job,
            rare: offer.terms.rare,
            order: self.order,
            since: self.now,
            place: Place::Behind,
            items: offer.items,
            losses: 0,
            repeats: 0,
            needs: offer.needs,
            priority: offer.terms.priority,
            is_aborted: false,
            has_begun: false,
        }
    }

    /// The key of a job that may come, on usual terms.
    pub(crate) fn reserve(&mut self) -> Key {
        self.jobs.reserve()
    }

    /// The job that was to come under a reserved key was handed in at that moment.
    pub(crate) fn handle_handed_in(&mut self, key: Key, offer: Offer<J>, at: Moment) {
        let entry = Entry {
            since: at,
            ..self.accepted(offer)
        };
        self.insert_as(key, entry);
    }

    fn insert(&mut self, entry: Entry<J>) -> Key {
        let key = self.jobs.reserve();
        self.insert_as(key, entry);
        key
    }

    fn insert_as(&mut self, key: Key, entry: Entry<J>) {
        self.pending += 1;
        if entry.rare.is_none() {
            let (needs, rank) = (entry.needs, entry.rank());
            let place = Place::Queued;
            self.jobs.fill(key, Entry { place, ..entry });
            self.queues[needs as usize].push(rank, key);
            return self.rouse(needs);
        }
        let (deadline, line) = (entry.deadline(), entry.key().cloned());
        self.jobs.fill(key, entry);
        if let Some(at) = deadline {
            self.timers.set(at, key, &self.jobs);
        }
        if line.is_none_or(|line| self.keyed.join(&line, key)) {
            self.let_go_on(key);
        }
    }

    /// Nothing is before it any more; perhaps it has to wait for its time.
    fn let_go_on(&mut self, key: Key) {
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        match entry.not_before().filter(|at| *at > self.now) {
            Some(at) => {
                entry.place = Place::Timed;
                self.timers.set(at, key, &self.jobs);
            }
            None => self.enqueue(key),
        }
    }

    fn enqueue(&mut self, key: Key) {
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        entry.place = Place::Queued;
        let (needs, rank) = (entry.needs, entry.rank());
        self.queues[needs as usize].push(rank, key);
        self.rouse(needs);
    }

    /// Takes a job out, wherever it is, and lets the next of its key go on.
    fn remove(&mut self, key: Key) -> Option<Entry<J>> {
        let entry = self.jobs.remove(key)?;
        if entry.place == Place::Queued {
            self.queues[entry.needs as usize].forget_one(entry.rank(), &self.jobs);
        }
        if entry.place.is_pending() {
            self.pending -= 1;
        }
        if let Some(line) = entry.key()
            && let Some(next) = self.keyed.leave(line, key)
        {
            self.let_go_on(next);
        }
        Some(entry)
    }

    fn end(&mut self, key: Key, verdict: Verdict) {
        let Some(entry) = self.remove(key) else {
            return;
        };
        let verdict = match verdict {
            Verdict::Shutdown | Verdict::Evicted if entry.has_begun => Verdict::GivenUp,
            verdict => verdict,
        };
        self.ended.push((entry.job, verdict));
    }

    /// Whether a try of a job has begun and failed, and it is to be tried again.
    pub(crate) fn has_begun(&self, key: Key) -> bool {
        self.jobs.get(key).is_some_and(|entry| entry.has_begun)
    }

    /// Takes a job back, if it is pending.
    pub(crate) fn handle_cancel(&mut self, key: Key) -> Option<J> {
        let entry = self.jobs.get(key)?;
        if !entry.place.is_pending() {
            return None;
        }
        self.remove(key).map(|entry| entry.job)
    }

    /// Takes a job back, or ends it where that is possible.
    pub(crate) fn handle_abort(&mut self, key: Key) -> Abort<J> {
        if let Some(job) = self.handle_cancel(key) {
            return Abort::Cancelled(job);
        }
        let Some(entry) = self.jobs.get_mut(key) else {
            return Abort::No;
        };
        let Place::InHand(id) = entry.place else {
            return Abort::No;
        };
        match self.workers[id].kind {
            WorkerKind::Thread => Abort::No,
            WorkerKind::Task => Abort::Task(entry.job.clone()),
            WorkerKind::Process => {
                if !std::mem::replace(&mut entry.is_aborted, true) {
                    self.abort_with(id, key);
                }
                Abort::Process
            }
        }
    }

    /// Makes room for a job of this urgency: the oldest of the least urgent that could begin gives way. `false` when it would be the new
    /// one itself.
    pub(crate) fn handle_evict(&mut self, priority: u8) -> bool {
        let newest = Rank::new(priority, u64::MAX);
        let least = self
            .queues
            .iter_mut()
            .filter_map(|queue| queue.least(&self.jobs));
        let by_urgency = |(rank, _): &(Rank, Key)| (rank.level(), std::cmp::Reverse(rank.order));
        let Some((rank, key)) = least.max_by_key(by_urgency) else {
            return false;
        };
        if rank.level() < newest.level() {
            return false;
        }
        self.end(key, Verdict::Evicted);
        true
    }

    /// The items of a chunk take its place, each a job of its own.
    pub(crate) fn handle_split(&mut self, key: Key, parts: Vec<J>) {
        let Some(entry) = self.remove(key) else {
            return;
        };
        for job in parts {
            self.insert(Entry {
                job,
                rare: entry.rare.clone(),
                items: 1,
                place: Place::Behind,
                ..entry
            });
        }
        if self.phase == Phase::Cancelling {
            self.clear(|_| true, Verdict::Shutdown);
        }
    }

    /// Closes the pool; it never opens again, and a drain can become a cancellation. What is not begun any more ends.
    pub(crate) fn handle_close(&mut self, phase: Phase) {
        self.phase = self.phase.max(phase);
        if self.phase == Phase::Cancelling {
            self.clear(|_| true, Verdict::Shutdown);
        }
    }

    /// A job that ended by what was decided here, for as long as there is one.
    pub(crate) fn poll_ended(&mut self) -> Vec<(J, Verdict)> {
        std::mem::take(&mut self.ended)
    }

    /// Ends all pending jobs with such needs, the oldest first.
    fn clear(&mut self, wanted: impl Fn(Needs) -> bool, verdict: Verdict) {
        let of = |key: Key| self.jobs.get(key).map(|entry| (entry.order, key, entry));
        let pending = self.jobs.keys().filter_map(of);
        let pending =
            pending.filter(|(_, _, entry)| entry.place.is_pending() && wanted(entry.needs));
        let mut keys: Vec<_> = pending.map(|(order, key, _)| (order, key)).collect();
        keys.sort_unstable();
        for (_, key) in keys {
            self.end(key, verdict);
        }
    }
}

#[cfg(test)]
mod tests;
