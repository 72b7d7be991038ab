//! The line as a pure machine.

use super::*;

#[test]
fn those_who_wait_are_served_in_order_of_arrival() {
    // P8
    let mut line = Line::new();
    let first = line.join("first");
    let second = line.join("second");

    assert_eq!(line.grant(), Some("first"));

    assert!(line.is_granted(first));
    assert!(!line.is_granted(second));
    assert!(line.has_waiting());
    assert_eq!(line.kept(), 1);
}

#[test]
fn a_kept_place_is_claimed_once() {
    let mut line = Line::new();
    let ticket = line.join(());
    line.grant();

    assert!(line.claim(ticket));
    assert!(!line.claim(ticket));
    assert_eq!(line.kept(), 0);
}

#[test]
fn whoever_leaves_gives_up_the_place_kept_for_it() {
    let mut line = Line::new();
    let waiting = line.join('a');
    let kept = line.reserve();

    assert_eq!(line.leave(kept), None);
    assert_eq!(line.leave(waiting), Some('a'));

    assert_eq!(line.kept(), 0);
    assert!(!line.has_waiting());
    assert_eq!(line.grant(), None);
}

#[test]
fn a_dissolved_line_wakes_everybody_and_keeps_no_place() {
    let mut line = Line::new();
    let kept = line.reserve();
    line.join('a');
    line.join('b');

    assert_eq!(line.dissolve(), ['a', 'b']);

    assert!(!line.claim(kept));
    assert!(!line.has_waiting());
}

#[test]
fn a_refreshed_waiter_is_woken_by_its_new_waker() {
    let mut line = Line::new();
    let ticket = line.join("old");

    assert_eq!(line.refresh(ticket, "new"), Some("old"));

    assert_eq!(line.grant(), Some("new"));
    assert_eq!(line.refresh(ticket, "late"), None);
}
