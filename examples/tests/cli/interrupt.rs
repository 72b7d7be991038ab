//! Ctrl-C.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use crate::runner::{actors, exists, interrupt, last_json, numbers, stderr};

#[test]
fn ctrl_c_drains_reports_what_was_done_and_exits_130() {
    // Far more work than is done between the first answer and the signal.
    let list = numbers("ctrl-c", &"99999999999973\n".repeat(2_000));
    let mut child = actors(&["run", "primes", "--input", &list, "--processes", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    // The header and the first answer: now it works.
    output.read_line(&mut text).unwrap();
    output.read_line(&mut text).unwrap();

    interrupt(&child);

    output.read_to_string(&mut text).unwrap();
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{text}{said}");
    assert!(said.contains("interrupted"), "{said}");
    let worker = text.lines().nth(1).unwrap().split_whitespace().last();
    assert!(
        !exists(worker.unwrap()),
        "its worker is left behind: {text}"
    );
    assert!(
        text.lines()
            .last()
            .unwrap()
            .contains("not begun, none lost"),
        "{text}"
    );
}

#[test]
fn ctrl_c_does_not_wait_for_standard_input() {
    let mut child = actors(&["run", "primes", "--input", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A pipe holds 64 KiB at least: once more has gone in, somebody reads, and the handler of Ctrl-C stands since before.
    let mut input = child.stdin.take().unwrap();
    input.write_all("7\n".repeat(1 << 20).as_bytes()).unwrap();

    interrupt(&child);

    // `input` is still open: the reader waits for more.
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert_eq!(last_json(&output)["ok"], false);
    assert!(
        stderr(&output).contains("interrupted before anything was run"),
        "{}",
        stderr(&output)
    );
    drop(input);
}

#[test]
fn ctrl_c_does_not_wait_for_a_thread_that_blocks() {
    let mut child = actors(&[
        "run",
        "spinner",
        "--placement",
        "thread",
        "--seconds",
        "3600",
    ])
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    // Told once the worker and the spinner have started.
    output.read_line(&mut text).unwrap();

    interrupt(&child);

    output.read_to_string(&mut text).unwrap();
    let said = child.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(130), "{text}");
    let said = stderr(&said);
    assert!(said.contains("interrupted: stopping"), "{said}");
    assert!(
        text.lines().last().unwrap().starts_with("interrupted"),
        "{text}"
    );
}
