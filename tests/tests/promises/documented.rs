//! The page of promises names tests; these must exist, and what the tests show must be on the page.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page() -> String {
    fs::read_to_string(root().join("docs/semantics.md")).expect("the page is part of the project")
}

/// Every Rust file of the crates that have tests.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders: Vec<PathBuf> = [
        "actor-core",
        "actor-remote",
        "actor-pool",
        "examples",
        "tests",
    ]
    .map(|folder| root().join(folder))
    .into();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                // A file that is being written at this moment is no reason to fail.
                files.extend(fs::read_to_string(&path).ok().map(|text| (path, text)));
            }
        }
    }
    files
}

/// The tests that the page names: what stands in backticks after `Tests:`.
fn named_tests(page: &str) -> Vec<&str> {
    page.lines()
        .filter_map(|line| line.trim_start().strip_prefix("Tests:"))
        .flat_map(|names| names.split('`').skip(1).step_by(2))
        .collect()
}

/// Whether a function of that name stands in a file or folder that is called like its module.
fn exists(sources: &[(PathBuf, String)], test: &str) -> bool {
    let (modules, name) = test.rsplit_once("::").unwrap_or(("", test));
    let declared = format!("fn {name}(");
    sources.iter().any(|(path, text)| {
        let path = path.with_extension("");
        let has_module = |module: &str| path.iter().any(|part| part == module);
        text.contains(&declared)
            && modules
                .split("::")
                .all(|part| part.is_empty() || has_module(part))
    })
}

#[test]
fn every_test_that_the_page_names_exists() {
    let (page, sources) = (page(), sources());
    let tests = named_tests(&page);

    let missing: Vec<_> = tests
        .iter()
        .filter(|test| !exists(&sources, test))
        .collect();

    assert!(missing.is_empty(), "not in the sources: {missing:#?}");
    assert!(tests.len() > 100, "only {} tests were found", tests.len());
    assert!(!exists(&sources, "messages::a_test_that_nobody_wrote"));
}

#[test]
fn every_promise_that_the_page_makes_names_a_test() {
    let page = page();
    let mut lines = page.lines().peekable();
    let mut without = Vec::new();
    while let Some(line) = lines.next() {
        let Some(promise) = promise_of(line) else {
            continue;
        };
        let mut has_tests = false;
        while lines.peek().is_some_and(|line| line.starts_with("  ")) {
            has_tests |= lines
                .next()
                .is_some_and(|line| line.trim_start().starts_with("Tests: `"));
        }
        if !has_tests {
            without.push(promise);
        }
    }
    assert!(without.is_empty(), "promises without a test: {without:?}");
}

#[test]
fn every_promise_that_a_test_shows_is_on_the_page() {
    let page = page();
    let promised: BTreeSet<&str> = page.lines().filter_map(promise_of).collect();
    let is_promise_test = |path: &Path| path.iter().any(|part| part == "promises");
    for (_, text) in sources().iter().filter(|(path, _)| is_promise_test(path)) {
        for line in text.lines().filter_map(|line| line.strip_prefix("// ")) {
            let ids = line.split([':', '(']).next().unwrap_or_default();
            for id in ids.split(", ").map(str::trim).filter(|id| is_promise(id)) {
                assert!(promised.contains(id), "{id} is shown but not on the page");
            }
        }
    }
}

/// The id of the promise that begins in this line.
fn promise_of(line: &str) -> Option<&str> {
    let id = line.strip_prefix("- **")?.split('*').next()?;
    is_promise(id).then_some(id)
}

fn is_promise(id: &str) -> bool {
    let mut letters = id.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_uppercase())
        && id.len() > 1
        && letters.all(|digit| digit.is_ascii_digit())
}
