use std::time::Duration;

use super::{Chosen, Odds};
use crate::testing::Rng;

fn odds() -> Odds {
    Odds {
        crash: 0.1,
        drop: 0.2,
        delay: 0.3,
        delays: Duration::from_millis(1)..Duration::from_millis(50),
        duplicate: 0.1,
    }
}

fn choices(odds: &Odds, count: usize) -> Vec<Chosen> {
    let mut rng = Rng::stream(1, "odds");
    (0..count).map(|_| odds.choose(&mut rng)).collect()
}

#[test]
fn each_fault_comes_with_its_chance() {
    let choices = choices(&odds(), 10_000);
    let share = |wanted: fn(&Chosen) -> bool| choices.iter().filter(|c| wanted(c)).count();

    let shares = [
        (share(|c| *c == Chosen::Crash), 1_000),
        (share(|c| *c == Chosen::Drop), 2_000),
        (share(|c| matches!(c, Chosen::Delay(_))), 3_000),
        (share(|c| *c == Chosen::Duplicate), 1_000),
        (share(|c| *c == Chosen::Deliver), 3_000),
    ];
    for (found, expected) in shares {
        assert!(found.abs_diff(expected) < 200, "{shares:?}");
    }
}

#[test]
fn delays_are_within_their_range_and_spread_over_it() {
    let delays: Vec<Duration> = choices(&odds(), 10_000)
        .into_iter()
        .filter_map(|chosen| match chosen {
            Chosen::Delay(by) => Some(by),
            _ => None,
        })
        .collect();

    assert!(delays.iter().all(|by| odds().delays.contains(by)));
    let distinct: std::collections::BTreeSet<_> = delays.iter().collect();
    assert_eq!(distinct.len(), 49);
}

#[test]
fn no_chance_is_no_fault_and_a_certain_one_always_comes() {
    let never = Odds::default();
    assert!(choices(&never, 1_000).iter().all(|c| *c == Chosen::Deliver));
    let always = Odds {
        drop: 1.0,
        ..Odds::default()
    };
    assert!(choices(&always, 1_000).iter().all(|c| *c == Chosen::Drop));
}
