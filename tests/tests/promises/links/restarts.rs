//! F3, F5, D2: links of actors that wait for their start, or start again.

use super::*;

in_every_placement!(a_linked_child_ends_with_its_sibling_and_both_are_restarted);

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
