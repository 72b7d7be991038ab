//! The small topologies, each with what it shows.

use crate::runner::{check_refused, exists, last_json, run, stderr, stdout};

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
