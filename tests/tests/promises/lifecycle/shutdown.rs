//! C8, C10: the end of a system, and of its runtime.

use super::*;

in_every_placement!(a_dropped_runtime_closes_every_cell);

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
