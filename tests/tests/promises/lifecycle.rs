//! C: lifecycle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use actor_core::prelude::*;
use actor_core::{Fate, StartError};
use tests::puppet::{Act, Event, Events, Puppet, act, act_now, answer, fail, hold, note, panic};
use tests::{in_every_placement, paused_system, soon, system};

in_every_placement!(
    started_completes_before_the_first_message,
    start_returns_the_error_of_started_and_frees_the_name,
    drain_handles_what_is_queued_and_stops,
    stop_finishes_the_message_in_hand_only,
    kill_drops_the_handler_at_its_await_and_runs_no_hook,
    stopped_runs_exactly_once_unless_killed,
    a_panic_in_stopped_changes_nothing_else,
    a_panic_in_user_code_ends_that_actor_only,
    a_panic_in_a_drop_harms_nobody,
    a_hanging_start_up_can_be_killed,
    wait_completes_for_everybody_with_the_same_reason,
    children_stop_in_reverse_before_their_parent_however_it_ends,
    an_unreferenced_actor_drains_and_stops,
    a_dropped_runtime_closes_every_cell,
    an_abandoned_parent_takes_its_children_along,
);

fn spawn(system: &ActorSystem, placement: Placement) -> (ActorRef<Act>, Events) {
    let (puppet, events) = Puppet::new();
    (system.actor(puppet).placement(placement).spawn(), events)
}

/// An actor with a handler that waits, and two more messages in its queue.
async fn at_work(
    system: &ActorSystem,
    placement: Placement,
) -> (ActorRef<Act>, tests::puppet::Gate, Events) {
    let (actor, events) = spawn(system, placement);
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    actor.send(note(1)).await.unwrap();
    actor.send(note(2)).await.unwrap();
    (actor, gate, events)
}

// C1
async fn started_completes_before_the_first_message(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let (open, opened) = tokio::sync::oneshot::channel::<()>();
    let puppet = puppet.on_start(act(move |puppet, _| {
        Box::pin(async move {
            opened.await.ok();
            puppet.note(1);
            Ok(())
        })
    }));
    let actor = system.actor(puppet).placement(placement).spawn();

    actor.send(note(2)).await.unwrap();
    open.send(()).unwrap();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(events.next().await, Event::Note(2));
}

// C1
async fn start_returns_the_error_of_started_and_frees_the_name(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let failing = puppet.on_start(act_now(|_, ctx| {
        ctx.actor_ref().try_send(note(1))?;
        Err("no luck".into())
    }));

    let started = system
        .actor(failing)
        .placement(placement)
        .name("name")
        .start()
        .await;

    let reason = ExitReason::StartFailed("no luck".into());
    assert_eq!(started.err(), Some(StartError::Failed(reason)));
    assert_eq!(events.rest().await, [], "neither a message nor `stopped`");
    assert!(system.lookup_any("name").is_none());
    let (puppet, _events) = Puppet::new();
    system.start_named("name", puppet).await.unwrap();
    assert_eq!(system.dead_letter_count(), 1);
}

// C1
#[tokio::test]
async fn spawn_returns_at_once_and_a_failing_start_is_the_exit_reason() {
    let system = system();
    let (puppet, _events) = Puppet::new();

    let failed = system.spawn(puppet.on_start(fail("no luck")));
    let (puppet, _events) = Puppet::new();
    let panicked = system.spawn(puppet.on_start(panic("no luck")));

    let reason = ExitReason::StartFailed("no luck".into());
    assert_eq!(failed.wait().await, reason);
    let ExitReason::StartFailed(text) = panicked.wait().await else {
        panic!("a panic in `started` is a failed start");
    };
    assert!(text.contains("no luck"), "{text}");
}

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

// C4
async fn a_panic_in_user_code_ends_that_actor_only(placement: Placement) {
    let system = system();
    let (bystander, _events) = spawn(&system, placement);
    let (in_handler, _events) = spawn(&system, placement);
    let (puppet, _signal_events) = Puppet::new();
    let in_signal = system
        .actor(puppet.on_signal(panic("in a signal")))
        .placement(placement)
        .spawn();
    let (in_factory, factory) = ChildSpec::new("factory", || -> Puppet { panic!("no state") })
        .placement(placement)
        .build();

    in_handler.send(panic("in a handler")).await.unwrap();
    let watched = in_handler.any();
    in_signal
        .send(act_now(move |_, ctx| {
            ctx.monitor(&watched);
            Ok(())
        }))
        .await
        .unwrap();

    let reason = in_handler.wait().await;
    let ExitReason::Panicked { text, location } = &reason else {
        panic!("{reason:?}");
    };
    assert_eq!(text, "in a handler");
    assert!(location.as_deref().unwrap().contains("puppet.rs:"));
    assert!(matches!(
        in_signal.wait().await,
        ExitReason::Panicked { text, .. } if text == "in a signal"
    ));
    let started = Supervisor::builder(Strategy::OneForOne)
        .child(in_factory)
        .start(&system)
        .await;
    let Err(StartError::Child { id, reason }) = started else {
        panic!("a factory that panics is a failed start");
    };
    assert_eq!(id, "factory");
    assert!(reason.to_string().contains("no state"), "{reason}");
    assert_eq!(factory.wait().await, reason);
    assert_eq!(bystander.ask(|reply| answer(reply, 1)).await, Ok(1));
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a bomb went off");
        }
    }
}

// C4
async fn a_panic_in_a_drop_harms_nobody(placement: Placement) {
    let system = system();
    let (bystander, _events) = spawn(&system, placement);
    type Load = fn(&mut Puppet, &mut Context<Puppet>);
    let loads: [Load; 4] = [
        // In the state.
        |puppet, _| puppet.kept.push(Box::new(Bomb)),
        // In a queued message.
        |_, ctx| {
            let bomb = Bomb;
            let message = act_now(move |_, _| {
                let _bomb = bomb;
                Ok(())
            });
            ctx.actor_ref().try_send(message).unwrap();
        },
        // In the message of a timer.
        |_, ctx| {
            let bomb = Bomb;
            let message = act_now(move |_, _| {
                let _bomb = bomb;
                Ok(())
            });
            ctx.send_after("bomb", Duration::from_secs(3600), message);
        },
        // In the map function of a monitor.
        |_, ctx| {
            let bomb = Bomb;
            let watched = ctx.system().lookup_any("watched").unwrap();
            ctx.monitor_with(&watched, move |_| {
                let _bomb = &bomb;
                note(1)
            });
        },
    ];
    let (puppet, _watched_events) = Puppet::new();
    system.start_named("watched", puppet).await.unwrap();
    for (number, load) in loads.into_iter().enumerate() {
        let (actor, mut events) = spawn(&system, placement);
        let asking = {
            let actor = actor.clone();
            tokio::spawn(async move {
                let keep = |reply: Reply<u64>| {
                    act_now(move |puppet, ctx| {
                        puppet.kept.push(Box::new(reply));
                        load(puppet, ctx);
                        puppet.note(1);
                        ctx.stop();
                        Ok(())
                    })
                };
                actor.ask_within(Duration::from_secs(3600), keep).await
            })
        };
        assert_eq!(events.next().await, Event::Note(1));

        let reason = soon("the end", actor.wait()).await;

        assert_eq!(reason, ExitReason::Normal, "load {number}");
        let reason = ExitReason::Normal;
        let begun = true;
        let asked = soon("the ask resolves", asking).await.unwrap();
        let stopped = AskError::Stopped { reason, begun };
        assert_eq!(asked, Err(stopped), "load {number}");
        assert_eq!(bystander.ask(|reply| answer(reply, 1)).await, Ok(1));
    }
}

// C4
#[tokio::test]
async fn the_panic_hook_can_be_opted_out_of() {
    // The hook belongs to the process, so whether it is there is decided in a process of its own.
    if std::env::var_os("PROMISES_WITHOUT_HOOK").is_some() {
        let system = ActorSystem::builder("plain").panic_hook(false).build();
        let (actor, _events) = spawn(&system, Placement::Task);
        actor.send(panic("plain")).await.unwrap();
        let text = "plain".to_owned();
        let location = None;
        assert_eq!(actor.wait().await, ExitReason::Panicked { text, location });
        return;
    }
    let own = std::env::current_exe().unwrap();
    let status = tokio::process::Command::new(own)
        .args(["--exact", "lifecycle::the_panic_hook_can_be_opted_out_of"])
        .env("PROMISES_WITHOUT_HOOK", "1")
        .output()
        .await
        .unwrap();
    assert!(status.status.success(), "{status:?}");
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

// C6
async fn children_stop_in_reverse_before_their_parent_however_it_ends(placement: Placement) {
    let system = system();
    type End = fn(&ActorRef<Act>);
    let ends: [End; 5] = [
        ActorRef::stop,
        ActorRef::drain,
        ActorRef::kill,
        |actor| actor.try_send(fail("no")).unwrap(),
        |actor| actor.try_send(panic("no")).unwrap(),
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let (sender, mut events) = Events::channel();
        let mut parent = Puppet::telling(&sender).on_stopped(note(0));
        let own = sender.clone();
        parent = parent.on_start(act(move |_, ctx| {
            Box::pin(async move {
                for number in 1..=3 {
                    let child = Puppet::telling(&own).on_stopped(act(move |puppet, ctx| {
                        Box::pin(async move {
                            // Time for others to stop, if they would not wait for this one.
                            for _ in 0..20 {
                                tokio::task::yield_now().await;
                            }
                            puppet.note(number);
                            assert!(!ctx.actor_ref().is_closed());
                            Ok(())
                        })
                    }));
                    let child = ctx.child(child).placement(placement);
                    child.start().await?;
                }
                Ok(())
            })
        }));
        drop(sender);
        let parent = system.actor(parent).placement(placement).start().await;
        let parent = parent.unwrap();

        end(&parent);
        parent.wait().await;

        // Nothing is told after the parent has ended.
        let mut notes = Vec::new();
        while let Some(event) = events.try_next() {
            if let Event::Note(number) = event {
                notes.push(number);
            }
        }
        let expected: &[u64] = if number == 2 {
            &[3, 2, 1]
        } else {
            &[3, 2, 1, 0]
        };
        assert_eq!(notes, expected, "end {number}");
        assert_eq!(system.live_actors(), 0);
    }
}

// C6
#[tokio::test(start_paused = true)]
async fn each_child_stops_within_its_own_allowance() {
    let system = paused_system();
    let (sender, mut events) = Events::channel();
    let began = tokio::time::Instant::now();
    let told = sender.clone();
    let stubborn = move || {
        let told = told.clone();
        Puppet::telling(&told).on_stopped(act(move |_, _| Box::pin(std::future::pending())))
    };
    let parent = Puppet::telling(&sender).on_start(act(move |_, ctx| {
        Box::pin(async move {
            let ten = Shutdown::Within(Duration::from_secs(10));
            ctx.child(stubborn()).shutdown(ten).start().await?;
            ctx.child(stubborn())
                .shutdown(Shutdown::Kill)
                .start()
                .await?;
            let one = Shutdown::Within(Duration::from_secs(1));
            ctx.child(stubborn()).shutdown(one).start().await?;
            Ok(())
        })
    }));
    let parent = system.start(parent).await.unwrap();

    parent.stop();
    parent.wait().await;

    // One second, none and ten; the one to be killed runs no hook.
    assert_eq!(began.elapsed().as_secs(), 11);
    let shutdown = Event::Stopped(ExitReason::Shutdown);
    assert_eq!(events.next().await, shutdown.clone());
    assert_eq!(events.next().await, shutdown);
    assert_eq!(events.next().await, Event::Stopped(ExitReason::Normal));
}

// C6
#[tokio::test]
async fn a_child_that_is_started_in_stopped_does_not_outlive_its_parent() {
    let system = system();
    let (sender, mut events) = Events::channel();
    let own = sender.clone();
    let parent = Puppet::telling(&sender).on_stopped(act(move |_, ctx| {
        Box::pin(async move {
            ctx.child(Puppet::telling(&own)).start().await?;
            Ok(())
        })
    }));
    drop(sender);
    let parent = system.spawn(parent);

    parent.stop();
    parent.wait().await;

    assert_eq!(system.live_actors(), 0);
    assert_eq!(events.rest().await.len(), 2);
}

// C6
#[tokio::test]
async fn a_dead_parent_takes_no_more_children() {
    let system = system();
    let (parent, _events) = spawn(&system, Placement::Task);
    let (sender, builder) = tokio::sync::oneshot::channel();
    parent
        .send(act_now(move |_, ctx| {
            sender.send(ctx.child(Puppet::new().0)).ok();
            ctx.stop();
            Ok(())
        }))
        .await
        .unwrap();
    let builder = builder.await.unwrap();
    parent.wait().await;

    let child = builder.spawn();

    let reason = soon("the end", child.wait()).await;
    assert_eq!(reason, ExitReason::Shutdown);
    assert_eq!(system.live_actors(), 0);
}

// C6, C8: the parent's handler blocks for good, so it is given up; what it owned must not be left behind.
async fn an_abandoned_parent_takes_its_children_along(placement: Placement) {
    let system = system();
    let flag = Flag::new();
    let (sender, _events) = Events::channel();
    let own = sender.clone();
    let (child_ref, child) = tokio::sync::oneshot::channel();
    let parent = Puppet::telling(&sender).on_start(act_now(move |_, ctx| {
        child_ref.send(ctx.spawn(Puppet::telling(&own))).ok();
        Ok(())
    }));
    let parent = system.actor(parent).placement(placement).spawn();
    let child = child.await.unwrap();
    let mut begun = spin(&parent, &flag).await;
    begun.recv().await;

    system.shutdown(Duration::from_millis(400)).await;

    assert!(child.is_closed() && parent.is_closed());
    assert_eq!(system.live_actors(), 0);
}

// C7
async fn an_unreferenced_actor_drains_and_stops(placement: Placement) {
    let system = system();
    let (actor, gate, mut events) = at_work(&system, placement).await;
    let weak = actor.downgrade();

    drop(actor);
    assert!(weak.upgrade().is_none());
    gate.open();

    let expected = [
        Event::Note(1),
        Event::Note(2),
        Event::Stopped(ExitReason::Normal),
    ];
    assert_eq!(events.rest().await, expected);
    assert_eq!(system.dead_letter_count(), 0);
}

// C7
#[tokio::test]
async fn a_name_keeps_an_actor_alive() {
    let system = system();
    let (puppet, _events) = Puppet::new();
    drop(system.start_named("one", puppet).await.unwrap());
    let (puppet, _events) = Puppet::new();
    let other = system.spawn(puppet);
    system.register("two", &other.any()).unwrap();
    drop(other);

    for name in ["one", "two"] {
        let actor: ActorRef<Act> = system.lookup(name).unwrap();
        assert_eq!(actor.ask(|reply| answer(reply, 1)).await, Ok(1));
    }
    assert_eq!(system.live_actors(), 2);
}

// C7
#[tokio::test]
async fn a_child_lives_without_references_until_its_parent_ends() {
    let system = system();
    let (sender, mut events) = Events::channel();
    let own = sender.clone();
    let parent = Puppet::telling(&sender).on_start(act_now(move |_, ctx| {
        let child = ctx.spawn(Puppet::telling(&own));
        let weak = child.downgrade();
        drop(child);
        assert!(weak.upgrade().is_some());
        Ok(())
    }));
    let parent = system.start(parent).await.unwrap();
    assert_eq!(parent.ask(|reply| answer(reply, 1)).await, Ok(1));
    assert_eq!(system.live_actors(), 2);

    drop(parent);

    assert_eq!(events.next().await, Event::Stopped(ExitReason::Shutdown));
    assert_eq!(events.next().await, Event::Stopped(ExitReason::Normal));
}

// C7
#[tokio::test]
async fn supervised_actors_live_without_references() {
    let system = system();
    let (spec, child) = ChildSpec::new("child", || Puppet::new().0)
        .name("child")
        .build();
    drop(child);
    let supervisor = Supervisor::builder(Strategy::OneForOne).child(spec);
    drop(supervisor.start(&system).await.unwrap());

    let child: ActorRef<Act> = system.lookup("child").unwrap();
    assert_eq!(child.ask(|reply| answer(reply, 1)).await, Ok(1));
    assert_eq!(system.live_actors(), 2);
}

// C7
#[tokio::test]
async fn timers_monitors_and_kept_replies_keep_nobody_alive() {
    let system = system();
    let (actor, mut events) = spawn(&system, Placement::Task);
    let (watcher, _watcher_events) = spawn(&system, Placement::Task);
    let watched = actor.any();
    watcher
        .send(act_now(move |_, ctx| {
            ctx.monitor(&watched);
            Ok(())
        }))
        .await
        .unwrap();
    watcher.ask(|reply| answer(reply, 1)).await.unwrap();
    actor
        .send(act_now(|_, ctx| {
            ctx.send_interval("tick", Duration::from_secs(3600), || note(1));
            Ok(())
        }))
        .await
        .unwrap();
    let asking = {
        let actor = actor.clone();
        tokio::spawn(async move {
            let asked: Result<u64, _> = actor
                .ask(|reply| {
                    act_now(move |puppet, _| {
                        puppet.kept.push(Box::new(reply));
                        puppet.note(2);
                        Ok(())
                    })
                })
                .await;
            asked
        })
    };
    assert_eq!(events.next().await, Event::Note(2));
    asking.abort();
    asking.await.unwrap_err();

    drop(actor);

    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// C7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_reference_may_race_with_an_upgrade() {
    let system = system();
    for _ in 0..2_000 {
        let (actor, mut events) = spawn(&system, Placement::Task);
        let weak = actor.downgrade();
        let sending = tokio::spawn(async move {
            match weak.upgrade() {
                Some(actor) => actor.send(note(1)).await.is_ok(),
                None => false,
            }
        });
        drop(actor);
        let sent = sending.await.unwrap();
        assert_eq!(events.rest_of_notes().await.len(), usize::from(sent));
    }
    let all_ended = async {
        while system.live_actors() > 0 {
            tokio::task::yield_now().await;
        }
    };
    soon("every actor ends", all_ended).await;
    assert_eq!(system.dead_letter_count(), 0);
}

/// Goes up when the test ends, also by a failure; otherwise its runtime would wait for the spinning handlers for ever.
struct Flag(Arc<AtomicBool>);

impl Flag {
    fn new() -> Self {
        Flag(Arc::new(AtomicBool::new(false)))
    }
}

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Makes a handler spin until the flag is up.
async fn spin(actor: &ActorRef<Act>, flag: &Flag) -> tokio::sync::mpsc::UnboundedReceiver<()> {
    let (began, begun) = tokio::sync::mpsc::unbounded_channel();
    let flag = Arc::clone(&flag.0);
    let spinning = act_now(move |_, _| {
        began.send(()).ok();
        while !flag.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    });
    actor.send(spinning).await.unwrap();
    begun
}

// C8
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn shutdown_returns_and_names_handlers_that_never_yield() {
    let system = system();
    let flag = Flag::new();
    let (calm, mut calm_events) = spawn(&system, Placement::Task);
    let mut stuck = Vec::new();
    // One worker is left to the others.
    for name in ["stuck-1", "stuck-2"] {
        let (puppet, events) = Puppet::new();
        let actor = system.start_named(name, puppet).await.unwrap();
        stuck.push((actor, events));
    }
    let (in_thread, _thread_events) = spawn(&system, Placement::Thread);
    spin(&in_thread, &flag).await.recv().await;
    for (actor, _) in &stuck {
        let mut begun = spin(actor, &flag).await;
        begun.recv().await;
    }

    let report = system.shutdown(Duration::from_millis(800)).await;

    assert!(!report.is_clean());
    let abandoned: Vec<_> = report
        .casualties
        .iter()
        .filter(|casualty| casualty.fate == Fate::Abandoned)
        .collect();
    for (actor, _) in &stuck {
        let casualty = abandoned
            .iter()
            .find(|casualty| casualty.actor == actor.id());
        let casualty = casualty.expect("it is named");
        assert!(casualty.name.as_deref().unwrap().starts_with("stuck-"));
        assert!(casualty.message_type.ends_with("Act"));
        assert_eq!(actor.wait().await, ExitReason::Unresponsive);
    }
    assert!(
        abandoned
            .iter()
            .any(|casualty| casualty.actor == in_thread.id())
    );
    assert_eq!(abandoned.len(), 3);
    assert!(calm.is_closed());
    assert_eq!(system.live_actors(), 0);
    drop(flag);
    calm_events.rest().await;
    // Their late ends are ignored: no hook runs in them.
    for (_, mut events) in stuck {
        assert_eq!(events.rest().await, []);
    }
}

// C8
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_returns_when_every_worker_of_the_runtime_is_stuck() {
    let system = system();
    let flag = Flag::new();
    let (calm, _events) = spawn(&system, Placement::Task);
    for _ in 0..2 {
        let (stuck, _events) = spawn(&system, Placement::Task);
        spin(&stuck, &flag).await.recv().await;
    }

    let report = system.shutdown(Duration::from_millis(400)).await;

    assert_eq!(report.casualties.len(), 3);
    let given_up = |casualty: &actor_core::Casualty| casualty.fate == Fate::Abandoned;
    assert!(report.casualties.iter().all(given_up), "{report:?}");
    assert_eq!(calm.wait().await, ExitReason::Unresponsive);
    assert_eq!(system.live_actors(), 0);
}

// C8
#[tokio::test]
async fn shutdown_stops_everything_in_reverse_and_is_clean() {
    let system = system();
    let (sender, mut events) = Events::channel();
    let mut actors = Vec::new();
    for number in 1..=3 {
        let puppet = Puppet::telling(&sender).on_stopped(note(number));
        actors.push(system.start(puppet).await.unwrap());
    }
    drop(sender);

    let report = system.shutdown(Duration::from_secs(10)).await;

    assert!(report.is_clean(), "{report:?}");
    assert_eq!(events.rest_of_notes().await, [3, 2, 1]);
    for actor in actors {
        assert_eq!(actor.wait().await, ExitReason::Shutdown);
    }
    let (late, _events) = spawn(&system, Placement::Task);
    assert_eq!(late.wait().await, ExitReason::Shutdown);
}

// C8
#[tokio::test(start_paused = true)]
async fn shutdown_names_who_had_to_be_killed() {
    let system = paused_system();
    let (puppet, _events) = Puppet::new();
    let slow = system.start_named("slow", puppet).await.unwrap();
    let (holding, mut gate) = hold();
    slow.send(holding).await.unwrap();
    gate.begun().await;
    let began = tokio::time::Instant::now();

    let report = system.shutdown(Duration::from_secs(2)).await;

    assert!(began.elapsed() <= Duration::from_secs(2));
    assert_eq!(report.casualties.len(), 1);
    assert_eq!(report.casualties[0].actor, slow.id());
    assert_eq!(report.casualties[0].name.as_deref(), Some("slow"));
    assert_eq!(report.casualties[0].fate, Fate::Killed);
    assert_eq!(slow.wait().await, ExitReason::Killed);
}

// C9
async fn a_hanging_start_up_can_be_killed(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let (began, begun) = tokio::sync::oneshot::channel();
    let puppet = puppet.on_start(act(move |_, _| {
        Box::pin(async move {
            began.send(()).unwrap();
            std::future::pending().await
        })
    }));
    let actor = system.actor(puppet).placement(placement).spawn();
    begun.await.unwrap();

    actor.kill();

    assert_eq!(soon("the end", actor.wait()).await, ExitReason::Killed);
    assert_eq!(events.rest().await, []);
}

// C9
#[tokio::test(start_paused = true)]
async fn a_start_up_has_a_deadline() {
    let system = paused_system();
    let hanging = || {
        let (puppet, _events) = Puppet::new();
        puppet.on_start(act(|_, _| Box::pin(std::future::pending())))
    };
    let began = tokio::time::Instant::now();

    let by_default = system.start(hanging()).await;
    assert_eq!(began.elapsed().as_secs(), 30);
    let own = system
        .actor(hanging())
        .start_timeout(Duration::from_secs(2))
        .start()
        .await;
    assert_eq!(began.elapsed().as_secs(), 32);

    for started in [by_default, own] {
        let reason = StartError::Failed(ExitReason::StartTimeout);
        assert_eq!(started.err(), Some(reason));
    }
}

// C9
#[tokio::test(start_paused = true)]
async fn a_panic_while_a_late_start_up_is_dropped_harms_nobody() {
    let system = paused_system();
    let (puppet, _events) = Puppet::new();
    let hanging = puppet.on_start(act(|_, _| {
        Box::pin(async {
            let _bomb = Bomb;
            std::future::pending().await
        })
    }));

    let started = system.start(hanging).await;

    let Err(StartError::Failed(ExitReason::StartFailed(why))) = started else {
        panic!("{started:?}");
    };
    assert!(why.contains("a bomb went off"), "{why}");
}

// C9
#[tokio::test(start_paused = true)]
async fn a_hanging_start_up_does_not_hang_its_supervisor() {
    let system = paused_system();
    let (spec, _child) = ChildSpec::new("hanging", || {
        let (puppet, _events) = Puppet::new();
        puppet.on_start(act(|_, _| Box::pin(std::future::pending())))
    })
    .build();

    let started = Supervisor::builder(Strategy::OneForOne)
        .child(spec)
        .start(&system)
        .await;

    let id = "hanging".to_owned();
    let reason = ExitReason::StartTimeout;
    assert_eq!(started.err(), Some(StartError::Child { id, reason }));
    assert_eq!(system.live_actors(), 0);
}

// C10: the test runs on a runtime of its own and drops another one.
async fn a_dropped_runtime_closes_every_cell(placement: Placement) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (sender, mut events) = Events::channel();
    let setting_up = runtime.spawn(async move {
        let system = system();
        let own = sender.clone();
        let (child_ref, child) = tokio::sync::oneshot::channel();
        let parent = Puppet::telling(&sender).on_start(act_now(move |_, ctx| {
            let child = ctx.child(Puppet::telling(&own)).placement(placement);
            child_ref.send(child.spawn()).ok();
            Ok(())
        }));
        let parent = system
            .actor(parent.telling_its_drop())
            .placement(placement)
            .name("parent")
            .spawn();
        let child = child.await.unwrap();
        let (spec, supervised) = ChildSpec::new("supervised", || Puppet::new().0)
            .placement(placement)
            .build();
        let supervisor = Supervisor::builder(Strategy::OneForOne).child(spec);
        supervisor.start(&system).await.unwrap();
        let mut gates = Vec::new();
        for actor in [&parent, &child, &supervised] {
            let (holding, mut gate) = hold();
            // Sent in one go, so that they are drawn in one batch.
            actor.try_send(holding).unwrap();
            for number in 0..3 {
                actor.try_send(note(number)).unwrap();
            }
            gate.begun().await;
            gates.push(gate);
        }
        (system, parent, child, supervised, gates)
    });
    let (system, parent, child, supervised, gates) = setting_up.await.unwrap();
    let actors = [&parent, &child, &supervised];
    // Asks from a runtime that lives on.
    let asking: Vec<_> = actors
        .map(|actor| {
            let actor = actor.clone();
            let (sent, was_sent) = std::sync::mpsc::channel();
            let asking = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let mut asking = Box::pin(
                        actor.ask_within(Duration::from_secs(3600), |reply| answer(reply, 1)),
                    );
                    assert!(tests::poll_once(&mut asking).is_none());
                    sent.send(()).unwrap();
                    asking.await
                })
            });
            was_sent.recv().unwrap();
            asking
        })
        .into();

    tokio::task::spawn_blocking(move || drop(runtime))
        .await
        .unwrap();

    for (actor, asking) in actors.into_iter().zip(asking) {
        assert_eq!(soon("the end", actor.wait()).await, ExitReason::Killed);
        assert!(actor.try_send(note(9)).is_err());
        let reason = ExitReason::Killed;
        let begun = false;
        let stopped = AskError::Stopped { reason, begun };
        let joining = tokio::task::spawn_blocking(move || asking.join().unwrap());
        let asked = soon("the ask resolves", joining).await.unwrap();
        assert_eq!(asked, Err(stopped));
    }
    // Three notes and an ask for each.
    assert_eq!(system.dead_letter_count(), 12);
    assert!(system.lookup_any("parent").is_none());
    assert_eq!(events.rest().await, [Event::Dropped]);
    assert_eq!(system.live_actors(), 0);
    drop(gates);
}

// C10, B3
#[tokio::test]
async fn an_ask_in_the_hands_of_a_dropped_runtime_is_stopped() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let starting = runtime.spawn(async {
        let system = system();
        let actor = system.start(Puppet::new().0).await.unwrap();
        (system, actor)
    });
    let (_system, actor) = starting.await.unwrap();
    let ask = |actor: ActorRef<Act>, in_hand: bool| {
        let (began, begun) = tokio::sync::oneshot::channel();
        let asking = tokio::spawn(async move {
            actor
                .ask_within(Duration::from_secs(3600), move |reply: Reply<u64>| {
                    act(move |puppet, _| {
                        Box::pin(async move {
                            began.send(()).unwrap();
                            if in_hand {
                                let _held = reply;
                                std::future::pending::<()>().await;
                            } else {
                                puppet.kept.push(Box::new(reply));
                            }
                            Ok(())
                        })
                    })
                })
                .await
        });
        (begun, asking)
    };
    let (begun, kept) = ask(actor.clone(), false);
    begun.await.unwrap();
    let (begun, held) = ask(actor.clone(), true);
    begun.await.unwrap();

    tokio::task::spawn_blocking(move || drop(runtime))
        .await
        .unwrap();

    for asking in [kept, held] {
        let asked = soon("the ask resolves", asking).await.unwrap();
        let reason = ExitReason::Killed;
        let begun = true;
        assert_eq!(asked, Err(AskError::Stopped { reason, begun }));
    }
}

// C10
#[tokio::test]
async fn dropping_the_last_handle_stops_everything() {
    let system = system().unchecked();
    let (sender, mut events) = Events::channel();
    let own = sender.clone();
    let parent = Puppet::telling(&sender).on_start(act_now(move |_, ctx| {
        ctx.spawn(Puppet::telling(&own));
        Ok(())
    }));
    let actor = system.start_named("parent", parent).await.unwrap();
    let told = sender.clone();
    let (spec, child) = ChildSpec::new("child", move || Puppet::telling(&told)).build();
    let supervisor = Supervisor::builder(Strategy::OneForOne).child(spec);
    supervisor.start(&system).await.unwrap();
    drop(sender);
    let second = system.clone();

    drop(system);
    assert_eq!(actor.ask(|reply| answer(reply, 1)).await, Ok(1));
    drop(second);

    assert_eq!(soon("the end", actor.wait()).await, ExitReason::Shutdown);
    assert_eq!(soon("the end", child.wait()).await, ExitReason::Shutdown);
    let rest = events.rest().await;
    assert_eq!(rest, vec![Event::Stopped(ExitReason::Shutdown); 3]);
}

// C11
#[test]
fn an_exit_reason_is_data() {
    let reasons = [
        (ExitReason::Normal, false),
        (ExitReason::Shutdown, false),
        (ExitReason::Killed, true),
        (ExitReason::Failed("text".into()), true),
        (
            ExitReason::Panicked {
                text: "text".into(),
                location: Some("file.rs:1:2".into()),
            },
            true,
        ),
        (ExitReason::StartFailed("text".into()), true),
        (ExitReason::StartTimeout, true),
        (
            ExitReason::Linked {
                cause: "text".into(),
            },
            true,
        ),
        (
            ExitReason::Process(actor_core::ProcessExit {
                code: None,
                signal: Some(9),
                stderr: "last words".into(),
            }),
            true,
        ),
        (ExitReason::Unresponsive, true),
        (ExitReason::NoConnection, true),
        (ExitReason::NoActor, true),
    ];
    for (reason, is_failure) in reasons {
        assert_eq!(reason.is_failure(), is_failure, "{reason}");
        let text = serde_json::to_string(&reason.clone()).unwrap();
        assert_eq!(serde_json::from_str::<ExitReason>(&text).unwrap(), reason);
    }
}

// C11
#[tokio::test]
async fn a_failure_keeps_the_whole_error_chain_as_text() {
    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("reading the number")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let system = system();
    let (actor, _events) = spawn(&system, Placement::Task);

    actor
        .send(act_now(|_, _| {
            "x".parse::<u8>().map_err(Outer)?;
            Ok(())
        }))
        .await
        .unwrap();

    let ExitReason::Failed(text) = actor.wait().await else {
        panic!("it failed");
    };
    assert_eq!(text, "reading the number: invalid digit found in string");
}

// C5, C7: nothing of an ended actor is left.
#[tokio::test]
async fn an_ended_actor_drops_its_state_once() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let system = system();
    let dropped = Arc::new(AtomicUsize::new(0));
    let (actor, _events) = spawn(&system, Placement::Task);
    let counted = Counted(Arc::clone(&dropped));
    actor
        .send(act_now(move |puppet, _| {
            puppet.kept.push(Box::new(counted));
            Ok(())
        }))
        .await
        .unwrap();

    actor.stop();
    actor.wait().await;

    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}
