const AKKA: &str = include_str!("../../../docs/coming-from-akka-and-ractor.md");
const PYTHON: &str = include_str!("../../../docs/coming-from-python.md");

/// What of a section is a comment of a program.
fn comments(section: &str) -> String {
    let mut comments = String::new();
    let mut is_program = false;
    for line in section.lines() {
        if line.starts_with("```") {
            is_program = !is_program;
        } else if is_program && let Some((_, comment)) = line.split_once("//") {
            comments.push_str(comment);
            comments.push('\n');
        }
    }
    comments
}

/// The names in the first column of a row, each without what stands in its brackets.
fn names(row: &str) -> Vec<&str> {
    let first = row.split('|').nth(1).unwrap_or_default();
    let quoted = first.split('`').skip(1).step_by(2);
    let names = quoted.map(|name| name.split(['(', '…']).next().unwrap_or_default());
    names.filter(|name| !name.is_empty()).collect()
}

/// A row without a program, named by its section.
fn rows_without_a_program(page: &str) -> Vec<String> {
    let mut without = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let comments = comments(section);
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        let missing = rows
            .flat_map(names)
            .filter(|name| !comments.contains(name.trim()));
        without.extend(missing.map(|name| format!("{title}: {name}")));
    }
    without
}

#[track_caller]
fn check(page: &str, rows_min: usize) {
    assert_eq!(rows_without_a_program(page), Vec::<String>::new());
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    assert!(rows.count() > rows_min);
}

#[test]
fn every_name_of_the_python_page_is_in_a_program_of_its_section() {
    check(PYTHON, 80);
}

#[test]
fn every_name_of_the_page_for_akka_and_ractor_is_in_a_program_of_its_section() {
    check(AKKA, 40);
}

#[test]
fn a_row_that_is_in_no_program_is_found() {
    let page = "\n## queue\n| `get()`, `put(x)` | … |\n```rust\nhandle(); // put(x)\n```\n";

    assert_eq!(rows_without_a_program(page), ["queue: get"]);
}
