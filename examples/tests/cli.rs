//! The runner as its users meet it: words in, text and exit code out.

#![expect(
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it should do then"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

fn actors(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_actors"));
    command
        .args(words)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

fn run(words: &[&str]) -> Output {
    actors(words).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn last_json(output: &Output) -> Value {
    serde_json::from_str(
        stdout(output)
            .lines()
            .last()
            .expect("a line on standard output"),
    )
    .unwrap()
}

/// A fresh folder of one test; it stays for who looks into a failure, and goes with the target folder.
fn scratch(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn numbers(name: &str, text: &str) -> String {
    let path = scratch(name).join("numbers.txt");
    fs::write(&path, text).unwrap();
    path.into_os_string().into_string().unwrap()
}

/// Bad usage or input: exit code 2, nothing on standard output, and an error that holds all `parts`.
#[track_caller]
fn check_refused(words: &[&str], parts: &[&str]) {
    let output = run(words);

    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{words:?}: {error}");
    assert_eq!(stdout(&output), "", "{words:?}");
    for part in parts {
        assert!(
            error.contains(part),
            "{words:?}: {part:?} is missing in {error}"
        );
    }
}

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
fn hello_prints_its_total() {
    let output = run(&["run", "hello"]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "the counter says 2\n");
    assert_eq!(last_json(&run(&["run", "hello", "--json"]))["total"], 2);
}

#[test]
fn bank_neither_makes_nor_loses_money() {
    let output = run(&[
        "run",
        "bank",
        "--accounts",
        "3",
        "--transfers",
        "250",
        "--json",
    ]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let json = last_json(&output);
    assert_eq!(json["ok"], true);
    assert_eq!(json["balance_after"], 3_000);
    let made = ["moved", "refused"].map(|transfers| json[transfers].as_u64().unwrap());
    assert_eq!(made[0] + made[1], 1_000);
}

#[test]
fn countdown_hears_every_exit_behind_its_countdown() {
    let output = run(&[
        "run",
        "countdown",
        "--workers",
        "40",
        "--from",
        "30",
        "--pause-ms",
        "1",
        "--json",
    ]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let object = last_json(&output);
    assert_eq!(
        (&object["ok"], &object["ended"], &object["steps"]),
        (&true.into(), &40.into(), &(40 * 31).into())
    );
}

#[test]
fn countdown_prints_its_tree_of_actors() {
    let output = run(&["run", "countdown", "--workers", "2", "--snapshot"]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stderr(&output);
    assert!(text.contains("system countdown: 3 actors, "), "{text}");
    let has = |begin: &str, part: &str| {
        let lines = text.lines();
        lines
            .filter(|line| line.starts_with(begin) && line.contains(part))
            .count()
    };
    assert_eq!(
        (has("#", " Collector "), has("  #", " Worker ")),
        (1, 2),
        "{text}"
    );
}

#[test]
fn pubsub_accounts_for_every_number_of_every_reader() {
    let output = run(&[
        "run",
        "pubsub",
        "--readers",
        "3",
        "--items",
        "5000",
        "--bound",
        "8",
        "--json",
    ]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let object = last_json(&output);
    assert_eq!(object["ok"], true, "{object}");
    let count = |field: &str| object[field].as_u64().unwrap();
    assert_eq!(count("heard") + count("missed"), 3 * 5_000);
    assert!(count("missed_by_slow") > 0, "{object}");
}

#[test]
fn pubsub_without_room_is_refused() {
    check_refused(&["run", "pubsub", "--bound", "0"], &["--bound", "0"]);
}

#[test]
fn countdown_without_workers_is_refused() {
    check_refused(&["run", "countdown", "--workers", "0"], &["--workers", "0"]);
}

#[test]
fn the_objects_of_a_manager_hold_what_clients_in_several_processes_did() {
    let output = run(&["run", "manager", "--operations", "60", "--json"]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let object = last_json(&output);
    assert_eq!(object["ok"], true, "{object}");
    for (field, value) in [("clients", 4), ("operations", 240), ("processes", 3)] {
        assert_eq!(object[field], value, "{field}: {object}");
    }
    let manager = object["manager_pid"].to_string();
    assert!(!exists(&manager), "the manager is left behind: {object}");
}

#[test]
fn a_client_in_a_process_of_its_own_is_not_held_up_when_nobody_else_uses_the_objects() {
    let words = "run manager --clients 1 --operations 400 --pause-ms 0 --json";
    let output = run(&words.split(' ').collect::<Vec<_>>());

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(last_json(&output)["list"], 800);
}

#[test]
fn pipeline_keeps_its_queues_within_the_bound_before_a_slow_stage() {
    let words = "run pipeline --items 200 --bound 4 --pause-ms 2 --snapshot --json";
    let output = run(&words.split(' ').collect::<Vec<_>>());

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let object = last_json(&output);
    assert_eq!(
        (&object["arrived"], &object["ok"]),
        (&200.into(), &true.into())
    );
    // A queue before a slow stage fills up; that it is seen full shows that somebody looks.
    assert_eq!(object["longest_queue"], 4, "{object}");
    assert!(object["most_alive"].as_u64() <= Some(11), "{object}");
    let text = stderr(&output);
    for stage in ["producer", "middle", "collector"] {
        let line = format!("\"{stage}\"");
        assert!(text.contains(&line), "{stage}: {text}");
    }
}

#[test]
fn a_join_completes_when_all_is_done_although_consumers_are_killed() {
    let words = "run producer-consumer --items 100 --pause-ms 3 --kills 8 --json";
    let output = run(&words.split(' ').collect::<Vec<_>>());

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let object = last_json(&output);
    assert_eq!(
        (&object["done"], &object["ok"]),
        (&300.into(), &true.into())
    );
    let count = |field: &str| object[field].as_u64().unwrap();
    assert!(count("handed_out_again") > 0, "{object}");
    assert_eq!(count("handed_out"), 300 + count("handed_out_again"));
}

#[test]
fn spinner_turns_beside_a_worker_in_a_task_a_thread_and_a_process() {
    for placement in ["task", "thread", "process"] {
        let output = run(&[
            "run",
            "spinner",
            "--placement",
            placement,
            "--seconds",
            "0.5",
            "--json",
        ]);

        let object = last_json(&output);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{object} {}",
            stderr(&output)
        );
        assert_eq!(
            (&object["ok"], &object["placement"]),
            (&true.into(), &placement.into())
        );
    }
}

/// Whether a process with this number still exists, in any state.
fn exists(pid: &str) -> bool {
    PathBuf::from("/proc").join(pid).exists()
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

fn interrupt(child: &Child) {
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

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

#[test]
fn chaos_loses_and_doubles_nothing_and_leaves_nothing() {
    let words = "run chaos --seconds 3 --seed 11 --json";
    let output = run(&words.split(' ').collect::<Vec<_>>());

    let object = last_json(&output);
    assert_eq!(output.status.code(), Some(0), "{object}");
    assert_eq!((&object["ok"], &object["seed"]), (&true.into(), &11.into()));
    for nothing in ["lost", "duplicates", "hung"] {
        assert_eq!(object[nothing], 0, "{nothing}: {object}");
    }
    let outcomes = object["outcomes"].as_object().unwrap();
    let ended: u64 = outcomes.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(object["jobs"], ended, "{object}");
    assert!(object["jobs"].as_u64() > Some(0), "{object}");
    if cfg!(target_os = "linux") {
        assert_eq!(object["processes_left"], 0, "{object}");
        assert_eq!(object["descriptors_left"], 0, "{object}");
    }
}

#[test]
fn chaos_ends_its_round_at_ctrl_c_and_still_accounts_for_all() {
    let mut child = actors(&["run", "chaos", "--seconds", "600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    output.read_line(&mut text).unwrap();
    assert!(text.contains("--seed"), "a run can be seen again: {text}");

    interrupt(&child);

    output.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{text}");
    assert!(text.contains("interrupted: nothing lost"), "{text}");
}

#[test]
fn chaos_has_no_place_in_a_simulation() {
    check_refused(&["run", "chaos", "--sim"], &["signals", "--sim"]);
    check_refused(&["run", "bank", "--seed", "3"], &["--sim"]);
}

#[test]
fn the_pool_zoo_shows_every_policy_under_the_same_load() {
    let words = "run pool-zoo --messages 300 --workers 3 --json";
    let output = run(&words.split(' ').collect::<Vec<_>>());

    let object = last_json(&output);
    assert_eq!(output.status.code(), Some(0), "{object}");
    assert_eq!(object["ok"], true);
    let policies = object["policies"].as_array().unwrap();
    let of = |name: &str| {
        let row = policies.iter().find(|row| row["policy"] == name);
        row.unwrap_or_else(|| panic!("{name} is missing: {object}"))
    };
    for name in ["random", "least_loaded", "consistent_hash", "shared_queue"] {
        assert_eq!(of(name)["handled"], 300, "{name}");
        assert_eq!(of(name)["failures"], 0, "{name}");
    }
    let even: Value = vec![100; 3].into();
    assert_eq!(of("round_robin")["by_worker"], even);
    assert_eq!(of("broadcast")["by_worker"], even);
    assert_eq!(of("broadcast")["sent"], 100);
    let count = |field: &str| of("one_fails")[field].as_u64().unwrap();
    assert!(count("failures") > 0, "{object}");
    assert_eq!(count("handled") + count("failures"), 300);
}

#[test]
fn the_pool_zoo_is_the_same_again_in_a_simulation() {
    let words = ["run", "pool-zoo", "--messages", "200", "--sim", "--json"];
    let (one, other) = (run(&words), run(&words));

    assert_eq!(one.status.code(), Some(0), "{}", stderr(&one));
    assert_eq!(last_json(&one), last_json(&other));
}
