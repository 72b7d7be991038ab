//! The table, live and in the end, and the JSON object.

use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::cage::Policy;
use super::judge::Record;
use super::worker::Noted;
use super::{ABOUT, Args};
use crate::console::Console;
use crate::topology::{Outcome, counted, rounded};

/// A router's line of the live table; without a terminal a plain line now and then.
pub(super) struct Line {
    console: Console,
    bar: ProgressBar,
    policy: Policy,
    messages: u64,
}

/// Messages between two drawings.
const EVERY: u64 = 25;

impl Line {
    pub(super) fn new(console: &Console, policy: Policy, messages: u64) -> Self {
        Line {
            console: console.clone(),
            bar: console.spinner(policy.word()),
            policy,
            messages,
        }
    }

    /// How the router stands.
    pub(super) fn show(&self, sent: u64, longest: usize, noted: &Noted) {
        let is_plain = self.bar.is_hidden();
        let every = if is_plain {
            self.messages.div_ceil(2)
        } else {
            EVERY
        };
        if !sent.is_multiple_of(every) {
            return;
        }
        let text = format!(
            "{:<16} {sent:>6} of {:<6} sent {:>6} handled {longest:>5} longest queue {:>4} failed",
            self.policy.word(),
            self.messages,
            noted.done.len(),
            noted.failed.len(),
        );
        if is_plain {
            return self.console.note(text);
        }
        self.bar.set_message(text);
        self.bar.tick();
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// What the run has to show.
pub(super) fn outcome(args: &Args, interrupted: bool, records: &[Record]) -> Outcome {
    let faults: Vec<String> = records.iter().flat_map(Record::faults).collect();
    let held = faults.is_empty();
    let verdict = match (held, interrupted) {
        (true, false) => "held: every message was handled as its policy promises".to_owned(),
        (true, true) => "interrupted: what was sent was handled as its policy promises".to_owned(),
        (false, _) => format!("BROKEN: {}", faults.join("; ")),
    };
    let policies: Vec<Value> = records.iter().map(row).collect();
    let sent: u64 = records.iter().map(|record| record.sent).sum();
    Outcome {
        held,
        interrupted,
        json: json!({
            "topology": ABOUT.name,
            "ok": held && !interrupted,
            "workers": args.workers,
            "messages": sent,
            "policies": policies,
            "faults": faults,
        }),
        summary: table(args, records).into_iter().chain([verdict]).collect(),
    }
}

fn row(record: &Record) -> Value {
    json!({
        "policy": record.policy.word(),
        "sent": record.sent,
        "handled": record.noted.done.len(),
        "failures": record.noted.failed.len(),
        "restarts": record.restarts,
        "by_worker": record.by_worker(),
        "longest_queue": record.longest_queue,
        "short_p50_ms": millis(record.percentile(50)),
        "short_p99_ms": millis(record.percentile(99)),
    })
}

fn millis(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1e3)
}

fn table(args: &Args, records: &[Record]) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} for each router; one message in 100 takes 100 times longer",
            counted(args.workers.into(), "worker")
        ),
        format!(
            "  {:<16}{:>9}{:>8}{:>8}{:>9}{:>9}   {}",
            "policy", "handled", "failed", "queue", "p50 ms", "p99 ms", "by worker"
        ),
    ];
    for record in records {
        let counts = record.by_worker();
        let shown: Vec<String> = counts.iter().take(8).map(u64::to_string).collect();
        let more = if counts.len() > 8 { " …" } else { "" };
        lines.push(format!(
            "  {:<16}{:>9}{:>8}{:>8}{:>9.1}{:>9.1}   {}{more}",
            record.policy.word(),
            record.noted.done.len(),
            record.noted.failed.len(),
            record.longest_queue,
            record.percentile(50).as_secs_f64() * 1e3,
            record.percentile(99).as_secs_f64() * 1e3,
            shown.join(" "),
        ));
    }
    lines
}
