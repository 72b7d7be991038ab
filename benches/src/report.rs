//! The table for people and the JSON lines for programs. Computes medians, ranges and ratios; measures nothing.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::{
    WORKERS,
    harness::{Outcome, Role, Series},
    workload::Place,
};

/// Subjects that a JSON line always names, with `null` where there is no figure.
const JSON_LOCAL: [&str; 4] = ["ours", "raw", "ractor", "kameo"];
const JSON_PROCESS: [&str; 2] = ["ours", "raw"];

/// Prints outcomes as they come.
pub(crate) struct Report {
    place: Place,
    json: bool,
    rounds: u32,
}

impl Report {
    pub(crate) fn new(place: Place, json: bool, rounds: u32) -> Self {
        Self {
            place,
            json,
            rounds,
        }
    }

    /// Says under which conditions the figures below were measured.
    pub(crate) fn print_head(&self) {
        let mut head = format!(
            "{}: median (min .. max) of {} round(s) after a warm-up, subjects alternating\n\
             tokio multi-thread runtime with {WORKERS} workers, system allocator; lower is better\n\
             ratios are of medians, in brackets their range over the rounds\n",
            self.place.name(),
            self.rounds,
        );
        if cfg!(debug_assertions) {
            head.push_str("THIS IS A BUILD WITHOUT OPTIMISATION: the figures mean nothing\n");
        }
        self.print_for_people(&head);
    }

    /// Prints one workload.
    pub(crate) fn print(&self, outcome: &Outcome) {
        self.print_for_people(&block(outcome));
        if self.json {
            let names: &[&str] = match self.place {
                Place::Local => &JSON_LOCAL,
                Place::Process => &JSON_PROCESS,
            };
            print_to(
                std::io::stdout(),
                &format!("{}\n", json_line(outcome, names)),
            );
        }
    }

    /// Standard output belongs to the JSON lines when there are any.
    fn print_for_people(&self, text: &str) {
        if self.json {
            print_to(std::io::stderr(), text);
        } else {
            print_to(std::io::stdout(), text);
        }
    }
}

/// A reader that went away (`| head`) is no reason to panic.
fn print_to(mut out: impl Write, text: &str) {
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// The lines of one workload, one per subject that ran it.
fn block(outcome: &Outcome) -> String {
    let mut text = format!(
        "\n{} ({})\n",
        outcome.workload.name(),
        outcome.workload.meaning()
    );
    let ours = find(outcome, Role::Ours);
    for series in outcome.series.iter().filter(|s| !s.figures.is_empty()) {
        let (low, high) = range(&series.figures);
        text.push_str(&format!(
            "  {:<12}{:>10}  ({} .. {})\n",
            series.name,
            number(median(&series.figures)),
            number(low),
            number(high)
        ));
    }
    let Some(ours) = ours else { return text };
    if let Some(raw) = find(outcome, Role::Raw) {
        text.push_str(&format!("  ours/raw        {}\n", ratio(ours, raw)));
    }
    if let Some(peer) = best_peer(outcome) {
        text.push_str(&format!(
            "  ours/best peer  {} {}\n",
            ratio(ours, peer),
            peer.name
        ));
    }
    text
}

fn json_line(outcome: &Outcome, names: &[&str]) -> Value {
    let mut line = Map::new();
    line.insert("workload".into(), json!(outcome.workload.name()));
    line.insert("unit".into(), json!(outcome.workload.unit()));
    for name in names {
        line.insert((*name).into(), Value::Null);
    }
    for series in outcome.series.iter().filter(|s| !s.figures.is_empty()) {
        let rounded = (median(&series.figures) * 100.0).round() / 100.0;
        line.insert(series.name.into(), json!(rounded));
    }
    Value::Object(line)
}

fn find(outcome: &Outcome, role: Role) -> Option<&Series> {
    let mut with_figures = outcome.series.iter().filter(|s| !s.figures.is_empty());
    with_figures.find(|s| s.role == role)
}

fn best_peer(outcome: &Outcome) -> Option<&Series> {
    let peers = outcome.series.iter();
    let peers = peers.filter(|s| s.role == Role::Peer && !s.figures.is_empty());
    peers.min_by(|a, b| median(&a.figures).total_cmp(&median(&b.figures)))
}

/// The ratio of the medians, and how far it moved from round to round.
fn ratio(ours: &Series, other: &Series) -> String {
    let by_round: Vec<f64> = ours
        .figures
        .iter()
        .zip(&other.figures)
        .map(|(a, b)| a / b)
        .collect();
    let (low, high) = range(&by_round);
    format!(
        "{:.2} [{low:.2} .. {high:.2}]",
        median(&ours.figures) / median(&other.figures)
    )
}

/// The middle of the figures, of which there is at least one.
fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    }
}

fn range(figures: &[f64]) -> (f64, f64) {
    let low = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let high = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (low, high)
}

/// Three to four significant digits: more would be noise.
fn number(figure: f64) -> String {
    if figure < 1_000.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.0}")
    }
}
