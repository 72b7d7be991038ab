//! When a warning is due, without a system.

use std::time::{Duration, Instant};

use super::Table;
use crate::ActorId;
use crate::cell::Pulse;
use crate::snapshot::Work;

const LIMIT: Duration = Duration::from_secs(8);
const ACTOR: ActorId = ActorId(1);

fn pulse(begun: u64) -> Pulse {
    Pulse {
        work: Work::Handling,
        incarnation: 1,
        begun,
        turn: 0,
    }
}

struct Rounds {
    table: Table,
    began: Instant,
}

impl Rounds {
    fn new() -> Self {
        Rounds {
            table: Table::new(LIMIT),
            began: Instant::now(),
        }
    }

    /// A round at this second that finds this in hand. Returns the seconds that are warned of.
    fn round(&mut self, second: u64, found: Option<Pulse>) -> Option<u64> {
        let now = self.began + Duration::from_secs(second);
        let warned = found.and_then(|pulse| self.table.handle_look(ACTOR, pulse, (now, now)));
        self.table.handle_round_over();
        warned.map(|elapsed| elapsed.as_secs())
    }
}

#[test]
fn what_is_in_hand_for_the_limit_is_warned_of_and_again_when_the_time_has_doubled() {
    let mut rounds = Rounds::new();

    let warned: Vec<(u64, u64)> = (0..40)
        .map(|round| 2 * round)
        .filter_map(|second| Some((second, rounds.round(second, Some(pulse(1)))?)))
        .collect();

    assert_eq!(warned, [(8, 8), (16, 16), (32, 32), (64, 64)]);
}

#[test]
fn whatever_changes_begins_the_time_anew() {
    #[track_caller]
    fn check(other: Pulse) {
        let mut rounds = Rounds::new();
        assert_eq!(rounds.round(0, Some(pulse(1))), None);
        assert_eq!(rounds.round(7, Some(other)), None);
        assert_eq!(rounds.round(14, Some(other)), None);
        assert_eq!(rounds.round(15, Some(other)), Some(8));
    }

    check(pulse(2));
    check(Pulse {
        incarnation: 2,
        ..pulse(1)
    });
    check(Pulse {
        turn: 1,
        ..pulse(1)
    });
    check(Pulse {
        work: Work::Stopping,
        ..pulse(1)
    });
}

#[test]
fn an_actor_found_idle_is_forgotten() {
    let mut rounds = Rounds::new();
    rounds.round(0, Some(pulse(1)));
    assert_eq!(rounds.round(4, None), None);
    assert!(rounds.table.seen.is_empty());

    // The same numbers again cannot be, but would be news.
    assert_eq!(rounds.round(9, Some(pulse(1))), None);
}

#[test]
fn the_time_is_never_overstated() {
    let mut table = Table::new(LIMIT);
    let began = Instant::now();
    let second = Duration::from_secs(1);

    // It may have been taken up at the very end of the first look, and laid down at the very begin of the second.
    assert_eq!(
        table.handle_look(ACTOR, pulse(1), (began, began + second)),
        None
    );
    let late = began + LIMIT;
    assert_eq!(
        table.handle_look(ACTOR, pulse(1), (late, late + second)),
        None
    );
    let later = late + second;
    assert_eq!(
        table.handle_look(ACTOR, pulse(1), (later, later)),
        Some(LIMIT)
    );
}
