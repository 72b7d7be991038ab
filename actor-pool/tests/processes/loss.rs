//! Workers that die, with and without a job in hand.

use actor_core::{ExitReason, ProcessExit};
use actor_pool::{JobError, JobOptions, JobStatus};

use crate::rig::{
    ABORT, EXIT, MEET, Meeting, PID, SQUARE, is_gone, pids, pool, sigkill, sigkill_if_there,
};

fn process(reason: &ExitReason) -> &ProcessExit {
    match reason {
        ExitReason::Process(exit) => exit,
        other => panic!("{other:?}"),
    }
}

fn process_exit(error: &JobError) -> &ProcessExit {
    match error {
        JobError::WorkerLost {
            maybe_ran: true,
            reason,
        } => process(reason),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_killed_worker_fails_only_the_job_in_its_hands() {
    // P3, P4
    let (_system, pool) = pool(2).await;
    let meeting = Meeting::new();
    let doomed = pool.submit(&MEET, meeting.place.clone()).await.unwrap();
    let guest = meeting.guest().await;
    let others: Vec<_> = (0..20)
        .map(|n| pool.try_submit(&SQUARE, n).unwrap())
        .collect();

    sigkill(guest.pid);

    let error = doomed.await.unwrap_err();
    assert_eq!(process_exit(&error).signal, Some(9));
    for (number, other) in (0..).zip(others) {
        assert_eq!(other.await, Ok(number * number));
    }
    assert!(is_gone(guest.pid));
}

#[tokio::test]
async fn a_pool_replaces_its_only_worker_and_goes_on() {
    // P3
    let (_system, pool) = pool(1).await;
    let meeting = Meeting::new();
    let doomed = pool.submit(&MEET, meeting.place.clone()).await.unwrap();
    let guest = meeting.guest().await;
    let waiting = pool.submit(&PID, ()).await.unwrap();
    assert_eq!(waiting.status(), JobStatus::Pending);

    sigkill(guest.pid);

    assert!(doomed.await.is_err());
    let replacement = waiting.await.unwrap();
    assert_ne!(replacement, guest.pid);
    assert_eq!(pool.workers()[0].restarts, 1);
    assert_eq!(pids(&pool), [replacement]);
}

#[tokio::test]
async fn a_retryable_job_runs_again_when_its_worker_is_killed() {
    // P3
    let (_system, pool) = pool(2).await;
    let meeting = Meeting::new();
    let options = JobOptions::new().retryable();
    let job = pool
        .submit_with(&MEET, meeting.place.clone(), options)
        .await
        .unwrap();
    let first = meeting.guest().await;

    sigkill(first.pid);

    let second = meeting.guest().await;
    assert_ne!(second.pid, first.pid);
    let pid = second.pid;
    second.let_go().await;
    assert_eq!(job.await, Ok(pid));
}

#[tokio::test]
async fn a_worker_that_is_killed_while_idle_costs_no_job() {
    // P3
    let (_system, pool) = pool(1).await;
    let before = pool.submit(&PID, ()).await.unwrap().await.unwrap();

    sigkill(before);
    // A job that is on its way to a dead process when its death is seen may have begun for all anybody knows.
    while pids(&pool) == [before] {
        tokio::task::yield_now().await;
    }

    let after = pool.submit(&PID, ()).await.unwrap().await.unwrap();
    assert_ne!(after, before);
    assert_eq!(pool.workers()[0].restarts, 1);
}

#[tokio::test]
async fn a_job_that_exits_is_told_with_its_code_and_its_last_words() {
    // P4
    let (_system, pool) = pool(1).await;

    for code in [3, 0] {
        let error = pool.submit(&EXIT, code).await.unwrap().await.unwrap_err();

        let exit = process_exit(&error);
        assert_eq!((exit.code, exit.signal), (Some(code), None));
        assert!(exit.stderr.contains("these are my last words"), "{error}");
    }
    assert_eq!(pool.submit(&SQUARE, 3).await.unwrap().await, Ok(9));
}

#[tokio::test]
async fn a_job_that_aborts_is_told_with_its_signal() {
    // P4
    let (_system, pool) = pool(1).await;

    let error = pool.submit(&ABORT, ()).await.unwrap().await.unwrap_err();

    assert_eq!(process_exit(&error).signal, Some(6));
    assert_eq!(pool.submit(&SQUARE, 3).await.unwrap().await, Ok(9));
}

#[tokio::test]
async fn a_retryable_job_that_always_kills_its_worker_is_quarantined() {
    // P5
    let (_system, pool) = pool(2).await;
    let options = JobOptions::new().retryable();

    let error = pool
        .submit_with(&EXIT, 7, options)
        .await
        .unwrap()
        .await
        .unwrap_err();

    let JobError::Quarantined { losses: 3, reason } = error else {
        panic!("{error:?}")
    };
    let exit = process(&reason);
    assert_eq!(exit.code, Some(7));
    assert_eq!(pool.submit(&SQUARE, 3).await.unwrap().await, Ok(9));
}

#[tokio::test]
async fn a_map_of_retryable_jobs_is_complete_and_in_order_over_kills() {
    // P2, P3
    let (_system, pool) = pool(2).await;
    let mut results = pool
        .map(&PID, std::iter::repeat_n((), 200))
        .options(JobOptions::new().retryable());
    let (mut count, mut kills) = (0, 0);

    while let Some(pid) = results.next().await {
        pid.unwrap();
        count += 1;
        if count % 50 == 0
            && let Some(victim) = pids(&pool).first()
        {
            sigkill_if_there(*victim);
            kills += 1;
        }
    }

    assert_eq!(count, 200);
    assert!(kills > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_has_exactly_one_outcome_whatever_dies() {
    // P3
    let (_system, pool) = pool(3).await;
    let mut kills = 0;
    let mut handles = Vec::new();
    for number in 0..600u64 {
        handles.push((number, pool.submit(&SQUARE, number).await.unwrap()));
        if number % 40 == 20 {
            let victims = pids(&pool);
            if let Some(victim) = victims.get(number as usize % 3)
                && !is_gone(*victim)
            {
                kills += u64::from(sigkill_if_there(*victim));
            }
        }
    }

    let mut lost = 0;
    for (number, handle) in handles {
        match handle.await {
            Ok(square) => assert_eq!(square, number * number),
            Err(JobError::WorkerLost {
                maybe_ran: true, ..
            }) => lost += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(lost <= kills, "{lost} jobs were lost to {kills} kills");
    assert_eq!(pool.finished() + lost, 600);
}
