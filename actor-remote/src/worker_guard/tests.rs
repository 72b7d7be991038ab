//! Claims that need no second process; those that do are in `tests/worker_guard.rs`.

use super::*;

#[test]
fn process_without_the_marker_is_no_worker() {
    assert!(!is_worker());
    assert_eq!(marked_parent(), None);
}

#[test]
fn standard_input_of_a_test_is_left_alone() {
    // Whatever it is, it is no socket of a parent: nothing must be replaced.
    assert!(matches!(take_socket(), Err(GuardError::NotASocket(_))));
}

#[test]
fn disarmed_watch_lets_the_process_live() {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    let watch = ParentWatch::new(&ours).expect("a descriptor");

    watch.disarm();
    drop(theirs);

    // A watch that is not disarmed would end the test process with its own code right here.
    watch.keep(std::time::Duration::ZERO);
}
