//! Several jobs in the hands of one worker: none waits behind a slow one, none begins twice, and none ends with another.

use std::path::PathBuf;
use std::time::Duration;

use actor_core::ActorSystem;
use actor_pool::JobError;

#[cfg(target_os = "linux")]
use crate::rig::sigstop;
use crate::rig::{MEET, Meeting, NOTE, SQUARE, builder, pool};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_handed_out_behind_a_slow_one_are_taken_back_and_done_elsewhere() {
    // P3
    let (_system, pool) = pool(2).await;
    // Fast jobs first, so that each worker is given many at a time.
    let fast = pool.map(&SQUARE, 0..5_000).look_ahead(900).collect().await;
    assert!(fast.iter().all(Result::is_ok));
    let meeting = Meeting::new();

    let before: Vec<_> = (0..300)
        .map(|number| pool.try_submit(&SQUARE, number).unwrap())
        .collect();
    let slow = pool.try_submit(&MEET, meeting.place.clone()).unwrap();
    let behind: Vec<_> = (0..300)
        .map(|number| pool.try_submit(&SQUARE, number).unwrap())
        .collect();

    // All of them while the slow one is in hand.
    let guest = meeting.guest().await;
    for (number, job) in (0..300).chain(0..300).zip(before.into_iter().chain(behind)) {
        assert_eq!(job.await, Ok(number * number));
    }
    assert!(!slow.is_finished());
    let pid = guest.pid;
    guest.let_go().await;
    assert_eq!(slow.await, Ok(pid));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_ends_as_cancelled_exactly_when_its_cancellation_said_so() {
    // P1: what a worker holds is not pending any more, whether it has begun or not.
    let (_system, pool) = pool(2).await;
    let mut handles = Vec::new();
    for number in 0..3_000u64 {
        let handle = pool.submit(&SQUARE, number).await.unwrap();
        let cancelled = number % 3 == 0 && handle.cancel();
        handles.push((number, cancelled, handle));
    }

    for (number, cancelled, handle) in handles {
        let wanted = if cancelled {
            Err(JobError::Cancelled)
        } else {
            Ok(number * number)
        };
        assert_eq!(handle.await, wanted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_harms_no_job_but_its_own() {
    // P1, P3: what is finished and not yet heard of must not be taken for what runs.
    let (_system, pool) = pool(2).await;
    let mut handles = Vec::new();
    let mut first = 0;

    for number in 0..3_000u64 {
        let argument = (PathBuf::from("/dev/null"), number);
        handles.push(pool.submit(&NOTE, argument).await.unwrap());
        while handles[first].is_finished() && first + 1 < handles.len() {
            first += 1;
        }
        if number % 5 == 0 {
            handles[first].abort();
        }
    }

    let mut ended = 0;
    for (number, handle) in handles.into_iter().enumerate() {
        match handle.await {
            Ok(noted) => assert_eq!(noted, number as u64),
            Err(JobError::Aborted | JobError::Cancelled) => ended += 1,
            Err(other) => panic!("{number}: {other:?}"),
        }
    }
    assert!(ended <= 3_000 / 5, "{ended}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_ends_a_job_in_a_process_that_is_stopped_and_the_others_are_done() {
    // P1, P3
    let (_system, pool) = pool(1).await;
    let fast = pool.map(&SQUARE, 0..5_000).look_ahead(900).collect().await;
    assert!(fast.iter().all(Result::is_ok));
    let meeting = Meeting::new();
    let job = pool.try_submit(&MEET, meeting.place.clone()).unwrap();
    let behind: Vec<_> = (0..50)
        .map(|number| pool.try_submit(&SQUARE, number).unwrap())
        .collect();
    let guest = meeting.guest().await;
    sigstop(guest.pid);

    assert!(job.abort());

    assert_eq!(job.await, Err(JobError::Aborted));
    for (number, job) in (0..50).zip(behind) {
        assert_eq!(job.await, Ok(number * number));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_at_its_time_limit_takes_no_other_along() {
    // P3: the limit is so short that it passes now and then while others are in the same hands.
    let system = ActorSystem::new("test");
    let limit = Duration::from_micros(400);
    let pool = builder(2).time_limit(limit).start(&system).await.unwrap();
    let mut jobs = Vec::new();

    for number in 0..3_000u64 {
        let argument = (PathBuf::from("/dev/null"), number);
        jobs.push((number, pool.submit(&NOTE, argument).await.unwrap()));
    }

    for (number, job) in jobs {
        match job.await {
            Ok(noted) => assert_eq!(noted, number),
            Err(JobError::TimeLimit { .. }) => {}
            Err(other) => panic!("{number}: {other:?}"),
        }
    }
}
