use std::time::Duration;

use super::*;
use crate::primes::arithmetic::{PrimeAnswer, is_prime};
use crate::workers::Crew;

const NUMBERS: [u64; 3] = [7, 9, 11];

fn plan() -> Plan {
    Plan {
        numbers: NUMBERS.to_vec(),
        crew: Crew {
            processes: 2,
            threads: 1,
        },
        kill_worker: false,
    }
}

fn answer(item: usize, is_prime: bool) -> Answer {
    let found = PrimeAnswer {
        number: NUMBERS[item],
        is_prime,
        seconds: 0.25,
        pid: 4711,
    };
    Answer {
        item,
        worker: "process-1".to_owned(),
        found,
    }
}

fn right_answers() -> Vec<Answer> {
    (0..NUMBERS.len())
        .map(|item| answer(item, is_prime(NUMBERS[item])))
        .collect()
}

fn gathered(answers: Vec<Answer>) -> Gathered {
    Gathered {
        answers,
        elapsed: Duration::from_millis(500),
        ..Gathered::default()
    }
}

fn baseline() -> Baseline {
    Baseline {
        is_prime: NUMBERS.map(is_prime).to_vec(),
        elapsed: Duration::from_secs(1),
    }
}

#[test]
fn right_answers_hold_and_fill_every_field() {
    let outcome = outcome(&plan(), &gathered(right_answers()), Some(&baseline()));

    assert!(outcome.held && !outcome.interrupted);
    let expected = json!({
        "topology": "primes", "ok": true, "items": 3, "primes": 2, "elapsed_s": 0.5, "sequential_s": 1.0, "speedup": 2.0,
        "threads": 1, "processes": 2, "restarts": 0, "killed": null, "lost": 0, "duplicates": 0, "wrong": 0, "not_begun": 0,
    });
    assert_eq!(outcome.json, expected);
    let compared = "1.000 s in sequence: speed-up 2.00".to_owned();
    assert!(outcome.summary.contains(&compared), "{:?}", outcome.summary);
    assert!(
        outcome.summary.last().unwrap().starts_with("held"),
        "{:?}",
        outcome.summary
    );
}

#[test]
fn a_lost_a_doubled_and_a_wrong_answer_each_break_the_invariant() {
    let mut doubled = right_answers();
    doubled.push(answer(0, true));
    let wrong = vec![answer(0, true), answer(1, true), answer(2, true)];

    for (answers, field) in [
        (right_answers().split_off(1), "lost"),
        (doubled, "duplicates"),
        (wrong, "wrong"),
    ] {
        let outcome = outcome(&plan(), &gathered(answers), Some(&baseline()));

        assert!(!outcome.held, "{field}");
        assert_eq!(outcome.json["ok"], false);
        for counted in ["lost", "duplicates", "wrong"] {
            assert_eq!(
                outcome.json[counted],
                u64::from(counted == field),
                "{field}: {counted}"
            );
        }
        assert!(
            outcome.summary.last().unwrap().starts_with("BROKEN"),
            "{:?}",
            outcome.summary
        );
    }
}

#[test]
fn an_answer_for_another_number_is_wrong() {
    let mut answers = right_answers();
    answers[0].found.number = 13;

    assert!(!outcome(&plan(), &gathered(answers), Some(&baseline())).held);
}

#[test]
fn an_interrupted_run_tells_what_was_not_begun_and_loses_nothing() {
    let mut gathered = gathered(right_answers().split_off(1));
    gathered.not_begun = 1;

    let outcome = outcome(&plan(), &gathered, None);

    assert!(outcome.held && outcome.interrupted);
    assert_eq!(
        (
            &outcome.json["ok"],
            &outcome.json["lost"],
            &outcome.json["not_begun"]
        ),
        (&json!(false), &json!(0), &json!(1))
    );
    assert_eq!(outcome.json["speedup"], Value::Null);
    assert!(
        outcome
            .summary
            .last()
            .unwrap()
            .contains("1 number not begun"),
        "{:?}",
        outcome.summary
    );
}

#[test]
fn an_item_that_failed_is_lost_and_its_error_is_told() {
    let mut gathered = gathered(right_answers().split_off(1));
    gathered
        .failures
        .push((0, "the worker was lost".to_owned()));

    let outcome = outcome(&plan(), &gathered, Some(&baseline()));

    assert!(!outcome.held);
    assert!(
        outcome
            .summary
            .iter()
            .any(|line| line == "7 failed: the worker was lost"),
        "{:?}",
        outcome.summary
    );
}

#[test]
fn a_kill_that_was_asked_for_is_told_and_so_is_one_that_did_not_come_about() {
    let plan = Plan {
        kill_worker: true,
        ..plan()
    };
    for (killed, part) in [
        (Some(4711), "process 4711 was killed at work"),
        (None, "NO worker was killed"),
    ] {
        let gathered = Gathered {
            killed,
            ..gathered(right_answers())
        };

        let outcome = outcome(&plan, &gathered, Some(&baseline()));

        assert!(outcome.held);
        assert_eq!(outcome.json["killed"], json!(killed));
        let told = outcome.summary.iter().any(|line| line.contains(part));
        assert!(told, "{:?}", outcome.summary);
    }
}

#[test]
fn columns_line_up_under_their_names() {
    let table = Table::new(&[2, 9_999_999_999_999_917]);
    let mut short = answer(0, true);
    short.found.number = 2;
    let mut long = answer(1, false);
    long.found.number = 9_999_999_999_999_917;

    let lines = [table.header(), table.row(&short), table.row(&long)];

    for line in &lines {
        assert_eq!(line.len(), lines[0].len(), "{lines:#?}");
    }
    assert!(
        lines[1].contains("yes") && lines[1].contains("0.250") && lines[1].contains("4711"),
        "{lines:#?}"
    );
    assert_eq!(lines[0].find("prime"), lines[2].find("no   "));
}
