//! `run NAME --sim`: a topology in virtual time, with a seed that decides every order.
//!
//! Runs the same code as without, on a [`Simulation`]: clocks are virtual, actors with a thread of their own are tasks, and what a worker
//! computes counts as a span of virtual time. With `--json` the line holds only what the seed determines, so two runs print the same one.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use actor_core::testing::{Report, Schedule, Simulation};
use serde_json::{Value, json};

use crate::console::Console;
use crate::exit::{self, Failure};
use crate::interrupt::Interrupt;
use crate::topology::{Outcome, Selection, Stage, counted, rounded};

/// Whether and how to simulate; parameters of every topology.
#[derive(clap::Args, Clone, Debug, Default, PartialEq)]
pub(crate) struct SimArgs {
    /// Run it in a simulation: in virtual time, and a seed decides every order
    #[arg(long, global = true)]
    sim: bool,

    /// The seed of the simulation [default: 0], or of `chaos` without one
    #[arg(long, value_name = "N", global = true, conflicts_with = "seeds")]
    seed: Option<u64>,

    /// Simulate with one seed after the other, until one breaks the invariant; B is not among them
    #[arg(long, value_name = "A..B", global = true, value_parser = parse_seeds)]
    seeds: Option<Range<u64>>,
}

pub(crate) fn parse_seeds(text: &str) -> Result<Range<u64>, String> {
    let form = || {
        format!(
            "{text:?} is no range of seeds; give the first and the one behind the last, like 0..1000"
        )
    };
    let (first, end) = text.split_once("..").ok_or_else(form)?;
    let first = first.parse().map_err(|_| form())?;
    let end = end.parse().map_err(|_| form())?;
    if first >= end {
        return Err(format!(
            "no seed is in {text}; the range ends before its second number, as 0..1 holds the seed 0"
        ));
    }
    Ok(first..end)
}

impl SimArgs {
    /// A seed without a simulation: for topologies that go by chance.
    pub(crate) fn seed_alone(&self) -> Option<u64> {
        self.seed.filter(|_| !self.sim)
    }

    /// The seeds to run, if it is to be a simulation at all.
    ///
    /// # Errors
    /// A seed without `--sim`.
    pub(crate) fn seeds(&self) -> Result<Option<Range<u64>>, &'static str> {
        match (self.sim, self.seed, &self.seeds) {
            (true, seed, None) => {
                let seed = seed.unwrap_or(0);
                Ok(Some(seed..seed.saturating_add(1)))
            }
            (true, _, Some(seeds)) => Ok(Some(seeds.clone())),
            (false, None, None) => Ok(None),
            (false, ..) => Err("a seed is for a simulation: add --sim"),
        }
    }
}

/// What came of one seed.
type Run = Report<Result<Outcome, Failure>>;

/// Simulates the topology under each of the seeds, up to the first that breaks its invariant; the code says how it went.
pub(crate) fn serve(selection: &Selection, seeds: Range<u64>, console: &Console) -> u8 {
    let is_one = seeds.end - seeds.start == 1;
    let stage_console = if is_one {
        console.clone()
    } else {
        console.muted()
    };
    let mut total = Total::default();
    for seed in seeds.clone() {
        let run = match simulate(selection, seed, &stage_console) {
            Ok(run) => run,
            Err(text) => return report_broken(selection, seed, &text, console),
        };
        let outcome = match &run.output {
            Ok(outcome) => outcome,
            Err(failure) => {
                console.note(format!("error: {failure}"));
                return failure.code();
            }
        };
        if !outcome.held {
            let text = outcome.summary.join("\n");
            return report_broken(selection, seed, &text, console);
        }
        if is_one {
            report_one(&run, outcome, console);
            return exit::HELD;
        }
        total.add(&run);
    }
    report_all(selection, &seeds, &total, console);
    exit::HELD
}

/// One run. `Err`: the simulation itself found a fault, an actor that failed or a deadlock.
fn simulate(selection: &Selection, seed: u64, console: &Console) -> Result<Run, String> {
    let (_request, interrupt) = Interrupt::by_hand();
    let stage = Stage {
        console: console.clone(),
        interrupt,
        is_simulated: true,
    };
    let selection = RefCell::new(Some(selection.clone()));
    Simulation::new()
        .seed(seed)
        .run(|_system| async move {
            let selection = selection.take().expect("a body runs once");
            selection.run(&stage).await
        })
        .map_err(|failure| failure.to_string())
}

/// Over many seeds.
#[derive(Default)]
struct Total {
    elapsed: Duration,
    events: u64,
    digest: u64,
}

impl Total {
    fn add(&mut self, run: &Run) {
        self.elapsed += run.elapsed;
        self.events += run.events;
        // In the order of the seeds, so that it stands for all of them.
        self.digest = self.digest.rotate_left(5) ^ run.digest;
    }
}

fn called(schedule: &Schedule) -> String {
    match schedule {
        Schedule::Pct { depth } => format!("pct:{depth}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn report_one(run: &Run, outcome: &Outcome, console: &Console) {
    for line in &outcome.summary {
        console.line(line);
    }
    console.line(format!(
        "simulated: seed {}, schedule {}, {:.3} s of virtual time, {}, digest {:016x}",
        run.seed,
        called(&run.schedule),
        run.elapsed.as_secs_f64(),
        counted(run.events, "event"),
        run.digest
    ));
    if run.outside_wakes > 0 {
        console.note(format!(
            "warning: woken {} from outside of the simulation; the seed did not decide everything",
            counted(run.outside_wakes, "time")
        ));
    }
    if console.is_json() {
        let mut line = outcome.json.clone();
        line["seed"] = json!(run.seed);
        line["schedule"] = json!(called(&run.schedule));
        line["virtual_s"] = json!(rounded(run.elapsed.as_secs_f64()));
        line["events"] = json!(run.events);
        line["digest"] = json!(format!("{:016x}", run.digest));
        console.json(&line);
    }
}

fn report_all(selection: &Selection, seeds: &Range<u64>, total: &Total, console: &Console) {
    let runs = seeds.end - seeds.start;
    let Total {
        elapsed,
        events,
        digest,
    } = total;
    console.line(format!(
        "held under {} ({}..{}): {:.3} s of virtual time, {}, digest {digest:016x}",
        counted(runs, "seed"),
        seeds.start,
        seeds.end,
        elapsed.as_secs_f64(),
        counted(*events, "event"),
    ));
    if console.is_json() {
        console.json(&json!({
            "topology": selection.about().name,
            "ok": true,
            "seeds": runs,
            "first_seed": seeds.start,
            "virtual_s": rounded(elapsed.as_secs_f64()),
            "events": events,
            "digest": format!("{digest:016x}"),
        }));
    }
}

fn report_broken(selection: &Selection, seed: u64, text: &str, console: &Console) -> u8 {
    let replay = replay(std::env::args(), seed);
    console.line(text);
    console.line(format!("BROKEN under seed {seed}; see it again: {replay}"));
    if console.is_json() {
        let line: Value = json!({
            "topology": selection.about().name,
            "ok": false,
            "seed": seed,
            "replay": replay,
        });
        console.json(&line);
    }
    exit::BROKEN
}

/// The words of this command line, for this one seed.
fn replay(words: impl Iterator<Item = String>, seed: u64) -> String {
    let mut kept = vec!["actors".to_owned()];
    let mut words = words.skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seed" | "--seeds" => drop(words.next()),
            _ if word.starts_with("--seed=") || word.starts_with("--seeds=") => {}
            _ => kept.push(word),
        }
    }
    kept.extend(["--seed".to_owned(), seed.to_string()]);
    kept.join(" ")
}

#[cfg(test)]
mod tests;
