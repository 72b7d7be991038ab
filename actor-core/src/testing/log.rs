//! What a simulation keeps of its events: the last ones, a digest of all, names, failures and dead letters.
//!
//! Written by `observe` by way of the simulation, under its lock; nothing is formatted before somebody reads. Runs no user code.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::digest::Digest;
use super::events::{Event, EventKind, label};
use crate::cell::AnyCell;
use crate::observe;
use crate::sync::Arc;
use crate::{ActorId, DeadLetter, ExitReason, TimerKey};

/// An actor among all systems of a simulation: the number of its system, and its id there.
pub(crate) type Who = (u32, ActorId);

/// How many dead letters are kept.
const LETTERS: usize = 10_000;

#[derive(Clone)]
struct Entry {
    at: Duration,
    step: u64,
    who: Who,
    kind: EventKind,
    digest: u64,
}

#[derive(Default)]
struct Called {
    name: Option<Arc<str>>,
    actor_type: Option<&'static str>,
}

/// A failure of an actor.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) who: Option<Who>,
    pub(crate) label: String,
    pub(crate) reason: String,
}

/// See the module's header.
pub(crate) struct Log {
    ring: VecDeque<Entry>,
    room: usize,
    digest: Digest,
    count: u64,
    called: BTreeMap<Who, Called>,
    failed: Vec<Failed>,
    expected: BTreeSet<Who>,
    /// The same for those that no system had taken in yet.
    expected_unborn: Vec<Arc<dyn AnyCell>>,
    /// Actors that a test made fail, which has not been noted yet.
    forgiven: BTreeSet<Who>,
    letters: Vec<DeadLetter>,
    /// How much virtual time has passed, as of the last look at the clock.
    pub(crate) now: Duration,
    /// Nothing is noted while the simulation is taken down.
    pub(crate) is_closed: bool,
}

impl Log {
    /// Keeps the last `room` events.
    pub(crate) fn new(room: usize) -> Self {
        Log {
            ring: VecDeque::new(),
            room,
            digest: Digest::default(),
            count: 0,
            called: BTreeMap::new(),
            failed: Vec::new(),
            expected: BTreeSet::new(),
            expected_unborn: Vec::new(),
            forgiven: BTreeSet::new(),
            letters: Vec::new(),
            now: Duration::ZERO,
            is_closed: false,
        }
    }

    /// Notes an event. `picks` is the digest of all picks so far.
    pub(crate) fn note(&mut self, (step, picks): (u64, u64), who: Who, kind: EventKind) {
        if self.is_closed {
            return;
        }
        self.digest.mix(step);
        self.digest.mix(picks);
        self.digest.mix(self.now.as_nanos() as u64);
        self.digest.mix((u64::from(who.0) << 48) ^ who.1.0);
        mix_kind(&mut self.digest, &kind);
        self.count += 1;
        self.learn(who, &kind);
        if self.ring.len() >= self.room {
            self.ring.pop_front();
        }
        self.ring.push_back(Entry {
            at: self.now,
            step,
            who,
            kind,
            digest: self.digest.value(),
        });
    }

    #[inline]
    fn learn(&mut self, who: Who, kind: &EventKind) {
        match kind {
            EventKind::Spawned { actor_type, .. } => {
                self.called.entry(who).or_default().actor_type = *actor_type;
            }
            EventKind::Named { name } => {
                self.called.entry(who).or_default().name = Some(Arc::clone(name));
            }
            EventKind::Failed { .. } if self.forgiven.remove(&who) => {}
            EventKind::Failed { reason, .. } if is_unforeseen(reason) => {
                self.failed.push(Failed {
                    who: Some(who),
                    label: self.label(who),
                    reason: reason.to_string(),
                });
            }
            _ => {}
        }
    }

    /// Something beside the actors panicked.
    pub(crate) fn note_panic(&mut self, label: String, reason: String) {
        if !self.is_closed {
            self.failed.push(Failed {
                who: None,
                label,
                reason,
            });
        }
    }

    pub(crate) fn note_letter(&mut self, letter: DeadLetter) {
        if !self.is_closed && self.letters.len() < LETTERS {
            self.letters.push(letter);
        }
    }

    /// Failures of this actor are no fault of the test, whether they have happened or not.
    pub(crate) fn expect_failures_of(&mut self, who: Who) {
        self.expected.insert(who);
    }

    /// The same for an actor that may have no id yet, since its supervisor has not started it.
    pub(crate) fn expect_failures_of_cell(&mut self, cell: Arc<dyn AnyCell>) {
        match observe::who(cell.header()) {
            (_, ActorId::UNBOUND) => self.expected_unborn.push(cell),
            who => self.expect_failures_of(who),
        }
    }

    /// The next failure of this actor is the test's own doing.
    pub(crate) fn forgive(&mut self, who: Who) {
        self.forgiven.insert(who);
    }

    /// What an actor is called in events, if it has no name in its system.
    pub(crate) fn call(&mut self, who: Who, name: Arc<str>) {
        self.called.entry(who).or_default().name = Some(name);
    }

    /// The test was told of the end of this actor, so it knows of its failures so far.
    pub(crate) fn told_of_all(&mut self, who: Who) {
        self.failed.retain(|failed| failed.who != Some(who));
    }

    /// The test was told of one failure of this actor.
    pub(crate) fn told_of(&mut self, who: Who, reason: &ExitReason) {
        let reason = reason.to_string();
        let is_it = |failed: &Failed| failed.who == Some(who) && failed.reason == reason;
        if let Some(place) = self.failed.iter().position(is_it) {
            self.failed.remove(place);
        }
    }

    /// The failures that nobody expects.
    pub(crate) fn unexpected(&self) -> Vec<Failed> {
        let born_since = |who: Who| {
            let mut unborn = self.expected_unborn.iter();
            unborn.any(|cell| observe::who(cell.header()) == who)
        };
        let is_expected = |failed: &Failed| {
            failed
                .who
                .is_some_and(|who| self.expected.contains(&who) || born_since(who))
        };
        let failed = self.failed.iter().filter(|failed| !is_expected(failed));
        failed.cloned().collect()
    }

    pub(crate) fn letters(&self) -> Vec<DeadLetter> {
        self.letters.clone()
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest.value()
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// What an actor is called.
    pub(crate) fn label(&self, who: Who) -> String {
        let called = self.called.get(&who);
        let name = called.and_then(|called| called.name.as_deref());
        let actor_type = called.and_then(|called| called.actor_type);
        match who {
            (_, ActorId::UNBOUND) => "somebody".to_owned(),
            (0 | 1, id) => label(name, actor_type, id),
            (system, id) => format!("system {system}: {}", label(name, actor_type, id)),
        }
    }

    fn event(&self, entry: &Entry) -> Event {
        let sender = match entry.kind {
            EventKind::Sent { from, .. } | EventKind::Asked { from, .. } => from,
            _ => None,
        };
        Event {
            at: entry.at,
            step: entry.step,
            actor: entry.who.1,
            label: self.label(entry.who),
            kind: entry.kind.clone(),
            sender: sender.map(|sender| self.label((entry.who.0, sender))),
        }
    }

    /// The last events, at most so many, oldest first.
    pub(crate) fn last(&self, limit: usize) -> Vec<Event> {
        let skipped = self.ring.len().saturating_sub(limit);
        let last = self.ring.iter().skip(skipped);
        last.map(|entry| self.event(entry)).collect()
    }

    /// Where this run and another one part, both with all their events: the number of the event, and what it was here and there.
    pub(crate) fn parts_from(&self, other: &Log) -> Option<(usize, Option<Event>, Option<Event>)> {
        let length = self.ring.len().max(other.ring.len());
        let at = (0..length).find(|at| {
            let digest = |log: &Log| log.ring.get(*at).map(|entry| entry.digest);
            digest(self) != digest(other)
        })?;
        let event = |log: &Log| log.ring.get(at).map(|entry| log.event(entry));
        Some((at, event(self), event(other)))
    }
}

/// Whether an actor that ends so has done what its author did not mean. Who is killed, or ends with another one, was made to.
fn is_unforeseen(reason: &ExitReason) -> bool {
    !matches!(
        reason,
        ExitReason::Normal
            | ExitReason::Shutdown
            | ExitReason::Killed
            | ExitReason::Linked { .. }
            | ExitReason::NoConnection
    )
}

fn mix_kind(digest: &mut Digest, kind: &EventKind) {
    let mut mix = |tag: u64, text: &str, word: u64| {
        digest.mix(tag);
        digest.mix(word);
        digest.mix_text(text);
    };
    let of = |id: &Option<ActorId>| id.map_or(0, |id| id.0);
    match kind {
        EventKind::Sent { from, message } => mix(1, message, of(from)),
        EventKind::Begun { message } => mix(2, message, 0),
        EventKind::Asked { from, answer } => mix(3, answer, of(from)),
        EventKind::Replied { answer } => mix(4, answer, 0),
        EventKind::Spawned { message_type, .. } => mix(5, message_type, 0),
        EventKind::Named { name } => mix(6, name, 0),
        EventKind::Started { incarnation } => mix(7, "", u64::from(*incarnation)),
        EventKind::Restarted { incarnation } => mix(8, "", u64::from(*incarnation)),
        EventKind::Failed { incarnation, .. } => mix(9, "", u64::from(*incarnation)),
        EventKind::Stopped { reason } => mix(10, "", u64::from(reason.is_failure())),
        EventKind::TimerSet { key, after } => {
            let (text, number) = parts(key);
            mix(11, text, number ^ after.as_nanos() as u64);
        }
        EventKind::TimerFired { key } => mix(12, parts(key).0, parts(key).1),
        EventKind::TimerCancelled { key } => mix(13, parts(key).0, parts(key).1),
        EventKind::DeadLetter { message, .. } => mix(14, message, 0),
        EventKind::Escalated => mix(15, "", 0),
        EventKind::Fault { message, fault } => mix(16, message, fault.code()),
        EventKind::Monitored { target } => mix(41, "", target.0),
        EventKind::Demonitored { target } => mix(42, "", target.0),
        EventKind::Linked { target } => mix(43, "", target.0),
        EventKind::Unlinked { target } => mix(44, "", target.0),
    }
}

fn parts(key: &TimerKey) -> (&str, u64) {
    match key {
        TimerKey::Name(name) => (name, 0),
        TimerKey::Number(number) => ("", *number),
        TimerKey::Numbered(name, number) => (name, *number),
    }
}
