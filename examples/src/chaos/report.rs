//! The verdict, for people and as JSON. Pure: it is given what was seen.

use serde_json::{Map, Value, json};

use super::ABOUT;
use super::ledger::{Account, Kind};
use super::left::Holdings;
use super::round::{Played, Tally};
use super::script::DEEDS;
use crate::topology::{Outcome, counted};

/// From so many seconds on each kind of trouble must have happened.
const LONG_ENOUGH: u32 = 5;
/// How many findings of a kind are told.
const TOLD_MAX: usize = 10;

/// What was seen of a whole run.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) seed: u64,
    pub(super) rounds: u64,
    pub(super) account: Account,
    pub(super) tally: Tally,
    pub(super) hung: Vec<String>,
    pub(super) left: Option<Holdings>,
    pub(super) interrupted: bool,
}

impl Seen {
    pub(super) fn new(seed: u64) -> Self {
        Seen {
            seed,
            rounds: 0,
            account: Account::default(),
            tally: Tally::default(),
            hung: Vec::new(),
            left: None,
            interrupted: false,
        }
    }

    /// Adds a round up.
    pub(super) fn add(&mut self, played: Played) {
        self.rounds += 1;
        self.account.add(played.account);
        self.tally.add(played.tally);
        self.hung.extend(played.hung);
    }

    /// The kinds of trouble that did not happen.
    fn missing(&self) -> Vec<&'static str> {
        let Seen { account, tally, .. } = self;
        let counts = [
            ("kills", tally.kills),
            ("stops", tally.stops),
            ("restarts", tally.restarts),
        ];
        let kinds = [
            Kind::Done,
            Kind::Cancelled,
            Kind::Shutdown,
            Kind::Aborted,
            Kind::Panicked,
            Kind::WorkerLost,
            Kind::Quarantined,
            Kind::TimeLimit,
            Kind::Codec,
            Kind::TooLarge,
        ];
        let kinds = kinds.map(|kind| (kind.word(), account.count(kind)));
        let deeds = DEEDS
            .iter()
            .map(|(deed, _)| (deed.word(), account.dealt(*deed)));
        let all = counts.into_iter().chain(kinds).chain(deeds);
        all.filter(|(_, count)| *count == 0)
            .map(|(word, _)| word)
            .collect()
    }

    /// Everything that is wrong, in words; nothing if the invariant held.
    fn wrongs(&self, seconds: u32) -> Vec<String> {
        let Account {
            lost,
            duplicates,
            faults,
            ..
        } = &self.account;
        let lists = [
            ("hung", &self.hung),
            ("lost", lost),
            ("doubled", duplicates),
            ("wrong", faults),
        ];
        let mut wrongs = Vec::new();
        for (what, list) in lists {
            wrongs.extend(
                list.iter()
                    .take(TOLD_MAX)
                    .map(|one| format!("{what}: {one}")),
            );
            if list.len() > TOLD_MAX {
                wrongs.push(format!("{what}: and {} more", list.len() - TOLD_MAX));
            }
        }
        if let Some(left) = self.left.filter(|left| !left.is_nothing()) {
            wrongs.push(format!(
                "left: {} processes, {} descriptors",
                left.processes.unwrap_or(0),
                left.descriptors.unwrap_or(0)
            ));
        }
        if seconds >= LONG_ENOUGH && !self.interrupted {
            let missing = self.missing();
            wrongs.extend(missing.iter().map(|what| format!("did not happen: {what}")));
        }
        wrongs
    }
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.kills += other.kills;
        self.stops += other.stops;
        self.restarts += other.restarts;
        self.cancels += other.cancels;
        self.aborts += other.aborts;
    }
}

/// What the run has to show.
pub(super) fn outcome(seconds: u32, seen: &Seen) -> Outcome {
    let wrongs = seen.wrongs(seconds);
    let held = wrongs.is_empty();
    let verdict = match (held, seen.interrupted) {
        (true, false) => {
            "held: nothing lost, nothing doubled, nothing hung, nothing left".to_owned()
        }
        (true, true) => {
            "interrupted: nothing lost, nothing doubled, nothing left so far".to_owned()
        }
        (false, _) => format!(
            "BROKEN under seed {}:\n  {}",
            seen.seed,
            wrongs.join("\n  ")
        ),
    };
    Outcome {
        held,
        interrupted: seen.interrupted,
        json: json(seconds, seen, held, &wrongs),
        summary: summary(seen).into_iter().chain([verdict]).collect(),
    }
}

fn json(seconds: u32, seen: &Seen, held: bool, wrongs: &[String]) -> Value {
    let Seen { account, tally, .. } = seen;
    let outcomes: Map<String, Value> = account
        .outcomes
        .iter()
        .map(|(kind, count)| (kind.word().to_owned(), json!(count)))
        .collect();
    let deeds: Map<String, Value> = account
        .deeds
        .iter()
        .map(|(deed, count)| (deed.word().to_owned(), json!(count)))
        .collect();
    json!({
        "topology": ABOUT.name,
        "ok": held && !seen.interrupted,
        "seconds": seconds,
        "seed": seen.seed,
        "rounds": seen.rounds,
        "jobs": account.jobs,
        "lost": account.lost.len(),
        "duplicates": account.duplicates.len(),
        "hung": seen.hung.len(),
        "kills": tally.kills,
        "stops": tally.stops,
        "restarts": tally.restarts,
        "cancels": tally.cancels,
        "aborts": tally.aborts,
        "outcomes": outcomes,
        "deeds": deeds,
        "processes_left": seen.left.and_then(|left| left.processes),
        "descriptors_left": seen.left.and_then(|left| left.descriptors),
        "wrongs": wrongs,
    })
}

fn summary(seen: &Seen) -> Vec<String> {
    let Seen { account, tally, .. } = seen;
    let mut lines = vec![format!(
        "{} in {}: {}, {}, {}",
        counted(account.jobs, "job"),
        counted(seen.rounds, "round"),
        counted(tally.kills, "kill"),
        counted(tally.stops, "stop"),
        counted(tally.restarts, "restart"),
    )];
    lines.push(format!(
        "  {:<14}{:>10}    {:<14}{:>10}",
        "outcome", "jobs", "deed", "jobs"
    ));
    let mut deeds = account.deeds.iter();
    let mut outcomes = account.outcomes.iter();
    loop {
        let (outcome, deed) = (outcomes.next(), deeds.next());
        if outcome.is_none() && deed.is_none() {
            break;
        }
        let left = outcome.map(|(kind, count)| (kind.word(), count.to_string()));
        let right = deed.map(|(deed, count)| (deed.word(), count.to_string()));
        let ((kind, ends), (deed, dealt)) = (left.unwrap_or_default(), right.unwrap_or_default());
        let line = format!("  {kind:<14}{ends:>10}    {deed:<14}{dealt:>10}");
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests;
