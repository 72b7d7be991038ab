//! References that map: those of an actor for messages of another type.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actor_core::prelude::*;
use actor_core::{DeadLetterReason, Delivery, Overflow, SendError, TopicPolicy, TrySendError};
use tests::puppet::{Act, Event, Events, Puppet, act, act_now, answer, fail, hold, note};
use tests::{in_every_placement, poll_once, soon, system};

in_every_placement!(
    messages_reach_the_actor_in_order_by_way_of_both_references,
    an_ask_by_way_of_a_mapped_reference_is_answered,
    a_mapped_reference_keeps_its_actor_alive,
);

fn spawn(system: &ActorSystem) -> (ActorRef<Act>, Events) {
    let (puppet, events) = Puppet::new();
    (system.spawn(puppet), events)
}

/// An actor that is busy, with no room in its mailbox of one.
async fn busy(system: &ActorSystem) -> (ActorRef<Act>, Events, tests::puppet::Gate) {
    let (puppet, events) = Puppet::new();
    let actor = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    actor.send(note(0)).await.unwrap();
    (actor, events, gate)
}

/// A mapped reference, and how often its function ran.
fn counting(actor: &ActorRef<Act>) -> (ActorRef<u64>, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let mapped = actor.map(move |number: u64| {
        counted.fetch_add(1, Ordering::Relaxed);
        note(number)
    });
    (mapped, count)
}

// A1
async fn messages_reach_the_actor_in_order_by_way_of_both_references(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let builder = system.actor(puppet).mailbox(Mailbox::bounded(4));
    let actor = builder.placement(placement).spawn();
    let numbers = actor.map(note);
    let texts = numbers.map(|text: String| text.parse().unwrap());

    for number in 0..100 {
        match number % 4 {
            0 => actor.send(note(number)).await.unwrap(),
            1 => numbers.send(number).await.unwrap(),
            2 => texts.send(number.to_string()).await.unwrap(),
            _ => numbers.reserve().await.unwrap().send(number).unwrap(),
        }
    }

    for number in 0..100 {
        assert_eq!(events.next().await, Event::Note(number));
    }
}

// A3
#[tokio::test]
async fn a_message_that_is_given_back_was_never_mapped() {
    let system = system();
    let (actor, mut events, gate) = busy(&system).await;
    let (mapped, count) = counting(&actor);

    let full = mapped.try_send(7).unwrap_err();
    assert!(matches!(full, TrySendError::Full(_)));
    assert_eq!(full.into_message(), 7);
    let mut waiting = Box::pin(mapped.send(8));
    assert!(poll_once(&mut waiting).is_none());
    drop(waiting);
    assert_eq!(count.load(Ordering::Relaxed), 0);

    gate.open();
    assert_eq!(events.next().await, Event::Note(0));
    let permit = mapped.reserve().await.unwrap();
    actor.stop();
    actor.wait().await;
    assert_eq!(permit.send(9).unwrap_err().into_message(), 9);
    let closed = mapped.try_send(10).unwrap_err();
    assert!(matches!(closed, TrySendError::Closed(_)));
    assert_eq!(closed.into_message(), 10);
    assert_eq!(mapped.send(11).await.unwrap_err().into_message(), 11);
    assert!(mapped.reserve().await.is_err());
    let refused = mapped.ask(|_: Reply<u64>| 12).await;
    assert_eq!(refused, Err(AskError::Closed));
    assert_eq!(count.load(Ordering::Relaxed), 0);
    assert_eq!(system.dead_letter_count(), 0);
}

// A2
#[tokio::test]
async fn what_an_overflow_policy_drops_is_a_dead_letter_by_way_of_a_mapped_reference_too() {
    for (overflow, kept) in [(Overflow::DropNewest, 0), (Overflow::DropOldest, 7)] {
        let system = system();
        let mut letters = system.dead_letters();
        let (puppet, mut events) = Puppet::new();
        let mailbox = Mailbox::bounded(1).overflow(overflow);
        let actor = system.actor(puppet).mailbox(mailbox).spawn();
        let (holding, mut gate) = hold();
        actor.send(holding).await.unwrap();
        gate.begun().await;
        actor.send(note(0)).await.unwrap();
        let mapped = actor.map(|(number, reply): (u64, Option<Reply<u64>>)| {
            act_now(move |puppet, _| {
                puppet.note(number);
                drop(reply);
                Ok(())
            })
        });

        if overflow == Overflow::DropNewest {
            let asked = mapped.ask(|reply| (7, Some(reply))).await;
            assert_eq!(asked, Err(AskError::Overflow));
        } else {
            mapped.send((7, None)).await.unwrap();
        }

        let letter = soon("a dead letter", letters.recv()).await.unwrap();
        assert_eq!(
            (letter.target, letter.reason),
            (actor.id(), DeadLetterReason::Overflow)
        );
        assert_eq!(mapped.len(), 1);
        gate.open();
        assert_eq!(events.next().await, Event::Note(kept));
    }
}

// A6
#[tokio::test]
async fn senders_wait_in_one_line_whatever_their_reference() {
    let system = system();
    let (actor, mut events, gate) = busy(&system).await;
    let (mapped, count) = counting(&actor);
    let mut first = Box::pin(mapped.send(1));
    let mut second = Box::pin(actor.send(note(2)));
    let mut third = Box::pin(mapped.send(3));
    let mut given_up = Box::pin(mapped.send(4));
    assert!(poll_once(&mut first).is_none());
    assert!(poll_once(&mut second).is_none());
    assert!(poll_once(&mut given_up).is_none());
    assert!(poll_once(&mut third).is_none());
    drop(given_up);
    assert!(mapped.try_send(5).is_err(), "nobody overtakes the line");

    gate.open();
    let all = async { tokio::join!(first, second, third) };
    let (first, second, third) = soon("all are sent", all).await;

    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    for number in 0..=3 {
        assert_eq!(events.next().await, Event::Note(number));
    }
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

// A4
#[tokio::test]
async fn a_panic_in_the_map_function_is_the_senders_and_gives_the_room_back() {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    let mapped = actor.map(|number: u64| {
        assert!(number != 13, "unlucky");
        note(number)
    });
    let unlucky = mapped.clone();
    let sending = tokio::spawn(async move { unlucky.send(13).await });
    assert!(sending.await.unwrap_err().is_panic());
    let caught = std::panic::AssertUnwindSafe(|| mapped.try_send(13));
    assert!(std::panic::catch_unwind(caught).is_err());

    mapped.try_send(1).unwrap();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(system.dead_letter_count(), 0);
}

// A2
#[tokio::test]
async fn a_message_whose_actor_ends_while_it_is_mapped_becomes_a_dead_letter() {
    let system = system();
    let mut letters = system.dead_letters();
    let (actor, mut events) = spawn(&system);
    let target = actor.clone();
    let mapped = actor.map(move |reply: Reply<u64>| {
        target.stop();
        answer(reply, 1)
    });

    let asked = mapped.ask(|reply| reply).await;

    assert!(
        matches!(asked, Err(AskError::Stopped { begun: false, .. })),
        "{asked:?}"
    );
    let letter = soon("a dead letter", letters.recv()).await.unwrap();
    assert_eq!(letter.target, actor.id());
    actor.wait().await;
    assert_eq!(events.next().await, Event::Stopped(ExitReason::Normal));
    assert_eq!(system.dead_letter_count(), 1);
}

// B2
async fn an_ask_by_way_of_a_mapped_reference_is_answered(placement: Placement) {
    let system = system();
    let (puppet, _events) = Puppet::new();
    let actor = system.actor(puppet).placement(placement).spawn();
    let mapped = actor.map(|(reply, number)| answer(reply, number));
    let twice = mapped.map(|(reply, number): (Reply<u64>, u64)| (reply, 2 * number));

    assert_eq!(mapped.ask(|reply| (reply, 7)).await, Ok(7));
    assert_eq!(twice.ask(|reply| (reply, 7)).await, Ok(14));
    let failing = actor.map(|_: Reply<u64>| fail("as asked"));
    assert_eq!(failing.ask(|reply| reply).await, Err(AskError::NoReply));
}

// B4
#[tokio::test]
async fn the_deadline_of_an_ask_by_way_of_a_mapped_reference_is_the_askers_or_the_systems() {
    let short = Duration::from_millis(20);
    let system = ActorSystem::builder("promises").ask_timeout(short).build();
    let (actor, _events, gate) = busy(&system).await;
    let mapped = actor.map(|reply: Reply<u64>| answer(reply, 1));

    let of_the_system = mapped.ask(|reply| reply).await;
    let expected = AskError::Timeout {
        accepted: false,
        after: short,
    };
    assert_eq!(of_the_system, Err(expected));
    let own = mapped.ask_within(short / 2, |reply| reply).await;
    let expected = AskError::Timeout {
        accepted: false,
        after: short / 2,
    };
    assert_eq!(own, Err(expected));

    gate.open();
    let asked = mapped
        .ask_within(Duration::from_secs(60), |reply| reply)
        .await;
    assert_eq!(asked, Ok(1));
}

// B5
#[tokio::test]
async fn an_actor_that_would_wait_for_itself_by_way_of_a_mapped_reference_is_told() {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();

    let selfish = act(|puppet, ctx| {
        Box::pin(async move {
            let mapped = ctx.actor_ref().map(note);
            let asking = ctx.actor_ref().map(|reply: Reply<u64>| answer(reply, 1));
            let asking = asking.map(|reply: Reply<u64>| reply);
            assert_eq!(
                asking.ask(|reply| reply).await,
                Err(AskError::WouldDeadlock)
            );
            mapped.send(1).await?;
            let sent = mapped.send(2).await;
            assert!(matches!(sent, Err(SendError::WouldDeadlock(_))));
            let reserved = mapped.reserve().await;
            assert!(matches!(reserved, Err(SendError::WouldDeadlock(_))));
            puppet.note(3);
            Ok(())
        })
    });
    actor.send(selfish).await.unwrap();

    assert_eq!(events.next().await, Event::Note(3));
    assert_eq!(events.next().await, Event::Note(1));
}

// C5, F1
#[tokio::test]
async fn whatever_is_asked_of_a_mapped_reference_is_asked_of_its_actor() {
    let system = system();
    let (puppet, mut watched) = Puppet::new();
    let actor = system.start_named("actor", puppet).await.unwrap();
    let (watcher, mut events) = spawn(&system);
    let mapped = actor.map(note);

    assert_eq!(mapped.id(), actor.id());
    assert_eq!(mapped.downgrade().id(), actor.id());
    assert_eq!(mapped.any(), actor.any());
    assert_eq!(mapped.any().name().as_deref(), Some("actor"));
    assert_eq!(mapped.any().typed::<Act>(), Some(actor.clone()));
    assert_eq!(mapped.any().typed::<u64>(), None);
    assert!(format!("{mapped:?}").contains("actor"), "{mapped:?}");
    actor.try_send(note(1)).unwrap();
    mapped.try_send(2).unwrap();
    assert_eq!((mapped.len(), mapped.is_empty()), (2, false));
    assert_eq!(watched.next().await, Event::Note(1));

    let any = mapped.any();
    let watch = watcher.ask(|reply: Reply<()>| {
        act_now(move |_, ctx| {
            ctx.monitor(&any);
            reply.send(());
            Ok(())
        })
    });
    watch.await.unwrap();
    assert!(!mapped.is_closed());
    mapped.stop();

    assert_eq!(soon("it ends", mapped.wait()).await, ExitReason::Normal);
    assert!(mapped.is_closed());
    let Event::Signal(Signal::Down(down)) = events.next().await else {
        panic!("the watcher hears of it");
    };
    assert_eq!((down.actor, down.reason), (actor.id(), ExitReason::Normal));

    for (end, reason) in [
        (ActorRef::drain as fn(&ActorRef<u64>), ExitReason::Normal),
        (ActorRef::kill, ExitReason::Killed),
    ] {
        let (actor, _events) = spawn(&system);
        end(&actor.map(note));
        assert_eq!(soon("it ends", actor.wait()).await, reason);
    }
}

// A1
#[tokio::test]
async fn a_mapped_reference_equals_its_clones_only() {
    let system = system();
    let (actor, _events) = spawn(&system);
    let first = actor.map(note);
    let second = actor.map(note);

    assert_eq!(first, first.clone());
    assert_ne!(first, second);
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(&first), hasher.hash_one(first.clone()));
    assert_eq!(size_of::<ActorRef<u64>>(), size_of::<usize>());
}

// C7
async fn a_mapped_reference_keeps_its_actor_alive(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).placement(placement).spawn();
    let mapped = actor.map(note).map(|number: u32| u64::from(number));
    drop(actor);

    let clone = mapped.clone();
    drop(mapped);
    clone.send(1).await.unwrap();
    assert_eq!(events.next().await, Event::Note(1));
    drop(clone);

    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// C7
#[tokio::test]
async fn a_weak_mapped_reference_keeps_nobody_alive_and_comes_back_as_long_as_its_actor_lives() {
    let system = system();
    let (actor, mut events) = spawn(&system);
    let mapped = actor.map(note);
    let weak = mapped.downgrade();
    assert_eq!(weak.upgrade(), Some(mapped.clone()));

    drop(mapped);
    let again = weak.upgrade().unwrap();
    drop(actor);
    again.send(1).await.unwrap();
    assert_eq!(events.next().await, Event::Note(1));
    drop(again);

    assert_eq!(weak.upgrade(), None);
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// C7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_mapped_reference_may_race_with_an_upgrade() {
    for _ in 0..500 {
        let system = system();
        let (actor, mut events) = spawn(&system);
        let mapped = actor.map(note);
        let weak = mapped.downgrade();
        drop(actor);
        let dropping = tokio::spawn(async move { drop(mapped) });
        let upgrading = tokio::task::spawn_blocking(move || weak.upgrade());

        dropping.await.unwrap();
        if let Some(again) = upgrading.await.unwrap() {
            again.try_send(1).unwrap();
            assert_eq!(events.next().await, Event::Note(1));
        }

        assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
    }
}

// D1, D4
#[tokio::test]
async fn a_mapped_reference_is_valid_before_the_first_start_and_over_restarts() {
    let system = system();
    let (sender, mut events) = Events::channel();
    let (spec, child) = ChildSpec::new("child", move || Puppet::telling(&sender)).build();
    let mapped = child.map(note);
    let asking = child.map(|reply: Reply<u64>| answer(reply, 5));
    mapped.send(1).await.unwrap();
    let unbound = asking
        .ask_within(Duration::from_millis(1), |reply| reply)
        .await;
    assert!(
        matches!(unbound, Err(AskError::Timeout { .. })),
        "{unbound:?}"
    );

    let builder = Supervisor::builder(Strategy::OneForOne).child(spec);
    let supervisor = builder.start(&system).await.unwrap();
    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(mapped.id(), child.id());
    child.send(fail("as asked")).await.unwrap();
    mapped.send(2).await.unwrap();

    assert!(matches!(events.next().await, Event::Stopped(_)));
    assert_eq!(events.next().await, Event::Note(2));
    assert_eq!(asking.ask(|reply| reply).await, Ok(5));
    supervisor.stop();
    supervisor.wait().await;
}

// A3
#[tokio::test]
async fn a_mapped_reference_cannot_travel_and_says_so() {
    let system = system();
    let (actor, _events) = spawn(&system);
    let mapped = actor.map(note);
    let mut bytes = Vec::new();

    let refused = actor_core::wire::encode(&mapped, &mut bytes).unwrap_err();

    assert!(
        refused.contains("a mapped reference cannot travel"),
        "{refused}"
    );
    assert!(bytes.is_empty());
}

// H2
#[tokio::test]
async fn a_mapped_reference_in_a_group_leaves_when_its_actor_ends() {
    let system = system();
    let group = system.group::<u64>("numbers").unwrap();
    let (actor, mut events) = spawn(&system);
    let (first, second) = (actor.map(note), actor.map(note));

    group.join(&first).unwrap();
    group.join(&second).unwrap();
    assert!(group.leave(&first));
    assert!(!group.contains(&first) && group.contains(&second));
    group.join(&first).unwrap();
    for (number, member) in (1..).zip(group.members()) {
        member.send(number).await.unwrap();
        assert_eq!(events.next().await, Event::Note(number));
    }
    assert_eq!(group.len(), 2);
    actor.stop();
    actor.wait().await;

    assert_eq!(group.len(), 0);
    assert!(group.join(&first).is_err());
}

// H3
#[tokio::test]
async fn a_topic_reaches_an_actor_by_way_of_a_mapped_reference_and_keeps_it_not_alive() {
    let system = system();
    let topic = system.topic::<u64>("numbers").unwrap();
    let (actor, mut events) = spawn(&system);
    let mapped = actor.map(note);
    let subscribed =
        topic.subscribe_actor(&mapped, 4, TopicPolicy::DropOldest, |item| match item {
            Delivery::Item(number) => number,
            _ => 0,
        });
    let subscribed = subscribed.unwrap();
    drop(mapped);

    assert_eq!(topic.publish(7), 1);
    assert_eq!(events.next().await, Event::Note(7));
    drop(actor);

    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
    assert!(subscribed.is_closed());
}
