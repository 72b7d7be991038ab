//! What the user sees of it: the table, the totals, the verdict, the JSON object. Decides only, prints nothing.

use serde_json::{Value, json};

use super::Plan;
use super::baseline::Baseline;
use super::run::{Answer, Gathered};
use crate::topology::{self, Outcome, counted, rounded};

/// The table of answers, as wide as the numbers need.
#[derive(Debug)]
pub(super) struct Table {
    number_width: usize,
}

impl Table {
    /// A table for `numbers`.
    pub(super) fn new(numbers: &[u64]) -> Self {
        let digits = numbers
            .iter()
            .map(|number| number.to_string().len())
            .max()
            .unwrap_or(0);
        Table {
            number_width: digits.max("number".len()),
        }
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> String {
        let width = self.number_width;
        format!(
            "{:>width$}  {:5}  {:>8}  {:12}  {:>7}",
            "number", "prime", "seconds", "worker", "pid"
        )
    }

    /// One answer.
    pub(super) fn row(&self, Answer { worker, found, .. }: &Answer) -> String {
        let width = self.number_width;
        let prime = if found.is_prime { "yes" } else { "no" };
        format!(
            "{:>width$}  {prime:5}  {:>8.3}  {worker:12}  {:>7}",
            found.number, found.seconds, found.pid
        )
    }
}

/// What became of the list, item by item.
#[derive(Debug, Default, PartialEq)]
struct Verdict {
    /// Answers for an item that had one already.
    duplicates: usize,
    /// Numbers that were begun and never answered.
    lost: Vec<u64>,
    /// Numbers with an answer that is not the sequential pass's.
    wrong: Vec<u64>,
}

impl Verdict {
    fn new(numbers: &[u64], answers: &[Answer], not_begun: usize, truth: Option<&[bool]>) -> Self {
        let mut verdict = Verdict::default();
        let mut answered = vec![false; numbers.len()];
        for Answer { item, found, .. } in answers {
            verdict.duplicates += usize::from(answered[*item]);
            answered[*item] = true;
            if found.number != numbers[*item]
                || truth.is_some_and(|truth| truth[*item] != found.is_prime)
            {
                verdict.wrong.push(numbers[*item]);
            }
        }
        // What Ctrl-C kept from being begun is not lost; which numbers those are does not matter to the count.
        let unanswered = numbers
            .iter()
            .zip(&answered)
            .filter(|(_, answered)| !**answered)
            .map(|(&number, _)| number);
        verdict.lost = unanswered.skip(not_begun).collect();
        verdict
    }

    fn is_clean(&self) -> bool {
        *self == Verdict::default()
    }
}

/// The outcome of the whole run; without a `baseline` it was ended early.
pub(super) fn outcome(plan: &Plan, gathered: &Gathered, baseline: Option<&Baseline>) -> Outcome {
    let truth = baseline.map(|baseline| baseline.is_prime.as_slice());
    let verdict = Verdict::new(&plan.numbers, &gathered.answers, gathered.not_begun, truth);
    let interrupted = baseline.is_none() || gathered.not_begun > 0;
    let held = verdict.is_clean();
    Outcome {
        held,
        interrupted,
        json: json(plan, gathered, baseline, &verdict, held && !interrupted),
        summary: summary(plan, gathered, baseline, &verdict),
    }
}

fn primes_among(answers: &[Answer]) -> usize {
    answers
        .iter()
        .filter(|answer| answer.found.is_prime)
        .count()
}

fn speedup(gathered: &Gathered, baseline: &Baseline) -> f64 {
    baseline.elapsed.as_secs_f64() / gathered.elapsed.as_secs_f64().max(1e-9)
}

fn json(
    plan: &Plan,
    gathered: &Gathered,
    baseline: Option<&Baseline>,
    verdict: &Verdict,
    ok: bool,
) -> Value {
    json!({
        "topology": super::ABOUT.name,
        "ok": ok,
        "items": plan.numbers.len(),
        "primes": primes_among(&gathered.answers),
        "elapsed_s": rounded(gathered.elapsed.as_secs_f64()),
        "sequential_s": baseline.map(|baseline| rounded(baseline.elapsed.as_secs_f64())),
        "speedup": baseline.map(|baseline| rounded(speedup(gathered, baseline))),
        "threads": plan.crew.threads,
        "processes": plan.crew.processes,
        "restarts": gathered.restarts,
        "killed": gathered.killed,
        "lost": verdict.lost.len(),
        "duplicates": verdict.duplicates,
        "wrong": verdict.wrong.len(),
        "not_begun": gathered.not_begun,
    })
}

fn summary(
    plan: &Plan,
    gathered: &Gathered,
    baseline: Option<&Baseline>,
    verdict: &Verdict,
) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!(
            "{} answered, {} prime, by {} in {:.3} s",
            counted(gathered.answers.len() as u64, "number"),
            primes_among(&gathered.answers),
            plan.crew,
            gathered.elapsed.as_secs_f64(),
        ),
    ];
    if let Some(baseline) = baseline {
        let sequential = baseline.elapsed.as_secs_f64();
        lines.push(format!(
            "{sequential:.3} s in sequence: speed-up {}",
            topology::speedup(baseline.elapsed, gathered.elapsed)
        ));
    }
    lines.extend(kill_line(plan, gathered));
    for (item, error) in &gathered.failures {
        lines.push(format!("{} failed: {error}", plan.numbers[*item]));
    }
    lines.push(verdict_line(gathered, baseline, verdict));
    lines
}

fn kill_line(plan: &Plan, gathered: &Gathered) -> Option<String> {
    plan.kill_worker.then(|| match gathered.killed {
        Some(pid) => format!(
            "process {pid} was killed at work; {}",
            counted(gathered.restarts, "restart")
        ),
        None => "NO worker was killed: the list was done before one was caught at work, so --kill-worker has shown nothing; \
                 give more or larger numbers with --input"
            .to_owned(),
    })
}

fn verdict_line(gathered: &Gathered, baseline: Option<&Baseline>, verdict: &Verdict) -> String {
    if !verdict.is_clean() {
        let Verdict {
            lost,
            wrong,
            duplicates,
        } = verdict;
        return format!("BROKEN: lost {lost:?}, wrong {wrong:?}, duplicates {duplicates}");
    }
    match (gathered.not_begun, baseline) {
        (0, Some(_)) => "held: every number was answered exactly once and right".to_owned(),
        (0, None) => {
            "interrupted: every number was answered once; not checked in sequence".to_owned()
        }
        (not_begun, _) => format!(
            "interrupted: {} not begun, none lost",
            counted(not_begun as u64, "number")
        ),
    }
}

#[cfg(test)]
mod tests;
