//! How large automatic chunks are, and results.

use super::*;

#[track_caller]
fn check(length: Option<usize>, workers: usize, expected: usize) {
    let options = JobOptions::new().retryable();
    assert_eq!(automatic(&options, length, workers), expected);
}

#[test]
fn what_may_not_run_twice_goes_alone() {
    // P2
    assert_eq!(automatic(&JobOptions::new(), Some(1_000_000), 2), 1);
}

#[test]
fn each_worker_gets_several_chunks_of_at_least_one_and_of_bounded_size() {
    // P2
    check(Some(0), 2, 1);
    check(Some(7), 2, 1);
    check(Some(80), 2, 10);
    check(Some(1_000_000), 2, CHUNK_MAX);
    check(None, 2, CHUNK_UNKNOWN);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_small_result_takes_no_more_room_than_an_error_and_that_takes_little() {
    // P2: a map may have millions of them.
    assert_eq!(size_of::<Result<u64, JobError>>(), 32);
}
