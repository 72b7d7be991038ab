use super::*;

#[test]
fn items_that_were_done_once_have_no_fault() {
    assert!(faults([0, 1, 5], &[(5, 0), (0, 1), (1, 0)]).is_empty());
    assert!(faults([], &[]).is_empty());
}

#[test]
fn an_item_that_was_not_done_when_join_completed_is_named() {
    assert_eq!(faults([0, 1], &[(0, 0)]), ["item 1 was not done"]);
}

#[test]
fn an_item_that_was_done_twice_or_is_unknown_is_named() {
    assert_eq!(
        faults([0], &[(0, 0), (0, 1), (7, 1)]),
        ["item 0 was done 2 times", "item 7 was never put"]
    );
}
