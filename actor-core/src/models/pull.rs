//! Workers that pull from a shared queue, against who puts a letter in and against a worker that leaves: no letter is left in the queue while a
//! worker that could take it rests.
//!
//! The workers are polled by hand, and only when they were woken: a wake that goes to nobody, or to one who takes nothing, shows as a letter
//! that stays where it is.

use std::sync::atomic::AtomicBool;
use std::task::{Context as TaskContext, Wake, Waker};

use super::{Fate, Future, Handler, Ledger, Letter, Pin, model, note, offer, spawn};
use crate::cell::{Cell, Idle, Pull, Role};
use crate::sync::{Arc, Ordering};
use crate::{ActorRef, Context, Mailbox, incarnation};

/// Whether somebody is to be polled. No part of what is modelled.
struct Called(AtomicBool);

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A queue with workers, and a reference to it.
struct Queue {
    ledger: Ledger,
    cell: Arc<Cell<Letter>>,
    actor: ActorRef<Letter>,
}

impl Queue {
    fn new() -> Self {
        let ledger = Ledger::default();
        let cell = Cell::with_role(Mailbox::unbounded(), None, true, Role::Queue(Idle::new()));
        ledger.cells.lock().unwrap().push(cell.clone());
        let incarnation = cell.begin(None).expect("no incarnation runs");
        cell.started(incarnation);
        let actor = ActorRef::new(Arc::clone(&cell));
        Queue {
            ledger,
            cell,
            actor,
        }
    }

    fn worker(&self) -> Sleeper {
        let role = Role::Worker(Pull::new(Arc::clone(&self.cell)));
        let cell = Cell::with_role(Mailbox::unbounded(), None, false, role);
        self.ledger.cells.lock().unwrap().push(cell.clone());
        let actor = ActorRef::new(Arc::clone(&cell));
        cell.begin_to_pull();
        let incarnation = cell.begin(None).expect("no incarnation runs");
        let handler = Handler(Box::new(|letter| Box::pin(note(letter))));
        let context = Context::new(cell, incarnation, false);
        Sleeper {
            actor,
            work: Some(Box::pin(async move {
                incarnation::run(handler, context).await;
            })),
            called: Arc::new(Called(AtomicBool::new(true))),
        }
    }

    /// Puts these letters in, on a thread of its own.
    fn sender(&self, numbers: std::ops::Range<u32>) -> super::JoinHandle<()> {
        let (actor, ledger) = (self.actor.clone(), self.ledger.clone());
        spawn(move || {
            for number in numbers {
                assert!(offer(&actor, ledger.letter(number)));
            }
        })
    }

    /// All of the letters were handled, so none is in the queue.
    #[track_caller]
    fn assert_handled(&self, count: u32) {
        self.ledger.assert_complete(count);
        assert_eq!(self.ledger.all(Fate::Handled).len(), count as usize);
    }
}

/// A worker that is polled when it was woken.
struct Sleeper {
    actor: ActorRef<Letter>,
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    called: Arc<Called>,
}

impl Sleeper {
    /// Works until it rests. Returns whether it was woken at all.
    fn work(&mut self) -> bool {
        let mut was_called = false;
        while self.called.0.swap(false, Ordering::SeqCst) {
            was_called = true;
            let waker = Waker::from(Arc::clone(&self.called));
            let mut context = TaskContext::from_waker(&waker);
            if let Some(work) = &mut self.work
                && work.as_mut().poll(&mut context).is_ready()
            {
                self.work = None;
            }
        }
        was_called
    }

    fn let_go(&self) {
        self.actor.cell().end_pulling();
    }
}

/// All go on until all rest.
fn settle(workers: &mut [Sleeper]) {
    while workers.iter_mut().any(Sleeper::work) {}
}

// P11
#[test]
fn a_letter_reaches_a_worker_that_is_going_idle() {
    model(|| {
        let queue = Queue::new();
        let mut worker = queue.worker();

        let sender = queue.sender(0..2);
        worker.work();
        sender.join().unwrap();
        worker.work();

        queue.assert_handled(2);
    });
}

// P11
#[test]
fn letters_of_two_senders_reach_a_worker_that_is_going_idle() {
    model(|| {
        let queue = Queue::new();
        let mut worker = queue.worker();

        let senders = [queue.sender(0..1), queue.sender(1..2)];
        worker.work();
        for sender in senders {
            sender.join().unwrap();
        }
        worker.work();

        queue.assert_handled(2);
    });
}

// P11
#[test]
fn a_letter_reaches_one_of_two_workers_that_are_going_idle() {
    model(|| {
        let queue = Queue::new();
        let (mut first, mut second) = (queue.worker(), queue.worker());

        let sender = queue.sender(0..1);
        let other = spawn(move || {
            second.work();
            second
        });
        first.work();
        sender.join().unwrap();
        let second = other.join().unwrap();
        settle(&mut [first, second]);

        queue.assert_handled(1);
    });
}

// P11
#[test]
fn a_letter_for_which_a_worker_that_leaves_was_woken_goes_to_another() {
    model(|| {
        let queue = Queue::new();
        let (mut first, mut second) = (queue.worker(), queue.worker());
        first.work();
        second.work();

        let sender = queue.sender(0..1);
        first.let_go();
        first.work();
        sender.join().unwrap();
        settle(&mut [first, second]);

        queue.assert_handled(1);
    });
}

// P11
#[test]
fn a_letter_passes_by_a_worker_that_leaves_while_it_is_going_idle() {
    model(|| {
        let queue = Queue::new();
        let (mut first, mut second) = (queue.worker(), queue.worker());
        second.work();

        let sender = queue.sender(0..1);
        let leaving = first.actor.clone();
        let leaver = spawn(move || leaving.cell().end_pulling());
        first.work();
        sender.join().unwrap();
        leaver.join().unwrap();
        settle(&mut [first, second]);

        queue.assert_handled(1);
    });
}

// P11, A2
#[test]
fn a_letter_for_which_a_worker_that_ends_was_woken_goes_to_another() {
    model(|| {
        let queue = Queue::new();
        let (mut first, mut second) = (queue.worker(), queue.worker());
        first.work();
        second.work();

        let sender = queue.sender(0..1);
        first.actor.stop();
        first.work();
        sender.join().unwrap();
        settle(&mut [first, second]);

        // It may have taken the letter before it saw that it is to stop; in the queue there is none.
        queue.ledger.assert_complete(1);
        assert_eq!(queue.cell.len(), 0);
    });
}
