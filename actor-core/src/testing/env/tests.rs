use super::{Schedule, Wishes, name_of, schedule_named};
use crate::testing::Recording;

#[track_caller]
fn check(
    seed: Option<&str>,
    seeds: Option<&str>,
    schedule: Option<&str>,
    expected: (Option<std::ops::Range<u64>>, Option<Schedule>),
) {
    let wishes = Wishes::parse(seed, seeds, schedule).unwrap();
    assert_eq!((wishes.seeds, wishes.schedule), expected);
}

#[test]
fn variables_name_a_seed_or_a_range_and_a_schedule() {
    check(None, None, None, (None, None));
    check(Some("7"), None, None, (Some(7..8), None));
    check(None, Some("3..9"), None, (Some(3..9), None));
    check(Some("7"), Some("3..9"), None, (Some(7..8), None));
    check(None, None, Some("fifo"), (None, Some(Schedule::Fifo)));
    check(None, None, Some("random"), (None, Some(Schedule::Random)));
    check(None, None, Some("mixed"), (None, Some(Schedule::Mixed)));
    check(
        None,
        None,
        Some("pct:4"),
        (None, Some(Schedule::Pct { depth: 4 })),
    );
}

#[test]
fn what_cannot_be_understood_is_told() {
    for (seed, seeds, schedule, told) in [
        (Some("x"), None, None, "a seed is a number"),
        (None, Some("5"), None, "like 0..1000"),
        (None, Some("5..5"), None, "is empty"),
        (None, Some("5..x"), None, "a seed is a number"),
        (None, None, Some("pct"), "like pct:3"),
    ] {
        let problem = Wishes::parse(seed, seeds, schedule).unwrap_err();
        assert!(problem.contains(told), "{problem}");
    }
}

#[test]
fn a_schedule_that_has_a_name_is_named_so_that_it_is_understood() {
    let pct = Schedule::Pct { depth: 3 };
    for schedule in [Schedule::Mixed, Schedule::Fifo, Schedule::Random, pct] {
        let name = name_of(&schedule).unwrap();
        assert_eq!(schedule_named(&name), Ok(schedule));
    }
    assert_eq!(name_of(&Schedule::Replay(Recording::of(&[1]))), None);
}
