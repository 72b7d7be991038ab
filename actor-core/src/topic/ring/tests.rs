//! Every item is told or missed, and what is missing is told where it is missing.

use super::{Pushed, Ring};
use crate::topic::{Delivery, TopicPolicy};

fn drain(ring: &mut Ring<u32>) -> Vec<Delivery<u32>> {
    std::iter::from_fn(|| ring.pop()).collect()
}

// H3
#[test]
fn without_the_newest_the_gap_is_told_behind_the_old_ones() {
    let mut ring = Ring::new(2, TopicPolicy::DropNewest);

    assert_eq!(ring.push(1), Pushed::Kept);
    assert_eq!(ring.push(2), Pushed::Kept);
    assert_eq!(ring.push(3), Pushed::Refused(3));
    assert_eq!(ring.push(4), Pushed::Refused(4));
    assert_eq!(ring.pop(), Some(Delivery::Item(1)));
    assert_eq!(ring.push(5), Pushed::Kept);

    let rest = [Delivery::Item(2), Delivery::Missed(2), Delivery::Item(5)];
    assert_eq!(drain(&mut ring), rest);
    assert_eq!(ring.missed(), 2);
}

// H3
#[test]
fn without_the_oldest_the_gap_is_told_in_front() {
    let mut ring = Ring::new(2, TopicPolicy::DropOldest);

    assert_eq!(ring.push(1), Pushed::Kept);
    assert_eq!(ring.push(2), Pushed::Kept);
    assert_eq!(ring.push(3), Pushed::Replaced(1));
    assert_eq!(ring.push(4), Pushed::Replaced(2));

    let rest = [Delivery::Missed(2), Delivery::Item(3), Delivery::Item(4)];
    assert_eq!(drain(&mut ring), rest);
    assert_eq!(ring.missed(), 2);
}

// H3
#[test]
fn a_gap_at_the_end_is_told_without_waiting_for_another_item() {
    let mut ring = Ring::new(1, TopicPolicy::DropNewest);
    ring.push(1);
    ring.push(2);

    assert_eq!(drain(&mut ring), [Delivery::Item(1), Delivery::Missed(1)]);
    assert!(!ring.is_ready());
}

// H3
#[test]
fn what_could_not_be_told_is_missed_where_it_was() {
    let mut ring = Ring::new(2, TopicPolicy::DropOldest);
    ring.push(1);
    ring.push(2);
    assert_eq!(ring.pop(), Some(Delivery::Item(1)));

    ring.widen_gap(1, 1);

    assert_eq!(drain(&mut ring), [Delivery::Missed(1), Delivery::Item(2)]);
    ring.widen_gap(1, 1);
    assert_eq!(ring.pop(), Some(Delivery::Missed(1)));
    ring.widen_gap(1, 0);
    assert_eq!(drain(&mut ring), [Delivery::Missed(1)]);
    assert_eq!(ring.missed(), 2);
}

// H3
#[test]
fn at_any_pace_what_is_told_adds_up_and_stands_in_its_place() {
    for policy in [TopicPolicy::DropNewest, TopicPolicy::DropOldest] {
        for bound in 1..6 {
            // Every pattern of 12 steps: a one publishes, a zero receives.
            for pattern in 0..1_u32 << 12 {
                let mut ring = Ring::new(bound, policy);
                let (mut published, mut expected) = (0, 0);
                for step in 0..12 {
                    if pattern >> step & 1 == 1 {
                        ring.push(published);
                        published += 1;
                    } else {
                        expected = receive(&mut ring, expected);
                    }
                    assert!(ring.entries.len() <= bound);
                }
                while ring.is_ready() {
                    expected = receive(&mut ring, expected);
                }
                assert_eq!(expected, published, "{policy:?}, {bound}, {pattern:b}");
            }
        }
    }
}

/// Takes one delivery; the number of the item that is to come after it.
fn receive(ring: &mut Ring<u32>, expected: u32) -> u32 {
    match ring.pop() {
        None => expected,
        Some(Delivery::Missed(count)) => expected + u32::try_from(count).unwrap(),
        Some(Delivery::Item(item)) => {
            assert_eq!(item, expected);
            item + 1
        }
    }
}
