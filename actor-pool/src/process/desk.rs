//! The pool's side of one worker process: which jobs are in its hands, and how they get there.
//!
//! Whoever finds work for an idle worker (a submitter, as a rule) carries it to the socket on its own thread, so a single job takes no hop
//! between threads on its way out. When the worker is busy the carrier is called instead: it takes along what has gathered meanwhile.
//!
//! Rules: (1) Jobs are numbered per worker and go over the socket in that order; outcomes come in the same order. (2) User code runs
//! outside of the lock: one takes jobs out of the queue and encodes them at a time, and whoever comes meanwhile leaves word. (3) A line
//! that was hung up is gone: who still holds a job for it finds another line, or none, and lets go of it.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actor_core::ActorRef;
use actor_core::panic::discard;
use actor_remote::blob::{apart, with_source};
use bytes::Bytes;
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::agent::AgentMsg;
use super::chunk::{OUTCOME_HEAD, outcomes, read_answer};
use super::frames::{HEAD, Kind, Order, Raw, Tag, cut_apart, put_order};
use super::outgoing::Outgoing;
use super::pace::{Pace, STALL};
use super::plan::ProcessOptions;
use super::wire::WorkerMsg;
use crate::arena::Key;
use crate::dispatch::{GRACE, WorkerId};
use crate::shared::{AnyTask, Shared};
use crate::task::Report;
use crate::{JobError, Payload, WorkerInfo};

/// So much is gathered for one write.
const GATHER: usize = 64 * 1024;
/// No failure is spelt out longer, in bytes.
const FAILURE_MAX: usize = 64 * 1024;

/// See the module's header.
pub(crate) struct Desk {
    pub(super) shared: Arc<Shared>,
    pub(super) id: WorkerId,
    argument_max: usize,
    pub(super) result_max: usize,
    jobs_max: Option<u64>,
    memory_max: Option<u64>,
    pub(super) time_max: Option<Duration>,
    state: Mutex<State>,
    /// There is something for the carrier.
    pub(super) called: Notify,
}

#[derive(Default)]
struct State {
    line: Option<Line>,
    /// Somebody takes jobs out of the queue.
    is_pumping: bool,
    /// And is to look again.
    again: bool,
    /// Counts the lines.
    lines: u64,
}

/// The connection to one incarnation of the worker.
struct Line {
    number: u64,
    socket: Arc<UnixStream>,
    root: ActorRef<WorkerMsg>,
    agent: ActorRef<AgentMsg>,
    info: WorkerInfo,
    out: Outgoing,
    /// The socket takes no more for now, and the carrier knows.
    is_stuck: bool,
    in_hand: VecDeque<Held>,
    /// Outcomes of the first in hand, a chunk whose last ones have not come.
    parts: Vec<u8>,
    /// The number of the last order.
    last: u64,
    /// How many jobs were handed out: a chunk counts its items.
    given: u64,
    pace: Pace,
    /// When the last outcome came, or the first job went out.
    since: Instant,
    /// Jobs are being taken back, so none are handed out.
    is_taking_back: bool,
    /// It is to be replaced when its hands are empty.
    is_retiring: bool,
    has_retired: bool,
    /// The job that ran too long.
    expired: Option<u64>,
    done: u64,
}

/// A job in the worker's hands.
pub(super) struct Held {
    pub(super) number: u64,
    pub(super) key: Key,
    pub(super) job: AnyTask,
}

/// What is left of a line.
#[derive(Default)]
pub(super) struct Left {
    pub(super) in_hand: VecDeque<Held>,
    pub(super) expired: Option<u64>,
    pub(super) done: u64,
}

/// What the time has come for.
pub(super) enum Due {
    Nothing,
    /// Take back what has not begun, up to this number.
    TakeBack(ActorRef<WorkerMsg>, u64),
}

impl Desk {
    pub(crate) fn new(shared: Arc<Shared>, id: WorkerId, options: &ProcessOptions) -> Self {
        Desk {
            shared,
            id,
            argument_max: options.argument_max,
            result_max: options.result_max,
            jobs_max: options.jobs_max,
            memory_max: options.memory_max,
            time_max: options.time_max,
            state: Mutex::default(),
            called: Notify::new(),
        }
    }

    // Rule 2 keeps panics out.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker is up, and this is its socket.
    pub(super) fn open(
        &self,
        socket: Arc<UnixStream>,
        root: ActorRef<WorkerMsg>,
        agent: ActorRef<AgentMsg>,
        info: WorkerInfo,
    ) {
        let mut state = self.lock();
        state.lines += 1;
        state.line = Some(Line {
            number: state.lines,
            socket,
            root,
            agent,
            info,
            out: Outgoing::default(),
            is_stuck: false,
            in_hand: VecDeque::new(),
            parts: Vec::new(),
            last: 0,
            given: 0,
            pace: Pace::new(),
            since: Instant::now(),
            is_taking_back: false,
            is_retiring: false,
            has_retired: false,
            expired: None,
            done: 0,
        });
        drop(state);
        self.shared.set_window(self.id, 1);
    }

    /// Hands nothing out any more over this line.
    pub(super) fn hold_back(&self) {
        if let Some(line) = &mut self.lock().line {
            line.is_taking_back = true;
        }
    }

    /// Hangs up. What was in the worker's hands is the caller's to deal with.
    pub(super) fn hang_up(&self) -> Left {
        let line = self.lock().line.take();
        line.map_or_else(Left::default, |line| Left {
            in_hand: line.in_hand,
            expired: line.expired,
            done: line.done,
        })
    }

    /// There may be work. Called from the dispatcher, on any thread. `false`: there is no worker.
    pub(crate) fn ring(&self) -> bool {
        let is_free = {
            let state = self.lock();
            let Some(line) = &state.line else {
                return false;
            };
            !state.is_pumping && line.in_hand.is_empty()
        };
        if is_free {
            self.pump();
        } else {
            self.called.notify_one();
        }
        true
    }

    /// For how long the worker has had nothing to do. `None` while it has, or is not there.
    pub(super) fn idle_for(&self) -> Option<Duration> {
        let state = self.lock();
        let line = state.line.as_ref()?;
        let is_idle = line.in_hand.is_empty() && !state.is_pumping;
        is_idle.then(|| line.since.elapsed())
    }

    /// Hands out what the worker may hold.
    pub(super) fn pump(&self) {
        let Some(mut line) = self.begin_pump() else {
            return;
        };
        loop {
            while let Some((key, job)) = self.shared.next(self.id) {
                self.hand_out(line, key, job);
            }
            let mut state = self.lock();
            let written = state.line.as_mut().map(|line| line.flush(&self.called));
            let is_over = !std::mem::take(&mut state.again);
            state.is_pumping = !is_over;
            line = state.line.as_ref().map_or(0, |line| line.number);
            drop(state);
            discard(written);
            if is_over {
                return self.retire_if_free();
            }
        }
    }

    fn begin_pump(&self) -> Option<u64> {
        let mut state = self.lock();
        let line = state.line.as_ref()?;
        if line.is_taking_back {
            return None;
        }
        let number = line.number;
        state.again = state.is_pumping;
        if state.again {
            return None;
        }
        state.is_pumping = true;
        Some(number)
    }

    fn hand_out(&self, number: u64, key: Key, job: AnyTask) {
        let name = job.name().unwrap_or_default();
        let (argument, blobs) = match self.encode(&job, name) {
            Ok(argument) => argument,
            Err(JobError::TooLarge { .. }) if job.items() > 1 => {
                self.shared.split(self.id, key);
                return discard(job);
            }
            Err(error) => {
                self.fail(key, &job, error);
                return discard(job);
            }
        };
        let mut state = self.lock();
        let is_open = |line: &&mut Line| line.number == number && line.expired.is_none();
        let line = state.line.as_mut().filter(is_open);
        let Some(line) = line else {
            drop(state);
            // Nobody knew that it was here; unless the worker's end was dealt with meanwhile, and then it is pending again.
            self.shared.give_back(self.id, key);
            return discard(job);
        };
        if line.in_hand.is_empty() {
            line.since = Instant::now();
        }
        line.last += 1;
        line.given += u64::from(job.items());
        let order = Order {
            number: line.last,
            kind: match (job.items(), &blobs[..]) {
                (0 | 1, []) => Kind::One,
                (0 | 1, _) => Kind::OneApart,
                _ => Kind::Chunk,
            },
            key: key.to_bits(),
            name,
            argument: &argument,
        };
        put_order(line.out.gathered(), &order, total(&blobs));
        let is_large = !blobs.is_empty();
        blobs.into_iter().for_each(|blob| line.out.push(blob));
        line.in_hand.push_back(Held {
            number: line.last,
            key,
            job,
        });
        let is_full = is_large || line.out.gathered().len() >= GATHER;
        let written = is_full.then(|| line.flush(&self.called));
        // From here on the carrier has a time to watch.
        let watched = if self.time_max.is_some() { 1 } else { 2 };
        if line.in_hand.len() == watched {
            self.called.notify_one();
        }
        let is_last = self.jobs_max.is_some_and(|max| line.given >= max);
        drop(state);
        discard(written);
        if is_last {
            self.retire();
        }
    }

    /// The encoded argument, and the large blobs that belong to it, which are written from where they are.
    fn encode(&self, job: &AnyTask, name: &str) -> Result<(Vec<u8>, Vec<Bytes>), JobError> {
        let limit = self.argument_max.saturating_sub(name.len());
        let (argument, blobs) = if job.items() > 1 {
            (job.encode_items(limit), Vec::new())
        } else {
            let (encoded, blobs) = apart(|| job.encode());
            (encoded?, blobs)
        };
        let bytes = argument.len() + total(&blobs);
        if bytes > limit {
            return Err(JobError::TooLarge {
                payload: Payload::Argument,
                bytes: bytes as u64,
                limit: limit as u64,
            });
        }
        Ok((argument, blobs))
    }

    /// Goes on writing what did not fit into the socket.
    pub(super) fn flush(&self) {
        let mut state = self.lock();
        let written = state.line.as_mut().map(|line| line.flush(&self.called));
        drop(state);
        discard(written);
    }

    pub(super) fn has_unsent(&self) -> bool {
        let state = self.lock();
        state.line.as_ref().is_some_and(|line| !line.out.is_empty())
    }

    /// An outcome, from the socket or from the page. `false`: it is of no job that is next.
    pub(super) fn settle(&self, number: u64, tag: Option<Tag>, body: &[u8]) -> bool {
        let (held, info, parts) = {
            let mut state = self.lock();
            let Some(line) = &mut state.line else {
                return false;
            };
            let is_next = |held: &Held| held.number == number;
            if !line.in_hand.front().is_some_and(is_next) {
                return false;
            }
            if tag == Some(Tag::Part) {
                return line.take_part(body, self.result_max);
            }
            let Some(held) = line.in_hand.pop_front() else {
                return false;
            };
            line.done += 1;
            (held, line.info.clone(), std::mem::take(&mut line.parts))
        };
        // Before anybody sees the outcome: the next job is for the next process.
        if self.is_too_large(&info) {
            self.retire();
        }
        let Held { key, job, .. } = held;
        let name = job.name().unwrap_or_default();
        let mut settle = |report: &Report<'_>| self.shared.done(self.id, key, report);
        match tag {
            Some(Tag::Done) if job.items() > 1 => {
                let (mut first, mut last) = (outcomes(&parts, name), outcomes(body, name));
                job.complete_items(&mut first.by_ref().chain(&mut last), &info, &mut settle);
            }
            Some(Tag::Done) => job.complete(body, &info, &mut settle),
            Some(Tag::Failed) => job.complete_failed(read_answer(body, name), &mut settle),
            Some(Tag::DoneApart | Tag::Part) | None => return false,
        }
        discard(job);
        true
    }

    /// An outcome that is a whole buffer. Blobs in it stay where they are.
    pub(super) fn settle_large(&self, number: u64, tag: Option<Tag>, frame: Bytes) -> bool {
        if tag != Some(Tag::DoneApart) {
            return self.settle(number, tag, &frame[HEAD..]);
        }
        let body = frame.slice(HEAD..);
        let Some((result, blobs)) = cut_apart(&body) else {
            return false;
        };
        let blobs = body.slice_ref(blobs);
        with_source(blobs, || self.settle(number, Some(Tag::Done), result))
    }

    /// So many outcomes were settled.
    pub(super) fn handle_settled(&self, outcomes: usize) {
        let window = {
            let mut state = self.lock();
            let Some(line) = &mut state.line else { return };
            let now = Instant::now();
            line.pace.handle_results(outcomes, now - line.since);
            line.since = now;
            let left = self
                .jobs_max
                .map_or(u64::MAX, |max| max - line.given.min(max));
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            if line.is_closing() {
                0
            } else {
                // What is in its hands counts against the window.
                line.pace
                    .window()
                    .min(left.saturating_add(line.in_hand.len()))
            }
        };
        self.shared.set_window(self.id, window);
        self.pump();
    }

    /// A job in the worker's hands has failed. Perhaps it is run again.
    pub(super) fn fail(&self, key: Key, job: &AnyTask, error: JobError) {
        let mut settle = |report: &Report<'_>| self.shared.done(self.id, key, report);
        job.complete_failed(error, &mut settle);
    }

    fn retire(&self) {
        if let Some(line) = &mut self.lock().line {
            line.is_retiring = true;
        }
        self.shared.set_window(self.id, 0);
    }

    fn is_too_large(&self, info: &WorkerInfo) -> bool {
        match (self.memory_max, info.pid) {
            (Some(limit), Some(pid)) => resident(pid).is_some_and(|size| size > limit),
            _ => false,
        }
    }

    /// A worker that is to be replaced, and has nothing in its hands, is.
    fn retire_if_free(&self) {
        let agent = {
            let mut state = self.lock();
            let is_pumping = state.is_pumping;
            let Some(line) = &mut state.line else { return };
            let is_free = line.is_retiring && line.in_hand.is_empty() && !is_pumping;
            if !is_free || std::mem::replace(&mut line.has_retired, true) {
                return;
            }
            line.agent.clone()
        };
        // An error means that the pool has ended.
        drop(agent.try_send(AgentMsg::Retire));
    }

    /// When to look at the time again, if it matters.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let state = self.lock();
        let line = state.line.as_ref()?;
        if line.in_hand.is_empty() {
            return None;
        }
        let may_stall = line.in_hand.len() > 1 && !line.is_taking_back;
        let stall = may_stall.then(|| line.since + STALL);
        let expiry = match (self.time_max, line.expired) {
            (Some(limit), None) => line.since.checked_add(line.allowance(limit)),
            _ => None,
        };
        match (stall, expiry) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// The time has come, perhaps.
    pub(super) fn look(&self) -> Due {
        let now = Instant::now();
        let mut state = self.lock();
        let Some(line) = &mut state.line else {
            return Due::Nothing;
        };
        let Some(first) = line.in_hand.front() else {
            return Due::Nothing;
        };
        let waited = now - line.since;
        let is_over = |limit: &Duration| waited >= *limit && line.expired.is_none();
        let over = self.time_max.filter(is_over);
        let is_alone = line.in_hand.len() == 1;
        if over.is_some_and(|limit| is_alone || waited >= limit.saturating_add(GRACE)) {
            line.expired = Some(first.number);
            line.is_taking_back = true;
            let root = line.root.clone();
            drop(state);
            self.shared.set_window(self.id, 0);
            // SIGKILL, which a stopped process hears as well.
            root.kill();
            return Due::Nothing;
        }
        // Who is at the limit may be done, its outcome not heard of, and the next one run: that one is not to be killed with it.
        if (waited < STALL && over.is_none()) || is_alone || line.is_taking_back {
            return Due::Nothing;
        }
        line.is_taking_back = true;
        Due::TakeBack(line.root.clone(), line.last)
    }

    /// The worker begins none of the jobs from the first of these numbers on up to the last. What was handed out since it was asked is not
    /// among them, and stays in its hands.
    pub(super) fn handle_taken_back(&self, taken: Option<RangeInclusive<u64>>) {
        let back = {
            let mut state = self.lock();
            let Some(line) = &mut state.line else { return };
            line.is_taking_back = line.expired.is_some();
            line.pace.handle_stall();
            let back = taken.map_or_else(Vec::new, |taken| {
                split_off(&mut line.in_hand, &taken, |held| held.number)
            });
            if !line.is_closing() {
                drop(state);
                self.shared.set_window(self.id, 1);
            }
            back
        };
        // The last first, so that each goes before those that came after it.
        for held in back.into_iter().rev() {
            self.shared.give_back(self.id, held.key);
            discard(held.job);
        }
        self.pump();
    }
}

/// How many bytes these are.
fn total(blobs: &[Bytes]) -> usize {
    blobs.iter().map(Bytes::len).sum()
}

/// The most that the outcomes of a chunk take, in bytes; of a single job none come in parts.
fn parts_max(items: u32, result_max: usize) -> usize {
    let one = result_max.max(FAILURE_MAX).saturating_add(OUTCOME_HEAD);
    match items {
        0 | 1 => 0,
        items => one.saturating_mul(usize::try_from(items).unwrap_or(usize::MAX)),
    }
}

/// Takes those with such a number out of the line, in their order.
fn split_off<T>(
    line: &mut VecDeque<T>,
    taken: &RangeInclusive<u64>,
    number: impl Fn(&T) -> u64,
) -> Vec<T> {
    let all = std::mem::take(line).into_iter();
    let (back, kept): (Vec<T>, Vec<T>) = all.partition(|one| taken.contains(&number(one)));
    *line = kept.into();
    back
}

impl Line {
    /// Nothing more goes over it.
    fn is_closing(&self) -> bool {
        self.is_retiring || self.expired.is_some()
    }

    /// After what time a job at the time limit is ended: while others are being taken back from behind it, they have some time for that.
    fn allowance(&self, limit: Duration) -> Duration {
        if self.is_taking_back && self.in_hand.len() > 1 {
            limit.saturating_add(GRACE)
        } else {
            limit
        }
    }

    /// Outcomes of a chunk that are not its last. `false`: they are longer than those of all its items can be.
    fn take_part(&mut self, part: &[u8], result_max: usize) -> bool {
        let items = self.in_hand.front().map_or(0, |first| first.job.items());
        let len = self.parts.len() + part.len();
        let is_possible = len <= parts_max(items, result_max);
        if is_possible {
            self.parts.extend_from_slice(part);
        }
        is_possible
    }

    /// Writes what fits; for the rest the carrier is called, once: it writes, too, and must not call itself. What comes back is to be
    /// dropped outside of the lock.
    #[must_use]
    fn flush(&mut self, called: &Notify) -> Vec<Bytes> {
        while !self.out.is_empty() {
            let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            match send(&*self.socket, self.out.next(), flags) {
                Ok(len) => self.out.advance(len),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    if !std::mem::replace(&mut self.is_stuck, true) {
                        called.notify_one();
                    }
                    return self.out.take_written();
                }
                // The worker has gone: whoever watches it sees that, too, and knows what it had.
                Err(_) => self.out.close(),
            }
        }
        self.is_stuck = false;
        self.out.take_written()
    }
}

/// The resident size of a process in bytes, where the system tells it.
fn resident(pid: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(rustix::param::page_size() as u64))
}

impl Raw<'_> {
    pub(super) fn settle(&self, desk: &Desk) -> bool {
        desk.settle(self.number, self.tag(), self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // P10, R4
    #[test]
    fn outcomes_in_parts_take_no_more_than_those_of_all_items_can() {
        assert_eq!(parts_max(1, 1 << 20), 0, "a single job has none");
        assert_eq!(parts_max(3, 1 << 20), 3 * ((1 << 20) + OUTCOME_HEAD));
        assert_eq!(parts_max(2, 10), 2 * (FAILURE_MAX + OUTCOME_HEAD));
        assert_eq!(parts_max(u32::MAX, usize::MAX), usize::MAX);
    }

    // P3
    #[test]
    fn what_was_handed_out_after_the_worker_was_asked_is_not_taken_back() {
        let check = |taken: RangeInclusive<u64>, back: &[u64], kept: &[u64]| {
            let mut line: VecDeque<u64> = (4..=8).collect();
            assert_eq!(split_off(&mut line, &taken, |number| *number), back);
            assert_eq!(line, kept);
        };

        // It was asked up to 7, and has begun 5.
        check(6..=7, &[6, 7], &[4, 5, 8]);
        check(5..=8, &[5, 6, 7, 8], &[4]);
        // It has begun all that it was asked about.
        check(RangeInclusive::new(8, 7), &[], &[4, 5, 6, 7, 8]);
    }
}
