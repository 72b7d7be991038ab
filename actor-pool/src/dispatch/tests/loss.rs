//! Workers that are lost, and what becomes of the jobs in their hands.

use super::*;

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
