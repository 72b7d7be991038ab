//! C7: who is kept alive, and what is left of those who are not.

use super::*;

in_every_placement!(an_unreferenced_actor_drains_and_stops);

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
