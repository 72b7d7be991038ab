//! A: messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use actor_core::prelude::*;
use actor_core::{DeadLetterReason, SendError, TrySendError};
use tests::puppet::{Act, Event, Events, Puppet, act, act_now, hold, note};
use tests::{in_every_placement, paused_system, poll_once, soon, system};

in_every_placement!(
    messages_of_one_sender_are_handled_in_the_order_sent,
    waiting_senders_are_served_in_order_of_arrival,
    stop_kill_and_down_need_no_room_in_the_mailbox,
    no_more_than_the_capacity_is_accepted_and_not_begun,
);

// A1
async fn messages_of_one_sender_are_handled_in_the_order_sent(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let puppet = system
        .actor(puppet)
        .placement(placement)
        .mailbox(Mailbox::bounded(3))
        .spawn();

    for number in 0..5_000 {
        if number % 3 == 0 {
            puppet.send(note(number)).await.unwrap();
        } else if let Err(refused) = puppet.try_send(note(number)) {
            puppet.send(refused.into_message()).await.unwrap();
        }
    }
    drop(puppet);

    assert_eq!(
        events.rest_of_notes().await,
        (0..5_000).collect::<Vec<u64>>()
    );
}

// A1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_of_each_sender_holds_among_many_senders() {
    const SENDERS: u64 = 8;
    const EACH: u64 = 2_000;
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let puppet = system.actor(puppet).mailbox(Mailbox::bounded(16)).spawn();

    for sender in 0..SENDERS {
        let puppet = puppet.clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                let message = note(sender * EACH + number);
                match puppet.try_send(message) {
                    Ok(()) => {}
                    Err(refused) => puppet.send(refused.into_message()).await.unwrap(),
                }
            }
        });
    }
    drop(puppet);

    let notes = events.rest_of_notes().await;
    assert_eq!(notes.len() as u64, SENDERS * EACH);
    for sender in 0..SENDERS {
        let of_one = notes.iter().filter(|note| **note / EACH == sender);
        assert!(of_one.is_sorted(), "sender {sender} was reordered");
    }
}

// A2
#[tokio::test]
async fn an_accepted_message_is_handled_or_becomes_a_dead_letter() {
    let system = system();
    let mut letters = system.dead_letters();
    let (puppet, mut events) = Puppet::new();
    let puppet = system.spawn(puppet);
    let (holding, mut gate) = hold();
    puppet.send(holding).await.unwrap();
    for number in 0..3 {
        puppet.send(note(number)).await.unwrap();
    }
    gate.begun().await;

    puppet.stop();
    gate.open();
    puppet.wait().await;

    assert_eq!(events.next().await, Event::Stopped(ExitReason::Normal));
    assert_eq!(events.rest().await, []);
    for _ in 0..3 {
        let letter = letters.try_recv().unwrap();
        assert_eq!(letter.reason, DeadLetterReason::Stopped(ExitReason::Normal));
        assert_eq!(letter.target, puppet.id());
    }
    assert_eq!(letters.try_recv(), None);
    assert_eq!(system.dead_letter_count(), 3);
}

// A2
#[tokio::test]
async fn the_message_of_a_killed_or_failed_handler_counts_as_handled() {
    let system = system();
    let (puppet, _events) = Puppet::new();
    let killed = system.spawn(puppet);
    let (holding, mut gate) = hold();
    killed.send(holding).await.unwrap();
    gate.begun().await;
    let (puppet, _events) = Puppet::new();
    let failed = system.spawn(puppet);
    failed.send(tests::puppet::fail("no")).await.unwrap();

    killed.kill();

    assert_eq!(killed.wait().await, ExitReason::Killed);
    assert_eq!(failed.wait().await, ExitReason::Failed("no".into()));
    assert_eq!(system.dead_letter_count(), 0);
}

// A2
#[tokio::test]
async fn what_is_not_a_message_never_becomes_a_dead_letter() {
    let system = system();
    let (spec, child) = ChildSpec::new("child", || Puppet::new().0).build();
    let supervisor = Supervisor::builder(Strategy::OneForOne)
        .child(spec)
        .start(&system)
        .await
        .unwrap();
    let (puppet, _events) = Puppet::new();
    let watcher = system.spawn(puppet);
    let watched = child.any();
    watcher
        .send(act_now(move |_, ctx| {
            ctx.monitor(&watched);
            ctx.monitor_with(&watched, |_| note(1));
            Ok(())
        }))
        .await
        .unwrap();
    let (holding, mut gate) = hold();
    watcher.send(holding).await.unwrap();
    gate.begun().await;

    supervisor.stop();
    supervisor.wait().await;
    watcher.stop();
    gate.open();
    watcher.wait().await;

    assert_eq!(system.dead_letter_count(), 0);
}

// A3
#[tokio::test]
async fn a_send_that_fails_gives_the_message_back() {
    struct Full(tokio::sync::oneshot::Sender<Vec<String>>);
    impl Actor for Full {
        type Msg = String;
        async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
            let own = ctx.actor_ref();
            own.try_send("first".into())?;
            let refused = own.try_send("second".into()).unwrap_err();
            assert!(matches!(refused, TrySendError::Full(_)) && refused.is_full());
            let waited = own.send("third".into()).await.unwrap_err();
            assert!(matches!(waited, SendError::WouldDeadlock(_)));
            let back = vec![refused.into_message(), waited.into_message()];
            let (sender, _) = tokio::sync::oneshot::channel();
            std::mem::replace(&mut self.0, sender).send(back).unwrap();
            Ok(())
        }
        async fn handle(&mut self, _: String, ctx: &mut Context<Self>) -> ActorResult {
            ctx.stop();
            Ok(())
        }
    }
    let system = system();
    let (sender, back) = tokio::sync::oneshot::channel();

    let actor = system
        .actor(Full(sender))
        .mailbox(Mailbox::bounded(1))
        .spawn();
    assert_eq!(back.await.unwrap(), ["second", "third"]);
    actor.wait().await;

    let closed = actor.try_send("fourth".into()).unwrap_err();
    assert!(matches!(closed, TrySendError::Closed(_)) && !closed.is_full());
    assert_eq!(closed.into_message(), "fourth");
    let closed = actor.send("fifth".into()).await.unwrap_err();
    assert!(matches!(closed, SendError::Closed(_)));
    assert_eq!(closed.into_message(), "fifth");
}

// A3
#[tokio::test]
async fn a_waiting_send_gets_its_message_back_when_the_actor_closes() {
    let system = system();
    let (puppet, _events) = Puppet::new();
    let puppet = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    let (holding, mut gate) = hold();
    puppet.send(holding).await.unwrap();
    gate.begun().await;
    puppet.send(note(1)).await.unwrap();
    let mut waiting = Box::pin(puppet.send(note(2)));
    assert!(poll_once(&mut waiting).is_none());

    puppet.drain();

    assert!(matches!(waiting.await, Err(SendError::Closed(_))));
}

// A4
#[tokio::test]
async fn a_mailbox_is_bounded_by_default() {
    let system = system();
    let (puppet, _events) = Puppet::new();
    let puppet = system.spawn(puppet);
    let (holding, mut gate) = hold();
    puppet.send(holding).await.unwrap();
    gate.begun().await;

    for number in 0..1_024 {
        puppet.try_send(note(number)).unwrap();
    }

    assert!(puppet.try_send(note(1_024)).unwrap_err().is_full());
    assert_eq!(puppet.len(), 1_024);
    assert_eq!(Mailbox::default().capacity(), Some(1_024));
}

// A4
#[tokio::test]
async fn an_unbounded_mailbox_is_an_explicit_choice() {
    let system = system();
    let (puppet, _events) = Puppet::new();
    let puppet = system.actor(puppet).mailbox(Mailbox::unbounded()).spawn();
    let (holding, mut gate) = hold();
    puppet.send(holding).await.unwrap();
    gate.begun().await;

    for number in 0..10_000 {
        puppet.try_send(note(number)).unwrap();
    }

    assert_eq!(puppet.len(), 10_000);
}

// A4
async fn no_more_than_the_capacity_is_accepted_and_not_begun(placement: Placement) {
    const CAPACITY: usize = 5;
    let system = system();
    let accepted = Arc::new(AtomicUsize::new(0));
    let begun = Arc::new(AtomicUsize::new(0));
    let broken = Arc::new(AtomicBool::new(false));
    let (puppet, _events) = Puppet::new();
    let puppet = system
        .actor(puppet)
        .placement(placement)
        .mailbox(Mailbox::bounded(CAPACITY))
        .spawn();

    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let (puppet, accepted) = (puppet.clone(), Arc::clone(&accepted));
            let (begun, broken) = (Arc::clone(&begun), Arc::clone(&broken));
            tokio::spawn(async move {
                for number in 0..2_000 {
                    let (begun, broken) = (Arc::clone(&begun), Arc::clone(&broken));
                    let accepted_then = Arc::clone(&accepted);
                    let message = act_now(move |_, _| {
                        // What is counted as accepted lags behind the truth, so this never accuses the innocent.
                        let before = begun.fetch_add(1, Ordering::SeqCst) + 1;
                        let after = accepted_then.load(Ordering::SeqCst);
                        if after.saturating_sub(before) > CAPACITY {
                            broken.store(true, Ordering::SeqCst);
                        }
                        Ok(())
                    });
                    if (number + sender) % 2 == 0 {
                        puppet.send(message).await.unwrap();
                    } else if let Err(refused) = puppet.try_send(message) {
                        puppet.send(refused.into_message()).await.unwrap();
                    }
                    accepted.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for sender in senders {
        soon("a sender ends", sender).await.unwrap();
    }

    puppet.drain();
    puppet.wait().await;
    assert!(
        !broken.load(Ordering::SeqCst),
        "more than the capacity was in"
    );
    assert_eq!(begun.load(Ordering::SeqCst), 8_000);
}

// A4
#[tokio::test]
async fn what_is_drawn_and_not_begun_counts_against_the_bound() {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let puppet = system.actor(puppet).mailbox(Mailbox::bounded(4)).spawn();
    let mut gates = Vec::new();
    // All four are drawn in one batch, and the first is in hand.
    for _ in 0..4 {
        let (holding, gate) = hold();
        puppet.try_send(holding).unwrap();
        gates.push(gate);
    }
    gates[0].begun().await;

    assert_eq!(puppet.len(), 3);
    puppet.try_send(note(1)).unwrap();
    assert!(puppet.try_send(note(2)).unwrap_err().is_full());
    gates.remove(0).open();
    gates[0].begun().await;
    puppet.try_send(note(3)).unwrap();
    assert!(puppet.try_send(note(4)).unwrap_err().is_full());

    drop((gates, puppet));
    assert_eq!(events.rest_of_notes().await, [1, 3]);
}

// A6
async fn waiting_senders_are_served_in_order_of_arrival(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let puppet = system
        .actor(puppet)
        .placement(placement)
        .mailbox(Mailbox::bounded(1))
        .spawn();
    let (holding, mut gate) = hold();
    puppet.send(holding).await.unwrap();
    gate.begun().await;
    puppet.send(note(0)).await.unwrap();

    let mut line = Vec::new();
    for number in 1..=20 {
        let (joined, has_joined) = tokio::sync::oneshot::channel();
        let puppet = puppet.clone();
        line.push(tokio::spawn(async move {
            let mut sending = puppet.send(note(number));
            assert!(poll_once(&mut sending).is_none());
            joined.send(()).unwrap();
            sending.await.unwrap();
        }));
        soon("a sender joins the line", has_joined).await.unwrap();
    }
    gate.open();
    for sender in line {
        soon("a sender is served", sender).await.unwrap();
    }
    drop(puppet);

    assert_eq!(events.rest_of_notes().await, (0..=20).collect::<Vec<u64>>());
}

// A6
#[tokio::test]
async fn a_try_send_does_not_overtake_waiting_senders() {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let puppet = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    let (holding, mut gate) = hold();
    puppet.send(holding).await.unwrap();
    gate.begun().await;
    let (second, mut second_gate) = hold();
    puppet.send(second).await.unwrap();
    let mut waiting = puppet.send(note(1));
    assert!(poll_once(&mut waiting).is_none());

    // There is room from here on, but it is promised to the one who waits.
    gate.open();
    second_gate.begun().await;
    assert!(puppet.try_send(note(2)).unwrap_err().is_full());
    waiting.await.unwrap();
    assert!(puppet.try_send(note(3)).unwrap_err().is_full());

    drop((second_gate, puppet));
    assert_eq!(events.rest_of_notes().await, [1]);
}

// A6
#[tokio::test]
async fn a_send_that_is_dropped_has_not_sent_and_holds_up_nobody() {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let puppet = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    let (holding, mut gate) = hold();
    puppet.send(holding).await.unwrap();
    gate.begun().await;
    let (second, mut second_gate) = hold();
    puppet.send(second).await.unwrap();
    let mut in_line = puppet.send(note(1));
    let mut granted = puppet.send(note(2));
    let mut last = puppet.send(note(3));
    assert!(poll_once(&mut granted).is_none());
    assert!(poll_once(&mut in_line).is_none());
    assert!(poll_once(&mut last).is_none());

    drop(in_line);
    gate.open();
    second_gate.begun().await;
    drop(granted);
    soon("the next in line is served", last).await.unwrap();

    drop((second_gate, puppet));
    assert_eq!(events.rest_of_notes().await, [3]);
    assert_eq!(system.dead_letter_count(), 0);
}

// A6
#[tokio::test]
async fn reserved_room_is_kept_and_given_back() {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let puppet = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    let (holding, mut gate) = hold();
    puppet.send(holding).await.unwrap();
    gate.begun().await;

    let permit = puppet.reserve().await.unwrap();
    assert!(puppet.try_send(note(1)).unwrap_err().is_full());
    drop(permit);
    let permit = puppet.reserve().await.unwrap();
    permit.send(note(2)).unwrap();
    assert!(puppet.try_send(note(3)).unwrap_err().is_full());

    drop((gate, puppet));
    assert_eq!(events.rest_of_notes().await, [2]);
}

// A8
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_message_is_handled_at_a_time_over_its_awaits() {
    let system = system();
    let inside = Arc::new(AtomicUsize::new(0));
    let overlapped = Arc::new(AtomicBool::new(false));
    let (puppet, mut events) = Puppet::new();
    let puppet = system.spawn(puppet);

    for number in 0..500 {
        let (inside, overlapped) = (Arc::clone(&inside), Arc::clone(&overlapped));
        let message = act(move |puppet, _| {
            Box::pin(async move {
                if inside.fetch_add(1, Ordering::SeqCst) != 0 {
                    overlapped.store(true, Ordering::SeqCst);
                }
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
                inside.fetch_sub(1, Ordering::SeqCst);
                puppet.note(number);
                Ok(())
            })
        });
        puppet.send(message).await.unwrap();
    }
    drop(puppet);

    assert_eq!(events.rest_of_notes().await.len(), 500);
    assert!(!overlapped.load(Ordering::SeqCst));
}

/// Sends itself another message for as long as the flag is up: it is never idle.
fn busy(flag: Arc<AtomicBool>) -> Act {
    act_now(move |_, ctx| {
        if flag.load(Ordering::SeqCst) {
            ctx.actor_ref().try_send(busy(flag))?;
        }
        Ok(())
    })
}

// A9
#[tokio::test]
async fn a_busy_actor_does_not_starve_another_on_the_same_thread() {
    let system = system();
    let flag = Arc::new(AtomicBool::new(true));
    let (puppet, _events) = Puppet::new();
    let hog = system.spawn(puppet);
    let (puppet, mut events) = Puppet::new();
    let other = system.spawn(puppet);
    for _ in 0..300 {
        hog.send(busy(Arc::clone(&flag))).await.unwrap();
    }

    for number in 0..100 {
        other.send(note(number)).await.unwrap();
        assert_eq!(events.next().await, Event::Note(number));
    }

    assert!(!hog.is_empty());
    flag.store(false, Ordering::SeqCst);
}

// A9
#[tokio::test]
async fn a_busy_actor_sees_its_timers_and_signals() {
    let system = system();
    let flag = Arc::new(AtomicBool::new(true));
    let (puppet, mut events) = Puppet::new();
    let hog = system.spawn(puppet);
    let (puppet, _other_events) = Puppet::new();
    let other = system.spawn(puppet);
    let watched = other.any();
    hog.send(act_now(move |_, ctx| {
        ctx.monitor(&watched);
        ctx.send_after("timer", Duration::from_millis(1), note(1));
        Ok(())
    }))
    .await
    .unwrap();
    for _ in 0..300 {
        hog.send(busy(Arc::clone(&flag))).await.unwrap();
    }

    other.stop();
    let (first, second) = (events.next().await, events.next().await);

    let seen = [first, second];
    assert!(seen.contains(&Event::Note(1)));
    assert!(seen.iter().any(|event| matches!(event, Event::Signal(_))));
    assert!(!hog.is_empty());
    hog.stop();
    assert_eq!(events.next().await, Event::Stopped(ExitReason::Normal));
}

/// An actor with a full mailbox and a handler that waits.
async fn stuffed(
    system: &ActorSystem,
    placement: Placement,
) -> (ActorRef<Act>, tests::puppet::Gate, Events) {
    let (puppet, events) = Puppet::new();
    let puppet = system
        .actor(puppet)
        .placement(placement)
        .mailbox(Mailbox::bounded(2))
        .spawn();
    let (holding, mut gate) = hold();
    puppet.send(holding).await.unwrap();
    gate.begun().await;
    puppet.send(note(1)).await.unwrap();
    puppet.send(note(2)).await.unwrap();
    assert!(puppet.try_send(note(3)).unwrap_err().is_full());
    (puppet, gate, events)
}

// A10
async fn stop_kill_and_down_need_no_room_in_the_mailbox(placement: Placement) {
    let system = system();
    let (killed, _gate, _events) = stuffed(&system, placement).await;
    killed.kill();
    assert_eq!(soon("the kill", killed.wait()).await, ExitReason::Killed);

    let (stopped, gate, mut events) = stuffed(&system, placement).await;
    stopped.stop();
    gate.open();
    assert_eq!(soon("the stop", stopped.wait()).await, ExitReason::Normal);
    assert_eq!(events.next().await, Event::Stopped(ExitReason::Normal));

    let (puppet, _other_events) = Puppet::new();
    let other = system.spawn(puppet);
    let (puppet, mut events) = Puppet::new();
    let watcher = system
        .actor(puppet)
        .placement(placement)
        .mailbox(Mailbox::bounded(1))
        .spawn();
    let watched = other.any();
    watcher
        .send(act_now(move |_, ctx| {
            ctx.monitor(&watched);
            Ok(())
        }))
        .await
        .unwrap();
    let (holding, mut gate) = hold();
    watcher.send(holding).await.unwrap();
    gate.begun().await;
    watcher.send(note(1)).await.unwrap();
    other.stop();
    other.wait().await;
    gate.open();
    assert_eq!(events.next().await, Event::Note(1));
    assert!(matches!(
        events.next().await,
        Event::Signal(Signal::Down(_))
    ));
}

// A11
#[tokio::test]
async fn a_faster_sender_costs_bounded_memory() {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let puppet = system.actor(puppet).mailbox(Mailbox::bounded(100)).spawn();

    let mut longest = 0;
    for number in 0..20_000 {
        puppet.send(note(number)).await.unwrap();
        longest = longest.max(puppet.len());
    }
    drop(puppet);

    assert!(longest <= 100, "{longest} messages were queued");
    assert_eq!(events.rest_of_notes().await.len(), 20_000);
}

// A11
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_queued_for_a_caller_do_not_slow_its_asks_down() {
    const ASKS: u64 = 2_000;
    let system = system();
    let (puppet, _callee_events) = Puppet::new();
    let callee = system.spawn(puppet);
    // The best of several rounds, so that only the cost itself is compared, not the noise of the machine.
    let measure = async |queued: u64| {
        let (puppet, mut events) = Puppet::new();
        let caller = system.actor(puppet).mailbox(Mailbox::unbounded()).spawn();
        let (holding, mut gate) = hold();
        caller.send(holding).await.unwrap();
        gate.begun().await;
        let callee = callee.clone();
        let asking = act(move |puppet, _| {
            Box::pin(async move {
                let mut best = Duration::MAX;
                for _ in 0..5 {
                    let began = tokio::time::Instant::now();
                    for value in 0..ASKS {
                        let answer = callee.ask(|reply| tests::puppet::answer(reply, value));
                        assert_eq!(answer.await?, value);
                    }
                    best = best.min(began.elapsed());
                }
                puppet.note(best.as_nanos() as u64);
                Ok(())
            })
        });
        caller.send(asking).await.unwrap();
        for _ in 0..queued {
            caller.try_send(act_now(|_, _| Ok(()))).unwrap();
        }
        gate.open();
        let Event::Note(nanos) = events.next().await else {
            panic!("the caller notes first");
        };
        nanos
    };

    let empty = measure(0).await;
    let full = measure(500_000).await;

    assert!(full < 10 * empty, "{full} ns against {empty} ns");
}

// What the timed tests stand on.
#[tokio::test(start_paused = true)]
async fn deadlines_follow_the_paused_clock() {
    let system = paused_system();
    let (puppet, _events) = Puppet::new();
    let puppet = system.spawn(puppet);
    let began = tokio::time::Instant::now();

    let answer = puppet
        .ask_within(Duration::from_secs(3600), |reply: Reply<u64>| {
            act_now(move |puppet, _| {
                puppet.kept.push(Box::new(reply));
                Ok(())
            })
        })
        .await;

    assert!(matches!(answer, Err(AskError::Timeout { .. })));
    assert_eq!(began.elapsed().as_secs(), 3600);
}
