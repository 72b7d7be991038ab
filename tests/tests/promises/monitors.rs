//! F: monitors; and D3, for those who ask to hear of restarts.

use actor_core::prelude::*;
use actor_core::{ActorId, MonitorId, Restarted, SupervisorBuilder};
use tests::puppet::{Act, Event, Events, Puppet, act, act_now, answer, fail, hold, note};
use tests::stage::{Job, Order, Stage};
use tests::{in_every_placement, soon, system};

in_every_placement!(
    each_monitor_hears_of_the_end_once,
    messages_of_the_dead_are_handled_before_its_down,
    after_demonitor_no_down_is_handled,
    who_asks_for_it_hears_of_each_restart_and_of_the_end,
    a_restart_is_told_when_the_new_incarnation_has_started,
    after_demonitor_no_restart_is_handled,
);

const HOUR: Duration = Duration::from_secs(3600);

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
async fn a_monitor_of_a_name_that_nobody_holds_hears_no_actor_at_once() {
    let system = system();
    let (watched, _events) = spawn(&system, Placement::Task);
    system.register("name", &watched.any()).unwrap();
    let (watcher, mut events) = spawn(&system, Placement::Task);

    let nobody = monitor_name(&watcher, "nobody").await;
    let heard = down(&mut events).await;
    assert_eq!(heard.monitor, nobody);
    assert_eq!(
        (heard.actor, heard.reason),
        (ActorId::UNBOUND, ExitReason::NoActor)
    );

    let holder = monitor_name(&watcher, "name").await;
    watched.kill();
    let heard = down(&mut events).await;
    assert_eq!(heard.monitor, holder);
    assert_eq!(
        (heard.actor, heard.reason),
        (watched.id(), ExitReason::Killed)
    );
}

async fn monitor_name(watcher: &ActorRef<Act>, name: &'static str) -> MonitorId {
    let asked = watcher.ask(|reply: Reply<MonitorId>| {
        act_now(move |_, ctx| {
            reply.send(ctx.monitor_name(name));
            Ok(())
        })
    });
    asked.await.unwrap()
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
            .send(act(move |_, _| {
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
    monitor_name(&watcher, "watched").await;
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

// F3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_demonitor_that_races_with_the_end_no_down_is_handled() {
    let system = system();
    for _ in 0..3_000 {
        let (watched, _events) = spawn(&system, Placement::Task);
        let (watcher, mut events) = spawn(&system, Placement::Task);
        let id = monitor(&watcher, &watched.any()).await;
        let killing = {
            let watched = watched.clone();
            tokio::spawn(async move { watched.kill() })
        };

        let demonitoring = act_now(move |puppet, ctx| {
            ctx.demonitor(id);
            puppet.note(1);
            Ok(())
        });
        watcher.send(demonitoring).await.unwrap();
        soon("the end", watched.wait()).await;
        killing.await.unwrap();
        watcher.ask(|reply| answer(reply, 1)).await.unwrap();
        watcher.drain();

        let rest = events.rest().await;
        let place = rest.iter().position(|event| *event == Event::Note(1));
        let after = &rest[place.expect("it was handled") + 1..];
        assert_eq!(after, [Event::Stopped(ExitReason::Normal)]);
    }
}

// F1: also when its watchers end, set and take back monitors all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_monitor_of_a_crowd_that_races_with_the_end_hears_one_down() {
    let system = system();
    for _ in 0..200 {
        let (watched, _events) = spawn(&system, Placement::Task);
        let watchers: Vec<_> = (0..8).map(|_| spawn(&system, Placement::Task)).collect();
        for (watcher, _) in &watchers {
            let target = watched.any();
            let monitoring = act_now(move |puppet, ctx| {
                puppet.kept.extend(
                    (0..4).map(|_| Box::new(ctx.monitor(&target)) as Box<dyn std::any::Any + Send>),
                );
                let taken_back = ctx.monitor(&target);
                ctx.demonitor(taken_back);
                Ok(())
            });
            watcher.try_send(monitoring).unwrap();
        }

        watched.kill();

        soon("the end", watched.wait()).await;
        for (watcher, mut events) in watchers {
            let mut ids = Vec::new();
            for _ in 0..4 {
                ids.push(down(&mut events).await.monitor);
            }
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), 4, "each once");
            watcher.drain();
            assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
        }
    }
}

fn supervisor() -> SupervisorBuilder {
    Supervisor::builder(Strategy::OneForOne).intensity(10_000, HOUR)
}

async fn monitor_restarts(watcher: &ActorRef<Act>, target: &AnyActorRef) -> MonitorId {
    let target = target.clone();
    let asked = watcher.ask(|reply: Reply<MonitorId>| {
        act_now(move |_, ctx| {
            reply.send(ctx.monitor_restarts(&target));
            Ok(())
        })
    });
    asked.await.unwrap()
}

async fn restarted(events: &mut Events) -> Restarted {
    match events.next().await {
        Event::Signal(Signal::Restarted(news)) => news,
        other => panic!("{other:?} is no news of a restart"),
    }
}

// D3
async fn who_asks_for_it_hears_of_each_restart_and_of_the_end(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").build();
    let sup = supervisor().child(spec).start(&system).await.unwrap();
    let (watcher, mut events) = spawn(&system, placement);
    let plain = monitor(&watcher, &child.any()).await;
    let id = monitor_restarts(&watcher, &child.any()).await;
    let ends = [
        (Job::Fail, ExitReason::Failed("told to fail".into())),
        (Job::Stop, ExitReason::Normal),
    ];
    for (number, (job, cause)) in (2..).zip(ends) {
        child.send(job).await.unwrap();

        let news = Restarted {
            monitor: id,
            actor: child.id(),
            incarnation: number,
            cause,
        };
        assert_eq!(restarted(&mut events).await, news);
    }
    sup.terminate_child("a").await.unwrap();

    let mut told = [
        down(&mut events).await.monitor,
        down(&mut events).await.monitor,
    ];
    told.sort_unstable();
    assert_eq!(told, [plain, id]);
    watcher.drain();
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// D3
async fn a_restart_is_told_when_the_new_incarnation_has_started(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").build();
    let sup = supervisor().child(spec).start(&system).await.unwrap();
    let (watcher, mut events) = spawn(&system, placement);
    monitor_restarts(&watcher, &child.any()).await;
    stage.order("a", &[Order::Fail, Order::Fail]);

    child.send(Job::Fail).await.unwrap();

    // Two attempts that failed are not told; the last of them is what the new one replaces.
    let news = restarted(&mut events).await;
    assert_eq!(news.incarnation, 4);
    assert!(
        matches!(news.cause, ExitReason::StartFailed(_)),
        "{:?}",
        news.cause
    );
    child.ask(|reply| Job::Echo(1, reply)).await.unwrap();
    assert_eq!(events.try_next(), None);
    sup.stop();
    sup.wait().await;
}

// D3
async fn after_demonitor_no_restart_is_handled(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").build();
    let sup = supervisor().child(spec).start(&system).await.unwrap();
    let (watcher, mut events) = spawn(&system, placement);
    let taken_back = monitor_restarts(&watcher, &child.any()).await;
    let kept = monitor_restarts(&watcher, &child.any()).await;
    let (holding, mut gate) = hold();
    watcher.send(holding).await.unwrap();
    gate.begun().await;

    // Taken back before the news of the first restart, which is queued by then.
    let demonitoring = act_now(move |_, ctx| {
        ctx.demonitor(taken_back);
        Ok(())
    });
    watcher.send(demonitoring).await.unwrap();
    child.send(Job::Fail).await.unwrap();
    child.ask(|reply| Job::Echo(1, reply)).await.unwrap();
    gate.open();
    child.send(Job::Fail).await.unwrap();

    for _ in 0..2 {
        assert_eq!(restarted(&mut events).await.monitor, kept);
    }
    sup.terminate_child("a").await.unwrap();
    assert_eq!(down(&mut events).await.monitor, kept);
    watcher.drain();
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// D3: behind what was sent before it, and without room.
#[tokio::test]
async fn the_news_of_a_restart_waits_behind_messages_that_are_queued_and_needs_no_room() {
    let system = system();
    let stage = Stage::new(&system);
    let (spec, child) = stage.worker(Placement::Task, "a").build();
    let sup = supervisor().child(spec).start(&system).await.unwrap();
    let (puppet, mut events) = Puppet::new();
    let watcher = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    monitor_restarts(&watcher, &child.any()).await;
    let (holding, mut gate) = hold();
    watcher.send(holding).await.unwrap();
    gate.begun().await;
    watcher.try_send(note(1)).unwrap();

    for _ in 0..3 {
        child.send(Job::Fail).await.unwrap();
    }
    child.ask(|reply| Job::Echo(1, reply)).await.unwrap();
    gate.open();

    assert_eq!(events.next().await, Event::Note(1));
    for incarnation in 2..5 {
        assert_eq!(restarted(&mut events).await.incarnation, incarnation);
    }
    sup.stop();
    sup.wait().await;
}

// D3: none is lost and none is told twice, and after the end there is no more news.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_of_restarts_that_race_with_the_end_come_in_order_and_before_it() {
    let system = system();
    for _ in 0..200 {
        let (spec, child) = ChildSpec::new("child", || Puppet::new().0).build();
        let sup = supervisor().child(spec).start(&system).await.unwrap();
        let (watcher, mut events) = spawn(&system, Placement::Task);
        let id = monitor_restarts(&watcher, &child.any()).await;

        for _ in 0..5 {
            child.try_send(fail("no")).unwrap();
        }
        sup.stop();
        soon("the end", child.wait()).await;
        watcher.drain();

        let mut last = 1;
        let rest = events.rest().await;
        let (stopped, heard) = rest.split_last().expect("it stopped");
        let (ended, news) = heard.split_last().expect("it ended");
        assert_eq!(*stopped, Event::Stopped(ExitReason::Normal));
        assert!(
            matches!(ended, Event::Signal(Signal::Down(down)) if down.monitor == id),
            "{rest:?}"
        );
        for event in news {
            let Event::Signal(Signal::Restarted(news)) = event else {
                panic!("{rest:?}");
            };
            assert_eq!(news.incarnation, last + 1, "{rest:?}");
            last = news.incarnation;
        }
    }
}
