use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::wordcount::count::{Counts, FileCount};
use crate::wordcount::files::TextFile;

const CREW: Crew = Crew {
    processes: 2,
    threads: 0,
};

fn folder() -> Folder {
    let files = ["a.txt", "b.bin", "c.txt"]
        .map(|path| TextFile {
            path: PathBuf::from(path),
            size: 1,
        })
        .to_vec();
    let skipped = vec![Skipped {
        path: PathBuf::from("pipe"),
        reason: "no regular file".to_owned(),
    }];
    Folder {
        files,
        skipped,
        links: 1,
    }
}

fn answer(item: usize) -> FileCount {
    let counts = |words: &[(&str, u64)]| {
        words
            .iter()
            .map(|&(word, count)| (word.to_owned(), count))
            .collect::<Counts>()
    };
    match item {
        0 => FileCount::Counted {
            bytes: 600_000,
            counts: counts(&[("the", 3), ("end", 1)]),
        },
        1 => FileCount::Skipped {
            reason: "not UTF-8 text (at byte 7)".to_owned(),
        },
        _ => FileCount::Counted {
            bytes: 400_000,
            counts: counts(&[("the", 2)]),
        },
    }
}

fn tally(items: &[usize]) -> Tally {
    let mut tally = Tally::new(3);
    for &item in items {
        tally.take_in(item, &folder().files[item], answer(item));
    }
    tally
}

fn gathered(items: &[usize]) -> Gathered {
    Gathered {
        tally: tally(items),
        failures: Vec::new(),
        not_begun: 0,
        elapsed: Duration::from_millis(500),
        restarts: 1,
    }
}

fn baseline() -> Baseline {
    Baseline {
        tally: tally(&[0, 1, 2]),
        elapsed: Duration::from_secs(1),
    }
}

#[test]
fn right_counts_hold_and_fill_every_field_in_any_order_of_answers() {
    let outcome = outcome(&folder(), CREW, &gathered(&[2, 0, 1]), Some(&baseline()));

    assert!(outcome.held && !outcome.interrupted);
    let expected = json!({
        "topology": "wordcount", "ok": true, "files": 2, "skipped": 2, "links": 1,
        "skipped_files": [
            { "path": "pipe", "reason": "no regular file" },
            { "path": "b.bin", "reason": "not UTF-8 text (at byte 7)" },
        ],
        "words": 6, "distinct": 2, "top": [{ "word": "the", "count": 5 }, { "word": "end", "count": 1 }],
        "bytes": 1_000_000, "mb_per_s": 2.0, "elapsed_s": 0.5, "sequential_s": 1.0, "speedup": 2.0,
        "threads": 0, "processes": 2, "restarts": 1, "lost": 0, "duplicates": 0, "different": 0, "not_begun": 0,
    });
    assert_eq!(outcome.json, expected);
    let compared = "1.000 s in sequence: speed-up 2.00".to_owned();
    assert!(outcome.summary.contains(&compared), "{:?}", outcome.summary);
    assert!(
        outcome.summary.last().unwrap().starts_with("held"),
        "{:?}",
        outcome.summary
    );
}

#[test]
fn a_lost_file_breaks_the_invariant_and_is_named() {
    let outcome = outcome(&folder(), CREW, &gathered(&[0, 1]), Some(&baseline()));

    assert!(!outcome.held);
    assert_eq!(
        (&outcome.json["ok"], &outcome.json["lost"]),
        (&json!(false), &json!(1))
    );
    assert!(
        outcome.summary.last().unwrap().contains("c.txt"),
        "{:?}",
        outcome.summary
    );
}

#[test]
fn a_file_whose_job_failed_is_told_with_the_error_and_nobody_is_suspected() {
    let mut gathered = gathered(&[0, 1]);
    gathered.failures.push((2, "it is too large".to_owned()));

    let outcome = outcome(&folder(), CREW, &gathered, Some(&baseline()));

    let verdict = outcome.summary.last().unwrap();
    assert_eq!(verdict, "BROKEN: lost [\"c.txt\"] (it is too large)");
    let told = |line: &String| line == "c.txt failed: it is too large";
    assert!(outcome.summary.iter().any(told), "{:?}", outcome.summary);
}

#[test]
fn a_doubled_answer_breaks_the_invariant_and_is_not_merged() {
    let outcome = outcome(&folder(), CREW, &gathered(&[0, 1, 2, 0]), Some(&baseline()));

    assert!(!outcome.held);
    assert_eq!(
        (&outcome.json["duplicates"], &outcome.json["words"]),
        (&json!(1), &json!(6))
    );
}

#[test]
fn a_file_counted_otherwise_breaks_the_invariant_and_is_named() {
    let mut gathered = gathered(&[1, 2]);
    let other = FileCount::Counted {
        bytes: 1,
        counts: Counts::new(),
    };
    gathered.tally.take_in(0, &folder().files[0], other);

    let outcome = outcome(&folder(), CREW, &gathered, Some(&baseline()));

    assert!(!outcome.held);
    assert_eq!(outcome.json["different"], 1);
    assert!(
        outcome.summary.last().unwrap().contains("a.txt"),
        "{:?}",
        outcome.summary
    );
}

#[test]
fn equal_totals_of_other_words_break_the_invariant() {
    let mut gathered = gathered(&[1, 2]);
    let counts = Counts::from([("the".to_owned(), 4)]);
    gathered.tally.take_in(
        0,
        &folder().files[0],
        FileCount::Counted {
            bytes: 600_000,
            counts,
        },
    );

    assert!(!outcome(&folder(), CREW, &gathered, Some(&baseline())).held);
}

#[test]
fn an_interrupted_run_tells_what_was_not_begun_and_loses_nothing() {
    let mut gathered = gathered(&[0]);
    gathered.not_begun = 2;

    let outcome = outcome(&folder(), CREW, &gathered, None);

    assert!(outcome.held && outcome.interrupted);
    assert_eq!(
        (&outcome.json["ok"], &outcome.json["lost"]),
        (&json!(false), &json!(0))
    );
    assert!(
        outcome
            .summary
            .last()
            .unwrap()
            .contains("2 files not begun"),
        "{:?}",
        outcome.summary
    );
}
