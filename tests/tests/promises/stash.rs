//! The stash: messages put aside.

use actor_core::prelude::*;
use actor_core::{DeadLetterReason, Overflow, SupervisorBuilder};
use tests::puppet::{Act, Event, Events, Puppet, act, act_now, answer, fail, hold, note};
use tests::random::Random;
use tests::{in_every_placement, paused_system, poll_once, soon, system};

in_every_placement!(
    what_is_stashed_comes_back_in_the_order_in_which_it_came,
    stashed_messages_return_to_their_places_at_a_restart,
    at_a_final_stop_the_stash_is_dead_lettered_and_its_asks_resolve,
);

const HOUR: Duration = Duration::from_secs(3600);
const TEN_SECONDS: Duration = Duration::from_secs(10);

/// A way to end an actor.
type Verb = fn(&ActorRef<Act>);

fn bounded(system: &ActorSystem, mailbox: Mailbox) -> (ActorRef<Act>, Events) {
    let (puppet, events) = Puppet::new();
    (system.actor(puppet).mailbox(mailbox).spawn(), events)
}

fn supervisor() -> SupervisorBuilder {
    Supervisor::builder(Strategy::OneForOne).intensity(10, HOUR)
}

/// Does something in the actor and waits until it is done.
async fn inside<T: Send + 'static>(
    actor: &ActorRef<Act>,
    deed: impl FnOnce(&mut Context<Puppet>) -> T + Send + 'static,
) -> T {
    let asked = actor.ask(|reply: Reply<T>| {
        act_now(move |_, ctx| {
            reply.send(deed(ctx));
            Ok(())
        })
    });
    asked.await.unwrap()
}

/// Puts another act aside in its place.
fn aside(act: Act) -> Act {
    act_now(move |_, ctx| Ok(ctx.stash(act)?))
}

/// Is put aside so many times, and then notes its number.
fn patient(number: u64, times: u32) -> Act {
    act_now(move |puppet, ctx| {
        match times.checked_sub(1) {
            None => puppet.note(number),
            Some(times) => ctx.stash(patient(number, times))?,
        }
        Ok(())
    })
}

/// Is put aside in the first incarnation, and notes its number in the next.
fn later(number: u64) -> Act {
    act_now(move |puppet, ctx| {
        match ctx.incarnation() {
            1 => ctx.stash(later(number))?,
            _ => puppet.note(number),
        }
        Ok(())
    })
}

// H5
async fn what_is_stashed_comes_back_in_the_order_in_which_it_came(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).placement(placement).spawn();
    // 2 and 4 are put aside once more when they have come back.
    for (number, times) in [(1, 1), (2, 2), (3, 1), (4, 2), (5, 0), (6, 1)] {
        actor.send(patient(number, times)).await.unwrap();
    }
    assert_eq!(inside(&actor, |ctx| ctx.stash_len()).await, 5);
    let again = act_now(|puppet, ctx| {
        puppet.note(0);
        ctx.unstash_all();
        assert_eq!(ctx.stash_len(), 0);
        Ok(())
    });
    actor.send(again).await.unwrap();
    actor.send(note(7)).await.unwrap();

    for number in [5, 0, 1, 3, 6, 7] {
        assert_eq!(events.next().await, Event::Note(number));
    }
    assert_eq!(inside(&actor, |ctx| ctx.stash_len()).await, 2);
    inside(&actor, |ctx| ctx.unstash_all()).await;
    for number in [2, 4] {
        assert_eq!(events.next().await, Event::Note(number));
    }
}

// H5
#[tokio::test]
async fn what_is_stashed_comes_back_before_the_mailbox_whatever_its_discipline() {
    for (mailbox, first, rest) in [
        (Mailbox::bounded(16).lifo(), 3, [2, 1]),
        (
            Mailbox::bounded(16).overflow(Overflow::DropOldest),
            1,
            [2, 3],
        ),
    ] {
        let system = system();
        let (actor, mut events) = bounded(&system, mailbox);
        let (holding, mut gate) = hold();
        actor.send(holding).await.unwrap();
        gate.begun().await;
        for number in 1..=3 {
            actor.send(patient(number, 1)).await.unwrap();
        }
        gate.open();
        while inside(&actor, |ctx| ctx.stash_len()).await < 3 {}
        let (holding, mut gate) = hold();
        actor.send(holding).await.unwrap();
        gate.begun().await;
        actor
            .send(act_now(|_, ctx| {
                ctx.unstash_all();
                Ok(())
            }))
            .await
            .unwrap();
        gate.open();

        assert_eq!(events.next().await, Event::Note(first));
        for number in rest {
            assert_eq!(events.next().await, Event::Note(number));
        }
    }
}

// A2, H5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stash_of_an_actor_that_is_given_up_is_lost_and_reported() {
    let system = system();
    let mut letters = system.dead_letters();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).placement(Placement::Thread).spawn();
    for number in 1..=2 {
        actor.send(aside(note(number))).await.unwrap();
    }
    let (release, until) = std::sync::mpsc::channel::<()>();
    let (began, begun) = tokio::sync::oneshot::channel();
    let block = act_now(move |_, ctx| {
        began.send(()).ok();
        until.recv().ok();
        // It is not listened to any more, and harms nobody.
        ctx.unstash_all();
        ctx.stash(note(9))?;
        Ok(())
    });
    actor.send(block).await.unwrap();
    soon("it blocks", begun).await.unwrap();

    let report = system.shutdown(Duration::from_millis(300)).await;
    assert!(!report.is_clean());
    assert_eq!(actor.wait().await, ExitReason::Unresponsive);
    for _ in 0..2 {
        let letter = soon("a dead letter", letters.recv()).await.unwrap();
        let lost = DeadLetterReason::Lost {
            maybe_handled: true,
        };
        assert_eq!(letter.reason, lost);
    }
    drop(release);

    assert!(events.rest_of_notes().await.is_empty());
    assert_eq!(system.dead_letter_count(), 2);
}

// H5
#[tokio::test]
async fn a_stash_takes_half_the_capacity_unless_the_mailbox_says_otherwise() {
    for (mailbox, limit) in [
        (Mailbox::bounded(8), 4),
        (Mailbox::bounded(1), 0),
        (Mailbox::bounded(8).stash(7), 7),
        (Mailbox::bounded(8).stash(0), 0),
        (Mailbox::unbounded().stash(2), 2),
        (Mailbox::default(), Mailbox::DEFAULT_CAPACITY / 2),
    ] {
        let system = system();
        let (actor, mut events) = bounded(&system, mailbox);

        let full = inside(&actor, move |ctx| {
            for number in 0..limit {
                ctx.stash(note(number as u64)).unwrap();
            }
            // It comes back, and it is the same one.
            ctx.stash(note(1_000_000)).unwrap_err().into_message()
        });
        let returned = full.await;
        // What came back uses the bound until it begins again.
        inside(&actor, |ctx| {
            ctx.unstash_all();
            ctx.stash(note(9)).unwrap_err();
        })
        .await;

        for number in 0..limit {
            assert_eq!(events.next().await, Event::Note(number as u64));
        }
        actor.send(returned).await.unwrap();
        assert_eq!(events.next().await, Event::Note(1_000_000));
    }
}

// H5
#[test]
fn a_stash_as_large_as_its_mailbox_is_a_panic_where_it_is_asked_for() {
    for (capacity, limit) in [(1, 1), (8, 8), (8, 9), (8, usize::MAX)] {
        let made = std::panic::catch_unwind(|| Mailbox::bounded(capacity).stash(limit));
        assert!(made.is_err(), "{limit} of {capacity}");
    }
}

// A4
#[tokio::test]
async fn stashed_messages_count_against_the_bound() {
    let system = system();
    let (actor, mut events) = bounded(&system, Mailbox::bounded(4).stash(3));
    for number in 1..=3 {
        actor.send(aside(note(number))).await.unwrap();
    }
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;

    // The one in hand does not count.
    actor
        .try_send(act_now(|_, ctx| {
            ctx.unstash_all();
            Ok(())
        }))
        .unwrap();
    assert!(actor.try_send(note(5)).is_err());
    let mut waiting = Box::pin(actor.send(note(4)));
    assert!(poll_once(&mut waiting).is_none());
    gate.open();

    // There is room as soon as something has come back and begun.
    soon("there is room", waiting).await.unwrap();
    for number in 1..=4 {
        assert_eq!(events.next().await, Event::Note(number));
    }
    for number in 5..=8 {
        actor.try_send(note(number)).unwrap();
    }
    assert!(actor.try_send(note(9)).is_err(), "all four, and no more");
}

// A4
#[tokio::test]
async fn a_stashed_message_may_exceed_the_bound_by_one_until_the_next_begins() {
    fn used(ctx: &Context<Puppet>) -> usize {
        ctx.actor_ref().len() + ctx.stash_len()
    }
    let system = system();
    let (actor, mut events) = bounded(&system, Mailbox::bounded(2).stash(1));
    let (began, begun) = tokio::sync::oneshot::channel();
    let (open, opened) = tokio::sync::oneshot::channel::<()>();
    let slow = act(move |_, ctx| {
        Box::pin(async move {
            began.send(()).ok();
            opened.await.ok();
            ctx.stash(note(1))?;
            assert_eq!(used(ctx), 3);
            Ok(())
        })
    });
    actor.send(slow).await.unwrap();
    begun.await.unwrap();
    // Senders take the room of the message in hand.
    let is_full = act_now(|puppet, ctx| {
        assert_eq!(used(ctx), 2);
        assert!(ctx.actor_ref().try_send(note(9)).is_err());
        puppet.note(2);
        Ok(())
    });
    actor.try_send(is_full).unwrap();
    let has_room = act_now(|puppet, ctx| {
        assert_eq!(used(ctx), 1);
        ctx.actor_ref().try_send(note(4))?;
        assert!(ctx.actor_ref().try_send(note(9)).is_err());
        ctx.unstash_all();
        puppet.note(3);
        Ok(())
    });
    actor.try_send(has_room).unwrap();
    assert!(actor.try_send(note(9)).is_err());

    open.send(()).unwrap();

    for number in [2, 3, 1, 4] {
        assert_eq!(events.next().await, Event::Note(number));
    }
}

// D2, D1
async fn stashed_messages_return_to_their_places_at_a_restart(placement: Placement) {
    for end in [
        fail("as asked"),
        act_now(|_, ctx| {
            ctx.stop();
            Ok(())
        }),
    ] {
        let system = system();
        let (sender, mut events) = Events::channel();
        let spec = ChildSpec::new("child", move || Puppet::telling(&sender));
        let (spec, child) = spec.placement(placement).build();
        let supervisor = supervisor().child(spec).start(&system).await.unwrap();
        for number in 1..=3 {
            child.send(later(number)).await.unwrap();
        }
        // Two have come back and not begun again when the end comes; the first is put aside again.
        let (holding, mut gate) = hold();
        child.send(holding).await.unwrap();
        gate.begun().await;
        child
            .send(act_now(|_, ctx| {
                ctx.unstash_all();
                Ok(())
            }))
            .await
            .unwrap();
        child.send(end).await.unwrap();
        for number in 4..=6 {
            child.send(note(number)).await.unwrap();
        }
        gate.open();

        assert!(matches!(events.next().await, Event::Stopped(_)));
        for number in 1..=6 {
            assert_eq!(events.next().await, Event::Note(number));
        }
        supervisor.stop();
        supervisor.wait().await;
        assert_eq!(system.dead_letter_count(), 0);
    }
}

// D4, A4
#[tokio::test(start_paused = true)]
async fn what_was_stashed_counts_against_the_bound_while_its_actor_waits_for_its_restart() {
    let system = paused_system();
    let (sender, mut events) = Events::channel();
    let spec = ChildSpec::new("child", move || Puppet::telling(&sender))
        .mailbox(Mailbox::bounded(4).stash(3))
        .backoff(Backoff::exponential(TEN_SECONDS, TEN_SECONDS));
    let (spec, child) = spec.build();
    let supervisor = supervisor().child(spec).start(&system).await.unwrap();
    for number in 1..=3 {
        child.send(later(number)).await.unwrap();
    }
    child.send(fail("as asked")).await.unwrap();
    assert!(matches!(events.next().await, Event::Stopped(_)));
    tokio::time::sleep(Duration::from_secs(1)).await;

    assert_eq!(child.len(), 3);
    child.try_send(note(4)).unwrap();
    assert!(child.try_send(note(5)).is_err());

    for number in 1..=4 {
        assert_eq!(events.next().await, Event::Note(number));
    }
    for number in 5..=8 {
        child.try_send(note(number)).unwrap();
    }
    assert!(child.try_send(note(9)).is_err());
    supervisor.stop();
    supervisor.wait().await;
}

// H5, D5
async fn at_a_final_stop_the_stash_is_dead_lettered_and_its_asks_resolve(placement: Placement) {
    let ends: [(Verb, ExitReason); 3] = [
        (ActorRef::stop, ExitReason::Normal),
        (ActorRef::drain, ExitReason::Normal),
        (ActorRef::kill, ExitReason::Killed),
    ];
    for (end, reason) in ends {
        let system = system();
        let mut letters = system.dead_letters();
        let (puppet, _events) = Puppet::new();
        let actor = system.actor(puppet).placement(placement).spawn();
        let (tell, told) = tokio::sync::oneshot::channel();
        let asking = actor.clone();
        let asked = tokio::spawn(async move {
            let put = |reply| {
                act_now(move |_, ctx| {
                    ctx.stash(answer(reply, 1))?;
                    tell.send(()).ok();
                    Ok(())
                })
            };
            asking.ask(put).await
        });
        soon("it is stashed", told).await.unwrap();
        actor.send(aside(note(1))).await.unwrap();
        inside(&actor, |ctx| assert_eq!(ctx.stash_len(), 2)).await;

        end(&actor);

        assert_eq!(soon("the end", actor.wait()).await, reason);
        let resolved = soon("the ask resolves", asked).await.unwrap();
        assert!(
            matches!(&resolved, Err(AskError::Stopped { reason: why, .. }) if *why == reason),
            "{resolved:?}"
        );
        for _ in 0..2 {
            let letter = soon("a dead letter", letters.recv()).await.unwrap();
            assert_eq!(letter.reason, DeadLetterReason::Stopped(reason.clone()));
        }
        assert_eq!(system.dead_letter_count(), 2);
    }
}

/// Is put aside, brings everything back, fails, or is done: at random, but in the end it is done.
fn whim(number: u64, seed: u64) -> Act {
    act_now(move |puppet, ctx| {
        let mut random = Random::seeded(seed);
        let next = random.below(u64::MAX);
        match random.below(8) {
            0..3 => {
                if let Err(full) = ctx.stash(whim(number, next)) {
                    drop(full);
                    puppet.note(number);
                    ctx.unstash_all();
                }
            }
            3 => {
                puppet.note(number);
                return Err("at a whim".into());
            }
            4 => {
                puppet.note(number);
                ctx.unstash_all();
            }
            _ => puppet.note(number),
        }
        Ok(())
    })
}

// A2, D1, D2, H5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_is_handled_to_its_end_once_however_often_it_is_stashed() {
    const MESSAGES: u64 = 5_000;
    let system = system();
    let (sender, mut events) = Events::channel();
    let spec =
        ChildSpec::new("child", move || Puppet::telling(&sender)).mailbox(Mailbox::bounded(16));

    let (spec, child) = spec.build();
    let supervisor = Supervisor::builder(Strategy::OneForOne)
        .intensity(u32::MAX, HOUR)
        .child(spec);
    let supervisor = supervisor.start(&system).await.unwrap();

    for number in 0..MESSAGES {
        child.send(whim(number, number)).await.unwrap();
        assert!(child.len() <= 17, "{}", child.len());
    }
    // Whatever is still put aside comes back until all are done.
    let mut seen = vec![0; usize::try_from(MESSAGES).unwrap()];
    let mut left = MESSAGES;
    while left > 0 {
        match events.try_next() {
            Some(Event::Note(number)) => {
                seen[usize::try_from(number).unwrap()] += 1;
                left -= 1;
            }
            Some(_) => {}
            None => inside(&child, |ctx| ctx.unstash_all()).await,
        }
    }

    assert!(seen.iter().all(|count| *count == 1));
    supervisor.stop();
    supervisor.wait().await;
    assert!(events.rest_of_notes().await.is_empty());
    assert_eq!(system.dead_letter_count(), 0);
}
