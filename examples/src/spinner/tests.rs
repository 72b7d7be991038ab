use super::*;

fn seen(placement: Where, turns: u64, pid: u32) -> Outcome {
    let args = Args {
        placement,
        seconds: 2.0,
    };
    outcome(
        &args,
        &Seen {
            turns,
            done: Some(Done {
                pid,
                thread: "t".to_owned(),
                seconds: 2.0,
            }),
        },
    )
}

#[test]
fn an_answer_from_the_right_place_and_a_turning_spinner_hold() {
    let here = std::process::id();

    assert!(seen(Where::Task, 20, here).held);
    assert!(seen(Where::Thread, 1, here).held);
    assert!(seen(Where::Process, 20, here + 1).held);
}

#[test]
fn a_spinner_that_stood_still_breaks_the_invariant() {
    let outcome = seen(Where::Task, 0, std::process::id());

    assert!(!outcome.held);
    assert_eq!(outcome.json["ok"], false);
}

#[test]
fn a_worker_in_the_wrong_process_breaks_the_invariant() {
    let here = std::process::id();

    assert!(!seen(Where::Process, 20, here).held);
    assert!(!seen(Where::Thread, 20, here + 1).held);
}

#[test]
fn without_an_answer_it_was_interrupted_and_is_not_ok() {
    let args = Args {
        placement: Where::Thread,
        seconds: 2.0,
    };

    let outcome = outcome(
        &args,
        &Seen {
            turns: 0,
            done: None,
        },
    );

    assert!(outcome.interrupted && outcome.held);
    assert_eq!(outcome.json["ok"], false);
}

#[test]
fn seconds_are_taken_within_their_range_only() {
    assert_eq!(parse_seconds("0.5"), Ok(0.5));
    for text in ["0", "0.4", "-1", "3601", "inf", "NaN", "two"] {
        assert!(parse_seconds(text).is_err(), "{text}");
    }
}
