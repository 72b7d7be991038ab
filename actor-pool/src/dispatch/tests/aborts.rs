//! Jobs that are ended with their worker.

use super::*;

fn kills(pool: &mut Jobs) -> Vec<WorkerId> {
    std::iter::from_fn(|| pool.poll_kill()).collect()
}

/// A process that holds jobs 1, 2, …, and their keys.
fn holding(jobs: u32) -> (Jobs, Vec<Key>) {
    let mut pool = rested(&[Process], jobs as usize + 1);
    let keys = (1..=jobs).map(|job| any(&mut pool, job)).collect();
    for job in 1..=jobs {
        assert_eq!(take(&mut pool, 0), Some(job));
    }
    (pool, keys)
}

#[test]
fn an_abort_cancels_the_pending_and_gives_up_the_worker_of_what_runs() {
    // P1
    let mut pool = rested(&[Process, Thread], 1);
    let running = any(&mut pool, 1);
    let on_thread = any(&mut pool, 2);
    let pending = any(&mut pool, 3);
    take(&mut pool, 0);
    take(&mut pool, 1);

    assert_eq!(pool.handle_abort(pending), Abort::Cancelled(3));
    assert_eq!(pool.handle_abort(on_thread), Abort::No);
    assert_eq!(pool.handle_abort(running), Abort::Process);
    assert_eq!(pool.handle_abort(running), Abort::Process, "again");
    assert_eq!(kills(&mut pool), [0], "once");
    any(&mut pool, 4);
    assert_eq!(
        take(&mut pool, 0),
        None,
        "what comes next is not killed with it"
    );

    assert_eq!(lose(&mut pool, 0, true), [(1, Verdict::Aborted)]);
    pool.handle_up(0);
    assert_eq!(take(&mut pool, 0), Some(4));
}

#[test]
fn an_abort_kills_no_worker_that_may_be_running_another_job() {
    // P1, P3
    let (mut pool, keys) = holding(3);

    assert_eq!(pool.handle_abort(keys[0]), Abort::Process);
    assert_eq!(kills(&mut pool), [], "the second may have begun");
    any(&mut pool, 4);
    assert_eq!(take(&mut pool, 0), None, "nothing is put at risk");
    // It was finished, and the next one runs.
    assert_eq!(pool.handle_done(0, keys[0], 0), Some(1));

    assert_eq!(kills(&mut pool), []);
    assert_eq!(take(&mut pool, 0), Some(4), "the worker lives on");
    assert_eq!(pool.handle_done(0, keys[1], 0), Some(2));
}

#[test]
fn a_worker_is_killed_for_an_abort_as_soon_as_nothing_else_is_in_its_hands() {
    // P1, P3
    let (mut pool, keys) = holding(3);
    pool.handle_abort(keys[0]);

    pool.handle_given_back(0, keys[2]);
    assert_eq!(kills(&mut pool), []);
    pool.handle_given_back(0, keys[1]);
    assert_eq!(kills(&mut pool), [0]);

    assert_eq!(lose(&mut pool, 0, true), [(1, Verdict::Aborted)]);
    pool.handle_up(0);
    assert_eq!([take(&mut pool, 0), take(&mut pool, 0)], [Some(2), Some(3)]);
}

#[test]
fn a_worker_is_killed_when_all_in_its_hands_is_to_be_ended() {
    // P1
    let (mut pool, keys) = holding(2);

    pool.handle_abort(keys[1]);
    assert_eq!(kills(&mut pool), []);
    pool.handle_abort(keys[0]);

    assert_eq!(kills(&mut pool), [0]);
    let ended = lose(&mut pool, 0, true);
    assert_eq!(ended, [(2, Verdict::Aborted), (1, Verdict::Aborted)]);
}

#[test]
fn an_aborted_job_that_is_taken_back_ends_and_its_worker_lives_on() {
    // P1
    let (mut pool, keys) = holding(2);

    pool.handle_abort(keys[1]);
    pool.handle_given_back(0, keys[1]);

    assert_eq!(pool.poll_ended(), [(2, Verdict::Aborted)]);
    assert_eq!((kills(&mut pool), pool.pending()), (vec![], 0));
    any(&mut pool, 3);
    assert_eq!(take(&mut pool, 0), Some(3), "it is given work again");
}

#[test]
fn a_worker_that_gives_nothing_back_is_killed_for_its_first_job_after_a_while() {
    // P1
    let (mut pool, keys) = holding(2);
    pool.handle_abort(keys[0]);

    pool.advance(Moment::START.plus(GRACE - Duration::from_nanos(1)));
    assert_eq!(kills(&mut pool), []);
    let due = pool.poll_timeout().unwrap();
    pool.advance(due);
    assert_eq!(kills(&mut pool), [0]);

    assert_eq!(lose(&mut pool, 0, true), [(1, Verdict::Aborted)]);
    assert_eq!(pool.pending(), 1, "the second one is dispatched again");
}

#[test]
fn the_deadline_of_a_job_that_is_to_be_ended_does_not_shorten_its_while() {
    // P1, P3
    let mut pool = rested(&[Process], 2);
    let deadline = Moment::START.plus(GRACE / 2);
    let rare = Rare {
        deadline: Some(deadline),
        ..Rare::default()
    };
    let first = with(&mut pool, 1, rare);
    any(&mut pool, 2);
    assert_eq!([take(&mut pool, 0), take(&mut pool, 0)], [Some(1), Some(2)]);
    pool.handle_abort(first);

    pool.advance(deadline);
    assert_eq!(kills(&mut pool), [], "the second may be running");

    pool.advance(Moment::START.plus(GRACE));
    assert_eq!(kills(&mut pool), [0]);
}

#[test]
fn a_worker_is_not_killed_for_a_job_behind_one_that_may_be_running() {
    // P1, P3
    let (mut pool, keys) = holding(2);
    pool.handle_abort(keys[1]);

    pool.advance(Moment::START.plus(GRACE));
    assert_eq!(kills(&mut pool), []);

    pool.handle_done(0, keys[0], 0);
    assert_eq!(kills(&mut pool), [0]);
}

#[test]
fn an_idle_worker_that_is_to_lose_a_job_is_not_called_for_another() {
    // P1
    let mut pool = rested(&[Process, Process], 3);
    let keys = [any(&mut pool, 1), any(&mut pool, 2)];
    for job in [1, 2] {
        assert_eq!(take(&mut pool, 1), Some(job));
    }
    assert_eq!(take(&mut pool, 1), None);
    wakes(&mut pool);
    assert_eq!(take(&mut pool, 0), None);

    pool.handle_abort(keys[0]);
    any(&mut pool, 3);
    any(&mut pool, 4);

    assert_eq!(wakes(&mut pool), [0]);
    assert_eq!([take(&mut pool, 0), take(&mut pool, 0)], [Some(3), Some(4)]);
}

#[test]
fn an_aborted_job_is_not_run_again() {
    // P1
    let mut pool = rested(&[Process], 2);
    let (first, second) = (retryable(&mut pool, 1), retryable(&mut pool, 2));
    take(&mut pool, 0);
    take(&mut pool, 0);
    assert!(pool.retry_of(0, first).is_some());

    pool.handle_abort(first);
    pool.handle_abort(second);

    assert!(pool.retry_of(0, first).is_none());
    assert!(pool.handle_again(0, first), "it was asked for before");
    pool.handle_too_much(0, second);
    let ended = pool.poll_ended();
    assert_eq!(ended, [(1, Verdict::Aborted), (2, Verdict::Aborted)]);
    assert_eq!((pool.pending(), pool.in_hand()), (0, 0));
}
