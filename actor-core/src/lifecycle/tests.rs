use super::*;

fn running() -> Lifecycle {
    let mut life = Lifecycle::new();
    let incarnation = life.handle_begin().expect("a fresh cell can begin");
    life.handle_started(incarnation);
    life
}

#[test]
fn requests_rise_and_never_fall() {
    // C2
    let mut life = running();
    assert!(life.handle_request(&Request::Stop(ExitReason::Shutdown)));
    assert!(!life.handle_request(&Request::Drain));
    assert!(!life.handle_request(&Request::Stop(ExitReason::Normal)));
    assert_eq!(life.stop_reason(), ExitReason::Shutdown);
    assert!(life.handle_request(&Request::Kill));
    assert_eq!(life.stop_reason(), ExitReason::Killed);
}

#[test]
fn a_drain_closes_the_mailbox_and_a_stop_does_so_unless_a_supervisor_decides() {
    // C2, D4
    let mut life = running();
    life.handle_request(&Request::Stop(ExitReason::Normal));
    assert!(!life.open);

    let mut life = running();
    life.supervised = true;
    life.handle_request(&Request::Stop(ExitReason::Normal));
    assert!(life.open);
    life.handle_request(&Request::Kill);
    assert!(life.open);

    let mut life = running();
    life.supervised = true;
    life.handle_request(&Request::Drain);
    assert!(!life.open);
}

#[test]
fn a_new_incarnation_starts_without_the_requests_of_the_old_one() {
    // D2
    let mut life = running();
    life.supervised = true;
    life.handle_request(&Request::Drain);
    life.handle_end(1, &ExitReason::Normal);

    assert_eq!(life.handle_begin(), Some(2));
    assert!(life.open);
    assert_eq!(life.control(), control::of(2));
}

#[test]
fn events_of_an_old_incarnation_are_ignored() {
    // E15
    let mut life = running();
    life.handle_end(1, &ExitReason::Killed);
    life.handle_begin();

    assert!(!life.handle_end(1, &ExitReason::Normal));
    life.handle_started(1);
    assert_eq!(life.phase, Phase::Starting);
}

#[test]
fn a_fenced_incarnation_is_of_the_past_at_once() {
    // E10
    let mut life = running();
    assert!(life.handle_fence());

    assert!(!life.handle_end(1, &ExitReason::Normal));
    assert_ne!(life.control(), control::of(1));
    assert_eq!(life.handle_begin(), Some(3));
}

#[test]
fn the_end_for_good_happens_once_and_nothing_follows() {
    // C5
    let mut life = running();
    assert!(life.handle_finish(&ExitReason::Killed));
    assert!(!life.handle_finish(&ExitReason::Normal));
    assert_eq!(life.handle_begin(), None);
    assert!(!life.handle_request(&Request::Kill));
    life.handle_cleared();
    assert_eq!(life.ended(), Some(&ExitReason::Killed));
}

#[test]
fn a_cell_that_is_held_takes_no_incarnation_until_it_is_reopened() {
    // D1, E15
    let mut life = running();
    assert!(!life.handle_hold(), "one runs");
    life.handle_end(1, &ExitReason::Shutdown);
    assert!(life.handle_hold());
    assert_eq!(life.handle_begin(), None);

    assert_eq!(life.handle_reopen(), Some(false));
    assert_eq!(life.past_ends(), None, "it had not ended for good");
    assert_eq!(life.handle_begin(), Some(2));
    assert_eq!(life.handle_reopen(), None, "it runs");
}

#[test]
fn a_cell_that_is_reopened_remembers_its_end_and_takes_incarnations_again() {
    // E11
    let mut life = running();
    life.handle_end(1, &ExitReason::Shutdown);
    life.handle_finish(&ExitReason::Killed);
    assert_eq!(life.handle_reopen(), None, "it is being cleared away");
    life.handle_cleared();

    assert_eq!(life.handle_reopen(), Some(true));

    assert_eq!(life.past_ends(), Some(&(1, ExitReason::Killed)));
    assert_eq!(
        (life.phase, life.open, life.ended()),
        (Phase::Waiting, true, None)
    );
    assert_eq!(life.handle_begin(), Some(2));
}
