//! The table for people and the JSON lines for programs. Computes medians, ranges and ratios, and holds them against the bars;
//! measures nothing.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::{
    WORKERS,
    catalogue::bar_number,
    harness::{Outcome, Role, Series},
    workload::Place,
};

/// Subjects that a JSON line always names, with `null` where there is no figure.
const JSON_LOCAL: [&str; 6] = ["ours", "raw", "ractor", "kameo", "xtra", "actix"];
const JSON_PROCESS: [&str; 2] = ["ours", "raw"];
const JSON_SIM: [&str; 1] = ["ours"];
const JSON_POOL: [&str; 3] = ["ours", "raw", "python"];

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
             ratios are of medians, in brackets their range over the rounds; a bar is the largest ratio that counts as met\n",
            self.place.name(),
            self.rounds,
        );
        if crate::sim::IS_BUILT_IN && self.place != Place::Sim {
            head.push_str(
                "built with the test kit (feature `sim`), which costs each message a look\n",
            );
        }
        if cfg!(debug_assertions) {
            head.push_str("THIS IS A BUILD WITHOUT OPTIMISATION: the figures mean nothing\n");
        }
        if self.place == Place::Pool {
            head.push_str(&crate::pool::python_in_words());
        }
        self.print_for_people(&head);
    }

    /// Prints one measure of a workload.
    pub(crate) fn print(&self, outcome: &Outcome) {
        if outcome.series.is_empty() {
            return;
        }
        self.print_for_people(&block(outcome));
        if self.json {
            let names: &[&str] = match self.place {
                Place::Local => &JSON_LOCAL,
                Place::Process => &JSON_PROCESS,
                Place::Sim => &JSON_SIM,
                Place::Pool => &JSON_POOL,
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

/// Says which law a figure of ours breaks, if it does. One round is enough.
pub(crate) fn broken_law(outcome: &Outcome) -> Option<String> {
    let measure = outcome.measure;
    let (law, ours) = (measure.law?, find(outcome, Role::Ours)?);
    let (_, worst) = range(&ours.figures);
    (worst > law).then(|| {
        let (name, unit) = (measure.name, measure.unit);
        format!("{name} of ours is {worst} {unit}, and must not exceed {law}")
    })
}

/// A reader that went away (`| head`) is no reason to panic.
fn print_to(mut out: impl Write, text: &str) {
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// The lines of one measure: one per subject, then one per ratio.
fn block(outcome: &Outcome) -> String {
    let (name, meaning) = (outcome.measure.name, outcome.measure.meaning);
    let mut text = format!("\n{name} ({meaning})\n");
    for series in &outcome.series {
        let (low, high) = range(&series.figures);
        text.push_str(&format!(
            "  {:<12}{:>10}  ({} .. {})\n",
            series.name,
            number(median(&series.figures)),
            number(low),
            number(high)
        ));
    }
    if let Some(ours) = find(outcome, Role::Ours) {
        ratio_lines(&mut text, outcome, ours);
    }
    text
}

fn ratio_lines(text: &mut String, outcome: &Outcome, ours: &Series) {
    let bars = outcome.measure.bars;
    if let Some(bar) = bars.own {
        let verdict = verdict(median(&ours.figures), Some(bar));
        text.push_str(&format!("  {:<46}{verdict}\n", "ours"));
    }
    let others = [
        (find(outcome, Role::Raw), "", bars.raw),
        (find(outcome, Role::RawTimeout), "", bars.raw_timeout),
        (best_peer(outcome), " (best peer)", bars.best_peer),
        (next_best_peer(outcome), " (next best)", bars.best_peer),
        (find(outcome, Role::Python), "", bars.python),
        (find(outcome, Role::Otherwise), "", bars.otherwise),
    ];
    for (other, note, bar) in others {
        // Without a bar, only the ratios that every workload has.
        let Some(other) = other.filter(|o| bar.is_some() || o.role != Role::RawTimeout) else {
            continue;
        };
        // A subject that allocates nothing, say, has no ratio.
        let share = median(&ours.figures) / median(&other.figures);
        if !share.is_finite() {
            continue;
        }
        let (low, high) = range(&ratios(ours, other));
        let line = format!(
            "  {:<25}{:>5} [{} .. {}]  {}",
            format!("ours/{}{note}", other.name),
            bar_number(share),
            bar_number(low),
            bar_number(high),
            verdict(share, bar)
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if let (Some(bar), None) = (bars.python, find(outcome, Role::Python)) {
        let bar = bar_number(bar);
        text.push_str(&format!("  {:<46}bar {bar} not measured\n", "ours/python"));
    }
}

/// How a ratio stands to its bar, if there is one.
fn verdict(share: f64, bar: Option<f64>) -> String {
    match bar {
        None => String::new(),
        Some(bar) if share <= bar => format!("bar {} met", bar_number(bar)),
        Some(bar) => format!("bar {} missed", bar_number(bar)),
    }
}

fn json_line(outcome: &Outcome, names: &[&str]) -> Value {
    let mut line = Map::new();
    line.insert("workload".into(), json!(outcome.measure.name));
    line.insert("unit".into(), json!(outcome.measure.unit));
    for name in names {
        line.insert((*name).into(), Value::Null);
    }
    for series in &outcome.series {
        // Two decimals, and four of the small figures that are counts of allocations or ratios.
        let middle = median(&series.figures);
        let scale = if middle < 10.0 { 10_000.0 } else { 100.0 };
        let rounded = (middle * scale).round() / scale;
        line.insert(series.name.into(), json!(rounded));
    }
    Value::Object(line)
}

fn find(outcome: &Outcome, role: Role) -> Option<&Series> {
    outcome.series.iter().find(|s| s.role == role)
}

fn best_peer(outcome: &Outcome) -> Option<&Series> {
    best_of(outcome, &[Role::Peer, Role::PeerApart])
}

/// The best of those that run where ours does, when the best peer does not.
fn next_best_peer(outcome: &Outcome) -> Option<&Series> {
    best_peer(outcome).filter(|best| best.role == Role::PeerApart)?;
    best_of(outcome, &[Role::Peer])
}

fn best_of<'a>(outcome: &'a Outcome, roles: &[Role]) -> Option<&'a Series> {
    let peers = outcome.series.iter().filter(|s| roles.contains(&s.role));
    peers.min_by(|a, b| median(&a.figures).total_cmp(&median(&b.figures)))
}

/// Ours over another, round by round.
fn ratios(ours: &Series, other: &Series) -> Vec<f64> {
    let rounds = ours.figures.iter().zip(&other.figures);
    rounds.map(|(a, b)| a / b).collect()
}

/// The middle of the figures, of which there is at least one.
pub(crate) fn median(figures: &[f64]) -> f64 {
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
    if figure < 1.0 {
        format!("{figure:.3}")
    } else if figure < 10.0 {
        format!("{figure:.2}")
    } else if figure < 1_000.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.0}")
    }
}
