//! The intake and the dispatcher together, without a runtime: what is promised of jobs holds wherever they are.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use actor_core::{ExitReason, Overflow};

use super::super::{KeeperBells, Limits};
use super::*;
use crate::dispatch::{NORMAL, Needs, Rate, Terms};
use crate::task::{Call, Report};
use crate::{Job, JobStatus, Refusal, WorkerKind};

const SQUARE: Job<u64, u64> = Job::new("square/v1", |number| number * number);
const CAPACITY: usize = 16;
const DONE: Report<'_> = Report {
    failed: 0,
    error: None,
};

/// A pool with two threads that are played by the test.
struct Rig {
    shared: Shared,
    rings: Arc<AtomicUsize>,
}

impl Rig {
    fn with(rate: Option<Rate>) -> Self {
        let shared = Shared::new(Limits {
            capacity: CAPACITY,
            overflow: Overflow::Wait,
            rate,
        });
        let rings = Arc::new(AtomicUsize::new(0));
        let bell = || {
            let rings = Arc::clone(&rings);
            Box::new(move || {
                rings.fetch_add(1, Ordering::SeqCst);
            }) as super::super::Bell
        };
        for name in ["thread-1", "thread-2"] {
            let id = shared.add_worker(name, WorkerKind::Thread, 1);
            shared.up(id, None);
        }
        let keeper = KeeperBells {
            drained: Box::new(|| {}),
            sooner: Box::new(|| {}),
        };
        shared.set_bells(vec![bell(), bell()], keeper);
        Rig { shared, rings }
    }

    fn new() -> Self {
        Rig::with(None)
    }

    fn offer(&self, priority: u8) -> Result<Key, Refusal> {
        let rare = None;
        self.shared.offer(Offer {
            job: Arc::new(Call::new(SQUARE, 3, false)),
            needs: Needs::Any,
            terms: Terms { priority, rare },
            items: 1,
        })
    }

    /// The first of them goes to the dispatcher, which then lends places for the others.
    fn offer_usual<const N: usize>(&self) -> [Key; N] {
        std::array::from_fn(|_| self.offer(NORMAL).expect("there is room"))
    }

    fn next(&self, worker: WorkerId) -> Option<Key> {
        self.shared.next(worker).map(|(key, _)| key)
    }

    fn in_intake(&self) -> usize {
        self.shared.intake.lock().jobs.len()
    }

    fn rings(&self) -> usize {
        self.rings.load(Ordering::SeqCst)
    }
}

#[track_caller]
fn check_rules(state: &State, context: &str) {
    let taken = state.taken();
    assert!(taken <= CAPACITY, "{context}: {taken} taken");
    if state.lent.count > 0 {
        assert!(state.dispatch.is_nobody_idle(), "{context}: one is idle");
        assert!(!state.line.has_waiting(), "{context}: somebody waits");
        assert_eq!(state.dispatch.phase(), Phase::Open, "{context}");
    }
}

// P1
#[test]
fn a_job_in_the_intake_is_pending_and_can_be_cancelled() {
    let rig = Rig::new();
    let [first, second, third] = rig.offer_usual();
    assert_eq!(rig.in_intake(), 2);

    assert_eq!(rig.shared.status(third), JobStatus::Pending);
    assert!(rig.shared.cancel(second));

    assert_eq!(rig.next(0), Some(first));
    assert_eq!(rig.next(1), Some(third));
    assert!(!rig.shared.cancel(third), "it has begun");
}

// P8
#[test]
fn places_that_are_lent_are_part_of_the_room() {
    let rig = Rig::new();
    let [first, ..] = rig.offer_usual::<CAPACITY>();

    assert!(matches!(rig.offer(NORMAL), Err(Refusal::Full)));
    assert_eq!(rig.shared.pending(), CAPACITY);

    assert_eq!(rig.next(0), Some(first));
    assert!(rig.offer(NORMAL).is_ok());
    assert!(matches!(rig.offer(NORMAL), Err(Refusal::Full)));
}

// P8
#[test]
fn places_are_lent_once() {
    let rig = Rig::new();
    let [first] = rig.offer_usual();
    assert_eq!(rig.next(0), Some(first));

    // There is nothing to collect, so what was lent before is there.
    assert!(rig.shared.look(1).is_none());

    let accepted = (0..2 * CAPACITY).filter(|_| rig.offer(NORMAL).is_ok());
    assert_eq!(accepted.count(), CAPACITY);
}

// P8
#[test]
fn an_urgent_job_goes_before_those_in_the_intake_and_a_lesser_one_behind_them() {
    let rig = Rig::new();
    let lesser = rig.offer(NORMAL - 1).expect("there is room");
    let [first, second] = rig.offer_usual();
    assert_eq!(rig.in_intake(), 2);
    let urgent = rig.offer(NORMAL + 1).expect("there is room");
    let [third] = rig.offer_usual();
    assert_eq!(rig.in_intake(), 1);

    let order: Vec<_> = std::iter::from_fn(|| {
        let key = rig.next(0)?;
        rig.shared.done(0, key, &DONE);
        Some(key)
    })
    .collect();

    assert_eq!(order, [urgent, first, second, third, lesser]);
}

// P8
#[test]
fn who_waits_for_room_is_not_overtaken_by_way_of_the_intake() {
    let rig = Rig::new();
    let lesser: [_; CAPACITY] = std::array::from_fn(|_| rig.offer(NORMAL - 1));
    assert!(lesser.iter().all(Result::is_ok));
    let mut cx = Context::from_waker(Waker::noop());
    let mut ticket = None;
    assert!(rig.shared.poll_reserve(&mut ticket, &mut cx).is_pending());
    // Somebody was given room just now, so the next one waits for more of it.
    rig.shared.lock().granted_at = Moment::START.plus(Duration::from_secs(3600));

    assert!(rig.next(0).is_some() && rig.next(1).is_some());

    assert!(matches!(rig.offer(NORMAL), Err(Refusal::Full)));
}

// P8
#[test]
fn a_worker_that_went_idle_is_woken_for_the_next_job() {
    let rig = Rig::new();
    let [first] = rig.offer_usual();
    assert_eq!(rig.rings(), 0, "both are awake, and will ask");
    assert_eq!(rig.next(0), Some(first));
    assert_eq!(rig.next(1), None);

    let [second] = rig.offer_usual();

    assert_eq!(rig.rings(), 1);
    assert_eq!(rig.next(1), Some(second));
}

// P8
#[test]
fn a_worker_that_the_rate_keeps_back_takes_no_jobs_unseen() {
    let rig = Rig::with(Some(Rate::new(1, Duration::from_secs(3600))));
    let [first, _second] = rig.offer_usual();
    assert_eq!(rig.next(0), Some(first));

    let mut state = rig.shared.lock_as_worker();
    assert!(rig.shared.look_for(&mut state, 1).is_none());

    check_rules(&state, "after the look");
}

// P9
#[test]
fn a_cancellation_ends_what_is_in_the_intake() {
    let rig = Rig::new();
    let keys: [Key; 3] = rig.offer_usual();
    assert_eq!(rig.in_intake(), 2);

    rig.shared.close(Phase::Cancelling);

    assert!(keys.map(|key| rig.shared.status(key)) == [JobStatus::Finished; 3]);
    assert_eq!(rig.shared.report().cancelled, 3);
    assert!(matches!(rig.offer(NORMAL), Err(Refusal::Closed)));
}

// P9
#[test]
fn a_drain_finishes_what_is_in_the_intake() {
    let rig = Rig::new();
    let keys: [Key; 3] = rig.offer_usual();
    let mut cx = Context::from_waker(Waker::noop());

    rig.shared.close(Phase::Draining);

    for key in keys {
        assert!(rig.shared.poll_drained(&mut cx).is_pending());
        assert_eq!(rig.next(0), Some(key));
        rig.shared.done(0, key, &DONE);
    }
    assert!(rig.shared.look(1).is_none());
    assert!(matches!(rig.offer(NORMAL), Err(Refusal::Closed)));
    assert!(rig.shared.poll_drained(&mut cx).is_ready());
}

// P3
#[test]
fn a_lost_worker_leaves_the_intake_to_the_others() {
    let rig = Rig::new();
    let [first, second, third] = rig.offer_usual();
    assert_eq!(rig.next(0), Some(first));

    rig.shared.lost(0, true, &ExitReason::Killed);

    assert_eq!(rig.shared.status(first), JobStatus::Finished);
    assert_eq!(rig.next(1), Some(second));
    rig.shared.done(1, second, &DONE);
    assert_eq!(rig.next(1), Some(third));
}

// P1, P3, P8
#[test]
fn whatever_happens_no_job_is_lost_or_begun_twice() {
    for seed in 0..500 {
        play(seed);
    }
}

/// A random script, of which only the seed is needed to play it again.
fn play(seed: u64) {
    let rig = Rig::new();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    let mut in_hand = [None, None];
    let (mut accepted, mut begun) = (Vec::new(), HashSet::new());
    let mut called_off = 0;
    let mut ticket = None;
    let mut cx = Context::from_waker(Waker::noop());
    for step in 0..120 {
        let worker = random(2);
        match random(12) {
            0..5 => accepted.extend(rig.offer(NORMAL)),
            5 => accepted.extend(rig.offer(random(10) as u8)),
            6 | 7 => match in_hand[worker].take() {
                None => {
                    let next = match random(2) {
                        0 => rig.shared.next(worker),
                        _ => rig.shared.look(worker),
                    };
                    in_hand[worker] = next.map(|(key, _)| key);
                }
                Some(key) => {
                    let (_, next) = rig.shared.done_and_next(worker, key, &DONE);
                    in_hand[worker] = next.map(|(key, _)| key);
                }
            },
            8 if !accepted.is_empty() => {
                let key = accepted[random(accepted.len())];
                called_off += usize::from(rig.shared.cancel(key));
            }
            9 => drop(rig.shared.poll_reserve(&mut ticket, &mut cx)),
            10 => ticket
                .take()
                .into_iter()
                .for_each(|it| rig.shared.leave(it)),
            11 if random(4) == 0 => {
                rig.shared.lost(worker, true, &ExitReason::Killed);
                in_hand[worker] = None;
                rig.shared.up(worker, None);
            }
            _ => {}
        }
        for key in in_hand.into_iter().flatten() {
            begun.insert(key);
        }
        let context = format!("seed {seed}, step {step}");
        check_rules(&rig.shared.lock_as_worker(), &context);
    }
    rig.shared.close(Phase::Draining);
    for (worker, held) in in_hand.into_iter().enumerate() {
        let mut held = held;
        while let Some(key) = held.or_else(|| rig.next(worker)) {
            begun.insert(key);
            rig.shared.done(worker, key, &DONE);
            held = None;
        }
    }
    assert!(
        rig.shared.poll_drained(&mut cx).is_ready(),
        "seed {seed}: something is left"
    );
    let all: HashSet<_> = accepted.iter().collect();
    assert_eq!(all.len(), accepted.len(), "seed {seed}: a key came twice");
    assert_eq!(
        begun.len() + called_off,
        accepted.len(),
        "seed {seed}: begun and cancelled are all"
    );
}
