use super::{leave_faults_out, shorten, take_turns};
use crate::testing::faults::Chosen;
use crate::testing::recording::Recording;

fn recording(picks: usize, faults: u64) -> Recording {
    Recording {
        seed: 1,
        picks: vec![1; picks],
        faults: (0..faults).map(|number| (number, Chosen::Drop)).collect(),
        digest: None,
        origin: Default::default(),
    }
}

#[test]
fn only_the_faults_that_matter_are_left() {
    let mut recording = recording(10, 100);
    let matters = |number: u64| [7, 8, 63].contains(&number);
    shorten(&mut recording, leave_faults_out, |shorter| {
        shorter.faults.iter().filter(|(n, _)| matters(*n)).count() == 3
    });
    let left: Vec<u64> = recording.faults.iter().map(|(number, _)| *number).collect();
    assert_eq!(left, [7, 8, 63]);
}

#[test]
fn only_the_turns_that_matter_are_out_of_order() {
    let mut recording = recording(1_000, 0);
    let mut runs = 0;
    shorten(&mut recording, take_turns, |shorter| {
        runs += 1;
        shorter.picks[3] == 1 && shorter.picks[700] == 1
    });
    let left: Vec<usize> = (0..1_000).filter(|at| recording.picks[*at] != 0).collect();
    assert_eq!(left, [3, 700]);
    assert!(runs < 100, "{runs}");
}

#[test]
fn what_cannot_be_left_out_stays() {
    let mut all = recording(5, 5);
    shorten(&mut all, leave_faults_out, |_| false);
    shorten(&mut all, take_turns, |_| false);
    assert_eq!(all, recording(5, 5));
}
