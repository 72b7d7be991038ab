//! The text of a snapshot, over fixed inputs.

use std::time::Duration;

use super::{ActorSnapshot, ActorState, InHand, Site, Snapshot, Totals, Work};
use crate::ActorId;

fn actor(id: u64, depth: usize) -> ActorSnapshot {
    ActorSnapshot {
        id: ActorId(id),
        parent: None,
        depth,
        name: None,
        actor_type: Some("shop::Till".into()),
        message_type: "shop::till::Sale<alloc::vec::Vec<shop::Item>>".into(),
        site: Site::Task,
        state: ActorState::Running,
        incarnation: 1,
        restarts: 0,
        mailbox_len: 0,
        mailbox_capacity: Some(1_024),
        handled: 0,
        dropped: 0,
        in_hand: None,
    }
}

fn snapshot(actors: Vec<ActorSnapshot>) -> Snapshot {
    let totals = Totals {
        actors: actors.len(),
        monitors: 1,
        ..Totals::default()
    };
    Snapshot {
        system: "shop".into(),
        totals,
        actors,
        notes: Vec::new(),
    }
}

#[test]
fn a_snapshot_is_an_aligned_and_indented_tree() {
    let sup = ActorSnapshot {
        name: Some("tills".into()),
        actor_type: Some("actor_core::supervisor::Supervisor".into()),
        ..actor(1, 0)
    };
    let till = ActorSnapshot {
        parent: Some(ActorId(1)),
        restarts: 2,
        mailbox_len: 17,
        mailbox_capacity: None,
        handled: 1_234_567,
        dropped: 1_002,
        in_hand: Some(InHand {
            work: Work::Handling,
            at_least: Some(Duration::from_millis(3_250)),
            overdue: true,
        }),
        ..actor(2, 1)
    };
    let remote = ActorSnapshot {
        actor_type: None,
        site: Site::Process,
        state: ActorState::Waiting,
        ..actor(13, 0)
    };

    let text = snapshot(vec![sup, till, remote]).to_string();

    assert_eq!(
        text,
        "system shop: 3 actors, 0 timers, 1 monitor, 0 names, 0 dead letters\n\
         ACTOR       TYPE        PLACE    STATE    RESTARTS  MAILBOX  HANDLED  DROPPED  IN HAND\n\
         #1 \"tills\"  Supervisor  task     running         0  0/1,024        0        0  -\n  \
         #2        Till        task     running         2     17/∞    1.23M    1,002  Sale<Vec<Item>> for 3.2 s, overdue\n\
         #13         -           process  waiting         0  0/1,024        0        0  -"
    );
}

#[test]
fn an_empty_system_is_one_line() {
    let text = Snapshot {
        system: "idle".into(),
        totals: Totals::default(),
        actors: Vec::new(),
        notes: Vec::new(),
    };

    assert_eq!(
        text.to_string(),
        "system idle: 0 actors, 0 timers, 0 monitors, 0 names, 0 dead letters"
    );
}

#[test]
fn names_cannot_forge_lines_or_colours() {
    let forged = ActorSnapshot {
        name: Some("a\n#9 \"\u{1b}[31mb\u{202e}\"".into()),
        actor_type: Some("x::Y\u{7}".into()),
        ..actor(1, 0)
    };

    let text = snapshot(vec![forged]).to_string();

    assert!(
        text.contains(r##"#1 "a\n#9 \"\u{1b}[31mb\u{202e}\"""##),
        "{text}"
    );
    assert_eq!(text.lines().count(), 3);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
}

#[test]
fn long_names_are_cut() {
    let long = ActorSnapshot {
        name: Some("n".repeat(10_000)),
        ..actor(1, 0)
    };

    let text = snapshot(vec![long]).to_string();

    assert!(text.contains(&format!("\"{}…\"", "n".repeat(47))), "{text}");
}

#[test]
fn deep_levels_are_numbers() {
    let text = snapshot(vec![actor(1, 16), actor(2, 17), actor(3, 9_999)]).to_string();

    let lines: Vec<&str> = text.lines().skip(2).map(|line| line.trim_end()).collect();
    let indent = " ".repeat(32);
    assert!(lines[0].starts_with(&format!("{indent}#1 ")), "{text}");
    assert!(lines[1].starts_with(&format!("{indent}+1 #2 ")), "{text}");
    assert!(
        lines[2].starts_with(&format!("{indent}+9983 #3 ")),
        "{text}"
    );
}

#[test]
fn counts_and_durations_are_for_people() {
    #[track_caller]
    fn check(handled: u64, millis: u64, expected: (&str, &str)) {
        let actor = ActorSnapshot {
            handled,
            in_hand: Some(InHand {
                work: Work::Starting,
                at_least: Some(Duration::from_millis(millis)),
                overdue: false,
            }),
            ..actor(1, 0)
        };
        let text = actor.to_string();
        assert!(
            text.contains(&format!(", handled {},", expected.0)),
            "{text}"
        );
        assert!(
            text.ends_with(&format!("start-up for {}", expected.1)),
            "{text}"
        );
    }

    check(999, 999, ("999", "999 ms"));
    check(1_000, 1_000, ("1,000", "1.0 s"));
    check(999_999, 59_990, ("999,999", "59.9 s"));
    check(1_999_999, 61_000, ("1.99M", "1 min 1 s"));
    check(12_345_678, 3_600_000, ("12.3M", "1 h 0 min"));
    check(123_456_789, 90_000_000, ("123M", "1 d 1 h"));
    check(u64::MAX, 0, ("18446P", "0 ms"));
}

#[test]
fn the_line_of_one_actor_says_what_the_table_says() {
    let line = actor(1, 3).to_string();

    assert_eq!(
        line,
        "#1, type Till, place task, state running, restarts 0, mailbox 0/1,024, handled 0, dropped 0, in hand -"
    );
}
