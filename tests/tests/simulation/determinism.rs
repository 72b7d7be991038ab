//! The same seed gives the same run.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actor_core::testing::{FailureKind, Schedule, Simulation};

use super::mixture::play;

const RUNS: usize = 200;

fn schedules() -> [Schedule; 4] {
    [
        Schedule::Mixed,
        Schedule::Fifo,
        Schedule::Random,
        Schedule::Pct { depth: 3 },
    ]
}

#[test]
fn a_seed_gives_one_digest_and_one_order_however_often_it_runs() {
    let runs: BTreeSet<(u64, u64, u64, Vec<String>)> = (0..RUNS)
        .map(|_| {
            let report = Simulation::new().seed(7).run(play).unwrap();
            (report.digest, report.steps, report.events, report.output)
        })
        .collect();

    assert_eq!(runs.len(), 1);
}

#[test]
fn seeds_give_different_orders() {
    let orders: BTreeSet<Vec<String>> = (0..50)
        .map(|seed| Simulation::new().seed(seed).run(play).unwrap().output)
        .collect();

    assert!(orders.len() > 45, "{} orders of 50 seeds", orders.len());
}

#[test]
fn every_order_handles_the_same_messages() {
    let sorted = |seed| {
        let mut diary = Simulation::new().seed(seed).run(play).unwrap().output;
        diary.retain(|line| line.contains('.') || line.contains("got") || line.contains("looked"));
        diary.sort();
        diary
    };

    let diaries: BTreeSet<Vec<String>> = (0..50).map(sorted).collect();

    assert_eq!(diaries.len(), 1);
}

#[test]
fn each_schedule_is_deterministic() {
    for schedule in schedules() {
        for seed in 0..5 {
            let simulation = Simulation::new().schedule(schedule.clone());
            simulation.check_deterministic(seed, play).unwrap();
        }
    }
}

/// Set in the process that another one compares itself with.
const OTHER: &str = "SIMULATION_TEST_OTHER";

// Where things lie in memory, and how hash maps are seeded, is different there.
#[test]
fn a_seed_gives_the_same_digest_in_another_process() {
    let digests = (0..20).map(|seed| Simulation::new().seed(seed).run(play).unwrap().digest);
    let digests = format!("{:?}", digests.collect::<Vec<u64>>());
    if std::env::var_os(OTHER).is_some() {
        return std::io::Write::write_all(&mut std::io::stdout(), digests.as_bytes()).unwrap();
    }

    let test = "determinism::a_seed_gives_the_same_digest_in_another_process";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(OTHER, "1")
        .output()
        .unwrap();

    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains(&digests), "{digests} is not in {told}");
}

#[test]
fn several_simulations_run_at_once_on_threads_and_disturb_nobody() {
    let alone: Vec<u64> = (0..8)
        .map(|seed| Simulation::new().seed(seed).run(play).unwrap().digest)
        .collect();

    let together: Vec<u64> = std::thread::scope(|scope| {
        let run = |seed| move || Simulation::new().seed(seed).run(play).unwrap().digest;
        let threads: Vec<_> = (0..8).map(|seed| scope.spawn(run(seed))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });

    assert_eq!(alone, together);
}

#[test]
fn a_run_that_follows_from_more_than_the_seed_is_found_out() {
    let runs = AtomicU32::new(0);

    let checked = Simulation::new().check_deterministic(7, |system| {
        let order = runs.fetch_add(1, Ordering::Relaxed);
        let diary = Arc::default();
        async move {
            // As the order of a hash map would.
            let sinks = [
                super::turns::Scribe::spawn(&system, "left", &diary),
                super::turns::Scribe::spawn(&system, "right", &diary),
            ];
            let first = order as usize % 2;
            sinks[first].send(1).await.unwrap();
            sinks[1 - first].send(1).await.unwrap();
            system.settle().await;
        }
    });

    let FailureKind::Parted { first, second, .. } = checked.unwrap_err().kind else {
        panic!("the two runs were not told apart");
    };
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(
        first.contains("left") && second.contains("right"),
        "{first} | {second}"
    );
}
