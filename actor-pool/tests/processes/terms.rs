//! What a caller asks for, where the worker is a process: aborts, progress, chunks, initializers, replacement.

use std::collections::BTreeSet;
use std::time::Duration;

use actor_core::ActorSystem;
use actor_pool::{JobError, JobOptions, Pool, PoolError, WorkerState};

use crate::rig::{
    BROKEN, COUNT, EXIT_AT, LONG, MEET, Meeting, PID, SQUARE, STEPS, builder, is_gone, pids, pool,
};

async fn until(what: impl Fn() -> bool) {
    let end = tokio::time::Instant::now() + LONG;
    while !what() {
        assert!(tokio::time::Instant::now() < end, "it never happens");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn an_abort_ends_a_running_job_with_its_process_and_the_pool_goes_on() {
    // P1
    let (_system, pool) = pool(1).await;
    let meeting = Meeting::new();
    let job = pool.submit(&MEET, meeting.place.clone()).await.unwrap();
    let guest = meeting.guest().await;
    let next = pool.submit(&SQUARE, 3).await.unwrap();

    assert!(job.abort());

    assert_eq!(job.await, Err(JobError::Aborted));
    assert_eq!(next.await, Ok(9), "only that one");
    until(|| is_gone(guest.pid)).await;
}

#[tokio::test]
async fn a_retryable_job_that_is_aborted_is_not_run_again() {
    // P1
    let (_system, pool) = pool(1).await;
    let meeting = Meeting::new();
    let options = JobOptions::new().retryable();
    let job = pool.submit_with(&MEET, meeting.place.clone(), options);
    let job = job.await.unwrap();
    let _guest = meeting.guest().await;

    assert!(job.abort());

    assert_eq!(job.await, Err(JobError::Aborted));
    assert_eq!(pool.stats().retried, 0);
}

#[tokio::test]
async fn progress_reaches_the_handle_from_a_process() {
    let (_system, pool) = pool(1).await;
    let meeting = Meeting::new();
    let job = pool.submit(&STEPS, meeting.place.clone()).await.unwrap();
    let guest = meeting.guest().await;

    until(|| job.progress().is_some()).await;

    let progress = job.progress().unwrap();
    assert_eq!((progress.done, progress.total), (3, 4));
    guest.let_go().await;
    job.await.unwrap();
}

#[tokio::test]
async fn chunks_travel_to_processes_and_back_in_order() {
    // P2
    let (_system, pool) = pool(2).await;

    let squares = pool.map(&SQUARE, 0..1_000u64).chunk(64).collect().await;

    assert!(
        squares
            .into_iter()
            .eq((0..1_000).map(|number| Ok(number * number)))
    );
    assert_eq!(pool.stats().running_time.count(), 16);
}

#[tokio::test]
async fn of_a_retryable_chunk_only_the_item_that_kills_its_workers_fails() {
    // P2, P3, P5
    let (_system, pool) = pool(2).await;
    let options = JobOptions::new().retryable();

    let results = pool.map(&EXIT_AT, 0..20).chunk(10).options(options);
    let results = results.collect().await;

    for (place, result) in results.into_iter().enumerate() {
        match (place, result) {
            (13, Err(JobError::Quarantined { .. })) => {}
            (13, other) => panic!("{other:?}"),
            (place, result) => assert_eq!(result, Ok(place as u64)),
        }
    }
}

#[tokio::test]
async fn a_chunk_that_is_not_retryable_fails_with_its_worker() {
    // P2, P3
    let (_system, pool) = pool(1).await;

    let results = pool.map(&EXIT_AT, 0..20).chunk(10).collect().await;

    assert!(results[..10].iter().all(Result::is_ok));
    let is_lost =
        |result: &Result<u64, JobError>| matches!(result, Err(JobError::WorkerLost { .. }));
    assert!(results[10..].iter().all(is_lost));
}

#[tokio::test]
async fn jobs_in_a_process_use_the_state_that_its_initializer_made() {
    // P6
    let (_system, pool) = pool(1).await;

    assert_eq!(pool.apply(&COUNT, ()).await, Ok(1));
    assert_eq!(pool.apply(&COUNT, ()).await, Ok(2));
}

#[tokio::test]
async fn an_initializer_that_fails_in_its_process_makes_the_start_fail_with_its_error() {
    // P6
    let system = ActorSystem::new("test");

    let failed = builder(2)
        .process_env(BROKEN, "1")
        .start_attempts(2)
        .start(&system)
        .await;

    match failed.unwrap_err() {
        PoolError::Worker { reason, .. } => {
            assert!(reason.to_string().contains("no licence"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    system.shutdown(LONG).await;
}

#[tokio::test]
async fn a_process_is_replaced_after_so_many_jobs_and_loses_none() {
    // P7
    let system = ActorSystem::new("test");
    let pool = builder(1)
        .max_jobs_per_worker(3)
        .start(&system)
        .await
        .unwrap();

    let counts = pool.map(&COUNT, [(); 8]).collect().await;

    let counts: Vec<_> = counts.into_iter().map(Result::unwrap).collect();
    assert_eq!(counts, [1, 2, 3, 1, 2, 3, 1, 2]);
    assert_eq!(pool.workers()[0].restarts, 2);
}

#[tokio::test]
async fn a_process_with_nothing_to_do_ends_and_comes_back_for_work() {
    let system = ActorSystem::new("test");
    let idle = builder(1).idle_timeout(Duration::from_millis(20));
    let pool: Pool = idle.start(&system).await.unwrap();
    let first = pool.apply(&PID, ()).await.unwrap();

    until(|| pool.workers()[0].pid.is_none()).await;
    assert!(is_gone(first));
    assert_eq!(pool.workers()[0].state, WorkerState::Idle);

    assert_ne!(pool.apply(&PID, ()).await.unwrap(), first);
}

#[tokio::test]
async fn processes_that_are_not_started_with_the_pool_start_with_the_work() {
    let system = ActorSystem::new("test");
    let pool = builder(3).pre_start(1).start(&system).await.unwrap();
    assert_eq!(pids(&pool).len(), 1);

    let meeting = Meeting::new();
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(pool.submit(&MEET, meeting.place.clone()).await.unwrap());
    }
    let mut seen = BTreeSet::new();
    let mut guests = Vec::new();
    for _ in 0..3 {
        let guest = meeting.guest().await;
        seen.insert(guest.pid);
        guests.push(guest);
    }

    assert_eq!(seen.len(), 3);
    for guest in guests {
        guest.let_go().await;
    }
    for job in jobs {
        job.await.unwrap();
    }
}
