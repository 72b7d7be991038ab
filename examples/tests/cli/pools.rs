//! Chaos, and the zoo of pools.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use serde_json::Value;

use crate::runner::{actors, check_refused, interrupt, last_json, run, stderr};

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
