use crate::testing::Recording;
use std::collections::{BTreeSet, VecDeque};

use super::{FAIR, Policy, RUN, Schedule};

const MANY: u32 = 5;

/// The order in which ten tasks run that are ready once each.
fn order(schedule: Schedule, seed: u64) -> Vec<u32> {
    let mut policy = Policy::new(schedule, seed, 10);
    let mut ready: VecDeque<u32> = (0..10).collect();
    (0..10).for_each(|task| policy.handle_spawn(task));
    std::iter::from_fn(|| {
        let place = (!ready.is_empty()).then(|| policy.pick(&ready))?;
        ready.remove(place)
    })
    .collect()
}

fn all() -> [Schedule; 5] {
    [
        Schedule::Mixed,
        Schedule::Fifo,
        Schedule::Random,
        Schedule::Pct { depth: 3 },
        Schedule::Replay(Recording::of(&[3, 1, 4, 1, 5])),
    ]
}

#[test]
fn every_schedule_runs_each_ready_task_once() {
    for schedule in all() {
        for seed in 0..50 {
            let ran: BTreeSet<u32> = order(schedule.clone(), seed).into_iter().collect();
            assert_eq!(ran.len(), 10, "{schedule:?} {seed}");
        }
    }
}

#[test]
fn a_seed_gives_the_same_order_every_time() {
    for schedule in all() {
        for seed in 0..50 {
            assert_eq!(order(schedule.clone(), seed), order(schedule.clone(), seed));
        }
    }
}

#[test]
fn seeds_give_different_orders_but_for_fifo() {
    let orders = |schedule: Schedule| {
        let orders: BTreeSet<Vec<u32>> =
            (0..100).map(|seed| order(schedule.clone(), seed)).collect();
        orders.len()
    };

    assert!(orders(Schedule::Random) > 95);
    assert!(orders(Schedule::Pct { depth: 3 }) > 95);
    assert!(orders(Schedule::Mixed) > 95);
    assert_eq!(orders(Schedule::Fifo), 1);
}

#[test]
fn fifo_takes_the_first() {
    assert_eq!(order(Schedule::Fifo, 9), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_replay_takes_the_places_of_its_list_and_then_the_first() {
    let replayed = order(Schedule::Replay(Recording::of(&[9, 0, 3])), 9);
    assert_eq!(replayed, [9, 0, 4, 1, 2, 3, 5, 6, 7, 8]);
}

#[test]
fn a_replay_with_a_place_that_is_not_there_takes_the_last() {
    assert_eq!(order(Schedule::Replay(Recording::of(&[77])), 9)[0], 9);
}

#[test]
fn mixed_is_random_or_pct_by_seed() {
    let kinds: Vec<Schedule> = (0..200).map(|seed| Schedule::Mixed.under(seed)).collect();
    let random = kinds.iter().filter(|kind| **kind == Schedule::Random);

    assert!((60..140).contains(&random.count()));
    for depth in 2..5 {
        assert!(kinds.contains(&Schedule::Pct { depth }));
    }
}

#[test]
fn pct_keeps_to_its_priorities_between_the_changes() {
    let mut policy = Policy::new(Schedule::Pct { depth: 1 }, 3, 100);
    (0..MANY).for_each(|task| policy.handle_spawn(task));
    let ready: VecDeque<u32> = (0..MANY).collect();

    let picks: BTreeSet<usize> = (0..RUN).map(|_| policy.pick(&ready)).collect();

    assert_eq!(picks.len(), 1);
}

#[test]
fn pct_lowers_whoever_runs_at_each_change() {
    for seed in 0..20 {
        let mut policy = Policy::new(Schedule::Pct { depth: 3 }, seed, 40);
        (0..MANY).for_each(|task| policy.handle_spawn(task));
        let ready: VecDeque<u32> = (0..MANY).collect();

        let picks: Vec<usize> = (0..40).map(|_| policy.pick(&ready)).collect();

        let switches = picks.windows(2).filter(|pair| pair[0] != pair[1]).count();
        // Two changes may fall on one step, or on the first.
        assert!(switches <= 2, "{picks:?}");
        let ever: BTreeSet<usize> = picks.into_iter().collect();
        assert!(ever.len() <= 3);
    }
}

#[test]
fn pct_lets_nobody_starve() {
    let mut policy = Policy::new(Schedule::Pct { depth: 1 }, 3, 100);
    (0..MANY).for_each(|task| policy.handle_spawn(task));
    let ready: VecDeque<u32> = (0..MANY).collect();

    let picks: BTreeSet<usize> = (0..FAIR * 50).map(|_| policy.pick(&ready)).collect();

    assert_eq!(picks.len(), MANY as usize);
}

/// How many of 1,000 seeds let the first of two tasks, with twenty steps each, end before the other one begins.
fn runs_far_ahead(schedule: &Schedule) -> usize {
    let is_far_ahead = |seed| {
        let mut policy = Policy::new(schedule.clone(), seed, 40);
        (0..2).for_each(|task| policy.handle_spawn(task));
        let ready = VecDeque::from([0, 1]);
        (0..20).all(|_| policy.pick(&ready) == 0)
    };
    (0..1_000).filter(|seed| is_far_ahead(*seed)).count()
}

#[test]
fn pct_makes_long_delays_that_random_never_makes() {
    assert_eq!(runs_far_ahead(&Schedule::Random), 0);
    assert!(runs_far_ahead(&Schedule::Pct { depth: 3 }) > 100);
    assert!(runs_far_ahead(&Schedule::Mixed) > 50);
}
