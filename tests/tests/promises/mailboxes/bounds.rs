//! A4, A6, A10: the bound, kept room, and what needs none.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use actor_core::prelude::*;
use actor_core::{Overflow, SendError};
use tests::clerk::{Discipline, POLICIES, Slip, keep_busy};
use tests::puppet::Event;
use tests::{in_every_placement, poll_once, soon, system};

in_every_placement!(
    no_policy_and_discipline_takes_more_than_the_capacity,
    stop_kill_and_down_need_no_room_whatever_is_dropped,
);

const CAPACITY: usize = 3;
const SENDERS: u64 = 4;
const EACH: u64 = 1_000;

// A4
async fn no_policy_and_discipline_takes_more_than_the_capacity(placement: Placement) {
    let mut longest = 0;
    for overflow in POLICIES {
        for discipline in Discipline::ALL {
            longest = longest.max(watch_the_bound(placement, overflow, discipline).await);
        }
    }
    assert_eq!(longest, CAPACITY, "none of them was ever seen full");
}

async fn watch_the_bound(
    placement: Placement,
    overflow: Overflow,
    discipline: Discipline,
) -> usize {
    let system = system();
    let mailbox = Mailbox::bounded(CAPACITY).overflow(overflow);
    let (clerk, mut events) = discipline.clerk(&system, mailbox);
    let clerk = clerk.placement(placement).spawn();
    let (accepted, finished) = (AtomicU64::new(0), AtomicBool::new(false));
    let runtime = tokio::runtime::Handle::current();

    let on_threads = || {
        std::thread::scope(|threads| {
            let observer = threads.spawn(|| {
                let mut longest = 0;
                while !finished.load(Ordering::Relaxed) {
                    longest = longest.max(clerk.len());
                    let seen = system.snapshot();
                    longest = longest.max(seen.get(clerk.id()).map_or(0, |seen| seen.mailbox_len));
                }
                longest
            });
            let send_all = |sender: u64| {
                for number in 0..EACH {
                    let slip = Slip::Note((number % 5) as i64, sender * EACH + number);
                    let is_in = if number % 2 == 0 {
                        clerk.try_send(slip).is_ok()
                    } else {
                        runtime.block_on(clerk.send(slip)).is_ok()
                    };
                    accepted.fetch_add(u64::from(is_in), Ordering::Relaxed);
                }
            };
            let senders: Vec<_> = (0..SENDERS)
                .map(|sender| threads.spawn(move || send_all(sender)))
                .collect();
            for sender in senders {
                sender.join().unwrap();
            }
            finished.store(true, Ordering::Relaxed);
            observer.join().unwrap()
        })
    };
    let longest = tokio::task::block_in_place(on_threads);

    assert!(
        longest <= CAPACITY,
        "{longest} with {overflow:?}, {discipline:?}"
    );
    drop(clerk);
    let handled = events.rest_of_notes().await.len() as u64;
    let dropped = system.dead_letter_count();
    assert_eq!(handled + dropped, accepted.load(Ordering::Relaxed));
    longest
}

// A6
#[tokio::test]
async fn kept_room_is_taken_by_no_policy() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest] {
        let system = system();
        let mailbox = Mailbox::bounded(2).overflow(overflow);
        let (clerk, mut events) = Discipline::Fifo.clerk(&system, mailbox);
        let clerk = clerk.spawn();
        let busy = keep_busy(&clerk).await;
        let permit = clerk.reserve().await.unwrap();
        clerk.try_send(Slip::Note(0, 1)).unwrap();

        // The other room is kept: one of these has to go, and not the place.
        clerk.try_send(Slip::Note(0, 2)).unwrap();
        assert_eq!(clerk.len(), 1);
        permit.send(Slip::Note(0, 3)).unwrap();
        assert_eq!((clerk.len(), system.dead_letter_count()), (2, 1));

        drop((busy, clerk));
        let survivor = if overflow == Overflow::DropNewest {
            1
        } else {
            2
        };
        assert_eq!(events.rest_of_notes().await, [survivor, 3]);
    }
}

// A6
#[tokio::test]
async fn when_all_room_is_kept_the_new_message_is_the_one_that_is_dropped() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest] {
        let system = system();
        let mailbox = Mailbox::bounded(1).overflow(overflow);
        let (clerk, mut events) = Discipline::Fifo.clerk(&system, mailbox);
        let clerk = clerk.spawn();
        let permit = clerk.reserve().await.unwrap();

        clerk.try_send(Slip::Note(0, 1)).unwrap();
        assert_eq!((clerk.len(), system.dead_letter_count()), (0, 1));
        permit.send(Slip::Note(0, 2)).unwrap();

        drop(clerk);
        assert_eq!(events.rest_of_notes().await, [2]);
    }
}

// A6
#[tokio::test]
async fn who_reserves_waits_for_room_also_where_senders_do_not() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest] {
        let system = system();
        let mailbox = Mailbox::bounded(1).overflow(overflow);
        let (clerk, mut events) = Discipline::Fifo.clerk(&system, mailbox);
        let clerk = clerk.spawn();
        let busy = keep_busy(&clerk).await;
        clerk.try_send(Slip::Note(0, 1)).unwrap();
        let mut reserving = Box::pin(clerk.reserve());
        assert!(poll_once(&mut reserving).is_none());

        drop(busy);
        let permit = soon("room", reserving).await.unwrap();
        permit.send(Slip::Note(0, 2)).unwrap();

        drop(clerk);
        assert_eq!(events.rest_of_notes().await, [1, 2]);
        assert_eq!(system.dead_letter_count(), 0);
    }
}

// A6
#[tokio::test]
async fn a_closed_mailbox_drops_nothing_but_gives_back() {
    for overflow in POLICIES {
        let system = system();
        let mailbox = Mailbox::bounded(1).overflow(overflow);
        let (clerk, _events) = Discipline::Fifo.clerk(&system, mailbox);
        let clerk = clerk.spawn();
        let permit = clerk.reserve().await.unwrap();
        clerk.drain();

        let refused = clerk.send(Slip::Note(0, 1)).await.unwrap_err();

        assert!(matches!(refused.into_message(), Slip::Note(0, 1)));
        let refused = permit.send(Slip::Note(0, 2));
        assert!(matches!(refused, Err(SendError::Closed(_))));
        clerk.wait().await;
        assert_eq!(system.dead_letter_count(), 0);
    }
}

// A10
async fn stop_kill_and_down_need_no_room_whatever_is_dropped(placement: Placement) {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest] {
        for discipline in Discipline::ALL {
            let system = system();
            let full = async || {
                let mailbox = Mailbox::bounded(1).overflow(overflow);
                let (clerk, events) = discipline.clerk(&system, mailbox);
                let clerk = clerk.placement(placement).spawn();
                let busy = keep_busy(&clerk).await;
                clerk.try_send(Slip::Note(0, 1)).unwrap();
                clerk.try_send(Slip::Note(0, 1)).unwrap();
                (clerk, busy, events)
            };
            let (killed, _busy, _events) = full().await;
            killed.kill();
            assert_eq!(soon("the kill", killed.wait()).await, ExitReason::Killed);

            let (watcher, busy, mut events) = full().await;
            drop(busy);
            assert_eq!(events.next().await, Event::Note(1));
            watcher
                .ask(|reply| Slip::Monitor(killed.any(), reply))
                .await
                .unwrap();
            assert!(matches!(events.next().await, Event::Signal(_)));
            let (watched, _busy, _events) = full().await;
            watcher
                .ask(|reply| Slip::Monitor(watched.any(), reply))
                .await
                .unwrap();
            let busy = keep_busy(&watcher).await;
            watcher.try_send(Slip::Note(0, 2)).unwrap();
            watched.kill();
            watched.wait().await;
            watcher.try_send(Slip::Note(0, 2)).unwrap();
            drop(busy);
            let both = [events.next().await, events.next().await];
            assert!(both.contains(&Event::Note(2)), "{both:?}");
            assert!(both.iter().any(|event| matches!(event, Event::Signal(_))));

            let (stopped, busy, _events) = full().await;
            stopped.stop();
            drop(busy);
            assert_eq!(soon("the stop", stopped.wait()).await, ExitReason::Normal);
        }
    }
}

// A4
#[test]
fn a_mailbox_without_room_is_refused_when_it_is_made() {
    let refused = std::panic::catch_unwind(|| Mailbox::bounded(0)).unwrap_err();

    let text = refused.downcast_ref::<&str>().unwrap();
    assert_eq!(*text, "a mailbox needs room for at least one message");
}

// A4, A5
#[tokio::test]
async fn a_policy_changes_nothing_without_a_bound() {
    for overflow in POLICIES {
        let system = system();
        let mailbox = Mailbox::unbounded().overflow(overflow);
        let (clerk, mut events) = Discipline::Fifo.clerk(&system, mailbox);
        let clerk = clerk.spawn();
        for number in 0..5_000 {
            clerk.try_send(Slip::Note(0, number)).unwrap();
        }
        assert_eq!(clerk.len(), 5_000);

        drop(clerk);
        assert_eq!(events.rest_of_notes().await, (0..5_000).collect::<Vec<_>>());
    }
}
