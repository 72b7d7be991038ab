use std::collections::VecDeque;
use std::task::Waker;

use super::*;

fn waker() -> Waker {
    Waker::noop().clone()
}

fn messages(items: &VecDeque<Item<u32>>) -> Vec<u32> {
    items
        .iter()
        .filter_map(|item| {
            if let Item::Message(m) = item {
                Some(*m)
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn what_is_drawn_and_not_begun_counts_against_the_bound() {
    // A4
    let mut queue = Queue::new(2);
    queue.push(1);
    queue.push(2);
    let mut drawn = VecDeque::new();
    queue.swap_out(&mut drawn);

    assert!(queue.is_empty());
    assert!(!queue.has_room(|_| 0));
    assert!(queue.has_room(|_| 1), "the message in hand does not count");
}

#[test]
fn room_goes_to_the_line_in_order_of_arrival() {
    // A6
    let mut queue = Queue::new(1);
    queue.push(0);
    let first = queue.join_line(waker());
    let second = queue.join_line(waker());
    let mut wake = Vec::new();

    queue.grant(1, &mut wake);

    assert_eq!(wake.len(), 1);
    assert_eq!(queue.turn(first, &mut waker()), Turn::Granted);
    assert_eq!(queue.turn(second, &mut waker()), Turn::Waiting);
    assert!(!queue.has_room(|_| 1), "nobody overtakes the line");
}

#[test]
fn who_leaves_the_line_after_the_grant_gives_the_room_back() {
    // A6
    let mut queue = Queue::new(1);
    queue.push(0);
    let first = queue.join_line(waker());
    let second = queue.join_line(waker());
    let mut wake = Vec::new();
    queue.grant(1, &mut wake);

    assert!(queue.leave_line(first).is_none());
    queue.grant(1, &mut wake);

    assert_eq!(queue.turn(second, &mut waker()), Turn::Granted);
    queue.use_grant();
    queue.push(7);
    assert!(!queue.has_room(|_| 1));
}

#[test]
fn who_leaves_the_middle_of_the_line_changes_nothing_for_the_others() {
    // A6
    let mut queue = Queue::new(1);
    queue.push(0);
    let tickets: Vec<Ticket> = (0..3).map(|_| queue.join_line(waker())).collect();
    queue.leave_line(tickets[1]);
    let mut wake = Vec::new();

    queue.grant(1, &mut wake);
    queue.use_grant();
    queue.push(1);
    queue.grant(2, &mut wake);

    assert_eq!(queue.turn(tickets[2], &mut waker()), Turn::Granted);
    assert_eq!(wake.len(), 2);
}

#[test]
fn a_ticket_from_before_a_closing_is_void_for_ever() {
    // A6
    let mut queue = Queue::new(1);
    queue.push(0);
    let waiting = queue.join_line(waker());
    let mut wake = Vec::new();

    queue.dissolve_line(&mut wake);

    assert_eq!(wake.len(), 1);
    assert_eq!(queue.turn(waiting, &mut waker()), Turn::Void);
    assert!(queue.leave_line(waiting).is_none());
    assert!(queue.has_room(|_| 1));
}

#[test]
fn drawn_items_return_to_the_front_in_their_order() {
    // D1
    let mut queue = Queue::new(10);
    (1..=3).for_each(|n| queue.push(n));
    let mut drawn = VecDeque::new();
    queue.swap_out(&mut drawn);
    drawn.pop_front();
    queue.push(4);

    queue.put_back(&mut drawn);

    assert!(drawn.is_empty());
    assert_eq!(messages(&queue.take_all()), [2, 3, 4]);
}

#[test]
fn extras_need_no_room_and_keep_their_place() {
    // A10
    let mut queue = Queue::new(1);
    queue.push(1);
    queue.push_extra(Extra::Message(2));

    assert!(!queue.has_room(|_| 0));
    assert_eq!(queue.message_count(), 1);
    assert!(matches!(queue.pop(), Some(Item::Message(1))));
    assert!(matches!(queue.pop(), Some(Item::Extra(extra)) if matches!(*extra, Extra::Message(2))));
}

#[test]
fn an_idle_mailbox_keeps_no_large_buffer() {
    let mut queue = Queue::new(usize::MAX);
    (0..10_000).for_each(|n| queue.push(n));
    while queue.pop().is_some() {}

    queue.shrink();

    assert_eq!(queue.items.capacity(), 0);
}
