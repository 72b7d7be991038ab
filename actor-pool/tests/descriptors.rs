//! A pool of processes leaves no descriptor, however it ends. In a program of its own, since what is counted is the whole process's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::time::Duration;

use actor_core::ActorSystem;
use actor_pool::{Job, JobHandle, JobOptions, Jobs, Pool, ShutdownMode};
use actor_remote::{Node, Registry};
use rustix::process::{Pid, Signal, kill_process};

const LONG: Duration = Duration::from_secs(60);
const SQUARE: Job<u64, u64> = Job::new("test.square/v1", |number| number * number);
const EXIT: Job<(), ()> = Job::new("test.exit/v1", |()| std::process::exit(9));
const STUCK: Job<(), ()> = Job::new("test.stuck/v1", |()| {
    loop {
        std::thread::park();
    }
});

fn jobs() -> Jobs {
    let jobs = Jobs::builder().job(SQUARE).job(EXIT).job(STUCK);
    jobs.build().unwrap()
}

fn registry() -> Registry {
    jobs().register(Registry::builder()).build().unwrap()
}

/// In an ordinary run this is nothing; the pool runs this executable again with the name of this test, and then it is its worker.
#[test]
fn this_executable_is_its_own_worker() {
    actor_remote::init(&registry());
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// What happens to a pool before it has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Drain,
    Cancel,
    /// A drain that has no time, with a job in hand.
    Cut,
    /// A drain, and the workers have died a few times before.
    AfterKills,
    /// The last handle is dropped, and the system ends.
    Dropped,
}

/// Returns how many there were when the pool had ended and its system had not.
async fn live_and_end(end: End) -> Option<usize> {
    let system = ActorSystem::new("test");
    let pool = Pool::processes(2, &Node::new(registry()), &jobs())
        .process_arg("this_executable_is_its_own_worker")
        .process_arg("--exact")
        .start(&system)
        .await
        .unwrap();
    let handles: Vec<JobHandle<u64>> = (0..20)
        .map(|number| pool.try_submit(&SQUARE, number).unwrap())
        .collect();
    match end {
        End::Drain => drop(pool.shutdown(ShutdownMode::Drain, LONG).await),
        End::Cancel => drop(pool.shutdown(ShutdownMode::Cancel, LONG).await),
        End::Cut => {
            let stuck = pool.try_submit(&STUCK, ()).unwrap();
            pool.shutdown(ShutdownMode::Drain, Duration::ZERO).await;
            assert!(stuck.await.is_err());
        }
        End::AfterKills => {
            for _ in 0..3 {
                kill(&pool);
                assert!(pool.apply(&EXIT, ()).await.is_err());
                let options = JobOptions::new().retryable();
                let square = pool.submit_with(&SQUARE, 3, options).await.unwrap();
                assert_eq!(square.await, Ok(9));
            }
            pool.shutdown(ShutdownMode::Drain, LONG).await;
        }
        End::Dropped => drop(pool),
    }
    let ended = (end != End::Dropped).then(descriptors);
    system.shutdown(LONG).await;
    drop(handles);
    ended
}

/// Kills a worker, if there is one at this moment.
fn kill(pool: &Pool) {
    let pid = pool.workers().iter().find_map(|worker| worker.pid);
    if let Some(pid) = pid.and_then(|pid| Pid::from_raw(pid.try_into().unwrap())) {
        kill_process(pid, Signal::KILL).ok();
    }
}

#[tokio::test]
async fn a_pool_of_processes_leaves_no_descriptor_however_it_ends() {
    // P9, R2
    let before = descriptors();
    for end in [
        End::Drain,
        End::Cancel,
        End::Cut,
        End::AfterKills,
        End::Dropped,
    ] {
        let after = live_and_end(end).await;

        assert_eq!(after.unwrap_or(before), before, "after {end:?} of the pool");
        assert_eq!(descriptors(), before, "after {end:?} and the system's end");
    }
}
