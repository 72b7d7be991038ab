//! The dispatcher over its events: no runtime, no threads. Jobs are numbers.

use super::*;

type Jobs = Dispatch<u32>;

fn offer(job: u32, needs: Needs) -> Offer<u32> {
    Offer {
        job,
        needs,
        retryable: false,
    }
}

fn any(pool: &mut Jobs, job: u32) -> Key {
    pool.handle_submit(offer(job, Needs::Any))
}

fn retryable(pool: &mut Jobs, job: u32) -> Key {
    pool.handle_submit(Offer {
        retryable: true,
        ..offer(job, Needs::Any)
    })
}

fn closure(pool: &mut Jobs, job: u32) -> Key {
    pool.handle_submit(offer(job, Needs::Thread))
}

/// A pool with these workers, all up and at rest.
fn rested(kinds: &[WorkerKind], window: usize) -> Jobs {
    let mut pool = Jobs::new();
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

use WorkerKind::{Process, Thread};

#[test]
fn jobs_are_begun_in_the_order_in_which_they_were_accepted() {
    let mut pool = rested(&[Thread], 1);
    let keys: Vec<_> = (0..3).map(|job| any(&mut pool, job)).collect();

    for (job, key) in keys.into_iter().enumerate() {
        assert_eq!(take(&mut pool, 0), Some(job as u32));
        assert_eq!(pool.handle_done(0, key), Some(job as u32));
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
    let mut pool = Jobs::new();
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
    pool.handle_done(1, key);
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
    pool.handle_done(0, first);
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
    pool.handle_done(0, key);
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

    assert!(pool.anywhere.kept() <= queue::TIDY_ABOVE + 1);
    assert_eq!(pool.pending(), 1);
    assert_eq!(pool.stage(kept), Some(Stage::Pending));
}

#[test]
fn a_lost_worker_takes_only_the_job_in_its_hands_with_it() {
    // P3
    let mut pool = rested(&[Process, Process], 1);
    any(&mut pool, 1);
    any(&mut pool, 2);
    any(&mut pool, 3);
    take(&mut pool, 0);
    take(&mut pool, 1);

    assert_eq!(pool.handle_lost(0, true), [(1, Verdict::Lost)]);

    assert_eq!(pool.worker_state(0), WorkerState::Starting);
    assert_eq!(pool.worker_state(1), WorkerState::Busy);
    pool.handle_up(0);
    assert_eq!(take(&mut pool, 0), Some(3), "its replacement goes on");
}

#[test]
fn of_a_window_the_first_was_in_hand_and_the_others_are_dispatched_again_in_order() {
    // P3
    let mut pool = rested(&[Process], 3);
    for job in 1..=4 {
        any(&mut pool, job);
    }
    (1..=3).for_each(|job| assert_eq!(take(&mut pool, 0), Some(job)));

    assert_eq!(pool.handle_lost(0, true), [(1, Verdict::Lost)]);

    pool.handle_up(0);
    let taken: Vec<_> = (0..3).filter_map(|_| take(&mut pool, 0)).collect();
    assert_eq!(taken, [2, 3, 4]);
}

#[test]
fn a_job_that_was_not_begun_is_dispatched_again_though_it_is_not_retryable() {
    // P3
    let mut pool = rested(&[Process], 1);
    any(&mut pool, 1);
    any(&mut pool, 2);
    take(&mut pool, 0);

    assert_eq!(pool.handle_lost(0, false), []);

    pool.handle_up(0);
    assert_eq!(take(&mut pool, 0), Some(1), "in its old place");
}

#[test]
fn a_retryable_job_is_run_again_in_its_old_place() {
    // P3
    let mut pool = rested(&[Process], 1);
    retryable(&mut pool, 1);
    any(&mut pool, 2);
    take(&mut pool, 0);

    assert_eq!(pool.handle_lost(0, true), []);

    pool.handle_up(0);
    assert_eq!(take(&mut pool, 0), Some(1));
}

#[test]
fn a_requeued_job_wakes_another_worker_that_is_idle() {
    let mut pool = rested(&[Process, Process], 1);
    retryable(&mut pool, 1);
    let woken = wakes(&mut pool)[0];
    take(&mut pool, woken);

    pool.handle_lost(woken, true);

    let other = 1 - woken;
    assert_eq!(wakes(&mut pool), [other]);
    assert_eq!(take(&mut pool, other), Some(1));
}

#[test]
fn a_job_whose_woken_worker_is_lost_before_it_takes_it_wakes_another() {
    let mut pool = rested(&[Process, Process], 1);
    any(&mut pool, 1);
    let woken = wakes(&mut pool)[0];

    pool.handle_lost(woken, false);

    assert_eq!(wakes(&mut pool), [1 - woken]);
}

#[test]
fn a_job_that_loses_its_workers_again_and_again_is_quarantined() {
    // P5
    let mut pool = rested(&[Process], 1);
    retryable(&mut pool, 1);
    for _ in 1..LOSSES_MAX {
        assert_eq!(take(&mut pool, 0), Some(1));
        assert_eq!(pool.handle_lost(0, true), []);
        pool.handle_up(0);
    }
    take(&mut pool, 0);

    assert_eq!(
        pool.handle_lost(0, true),
        [(1, Verdict::Quarantined(LOSSES_MAX))]
    );
    assert_eq!(pool.pending(), 0);
}

#[test]
fn what_a_lost_worker_reports_late_is_ignored() {
    let mut pool = rested(&[Process], 1);
    let key = retryable(&mut pool, 1);
    take(&mut pool, 0);
    pool.handle_lost(0, true);

    assert_eq!(pool.handle_done(0, key), None);

    assert_eq!(pool.stage(key), Some(Stage::Pending));
    assert_eq!(pool.finished(), 0);
}

#[test]
fn a_drain_finishes_what_was_accepted() {
    // P9
    let mut pool = rested(&[Thread], 1);
    let key = any(&mut pool, 1);

    assert_eq!(pool.handle_close(Phase::Draining), []);
    assert!(!pool.is_drained());
    assert_eq!(take(&mut pool, 0), Some(1));
    assert!(!pool.is_drained());
    pool.handle_done(0, key);

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

    assert_eq!(pool.handle_close(Phase::Cancelling), [2, 3]);

    assert!(!pool.is_drained());
    pool.handle_done(0, key);
    assert_eq!(take(&mut pool, 0), None);
    assert!(pool.is_drained());
}

#[test]
fn a_drain_can_become_a_cancellation_but_not_the_other_way() {
    // P9
    let mut pool = rested(&[], 1);
    any(&mut pool, 1);
    pool.handle_close(Phase::Draining);
    assert_eq!(pool.handle_close(Phase::Cancelling), [1]);

    assert_eq!(pool.handle_close(Phase::Draining), []);

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

    let ended = pool.handle_lost(0, true);

    assert_eq!(ended, [(2, Verdict::Shutdown), (1, Verdict::Lost)]);
    assert!(pool.is_drained());
}

#[test]
fn when_the_last_worker_is_gone_nobody_waits_for_it() {
    let mut pool = rested(&[Thread, Process], 1);
    closure(&mut pool, 1);
    any(&mut pool, 2);

    assert_eq!(
        pool.handle_gone(0),
        [1],
        "no thread is left for the closure"
    );
    assert_eq!(pool.handle_gone(1), [2]);

    assert_eq!(pool.phase(), Phase::Cancelling);
    assert!(pool.is_drained());
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

/// Every sequence of a few events leaves each job in exactly one place.
#[test]
fn no_job_is_lost_or_doubled_whatever_happens() {
    const EVENTS: u32 = 6;
    const LENGTH: u32 = 6;
    for code in 0..EVENTS.pow(LENGTH) {
        let mut pool = rested(&[Process, Thread], 2);
        let (mut submitted, mut ended) = (0u32, 0u32);
        let mut rest = code;
        for _ in 0..LENGTH {
            let event = rest % EVENTS;
            rest /= EVENTS;
            match event {
                0 => {
                    submitted += 1;
                    any(&mut pool, submitted);
                }
                1 => {
                    submitted += 1;
                    retryable(&mut pool, submitted);
                }
                2 => drop(take(&mut pool, 0)),
                3 => drop(take(&mut pool, 1)),
                4 => {
                    ended += pool.handle_lost(0, true).len() as u32;
                    pool.handle_up(0);
                }
                _ => {
                    if let Some(key) = pool.workers[1].in_hand.front().copied() {
                        ended += pool.handle_done(1, key).map_or(0, |_| 1);
                    }
                }
            }
        }
        let in_hand: usize = pool.workers.iter().map(|worker| worker.in_hand.len()).sum();
        let held = pool.pending() + in_hand;
        assert_eq!(
            held as u32 + ended,
            submitted,
            "events {code} in base {EVENTS}"
        );
        assert_eq!(pool.jobs.is_empty(), held == 0);
    }
}

// P3
#[test]
fn a_job_that_is_given_back_is_pending_in_its_old_place_and_wakes_who_is_idle() {
    let mut pool = rested(&[Process, Process], 8);
    let keys: Vec<_> = (0..3).map(|job| any(&mut pool, job)).collect();
    while pool.handle_next(0).is_some() {}
    wakes(&mut pool);
    assert_eq!(take(&mut pool, 1), None);
    pool.set_window(0, 1);

    for key in keys.iter().skip(1).rev() {
        assert!(pool.handle_given_back(0, *key).is_none());
    }

    assert_eq!(wakes(&mut pool), [1]);
    assert_eq!(pool.stage(keys[0]), Some(Stage::InHand(0)));
    assert_eq!(pool.stage(keys[1]), Some(Stage::Pending));
    assert_eq!([take(&mut pool, 1), take(&mut pool, 1)], [Some(1), Some(2)]);
    assert!(
        pool.handle_given_back(0, keys[2]).is_none(),
        "it is another's"
    );
    assert_eq!(pool.stage(keys[2]), Some(Stage::InHand(1)));
}

// P9
#[test]
fn a_job_that_is_given_back_to_a_pool_that_begins_nothing_more_ends() {
    let mut pool = rested(&[Process], 8);
    let keys: Vec<_> = (0..2).map(|job| any(&mut pool, job)).collect();
    while pool.handle_next(0).is_some() {}
    pool.handle_close(Phase::Cancelling);

    assert_eq!(
        pool.handle_given_back(0, keys[1]),
        Some((1, Verdict::Shutdown))
    );
    assert!(!pool.is_drained(), "the other one is in hand");
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
