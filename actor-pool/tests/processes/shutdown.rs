//! How a pool of processes ends: with none of them left.

use std::time::Duration;

use actor_core::{ActorSystem, ExitReason};
use actor_pool::{JobError, Refusal, ShutdownMode};

use crate::rig::{LONG, MEET, Meeting, SQUARE, builder, is_gone, pids, pool, sigkill};

#[tokio::test]
async fn a_drain_finishes_what_was_accepted_and_leaves_no_process() {
    // P9
    let (_system, pool) = pool(2).await;
    let workers = pids(&pool);
    let handles: Vec<_> = (0..50)
        .map(|n| pool.try_submit(&SQUARE, n).unwrap())
        .collect();

    let report = pool.shutdown(ShutdownMode::Drain, LONG).await;

    assert!(report.is_clean());
    assert_eq!((report.finished, report.cancelled), (50, 0));
    for (number, handle) in (0..).zip(handles) {
        assert_eq!(handle.await, Ok(number * number));
    }
    assert_eq!(workers.len(), 2);
    assert!(workers.into_iter().all(is_gone));
    let refused = pool.submit(&SQUARE, 1).await.unwrap_err();
    assert_eq!(refused.refusal(), &Refusal::Closed);
}

#[tokio::test]
async fn a_cancellation_fails_the_pending_and_finishes_what_is_in_hand() {
    // P9
    let (_system, pool) = pool(1).await;
    let workers = pids(&pool);
    let meeting = Meeting::new();
    let running = pool.submit(&MEET, meeting.place.clone()).await.unwrap();
    let guest = meeting.guest().await;
    let pending = pool.submit(&SQUARE, 2).await.unwrap();
    let ending = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.shutdown(ShutdownMode::Cancel, LONG).await })
    };

    assert_eq!(pending.await, Err(JobError::Shutdown));
    guest.let_go().await;

    assert_eq!(running.await, Ok(workers[0]));
    let report = ending.await.unwrap();
    assert_eq!((report.finished, report.cancelled), (1, 1));
    assert!(is_gone(workers[0]));
}

#[tokio::test]
async fn a_process_that_is_stuck_in_a_job_is_killed_at_the_deadline() {
    // P9
    let (_system, pool) = pool(2).await;
    let workers = pids(&pool);
    let meeting = Meeting::new();
    let stuck = pool.submit(&MEET, meeting.place.clone()).await.unwrap();
    let _guest = meeting.guest().await;

    let report = pool.shutdown(ShutdownMode::Drain, Duration::ZERO).await;

    assert!(report.is_clean());
    let lost = stuck.await;
    assert!(
        matches!(
            &lost,
            Err(JobError::WorkerLost {
                maybe_ran: true,
                reason
            }) if **reason == ExitReason::Killed
        ),
        "{lost:?}"
    );
    assert!(workers.into_iter().all(is_gone));
}

#[tokio::test]
async fn a_pool_whose_last_handle_is_dropped_leaves_no_process() {
    // P9
    let (system, pool) = pool(1).await;
    let workers = pids(&pool);
    let handle = pool.submit(&SQUARE, 4).await.unwrap();

    drop(pool);

    assert_eq!(handle.await, Ok(16));
    assert!(system.shutdown(LONG).await.is_clean());
    assert!(workers.into_iter().all(is_gone));
}

#[tokio::test]
async fn a_system_that_shuts_down_takes_its_pools_along() {
    // P9
    let (system, pool) = pool(2).await;
    let workers = pids(&pool);
    let meeting = Meeting::new();
    let running = pool.submit(&MEET, meeting.place.clone()).await.unwrap();
    let guest = meeting.guest().await;
    let ending = tokio::spawn(async move { system.shutdown(LONG).await });
    let pid = guest.pid;
    guest.let_go().await;

    assert_eq!(running.await, Ok(pid));
    ending.await.unwrap();

    assert!(workers.into_iter().all(is_gone));
}

#[tokio::test]
async fn jobs_in_the_hands_of_processes_have_as_long_as_the_shutdown_of_their_system() {
    // P9
    let (system, pool) = pool(2).await;
    let (one, other) = (Meeting::new(), Meeting::new());
    let first = pool.submit(&MEET, one.place.clone()).await.unwrap();
    let second = pool.submit(&MEET, other.place.clone()).await.unwrap();
    let guests = [one.guest().await, other.guest().await];
    let pending = pool.submit(&SQUARE, 2).await.unwrap();
    tokio::time::pause();
    let ending = tokio::spawn(async move { system.shutdown(LONG).await });
    assert_eq!(pending.await, Err(JobError::Shutdown));

    tokio::time::sleep(LONG / 2).await;
    tokio::time::resume();
    let pids = guests.each_ref().map(|guest| guest.pid);
    for guest in guests {
        guest.let_go().await;
    }

    assert_eq!((first.await, second.await), (Ok(pids[0]), Ok(pids[1])));
    assert!(ending.await.unwrap().is_clean());
    assert!(pids.into_iter().all(is_gone));
}

#[tokio::test]
async fn processes_that_are_stuck_when_their_system_shuts_down_lose_their_jobs() {
    // P1, P9
    let (system, pool) = pool(2).await;
    let (one, other) = (Meeting::new(), Meeting::new());
    let first = pool.submit(&MEET, one.place.clone()).await.unwrap();
    let second = pool.submit(&MEET, other.place.clone()).await.unwrap();
    let guests = [one.guest().await, other.guest().await];

    system.shutdown(Duration::from_millis(400)).await;

    for job in [first, second] {
        let lost = job.await;
        let is_lost = matches!(
            lost,
            Err(JobError::WorkerLost {
                maybe_ran: true,
                ..
            })
        );
        assert!(is_lost, "{lost:?}");
    }
    assert!(guests.iter().all(|guest| is_gone(guest.pid)));
}

#[tokio::test]
async fn a_drain_waits_for_the_replacement_of_a_worker_that_dies_meanwhile() {
    // P3, P9
    let (_system, pool) = pool(1).await;
    let meeting = Meeting::new();
    let doomed = pool.submit(&MEET, meeting.place.clone()).await.unwrap();
    let guest = meeting.guest().await;
    let waiting = pool.submit(&SQUARE, 6).await.unwrap();
    let ending = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.shutdown(ShutdownMode::Drain, LONG).await })
    };

    sigkill(guest.pid);

    assert!(doomed.await.is_err());
    assert_eq!(waiting.await, Ok(36));
    let report = ending.await.unwrap();
    assert_eq!((report.finished, report.cancelled), (1, 0));
}

#[tokio::test]
async fn a_pool_whose_workers_cannot_be_replaced_goes_on_trying_and_still_ends() {
    // P3, P9
    let system = ActorSystem::new("test");
    let link = std::env::temp_dir().join(format!("pool-worker-{}", std::process::id()));
    std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &link).unwrap();
    let pool = builder(1)
        .process_binary(&link)
        .start(&system)
        .await
        .unwrap();
    std::fs::remove_file(&link).unwrap();
    sigkill(pids(&pool)[0]);
    while pool.workers()[0].restarts < 3 {
        tokio::task::yield_now().await;
    }
    let waiting = pool.submit(&SQUARE, 6).await.unwrap();

    let report = pool.shutdown(ShutdownMode::Drain, Duration::ZERO).await;

    assert_eq!(waiting.await, Err(JobError::Shutdown));
    assert_eq!((report.finished, report.cancelled), (0, 1));
    assert!(report.is_clean());
}
