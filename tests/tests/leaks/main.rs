//! Nothing is kept that is over: whatever begins and ends very often leaves the resident memory flat.
//!
//! Each test runs in a process of its own, since others would be counted too. 100,000 cycles by default; a full run:
//! `LEAK_CYCLES=1000000 cargo test --release -p tests --test leaks`

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod cycles;

use std::process::Command;

use actor_core::link::Outlet;
use actor_core::prelude::*;

const ALONE: &str = "LEAKS_TEST_ALONE";

/// How much more there may be at the end than after the warm-up.
const ALLOWED: f64 = 1.05;

fn cycles() -> u64 {
    let number = std::env::var("LEAK_CYCLES");
    number.map_or(100_000, |number| number.parse().expect("a number"))
}

/// Pages of memory that this process has in use.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("this is Linux");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.expect("the second number is the resident pages")
}

/// Runs a test of this program in a process of its own.
fn run_alone(test: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(ALONE, "1")
        // Free memory in many arenas is no leak, but looks like one.
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{complained}");
    assert!(told.contains("1 passed"), "{told}");
}

/// Runs cycles for a while, then again and much longer. What was resident in between, and at the end.
fn measure(run: impl AsyncFn(&ActorSystem, u64)) -> (u64, u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let system = ActorSystem::new("leaks");
        run(&system, cycles().div_ceil(5).min(100_000)).await;
        let before = resident();
        run(&system, cycles()).await;
        let after = resident();
        tests::finish(&system).await;
        (before, after)
    })
}

/// Resident memory is the same after very many cycles as after some.
fn check_flat(test: &str, run: impl AsyncFn(&ActorSystem, u64)) {
    if std::env::var_os(ALONE).is_none() {
        return run_alone(test);
    }
    let (before, after) = measure(run);
    assert!(
        after as f64 <= before as f64 * ALLOWED,
        "{before} pages became {after} in {} cycles",
        cycles()
    );
}

// C5
#[test]
fn actors_that_start_and_stop_leave_nothing() {
    check_flat(
        "actors_that_start_and_stop_leave_nothing",
        cycles::spawn_and_stop,
    );
}

// C7
#[test]
fn actors_whose_references_go_leave_nothing() {
    check_flat(
        "actors_whose_references_go_leave_nothing",
        cycles::spawn_and_let_go,
    );
}

// B2
#[test]
fn asks_leave_nothing() {
    check_flat("asks_leave_nothing", cycles::ask);
}

// B1
#[test]
fn asks_that_are_given_up_leave_nothing() {
    check_flat("asks_that_are_given_up_leave_nothing", cycles::give_asks_up);
}

// A11
#[test]
fn sends_that_wait_or_are_given_up_leave_nothing() {
    check_flat(
        "sends_that_wait_or_are_given_up_leave_nothing",
        cycles::wait_for_room,
    );
}

// G1, G2
#[test]
fn timers_that_are_cancelled_or_fire_leave_nothing() {
    check_flat(
        "timers_that_are_cancelled_or_fire_leave_nothing",
        cycles::set_timers,
    );
}

// F1, F3
#[test]
fn monitors_that_are_removed_or_fire_leave_nothing() {
    check_flat(
        "monitors_that_are_removed_or_fire_leave_nothing",
        cycles::set_monitors,
    );
}

// F5
#[test]
fn links_that_are_taken_back_leave_nothing() {
    check_flat("links_that_are_taken_back_leave_nothing", cycles::set_links);
}

// H2
#[test]
fn groups_that_are_left_leave_nothing() {
    check_flat("groups_that_are_left_leave_nothing", cycles::join_groups);
}

// H3
#[test]
fn subscriptions_that_end_leave_nothing() {
    check_flat("subscriptions_that_end_leave_nothing", cycles::subscribe);
}

// H1
#[test]
fn names_that_are_released_leave_nothing() {
    check_flat("names_that_are_released_leave_nothing", cycles::take_names);
}

// D2
#[test]
fn restarts_leave_nothing() {
    check_flat("restarts_leave_nothing", cycles::restart);
}

#[test]
fn dynamic_children_leave_nothing() {
    check_flat("dynamic_children_leave_nothing", cycles::start_children);
}

#[test]
fn simulations_leave_nothing() {
    check_flat("simulations_leave_nothing", cycles::simulate);
}

// C6
#[test]
fn children_of_actors_leave_nothing() {
    check_flat("children_of_actors_leave_nothing", cycles::spawn_children);
}

#[test]
fn what_is_kept_is_seen() {
    if std::env::var_os(ALONE).is_none() {
        return run_alone("what_is_kept_is_seen");
    }
    let (before, after) = measure(async |_, count| {
        std::mem::forget(vec![1_u8; count as usize * 16]);
    });
    assert!(after as f64 > before as f64 * ALLOWED, "{before}, {after}");
}

// The imported actor belongs to whoever holds its outlet, and that is this test.
#[tokio::test(start_paused = true)]
#[should_panic(expected = "the test left (1, 0, 0)")]
async fn what_a_test_leaves_is_seen() {
    let system = tests::paused_system();
    let _elsewhere = Outlet::<u32>::open(&system, Mailbox::unbounded());
    system.finish().await;
}
