//! How a pool ends.

use super::*;

#[test]
fn a_drain_finishes_what_was_accepted() {
    // P9
    let mut pool = rested(&[Thread], 1);
    let key = any(&mut pool, 1);

    assert_eq!(close(&mut pool, Phase::Draining), []);
    assert!(!pool.is_drained());
    assert_eq!(take(&mut pool, 0), Some(1));
    assert!(!pool.is_drained());
    pool.handle_done(0, key, 0);

    assert!(pool.is_drained());
}

#[test]
fn a_cancellation_gives_the_pending_back_and_lets_those_in_hand_finish() {
    // P9
    let mut pool = rested(&[Thread], 1);
    let key = any(&mut pool, 1);
    any(&mut pool, 2);
    closure(&mut pool, 3);
    take(&mut pool, 0);

    let ended = close(&mut pool, Phase::Cancelling);
    assert_eq!(ended, [(2, Verdict::Shutdown), (3, Verdict::Shutdown)]);

    assert!(!pool.is_drained());
    pool.handle_done(0, key, 0);
    assert_eq!(take(&mut pool, 0), None);
    assert!(pool.is_drained());
}

#[test]
fn a_drain_can_become_a_cancellation_but_not_the_other_way() {
    // P9
    let mut pool = rested(&[], 1);
    any(&mut pool, 1);
    pool.handle_close(Phase::Draining);
    let ended = close(&mut pool, Phase::Cancelling);
    assert_eq!(ended, [(1, Verdict::Shutdown)]);

    assert_eq!(close(&mut pool, Phase::Draining), []);

    assert_eq!(pool.phase(), Phase::Cancelling);
}

#[test]
fn nothing_is_run_again_once_the_pool_cancels() {
    // P9
    let mut pool = rested(&[Process], 2);
    retryable(&mut pool, 1);
    any(&mut pool, 2);
    take(&mut pool, 0);
    take(&mut pool, 0);
    pool.handle_close(Phase::Cancelling);

    let ended = lose(&mut pool, 0, true);

    assert_eq!(ended, [(2, Verdict::Shutdown), (1, Verdict::Lost)]);
    assert!(pool.is_drained());
}

#[test]
fn when_the_last_worker_is_gone_nobody_waits_for_it() {
    let mut pool = rested(&[Thread, Process], 1);
    closure(&mut pool, 1);
    any(&mut pool, 2);

    pool.handle_gone(0);
    let ended = pool.poll_ended();
    assert_eq!(
        ended,
        [(1, Verdict::Shutdown)],
        "no thread is left for the closure"
    );
    pool.handle_gone(1);
    assert_eq!(pool.poll_ended(), [(2, Verdict::Shutdown)]);

    assert_eq!(pool.phase(), Phase::Cancelling);
    assert!(pool.is_drained());
}

// P9
#[test]
fn a_job_that_is_given_back_to_a_pool_that_begins_nothing_more_ends() {
    let mut pool = rested(&[Process], 8);
    let keys: Vec<_> = (0..2).map(|job| any(&mut pool, job)).collect();
    while pool.handle_next(0).is_some() {}
    pool.handle_close(Phase::Cancelling);

    pool.handle_given_back(0, keys[1]);

    assert_eq!(pool.poll_ended(), [(1, Verdict::Shutdown)]);
    assert!(!pool.is_drained(), "the other one is in hand");
}

#[test]
fn a_job_that_waits_to_be_tried_again_is_never_told_that_it_did_not_run() {
    // P1, P9
    let ready = || {
        let mut pool = Jobs::new(None);
        pool.add_worker(WorkerKind::Process, 1);
        pool.handle_up(0);
        let key = retryable(&mut pool, 1);
        assert!(pool.handle_next(0).is_some());
        assert!(!pool.has_begun(key), "it is in hand for the first time");
        assert_eq!(lose(&mut pool, 0, true), []);
        (pool, key)
    };

    let (mut pool, key) = ready();
    assert!(pool.has_begun(key));
    assert_eq!(close(&mut pool, Phase::Cancelling), [(1, Verdict::GivenUp)]);
    let (mut pool, _) = ready();
    assert!(pool.handle_evict(NORMAL));
    assert_eq!(pool.poll_ended(), [(1, Verdict::GivenUp)]);

    // Behind another it had not begun.
    let (mut pool, _) = ready();
    let behind = retryable(&mut pool, 2);
    assert!(!pool.has_begun(behind));
    assert_eq!(
        close(&mut pool, Phase::Cancelling),
        [(1, Verdict::GivenUp), (2, Verdict::Shutdown)]
    );
}

#[test]
fn of_a_worker_that_is_cut_off_every_job_in_hand_may_have_run() {
    // P3, P9
    let mut pool = Jobs::new(None);
    pool.add_worker(WorkerKind::Process, 2);
    pool.handle_up(0);
    for job in 1..=3 {
        any(&mut pool, job);
    }
    assert!(pool.handle_next(0).is_some() && pool.handle_next(0).is_some());
    assert_eq!(
        close(&mut pool, Phase::Cancelling),
        [(3, Verdict::Shutdown)]
    );

    pool.handle_cut_off(0);

    let mut ended = pool.poll_ended();
    ended.sort_unstable_by_key(|(job, _)| *job);
    assert_eq!(ended, [(1, Verdict::Lost), (2, Verdict::Lost)]);
}
