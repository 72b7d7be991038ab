use std::task::{Context, Poll, Waker};

use super::*;
use crate::ExitReason;

fn supervised(mailbox: Mailbox) -> Arc<Cell<u32>> {
    let cell = Cell::new(mailbox, None, false);
    cell.set_supervised();
    cell
}

#[test]
fn a_drain_between_two_incarnations_sends_the_line_home() {
    // A6, D4
    let cell = supervised(Mailbox::bounded(1));
    let first = cell.begin(None).expect("a fresh cell");
    assert!(cell.try_push(1).is_ok());
    let (mut message, mut ticket) = (Some(2), None);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(
        cell.poll_push(&mut message, &mut ticket, &mut cx)
            .is_pending()
    );
    cell.set_begun(first, 1);
    cell.pass_room_on(); // The room is promised to the one in line.
    cell.end_incarnation(first, ExitReason::Killed, Vec::new());

    cell.request(&Request::Drain);
    let second = cell.begin(None).expect("it is restarted");

    let sent = cell.poll_push(&mut message, &mut ticket, &mut cx);
    assert_eq!(sent, Poll::Ready(Err(())));
    assert_eq!(message, Some(2), "it is given back");
    cell.end_incarnation(second, ExitReason::Normal, Vec::new());
    cell.begin(None).expect("it is restarted again");
    cell.set_begun(3, 1);
    assert!(cell.try_push(3).is_ok(), "the promised room was given back");
}
