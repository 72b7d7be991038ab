//! Processes that are replaced when they have done enough or grown too large, and jobs that are ended with their process.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use actor_core::ActorSystem;
use actor_pool::JobError;

use crate::rig::{LEAK, LONG, MEET, Meeting, PID, SQUARE, builder, is_gone, pids, sigstop};

const LIMIT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_job_that_runs_too_long_is_ended_with_its_process() {
    // P9
    let system = ActorSystem::new("test");
    let pool = builder(1).time_limit(LIMIT).start(&system).await.unwrap();
    let meeting = Meeting::new();
    let stuck = pool.submit(&MEET, meeting.place.clone()).await.unwrap();
    let guest = meeting.guest().await;
    let behind = pool.submit(&SQUARE, 4).await.unwrap();

    let error = stuck.await.unwrap_err();

    assert_eq!(error, JobError::TimeLimit { limit: LIMIT });
    assert!(error.may_have_run());
    assert_eq!(behind.await, Ok(16));
    assert!(is_gone(guest.pid));
}

#[tokio::test]
async fn a_process_that_was_ended_for_its_job_is_replaced_without_a_pause() {
    // P9: the fault was the job's. After ten workers in a row that did no job the pauses would add up to sixteen seconds.
    let limit = Duration::from_millis(20);
    let system = ActorSystem::new("test");
    let pool = builder(1).time_limit(limit).start(&system).await.unwrap();
    let meeting = Meeting::new();
    let begin = Instant::now();

    for _ in 0..10 {
        let stuck = pool.apply(&MEET, meeting.place.clone()).await;
        assert_eq!(stuck, Err(JobError::TimeLimit { limit }));
    }

    assert_eq!(pool.apply(&SQUARE, 4).await, Ok(16));
    assert_eq!(pool.workers()[0].restarts, 10);
    let passed = begin.elapsed();
    assert!(passed < Duration::from_secs(8), "{passed:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_stopped_process_hangs_nobody_when_there_is_a_time_limit() {
    // P9, R3
    let system = ActorSystem::new("test");
    let pool = builder(1).time_limit(LIMIT).start(&system).await.unwrap();
    let meeting = Meeting::new();
    let stuck = pool.submit(&MEET, meeting.place.clone()).await.unwrap();
    let guest = meeting.guest().await;
    sigstop(guest.pid);

    assert_eq!(
        stuck.await.unwrap_err(),
        JobError::TimeLimit { limit: LIMIT }
    );
    // Stopped before it begins: it is done by another.
    let idle = pool.submit(&PID, ()).await.unwrap().await.unwrap();
    sigstop(idle);
    let later = pool.submit(&PID, ()).await.unwrap().await;
    assert!(later.is_ok_and(|pid| pid != idle));
    assert!(is_gone(guest.pid) && is_gone(idle));
}

#[tokio::test]
async fn workers_are_replaced_after_so_many_jobs_and_no_job_is_lost() {
    // P7
    let system = ActorSystem::new("test");
    let pool = builder(2)
        .max_jobs_per_worker(7)
        .start(&system)
        .await
        .unwrap();

    let results = pool.map(&PID, std::iter::repeat_n((), 60)).collect().await;

    let mut jobs_of = BTreeMap::new();
    for pid in results {
        *jobs_of.entry(pid.unwrap()).or_insert(0) += 1;
    }
    assert!(jobs_of.values().all(|jobs| *jobs <= 7), "{jobs_of:?}");
    assert!(jobs_of.len() >= 9, "{jobs_of:?}");
    let (done, all) = (pool.finished(), 60);
    assert_eq!(done, all);
    pool.shutdown(actor_pool::ShutdownMode::Drain, LONG).await;
    assert!(jobs_of.into_keys().all(is_gone));
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_process_that_has_grown_too_large_is_replaced_after_its_job() {
    // P7
    let system = ActorSystem::new("test");
    let limit = 256 << 20;
    let pool = builder(1).memory_limit(limit).start(&system).await.unwrap();
    let small = pool.submit(&PID, ()).await.unwrap().await.unwrap();
    assert_eq!(pids(&pool), [small]);

    let large = pool.submit(&LEAK, 300 << 20).await.unwrap().await;

    assert_eq!(large, Ok(small), "the job itself is done");
    let next = pool.submit(&PID, ()).await.unwrap().await.unwrap();
    assert_ne!(next, small);
    assert!(is_gone(small));
}
