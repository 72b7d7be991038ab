use super::*;

fn read_words(words: &str) -> Result<Request, clap::Error> {
    read(
        std::iter::once("actors")
            .chain(words.split_whitespace())
            .map(OsString::from),
    )
}

#[track_caller]
fn refusal_of(words: &str) -> String {
    let refusal = read_words(words).expect_err("must be refused");
    assert!(refusal.use_stderr(), "not a refusal: {refusal}");
    refusal.to_string()
}

#[test]
fn the_grammar_is_sound() {
    grammar().debug_assert();
}

#[test]
fn no_words_run_primes_with_the_defaults_of_its_grammar() {
    let Action::Run(Selection::Primes(bare), None) = read_words("").unwrap().command else {
        panic!("not primes")
    };
    let Action::Run(Selection::Primes(spelled), None) = read_words("run primes").unwrap().command
    else {
        panic!("not primes")
    };

    assert_eq!(bare, spelled);
}

#[test]
fn json_may_stand_anywhere() {
    assert!(!read_words("run primes").unwrap().json);
    for words in [
        "--json",
        "--json run primes",
        "run --json primes",
        "run primes --json",
        "list --json",
    ] {
        assert!(read_words(words).unwrap().json, "{words}");
    }
}

#[test]
fn every_topology_has_a_grammar_and_every_grammar_a_topology() {
    let grammar = Selection::augment_subcommands(clap::Command::new("run"));
    let runnable: Vec<&str> = grammar
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();

    assert_eq!(runnable, topology::ALL.map(|about| about.name));
}

#[test]
fn an_unknown_topology_is_told_the_known_ones() {
    for words in ["run nonesuch", "run nonesuch --fast", "describe nonesuch"] {
        let refusal = refusal_of(words);

        assert!(refusal.contains("'nonesuch'"), "{refusal}");
        for about in topology::ALL {
            assert!(refusal.contains(about.name), "{refusal}");
        }
    }
}

#[test]
fn a_topology_in_place_of_a_command_is_told_how_to_run_it() {
    assert!(refusal_of("primes").contains("actors run primes"));
}

#[test]
fn an_unknown_command_is_told_the_known_ones() {
    let refusal = refusal_of("lst");

    for command in ["list", "describe", "run"] {
        assert!(refusal.contains(command), "{refusal}");
    }
}

#[test]
fn parameters_are_typed() {
    assert!(refusal_of("run primes --processes two").contains("'two'"));
    assert!(refusal_of("run primes --threads -1").contains("-1"));
    assert!(refusal_of("run primes --threads 257").contains("257"));
    assert!(refusal_of("run wordcount").contains("<FOLDER>"));
}

#[test]
fn every_parameter_has_help_and_none_is_forgotten() {
    assert_eq!(parameters("primes").len(), 4);
    for about in topology::ALL {
        for parameter in parameters(about.name) {
            assert!(
                parameter.get_help().is_some(),
                "{} {}",
                about.name,
                parameter.get_id()
            );
        }
    }
}

#[test]
fn a_seed_without_a_simulation_is_for_what_goes_by_chance() {
    let chance = read_words("run chaos --seed 7").unwrap().command;
    let plain = read_words("run chaos").unwrap().command;
    let Action::Run(Selection::Chaos(with_seed), None) = chance else {
        panic!("not chaos")
    };
    let Action::Run(Selection::Chaos(without), None) = plain else {
        panic!("not chaos")
    };

    assert_eq!(with_seed, without.seeded(7));
    assert!(refusal_of("run bank --seed 7").contains("--sim"));
    assert!(matches!(
        read_words("run bank --sim --seed 7").unwrap().command,
        Action::Run(_, Some(seeds)) if seeds == (7..8)
    ));
}

#[test]
fn what_cannot_be_simulated_does_not_offer_it_and_says_why_not() {
    for about in topology::ALL {
        let help = read_words(&format!("run {} --help", about.name)).expect_err("help is no run");
        let is_offered = help.to_string().contains("--sim");
        assert_eq!(is_offered, about.name != "chaos", "{}", about.name);
    }

    for words in [
        "run chaos --sim",
        "run --sim chaos",
        "run chaos --sim --seed 7",
        "run --sim --seeds 0..3 chaos",
        "run chaos --seeds 0..3",
    ] {
        let refusal = refusal_of(words);
        for part in ["signals", "leave --sim out", "actors run chaos --seed"] {
            assert!(refusal.contains(part), "{words}: {refusal}");
        }
    }
}
