//! Picks that are played again.

use actor_core::testing::{Schedule, Simulation};

use super::mixture::play;

#[test]
fn a_replay_of_the_picks_is_the_same_run() {
    for schedule in [Schedule::Random, Schedule::Pct { depth: 3 }] {
        let first = Simulation::new()
            .schedule(schedule)
            .seed(11)
            .record_picks(true);
        let first = first.run(play).unwrap();
        let picks = Schedule::Replay(first.picks.unwrap());

        let again = Simulation::new()
            .schedule(picks)
            .seed(11)
            .run(play)
            .unwrap();

        assert_eq!(again.digest, first.digest);
        assert_eq!(again.output, first.output);
    }
}

#[test]
fn a_part_of_the_picks_is_a_run_of_its_own_that_replays_as_well() {
    let first = Simulation::new()
        .seed(11)
        .record_picks(true)
        .run(play)
        .unwrap();
    let mut picks = first.picks.unwrap();
    picks.truncate(picks.len() / 2);

    let digest = || {
        let half = Schedule::Replay(picks.clone());
        Simulation::new()
            .schedule(half)
            .seed(11)
            .run(play)
            .unwrap()
            .digest
    };

    assert_eq!(digest(), digest());
}
