//! The dispatcher over its events: no runtime, no threads. Jobs are numbers.

use std::time::Duration;

use super::*;
use crate::worker::WorkerState;

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

use WorkerKind::{Process, Thread};

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
fn a_lost_worker_takes_only_the_job_in_its_hands_with_it() {
    // P3
    let mut pool = rested(&[Process, Process], 1);
    any(&mut pool, 1);
    any(&mut pool, 2);
    any(&mut pool, 3);
    take(&mut pool, 0);
    take(&mut pool, 1);

    assert_eq!(lose(&mut pool, 0, true), [(1, Verdict::Lost)]);

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

    assert_eq!(lose(&mut pool, 0, true), [(1, Verdict::Lost)]);

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

    assert_eq!(lose(&mut pool, 0, false), []);

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

    assert_eq!(lose(&mut pool, 0, true), []);

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
        assert_eq!(lose(&mut pool, 0, true), []);
        pool.handle_up(0);
    }
    take(&mut pool, 0);

    assert_eq!(
        lose(&mut pool, 0, true),
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

    assert_eq!(pool.handle_done(0, key, 0), None);

    assert_eq!(pool.stage(key), Some(Stage::Pending));
    assert_eq!(pool.finished(), 0);
}

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
                    ended += lose(&mut pool, 0, true).len() as u32;
                    pool.handle_up(0);
                }
                _ => {
                    if let Some(key) = pool.workers[1].in_hand.front().copied() {
                        ended += pool.handle_done(1, key, 0).map_or(0, |_| 1);
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

// ---- terms ----

fn at(millis: u64) -> Moment {
    Moment::after_start(Duration::from_millis(millis))
}

fn urgent(pool: &mut Jobs, job: u32, priority: u8) -> Key {
    pool.handle_submit(Offer {
        terms: Terms {
            priority,
            rare: None,
        },
        ..offer(job, Needs::Any)
    })
}

fn keyed(pool: &mut Jobs, job: u32, key: &str) -> Key {
    with(
        pool,
        job,
        Rare {
            key: Some(key.into()),
            ..Rare::default()
        },
    )
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
fn the_urgent_begin_first_and_equals_in_the_order_of_their_acceptance() {
    // P8
    let mut pool = rested(&[Thread], 1);
    for (job, priority) in [(1, 4), (2, 0), (3, 9), (4, 4), (5, 9)] {
        urgent(&mut pool, job, priority);
    }
    closure(&mut pool, 6);

    assert_eq!(work_off(&mut pool, 0), [3, 5, 1, 4, 6, 2]);
}

#[test]
fn a_job_whose_deadline_has_passed_is_not_started() {
    // P8
    let mut pool = rested(&[Thread], 1);
    let deadline = Rare {
        deadline: Some(at(10)),
        ..Rare::default()
    };
    with(&mut pool, 1, deadline.clone());
    with(&mut pool, 2, deadline);
    any(&mut pool, 3);
    assert_eq!(pool.poll_timeout(), Some(at(10)));
    assert_eq!(take(&mut pool, 0), Some(1), "in time");

    pool.advance(at(10));

    assert_eq!(pool.poll_ended(), [(2, Verdict::Expired)]);
    assert_eq!(pool.pending(), 1);
    assert_eq!(
        pool.stage(pool.in_hand_of(0).unwrap()),
        Some(Stage::InHand(0))
    );
}

#[test]
fn a_delayed_job_begins_when_its_time_has_come() {
    // P8
    let mut pool = rested(&[Thread], 1);
    let key = with(
        &mut pool,
        1,
        Rare {
            not_before: Some(at(10)),
            ..Rare::default()
        },
    );
    assert_eq!((wakes(&mut pool), take(&mut pool, 0)), (vec![], None));
    assert_eq!((pool.pending(), pool.stage(key)), (1, Some(Stage::Pending)));

    pool.advance(at(9));
    assert_eq!(wakes(&mut pool), []);
    pool.advance(at(10));

    assert_eq!(wakes(&mut pool), [0]);
    assert_eq!(take(&mut pool, 0), Some(1));
}

#[test]
fn jobs_with_one_key_run_one_after_the_other_in_order() {
    // P8
    let mut pool = rested(&[Thread, Thread], 1);
    let first = keyed(&mut pool, 1, "a");
    let second = keyed(&mut pool, 2, "a");
    keyed(&mut pool, 3, "b");
    keyed(&mut pool, 4, "a");

    assert_eq!(take(&mut pool, 0), Some(1));
    assert_eq!(take(&mut pool, 1), Some(3), "the second of a key waits");
    let third = pool.in_hand_of(1).unwrap();
    pool.handle_done(1, third, 0);
    assert_eq!(take(&mut pool, 1), None);
    assert_eq!(pool.handle_cancel(second), Some(2));
    pool.handle_done(0, first, 0);

    assert_eq!(
        work_off(&mut pool, 1),
        [4],
        "what was cancelled holds nobody up"
    );
    assert_eq!(pool.pending(), 0);
}

#[test]
fn a_keyed_job_that_is_tried_again_holds_up_those_behind_it() {
    // P8
    let mut pool = rested(&[Thread], 1);
    let first = with(
        &mut pool,
        1,
        Rare {
            key: Some("a".into()),
            retry: Some(RetryPlan {
                first: Duration::from_millis(10),
                cap: Duration::from_secs(1),
                ..RETRY
            }),
            ..Rare::default()
        },
    );
    keyed(&mut pool, 2, "a");
    take(&mut pool, 0);

    assert!(pool.handle_again(0, first));
    assert_eq!(take(&mut pool, 0), None);
    pool.advance(at(10));

    assert_eq!(work_off(&mut pool, 0), [1, 2]);
    assert_eq!(pool.counts().retried, 1);
}

#[test]
fn a_job_is_tried_again_as_often_as_it_may_be() {
    // P3
    let mut pool = rested(&[Thread], 1);
    let retry = Some(RetryPlan { times: 2, ..RETRY });
    let key = with(
        &mut pool,
        1,
        Rare {
            retry,
            ..Rare::default()
        },
    );
    for _ in 0..2 {
        take(&mut pool, 0);
        assert!(pool.retry_of(0, key).is_some());
        assert!(pool.handle_again(0, key));
    }
    take(&mut pool, 0);

    assert!(pool.retry_of(0, key).is_none());
}

#[test]
fn pauses_double_up_to_their_cap_and_jitter_only_shortens_them() {
    let plan = RetryPlan {
        first: Duration::from_millis(10),
        cap: Duration::from_millis(50),
        ..RETRY
    };
    let pauses: Vec<_> = (1..=5).map(|n| plan.pause(n, 7).as_millis()).collect();
    assert_eq!(pauses, [10, 20, 40, 50, 50]);

    let jittery = RetryPlan {
        jitter: 0.5,
        ..plan
    };
    for seed in 0..1_000 {
        let pause = jittery.pause(1, seed);
        assert!(pause >= Duration::from_millis(5) && pause <= plan.first);
    }
    assert_ne!(jittery.pause(1, 1), jittery.pause(1, 2));
}

#[test]
fn jobs_begin_no_faster_than_the_rate_allows() {
    // P8
    let mut pool = Jobs::new(Some(Rate::new(100, Duration::from_secs(1))));
    let id = pool.add_worker(Thread, 1);
    pool.handle_up(id);
    for job in 0..5 {
        any(&mut pool, job);
    }

    let mut begun = Vec::new();
    for millis in 0..=45 {
        pool.advance(at(millis));
        begun.extend(work_off(&mut pool, id).into_iter().map(|_| millis));
    }

    assert_eq!(begun, [0, 10, 20, 30, 40]);
}

#[test]
fn a_worker_that_the_rate_holds_back_is_woken_when_it_may_begin() {
    // P8
    let mut pool = Jobs::new(Some(Rate::new(100, Duration::from_secs(1))));
    let id = pool.add_worker(Thread, 1);
    pool.handle_up(id);
    any(&mut pool, 1);
    any(&mut pool, 2);
    assert_eq!(work_off(&mut pool, id), [1]);
    assert_eq!(pool.poll_timeout(), Some(at(10)));

    pool.advance(at(10));

    assert_eq!(wakes(&mut pool), [id]);
    assert_eq!(work_off(&mut pool, id), [2]);
    assert_eq!(pool.poll_timeout(), None);
}

#[test]
fn the_oldest_of_the_least_urgent_gives_way_unless_the_new_one_is_less_urgent() {
    // P8
    let mut pool = rested(&[], 1);
    for (job, priority) in [(1, 5), (2, 3), (3, 3)] {
        urgent(&mut pool, job, priority);
    }

    assert!(!pool.handle_evict(2));
    assert!(pool.handle_evict(3));
    assert_eq!(pool.poll_ended(), [(2, Verdict::Evicted)]);
    assert!(pool.handle_evict(9));
    assert_eq!(pool.poll_ended(), [(3, Verdict::Evicted)]);
    assert_eq!(pool.pending(), 1);
}

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

#[test]
fn a_chunk_that_lost_its_worker_is_run_one_by_one_in_its_place() {
    // P3
    let mut pool = rested(&[Process], 1);
    let terms = Terms {
        rare: Some(Box::new(Rare {
            retry: Some(RETRY),
            ..Rare::default()
        })),
        ..Terms::default()
    };
    let chunk = pool.handle_submit(Offer {
        job: 10,
        needs: Needs::Any,
        terms,
        items: 3,
    });
    any(&mut pool, 20);
    take(&mut pool, 0);

    assert_eq!(lose(&mut pool, 0, true), [(10, Verdict::Split(chunk))]);
    pool.handle_close(Phase::Draining);
    assert!(!pool.is_drained());
    pool.handle_split(chunk, vec![11, 12, 13]);

    pool.handle_up(0);
    assert_eq!(work_off(&mut pool, 0), [11, 12, 13, 20]);
    assert!(pool.is_drained());
}

#[test]
fn jobs_are_counted_with_how_long_they_waited_and_ran() {
    let mut pool = rested(&[Thread], 1);
    let key = any(&mut pool, 1);
    pool.advance(at(10));
    take(&mut pool, 0);
    pool.advance(at(30));
    pool.handle_done(0, key, 1);

    let counts = pool.counts();
    assert_eq!((counts.done, counts.failed), (0, 1));
    assert_eq!(counts.queueing.mean(), Duration::from_millis(10));
    assert_eq!(counts.running.mean(), Duration::from_millis(20));
}

#[test]
fn timers_of_jobs_that_are_gone_leave_no_trace() {
    let mut pool = rested(&[], 1);
    for job in 0..10_000 {
        let key = with(
            &mut pool,
            job,
            Rare {
                deadline: Some(at(1_000_000)),
                ..Rare::default()
            },
        );
        pool.handle_cancel(key);
    }

    assert!(pool.timers.len() < 200);
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
        pool.handle_given_back(0, *key);
    }

    assert_eq!(wakes(&mut pool), [1]);
    assert_eq!(pool.stage(keys[0]), Some(Stage::InHand(0)));
    assert_eq!(pool.stage(keys[1]), Some(Stage::Pending));
    assert_eq!([take(&mut pool, 1), take(&mut pool, 1)], [Some(1), Some(2)]);
    pool.handle_given_back(0, keys[2]);
    assert_eq!(
        pool.stage(keys[2]),
        Some(Stage::InHand(1)),
        "it is another's"
    );
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
fn the_items_of_a_chunk_that_was_lost_are_never_told_that_they_did_not_run() {
    // P2, P9
    let mut pool = Jobs::new(None);
    pool.add_worker(WorkerKind::Process, 1);
    pool.handle_up(0);
    let rare = Rare {
        retry: Some(RETRY),
        ..Rare::default()
    };
    let key = pool.handle_submit(Offer {
        items: 2,
        terms: Terms {
            rare: Some(Box::new(rare)),
            ..Terms::default()
        },
        ..offer(1, Needs::Any)
    });
    assert!(pool.handle_next(0).is_some());
    assert_eq!(lose(&mut pool, 0, true), [(1, Verdict::Split(key))]);

    pool.handle_split(key, vec![10, 11]);

    assert_eq!(
        close(&mut pool, Phase::Cancelling),
        [(10, Verdict::GivenUp), (11, Verdict::GivenUp)]
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
