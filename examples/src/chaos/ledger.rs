//! The book of all jobs: each one has exactly one outcome, and the outcome agrees with what the workers noted. Pure.
//!
//! Written by the feeders (what was handed in, what the handle said), by callbacks (what they were told), and at the end from the file
//! that every job notes its beginning in. Judges nothing before [`Ledger::close`].

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use super::script::Deed;

/// What became of a job, by the word for tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Done,
    Refused,
    Cancelled,
    Shutdown,
    Expired,
    Aborted,
    GivenUp,
    Panicked,
    WorkerLost,
    Quarantined,
    TimeLimit,
    Codec,
    TooLarge,
    Link,
    /// Something that no job here can come to.
    Strange,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Done => "done",
            Kind::Refused => "refused",
            Kind::Cancelled => "cancelled",
            Kind::Shutdown => "shutdown",
            Kind::Expired => "expired",
            Kind::Aborted => "aborted",
            Kind::GivenUp => "given_up",
            Kind::Panicked => "panicked",
            Kind::WorkerLost => "worker_lost",
            Kind::Quarantined => "quarantined",
            Kind::TimeLimit => "time_limit",
            Kind::Codec => "codec",
            Kind::TooLarge => "too_large",
            Kind::Link => "link",
            Kind::Strange => "strange",
        }
    }
}

/// An outcome, as a handle tells it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    pub(super) kind: Kind,
    /// What the error says of itself; a result has run.
    pub(super) may_have_run: bool,
    /// For people.
    pub(super) text: String,
}

/// What was asked for when the job was handed in, and afterwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) pool: &'static str,
    pub(super) deed: Deed,
    /// Whether it may run more than once.
    pub(super) is_repeatable: bool,
    /// Whether somebody cancels or aborts it.
    pub(super) is_called_off: bool,
    /// Whether somebody waits for its outcome by the handle; if not, the callback alone is told.
    pub(super) is_awaited: bool,
    /// Whether it has a callback; an item of a map has none.
    pub(super) has_callback: bool,
    /// Whether it has a limit for its waiting.
    pub(super) expires: bool,
    /// Jobs of one pool with one key begin in the order of their numbers.
    pub(super) key: Option<&'static str>,
}

#[derive(Debug)]
struct Line {
    entry: Entry,
    told: Vec<Told>,
    called: Vec<Kind>,
    /// `Some` once a `cancel` has said so.
    cancel: Option<bool>,
    begun: u32,
}

/// Every job that was handed in.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    lines: BTreeMap<u64, Line>,
    /// The last job that began, by pool and key.
    last: BTreeMap<(&'static str, &'static str), u64>,
    strays: Vec<String>,
}

/// What the ledger comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Account {
    pub(super) jobs: u64,
    pub(super) outcomes: BTreeMap<Kind, u64>,
    pub(super) deeds: BTreeMap<Deed, u64>,
    /// Jobs without an outcome.
    pub(super) lost: Vec<String>,
    /// Jobs with several outcomes, or that ran twice and must not.
    pub(super) duplicates: Vec<String>,
    /// Outcomes that contradict what happened.
    pub(super) faults: Vec<String>,
}

impl Account {
    /// Adds another one up.
    pub(super) fn add(&mut self, other: Account) {
        self.jobs += other.jobs;
        for (kind, count) in other.outcomes {
            *self.outcomes.entry(kind).or_default() += count;
        }
        for (deed, count) in other.deeds {
            *self.deeds.entry(deed).or_default() += count;
        }
        self.lost.extend(other.lost);
        self.duplicates.extend(other.duplicates);
        self.faults.extend(other.faults);
    }

    pub(super) fn count(&self, kind: Kind) -> u64 {
        self.outcomes.get(&kind).copied().unwrap_or(0)
    }

    pub(super) fn dealt(&self, deed: Deed) -> u64 {
        self.deeds.get(&deed).copied().unwrap_or(0)
    }
}

impl Ledger {
    /// A job is about to be handed in.
    pub(super) fn enter(&mut self, job: u64, entry: Entry) {
        let line = Line {
            entry,
            told: Vec::new(),
            called: Vec::new(),
            cancel: None,
            begun: 0,
        };
        match self.lines.entry(job) {
            Slot::Vacant(place) => drop(place.insert(line)),
            Slot::Occupied(_) => self.strays.push(format!("job {job} was handed in twice")),
        }
    }

    /// Its handle, or its refusal, says what became of it.
    pub(super) fn tell(&mut self, job: u64, told: Told) {
        match self.lines.get_mut(&job) {
            Some(line) => line.told.push(told),
            None => self
                .strays
                .push(format!("an outcome for job {job}, which nobody handed in")),
        }
    }

    /// Its callback was called.
    pub(super) fn call(&mut self, job: u64, kind: Kind) {
        match self.lines.get_mut(&job) {
            Some(line) => line.called.push(kind),
            None => self
                .strays
                .push(format!("a callback for job {job}, which nobody handed in")),
        }
    }

    /// What `cancel` said.
    pub(super) fn cancelled(&mut self, job: u64, is_cancelled: bool) {
        if let Some(line) = self.lines.get_mut(&job) {
            line.cancel = Some(is_cancelled);
        }
    }

    /// A worker has noted that it began with the job. Told in the order of the notes.
    pub(super) fn begin(&mut self, job: u64) {
        let Some(line) = self.lines.get_mut(&job) else {
            let stray = format!("job {job} began, which nobody handed in");
            return self.strays.push(stray);
        };
        line.begun += 1;
        let Entry { pool, key, .. } = line.entry;
        let Some(key) = key else { return };
        match self.last.insert((pool, key), job) {
            // Its next try comes before anything behind it.
            Some(last) if last > job => self.strays.push(format!(
                "job {job} ({pool}, key {key}) began behind job {last}, which came later"
            )),
            _ => {}
        }
    }

    /// How many jobs are in it.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Judges every line.
    pub(super) fn close(self) -> Account {
        let mut account = Account {
            jobs: self.lines.len() as u64,
            faults: self.strays,
            ..Account::default()
        };
        for (job, line) in &self.lines {
            line.judge(*job, &mut account);
        }
        account
    }
}

impl Line {
    fn judge(&self, job: u64, account: &mut Account) {
        let Line { entry, begun, .. } = self;
        let name = format!("job {job} ({}, {})", entry.pool, entry.deed);
        *account.deeds.entry(entry.deed).or_default() += 1;
        if *begun > 1 && !entry.is_repeatable {
            account.duplicates.push(format!("{name} ran {begun} times"));
        }
        let Some(kind) = self.outcome() else {
            return account.lost.push(format!("{name} has no outcome"));
        };
        *account.outcomes.entry(kind).or_default() += 1;
        if self.told.len() > 1 || self.called.len() > 1 {
            account.duplicates.push(format!(
                "{name} has {} outcomes and {} callbacks",
                self.told.len(),
                self.called.len()
            ));
        }
        let faults = self.faults(kind);
        account
            .faults
            .extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
    }

    /// By the handle; by the callback where nobody waits for the handle.
    fn outcome(&self) -> Option<Kind> {
        match self.told.first() {
            Some(told) => Some(told.kind),
            None if self.entry.is_awaited => None,
            None => self.called.first().copied(),
        }
    }

    fn faults(&self, kind: Kind) -> Vec<String> {
        let mut faults = Vec::new();
        let is_called = self.entry.has_callback && kind != Kind::Refused;
        if is_called && self.called.first() != Some(&kind) {
            faults.push(format!(
                "{kind:?}, but its callback heard {:?}",
                self.called
            ));
        }
        if let Some(told) = self.told.first() {
            if !told.may_have_run && self.begun > 0 {
                faults.push(format!("it ran {} times: {}", self.begun, told.text));
            }
            if !self.is_possible(kind) {
                faults.push(format!("it cannot come to this: {}", told.text));
            }
        }
        if kind == Kind::Done && self.begun == 0 {
            faults.push("it has a result and never began".to_owned());
        }
        // Between two tries it has run.
        let is_off = matches!(kind, Kind::Cancelled | Kind::GivenUp);
        if self.cancel.is_some_and(|cancel| cancel != is_off) && kind != Kind::GivenUp {
            faults.push(format!("{kind:?}, but `cancel` said {:?}", self.cancel));
        }
        faults
    }

    /// Whether a job of this kind can end so. A worker can be lost under any job.
    fn is_possible(&self, kind: Kind) -> bool {
        let Entry {
            deed,
            is_called_off,
            is_repeatable,
            expires,
            ..
        } = self.entry;
        match kind {
            Kind::Done => !matches!(
                deed,
                Deed::Panic | Deed::Flaky | Deed::Exit | Deed::Abort | Deed::Poison
            ),
            Kind::Cancelled | Kind::Aborted => is_called_off,
            Kind::Expired => expires,
            Kind::Quarantined | Kind::GivenUp => is_repeatable,
            // On a thread those that would end the process panic.
            Kind::Panicked => matches!(
                deed,
                Deed::Panic | Deed::Flaky | Deed::Exit | Deed::Abort | Deed::Poison
            ),
            Kind::Codec => deed == Deed::Garbled,
            Kind::TooLarge => matches!(deed, Deed::BigArgument | Deed::BigResult),
            Kind::Refused | Kind::Shutdown | Kind::WorkerLost | Kind::TimeLimit => true,
            Kind::Link | Kind::Strange => false,
        }
    }
}

#[cfg(test)]
mod tests;
