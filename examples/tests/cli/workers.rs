//! Topologies that compute in worker processes.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::runner::{actors, last_json, numbers, run, scratch, stderr, stdout};

#[test]
fn primes_answers_a_list_from_standard_input() {
    let mut child = actors(&["run", "primes", "--input", "-", "--processes", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"7\n1000003 # prime\n1000001\n")
        .unwrap();

    let output = child.wait_with_output().unwrap();

    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for (number, prime) in [("7", "yes"), ("1000003", "yes"), ("1000001", "no")] {
        let row = text
            .lines()
            .find(|line| line.split_whitespace().next() == Some(number))
            .unwrap();
        assert_eq!(row.split_whitespace().nth(1), Some(prime), "{text}");
    }
    assert!(text.contains("3 numbers answered, 2 prime"), "{text}");
    assert!(text.lines().last().unwrap().starts_with("held"), "{text}");
}

#[test]
fn primes_with_json_leaves_standard_output_to_the_object() {
    let list = numbers("json", "7\n9\n7\n");

    let output = run(&[
        "run",
        "primes",
        "--input",
        &list,
        "--threads",
        "1",
        "--processes",
        "1",
        "--json",
    ]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 1);
    let object = last_json(&output);
    for (field, value) in [
        ("items", 3),
        ("primes", 2),
        ("threads", 1),
        ("processes", 1),
        ("lost", 0),
        ("duplicates", 0),
    ] {
        assert_eq!(object[field], value, "{field}: {object}");
    }
    assert_eq!(object["ok"], true);
    for field in ["elapsed_s", "sequential_s", "speedup", "restarts"] {
        assert!(object[field].is_number(), "{field}: {object}");
    }
    assert_eq!(object.get("killed"), Some(&Value::Null), "{object}");
    assert!(stderr(&output).contains("held"));
}

#[test]
fn wordcount_names_what_it_skips_and_loses_nothing_else() {
    let folder = scratch("wordcount");
    fs::create_dir_all(folder.join("deep/er")).unwrap();
    fs::write(folder.join("deep/er/one.txt"), "The cat. The dog!\n").unwrap();
    fs::write(folder.join("two.md"), "the end").unwrap();
    fs::write(folder.join("latin1.txt"), b"na\xefve").unwrap();
    std::os::unix::fs::symlink(&folder, folder.join("deep/loop")).unwrap();
    let folder = folder.to_str().unwrap();

    let output = run(&["run", "wordcount", folder, "--processes", "1", "--json"]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let object = last_json(&output);
    for (field, value) in [
        ("files", 2),
        ("skipped", 1),
        ("words", 6),
        ("distinct", 4),
        ("links", 1),
    ] {
        assert_eq!(object[field], value, "{field}: {object}");
    }
    assert_eq!(
        (&object["top"][0]["word"], &object["top"][0]["count"]),
        (&Value::from("the"), &Value::from(3))
    );
    assert!(
        object["skipped_files"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with("latin1.txt"),
        "{object}"
    );
    assert!(
        stderr(&output).contains("latin1.txt: not UTF-8 text"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_killed_worker_costs_neither_answers_nor_the_run() {
    let output = run(&[
        "run",
        "primes",
        "--kill-worker",
        "--threads",
        "1",
        "--processes",
        "1",
    ]);

    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.contains("20 numbers answered, 9 prime"), "{text}");
    assert!(text.contains("was killed at work; 1 restart"), "{text}");
}
