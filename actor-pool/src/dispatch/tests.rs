//! The dispatcher over its events: no runtime, no threads. Jobs are numbers.

mod aborts;
mod ending;
mod loss;
mod terms;

use std::time::Duration;

use super::*;
use crate::worker::WorkerState;
use WorkerKind::{Process, Thread};

type Jobs = Dispatch<u32>;

fn offer(job: u32, needs: Needs) -> Offer<u32> {
    Offer {
        job,
        needs,
        terms: Terms::default(),
        items: 1,
    }
}

fn any(pool: &mut Jobs, job: u32) -> Key {
    pool.handle_submit(offer(job, Needs::Any))
}

fn retryable(pool: &mut Jobs, job: u32) -> Key {
    with(
        pool,
        job,
        Rare {
            retry: Some(RETRY),
            ..Rare::default()
        },
    )
}

const RETRY: RetryPlan = RetryPlan {
    times: u32::MAX,
    first: Duration::ZERO,
    cap: Duration::ZERO,
    jitter: 0.0,
    on: None,
};

fn with(pool: &mut Jobs, job: u32, rare: Rare) -> Key {
    pool.handle_submit(Offer {
        terms: Terms {
            rare: Some(Box::new(rare)),
            ..Terms::default()
        },
        ..offer(job, Needs::Any)
    })
}

/// What ends with a worker.
fn lose(pool: &mut Jobs, id: WorkerId, begun: bool) -> Vec<(u32, Verdict)> {
    pool.handle_lost(id, begun);
    pool.poll_ended()
}

fn close(pool: &mut Jobs, phase: Phase) -> Vec<(u32, Verdict)> {
    pool.handle_close(phase);
    pool.poll_ended()
}

fn closure(pool: &mut Jobs, job: u32) -> Key {
    pool.handle_submit(offer(job, Needs::Thread))
}

/// A pool with these workers, all up and at rest.
fn rested(kinds: &[WorkerKind], window: usize) -> Jobs {
    let mut pool = Jobs::new(None);
    for kind in kinds {
        let id = pool.add_worker(*kind, window);
        pool.handle_up(id);
        assert!(pool.handle_next(id).is_none());
    }
    pool
}

fn take(pool: &mut Jobs, id: WorkerId) -> Option<u32> {
    pool.handle_next(id).map(|(_, job)| job)
}

fn wakes(pool: &mut Jobs) -> Vec<WorkerId> {
    std::iter::from_fn(|| pool.poll_wake()).collect()
}

/// All that one worker does from now on, in order; each job is done at once.
fn work_off(pool: &mut Jobs, id: WorkerId) -> Vec<u32> {
    std::iter::from_fn(|| {
        let (key, job) = pool.handle_next(id)?;
        pool.handle_done(id, key, 0);
        Some(job)
    })
    .collect()
}

#[test]
fn jobs_are_begun_in_the_order_in_which_they_were_accepted() {
    let mut pool = rested(&[Thread], 1);
    let keys: Vec<_> = (0..3).map(|job| any(&mut pool, job)).collect();

    for (job, key) in keys.into_iter().enumerate() {
        assert_eq!(take(&mut pool, 0), Some(job as u32));
        assert_eq!(pool.handle_done(0, key, 0), Some(job as u32));
    }

    assert_eq!(take(&mut pool, 0), None);
    assert_eq!(pool.finished(), 3);
}

#[test]
fn a_job_wakes_one_idle_worker_and_only_one() {
    let mut pool = rested(&[Thread, Thread], 1);

    any(&mut pool, 1);
    assert_eq!(wakes(&mut pool).len(), 1);
    any(&mut pool, 2);
    assert_eq!(wakes(&mut pool).len(), 1);
    any(&mut pool, 3);
    assert_eq!(wakes(&mut pool), [], "nobody is idle any more");
}

#[test]
fn a_worker_that_is_absent_is_neither_woken_nor_given_work() {
    let mut pool = Jobs::new(None);
    let id = pool.add_worker(Thread, 1);
    any(&mut pool, 1);

    assert_eq!(wakes(&mut pool), []);
    assert_eq!(take(&mut pool, id), None);

    pool.handle_up(id);
    assert_eq!(take(&mut pool, id), Some(1));
}

#[test]
fn a_closure_goes_to_a_thread_and_holds_no_process_up() {
    let mut pool = rested(&[Process, Thread], 1);
    closure(&mut pool, 1);
    any(&mut pool, 2);
    closure(&mut pool, 3);

    assert_eq!(
        take(&mut pool, 0),
        Some(2),
        "the process passes the closures"
    );
    assert_eq!(take(&mut pool, 1), Some(1));
    let key = pool.workers[1].in_hand[0];
    pool.handle_done(1, key, 0);
    assert_eq!(take(&mut pool, 1), Some(3));
}

#[test]
fn a_thread_takes_the_oldest_job_whatever_its_needs() {
    let mut pool = rested(&[Thread], 3);
    any(&mut pool, 1);
    closure(&mut pool, 2);
    any(&mut pool, 3);

    let taken: Vec<_> = (0..3).filter_map(|_| take(&mut pool, 0)).collect();

    assert_eq!(taken, [1, 2, 3]);
}

#[test]
fn a_job_for_anywhere_wakes_a_process_first_and_leaves_the_thread_to_closures() {
    for kinds in [[Process, Thread], [Thread, Process]] {
        let mut pool = rested(&kinds, 1);
        let process = kinds.iter().position(|kind| *kind == Process).unwrap();

        any(&mut pool, 1);
        assert_eq!(wakes(&mut pool), [process]);
        closure(&mut pool, 2);
        assert_eq!(wakes(&mut pool), [1 - process]);
    }

    let mut pool = rested(&[Process, Thread], 1);
    any(&mut pool, 1);
    any(&mut pool, 2);
    assert_eq!(wakes(&mut pool), [0, 1], "a thread does it when it must");
}

#[test]
fn a_closure_wakes_no_process() {
    let mut pool = rested(&[Process], 1);
    pool.add_worker(Thread, 1);

    closure(&mut pool, 1);

    assert_eq!(wakes(&mut pool), []);
}

#[test]
fn a_job_can_be_cancelled_only_while_it_is_pending() {
    // P1
    let mut pool = rested(&[Thread], 1);
    let first = any(&mut pool, 1);
    let second = any(&mut pool, 2);
    assert_eq!(take(&mut pool, 0), Some(1));

    assert_eq!(pool.handle_cancel(first), None, "it is in hand");
    assert_eq!(pool.handle_cancel(second), Some(2));
    assert_eq!(pool.handle_cancel(second), None, "once is enough");
    pool.handle_done(0, first, 0);
    assert_eq!(pool.handle_cancel(first), None, "it is finished");

    assert_eq!(take(&mut pool, 0), None, "what is cancelled never begins");
    assert_eq!(pool.pending(), 0);
}

#[test]
fn stages_are_pending_then_in_hand_then_gone() {
    // P1
    let mut pool = rested(&[Thread], 1);
    let key = any(&mut pool, 1);

    assert_eq!(pool.stage(key), Some(Stage::Pending));
    take(&mut pool, 0);
    assert_eq!(pool.stage(key), Some(Stage::InHand(0)));
    pool.handle_done(0, key, 0);
    assert_eq!(pool.stage(key), None);
}

#[test]
fn cancelled_jobs_leave_no_trace_in_the_queue() {
    let mut pool = rested(&[], 1);
    let kept = any(&mut pool, 0);
    for job in 1..10_000 {
        let key = any(&mut pool, job);
        assert_eq!(pool.handle_cancel(key), Some(job));
    }

    assert!(pool.queues[Needs::Any as usize].kept() <= queue::TIDY_ABOVE + 1);
    assert_eq!(pool.pending(), 1);
    assert_eq!(pool.stage(kept), Some(Stage::Pending));
}

#[test]
fn a_worker_that_comes_without_being_called_is_not_idle_any_more() {
    let mut pool = rested(&[Thread, Thread], 1);
    any(&mut pool, 1);
    let woken = wakes(&mut pool)[0];
    let other = 1 - woken;

    assert_eq!(take(&mut pool, other), Some(1));
    any(&mut pool, 2);

    assert_eq!(wakes(&mut pool), [], "one is at work, the other on its way");
    assert_eq!(take(&mut pool, woken), Some(2));
}

fn at(millis: u64) -> Moment {
    Moment::after_start(Duration::from_millis(millis))
}

#[test]
fn a_worker_without_a_window_is_given_nothing_and_others_are_woken() {
    let mut pool = rested(&[Process, Process], 8);
    pool.set_window(1, 0);

    any(&mut pool, 0);

    assert_eq!(wakes(&mut pool), [0]);
    assert_eq!(take(&mut pool, 1), None);
    assert_eq!(take(&mut pool, 0), Some(0));
    pool.set_window(1, 1);
    assert_eq!(take(&mut pool, 1), None);
    any(&mut pool, 1);
    assert_eq!(wakes(&mut pool), [1], "the other one holds a job");
}
