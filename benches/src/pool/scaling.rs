//! Equal jobs of 1 ms of computing over two processes, beside half the time that one thread takes for all of them.
//!
//! `raw_threads` shows what the machine gives: two plain threads, half of the jobs each, with nothing to hand out.

use std::{
    hint::black_box,
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

pub(super) fn ideal(on: &Handle) -> Run {
    rounds(
        on,
        || async {},
        |(), sizes| async move { work_off(sizes.computed) / WORKERS as f64 },
    )
}

pub(super) fn two_threads(on: &Handle) -> Run {
    rounds(
        on,
        || async {},
        |(), sizes| async move {
            let begin = Instant::now();
            std::thread::scope(|scope| {
                for _ in 0..WORKERS {
                    scope.spawn(|| work_off(sizes.computed / WORKERS));
                }
            });
            millis(begin)
        },
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
