//! A5, B2: what has no room.

use actor_core::prelude::*;
use actor_core::{DeadLetterReason, Overflow};
use tests::clerk::{Busy, Discipline, Slip, keep_busy};
use tests::puppet::{Events, Puppet, act};
use tests::{in_every_placement, paused_system, poll_once, soon, system};

in_every_placement!(
    a_mailbox_that_drops_accepts_without_waiting,
    what_came_last_is_handled_last_and_never_lost,
);

const ONE: Duration = Duration::from_secs(1);

async fn busy(
    system: &ActorSystem,
    discipline: Discipline,
    mailbox: Mailbox,
) -> (ActorRef<Slip>, Busy, Events) {
    let (clerk, events) = discipline.clerk(system, mailbox);
    let clerk = clerk.spawn();
    let busy = keep_busy(&clerk).await;
    (clerk, busy, events)
}

// A5
async fn a_mailbox_that_drops_accepts_without_waiting(placement: Placement) {
    for (overflow, discipline, left) in [
        (Overflow::DropNewest, Discipline::Fifo, [1, 2]),
        (Overflow::DropNewest, Discipline::Lifo, [2, 1]),
        (Overflow::DropOldest, Discipline::Fifo, [4, 5]),
        (Overflow::DropOldest, Discipline::Lifo, [5, 4]),
    ] {
        let system = system();
        let mut letters = system.dead_letters();
        let mailbox = Mailbox::bounded(2).overflow(overflow);
        let (clerk, mut events) = discipline.clerk(&system, mailbox);
        let clerk = clerk.placement(placement).spawn();
        let busy = keep_busy(&clerk).await;

        for number in 1..=5 {
            let mut sending = clerk.send(Slip::Note(0, number));
            assert!(matches!(poll_once(&mut sending), Some(Ok(()))));
        }

        for _ in 0..3 {
            let letter = letters.try_recv().unwrap();
            let found = (letter.target, letter.reason, letter.sender);
            assert_eq!(found, (clerk.id(), DeadLetterReason::Overflow, None));
        }
        assert_eq!(letters.try_recv(), None);
        let seen = system.snapshot();
        let seen = seen.get(clerk.id()).unwrap();
        assert_eq!((seen.dropped, seen.mailbox_len), (3, 2), "{overflow:?}");
        drop((busy, clerk));
        assert_eq!(events.rest_of_notes().await, left, "{overflow:?}");
    }
}

// A5
#[tokio::test]
async fn with_priorities_the_least_urgent_gives_way() {
    let system = system();
    let mailbox = Mailbox::bounded(3).overflow(Overflow::DropOldest);
    let (clerk, busy, mut events) = busy(&system, Discipline::Priority, mailbox).await;

    // Of equals the oldest goes (2), then the new one itself (5), then the last of its rank (3).
    for (rank, number) in [(1, 1), (7, 2), (7, 3), (0, 4), (9, 5), (-4, 6)] {
        clerk.try_send(Slip::Note(rank, number)).unwrap();
        assert!(clerk.len() <= 3);
    }

    assert_eq!(system.dead_letter_count(), 3);
    drop((busy, clerk));
    assert_eq!(events.rest_of_notes().await, [6, 4, 1]);
}

// A5, B2
#[tokio::test(start_paused = true)]
async fn an_ask_that_finds_no_room_resolves_with_overflow_at_once() {
    let system = paused_system();
    let mailbox = Mailbox::bounded(1).overflow(Overflow::DropNewest);
    let (clerk, _busy, _events) = busy(&system, Discipline::Fifo, mailbox).await;
    clerk.try_send(Slip::Note(0, 1)).unwrap();
    let began = tokio::time::Instant::now();

    let asked = clerk.ask(|reply| Slip::Answer(0, 1, reply)).await;

    let error = asked.unwrap_err();
    assert_eq!(error, AskError::Overflow);
    assert!(!error.may_have_run());
    assert_eq!(began.elapsed(), Duration::ZERO);
}

// A5, B2
#[tokio::test(start_paused = true)]
async fn the_reply_in_a_message_that_gives_way_resolves_with_overflow_at_once() {
    for discipline in Discipline::ALL {
        let system = paused_system();
        let mailbox = Mailbox::bounded(2).overflow(Overflow::DropOldest);
        let (clerk, busy, mut events) = busy(&system, discipline, mailbox).await;
        let mut asking = Box::pin(clerk.ask(|reply| Slip::Answer(5, 1, reply)));
        assert!(poll_once(&mut asking).is_none());
        let began = tokio::time::Instant::now();

        clerk.try_send(Slip::Note(0, 1)).unwrap();
        assert!(poll_once(&mut asking).is_none(), "there is room for both");
        clerk.try_send(Slip::Note(0, 2)).unwrap();

        assert_eq!(asking.await, Err(AskError::Overflow));
        assert_eq!(began.elapsed(), Duration::ZERO);
        drop((busy, clerk));
        assert_eq!(events.rest_of_notes().await.len(), 2, "{discipline:?}");
    }
}

// A5, B3: the reply is dropped in the poll of another actor, and tells of its own fate and not of that one's.
#[tokio::test(start_paused = true)]
async fn an_actor_whose_ask_or_send_drops_a_message_learns_the_same() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest] {
        let system = paused_system();
        let mailbox = Mailbox::bounded(1).overflow(overflow);
        let (clerk, _busy, _events) = busy(&system, Discipline::Fifo, mailbox).await;
        let sender = system.spawn(Puppet::new().0);
        let to = clerk.clone();
        let (told, heard) = tokio::sync::oneshot::channel();

        sender
            .send(act(move |_, _| {
                Box::pin(async move {
                    let mut first = Box::pin(to.ask_within(ONE, |reply| Slip::Answer(0, 1, reply)));
                    assert!(poll_once(&mut first).is_none());
                    let second = to.ask_within(ONE, |reply| Slip::Answer(0, 2, reply));
                    let mut second = Box::pin(second);
                    assert!(poll_once(&mut second).is_none(), "it is woken for it");
                    told.send((poll_once(&mut first), poll_once(&mut second)))
                        .ok();
                    Err("and it fails afterwards".into())
                })
            }))
            .await
            .unwrap();

        let (first, second) = soon("both asks", heard).await.unwrap();
        let dropped = Some(Err(AskError::Overflow));
        match overflow {
            Overflow::DropNewest => assert_eq!((first, second), (None, dropped)),
            _ => assert_eq!((first, second), (dropped, None)),
        }
    }
}

// A5: the oldest gives way to the newest, also while the oldest is about to begin.
async fn what_came_last_is_handled_last_and_never_lost(placement: Placement) {
    const ROUNDS: u64 = 3_000;
    let system = system();
    let mailbox = Mailbox::bounded(1).overflow(Overflow::DropOldest);
    let (clerk, mut events) = Discipline::Fifo.clerk(&system, mailbox);
    let clerk = clerk.placement(placement).spawn();

    for round in 0..ROUNDS {
        for step in 0..4 {
            clerk.try_send(Slip::Note(0, round * 4 + step)).unwrap();
        }
        let last = tests::puppet::Event::Note(round * 4 + 3);
        while events.next().await != last {}
    }
}

// A5, C4
#[tokio::test]
async fn a_message_whose_drop_panics_can_be_dropped_for_want_of_room() {
    struct Prickly;
    impl Drop for Prickly {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("it stings"));
        }
    }
    struct Idle;
    impl Actor for Idle {
        type Msg = (u64, Option<Prickly>);
        async fn handle(&mut self, _: Self::Msg, _: &mut Context<Self>) -> ActorResult {
            std::future::pending().await
        }
    }
    for overflow in [Overflow::DropNewest, Overflow::DropOldest] {
        let system = system();
        let mailbox = Mailbox::bounded(1).overflow(overflow);
        let idle = system.actor(Idle).mailbox(mailbox).start().await.unwrap();
        let first = match overflow {
            Overflow::DropNewest => (None, Some(Prickly)),
            _ => (Some(Prickly), None),
        };

        idle.try_send((1, first.0)).unwrap();
        idle.try_send((2, first.1)).unwrap();

        assert_eq!((idle.len(), system.dead_letter_count()), (1, 1));
        idle.kill();
        idle.wait().await;
    }
}
