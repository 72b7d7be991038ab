//! Several jobs in the hands of one worker: none waits behind a slow one, and none begins twice.

use actor_pool::JobError;

use crate::rig::{MEET, Meeting, SQUARE, pool};

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
    for number in 0..2_000u64 {
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
