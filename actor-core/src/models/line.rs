//! Senders that wait in line for room.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::sync::oneshot;

use super::{Fate, Ledger, Letter, Worker, block_on, model, note, offer, send, spawn, wide_model};
use crate::{ActorRef, Mailbox, Overflow};

/// An actor with room for one letter, which is taken by letter 0.
fn full(ledger: &Ledger) -> ActorRef<Letter> {
    let actor = ledger.actor(Mailbox::bounded(1));
    assert!(offer(&actor, ledger.letter(0)));
    actor
}

// A4, A6
#[test]
fn room_is_handed_on_to_every_sender_that_waits() {
    wide_model(|| {
        let ledger = Ledger::default();
        let actor = full(&ledger);
        let worker = Worker::begin(actor.cell());

        let senders = [1, 2].map(|number| {
            let (actor, letter) = (actor.clone(), ledger.letter(number));
            spawn(move || assert!(block_on(send(&actor, letter))))
        });
        drop(actor);
        worker.run(note);
        for sender in senders {
            sender.join().unwrap();
        }

        ledger.assert_complete(3);
        assert_eq!(ledger.all(Fate::Handled).len(), 3);
    });
}

// A6
#[test]
fn one_senders_letters_keep_their_order_over_waiting() {
    wide_model(|| {
        let ledger = Ledger::default();
        let actor = full(&ledger);
        let worker = Worker::begin(actor.cell());

        let sender = spawn({
            let ledger = ledger.clone();
            move || {
                block_on(async {
                    for number in 1..4 {
                        assert!(send(&actor, ledger.letter(number)).await);
                    }
                })
            }
        });
        worker.run(note);
        sender.join().unwrap();

        assert_eq!(ledger.all(Fate::Handled), [0, 1, 2, 3]);
    });
}

/// Polls a send once, then drops it. Whether it was accepted by then.
fn send_and_give_up(actor: &ActorRef<Letter>, letter: Letter) -> bool {
    block_on(async {
        let mut sending = actor.send(letter);
        poll_fn(|cx| Poll::Ready(Pin::new(&mut sending).poll(cx).is_ready())).await
    })
}

// A6
#[test]
fn a_send_dropped_while_it_waits_leaves_its_room_to_the_next() {
    wide_model(|| {
        let ledger = Ledger::default();
        let actor = full(&ledger);
        let worker = Worker::begin(actor.cell());

        let fickle = spawn({
            let (actor, letter) = (actor.clone(), ledger.letter(1));
            move || send_and_give_up(&actor, letter)
        });
        let patient = spawn({
            let letter = ledger.letter(2);
            move || assert!(block_on(send(&actor, letter)))
        });
        worker.run(note);
        let sent = fickle.join().unwrap();
        patient.join().unwrap();

        // A send that did not complete has not sent.
        ledger.assert_complete(3);
        assert_eq!(ledger.all(Fate::Handled).contains(&1), sent);
        assert!(ledger.all(Fate::Handled).contains(&2));
    });
}

// A3, A6
#[test]
fn a_close_ends_the_wait_of_every_sender() {
    wide_model(|| {
        let ledger = Ledger::default();
        let actor = full(&ledger);
        let worker = Worker::begin(actor.cell());

        let sender = spawn({
            let (actor, letter) = (actor.clone(), ledger.letter(1));
            move || block_on(send(&actor, letter))
        });
        let closer = spawn(move || actor.stop());
        worker.run(note);
        let sent = sender.join().unwrap();
        closer.join().unwrap();

        ledger.assert_complete(2);
        assert_eq!(ledger.all(Fate::GivenBack).is_empty(), sent);
    });
}

// A3, C2
#[test]
fn a_stop_ends_the_wait_of_a_sender_while_a_message_is_in_hand() {
    wide_model(|| {
        let ledger = Ledger::default();
        let actor = full(&ledger);
        let worker = Worker::begin(actor.cell());
        let (back, sender_is_back) = oneshot::channel();

        let sender = spawn({
            let (actor, ledger) = (actor.clone(), ledger.clone());
            move || {
                // There is room for one of these while letter 0 is in hand.
                for number in 1..3 {
                    block_on(send(&actor, ledger.letter(number)));
                }
                back.send(()).ok();
            }
        });
        let stopper = spawn(move || actor.stop());
        let mut in_hand = Some(sender_is_back);
        worker.run(move |letter| {
            letter.meets(Fate::Handled);
            let sender_is_back = in_hand.take();
            async {
                if let Some(sender_is_back) = sender_is_back {
                    sender_is_back.await.ok();
                }
                Ok(())
            }
        });
        sender.join().unwrap();
        stopper.join().unwrap();

        ledger.assert_complete(3);
    });
}

// A4, A6
#[test]
fn reserved_room_is_used_once_or_handed_on() {
    wide_model(|| {
        let ledger = Ledger::default();
        let actor = full(&ledger);
        let worker = Worker::begin(actor.cell());

        let using = spawn({
            let (actor, letter) = (actor.clone(), ledger.letter(1));
            move || block_on(async { actor.reserve().await.unwrap().send(letter).is_ok() })
        });
        let wasting = spawn({
            let actor = actor.clone();
            move || drop(block_on(actor.reserve()).unwrap())
        });
        drop(actor);
        worker.run(note);
        let used = using.join().unwrap();
        wasting.join().unwrap();

        assert!(used);
        ledger.assert_complete(2);
        assert_eq!(ledger.all(Fate::Handled), [0, 1]);
    });
}

// A3, A4
#[test]
fn a_permit_against_a_close_gives_its_letter_back_or_sends_it() {
    model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::bounded(1));
        let worker = Worker::begin(actor.cell());

        let sender = spawn({
            let (actor, letter) = (actor.clone(), ledger.letter(0));
            move || {
                let Ok(permit) = block_on(actor.reserve()) else {
                    letter.meets(Fate::GivenBack);
                    return false;
                };
                match permit.send(letter) {
                    Ok(()) => true,
                    Err(error) => {
                        error.into_message().meets(Fate::GivenBack);
                        false
                    }
                }
            }
        });
        let closer = spawn(move || actor.drain());
        worker.run(note);
        let sent = sender.join().unwrap();
        closer.join().unwrap();

        ledger.assert_complete(1);
        assert_eq!(ledger.all(Fate::Handled).len(), usize::from(sent));
    });
}

// A4
#[test]
fn a_bound_of_one_holds_while_a_sender_races_with_the_actor() {
    model(|| {
        let ledger = Ledger::default();
        let actor = full(&ledger);
        let worker = Worker::begin(actor.cell());

        let sender = spawn({
            let ledger = ledger.clone();
            move || {
                let mut accepted = 1;
                for number in 1..3 {
                    let has_room = ledger.all(Fate::Handled).len() == accepted;
                    let is_accepted = offer(&actor, ledger.letter(number));
                    assert!(is_accepted || !has_room, "room is seen at once");
                    accepted += usize::from(is_accepted);
                    // Handled may be fewer than begun, by the one in hand; never more.
                    let handled = ledger.all(Fate::Handled).len();
                    assert!(accepted - handled <= 2, "{accepted} accepted");
                }
                accepted
            }
        });
        worker.run(note);
        let accepted = sender.join().unwrap();

        ledger.assert_complete(3);
        assert_eq!(ledger.all(Fate::Handled).len(), accepted);
    });
}

/// Two senders put a letter each into a mailbox with room for one, which drops what is too much.
#[track_caller]
fn check_overflow(overflow: Overflow) {
    wide_model(move || {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::bounded(1).overflow(overflow));
        let worker = Worker::begin(actor.cell());

        let senders = [[0, 1], [2, 3]].map(|own| {
            let (actor, ledger) = (actor.clone(), ledger.clone());
            spawn(move || {
                for number in own {
                    assert!(offer(&actor, ledger.letter(number)));
                }
            })
        });
        drop(actor);
        worker.run(note);
        for sender in senders {
            sender.join().unwrap();
        }

        ledger.assert_complete(4);
        let handled = ledger.all(Fate::Handled);
        assert!(!handled.is_empty());
        // Those that were not dropped are in order.
        for [first, second] in [[0, 1], [2, 3]] {
            let place = |number| handled.iter().position(|other| *other == number);
            let (first, second) = (place(first), place(second));
            assert!(first.is_none() || second.is_none() || first < second);
        }
    });
}

// A2, A5
#[test]
fn a_mailbox_that_drops_the_oldest_drops_or_handles_each_letter() {
    check_overflow(Overflow::DropOldest);
}

// A2, A5
#[test]
fn a_mailbox_that_drops_the_newest_drops_or_handles_each_letter() {
    check_overflow(Overflow::DropNewest);
}
