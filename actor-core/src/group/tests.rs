//! The decisions of a group, without actors.

use super::feed::{After, BUFFER, Event, Feed};
use super::roster::{Leave, Roster};

// H2
#[test]
fn who_joined_k_times_is_out_after_k_leaves() {
    let mut roster = Roster::new();
    roster.join(7, 'a');
    assert!(roster.join_again(7));
    assert!(roster.join_again(7));
    assert_eq!(roster.joins(7), 3);

    assert_eq!(roster.leave(7), Leave::Stays);
    assert_eq!(roster.leave(7), Leave::Stays);
    assert_eq!(roster.leave(7), Leave::Left('a'));

    assert_eq!(roster.leave(7), Leave::NotJoined);
    assert!(!roster.join_again(7));
    assert_eq!((roster.joins(7), roster.len()), (0, 0));
}

// H2
#[test]
fn members_stand_in_the_order_of_joining() {
    let mut roster = Roster::new();
    for (key, name) in [(30, 'a'), (10, 'b'), (20, 'c')] {
        roster.join(key, name);
    }

    assert_eq!(roster.remove(10), Some('b'));
    assert_eq!(roster.remove(10), None);
    roster.join(10, 'd');
    roster.join_again(30);

    assert_eq!(roster.iter().collect::<String>(), "acd");
}

/// What a reader that reads all there is knows then.
fn catch_up(feed: &mut Feed<u64>, roster: &Roster<u64>, mut known: Vec<u64>) -> Vec<u64> {
    while let Some(event) = feed.pop(roster) {
        match event {
            Event::Members(members) => known = members,
            Event::Joined(member) => known.push(member),
            Event::Left(member) => known.retain(|other| *other != member),
        }
    }
    known
}

// H2
#[test]
fn whoever_reads_its_feed_knows_the_group_however_late_it_reads() {
    // Every distance between two reads, from none at all to well beyond the buffer.
    for distance in (1..BUFFER as u64 + 40).step_by(13) {
        let mut roster = Roster::new();
        roster.join(usize::MAX, u64::MAX);
        let mut feed = Feed::new(&roster);
        let mut known = Vec::new();
        for step in 0..2_000_u64 {
            // Of three who join, the second leaves again.
            let change = if step % 3 == 2 {
                roster.remove(step as usize - 1).unwrap();
                Event::Left(step - 1)
            } else {
                roster.join(step as usize, step);
                Event::Joined(step)
            };
            let mut after = After::new();
            feed.push(&change, &mut after);
            after.run();
            if step % distance == 0 {
                known = catch_up(&mut feed, &roster, known);
                let members: Vec<u64> = roster.iter().copied().collect();
                assert_eq!(known, members, "at {step}, reading every {distance}");
            }
        }
    }
}

// H2
#[test]
fn a_feed_that_nobody_reads_is_one_snapshot() {
    let mut roster = Roster::new();
    let mut feed = Feed::new(&roster);
    for step in 0..10 * BUFFER {
        roster.join(step, step);
        feed.push(&Event::Joined(step), &mut After::new());
    }

    assert_eq!(
        feed.pop(&roster),
        Some(Event::Members((0..10 * BUFFER).collect()))
    );
    assert_eq!(feed.pop(&roster), None);
    roster.remove(3);
    feed.push(&Event::Left(3), &mut After::new());
    assert_eq!(feed.pop(&roster), Some(Event::Left(3)));
}
