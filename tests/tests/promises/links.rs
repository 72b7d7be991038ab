//! F5, F6: links; F2 and F3 for them.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use actor_core::prelude::*;
use actor_core::{ActorId, Exit, SupervisorBuilder};
use tests::puppet::{Act, Event, Events, Puppet, act, act_now, answer, fail, hold, note, panic};
use tests::random::Random;
use tests::{in_every_placement, soon, system};
use tokio::sync::mpsc::unbounded_channel;

in_every_placement!(
    a_failure_stops_the_linked_actor,
    a_linked_actor_that_traps_exits_hears_of_every_end,
    a_link_is_mutual_whoever_made_it,
    messages_of_the_dead_are_handled_before_its_exit,
    after_unlink_no_exit_is_handled,
    a_kill_cannot_be_trapped_and_others_see_it_as_killed,
    a_linked_child_ends_with_its_sibling_and_both_are_restarted,
);

const HOUR: Duration = Duration::from_secs(3600);

fn spawn(system: &ActorSystem, placement: Placement) -> (ActorRef<Act>, Events) {
    let (puppet, events) = Puppet::new();
    (system.actor(puppet).placement(placement).spawn(), events)
}

fn task(system: &ActorSystem) -> (ActorRef<Act>, Events) {
    spawn(system, Placement::Task)
}

fn linking(target: &AnyActorRef) -> Act {
    let target = target.clone();
    act_now(move |_, ctx| {
        ctx.link(&target);
        Ok(())
    })
}

fn unlinking(target: &AnyActorRef) -> Act {
    let target = target.clone();
    act_now(move |_, ctx| {
        ctx.unlink(&target);
        Ok(())
    })
}

fn trapping() -> Act {
    act_now(|_, ctx| {
        ctx.trap_exits(true);
        Ok(())
    })
}

/// Has the actor do it, and waits until it has.
async fn done(actor: &ActorRef<Act>, act: Act) {
    actor.send(act).await.unwrap();
    synced(actor).await;
}

/// Waits until what was sent before is handled.
async fn synced(actor: &ActorRef<Act>) {
    let answered = soon(
        "an answer",
        actor.ask_within(HOUR, |reply| answer(reply, 1)),
    );
    answered.await.unwrap();
}

async fn end(actor: &ActorRef<Act>) -> ExitReason {
    soon("the end", actor.wait()).await
}

async fn exit(events: &mut Events) -> Exit {
    match events.next().await {
        Event::Signal(Signal::Exit(exit)) => exit,
        other => panic!("{other:?} is no exit"),
    }
}

fn linked(cause: &str) -> ExitReason {
    ExitReason::Linked {
        cause: cause.to_owned(),
    }
}

fn failed(text: &str) -> ExitReason {
    ExitReason::Failed(text.to_owned())
}

fn supervisor() -> SupervisorBuilder {
    Supervisor::builder(Strategy::OneForOne).intensity(100, HOUR)
}

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
async fn a_link_is_mutual_whoever_made_it(placement: Placement) {
    for maker_fails in [true, false] {
        let system = system();
        let (maker, _events) = spawn(&system, placement);
        let (other, _events) = spawn(&system, placement);
        done(&maker, linking(&other.any())).await;

        let (first, second) = match maker_fails {
            true => (&maker, &other),
            false => (&other, &maker),
        };
        first.send(fail("no")).await.unwrap();

        assert_eq!(end(first).await, failed("no"));
        assert_eq!(end(second).await, linked("failed: no"));
    }
}

// F5
#[tokio::test]
async fn there_is_one_link_per_pair() {
    let system = system();
    let (one, mut heard_by_one) = task(&system);
    let (other, mut heard_by_other) = task(&system);
    done(&one, trapping()).await;
    done(&other, trapping()).await;

    // As often as they like, from both sides; one unlink takes it away.
    for _ in 0..3 {
        done(&one, linking(&other.any())).await;
        done(&other, linking(&one.any())).await;
    }
    done(&one, unlinking(&other.any())).await;
    done(&one, linking(&other.any())).await;
    done(&other, linking(&one.any())).await;
    one.kill();

    assert_eq!(exit(&mut heard_by_other).await.actor, one.id());
    synced(&other).await;
    other.drain();
    assert_eq!(
        heard_by_other.rest().await,
        [Event::Stopped(ExitReason::Normal)]
    );
    assert_eq!(heard_by_one.rest().await, []);
}

// F5
#[tokio::test]
async fn an_actor_that_links_itself_is_not_disturbed() {
    let system = system();
    let (one, mut events) = task(&system);
    done(&one, trapping()).await;

    done(&one, linking(&one.any())).await;
    done(&one, unlinking(&one.any())).await;
    done(&one, linking(&one.any())).await;
    one.send(fail("no")).await.unwrap();

    assert_eq!(end(&one).await, failed("no"));
    assert_eq!(events.rest().await, [Event::Stopped(failed("no"))]);
}

// F5
#[tokio::test]
async fn a_link_with_a_dead_actor_is_told_at_once() {
    let system = system();
    let (dead, _events) = task(&system);
    dead.stop();
    end(&dead).await;
    let (trapper, mut events) = task(&system);
    done(&trapper, trapping()).await;
    let (other, _events) = task(&system);

    for _ in 0..2 {
        done(&trapper, linking(&dead.any())).await;
        let reason = ExitReason::NoActor;
        let actor = dead.id();
        assert_eq!(exit(&mut events).await, Exit { actor, reason });
    }
    other.send(linking(&dead.any())).await.unwrap();

    assert_eq!(end(&other).await, linked("no such actor"));
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

// F5
#[tokio::test]
async fn a_link_keeps_nobody_alive() {
    let system = system();
    let (trapper, mut events) = task(&system);
    done(&trapper, trapping()).await;
    let (one, _events) = task(&system);
    done(&trapper, linking(&one.any())).await;
    done(&one, linking(&trapper.any())).await;
    let id = one.id();

    drop(one);

    let heard = exit(&mut events).await;
    assert_eq!((heard.actor, heard.reason), (id, ExitReason::Normal));
}

// F5: a ring of links comes to rest, and the cause does not grow on the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ring_of_links_ends_and_names_the_first_cause() {
    let system = system();
    let ring: Vec<_> = (0..200).map(|_| task(&system).0).collect();
    for (place, actor) in ring.iter().enumerate() {
        let next = &ring[(place + 1) % ring.len()];
        done(actor, linking(&next.any())).await;
        // Chords, so that there are many ways round.
        let far = &ring[(place + 17) % ring.len()];
        done(actor, linking(&far.any())).await;
    }

    ring[50].send(fail("first")).await.unwrap();

    for (place, actor) in ring.iter().enumerate() {
        let expected = match place {
            50 => failed("first"),
            _ => linked("failed: first"),
        };
        assert_eq!(end(actor).await, expected);
    }
    assert_eq!(system.live_actors(), 0);
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

// F3
async fn after_unlink_no_exit_is_handled(placement: Placement) {
    let system = system();
    let (trapper, mut events) = spawn(&system, placement);
    done(&trapper, trapping()).await;
    let (first, _events) = spawn(&system, placement);
    let (second, _events) = spawn(&system, placement);
    let (third, _events) = spawn(&system, placement);
    let (dead, _events) = spawn(&system, placement);
    dead.kill();
    end(&dead).await;
    for target in [&first, &second, &third] {
        done(&trapper, linking(&target.any())).await;
    }
    let (holding, mut gate) = hold();
    trapper.send(holding).await.unwrap();
    gate.begun().await;

    // The messages that take the links back stand before the exits, which are queued when these are handled.
    trapper.send(linking(&dead.any())).await.unwrap();
    for target in [&first, &second, &dead] {
        trapper.send(unlinking(&target.any())).await.unwrap();
    }
    for target in [&first, &second, &third] {
        target.kill();
        end(target).await;
    }
    gate.open();

    assert_eq!(exit(&mut events).await.actor, third.id());
    synced(&trapper).await;
    trapper.drain();
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// F3
#[tokio::test]
async fn who_was_unlinked_by_the_other_does_not_end_with_it() {
    let system = system();
    let (one, _events) = task(&system);
    let (other, mut events) = task(&system);
    done(&other, linking(&one.any())).await;

    done(&one, unlinking(&other.any())).await;
    one.kill();
    end(&one).await;

    synced(&other).await;
    other.drain();
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
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

// F5, D2
async fn a_linked_child_ends_with_its_sibling_and_both_are_restarted(placement: Placement) {
    let system = system();
    let (told_by_one, mut one_events) = Events::channel();
    let (told_by_other, mut other_events) = Events::channel();
    let (first, one) = ChildSpec::new("one", move || Puppet::telling(&told_by_one))
        .placement(placement)
        .build();
    let (second, other) = ChildSpec::new("other", move || Puppet::telling(&told_by_other))
        .placement(placement)
        .build();
    let builder = supervisor().child(first).child(second);
    let sup = builder.start(&system).await.unwrap();
    done(&one, linking(&other.any())).await;

    one.send(fail("no")).await.unwrap();

    let stopped = |reason| Event::Stopped(reason);
    assert_eq!(one_events.next().await, stopped(failed("no")));
    assert_eq!(other_events.next().await, stopped(linked("failed: no")));
    // The next incarnations are not linked.
    synced(&one).await;
    synced(&other).await;
    one.send(fail("again")).await.unwrap();
    assert_eq!(one_events.next().await, stopped(failed("again")));
    synced(&one).await;
    synced(&other).await;
    assert_eq!(other_events.try_next(), None);
    sup.stop();
    sup.wait().await;
}

// F5: fail together, each start links again, and one failure is two restarts and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linked_siblings_that_link_again_at_each_start_come_to_rest() {
    for round in 0..200 {
        let system = system();
        let (for_one, for_other) = (Target::default(), Target::default());
        let (first, one) = linking_child("one", &for_one);
        let (second, other) = linking_child("other", &for_other);
        for_other.set(one.any()).unwrap();
        // In every second pair of rounds both do.
        if round % 4 < 2 {
            for_one.set(other.any()).unwrap();
        }
        let builder = supervisor().child(first).child(second);
        let sup = builder.start(&system).await.unwrap();

        // The one that was stopped for the other's sake may be linked again before its end.
        let failing = if round % 2 == 0 { &one } else { &other };
        failing.send(fail("no")).await.unwrap();

        let incarnations = soon("rest", async {
            loop {
                synced(&one).await;
                synced(&other).await;
                let infos = sup.which_children().await.unwrap();
                let restarts: Vec<u32> = infos.iter().map(|info| info.restarts).collect();
                if restarts.iter().all(|count| *count > 0) {
                    break restarts;
                }
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(incarnations.await, [1, 1], "round {round}");
        // And they are linked: the next failure takes both along, once both have started.
        synced(&one).await;
        synced(&other).await;
        other.send(fail("again")).await.unwrap();
        let restarted = soon("the second restart", async {
            loop {
                let infos = sup.which_children().await.unwrap();
                if infos.iter().all(|info| info.restarts == 2) {
                    break;
                }
                tokio::task::yield_now().await;
            }
        });
        restarted.await;
        sup.stop();
        sup.wait().await;
    }
}

type Target = Arc<OnceLock<AnyActorRef>>;

/// A child whose every incarnation links itself with the target, if there is one.
fn linking_child(id: &str, target: &Target) -> (ChildSpec, ActorRef<Act>) {
    let target = Arc::clone(target);
    let factory = move || match target.get() {
        Some(target) => Puppet::new().0.on_start(linking(target)),
        None => Puppet::new().0,
    };
    ChildSpec::new(id, factory).build()
}

// F5
#[tokio::test]
async fn a_link_with_an_actor_that_waits_for_its_start_holds_from_its_start_on() {
    let system = system();
    let (spec, late) = ChildSpec::new("late", || Puppet::new().0).build();
    let (one, _events) = task(&system);
    done(&one, linking(&late.any())).await;
    let (gone, _events) = task(&system);
    done(&gone, linking(&late.any())).await;
    gone.kill();
    end(&gone).await;

    // Who ended before the start is linked no more.
    let sup = supervisor().child(spec).start(&system).await.unwrap();
    synced(&late).await;
    late.send(fail("no")).await.unwrap();

    assert_eq!(end(&one).await, linked("failed: no"));
    sup.stop();
    sup.wait().await;
}

// F5
#[tokio::test]
async fn a_link_with_an_actor_that_never_starts_is_told() {
    let system = system();
    let (spec, late) = ChildSpec::new("late", || Puppet::new().0).build();
    let (trapper, mut events) = task(&system);
    done(&trapper, trapping()).await;
    done(&trapper, linking(&late.any())).await;

    drop(spec);

    let reason = soon("the end", late.wait()).await;
    assert_eq!(exit(&mut events).await.reason, reason);
}

// F5
#[tokio::test]
async fn a_start_that_fails_takes_those_along_that_it_has_linked() {
    let system = system();
    let (other, _events) = task(&system);
    let target = other.any();
    let puppet = Puppet::new().0.on_start(act_now(move |_, ctx| {
        ctx.link(&target);
        Err("not today".into())
    }));

    assert!(system.start(puppet).await.is_err());

    assert_eq!(end(&other).await, linked("failed to start: not today"));
}

// F3, F5: what an incarnation linked or trapped does not reach the next one.
#[tokio::test]
async fn an_exit_for_an_earlier_incarnation_is_not_handled() {
    let system = system();
    let (sender, mut events) = Events::channel();
    let (spec, trapper) = ChildSpec::new("trapper", move || Puppet::telling(&sender)).build();
    let sup = supervisor().child(spec).start(&system).await.unwrap();
    let (one, _events) = task(&system);
    let (other, _events) = task(&system);
    done(&trapper, trapping()).await;
    done(&trapper, linking(&one.any())).await;
    let (holding, mut gate) = hold();
    trapper.send(holding).await.unwrap();
    gate.begun().await;

    // The exit is queued when the incarnation ends that was linked.
    trapper.send(fail("over")).await.unwrap();
    one.kill();
    end(&one).await;
    trapper.send(note(1)).await.unwrap();
    gate.open();

    assert_eq!(events.next().await, Event::Stopped(failed("over")));
    assert_eq!(events.next().await, Event::Note(1));
    // And the new one does not trap.
    done(&trapper, linking(&other.any())).await;
    other.kill();
    assert_eq!(events.next().await, Event::Stopped(linked("killed")));
    sup.stop();
    sup.wait().await;
}

// F5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_races_with_an_end_is_told_exactly_once() {
    let system = system();
    for round in 0..3_000 {
        let (dying, _events) = task(&system);
        let (trapper, mut events) = task(&system);
        done(&trapper, trapping()).await;
        let killing = {
            let dying = dying.clone();
            tokio::spawn(async move { dying.kill() })
        };

        // In every other round both link, also the one that dies.
        if round % 2 == 0 {
            dying.try_send(linking(&trapper.any())).ok();
        }
        trapper.send(linking(&dying.any())).await.unwrap();

        let heard = exit(&mut events).await;
        assert_eq!(heard.actor, dying.id());
        let reasons = [ExitReason::Killed, ExitReason::NoActor];
        assert!(reasons.contains(&heard.reason), "{heard:?}");
        killing.await.unwrap();
        trapper.drain();
        // A link that the dying one made and that was told before the trapper linked as well, is one; the trapper's is another.
        let rest = events.rest().await;
        let again = Event::Signal(Signal::Exit(Exit {
            actor: dying.id(),
            reason: ExitReason::NoActor,
        }));
        let stopped = Event::Stopped(ExitReason::Normal);
        let was_told_twice = rest == [again, stopped.clone()] && round % 2 == 0;
        assert!(was_told_twice || rest == [stopped], "{rest:?}");
    }
}

// F5: two that link each other at the same moment are linked once, and not half.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_actors_that_link_each_other_at_once_are_linked_once() {
    let system = system();
    for round in 0..3_000 {
        let (one, mut heard_by_one) = task(&system);
        let (other, mut heard_by_other) = task(&system);
        one.send(trapping()).await.unwrap();
        other.send(trapping()).await.unwrap();

        let linking_other = {
            let (one, other) = (one.clone(), other.any());
            tokio::spawn(async move { done(&one, linking(&other)).await })
        };
        done(&other, linking(&one.any())).await;
        linking_other.await.unwrap();
        let (first, second, heard) = if round % 2 == 0 {
            (&one, &other, &mut heard_by_other)
        } else {
            (&other, &one, &mut heard_by_one)
        };
        first.kill();

        assert_eq!(exit(heard).await.actor, first.id());
        end(first).await;
        synced(second).await;
        second.drain();
        assert_eq!(heard.rest().await, [Event::Stopped(ExitReason::Normal)]);
    }
}

// F3, F5: links and unlinks from both sides at once leave both linked, or neither: half a link would make a later link or unlink fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_and_unlinks_that_race_leave_no_half_of_a_link() {
    let system = system();
    let seed = Random::fresh_seed();
    let mut random = Random::seeded(seed);
    for round in 0..2_000 {
        let again = format!("round {round}; replay with PROMISES_SEED={seed}");
        let (one, heard_by_one) = task(&system);
        let (other, heard_by_other) = task(&system);
        one.send(trapping()).await.unwrap();
        other.send(trapping()).await.unwrap();
        let mut plan = || (0..4).map(|_| random.below(2)).collect::<Vec<_>>();
        let (ones, others) = (plan(), plan());

        let of_one = tokio::spawn(link_and_unlink(one.clone(), other.any(), ones));
        link_and_unlink(other.clone(), one.any(), others).await;
        of_one.await.unwrap();
        let are_linked = random.below(2) == 0;
        let last = if are_linked { linking } else { unlinking };
        let mut pair = [(one, heard_by_one), (other, heard_by_other)];
        if random.below(2) == 0 {
            pair.reverse();
        }
        done(&pair[0].0, last(&pair[1].0.any())).await;
        if random.below(2) == 0 {
            pair.reverse();
        }
        let [(killed, _), (left, mut heard)] = pair;
        killed.kill();

        end(&killed).await;
        synced(&left).await;
        left.drain();
        let rest = heard.rest().await;
        assert_eq!(rest.len(), 1 + usize::from(are_linked), "{again}: {rest:?}");
    }
}

async fn link_and_unlink(actor: ActorRef<Act>, target: AnyActorRef, plan: Vec<u64>) {
    for choice in plan {
        let act = match choice {
            0 => linking(&target),
            _ => unlinking(&target),
        };
        actor.send(act).await.unwrap();
    }
    synced(&actor).await;
}

// F3: an unlink may race with the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_unlink_that_races_with_the_end_no_exit_is_handled() {
    let system = system();
    for _ in 0..3_000 {
        let (dying, _events) = task(&system);
        let (trapper, mut events) = task(&system);
        trapper.send(trapping()).await.unwrap();
        done(&trapper, linking(&dying.any())).await;
        let killing = {
            let dying = dying.clone();
            tokio::spawn(async move { dying.kill() })
        };

        let target = dying.any();
        let unlinking = act_now(move |puppet, ctx| {
            ctx.unlink(&target);
            puppet.note(1);
            Ok(())
        });
        trapper.send(unlinking).await.unwrap();
        end(&dying).await;
        killing.await.unwrap();
        synced(&trapper).await;
        trapper.drain();

        let rest = events.rest().await;
        let place = rest.iter().position(|event| *event == Event::Note(1));
        let after = &rest[place.expect("it was handled") + 1..];
        assert_eq!(after, [Event::Stopped(ExitReason::Normal)]);
    }
}

// F5, F6: of a random graph exactly those end that are connected with one that fails, through others that do not trap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_random_graph_exactly_the_connected_end() {
    let seed = Random::fresh_seed();
    let mut random = Random::seeded(seed);
    for round in 0..20 {
        let again = format!("round {round}; replay with PROMISES_SEED={seed}");
        let graph = Graph::random(&mut random);
        soon("the end of a graph", graph.play(&mut random, &again)).await;
    }
}

const NODES: usize = 100;

/// Who is linked with whom, and who traps exits.
struct Graph {
    links: Vec<(usize, usize)>,
    traps: Vec<bool>,
}

impl Graph {
    fn random(random: &mut Random) -> Self {
        let count = 60 + random.below(60);
        let mut node = || random.below(NODES as u64) as usize;
        let links = (0..count).map(|_| (node(), node())).collect();
        Graph {
            links,
            traps: (0..NODES).map(|_| random.below(5) == 0).collect(),
        }
    }

    /// Those that end when these are killed: a trapping one passes nothing on, unless it is killed itself.
    fn ending(&self, killed: &[usize]) -> Vec<bool> {
        let mut ends = vec![false; NODES];
        let mut next = killed.to_vec();
        while let Some(node) = next.pop() {
            if std::mem::replace(&mut ends[node], true) {
                continue;
            }
            let peers = self.peers(node).into_iter();
            next.extend(peers.filter(|peer| !self.traps[*peer]));
        }
        ends
    }

    fn peers(&self, node: usize) -> Vec<usize> {
        let mut peers: Vec<usize> = self
            .links
            .iter()
            .filter(|(one, other)| one != other && (*one == node || *other == node))
            .map(|(one, other)| if *one == node { *other } else { *one })
            .collect();
        peers.sort_unstable();
        peers.dedup();
        peers
    }

    async fn play(&self, random: &mut Random, again: &str) {
        let system = system();
        let (actors, mut events): (Vec<_>, Vec<_>) = (0..NODES).map(|_| task(&system)).unzip();
        for (actor, _) in actors.iter().zip(&self.traps).filter(|(_, traps)| **traps) {
            actor.send(trapping()).await.unwrap();
        }
        // All at once, so that they race with each other.
        for (one, other) in &self.links {
            let target = actors[*other].any();
            actors[*one].send(linking(&target)).await.unwrap();
        }
        for actor in &actors {
            synced(actor).await;
        }
        let killed: Vec<_> = (0..3)
            .map(|_| random.below(NODES as u64) as usize)
            .collect();
        let ending = self.ending(&killed);

        killed.iter().for_each(|node| actors[*node].kill());

        for node in (0..NODES).filter(|node| ending[*node]) {
            end(&actors[node]).await;
        }
        for node in (0..NODES).filter(|node| !ending[*node]) {
            synced(&actors[node]).await;
            assert!(!actors[node].is_closed(), "{again}: {node} has ended");
            self.check_exits(node, &ending, &actors, &mut events[node], again);
        }
        assert_eq!(
            system.live_actors(),
            ending.iter().filter(|ends| !**ends).count(),
            "{again}"
        );
    }

    /// One that lives on has heard of each of its peers that ended, once.
    #[track_caller]
    fn check_exits(
        &self,
        node: usize,
        ending: &[bool],
        actors: &[ActorRef<Act>],
        events: &mut Events,
        again: &str,
    ) {
        let mut heard: HashMap<ActorId, u32> = HashMap::new();
        while let Some(event) = events.try_next() {
            match event {
                Event::Signal(Signal::Exit(exit)) => *heard.entry(exit.actor).or_default() += 1,
                other => panic!("{again}: {node} tells {other:?}"),
            }
        }
        let peers = self.peers(node).into_iter();
        let expected: HashMap<ActorId, u32> = peers
            .filter(|peer| ending[*peer])
            .map(|peer| (actors[peer].id(), 1))
            .collect();
        assert_eq!(heard, expected, "{again}: {node}");
    }
}

// F5: actors of two systems know each other by reference only.
#[tokio::test]
async fn actors_of_two_systems_can_be_linked() {
    let (here, there) = (system(), system());
    let (one, _events) = task(&here);
    let (other, _events) = task(&there);
    done(&one, linking(&other.any())).await;

    other.send(fail("no")).await.unwrap();

    assert_eq!(end(&one).await, linked("failed: no"));
}
