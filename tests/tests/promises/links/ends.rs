//! F2, F5, F6: which ends reach a linked actor, and how.

use super::*;

in_every_placement!(
    a_failure_stops_the_linked_actor,
    a_linked_actor_that_traps_exits_hears_of_every_end,
    messages_of_the_dead_are_handled_before_its_exit,
    a_kill_cannot_be_trapped_and_others_see_it_as_killed,
);

// F5
async fn a_failure_stops_the_linked_actor(placement: Placement) {
    type End = fn(&ActorRef<Act>);
    let ends: [(End, &str); 3] = [
        (|actor| actor.try_send(fail("no")).unwrap(), "failed: no"),
        (
            |actor| actor.try_send(panic("oh")).unwrap(),
            "panicked at tests/src/puppet.rs",
        ),
        (ActorRef::kill, "killed"),
    ];
    for (end_it, cause) in ends {
        let system = system();
        let (one, _events) = spawn(&system, placement);
        let (other, mut events) = spawn(&system, placement);
        done(&other, linking(&one.any())).await;
        let (holding, mut gate) = hold();
        other.send(holding).await.unwrap();
        gate.begun().await;
        other.send(note(1)).await.unwrap();

        end_it(&one);
        end(&one).await;
        gate.open();

        // At once, not behind what is queued; and as a stop, so the hook runs.
        let ExitReason::Linked { cause: told } = end(&other).await else {
            panic!("it ended otherwise");
        };
        assert!(told.starts_with(cause), "{told}");
        assert_eq!(
            events.rest().await,
            [Event::Stopped(ExitReason::Linked { cause: told })]
        );
        assert_eq!(system.dead_letter_count(), 1);
    }
}

// F5
#[tokio::test]
async fn an_end_that_is_no_failure_ends_nobody() {
    let system = system();
    let (other, mut events) = task(&system);
    let (stopped, _events) = task(&system);
    let (drained, _events) = task(&system);
    let (parent, _events) = task(&system);
    let child = parent.ask(|reply: Reply<ActorRef<Act>>| {
        act_now(move |_, ctx| {
            reply.send(ctx.spawn(Puppet::new().0));
            Ok(())
        })
    });
    let child = child.await.unwrap();
    for target in [&stopped, &drained, &child] {
        done(&other, linking(&target.any())).await;
    }

    stopped.stop();
    drained.drain();
    parent.stop();

    assert_eq!(end(&stopped).await, ExitReason::Normal);
    assert_eq!(end(&drained).await, ExitReason::Normal);
    assert_eq!(end(&child).await, ExitReason::Shutdown);
    synced(&other).await;
    other.drain();
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// F5
async fn a_linked_actor_that_traps_exits_hears_of_every_end(placement: Placement) {
    let system = system();
    let (trapper, mut events) = spawn(&system, placement);
    done(&trapper, trapping()).await;
    type End = fn(&ActorRef<Act>);
    let ends: [(End, ExitReason); 4] = [
        (|actor| actor.try_send(fail("no")).unwrap(), failed("no")),
        (ActorRef::kill, ExitReason::Killed),
        (ActorRef::stop, ExitReason::Normal),
        (
            |actor| actor_core::link::shut_down(&actor.any()),
            ExitReason::Shutdown,
        ),
    ];
    for (end_it, reason) in ends {
        let (one, _events) = spawn(&system, placement);
        done(&trapper, linking(&one.any())).await;

        end_it(&one);

        let actor = one.id();
        assert_eq!(exit(&mut events).await, Exit { actor, reason });
    }
    synced(&trapper).await;
    trapper.stop();
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// F5
#[tokio::test]
async fn an_exit_needs_no_room_in_the_mailbox() {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let trapper = system
        .actor(puppet.on_start(trapping()))
        .mailbox(Mailbox::bounded(1))
        .spawn();
    let (one, _events) = task(&system);
    done(&trapper, linking(&one.any())).await;
    let (holding, mut gate) = hold();
    trapper.send(holding).await.unwrap();
    gate.begun().await;
    trapper.try_send(note(1)).unwrap();
    assert!(trapper.try_send(note(2)).unwrap_err().is_full());

    one.kill();
    end(&one).await;
    gate.open();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(exit(&mut events).await.reason, ExitReason::Killed);
}

// F5
#[tokio::test]
async fn who_traps_exits_no_more_ends_by_them() {
    let system = system();
    let (one, _events) = task(&system);
    let (other, mut events) = task(&system);
    done(&other, trapping()).await;
    done(&other, linking(&one.any())).await;

    let no_more = act_now(|_, ctx| {
        ctx.trap_exits(false);
        Ok(())
    });
    done(&other, no_more).await;
    one.kill();

    assert_eq!(end(&other).await, linked("killed"));
    assert_eq!(events.rest().await, [Event::Stopped(linked("killed"))]);
}

// F2
async fn messages_of_the_dead_are_handled_before_its_exit(placement: Placement) {
    let system = system();
    for _ in 0..50 {
        let (watcher, mut events) = spawn(&system, placement);
        let (dying, _events) = spawn(&system, placement);
        done(&watcher, trapping()).await;
        done(&watcher, linking(&dying.any())).await;
        let target = watcher.clone();
        let talk = act(move |_, _| {
            Box::pin(async move {
                for number in 0..50 {
                    target.send(note(number)).await?;
                }
                Err("over".into())
            })
        });

        dying.send(talk).await.unwrap();

        for number in 0..50 {
            assert_eq!(events.next().await, Event::Note(number));
        }
        exit(&mut events).await;
    }
}

// F6
async fn a_kill_cannot_be_trapped_and_others_see_it_as_killed(placement: Placement) {
    let system = system();
    let (trapper, mut events) = spawn(&system, placement);
    let (trapping_peer, mut heard) = spawn(&system, placement);
    let (peer, _events) = spawn(&system, placement);
    done(&trapper, trapping()).await;
    done(&trapping_peer, trapping()).await;
    done(&trapper, linking(&trapping_peer.any())).await;
    done(&trapper, linking(&peer.any())).await;

    trapper.kill();

    assert_eq!(end(&trapper).await, ExitReason::Killed);
    assert_eq!(events.rest().await, [], "no signal and no hook");
    assert_eq!(exit(&mut heard).await.reason, ExitReason::Killed);
    assert_eq!(end(&peer).await, linked("killed"));
}

// F5: the names of the dead are free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_an_exit_is_handled_the_name_is_free() {
    let system = system();
    for _ in 0..300 {
        let (puppet, _events) = Puppet::new();
        let one = system.start_named("name", puppet).await.unwrap();
        let (sender, mut free) = unbounded_channel();
        let looking = system.clone();
        let (puppet, _events) = Puppet::new();
        let look = act_now(move |_, _| {
            sender.send(looking.lookup_any("name").is_none()).unwrap();
            Ok(())
        });
        let trapper = system.spawn(puppet.on_start(trapping()).on_signal(look));
        done(&trapper, linking(&one.any())).await;

        one.stop();

        assert_eq!(soon("the exit", free.recv()).await, Some(true));
    }
}
