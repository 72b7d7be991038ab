//! A7, A11, C2, D1, F2: in which order a mailbox hands over.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use actor_core::prelude::*;
use actor_core::wire::{encode, inlet};
use tests::clerk::{Clerk, Discipline, Slip, keep_busy, rank};
use tests::puppet::{Event, Events, Puppet, act_now};
use tests::{in_every_placement, soon, system};

in_every_placement!(
    messages_are_handled_in_the_order_of_their_mailbox,
    signals_come_before_messages_that_are_reordered,
    a_restart_keeps_what_was_queued_in_its_order,
    a_drain_keeps_the_order_of_the_mailbox,
);

/// Ranks and numbers, and the numbers in the order in which they are handled.
const SENT: [(i64, u64); 6] = [(5, 0), (1, 1), (5, 2), (-7, 3), (1, 4), (5, 5)];

fn in_order(discipline: Discipline) -> [u64; 6] {
    match discipline {
        Discipline::Fifo => [0, 1, 2, 3, 4, 5],
        Discipline::Lifo => [5, 4, 3, 2, 1, 0],
        Discipline::Priority => [3, 1, 4, 0, 2, 5],
    }
}

fn send_all(clerk: &ActorRef<Slip>) {
    for (rank, number) in SENT {
        clerk.try_send(Slip::Note(rank, number)).unwrap();
    }
}

// A7
async fn messages_are_handled_in_the_order_of_their_mailbox(placement: Placement) {
    for discipline in Discipline::ALL {
        let system = system();
        let (clerk, mut events) = discipline.clerk(&system, Mailbox::bounded(6));
        let clerk = clerk.placement(placement).spawn();
        let busy = keep_busy(&clerk).await;

        send_all(&clerk);

        assert!(clerk.try_send(Slip::Note(0, 9)).unwrap_err().is_full());
        drop((busy, clerk));
        assert_eq!(events.rest_of_notes().await, in_order(discipline));
    }
}

// A7: equal ranks keep their order, however many there are and whatever comes in between.
#[tokio::test]
async fn messages_of_one_rank_keep_their_order() {
    let system = system();
    let (clerk, mut events) = Discipline::Priority.clerk(&system, Mailbox::unbounded());
    let clerk = clerk.spawn();
    let busy = keep_busy(&clerk).await;

    for number in 0..3_000 {
        let rank = (number * 7 % 3) as i64;
        clerk.try_send(Slip::Note(rank, number)).unwrap();
    }

    drop((busy, clerk));
    let notes = events.rest_of_notes().await;
    assert_eq!(notes.len(), 3_000);
    assert!(notes.is_sorted_by_key(|number| (number * 7 % 3, *number)));
}

// A7, F2
async fn signals_come_before_messages_that_are_reordered(placement: Placement) {
    for discipline in [Discipline::Lifo, Discipline::Priority] {
        let system = system();
        let watched = system.spawn(Puppet::new().0);
        let (clerk, mut events) = discipline.clerk(&system, Mailbox::bounded(8));
        let clerk = clerk.placement(placement).spawn();
        clerk
            .ask(|reply| Slip::Monitor(watched.any(), reply))
            .await
            .unwrap();
        let busy = keep_busy(&clerk).await;

        clerk.try_send(Slip::Note(i64::MIN, 1)).unwrap();
        watched.stop();
        watched.wait().await;
        clerk.try_send(Slip::Note(i64::MIN, 2)).unwrap();
        drop(busy);

        assert!(matches!(
            events.next().await,
            Event::Signal(Signal::Down(_))
        ));
        drop(clerk);
        assert_eq!(events.rest_of_notes().await.len(), 2);
    }
}

// A7, D1
async fn a_restart_keeps_what_was_queued_in_its_order(placement: Placement) {
    for discipline in Discipline::ALL {
        let system = system();
        let (sender, mut events) = Events::channel();
        let child = ChildSpec::new("clerk", move || Clerk(sender.clone()))
            .placement(placement)
            .mailbox(discipline.of(Mailbox::bounded(8)));
        let child = match discipline {
            Discipline::Priority => child.priority(rank),
            _ => child,
        };
        let (spec, clerk) = child.build();
        // Before its first start, too.
        send_all(&clerk);
        let builder = Supervisor::builder(Strategy::OneForOne).intensity(9, Duration::from_secs(1));
        // It comes first out of a stack, and by its rank, too.
        clerk.try_send(Slip::Fail).unwrap();
        let supervisor = builder.child(spec).start(&system).await.unwrap();

        for number in in_order(discipline) {
            assert_eq!(events.next().await, Event::Note(number), "{discipline:?}");
        }

        let restarted = async {
            while restarts(&system, &clerk) == 0 {
                tokio::task::yield_now().await;
            }
        };
        soon("its restart", restarted).await;
        assert_eq!(restarts(&system, &clerk), 1);
        supervisor.stop();
        supervisor.wait().await;
        assert_eq!(system.dead_letter_count(), 0);
    }
}

fn restarts(system: &ActorSystem, clerk: &ActorRef<Slip>) -> u32 {
    let snapshot = system.snapshot();
    snapshot.get(clerk.id()).map_or(0, |seen| seen.restarts)
}

// A7, C2
async fn a_drain_keeps_the_order_of_the_mailbox(placement: Placement) {
    for discipline in Discipline::ALL {
        let system = system();
        let (clerk, mut events) = discipline.clerk(&system, Mailbox::bounded(6));
        let clerk = clerk.placement(placement).spawn();
        let busy = keep_busy(&clerk).await;
        send_all(&clerk);

        clerk.drain();
        drop(busy);

        assert_eq!(
            soon("the drain", clerk.wait()).await,
            ExitReason::Normal,
            "{discipline:?}"
        );
        assert_eq!(events.rest_of_notes().await, in_order(discipline));
        assert_eq!(system.dead_letter_count(), 0);
    }
}

// A7, C2
#[tokio::test]
async fn a_stop_makes_dead_letters_of_what_is_queued_in_any_order() {
    for discipline in Discipline::ALL {
        let system = system();
        let (clerk, mut events) = discipline.clerk(&system, Mailbox::bounded(6));
        let clerk = clerk.spawn();
        let busy = keep_busy(&clerk).await;
        send_all(&clerk);

        clerk.stop();
        drop(busy);

        assert_eq!(clerk.wait().await, ExitReason::Normal);
        assert!(events.rest_of_notes().await.is_empty());
        assert_eq!(system.dead_letter_count(), 6, "{discipline:?}");
    }
}

// A7
#[tokio::test]
async fn a_rank_that_cannot_be_computed_harms_its_sender_only() {
    let system = system();
    let (clerk, mut events) = Discipline::Priority.clerk(&system, Mailbox::bounded(1));
    let clerk = clerk.spawn();
    let panics = |send: &dyn Fn()| assert!(catch_unwind(AssertUnwindSafe(send)).is_err());

    panics(&|| drop(clerk.try_send(Slip::Unrankable)));
    let permit = clerk.reserve().await.unwrap();
    let sent = catch_unwind(AssertUnwindSafe(|| permit.send(Slip::Unrankable).is_ok()));
    assert!(sent.is_err());
    let to = clerk.clone();
    let sending = tokio::spawn(async move { to.send(Slip::Unrankable).await.is_ok() });
    assert!(sending.await.unwrap_err().is_panic());
    let to = clerk.clone();
    let sender = system.spawn(Puppet::new().0);
    sender
        .send(act_now(move |_, _| {
            to.try_send(Slip::Unrankable)?;
            Ok(())
        }))
        .await
        .unwrap();

    assert!(matches!(sender.wait().await, ExitReason::Panicked { .. }));
    // The room that was kept is free again, and nothing came in.
    clerk.try_send(Slip::Note(0, 1)).unwrap();
    drop(clerk);
    assert_eq!(events.rest_of_notes().await, [1]);
    assert_eq!(system.dead_letter_count(), 0);
}

// A7, R6
#[tokio::test]
async fn a_rank_that_cannot_be_computed_harms_no_link() {
    struct Sink;
    impl Actor for Sink {
        type Msg = u32;
        async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult {
            Ok(())
        }
    }
    let system = system();
    let key = |number: &u32| match number {
        0 => std::panic::resume_unwind(Box::new("no rank")),
        number => i64::from(*number),
    };
    let sink = system.actor(Sink).priority(key).spawn();
    let inlet = inlet(&sink);
    let bytes = |number: u32| {
        let mut bytes = Vec::new();
        encode(&number, &mut bytes).unwrap();
        bytes
    };

    assert!(inlet.deliver(&bytes(0)).is_err());

    assert_eq!(inlet.deliver(&bytes(1)).ok(), Some(1));
    assert_eq!(system.dead_letter_count(), 1);
}

// A7
#[tokio::test]
async fn a_mailbox_is_not_last_in_first_out_and_by_priority_at_once() {
    const TEXT: &str = "a mailbox is last-in-first-out or by priority, not both";
    let system = system();
    let both = || {
        let (clerk, _events) = Discipline::Priority.clerk(&system, Mailbox::default().lifo());
        clerk
    };
    let says_so = |refused: Box<dyn std::any::Any + Send>| {
        assert_eq!(refused.downcast_ref::<&str>(), Some(&TEXT));
    };

    says_so(catch_unwind(AssertUnwindSafe(|| drop(both().spawn()))).unwrap_err());
    let (sender, _events) = Events::channel();
    let child = ChildSpec::new("clerk", move || Clerk(sender.clone()));
    let child = child.mailbox(Mailbox::default().lifo()).priority(rank);
    says_so(catch_unwind(AssertUnwindSafe(|| drop(child.build()))).unwrap_err());
    let starting = both();
    let started = tokio::spawn(async move { starting.start().await.is_ok() });
    says_so(started.await.unwrap_err().into_panic());

    assert_eq!(system.live_actors(), 0);
}

static RANKED: AtomicU64 = AtomicU64::new(0);

fn counted_rank(_: &u64) -> i64 {
    RANKED.fetch_add(1, Ordering::Relaxed) as i64 % 3
}

// A11, B1: counted, not timed. The answer goes to its slot, and nothing looks at what is queued for the one who asks.
#[tokio::test]
async fn an_ask_touches_nothing_of_what_is_queued_for_its_caller() {
    const QUEUED: usize = 500_000;
    struct Caller {
        callee: ActorRef<Slip>,
        begun: u64,
        told: tokio::sync::mpsc::UnboundedSender<(u64, usize, u64)>,
    }
    impl Actor for Caller {
        type Msg = u64;
        async fn handle(&mut self, _: u64, ctx: &mut Context<Self>) -> ActorResult {
            self.begun += 1;
            if self.begun == 1 {
                for number in 0..200 {
                    let asked = self.callee.ask(|reply| Slip::Answer(0, number, reply));
                    assert_eq!(asked.await?, number);
                }
                let ranked = RANKED.load(Ordering::Relaxed);
                let seen = (self.begun, ctx.actor_ref().len(), ranked);
                self.told.send(seen).ok();
                ctx.stop();
            }
            Ok(())
        }
    }
    for discipline in Discipline::ALL {
        let system = system();
        let (callee, _events) = discipline.clerk(&system, Mailbox::bounded(1));
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let caller = Caller {
            callee: callee.spawn(),
            begun: 0,
            told,
        };
        let caller = system
            .actor(caller)
            .mailbox(discipline.of(Mailbox::unbounded()));
        let caller = match discipline {
            Discipline::Priority => caller.priority(counted_rank).spawn(),
            _ => caller.spawn(),
        };
        RANKED.store(0, Ordering::Relaxed);

        for number in 0..=QUEUED as u64 {
            caller.try_send(number).unwrap();
        }

        let (begun, queued, ranked) = soon("the asks", heard.recv()).await.unwrap();
        assert_eq!((begun, queued), (1, QUEUED), "{discipline:?}");
        let by_senders = if discipline == Discipline::Priority {
            QUEUED as u64 + 1
        } else {
            0
        };
        assert_eq!(ranked, by_senders);
        caller.wait().await;
        assert_eq!(system.dead_letter_count(), QUEUED as u64);
    }
}
