//! Handing in jobs and collecting what comes of them. Everything with the options that a pool has when one says nothing: `submit` waits
//! while 1,024 jobs wait for a worker.

use std::time::Instant;

use actor_pool::JobOptions;
use tokio::runtime::Handle;

use super::{
    PoolSizes,
    jobs::{TINY, sum_of_tiny, tiny},
    kept::{Kept, rounds},
};
use crate::{harness::Run, process::raw::median_micros};

pub(super) fn threads(on: &Handle) -> Run {
    rounds(on, Kept::threads, submit_closures)
}

async fn submit_closures(kept: Kept, sizes: PoolSizes) -> f64 {
    let begin = Instant::now();
    let mut jobs = Vec::with_capacity(sizes.closures as usize);
    for number in 0..sizes.closures {
        let job = kept.pool.submit_fn(move || tiny(number)).await;
        jobs.push(job.expect("the pool is open"));
    }
    let mut sum = 0u64;
    for job in jobs {
        sum = sum.wrapping_add(job.await.expect("nothing fails"));
    }
    let nanos = begin.elapsed().as_nanos() as f64;
    assert_eq!(sum, sum_of_tiny(sizes.closures), "jobs were lost");
    nanos / sizes.closures as f64
}

/// The same by hand: a task for each, on the two workers of the runtime.
pub(super) fn tokio_tasks(on: &Handle) -> Run {
    rounds(on, || async {}, |(), sizes| spawn_and_join(sizes.closures))
}

async fn spawn_and_join(closures: u64) -> f64 {
    let begin = Instant::now();
    let spawn = |number| tokio::spawn(async move { tiny(number) });
    let tasks: Vec<_> = (0..closures).map(spawn).collect();
    let mut sum = 0u64;
    for task in tasks {
        sum = sum.wrapping_add(task.await.expect("nothing panics"));
    }
    let nanos = begin.elapsed().as_nanos() as f64;
    assert_eq!(sum, sum_of_tiny(closures), "tasks were lost");
    nanos / closures as f64
}

pub(super) fn processes(on: &Handle) -> Run {
    rounds(on, Kept::processes, submit_jobs)
}

async fn submit_jobs(kept: Kept, sizes: PoolSizes) -> f64 {
    let begin = Instant::now();
    let mut jobs = Vec::with_capacity(sizes.submitted as usize);
    for number in 0..sizes.submitted {
        let job = kept.pool.submit(&TINY, number).await;
        jobs.push(job.expect("the pool is open"));
    }
    let mut sum = 0u64;
    for job in jobs {
        sum = sum.wrapping_add(job.await.expect("nothing fails"));
    }
    let micros = begin.elapsed().as_secs_f64() * 1e6;
    assert_eq!(sum, sum_of_tiny(sizes.submitted), "jobs were lost");
    micros / sizes.submitted as f64
}

/// Retryable, since only such jobs are put together in chunks unasked.
pub(super) fn map(on: &Handle) -> Run {
    rounds(on, Kept::processes, map_jobs)
}

async fn map_jobs(kept: Kept, sizes: PoolSizes) -> f64 {
    let begin = Instant::now();
    let map = kept.pool.map(&TINY, 0..sizes.mapped);
    let results = map.options(JobOptions::new().retryable()).collect().await;
    let nanos = begin.elapsed().as_nanos() as f64;
    let numbers = results
        .into_iter()
        .map(|result| result.expect("nothing fails"));
    let sum = numbers.fold(0, u64::wrapping_add);
    assert_eq!(sum, sum_of_tiny(sizes.mapped), "items were lost");
    nanos / sizes.mapped as f64
}

pub(super) fn apply(on: &Handle) -> Run {
    rounds(on, Kept::processes, apply_jobs)
}

async fn apply_jobs(kept: Kept, sizes: PoolSizes) -> f64 {
    let mut nanos = Vec::with_capacity(sizes.applied);
    for number in 0..sizes.applied as u64 {
        let begin = Instant::now();
        let result = kept.pool.apply(&TINY, number).await;
        nanos.push(begin.elapsed().as_nanos() as u64);
        assert_eq!(result, Ok(tiny(number)), "an answer was wrong");
    }
    median_micros(&mut nanos)
}
