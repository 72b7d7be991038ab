//! A3, A6: `send_timeout`.

use actor_core::prelude::*;
use actor_core::{Overflow, SendTimeoutError};
use tests::clerk::{Clerk, Discipline, Slip, keep_busy};
use tests::puppet::{Event, Events, Puppet, act, note};
use tests::{paused_system, poll_once, soon, system};
use tokio::time::Instant;

const LIMIT: Duration = Duration::from_secs(3);

fn number_of(slip: &Slip) -> u64 {
    match slip {
        Slip::Note(_, number) => *number,
        other => panic!("{other:?}"),
    }
}

// A3
#[tokio::test(start_paused = true)]
async fn a_send_that_finds_no_room_in_time_gives_its_message_back() {
    for discipline in Discipline::ALL {
        let system = paused_system();
        let (clerk, mut events) = discipline.clerk(&system, Mailbox::bounded(1));
        let clerk = clerk.spawn();
        let busy = keep_busy(&clerk).await;
        let began = Instant::now();

        // What finds room at once waits for nothing, and sets no deadline.
        clerk.send_timeout(Slip::Note(0, 1), LIMIT).await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
        let late = clerk.send_timeout(Slip::Note(0, 2), LIMIT).await;

        assert_eq!(began.elapsed(), LIMIT);
        assert!(matches!(late, Err(SendTimeoutError::Timeout(_))));
        assert_eq!(number_of(&late.unwrap_err().into_message()), 2);
        drop((busy, clerk));
        assert_eq!(events.rest_of_notes().await, [1]);
        assert_eq!(system.dead_letter_count(), 0);
    }
}

// A6
#[tokio::test(start_paused = true)]
async fn a_send_with_a_limit_stands_in_line_like_others_and_leaves_it_in_time() {
    let system = paused_system();
    let (clerk, mut events) = Discipline::Fifo.clerk(&system, Mailbox::bounded(1));
    let clerk = clerk.spawn();
    let busy = keep_busy(&clerk).await;
    clerk.try_send(Slip::Note(0, 0)).unwrap();
    let mut early = Box::pin(clerk.send_timeout(Slip::Note(0, 1), Duration::from_secs(100)));
    let mut dropped = Box::pin(clerk.send_timeout(Slip::Note(0, 2), Duration::from_secs(100)));
    let mut short = Box::pin(clerk.send_timeout(Slip::Note(0, 3), Duration::from_secs(1)));
    let mut patient = clerk.send(Slip::Note(0, 4));
    assert!(poll_once(&mut early).is_none());
    assert!(poll_once(&mut dropped).is_none());
    assert!(poll_once(&mut short).is_none());
    assert!(poll_once(&mut patient).is_none());

    assert!(matches!(short.await, Err(SendTimeoutError::Timeout(_))));
    // Cancel safe: dropped is not sent.
    drop(dropped);
    drop(busy);
    let (early, patient) = tokio::join!(early, patient);

    assert!(early.is_ok() && patient.is_ok());
    drop(clerk);
    assert_eq!(events.rest_of_notes().await, [0, 1, 4]);
}

// A3
#[tokio::test(start_paused = true)]
async fn a_send_with_a_limit_gets_its_message_back_when_the_actor_closes() {
    let system = paused_system();
    let (clerk, _events) = Discipline::Fifo.clerk(&system, Mailbox::bounded(1));
    let clerk = clerk.spawn();
    let busy = keep_busy(&clerk).await;
    clerk.try_send(Slip::Note(0, 0)).unwrap();
    let mut waiting = Box::pin(clerk.send_timeout(Slip::Note(0, 1), LIMIT));
    assert!(poll_once(&mut waiting).is_none());
    let began = Instant::now();

    clerk.drain();

    let refused = waiting.await.unwrap_err();
    assert!(matches!(refused, SendTimeoutError::Closed(_)));
    assert_eq!(number_of(&refused.into_message()), 1);
    assert_eq!(began.elapsed(), Duration::ZERO);
    drop(busy);
    clerk.wait().await;
    let late = clerk.send_timeout(Slip::Note(0, 2), LIMIT).await;
    assert!(matches!(late, Err(SendTimeoutError::Closed(_))));
}

// A3, B5
#[tokio::test(start_paused = true)]
async fn an_actor_does_not_wait_for_room_in_its_own_mailbox() {
    let system = paused_system();
    let (puppet, mut events) = Puppet::new();
    let puppet = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    let began = Instant::now();

    puppet
        .send(act(|puppet, ctx| {
            Box::pin(async move {
                let own = ctx.actor_ref();
                own.send_timeout(note(2), LIMIT).await?;
                let refused = own.send_timeout(note(3), LIMIT).await;
                assert!(matches!(refused, Err(SendTimeoutError::WouldDeadlock(_))));
                puppet.note(1);
                Ok(())
            })
        }))
        .await
        .unwrap();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(events.next().await, Event::Note(2));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

// A5
#[tokio::test]
async fn a_send_with_a_limit_does_not_wait_where_something_is_dropped() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest] {
        let system = system();
        let mailbox = Mailbox::bounded(1).overflow(overflow);
        let (clerk, _events) = Discipline::Fifo.clerk(&system, mailbox);
        let clerk = clerk.spawn();
        let _busy = keep_busy(&clerk).await;

        for number in 0..3 {
            let mut sending = Box::pin(clerk.send_timeout(Slip::Note(0, number), LIMIT));
            assert!(matches!(poll_once(&mut sending), Some(Ok(()))));
        }

        assert_eq!((clerk.len(), system.dead_letter_count()), (1, 2));
    }
}

// D4: an actor that no system has yet.
#[tokio::test(start_paused = true)]
async fn the_limit_holds_for_an_actor_that_no_supervisor_has_started() {
    let (sender, _events) = Events::channel();
    let child = ChildSpec::new("clerk", move || Clerk(sender.clone()));
    let (spec, clerk) = child.mailbox(Mailbox::bounded(1)).build();
    clerk.send_timeout(Slip::Note(0, 1), LIMIT).await.unwrap();
    let began = Instant::now();

    let late = clerk.send_timeout(Slip::Note(0, 2), LIMIT).await;

    assert!(matches!(late, Err(SendTimeoutError::Timeout(_))));
    assert!(began.elapsed() >= LIMIT);
    drop(spec);
}

// A3: the limit is kept on the real clock, and by a runtime that is busy.
#[tokio::test]
async fn a_limit_is_never_early_on_the_real_clock() {
    let system = system();
    let (clerk, _events) = Discipline::Fifo.clerk(&system, Mailbox::bounded(1));
    let clerk = clerk.spawn();
    let _busy = keep_busy(&clerk).await;
    clerk.try_send(Slip::Note(0, 1)).unwrap();
    let limit = Duration::from_millis(30);
    let began = std::time::Instant::now();

    let late = soon("the limit", clerk.send_timeout(Slip::Note(0, 2), limit));

    assert!(matches!(late.await, Err(SendTimeoutError::Timeout(_))));
    assert!(began.elapsed() >= limit);
}

// A3: `?` works for every message that is `Send`, also for one that is not `Sync`.
#[tokio::test]
async fn the_error_of_a_send_with_a_limit_is_an_error_like_any_other() {
    struct Cells;
    impl Actor for Cells {
        type Msg = std::cell::Cell<u32>;
        async fn handle(&mut self, _: Self::Msg, _: &mut Context<Self>) -> ActorResult {
            Ok(())
        }
    }
    async fn send(to: &ActorRef<std::cell::Cell<u32>>) -> Result<(), BoxError> {
        Ok(to.send_timeout(std::cell::Cell::new(1), LIMIT).await?)
    }
    let system = system();
    let cells = system.spawn(Cells);
    cells.kill();
    cells.wait().await;

    let error = send(&cells).await.unwrap_err();

    assert!(error.to_string().contains("takes no more messages"));
    assert!(format!("{error:?}").starts_with("Closed("));
}
