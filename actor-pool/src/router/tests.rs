//! The choices of routers, without a runtime.

use super::choose::{Choice, choose, next_turn};
use super::handover::{Handover, Mark};
use super::hash::{SLOTS, owners, slot_of};

/// How often each worker is chosen.
fn counts(choice: Choice, workers: usize, turns: u64, load: impl Fn(usize) -> usize) -> Vec<u64> {
    let mut counts = vec![0; workers];
    for turn in 0..turns {
        counts[choose(choice, turn, 1, workers, &load)] += 1;
    }
    counts
}

// P11
#[test]
fn round_robin_takes_each_worker_in_turn() {
    let chosen: Vec<_> = (0..6)
        .map(|turn| choose(Choice::RoundRobin, turn, 9, 3, |_| 0))
        .collect();

    assert_eq!(chosen, [0, 1, 2, 0, 1, 2]);
}

// P11
#[test]
fn turns_begin_again_after_the_last_worker_also_when_workers_have_gone() {
    let mut turn = 0;
    let mut take = |workers| {
        let place = choose(Choice::RoundRobin, turn, 9, workers, |_| 0);
        turn = next_turn(Choice::RoundRobin, turn, place);
        place
    };

    let with_four: Vec<_> = (0..7).map(|_| take(4)).collect();
    let with_two: Vec<_> = (0..4).map(|_| take(2)).collect();

    assert_eq!(with_four, [0, 1, 2, 3, 0, 1, 2]);
    assert_eq!(with_two, [1, 0, 1, 0]);
}

// P11
#[test]
fn random_choices_are_even_and_follow_from_the_seed() {
    let first = counts(Choice::Random, 8, 80_000, |_| 0);

    assert!(
        first.iter().all(|count| (9_500..10_500).contains(count)),
        "{first:?}"
    );
    let sequence = |seed| -> Vec<_> {
        (0..100)
            .map(|turn| choose(Choice::Random, turn, seed, 8, |_| 0))
            .collect()
    };
    assert_eq!(sequence(3), sequence(3));
    assert_ne!(sequence(3), sequence(4));
}

// P11
#[test]
fn of_two_workers_the_less_loaded_one_is_chosen() {
    let loads = [5, 0, 5, 5];
    let chosen = counts(Choice::LeastLoaded, 4, 40_000, |worker| loads[worker]);

    // It is one of the two in half of the cases, and wins all of these.
    assert!((19_000..21_000).contains(&chosen[1]), "{chosen:?}");
    assert_eq!(chosen.iter().sum::<u64>(), 40_000);
}

// P11
#[test]
fn the_most_loaded_worker_is_never_the_choice_of_two() {
    let chosen = counts(Choice::LeastLoaded, 3, 10_000, |worker| {
        [1, 2, usize::MAX][worker]
    });

    assert_eq!(chosen[2], 0);
}

// P11
#[test]
fn the_loads_of_workers_that_are_chosen_by_two_choices_stay_close() {
    let mut loads = [0_usize; 8];
    for turn in 0..80_000 {
        let chosen = choose(Choice::LeastLoaded, turn, 5, 8, |worker| loads[worker]);
        loads[chosen] += 1;
    }

    let (most, least) = (loads.iter().max(), loads.iter().min());
    assert!(
        most.zip(least)
            .is_some_and(|(most, least)| most - least < 10),
        "{loads:?}"
    );
}

#[test]
fn a_single_worker_is_every_choice() {
    for choice in [Choice::RoundRobin, Choice::Random, Choice::LeastLoaded] {
        assert_eq!(counts(choice, 1, 10, |_| 0), [10]);
    }
}

// P11
#[test]
fn the_hash_of_a_key_is_the_same_in_every_build() {
    let slots = [
        slot_of(&0_u64),
        slot_of(&1_u64),
        slot_of("key"),
        slot_of(&("user".to_owned(), 7_i32)),
    ];

    assert_eq!(slots, KNOWN_SLOTS);
    assert_eq!(slot_of(&7_u8), slot_of(&7_u64), "a number is a number");
    assert_eq!(slot_of(&String::from("key")), slot_of("key"));
    assert_ne!(slot_of(&[1_u8, 0][..]), slot_of(&[1_u8][..]));
}

const KNOWN_SLOTS: [usize; 4] = [0, 3_618, 2_299, 1_385];

// P11
#[test]
fn keys_spread_evenly_over_slots_and_slots_over_workers() {
    let mut keys = vec![0_u32; SLOTS];
    for key in 0..SLOTS as u64 * 16 {
        keys[slot_of(&key)] += 1;
    }
    let empty = keys.iter().filter(|count| **count == 0).count();
    assert!(
        empty < SLOTS / 100,
        "{empty} of {SLOTS} slots have no key of 16 for each"
    );

    let workers: Vec<u32> = (1..=8).collect();
    let owners = owners(&workers);
    for worker in workers {
        let share = owners.iter().filter(|owner| **owner == worker).count();
        assert!(
            (SLOTS / 8).abs_diff(share) < SLOTS / 8 / 6,
            "{worker} has {share}"
        );
    }
}

// P11: a change of n workers moves about 1/n of the keys.
#[test]
fn a_worker_more_takes_its_share_from_all_others_and_nothing_else_moves() {
    for n in [1_u32, 2, 4, 8, 16] {
        let before: Vec<u32> = (1..=n).collect();
        let after: Vec<u32> = (1..=n + 1).collect();
        let (old, new) = (owners(&before), owners(&after));

        let moved: Vec<_> = old
            .iter()
            .zip(&new)
            .filter(|(old, new)| old != new)
            .collect();

        let fair = SLOTS / (n as usize + 1);
        assert!(
            fair.abs_diff(moved.len()) < fair / 4,
            "{n}: {} of {fair}",
            moved.len()
        );
        assert!(moved.iter().all(|(_, new)| **new == n + 1));
    }
}

// P11
#[test]
fn a_worker_less_gives_its_keys_to_all_others_and_nothing_else_moves() {
    let (old, new) = (owners(&[1, 2, 3, 4]), owners(&[1, 2, 4]));

    for (old, new) in old.iter().zip(&new) {
        assert!(old == new || *old == 3);
    }
    for heir in [1, 2, 4] {
        let inherited = old
            .iter()
            .zip(&new)
            .filter(|(old, new)| **old == 3 && **new == heir);
        assert!(inherited.count() > SLOTS / 4 / 3 / 2);
    }
}

fn held(handover: &Handover) -> usize {
    handover.owners().filter(Option::is_none).count()
}

// P11: FIFO per key, also while workers are added.
#[test]
fn a_key_moves_only_when_its_old_owner_has_passed_a_mark_that_came_after() {
    let mut handover = Handover::new(&[1, 2]);
    let old = owners(&[1, 2]);
    let new = owners(&[1, 2, 3]);

    let marks = handover.handle_workers(&[1, 2, 3]);

    assert_eq!(
        marks,
        [
            Mark {
                worker: 1,
                number: 1
            },
            Mark {
                worker: 2,
                number: 1
            }
        ]
    );
    for slot in 0..SLOTS {
        let expected = (old[slot] == new[slot]).then_some(old[slot]);
        assert_eq!(handover.owner(slot), expected);
    }

    assert!(handover.handle_passed(marks[0]));

    for slot in 0..SLOTS {
        let is_held = old[slot] == 2 && new[slot] == 3;
        assert_eq!(handover.owner(slot), (!is_held).then_some(new[slot]));
    }
    assert!(handover.handle_passed(marks[1]));
    assert!(handover.owners().eq(new.into_iter().map(Some)));
    assert!(!handover.handle_passed(marks[1]), "nothing is left to move");
}

#[test]
fn an_older_mark_releases_nothing_that_was_held_after_it() {
    let mut handover = Handover::new(&[1, 2]);
    let first = handover.handle_workers(&[1, 2, 3]);
    let second = handover.handle_workers(&[1, 2, 3, 4]);
    assert!(second.iter().any(|mark| mark.worker == 1));

    handover.handle_passed(first[0]);

    let (old, new) = (owners(&[1, 2]), owners(&[1, 2, 3, 4]));
    let between = owners(&[1, 2, 3]);
    for slot in (0..SLOTS).filter(|slot| old[*slot] == 1) {
        let was_held_first = between[slot] == 3;
        let expected = (was_held_first || new[slot] == 1).then_some(new[slot]);
        assert_eq!(handover.owner(slot), expected, "{slot}");
    }
}

#[test]
fn keys_that_are_to_stay_after_all_are_held_no_longer() {
    let mut handover = Handover::new(&[1, 2]);
    handover.handle_workers(&[1, 2, 3]);

    let marks = handover.handle_workers(&[1, 2]);

    assert_eq!(marks, []);
    assert_eq!(held(&handover), 0);
    assert!(handover.owners().eq(owners(&[1, 2]).into_iter().map(Some)));
}

// P11
#[test]
fn the_keys_of_a_removed_worker_are_held_until_it_is_done() {
    let mut handover = Handover::new(&[1, 2, 3]);
    let share = owners(&[1, 2, 3])
        .iter()
        .filter(|owner| **owner == 2)
        .count();

    let marks = handover.handle_workers(&[1, 3]);

    assert_eq!(
        marks,
        [Mark {
            worker: 2,
            number: 1
        }]
    );
    assert_eq!(held(&handover), share);
    assert!(handover.handle_passed(marks[0]));
    assert!(handover.owners().eq(owners(&[1, 3]).into_iter().map(Some)));
}

#[test]
fn the_keys_of_a_worker_that_died_for_good_move_at_once() {
    let mut handover = Handover::new(&[1, 2, 3]);
    handover.handle_workers(&[1, 3]);

    assert!(handover.handle_gone(2));

    assert_eq!(held(&handover), 0);
}
