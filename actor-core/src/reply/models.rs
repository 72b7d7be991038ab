//! The reply slot: the answer, the deadline, the drop of either half and a link, all at once. See [`models`](crate::models).

use std::future::{poll_fn, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use super::{Answer, Reply, Slot};
use crate::cell::Cell;
use crate::models::{Worker, block_on, model, spawn, wide_model};
use crate::sync::Arc;
use crate::timekeeper::Expire;
use crate::{ActorRef, AskError, ExitReason, Mailbox};

const DEADLINE: Duration = Duration::from_secs(5);

/// Asks as [`ActorRef::ask`] does: the slot has the waker of the asker from the beginning.
async fn ask<T: Send + 'static>() -> (Answer<'static, T>, Reply<T>) {
    let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
    let slot = Slot::new(DEADLINE, None, &waker);
    let reply = Reply::new(&slot);
    (Answer::new(slot, None), reply)
}

async fn answered<T: Send + 'static>(mut answer: Answer<'static, T>) -> Result<T, AskError> {
    let answer = poll_fn(|cx| answer.poll_answer(cx)).await;
    answer.map_err(|error| *error)
}

/// How an ask ends whose reply, and whose deadline, are in the hands of two other threads.
fn ask_against_deadline(treat: fn(Reply<u32>)) -> Result<u32, AskError> {
    let (result, others) = block_on(async {
        let (answer, reply) = ask().await;
        let slot: Arc<Slot<u32>> = Arc::clone(&answer.slot);
        let others = [spawn(move || treat(reply)), spawn(move || slot.expire())];
        (answered(answer).await, others)
    });
    for other in others {
        other.join().unwrap();
    }
    result
}

// B1, B2
#[test]
fn an_answer_against_the_deadline_has_one_winner() {
    model(|| {
        let result = ask_against_deadline(|reply| reply.send(7));

        let is_timeout = matches!(result, Err(AskError::Timeout { .. }));
        assert!(is_timeout || result == Ok(7), "{result:?}");
    });
}

// B1
#[test]
fn the_first_answer_stands() {
    model(|| {
        let (result, replier) = block_on(async {
            let (answer, reply) = ask().await;
            let slot: Arc<Slot<u32>> = Arc::clone(&answer.slot);
            let replier = spawn(move || {
                reply.send(7);
                slot.expire();
            });
            (answered(answer).await, replier)
        });
        replier.join().unwrap();

        assert_eq!(result, Ok(7));
    });
}

// B2, B3
#[test]
fn a_dropped_reply_against_the_deadline_resolves_the_ask() {
    model(|| {
        let result = ask_against_deadline(drop);

        let resolved = matches!(result, Err(AskError::NoReply | AskError::Timeout { .. }));
        assert!(resolved, "{result:?}");
    });
}

/// A value that counts how often it is dropped.
struct Value(Arc<AtomicUsize>);

impl Drop for Value {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

// B1
#[test]
fn an_answer_to_an_asker_that_goes_away_is_dropped_once() {
    model(|| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let (answer, reply) = block_on(ask());
        let slot = Arc::clone(&answer.slot);

        let replier = spawn({
            let value = Value(Arc::clone(&dropped));
            move || reply.send(value)
        });
        let deadline = spawn(move || slot.expire());
        drop(answer);
        replier.join().unwrap();
        deadline.join().unwrap();

        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    });
}

// B4
#[test]
fn a_link_hears_once_that_the_asker_waits_no_more() {
    model(|| {
        let told = Arc::new(AtomicUsize::new(0));
        let (answer, reply) = block_on(ask::<u32>());
        let (linked, expiring) = (Arc::clone(&answer.slot), Arc::clone(&answer.slot));

        let link = spawn({
            let told = Arc::clone(&told);
            move || {
                linked.hand_over(Box::new(move || {
                    told.fetch_add(1, Ordering::Relaxed);
                }));
                // The link answers for it, so this half means nothing.
                drop(reply);
            }
        });
        let deadline = spawn(move || expiring.expire());
        drop(answer);
        link.join().unwrap();
        deadline.join().unwrap();

        assert_eq!(told.load(Ordering::Relaxed), 1);
    });
}

/// An actor whose messages are nothing but replies.
fn replier() -> ActorRef<Reply<u32>> {
    ActorRef::new(Cell::new(Mailbox::unbounded(), None, false))
}

/// Asks it. Whether the request was accepted, and how the ask ended.
async fn ask_it(actor: &ActorRef<Reply<u32>>) -> (bool, Result<u32, AskError>) {
    let (answer, reply) = ask().await;
    let sent = actor.try_send(reply).is_ok();
    (sent, answered(answer).await)
}

// B2, B3
#[test]
fn an_ask_against_a_kill_resolves() {
    wide_model(|| {
        let actor = replier();
        let worker = Worker::begin(actor.cell());

        let asker = spawn({
            let actor = actor.clone();
            move || block_on(ask_it(&actor))
        });
        let killer = spawn(move || actor.kill());
        let reason = worker.run(|reply: Reply<u32>| {
            reply.send(7);
            ready(Ok(()))
        });
        let (sent, result) = asker.join().unwrap();
        killer.join().unwrap();

        assert_eq!(reason, ExitReason::Killed);
        match result {
            Ok(value) => assert!(sent && value == 7),
            Err(AskError::Stopped { .. }) => assert!(sent),
            // Given back by the send, and dropped by the asker itself.
            Err(error) => assert!(!sent && error == AskError::NoReply, "{error:?}"),
        }
    });
}

// B3
#[test]
fn a_reply_that_a_handler_drops_before_it_fails_is_failed() {
    model(|| {
        let actor = replier();
        let worker = Worker::begin(actor.cell());

        let asker = spawn(move || block_on(ask_it(&actor)));
        worker.run(|reply: Reply<u32>| {
            drop(reply);
            ready(Err("it fails".into()))
        });
        let (sent, result) = asker.join().unwrap();

        assert!(sent && matches!(result, Err(AskError::Failed { .. })));
    });
}
