use std::task::{Context, Poll, Waker};

use super::*;
use crate::mailbox::batch::Batch;
use crate::{ExitReason, Overflow};

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

#[test]
fn the_newest_finds_room_also_while_the_oldest_is_about_to_begin() {
    // A4, A5
    let cell = supervised(Mailbox::bounded(1).overflow(Overflow::DropOldest));
    let incarnation = cell.begin(None).expect("a fresh cell");
    assert!(cell.try_push(1).is_ok());
    let mut drawn = Batch::new();

    let found = cell.draw(incarnation, 0, 0, &mut drawn, None, true);
    assert!(found == Drawn::Begun, "it is out of reach from here on");
    assert!(cell.try_push(2).is_ok());

    assert_eq!(drawn.next_message(), Some(1));
    assert_eq!(cell.len(), 1);
    assert!(cell.try_push(3).is_ok());
    assert_eq!(cell.len(), 1);
    assert!(cell.draw(incarnation, 0, 0, &mut drawn, None, true) == Drawn::Begun);
    assert_eq!(drawn.next_message(), Some(3));
}

#[test]
fn what_came_last_is_kept_while_all_else_is_under_way_over_a_link() {
    // A4, A5
    let cell = supervised(Mailbox::bounded(1).overflow(Overflow::DropOldest));
    let incarnation = cell.begin(None).expect("a fresh cell");
    let mut drawn = Batch::new();
    assert!(cell.try_push(1).is_ok());

    let found = cell.draw(incarnation, 0, 0, &mut drawn, None, false);
    assert!(found == Drawn::Some, "it has not begun over there");
    assert_eq!(drawn.next_message(), Some(1));
    for number in 2..=4 {
        assert!(cell.try_push(number).is_ok());
        assert_eq!(cell.len(), 2, "one under way, and the last one");
    }

    cell.draw(incarnation, 0, 0, &mut drawn, None, false);
    assert_eq!(drawn.next_message(), Some(4));
}

#[test]
fn one_whose_cell_was_ended_in_mid_poll_does_not_go_to_sleep() {
    // C6, C10
    let cell = Cell::<u32>::new(Mailbox::default(), None, false);
    let incarnation = cell.begin(None).expect("a fresh cell");

    cell.finish(ExitReason::Killed);

    assert!(cell.park(incarnation, Waker::noop()) == Parked::Killed);
}

#[test]
fn a_late_count_of_one_that_was_given_up_leaves_that_of_its_successor() {
    // E15
    let cell = supervised(Mailbox::bounded(1));
    let first = cell.begin(None).expect("a fresh cell");
    assert!(cell.try_push(1).is_ok());
    cell.fence(ExitReason::Unresponsive);
    let second = cell.begin(None).expect("it is restarted");

    cell.set_begun_if_present(first, 0);

    cell.set_begun(second, cell.begun_at_start() + 1);
    assert!(cell.try_push(2).is_ok());
}

/// A queue, and a worker that pulls from it.
fn queue_and_worker() -> (Arc<Cell<u32>>, Arc<Cell<u32>>) {
    let queue = Cell::with_role(Mailbox::bounded(2), None, true, Role::Queue(Idle::new()));
    let incarnation = queue.begin(None).expect("a fresh cell");
    queue.started(incarnation);
    let pull = Pull::new(Arc::clone(&queue));
    let worker = Cell::with_role(Mailbox::default(), None, false, Role::Worker(pull));
    worker.set_supervised();
    worker.begin_to_pull();
    (queue, worker)
}

#[test]
fn a_message_that_was_pulled_counts_with_the_worker_and_stays_there_over_a_restart() {
    // A4, D1, P11
    let (queue, worker) = queue_and_worker();
    let first = worker.begin(None).expect("a fresh cell");
    for number in 1..=2 {
        assert!(queue.try_push(number).is_ok());
    }
    let mut drawn = Batch::new();

    assert!(worker.draw(first, 0, 0, &mut drawn, None, true) == Drawn::Some);
    assert_eq!((queue.len(), worker.len()), (1, 1));
    assert!(queue.try_push(3).is_ok(), "its room in the queue is free");

    worker.end_incarnation(first, ExitReason::Killed, drawn.into_rest());
    let second = worker.begin(None).expect("it is restarted");
    let mut drawn = Batch::new();
    worker.draw(second, 0, 0, &mut drawn, None, true);
    assert_eq!(drawn.next_message(), Some(1));
    assert_eq!(queue.len(), 2, "it had one already");
}

#[test]
fn a_worker_with_a_message_in_hand_does_not_seem_to_rest() {
    // P11: otherwise it would be woken for the next message instead of one that is idle.
    let (queue, worker) = queue_and_worker();
    let incarnation = worker.begin(None).expect("a fresh cell");
    let mut drawn = Batch::new();
    let waker = Some(Waker::noop());
    assert!(worker.draw(incarnation, 0, 0, &mut drawn, waker, true) == Drawn::Empty);
    assert!(worker.is_at_rest());
    queue.lock().queue.push(1, 0); // Nobody has called it yet.

    assert!(worker.draw(incarnation, 0, 0, &mut drawn, waker, true) == Drawn::Some);

    assert!(!worker.is_at_rest());
}
