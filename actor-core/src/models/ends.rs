//! Requests against going to sleep; restarts, giving up and the end for good against everybody else.

use std::future::{pending, ready};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Fate, Ledger, Letter, Worker, block_on, model, note, offer, send, spawn, wide_model};
use crate::cell::{AnyCell, Monitor};
use crate::sync::Arc;
use crate::{ActorRef, ExitReason, Mailbox, MonitorId};

/// One thread asks for the end, another sends, and the actor is anywhere between its last look and its sleep.
#[track_caller]
fn check_request_against_sleep(request: fn(&ActorRef<Letter>), reason: &ExitReason) {
    let reason = reason.clone();
    model(move || {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::unbounded());
        let worker = Worker::begin(actor.cell());

        let sender = spawn({
            let (actor, letter) = (actor.clone(), ledger.letter(0));
            move || offer(&actor, letter)
        });
        let requester = spawn(move || request(&actor));
        let ended = worker.run(note);
        sender.join().unwrap();
        requester.join().unwrap();

        assert_eq!(ended, reason);
        ledger.assert_complete(1);
    });
}

// A10
#[test]
fn a_kill_between_the_last_look_and_the_sleep_is_not_lost() {
    check_request_against_sleep(ActorRef::kill, &ExitReason::Killed);
}

// A10
#[test]
fn a_stop_between_the_last_look_and_the_sleep_is_not_lost() {
    check_request_against_sleep(ActorRef::stop, &ExitReason::Normal);
}

// A10
#[test]
fn a_drain_between_the_last_look_and_the_sleep_is_not_lost() {
    check_request_against_sleep(ActorRef::drain, &ExitReason::Normal);
}

// C2
#[test]
fn a_kill_reaches_a_handler_that_waits_for_something_else() {
    model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::unbounded());
        let worker = Worker::begin(actor.cell());
        assert!(offer(&actor, ledger.letter(0)));

        let killer = spawn({
            let actor = actor.clone();
            move || actor.kill()
        });
        // What is sent meanwhile wakes nobody, and takes no wake away.
        let sender = spawn({
            let letter = ledger.letter(1);
            move || offer(&actor, letter)
        });
        let reason = worker.run(|letter| {
            letter.meets(Fate::Handled);
            pending()
        });
        killer.join().unwrap();
        sender.join().unwrap();

        assert_eq!(reason, ExitReason::Killed);
        ledger.assert_complete(2);
        assert!(!ledger.all(Fate::Handled).contains(&1));
    });
}

/// Fails at letter 0 in the first incarnation; handles the rest in the second.
fn fail_and_go_on(actor: ActorRef<Letter>) {
    let cell = Arc::clone(actor.cell());
    let reason = Worker::begin(&cell).run(|letter| {
        letter.meets(Fate::Handled);
        ready(Err("the first one fails".into()))
    });
    assert!(reason.is_failure());
    let again = Worker::begin(&cell);
    drop(actor);
    again.run(note);
    cell.finish(ExitReason::Normal);
}

// D1, A1
#[test]
fn a_restart_puts_back_what_was_drawn_in_front_of_what_comes_in() {
    model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::unbounded());
        actor.cell().set_supervised();
        for number in 0..2 {
            assert!(offer(&actor, ledger.letter(number)));
        }

        let sender = spawn({
            let (actor, ledger) = (actor.clone(), ledger.clone());
            move || {
                for number in 2..4 {
                    assert!(offer(&actor, ledger.letter(number)));
                }
            }
        });
        fail_and_go_on(actor);
        sender.join().unwrap();

        assert_eq!(ledger.all(Fate::Handled), [0, 1, 2, 3]);
    });
}

// D1, D4
#[test]
fn a_sender_that_waits_gets_its_room_over_a_restart() {
    model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::bounded(2));
        actor.cell().set_supervised();
        for number in 0..2 {
            assert!(offer(&actor, ledger.letter(number)));
        }

        let sender = spawn({
            let (actor, letter) = (actor.clone(), ledger.letter(2));
            move || assert!(block_on(send(&actor, letter)))
        });
        fail_and_go_on(actor);
        sender.join().unwrap();

        assert_eq!(ledger.all(Fate::Handled), [0, 1, 2]);
    });
}

// C2, D4
#[test]
fn a_drain_before_a_restart_takes_no_room_from_the_next_one() {
    wide_model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::bounded(1));
        actor.cell().set_supervised();
        let cell = Arc::clone(actor.cell());
        assert!(offer(&actor, ledger.letter(0)));

        let sender = spawn({
            let (actor, letter) = (actor.clone(), ledger.letter(1));
            move || block_on(send(&actor, letter))
        });
        // Nobody is there to drain; the next incarnation finds it.
        actor.drain();
        assert_eq!(Worker::begin(&cell).run(note), ExitReason::Normal);
        let next = Worker::begin(&cell);
        let late = spawn({
            let (actor, letter) = (actor.clone(), ledger.letter(2));
            move || assert!(block_on(send(&actor, letter)))
        });
        next.run(move |letter| {
            if letter.number == 2 {
                actor.stop();
            }
            note(letter)
        });
        late.join().unwrap();
        cell.finish(ExitReason::Normal);
        sender.join().unwrap();

        ledger.assert_complete(3);
    });
}

// E10, E15
#[test]
fn an_incarnation_that_was_given_up_disturbs_no_later_one() {
    wide_model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::bounded(2));
        actor.cell().set_supervised();
        let cell = Arc::clone(actor.cell());
        let given_up = Worker::begin(&cell);
        for number in 0..2 {
            assert!(offer(&actor, ledger.letter(number)));
        }

        let late = spawn(move || given_up.run(note));
        cell.fence(ExitReason::Unresponsive);
        let present = Worker::begin(&cell);
        let sender = spawn({
            let ledger = ledger.clone();
            move || {
                for number in 2..4 {
                    assert!(block_on(send(&actor, ledger.letter(number))));
                }
            }
        });
        present.run(note);
        sender.join().unwrap();
        late.join().unwrap();

        ledger.assert_complete(4);
        let handled = ledger.all(Fate::Handled);
        assert!(handled.ends_with(&[2, 3]), "{handled:?}");
    });
}

// C5
#[test]
fn a_wait_against_the_end_completes() {
    model(|| {
        let actor = Ledger::default().actor(Mailbox::unbounded());
        let worker = Worker::begin(actor.cell());

        let waiting = spawn({
            let actor = actor.clone();
            move || block_on(actor.wait())
        });
        let killer = spawn(move || actor.kill());
        worker.run(note);
        killer.join().unwrap();

        assert_eq!(waiting.join().unwrap(), ExitReason::Killed);
    });
}

// F1
#[test]
fn a_monitor_against_the_end_is_told_once_or_refused() {
    model(|| {
        let told = Arc::new(AtomicUsize::new(0));
        let actor = Ledger::default().actor(Mailbox::unbounded());
        let worker = Worker::begin(actor.cell());

        let watcher = spawn({
            let (cell, told) = (Arc::clone(actor.cell()), Arc::clone(&told));
            move || {
                let monitor = Monitor {
                    id: MonitorId(1),
                    notify: Box::new(move |_| {
                        told.fetch_add(1, Ordering::Relaxed);
                    }),
                    tally: None,
                };
                cell.add_monitor(monitor).is_ok()
            }
        });
        let stopper = spawn(move || actor.stop());
        worker.run(note);
        let accepted = watcher.join().unwrap();
        stopper.join().unwrap();

        assert_eq!(told.load(Ordering::Relaxed), usize::from(accepted));
    });
}

// C5, C7
#[test]
fn an_end_happens_once_whoever_asks_for_it() {
    model(|| {
        let ledger = Ledger::default();
        let actor = ledger.actor(Mailbox::unbounded());
        actor.cell().set_supervised();
        assert!(offer(&actor, ledger.letter(0)));

        let finishers = [ExitReason::Shutdown, ExitReason::Killed].map(|reason| {
            let cell = Arc::clone(actor.cell());
            spawn(move || cell.finish(reason))
        });
        let reason = block_on(actor.wait());
        for finisher in finishers {
            finisher.join().unwrap();
        }

        assert_eq!(block_on(actor.wait()), reason);
        ledger.assert_complete(1);
        assert_eq!(ledger.all(Fate::Discarded), [0]);
    });
}
