//! Equal jobs of 1 ms of computing over two processes, beside the ideal: half the time that one thread takes for all of them while the
//! other core rests.
//!
//! `two_threads` are two plain threads that count the jobs off, so that neither waits for the other at the end and nothing is handed out.
//! They do not reach the ideal where cores share a clock, a cache or a machine with others: they show what the machine takes away, and no
//! pool can give back.

use std::{
    hint::black_box,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

use super::{
    PoolSizes,
    jobs::{COMPUTE, compute, turns_in},
    kept::{Kept, WORKERS, rounds},
};
use crate::harness::Run;

const JOB: Duration = Duration::from_millis(1);

pub(super) fn ours(on: &Handle) -> Run {
    rounds(on, Kept::processes, over_processes)
}

async fn over_processes(kept: Kept, sizes: PoolSizes) -> f64 {
    let turns = turns_in(JOB);
    let begin = Instant::now();
    let mut jobs = Vec::with_capacity(sizes.computed);
    for _ in 0..sizes.computed {
        let job = kept.pool.submit(&COMPUTE, turns).await;
        jobs.push(job.expect("the pool is open"));
    }
    for job in jobs {
        black_box(job.await.expect("nothing fails"));
    }
    millis(begin)
}

pub(super) fn two_threads(on: &Handle) -> Run {
    rounds(
        on,
        || async {},
        |(), sizes| async move {
            let turns = turns_in(JOB);
            let next = AtomicUsize::new(0);
            let begin = Instant::now();
            std::thread::scope(|scope| {
                for _ in 0..WORKERS {
                    scope.spawn(|| {
                        while next.fetch_add(1, Relaxed) < sizes.computed {
                            black_box(compute(black_box(turns)));
                        }
                    });
                }
            });
            millis(begin)
        },
    )
}

pub(super) fn half_of_one_thread(on: &Handle) -> Run {
    rounds(
        on,
        || async {},
        |(), sizes| async move { work_off(sizes.computed) / WORKERS as f64 },
    )
}

fn work_off(jobs: usize) -> f64 {
    let turns = turns_in(JOB);
    let begin = Instant::now();
    for _ in 0..jobs {
        black_box(compute(black_box(turns)));
    }
    millis(begin)
}

fn millis(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e3
}
