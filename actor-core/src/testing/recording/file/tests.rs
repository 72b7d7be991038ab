use std::path::Path;
use std::time::Duration;

use super::{RecordingError, read, written};
use crate::sync::Arc;
use crate::testing::faults::Chosen;
use crate::testing::recording::{Origin, Recording};

fn recording() -> Recording {
    Recording {
        seed: 7,
        picks: vec![0, 0, 0, 3, 1, 0, 0],
        faults: vec![
            (0, Chosen::Crash),
            (3, Chosen::Drop),
            (4, Chosen::Delay(Duration::from_millis(5))),
            (9, Chosen::Duplicate),
        ],
        digest: Some(0xabc),
        origin: Arc::new(Origin {
            test: "votes::a_leader_is_elected".into(),
            schedule: "Random".into(),
            file: Some(Path::new("here").into()),
        }),
    }
}

#[track_caller]
fn check_refused(text: &str, told: &str) {
    let error = read(text, Path::new("here")).unwrap_err().to_string();
    assert!(error.contains(told), "{error}");
}

#[test]
fn what_was_written_is_read() {
    let first = recording();
    assert_eq!(read(&written(&first), Path::new("here")).unwrap(), first);

    let mut changed = recording();
    changed.truncate(0);
    changed.faults.clear();
    let read = read(&written(&changed), Path::new("here")).unwrap();
    assert_eq!(read, changed);
    assert_eq!(read.digest, None);
}

#[test]
fn every_byte_that_changes_and_every_end_that_is_missing_is_noticed() {
    let text = written(&recording());
    for at in 0..text.len() - 1 {
        assert!(read(&text[..at], Path::new("here")).is_err(), "cut at {at}");
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let changed = String::from_utf8(bytes).unwrap();
        let is_same = read(&changed, Path::new("here")).is_ok_and(|read| read == recording());
        assert!(!is_same, "changed at {at}");
    }
}

#[test]
fn another_version_another_file_and_a_damaged_one_are_told_apart() {
    let text = written(&recording());
    let newer = text.replace("recording 1", "recording 2");
    check_refused(&newer, "version 2, and this test kit plays version 1");
    check_refused("fn main() {}", "is no recording");
    check_refused("", "is no recording");
    check_refused(&text.replace("seed 7", "seed 8"), "fingerprint");
    assert!(matches!(
        read(&newer, Path::new("here")),
        Err(RecordingError::Version { found, .. }) if found == "2"
    ));
}

#[test]
fn a_replay_in_another_test_or_with_another_end_is_objected_to() {
    let recording = recording();
    let test = "votes::a_leader_is_elected";
    assert_eq!(recording.objection(test), None);
    let objection = recording.objection("votes::other").unwrap();
    assert!(objection.contains("name that test"), "{objection}");

    assert_eq!(recording.misfit(0xabc), None);
    let misfit = recording.misfit(0xabd).unwrap();
    assert!(misfit.contains("does not fit this run"), "{misfit}");
}
