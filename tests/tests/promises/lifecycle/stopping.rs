//! C2, C3, C5: drain, stop and kill, the last hook, and who waits for the end.

use super::*;

in_every_placement!(
    drain_handles_what_is_queued_and_stops,
    stop_finishes_the_message_in_hand_only,
    kill_drops_the_handler_at_its_await_and_runs_no_hook,
    stopped_runs_exactly_once_unless_killed,
    a_panic_in_stopped_changes_nothing_else,
    wait_completes_for_everybody_with_the_same_reason,
);

// C2
async fn drain_handles_what_is_queued_and_stops(placement: Placement) {
    let system = system();
    let (actor, gate, mut events) = at_work(&system, placement).await;

    actor.drain();
    let refused = actor.send(note(3)).await;
    gate.open();

    assert!(matches!(refused, Err(actor_core::SendError::Closed(_))));
    assert_eq!(actor.wait().await, ExitReason::Normal);
    let expected = [
        Event::Note(1),
        Event::Note(2),
        Event::Stopped(ExitReason::Normal),
    ];
    assert_eq!(events.rest().await, expected);
    assert_eq!(system.dead_letter_count(), 0);
}

// C2
#[tokio::test(start_paused = true)]
async fn timers_fire_while_the_queue_is_drained_and_not_after() {
    let system = paused_system();
    let (actor, mut events) = spawn(&system, Placement::Task);
    let (holding, mut gate) = hold();
    actor
        .send(act_now(|_, ctx| {
            ctx.send_after("soon", Duration::from_secs(1), note(1));
            ctx.send_after("late", Duration::from_secs(100), note(2));
            Ok(())
        }))
        .await
        .unwrap();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    actor.drain();

    tokio::time::sleep(Duration::from_secs(2)).await;
    gate.open();

    let expected = [Event::Note(1), Event::Stopped(ExitReason::Normal)];
    assert_eq!(events.rest().await, expected);
}

// C2
async fn stop_finishes_the_message_in_hand_only(placement: Placement) {
    let system = system();
    let (actor, events_of) = spawn(&system, placement);
    let mut events = events_of;
    let (began, begun) = tokio::sync::oneshot::channel();
    let (open, opened) = tokio::sync::oneshot::channel::<()>();
    actor
        .send(act(move |puppet, _| {
            Box::pin(async move {
                began.send(()).unwrap();
                opened.await.ok();
                puppet.note(1);
                Ok(())
            })
        }))
        .await
        .unwrap();
    actor.send(note(2)).await.unwrap();
    begun.await.unwrap();

    actor.stop();
    open.send(()).unwrap();

    assert_eq!(actor.wait().await, ExitReason::Normal);
    let expected = [Event::Note(1), Event::Stopped(ExitReason::Normal)];
    assert_eq!(events.rest().await, expected);
    assert_eq!(system.dead_letter_count(), 1);
}

// C2, C3
async fn kill_drops_the_handler_at_its_await_and_runs_no_hook(placement: Placement) {
    struct Told(Option<tokio::sync::oneshot::Sender<()>>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.take().map(|sender| sender.send(()));
        }
    }
    let system = system();
    let (actor, mut events) = spawn(&system, placement);
    let (began, begun) = tokio::sync::oneshot::channel();
    let (dropped, was_dropped) = tokio::sync::oneshot::channel();
    actor
        .send(act(move |puppet, _| {
            Box::pin(async move {
                let _told = Told(Some(dropped));
                began.send(()).unwrap();
                std::future::pending::<()>().await;
                puppet.note(1);
                Ok(())
            })
        }))
        .await
        .unwrap();
    actor.send(note(2)).await.unwrap();
    begun.await.unwrap();

    actor.kill();

    soon("the handler is dropped", was_dropped).await.unwrap();
    assert_eq!(actor.wait().await, ExitReason::Killed);
    assert_eq!(events.rest().await, []);
    assert_eq!(system.dead_letter_count(), 1);
}

// C3
async fn stopped_runs_exactly_once_unless_killed(placement: Placement) {
    let system = system();
    type End = fn(&ActorRef<Act>);
    let ends: [(End, ExitReason); 5] = [
        (ActorRef::stop, ExitReason::Normal),
        (ActorRef::drain, ExitReason::Normal),
        (
            |actor| {
                actor.drain();
                actor.stop();
                actor.stop();
                actor.drain();
            },
            ExitReason::Normal,
        ),
        (
            |actor| actor.try_send(fail("no")).unwrap(),
            ExitReason::Failed("no".into()),
        ),
        (
            |actor| {
                let stop = act_now(|_, ctx| {
                    ctx.stop();
                    Ok(())
                });
                actor.try_send(stop).unwrap();
            },
            ExitReason::Normal,
        ),
    ];
    for (end, expected) in ends {
        let (actor, mut events) = spawn(&system, placement);
        end(&actor);
        assert_eq!(actor.wait().await, expected);
        assert_eq!(events.rest().await, [Event::Stopped(expected)]);
    }

    let (actor, mut events) = spawn(&system, placement);
    actor.try_send(panic("no")).unwrap();
    let reason = actor.wait().await;
    assert!(matches!(reason, ExitReason::Panicked { .. }));
    assert_eq!(events.rest().await, [Event::Stopped(reason)]);

    let (actor, mut events) = spawn(&system, placement);
    actor.kill();
    assert_eq!(actor.wait().await, ExitReason::Killed);
    assert_eq!(events.rest().await, []);
}

// C3
async fn a_panic_in_stopped_changes_nothing_else(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let puppet = puppet.telling_its_drop().on_stopped(panic("too late"));
    let actor = system
        .actor(puppet)
        .placement(placement)
        .name("name")
        .spawn();

    actor.stop();

    assert_eq!(actor.wait().await, ExitReason::Normal);
    assert!(system.lookup_any("name").is_none());
    let expected = [Event::Stopped(ExitReason::Normal), Event::Dropped];
    assert_eq!(events.rest().await, expected);
}

// C3
#[tokio::test]
async fn who_is_killed_during_stopped_is_killed() {
    let system = system();
    let (puppet, _events) = Puppet::new();
    let (began, begun) = tokio::sync::oneshot::channel();
    let actor = system.spawn(puppet.on_stopped(act(move |_, _| {
        Box::pin(async move {
            began.send(()).unwrap();
            std::future::pending().await
        })
    })));
    actor.stop();
    begun.await.unwrap();

    actor.kill();

    assert_eq!(soon("the end", actor.wait()).await, ExitReason::Killed);
}

// C5
async fn wait_completes_for_everybody_with_the_same_reason(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let (open, opened) = tokio::sync::oneshot::channel::<()>();
    let puppet = puppet.on_stopped(act(move |puppet, _| {
        Box::pin(async move {
            opened.await.ok();
            puppet.note(1);
            Ok(())
        })
    }));
    let actor = system
        .actor(puppet)
        .placement(placement)
        .name("name")
        .spawn();
    let waiting: Vec<_> = (0..10)
        .map(|_| {
            let (actor, system) = (actor.clone(), system.clone());
            tokio::spawn(async move {
                let reason = actor.wait().await;
                (reason, system.lookup_any("name").is_none())
            })
        })
        .collect();
    actor.send(fail("no")).await.unwrap();
    let reason = ExitReason::Failed("no".into());
    assert_eq!(events.next().await, Event::Stopped(reason.clone()));

    assert!(waiting.iter().all(|waiting| !waiting.is_finished()));
    open.send(()).unwrap();

    for waiting in waiting {
        let seen = soon("a waiter wakes", waiting).await.unwrap();
        assert_eq!(seen, (reason.clone(), true));
    }
    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(actor.wait().await, reason, "late waiters hear the same");
    assert!(actor.is_closed());
}

// C5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_that_races_with_the_end_completes() {
    let system = system();
    for round in 0..2_000 {
        let (puppet, _events) = Puppet::new();
        let actor = system.spawn(puppet);
        let waiter = actor.clone();
        let waiting = tokio::spawn(async move { waiter.wait().await });
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        actor.stop();
        assert_eq!(soon("the end", waiting).await.unwrap(), ExitReason::Normal);
    }
    assert_eq!(system.live_actors(), 0);
}
