//! F: monitors.

use actor_core::MonitorId;
use actor_core::prelude::*;
use tests::puppet::{Act, Event, Events, Puppet, act_now, answer, fail, hold, note};
use tests::{in_every_placement, soon, system};

in_every_placement!(
    each_monitor_hears_of_the_end_once,
    messages_of_the_dead_are_handled_before_its_down,
    after_demonitor_no_down_is_handled,
);

fn spawn(system: &ActorSystem, placement: Placement) -> (ActorRef<Act>, Events) {
    let (puppet, events) = Puppet::new();
    (system.actor(puppet).placement(placement).spawn(), events)
}

/// Sets a monitor and answers with its id.
async fn monitor(watcher: &ActorRef<Act>, target: &AnyActorRef) -> MonitorId {
    let target = target.clone();
    let asked = watcher.ask(|reply: Reply<MonitorId>| {
        act_now(move |_, ctx| {
            reply.send(ctx.monitor(&target));
            Ok(())
        })
    });
    asked.await.unwrap()
}

async fn down(events: &mut Events) -> Down {
    match events.next().await {
        Event::Signal(Signal::Down(down)) => down,
        other => panic!("{other:?} is no down"),
    }
}

// F1
async fn each_monitor_hears_of_the_end_once(placement: Placement) {
    let system = system();
    let (watched, _events) = spawn(&system, placement);
    let (watcher, mut events) = spawn(&system, placement);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(monitor(&watcher, &watched.any()).await);
    }

    watched.send(fail("no")).await.unwrap();

    let mut heard = Vec::new();
    for _ in 0..5 {
        let down = down(&mut events).await;
        assert_eq!(down.reason, ExitReason::Failed("no".into()));
        assert_eq!(down.actor, watched.id());
        heard.push(down.monitor);
    }
    heard.sort();
    ids.sort();
    assert_eq!(heard, ids);
    watcher.stop();
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// F1
#[tokio::test]
async fn a_monitor_on_a_dead_actor_hears_no_actor_at_once() {
    let system = system();
    let (watched, _events) = spawn(&system, Placement::Task);
    watched.stop();
    watched.wait().await;
    let (watcher, mut events) = spawn(&system, Placement::Task);

    let id = monitor(&watcher, &watched.any()).await;

    let down = down(&mut events).await;
    assert_eq!(down.monitor, id);
    assert_eq!(down.actor, watched.id());
    assert_eq!(down.reason, ExitReason::NoActor);
}

// F1
#[tokio::test]
async fn a_monitor_may_map_the_end_to_a_message() {
    let system = system();
    let (watched, _events) = spawn(&system, Placement::Task);
    let (watcher, mut events) = spawn(&system, Placement::Task);
    let target = watched.any();
    watcher
        .send(act_now(move |_, ctx| {
            ctx.monitor_with(&target, |down| {
                assert_eq!(down.reason, ExitReason::Killed);
                note(1)
            });
            Ok(())
        }))
        .await
        .unwrap();
    watcher.ask(|reply| answer(reply, 1)).await.unwrap();

    watched.kill();

    assert_eq!(events.next().await, Event::Note(1));
}

// F1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_that_races_with_the_end_hears_exactly_one_down() {
    let system = system();
    for _ in 0..1_000 {
        let (watched, _events) = spawn(&system, Placement::Task);
        let (watcher, mut events) = spawn(&system, Placement::Task);
        let stopping = {
            let watched = watched.clone();
            tokio::spawn(async move { watched.stop() })
        };

        let id = monitor(&watcher, &watched.any()).await;

        assert_eq!(down(&mut events).await.monitor, id);
        stopping.await.unwrap();
        watcher.drain();
        assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
    }
}

// F2
async fn messages_of_the_dead_are_handled_before_its_down(placement: Placement) {
    let system = system();
    for _ in 0..50 {
        let (watcher, mut events) = spawn(&system, placement);
        let (dying, _events) = spawn(&system, placement);
        monitor(&watcher, &dying.any()).await;
        let target = watcher.clone();
        dying
            .send(tests::puppet::act(move |_, _| {
                Box::pin(async move {
                    for number in 0..50 {
                        target.send(note(number)).await?;
                    }
                    Err("over".into())
                })
            }))
            .await
            .unwrap();

        for number in 0..50 {
            assert_eq!(events.next().await, Event::Note(number));
        }
        down(&mut events).await;
    }
}

// F2
#[tokio::test]
async fn a_down_waits_behind_messages_that_are_queued() {
    let system = system();
    let (watcher, mut events) = spawn(&system, Placement::Task);
    let (watched, _events) = spawn(&system, Placement::Task);
    // By its name.
    system.register("watched", &watched.any()).unwrap();
    let target = system.lookup_any("watched").unwrap();
    monitor(&watcher, &target).await;
    let (holding, mut gate) = hold();
    watcher.send(holding).await.unwrap();
    gate.begun().await;
    watcher.send(note(1)).await.unwrap();

    watched.stop();
    watched.wait().await;
    watcher.send(note(2)).await.unwrap();
    gate.open();

    assert_eq!(events.next().await, Event::Note(1));
    down(&mut events).await;
    assert_eq!(events.next().await, Event::Note(2));
}

// F3
async fn after_demonitor_no_down_is_handled(placement: Placement) {
    let system = system();
    let (watcher, mut events) = spawn(&system, placement);
    let (first, _events) = spawn(&system, placement);
    let (second, _events) = spawn(&system, placement);
    let ids = [
        monitor(&watcher, &first.any()).await,
        monitor(&watcher, &second.any()).await,
    ];
    let mapped = second.any();
    let asked = watcher.ask(|reply: Reply<MonitorId>| {
        act_now(move |_, ctx| {
            reply.send(ctx.monitor_with(&mapped, |_| note(99)));
            Ok(())
        })
    });
    let mapped = asked.await.unwrap();
    let kept = monitor(&watcher, &second.any()).await;
    let (holding, mut gate) = hold();
    watcher.send(holding).await.unwrap();
    gate.begun().await;

    // The message that takes the monitors back stands before the downs, which are queued when it is handled.
    watcher
        .send(act_now(move |puppet, ctx| {
            ctx.demonitor(ids[0]);
            ctx.demonitor(ids[1]);
            ctx.demonitor(mapped);
            puppet.note(1);
            Ok(())
        }))
        .await
        .unwrap();
    for actor in [&first, &second] {
        actor.stop();
        soon("the end", actor.wait()).await;
    }
    gate.open();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(down(&mut events).await.monitor, kept);
    watcher.drain();
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// F3
#[tokio::test]
async fn a_monitor_of_an_earlier_incarnation_is_not_handled() {
    let system = system();
    let (sender, mut events) = Events::channel();
    let (spec, watcher) = ChildSpec::new("watcher", move || Puppet::telling(&sender)).build();
    let builder = Supervisor::builder(Strategy::OneForOne).child(spec);
    builder.start(&system).await.unwrap();
    let (watched, _events) = spawn(&system, Placement::Task);
    monitor(&watcher, &watched.any()).await;
    let (holding, mut gate) = hold();
    watcher.send(holding).await.unwrap();
    gate.begun().await;

    // The down is queued when the incarnation that asked for it ends.
    watcher.send(fail("over")).await.unwrap();
    watched.stop();
    watched.wait().await;
    watcher.send(note(1)).await.unwrap();
    gate.open();

    let over = ExitReason::Failed("over".into());
    assert_eq!(events.next().await, Event::Stopped(over));
    assert_eq!(events.next().await, Event::Note(1));
}

// F4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_down_is_handled_the_name_is_free() {
    let system = system();
    let (sender, mut names) = tokio::sync::mpsc::unbounded_channel();
    for round in 0..500 {
        let (puppet, _events) = Puppet::new();
        let watched = system.start_named("name", puppet).await.unwrap();
        let (watcher, _events) = spawn(&system, Placement::Task);
        let (target, sender, looking) = (watched.any(), sender.clone(), system.clone());
        watcher
            .send(act_now(move |_, ctx| {
                ctx.monitor_with(&target, move |_| {
                    act_now(move |_, _| {
                        sender.send(looking.lookup_any("name").is_none()).unwrap();
                        Ok(())
                    })
                });
                Ok(())
            }))
            .await
            .unwrap();
        // In every other round the monitor races with the end.
        if round % 2 == 0 {
            watcher.ask(|reply| answer(reply, 1)).await.unwrap();
        }

        watched.stop();

        let is_free = soon("the down", names.recv()).await.unwrap();
        assert!(is_free, "round {round}");
    }
}
