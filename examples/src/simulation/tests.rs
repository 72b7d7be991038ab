use std::panic::Location;

use super::*;
use crate::testing::Scratch;

/// The topologies that need no outside world, each as its command line has it, small enough for many seeds.
const INSIDE: [&str; 11] = [
    "hello",
    "bank --transfers 20",
    "countdown --workers 3 --from 3",
    "pubsub --items 20",
    "pipeline --items 30 --bound 3",
    "producer-consumer --items 10 --bound 2",
    "spinner --placement task",
    "spinner --placement thread",
    "manager --operations 10",
    "primes --threads 2 --input NUMBERS",
    "wordcount --threads 2 FOLDER",
];

fn selected(words: &str, scratch: &Scratch) -> Selection {
    let numbers = scratch.write("numbers.txt", b"2\n91\n97\n65537\n");
    let words = words.split(' ').map(|word| match word {
        "NUMBERS" => numbers.clone().into_os_string(),
        "FOLDER" => scratch.path().as_os_str().to_owned(),
        word => word.into(),
    });
    let words = ["actors", "run"].into_iter().map(Into::into).chain(words);
    let request = crate::cli::read(words).unwrap();
    match request.command {
        crate::cli::Action::Run(selection, _) => selection,
        other => panic!("not a run: {other:?}"),
    }
}

#[track_caller]
fn simulated(words: &str, seed: u64) -> Run {
    let console = Console::new(true).muted();
    let scratch = Scratch::new(&format!("simulated-{}", Location::caller().line()));
    simulate(&selected(words, &scratch), seed, &console)
        .unwrap_or_else(|text| panic!("{words}: {text}"))
}

#[test]
fn every_topology_holds_under_every_order() {
    for words in INSIDE {
        for seed in 0..20 {
            let run = simulated(words, seed);
            let outcome = run.output.unwrap();

            assert!(outcome.held, "{words}, seed {seed}: {:?}", outcome.summary);
            assert_eq!(run.outside_wakes, 0, "{words}, seed {seed}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run_and_the_same_line() {
    for words in INSIDE {
        let (first, second) = (simulated(words, 7), simulated(words, 7));

        assert_eq!(first.digest, second.digest, "{words}");
        let lines = [first, second].map(|run| run.output.unwrap().json.to_string());
        assert_eq!(lines[0], lines[1], "{words}");
    }
}

#[test]
fn the_time_is_virtual() {
    let run = simulated("spinner --seconds 3600", 0);

    assert!(run.elapsed >= Duration::from_secs(3600));
}

#[test]
fn a_range_of_seeds_is_understood_or_refused_with_its_form() {
    assert_eq!(parse_seeds("3..10"), Ok(3..10));
    for wrong in ["", "7", "a..b", "1..", "..2"] {
        assert!(
            parse_seeds(wrong).unwrap_err().contains("0..1000"),
            "{wrong}"
        );
    }
    for empty in ["5..5", "5..4"] {
        assert!(
            parse_seeds(empty).unwrap_err().contains("no seed"),
            "{empty}"
        );
    }
}

#[test]
fn the_replay_command_is_the_same_one_for_one_seed() {
    let words = "/bin/actors run primes --sim --seeds 0..9 --threads 2".split(' ');

    let replay = replay(words.map(str::to_owned), 4);

    assert_eq!(replay, "actors run primes --sim --threads 2 --seed 4");
}
