//! The table of `docs/zoo.md`: how many seeds it takes to find each bug.
//!
//! `ACTOR_ZOO=table` writes it anew. Otherwise it is only checked that it has a row for each exhibit and nothing else: another version of the
//! library takes other steps, so that other seeds find a bug.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use actor_core::testing::Schedule;

use super::{ALL, Exhibit, SEEDS};

const BEGIN: &str = "<!-- table -->\n";
const END: &str = "<!-- end of the table -->";

fn schedules() -> [(&'static str, Schedule); 5] {
    [
        ("`Random`", Schedule::Random),
        ("`Pct` 2", Schedule::Pct { depth: 2 }),
        ("`Pct` 3", Schedule::Pct { depth: 3 }),
        ("`Pct` 4", Schedule::Pct { depth: 4 }),
        ("`Mixed`", Schedule::Mixed),
    ]
}

/// How many seeds it takes to find a bug for the first time, and how many find it.
fn count(bug: &Exhibit, schedule: &Schedule) -> (Option<u64>, usize) {
    let mut found = Vec::new();
    let mut seeds = SEEDS;
    while let Some(failure) = bug.find(schedule.clone(), seeds.clone()) {
        found.push(failure.seed);
        seeds.start = failure.seed + 1;
        if seeds.is_empty() {
            break;
        }
    }
    (found.first().map(|seed| seed + 1), found.len())
}

fn row(bug: &Exhibit) -> String {
    let mut row = format!("| `{}` |", bug.name);
    for (_, schedule) in schedules() {
        let cell = match count(bug, &schedule) {
            (Some(first), all) => format!(" {first} ({all}) |"),
            (None, _) => " none |".to_owned(),
        };
        row.push_str(&cell);
    }
    row
}

fn table() -> String {
    let mut table = "| bug |".to_owned();
    schedules().iter().for_each(|(name, _)| {
        write!(table, " {name} |").unwrap();
    });
    writeln!(table, "\n|---|{}", "--:|".repeat(schedules().len())).unwrap();
    for bug in ALL {
        writeln!(table, "{}", row(bug)).unwrap();
    }
    table
}

#[test]
fn the_table_in_the_documentation_has_a_row_for_each_exhibit() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/zoo.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();

    if std::env::var("ACTOR_ZOO").as_deref() == Ok("table") {
        let page = format!("{before}{BEGIN}{}{END}{after}", table());
        std::fs::write(path, page).unwrap();
        return;
    }

    let name = |row: &str| row.split('`').nth(1).map(str::to_owned);
    let rows: Vec<String> = written.lines().skip(2).filter_map(name).collect();
    assert_eq!(rows, ALL.map(|bug| bug.name));
}

#[test]
fn each_file_is_an_exhibit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulation/zoo");
    let stems = std::fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    let files: BTreeSet<String> = stems
        .filter(|stem| stem != "mod" && stem != "table")
        .collect();

    assert_eq!(files, ALL.map(|bug| bug.name.to_owned()).into());
}
