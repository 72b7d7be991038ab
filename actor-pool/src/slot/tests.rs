//! The slot on its own.

use std::sync::Arc;
use std::sync::mpsc::channel;

use super::*;

fn cancelled(slot: &Slot<u32>) {
    slot.complete(Err(JobError::Cancelled));
}

#[test]
fn callbacks_run_once_in_the_order_in_which_they_were_added() {
    // P12
    let slot = Slot::new();
    let (told, heard) = channel();
    for number in 0..3 {
        let told = told.clone();
        slot.on_done(Box::new(move |_| told.send(number).unwrap()));
    }

    cancelled(&slot);
    cancelled(&slot);
    let late = told.clone();
    slot.on_done(Box::new(move |_| late.send(3).unwrap()));

    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn a_callback_that_adds_another_is_followed_by_it() {
    // P12
    let slot = Arc::new(Slot::new());
    let (told, heard) = channel();
    let inner = Arc::clone(&slot);
    slot.on_done(Box::new(move |_| {
        let after = told.clone();
        inner.on_done(Box::new(move |_| after.send("second").unwrap()));
        told.send("first").unwrap();
    }));

    cancelled(&slot);

    assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["first", "second"]);
}

#[test]
fn a_callback_that_panics_harms_neither_the_next_nor_the_outcome() {
    // P12
    let slot = Slot::new();
    let (told, heard) = channel();
    slot.on_done(Box::new(|_| panic!("as arranged")));
    slot.on_done(Box::new(move |_| told.send(()).unwrap()));

    cancelled(&slot);

    assert_eq!(heard.try_iter().count(), 1);
    assert!(slot.is_finished());
}

#[test]
fn the_first_outcome_counts() {
    let slot = Slot::<u32>::new();
    cancelled(&slot);
    slot.complete(Err(JobError::Shutdown));

    let outcome = slot.poll_take(&mut Context::from_waker(Waker::noop()));

    assert_eq!(outcome, Poll::Ready(Err(JobError::Cancelled)));
}
