//! What jobs are asked for: urgency, deadlines, delays, keys, tries, and the rate of the pool.

use super::*;

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
