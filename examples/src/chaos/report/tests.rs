use super::*;

/// What happens to a run.
type Change = fn(&mut Seen);

const NOTHING: Holdings = Holdings {
    descriptors: Some(0),
    processes: Some(0),
};

/// A run in which everything has happened and nothing is wrong.
fn good() -> Seen {
    let mut seen = Seen::new(7);
    seen.tally = Tally {
        kills: 3,
        stops: 2,
        restarts: 5,
        cancels: 1,
        aborts: 1,
    };
    for kind in [
        Kind::Done,
        Kind::Cancelled,
        Kind::Shutdown,
        Kind::Aborted,
        Kind::Panicked,
        Kind::WorkerLost,
        Kind::Quarantined,
        Kind::TimeLimit,
        Kind::Codec,
        Kind::TooLarge,
    ] {
        seen.account.outcomes.insert(kind, 4);
    }
    for (deed, _) in DEEDS {
        seen.account.deeds.insert(*deed, 4);
    }
    seen.account.jobs = 40;
    seen.left = Some(NOTHING);
    seen
}

/// The verdict on a good run to which this happened.
fn with(change: impl FnOnce(&mut Seen)) -> Outcome {
    let mut seen = good();
    change(&mut seen);
    outcome(30, &seen)
}

#[test]
fn a_run_with_all_trouble_and_no_wrong_holds() {
    let outcome = with(|_| ());

    assert!(outcome.held, "{}", outcome.json);
    assert_eq!(outcome.json["ok"], true);
    assert_eq!(
        (&outcome.json["jobs"], &outcome.json["seed"]),
        (&json!(40), &json!(7))
    );
    assert_eq!(outcome.json["outcomes"]["time_limit"], 4);
    assert_eq!(outcome.json["processes_left"], 0);
}

#[test]
fn each_wrong_breaks_it_and_is_told() {
    let changes: [(&str, Change); 6] = [
        ("hung: x", |seen| seen.hung.push("x".to_owned())),
        ("lost: x", |seen| seen.account.lost.push("x".to_owned())),
        ("doubled: x", |seen| {
            seen.account.duplicates.push("x".to_owned());
        }),
        ("wrong: x", |seen| seen.account.faults.push("x".to_owned())),
        ("left: 1 processes", |seen| {
            seen.left = Some(Holdings {
                processes: Some(1),
                ..NOTHING
            });
        }),
        ("left: 0 processes, 2 descriptors", |seen| {
            seen.left = Some(Holdings {
                descriptors: Some(2),
                ..NOTHING
            });
        }),
    ];
    for (text, change) in changes {
        let outcome = with(change);

        assert!(!outcome.held, "{text}");
        assert_eq!(outcome.json["ok"], false);
        assert!(outcome.json["wrongs"].to_string().contains(text), "{text}");
        assert!(outcome.summary.join("\n").contains(text), "{text}");
    }
}

#[test]
fn trouble_that_did_not_happen_breaks_a_run_that_was_long_enough() {
    let mut seen = good();
    seen.account.outcomes.remove(&Kind::TimeLimit);

    assert!(!outcome(5, &seen).held);
    assert!(outcome(4, &seen).held);
    seen.interrupted = true;
    assert!(outcome(5, &seen).held);
}

#[test]
fn what_there_is_too_much_of_is_counted() {
    let outcome = with(|seen| {
        seen.account
            .lost
            .extend((0..25).map(|n| format!("job {n}")))
    });

    assert_eq!(outcome.json["lost"], 25);
    assert!(
        outcome.json["wrongs"]
            .to_string()
            .contains("lost: and 15 more")
    );
}
