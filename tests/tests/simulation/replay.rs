//! Runs that are recorded and played again.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use actor_core::prelude::*;
use actor_core::testing::{FailureKind, Faults, Schedule, Simulation, TestSystem};

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

/// Two that race to be the first; it is an error that the second one may be.
async fn race(system: TestSystem) {
    struct Racer(u32, Arc<Mutex<Vec<u32>>>);
    impl Actor for Racer {
        type Msg = ();
        async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult {
            self.1.lock().unwrap().push(self.0);
            Ok(())
        }
    }

    let order = Arc::default();
    let racers = [1, 2].map(|n| system.spawn(Racer(n, Arc::clone(&order))));
    for racer in &racers {
        system.faults_on(racer, Faults::new().delay(0.3, MS..3 * MS));
        racer.try_send(()).unwrap();
    }
    system.advance(3 * MS).await;
    let order = order.lock().unwrap().clone();
    assert_eq!(order, [1, 2], "the second one was first");
}

const MS: Duration = Duration::from_millis(1);

/// A folder of its own for a test, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("actor-recordings-{name}-{}", std::process::id());
        Folder(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_seed_of_a_range_that_fails_is_recorded_and_its_file_replays_it() {
    let folder = Folder::new("range");
    let simulation = Simulation::new().record_failures(&folder.0);
    let failure = simulation.seeds(0..200, race).unwrap_err();

    let file = failure.file.clone().unwrap();
    assert!(file.starts_with(&folder.0));
    let told = format!("ACTOR_TEST_REPLAY={}", file.display());
    assert!(failure.to_string().contains(&told), "{failure}");

    for _ in 0..2 {
        // Neither the seed nor the schedule of this one matters.
        let replay = Simulation::new()
            .seed(1_000)
            .schedule(Schedule::replay(&file).unwrap());
        let again = replay.seeds(0..1, race).unwrap_err();
        assert_eq!(
            (again.digest, again.seed, again.steps, &again.kind),
            (failure.digest, failure.seed, failure.steps, &failure.kind)
        );
        assert!(again.command.contains(&told), "{}", again.command);
    }
}

#[test]
fn a_recording_that_does_not_fit_the_run_is_told() {
    let first = Simulation::new().record_picks(true).seed(3).run(play);
    let recording = first.unwrap().picks.unwrap();

    let other = Simulation::new().schedule(Schedule::Replay(recording));
    let failure = other
        .run(|system| async move { system.settle().await })
        .unwrap_err();

    assert!(matches!(failure.kind, FailureKind::Misfit { .. }));
    assert!(failure.to_string().contains("does not fit this run"));
}

#[test]
fn a_failure_of_a_replay_that_went_another_way_says_so() {
    let first = Simulation::new().record_picks(true).seed(3).run(play);
    let recording = first.unwrap().picks.unwrap();

    let other = Simulation::new().schedule(Schedule::Replay(recording));
    let failure = other.run(|_| std::future::pending::<()>()).unwrap_err();

    assert!(matches!(failure.kind, FailureKind::Deadlock { .. }));
    assert!(failure.to_string().contains("does not fit this run"));
}

/// Played by the test below in processes of its own, under other schedules.
#[test]
fn first_in_first_out_the_first_one_wins() {
    let simulation = Simulation::new().schedule(Schedule::Fifo).seed(UNHURT);
    simulation.run(race).unwrap();
}

/// A seed that delays nobody.
const UNHURT: u64 = 0;

fn play_first_in_first_out(variables: &[(&str, &str)]) -> (bool, String) {
    let test = "replay::first_in_first_out_the_first_one_wins";
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), text)
}

fn line<'a>(text: &'a str, of: &str) -> &'a str {
    let line = text.lines().find(|line| line.contains(of));
    line.unwrap_or_else(|| panic!("no {of:?} in {text}"))
}

#[test]
fn the_environment_records_a_failing_run_and_replays_it() {
    let simulation = Simulation::new().schedule(Schedule::Random);
    let failure = simulation.seeds(0..200, race).unwrap_err();
    let folder = Folder::new("environment");
    let seed = failure.seed.to_string();

    let (passed, first) = play_first_in_first_out(&[
        ("ACTOR_TEST_SCHEDULE", "random"),
        ("ACTOR_TEST_SEED", &seed),
        ("ACTOR_TEST_RECORD", folder.0.to_str().unwrap()),
    ]);
    assert!(!passed, "{first}");
    let file = line(&first, "recorded: ").split_once('=').unwrap().1;

    let (passed, again) = play_first_in_first_out(&[("ACTOR_TEST_REPLAY", file)]);
    assert!(!passed, "{again}");
    let digest = |text| line(text, "digest").split_once("digest").unwrap().1;
    assert_eq!(digest(&again), digest(&first));

    let text = std::fs::read_to_string(file).unwrap();
    for (changed, told) in [
        (text.replace("recording 1", "recording 9"), "version 9"),
        (text.replace("seed ", "seed 1"), "is damaged"),
        (String::new(), "is no recording"),
    ] {
        std::fs::write(file, changed).unwrap();
        let (passed, refused) = play_first_in_first_out(&[("ACTOR_TEST_REPLAY", file)]);
        assert!(!passed && refused.contains(told), "{refused}");
    }
}
