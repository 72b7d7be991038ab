//! Sends against what closes a mailbox, and against an actor that is going to sleep.

use super::{Fate, Ledger, Worker, model, note, offer, spawn, wide_model};
use crate::sync::{Arc, AtomicU64, Ordering};
use crate::{ActorRef, ExitReason, Mailbox};

/// Two letters are offered while another thread closes the mailbox. Returns what was accepted.
fn two_sends_against(close: fn(&ActorRef<super::Letter>), ledger: &Ledger) -> Vec<u32> {
    let actor = ledger.actor(Mailbox::unbounded());
    let worker = Worker::begin(actor.cell());

    let sender = spawn({
        let (actor, ledger) = (actor.clone(), ledger.clone());
        move || -> Vec<u32> {
            let offered = (0..2).map(|number| ledger.letter(number));
            let accepted = offered.filter_map(|letter| {
                let number = letter.number;
                offer(&actor, letter).then_some(number)
            });
            accepted.collect()
        }
    });
    let closer = spawn(move || close(&actor));
    worker.run(note);
    closer.join().unwrap();
    sender.join().unwrap()
}

// A2, A3
#[test]
fn a_send_against_a_stop_is_handled_or_discarded_or_given_back() {
    model(|| {
        let ledger = Ledger::default();

        let accepted = two_sends_against(ActorRef::stop, &ledger);

        ledger.assert_complete(2);
        let mut kept = ledger.all(Fate::Handled);
        kept.extend(ledger.all(Fate::Discarded));
        assert_eq!(kept, accepted);
    });
}

// A2, C2
#[test]
fn what_a_draining_actor_accepted_is_handled() {
    model(|| {
        let ledger = Ledger::default();

        let accepted = two_sends_against(ActorRef::drain, &ledger);

        ledger.assert_complete(2);
        assert_eq!(ledger.all(Fate::Handled), accepted);
    });
}

// A2, C7
#[test]
fn what_was_sent_before_the_last_reference_went_is_handled() {
    wide_model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::unbounded());
        let worker = Worker::begin(actor.cell());

        let others: Vec<_> = (0..2)
            .map(|number| {
                let (actor, letter) = (actor.clone(), ledger.letter(number));
                spawn(move || assert!(offer(&actor, letter)))
            })
            .collect();
        drop(actor);
        let reason = worker.run(note);
        for other in others {
            other.join().unwrap();
        }

        assert_eq!(reason, ExitReason::Normal);
        ledger.assert_complete(2);
        assert_eq!(ledger.all(Fate::Handled).len(), 2);
    });
}

// C7
#[test]
fn a_reference_that_comes_back_in_time_keeps_its_actor_alive() {
    model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::unbounded());
        let worker = Worker::begin(actor.cell());
        let weak = actor.downgrade();

        let reviver = spawn({
            let letter = ledger.letter(0);
            move || match weak.upgrade() {
                // It may be the last one by now, but it is one: the mailbox is open.
                Some(back) => assert!(offer(&back, letter)),
                None => letter.meets(Fate::GivenBack),
            }
        });
        let last = spawn(move || drop(actor));
        let reason = worker.run(note);
        reviver.join().unwrap();
        last.join().unwrap();

        assert_eq!(reason, ExitReason::Normal);
        ledger.assert_complete(1);
        assert_eq!(ledger.all(Fate::Discarded), []);
    });
}

// A1, A2
#[test]
fn a_send_reaches_an_actor_that_is_going_to_sleep() {
    model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::unbounded());
        let worker = Worker::begin(actor.cell());

        let sender = spawn({
            let (actor, ledger) = (actor.clone(), ledger.clone());
            move || {
                for number in 0..3 {
                    assert!(offer(&actor, ledger.letter(number)));
                }
            }
        });
        // Nothing but the letters wakes it.
        worker.run(move |letter| {
            if letter.number == 2 {
                actor.stop();
            }
            note(letter)
        });
        sender.join().unwrap();

        assert_eq!(ledger.all(Fate::Handled), [0, 1, 2]);
    });
}

// A1
#[test]
fn each_senders_letters_are_handled_in_their_order() {
    wide_model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::unbounded());
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

        let handled = ledger.all(Fate::Handled);
        let place = |number| handled.iter().position(|other| *other == number).unwrap();
        assert!(place(0) < place(1) && place(2) < place(3), "{handled:?}");
    });
}

// P11
#[test]
fn nothing_comes_in_by_an_old_table_once_the_mailbox_was_looked_at() {
    model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::unbounded());
        let worker = Worker::begin(actor.cell());
        let table = Arc::new(AtomicU64::new(0));

        let sender = spawn({
            let (cell, table, letter) = (
                Arc::clone(actor.cell()),
                Arc::clone(&table),
                ledger.letter(0),
            );
            move || {
                let sent = cell.push_if(letter, || table.load(Ordering::Relaxed) == 0);
                sent.map_err(|letter| letter.meets(Fate::GivenBack)).is_ok()
            }
        });
        let publisher = spawn(move || {
            table.store(1, Ordering::Release);
            // The last reference goes with this thread: what is in the mailbox is handled, and the worker ends.
            actor.cell().accepted_by_now()
        });
        worker.run(note);
        let was_accepted = sender.join().unwrap();
        let looked_at = publisher.join().unwrap();

        assert_eq!(looked_at, u64::from(was_accepted));
        ledger.assert_complete(1);
        assert_eq!(ledger.all(Fate::Discarded), []);
    });
}
