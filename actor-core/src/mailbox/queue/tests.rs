use std::collections::BTreeMap;
use std::task::Waker;

use super::*;

fn waker() -> Waker {
    Waker::noop().clone()
}

fn plain(capacity: usize) -> Queue<u32> {
    Queue::new(capacity, Overflow::Wait, Order::Batch)
}

fn messages(items: &[Item<u32>]) -> Vec<u32> {
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
    let mut queue = plain(2);
    queue.push(1, 0);
    queue.push(2, 0);
    let mut drawn = Vec::new();
    queue.hand_over(&mut drawn);

    assert!(queue.is_empty());
    assert!(!queue.has_room(|| Some(0)));
    assert!(
        queue.has_room(|| Some(1)),
        "the message in hand does not count"
    );
}

#[test]
fn room_goes_to_the_line_in_order_of_arrival() {
    // A6
    let mut queue = plain(1);
    queue.push(0, 0);
    let first = queue.join_line(waker());
    let second = queue.join_line(waker());
    let mut wake = Vec::new();

    queue.grant(Some(1), &mut wake);

    assert_eq!(wake.len(), 1);
    assert_eq!(queue.turn(first, &mut waker()), Turn::Granted);
    assert_eq!(queue.turn(second, &mut waker()), Turn::Waiting);
    assert!(!queue.has_room(|| Some(1)), "nobody overtakes the line");
}

#[test]
fn who_leaves_the_line_after_the_grant_gives_the_room_back() {
    // A6
    let mut queue = plain(1);
    queue.push(0, 0);
    let first = queue.join_line(waker());
    let second = queue.join_line(waker());
    let mut wake = Vec::new();
    queue.grant(Some(1), &mut wake);

    assert!(queue.leave_line(first).is_none());
    queue.grant(Some(1), &mut wake);

    assert_eq!(queue.turn(second, &mut waker()), Turn::Granted);
    queue.use_grant();
    queue.push(7, 0);
    assert!(!queue.has_room(|| Some(1)));
}

#[test]
fn who_leaves_the_middle_of_the_line_changes_nothing_for_the_others() {
    // A6
    let mut queue = plain(1);
    queue.push(0, 0);
    let tickets: Vec<Ticket> = (0..3).map(|_| queue.join_line(waker())).collect();
    queue.leave_line(tickets[1]);
    let mut wake = Vec::new();

    queue.grant(Some(1), &mut wake);
    queue.use_grant();
    queue.push(1, 0);
    queue.grant(Some(2), &mut wake);

    assert_eq!(queue.turn(tickets[2], &mut waker()), Turn::Granted);
    assert_eq!(wake.len(), 2);
}

#[test]
fn a_ticket_from_before_a_closing_is_void_for_ever() {
    // A6
    let mut queue = plain(1);
    queue.push(0, 0);
    let waiting = queue.join_line(waker());
    let mut wake = Vec::new();

    queue.dissolve_line(&mut wake);

    assert_eq!(wake.len(), 1);
    assert_eq!(queue.turn(waiting, &mut waker()), Turn::Void);
    assert!(queue.leave_line(waiting).is_none());
    assert!(queue.has_room(|| Some(1)));
}

#[test]
fn drawn_items_return_to_the_front_in_their_order() {
    // D1
    let mut queue = plain(10);
    (1..=3).for_each(|n| queue.push(n, 0));
    let mut drawn = Vec::new();
    queue.hand_over(&mut drawn);
    drawn.remove(0);
    queue.push(4, 0);

    queue.put_back(drawn);

    assert_eq!(messages(&queue.take_all()), [2, 3, 4]);
}

#[test]
fn extras_need_no_room_and_keep_their_place() {
    // A10
    let mut queue = plain(1);
    queue.push(1, 0);
    queue.push_extra(Extra::Message(2));

    assert!(!queue.has_room(|| Some(0)));
    assert_eq!(queue.message_count(), 1);
    let all = queue.take_all();
    assert!(matches!(&all[0], Item::Message(1)));
    assert!(matches!(&all[1], Item::Extra(extra) if matches!(**extra, Extra::Message(2))));
}

#[test]
fn an_idle_mailbox_keeps_no_large_buffer() {
    let mut queue = plain(usize::MAX);
    (0..10_000).for_each(|n| queue.push(n, 0));
    queue.items.clear();

    queue.shrink();

    assert_eq!(queue.items.capacity(), 0);
}

/// Takes everything out one by one, signals as 0.
fn one_by_one(queue: &mut Queue<u32>) -> Vec<u32> {
    let mut all = Vec::new();
    while !queue.is_empty() {
        let mut drawn = Vec::new();
        queue.hand_over(&mut drawn);
        assert_eq!(drawn.len(), 1, "one at a time");
        all.extend(drawn.into_iter().map(|item| match item {
            Item::Message(number) => number,
            _ => 0,
        }));
    }
    all
}

fn ordered(overflow: Overflow, order: Order<u32>) -> Queue<u32> {
    Queue::new(3, overflow, order)
}

fn fifo() -> Order<u32> {
    Order::Fifo(VecDeque::new())
}

fn lifo() -> Order<u32> {
    Order::Lifo {
        first: VecDeque::new(),
        stack: VecDeque::new(),
    }
}

fn priority() -> Order<u32> {
    Order::Priority {
        first: VecDeque::new(),
        ranked: BTreeMap::new(),
        next: 0,
    }
}

#[test]
fn priorities_are_stable_and_signals_come_first() {
    // A7, F2
    let mut queue = ordered(Overflow::Wait, priority());
    for (number, rank) in [(1, 5), (2, 1), (3, 5), (4, -7), (5, 1)] {
        queue.push(number, rank);
    }
    queue.push_extra(Extra::Message(9));

    assert_eq!(queue.message_count(), 5);
    assert_eq!(one_by_one(&mut queue), [0, 4, 2, 5, 1, 3]);
}

#[test]
fn the_last_comes_first_and_signals_before_it() {
    // A7, F2
    let mut queue = ordered(Overflow::Wait, lifo());
    queue.push(1, 0);
    queue.push_extra(Extra::Message(9));
    queue.push(2, 0);

    assert_eq!(one_by_one(&mut queue), [0, 2, 1]);
}

#[test]
fn the_oldest_gives_way_and_counts_as_begun() {
    // A4, A5
    for (order, gone, left) in [
        (fifo(), 1, vec![2, 3, 4]),
        (lifo(), 1, vec![4, 3, 2]),
        (priority(), 2, vec![1, 4, 3]),
    ] {
        let mut queue = ordered(Overflow::DropOldest, order);
        for (number, rank) in [(1, 0), (2, 8), (3, 8)] {
            assert!(queue.has_room(|| Some(0)));
            queue.push(number, rank);
        }
        assert!(!queue.has_room(|| Some(0)));

        queue.push(4, 3);

        assert_eq!(queue.make_room(), Some(gone));
        assert!(!queue.has_room(|| Some(0)), "as full as before");
        assert!(queue.has_room(|| Some(1)));
        assert_eq!((queue.kept(), queue.dropped()), (3, 1));
        assert_eq!(one_by_one(&mut queue), left);
    }
}

#[test]
fn what_was_drawn_from_a_reordering_mailbox_returns_to_its_front() {
    // D1
    for order in [fifo(), lifo(), priority()] {
        let mut queue = ordered(Overflow::Wait, order);
        queue.push(7, 0);
        queue.put_back(vec![Item::Message(1), Item::Message(2)]);

        assert_eq!(one_by_one(&mut queue), [1, 2, 7]);
    }
}

#[test]
fn the_rooms_of_stashed_messages_outlive_the_line() {
    // A4, H5
    let mut queue = plain(2);
    queue.hold();
    queue.dissolve_line(&mut Vec::new());
    queue.push(1, 0);
    assert!(!queue.has_room(|| Some(0)), "one is stashed, one is queued");

    queue.release(1);
    assert!(queue.has_room(|| Some(0)));
    let promised = queue.grant_now();
    queue.use_grant();
    assert_eq!(queue.turn(promised, &mut waker()), Turn::Granted);
}
