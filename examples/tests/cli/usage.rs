//! What is refused, and how.

use std::fs;

use serde_json::Value;

use crate::runner::{actors, check_refused, last_json, numbers, run, stderr, stdout};

#[test]
fn list_and_describe_cover_each_other() {
    let listed: Value = last_json(&run(&["list", "--json"]));
    let listed = listed["topologies"].as_array().unwrap();
    assert!(!listed.is_empty());

    for topology in listed {
        let name = topology["name"].as_str().unwrap();
        let described = stdout(&run(&["describe", name]));

        assert!(stdout(&run(&["list"])).contains(name));
        for part in [
            name,
            "Actors\n",
            "Parameters\n",
            "Invariant\n",
            "actors run",
        ] {
            assert!(
                described.contains(part),
                "{name}: {part:?} is missing in {described}"
            );
        }
    }
}

#[test]
fn bad_usage_is_told_and_runs_nothing() {
    check_refused(&["run"], &["Usage", "primes", "wordcount"]);
    check_refused(&["run", "nonesuch"], &["'nonesuch'", "primes", "wordcount"]);
    check_refused(
        &["describe", "nonesuch"],
        &["'nonesuch'", "primes", "wordcount"],
    );
    check_refused(&["nonesuch"], &["'nonesuch'", "describe"]);
    check_refused(
        &["run", "primes", "--processes", "many"],
        &["'many'", "--processes"],
    );
    check_refused(
        &["run", "primes", "--processes", "0", "--threads", "0"],
        &["zero workers"],
    );
    check_refused(
        &["run", "wordcount", "/", "--processes", "0"],
        &["zero workers"],
    );
    check_refused(
        &["run", "primes", "--threads", "1", "--kill-worker"],
        &["--kill-worker", "--processes"],
    );
}

#[test]
fn bad_input_is_told_by_name_and_runs_nothing() {
    let no_number = numbers("no-number", "2\n\n# fine\nseven\n");
    check_refused(
        &["run", "primes", "--input", &no_number],
        &[&no_number, "line 4", "\"seven\""],
    );

    let no_numbers = numbers("no-numbers", "# nothing\n");
    check_refused(
        &["run", "primes", "--input", &no_numbers],
        &[&no_numbers, "holds no number"],
    );

    check_refused(
        &["run", "primes", "--input", "/nonexistent"],
        &["/nonexistent"],
    );
    check_refused(&["run", "wordcount", "/nonexistent"], &["/nonexistent"]);
    check_refused(
        &["run", "wordcount", &no_number],
        &[&no_number, "is no folder"],
    );
}

#[test]
fn bad_input_with_json_is_one_object_that_is_not_ok() {
    let output = run(&["--json", "run", "primes", "--input", "/nonexistent"]);

    assert_eq!(output.status.code(), Some(2));
    let object = last_json(&output);
    assert_eq!(
        (&object["topology"], &object["ok"]),
        (&Value::from("primes"), &Value::from(false))
    );
    assert!(object["error"].as_str().unwrap().contains("/nonexistent"));
}

#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    for words in [
        &["run", "hello"][..],
        &["run", "hello", "--json"],
        &["list"],
        &["--help"],
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();

        let output = actors(words).stdout(full).output().unwrap();

        assert_eq!(output.status.code(), Some(1), "{words:?}");
        let error = stderr(&output);
        let told = error.matches("cannot write to standard output").count();
        assert_eq!(told, 1, "{words:?}: {error}");
    }
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);

    let output = actors(&["run", "hello"]).stdout(writer).output().unwrap();

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}
