//! What the user sees of it: the totals, the verdict, the JSON object. Decides only, prints nothing.

use std::path::Path;

use serde_json::{Value, json};

use super::check::Baseline;
use super::count::{top, words};
use super::files::{Folder, Skipped};
use super::run::Gathered;
use super::tally::Tally;
use crate::topology::{self, Outcome, counted, rounded};
use crate::workers::Crew;

/// How many of the most frequent words are shown.
const TOP_LEN: usize = 10;

/// What became of the files.
#[derive(Debug, Default, PartialEq)]
struct Verdict<'a> {
    /// Answers for a file that had one already.
    duplicates: usize,
    /// Files that were begun and never answered.
    lost: Vec<&'a Path>,
    /// Files that the sequential pass counts otherwise.
    different: Vec<&'a Path>,
    /// Whether the merged counts are others than those of the sequential pass.
    counts_differ: bool,
}

impl<'a> Verdict<'a> {
    fn new(folder: &'a Folder, gathered: &Gathered, truth: Option<&Tally>) -> Self {
        let found = &gathered.tally;
        let items = || {
            folder
                .files
                .iter()
                .map(|file| file.path.as_path())
                .zip(&found.fates)
        };
        // What Ctrl-C kept from being begun is not lost; which files those are does not matter to the count.
        let unanswered = items()
            .filter(|(_, fate)| fate.is_none())
            .map(|(path, _)| path);
        let mut verdict = Verdict {
            duplicates: found.duplicates,
            lost: unanswered.skip(gathered.not_begun).collect(),
            ..Verdict::default()
        };
        if let Some(truth) = truth {
            let answered = items()
                .zip(&truth.fates)
                .filter(|((_, fate), _)| fate.is_some());
            verdict.different = answered
                .filter(|((_, fate), right)| fate != right)
                .map(|((path, _), _)| path)
                .collect();
            verdict.counts_differ = verdict.lost.is_empty() && found.counts != truth.counts;
        }
        verdict
    }

    fn is_clean(&self) -> bool {
        *self == Verdict::default()
    }
}

/// The outcome of the whole run; without a `baseline` it was ended early.
pub(super) fn outcome(
    folder: &Folder,
    crew: Crew,
    gathered: &Gathered,
    baseline: Option<&Baseline>,
) -> Outcome {
    let verdict = Verdict::new(folder, gathered, baseline.map(|baseline| &baseline.tally));
    let interrupted = baseline.is_none() || gathered.not_begun > 0;
    let held = verdict.is_clean();

    let mut json = json_of_counts(folder, gathered);
    json["ok"] = json!(held && !interrupted);
    json["elapsed_s"] = json!(rounded(gathered.elapsed.as_secs_f64()));
    json["sequential_s"] = json!(baseline.map(|baseline| rounded(baseline.elapsed.as_secs_f64())));
    json["speedup"] = json!(baseline.map(|baseline| rounded(speedup(gathered, baseline))));
    json["threads"] = json!(crew.threads);
    json["processes"] = json!(crew.processes);
    json["restarts"] = json!(gathered.restarts);
    json["lost"] = json!(verdict.lost.len());
    json["duplicates"] = json!(verdict.duplicates);
    json["different"] = json!(verdict.different.len());
    json["not_begun"] = json!(gathered.not_begun);

    Outcome {
        held,
        interrupted,
        json,
        summary: summary(folder, crew, gathered, baseline, &verdict),
    }
}

fn json_of_counts(folder: &Folder, gathered: &Gathered) -> Value {
    let tally = &gathered.tally;
    let skipped: Vec<Value> = all_skipped(folder, gathered)
        .map(|skipped| json!({ "path": skipped.path.to_string_lossy(), "reason": skipped.reason }))
        .collect();
    let top: Vec<Value> = top(&tally.counts, TOP_LEN)
        .into_iter()
        .map(|(word, count)| json!({ "word": word, "count": count }))
        .collect();
    json!({
        "topology": super::ABOUT.name,
        "files": tally.files_counted(),
        "skipped": skipped.len(),
        "skipped_files": skipped,
        "links": folder.links,
        "words": words(&tally.counts),
        "distinct": tally.counts.len(),
        "top": top,
        "bytes": tally.bytes,
        "mb_per_s": rounded(mb_per_s(gathered)),
    })
}

/// What was skipped, first by the walk and then by the workers.
fn all_skipped<'a>(
    folder: &'a Folder,
    gathered: &'a Gathered,
) -> impl Iterator<Item = &'a Skipped> {
    folder.skipped.iter().chain(&gathered.tally.skipped)
}

fn mb_per_s(gathered: &Gathered) -> f64 {
    gathered.tally.bytes as f64 / 1e6 / gathered.elapsed.as_secs_f64().max(1e-9)
}

fn speedup(gathered: &Gathered, baseline: &Baseline) -> f64 {
    baseline.elapsed.as_secs_f64() / gathered.elapsed.as_secs_f64().max(1e-9)
}

fn summary(
    folder: &Folder,
    crew: Crew,
    gathered: &Gathered,
    baseline: Option<&Baseline>,
    verdict: &Verdict<'_>,
) -> Vec<String> {
    let tally = &gathered.tally;
    let mut lines: Vec<String> = top(&tally.counts, TOP_LEN)
        .into_iter()
        .map(|(word, count)| format!("{count:>10}  {word}"))
        .collect();
    lines.push(format!(
        "{} counted, {} skipped{}: {}, {} distinct",
        counted(tally.files_counted() as u64, "file"),
        all_skipped(folder, gathered).count(),
        if folder.links > 0 {
            format!(
                ", {} left alone",
                counted(folder.links as u64, "symbolic link")
            )
        } else {
            String::new()
        },
        counted(words(&tally.counts), "word"),
        tally.counts.len(),
    ));
    lines.push(format!(
        "{:.1} MB by {crew} in {:.3} s: {:.1} MB/s",
        tally.bytes as f64 / 1e6,
        gathered.elapsed.as_secs_f64(),
        mb_per_s(gathered),
    ));
    if let Some(baseline) = baseline {
        let sequential = baseline.elapsed.as_secs_f64();
        lines.push(format!(
            "{sequential:.3} s in sequence: speed-up {}",
            topology::speedup(baseline.elapsed, gathered.elapsed)
        ));
    }
    for (item, error) in &gathered.failures {
        lines.push(format!(
            "{} failed: {error}",
            folder.files[*item].path.display()
        ));
    }
    lines.push(verdict_line(gathered, baseline, verdict));
    lines
}

fn verdict_line(gathered: &Gathered, baseline: Option<&Baseline>, verdict: &Verdict<'_>) -> String {
    if !verdict.is_clean() {
        return format!("BROKEN: {}", faults(gathered, verdict).join("; "));
    }
    match (gathered.not_begun, baseline) {
        (0, Some(_)) => {
            "held: every file was counted or skipped exactly once, as in sequence".to_owned()
        }
        (0, None) => {
            "interrupted: every file was answered once; not checked in sequence".to_owned()
        }
        (not_begun, _) => format!(
            "interrupted: {} not begun, none lost",
            counted(not_begun as u64, "file")
        ),
    }
}

fn faults(gathered: &Gathered, verdict: &Verdict<'_>) -> Vec<String> {
    let Verdict {
        lost,
        different,
        duplicates,
        counts_differ,
    } = verdict;
    let mut faults = Vec::new();
    if !lost.is_empty() {
        let failed = match gathered.failures.first() {
            Some((_, error)) => format!(" ({error})"),
            None => String::new(),
        };
        faults.push(format!("lost {lost:?}{failed}"));
    }
    if !different.is_empty() {
        faults.push(format!(
            "counted otherwise in sequence {different:?} (did someone write to them meanwhile?)"
        ));
    }
    if *duplicates > 0 {
        faults.push(format!("answered twice {duplicates}"));
    }
    if *counts_differ {
        faults.push("the merged counts differ".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests;
