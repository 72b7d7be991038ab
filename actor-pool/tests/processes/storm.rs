//! A thousand jobs against two hundred kills: each job has one outcome, and the ledger in a file agrees with it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use actor_pool::{JobError, JobOptions, Pool, ShutdownMode};

use crate::rig::{LONG, NOTE, is_gone, pids, pool, sigkill_if_there};

const JOBS: u64 = 1_000;
const KILLS: u64 = 200;
const SEED: u64 = 0x5eed_0f70_01ca_fe11;

struct Ledger(PathBuf);

impl Ledger {
    fn new() -> Self {
        let name = format!("pool-ledger-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, "").unwrap();
        Ledger(path)
    }

    /// How often each job has begun.
    fn begun(&self) -> BTreeMap<u64, u32> {
        let mut begun = BTreeMap::new();
        for line in std::fs::read_to_string(&self.0).unwrap().lines() {
            *begun.entry(line.parse().unwrap()).or_insert(0) += 1;
        }
        begun
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

/// Kills a random worker again and again, each time after some more jobs are done.
async fn kill_at_random(pool: &Pool, killed: &mut Vec<u32>) {
    let mut state = SEED;
    while (killed.len() as u64) < KILLS {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let done = pool.finished();
        let wanted = done + state % 5;
        while pool.finished() < wanted {
            tokio::task::yield_now().await;
        }
        let there = pids(pool);
        if let Some(victim) = there.get((state >> 33) as usize % there.len().max(1))
            && !is_gone(*victim)
            && sigkill_if_there(*victim)
        {
            killed.push(*victim);
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_jobs_against_two_hundred_kills_are_each_accounted_for_once() {
    // P3, P5, P9
    let (_system, pool) = pool(4).await;
    let ledger = Ledger::new();
    let submitting = async {
        let mut handles = Vec::new();
        for number in 0..JOBS {
            let options = match number % 2 {
                0 => JobOptions::new(),
                _ => JobOptions::new().retryable(),
            };
            let argument = (ledger.0.clone(), number);
            let handle = pool.submit_with(&NOTE, argument, options).await.unwrap();
            handles.push((number, handle));
        }
        let mut outcomes = Vec::new();
        for (number, handle) in handles {
            outcomes.push((number, handle.await));
        }
        outcomes
    };
    let mut killed = Vec::new();

    let outcomes = tokio::select! {
        outcomes = submitting => outcomes,
        never = async { kill_at_random(&pool, &mut killed).await; std::future::pending().await } => never,
    };

    let begun = ledger.begun();
    let (mut done, mut lost) = (0, 0);
    for (number, outcome) in &outcomes {
        let times = begun.get(number).copied().unwrap_or(0);
        match outcome {
            Ok(same) => {
                assert_eq!(same, number);
                assert!(times >= 1, "job {number} has a result and never began");
                done += 1;
            }
            Err(JobError::WorkerLost { .. } | JobError::Quarantined { .. }) => lost += 1,
            Err(other) => panic!("seed {SEED:#x}: job {number}: {other}"),
        }
        if number % 2 == 0 {
            assert!(
                times <= 1,
                "seed {SEED:#x}: job {number} began {times} times"
            );
        }
    }
    assert_eq!(outcomes.len() as u64, JOBS);
    assert_eq!(done + lost, JOBS);
    assert!(lost <= killed.len() as u64);
    let left = pids(&pool);
    pool.shutdown(ShutdownMode::Drain, LONG).await;
    assert!(left.into_iter().chain(killed).all(is_gone));
}
