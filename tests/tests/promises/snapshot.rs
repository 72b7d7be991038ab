//! Introspection: what a snapshot says of a system.

use std::collections::HashSet;

use actor_core::link::Outlet;
use actor_core::prelude::*;
use actor_core::snapshot::{ActorSnapshot, ActorState, Site, Snapshot, Totals, Work};
use tests::puppet::{Act, Events, Puppet, act_now, answer, fail, hold, note};
use tests::{in_every_placement, paused_system, soon, system};

in_every_placement!(the_message_in_hand_is_told_from_those_in_the_mailbox);

/// Does something in the actor and waits until it is done.
async fn inside<T: Send + 'static>(
    actor: &ActorRef<Act>,
    deed: impl FnOnce(&mut Puppet, &mut Context<Puppet>) -> T + Send + 'static,
) -> T {
    let asked = actor.ask(|reply: Reply<T>| {
        act_now(move |puppet, ctx| {
            reply.send(deed(puppet, ctx));
            Ok(())
        })
    });
    asked.await.unwrap()
}

/// Waits until the actor has nothing in hand and nothing to do.
async fn idle(system: &ActorSystem, id: actor_core::ActorId) -> ActorSnapshot {
    let is_idle = async {
        loop {
            let snapshot = system.snapshot();
            match snapshot.get(id) {
                Some(seen) if seen.in_hand.is_none() && seen.mailbox_len == 0 => {
                    return seen.clone();
                }
                _ => tokio::task::yield_now().await,
            }
        }
    };
    soon("the actor rests", is_idle).await
}

/// What holds for every snapshot, whatever happens meanwhile.
#[track_caller]
fn assert_is_tree(snapshot: &Snapshot) {
    let mut path: Vec<actor_core::ActorId> = Vec::new();
    let mut ids = HashSet::new();
    for actor in &snapshot.actors {
        assert!(ids.insert(actor.id), "{} is there twice", actor.id);
        assert!(actor.depth <= path.len(), "{} has no parent", actor.id);
        path.truncate(actor.depth);
        assert_eq!(actor.parent, path.last().copied());
        path.push(actor.id);
    }
}

#[tokio::test]
async fn the_tree_has_parents_before_children_and_siblings_in_order_of_start() {
    let system = system();
    let (sender, _events) = Events::channel();
    let make = move || Puppet::telling(&sender);
    let (first_spec, first) = ChildSpec::new("first", make.clone()).name("one").build();
    let (second_spec, second) = ChildSpec::new("second", make.clone())
        .placement(Placement::Thread)
        .build();
    let top = system.spawn(make());
    let builder = Supervisor::builder(Strategy::OneForOne);
    let builder = builder.child(first_spec).child(second_spec);
    let sup = builder.start(&system).await.unwrap();
    let last = system.start_named("last", make()).await.unwrap();
    let below = make();
    let grandchild = inside(&first, move |_, ctx| ctx.spawn(below)).await;

    let snapshot = system.snapshot();

    assert_is_tree(&snapshot);
    let sup = sup.any().id();
    let seen: Vec<_> = snapshot
        .actors
        .iter()
        .map(|actor| (actor.id, actor.parent, actor.depth, actor.name.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            (top.id(), None, 0, None),
            (sup, None, 0, None),
            (first.id(), Some(sup), 1, Some("one")),
            (grandchild.id(), Some(first.id()), 2, None),
            (second.id(), Some(sup), 1, None),
            (last.id(), None, 0, Some("last")),
        ]
    );
    let children: Vec<_> = snapshot.children(sup).map(|child| child.id).collect();
    assert_eq!(children, [first.id(), second.id()]);
    assert_eq!(snapshot.find("last").unwrap().id, last.id());
    assert_eq!(snapshot.get(second.id()).unwrap().site, Site::Thread);
    assert_eq!(snapshot.get(first.id()).unwrap().site, Site::Task);
    let types = snapshot.get(first.id()).unwrap();
    assert_eq!(types.actor_type.as_deref(), Some("tests::puppet::Puppet"));
    assert_eq!(types.message_type, "tests::puppet::Act");
    let supervisor = snapshot.get(sup).unwrap().actor_type.as_deref().unwrap();
    assert!(supervisor.ends_with("::Supervisor"), "{supervisor}");
    assert_eq!((snapshot.totals.actors, snapshot.totals.names), (6, 2));
}

#[tokio::test]
async fn restarts_and_incarnations_are_counted() {
    let system = system();
    let (sender, mut events) = Events::channel();
    let (spec, child) = ChildSpec::new("child", move || Puppet::telling(&sender)).build();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(10, Duration::from_secs(60));
    let sup = builder.child(spec).start(&system).await.unwrap();
    for _ in 0..3 {
        child.send(fail("as told")).await.unwrap();
        events.next().await;
    }
    inside(&child, |_, _| ()).await;

    let seen = idle(&system, child.id()).await;

    assert_eq!((seen.incarnation, seen.restarts, seen.handled), (4, 3, 4));
    assert_eq!(seen.state, ActorState::Running);
    drop(sup);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incarnation_that_was_given_up_is_no_restart_of_its_own() {
    let system = system();
    let (sender, _events) = Events::channel();
    let (open, opened) = std::sync::mpsc::channel::<()>();
    let (mut blocked, mut starts) = (Some(opened), 0);
    let (spec, child) = ChildSpec::new("child", move || {
        starts += 1;
        // Only the second one blocks its thread, so that it cannot see its own deadline.
        let gate = if starts == 2 { blocked.take() } else { None };
        Puppet::telling(&sender).on_start(act_now(move |_, _| {
            gate.map(|gate| gate.recv());
            Ok(())
        }))
    })
    .placement(Placement::Thread)
    .start_timeout(Duration::from_millis(1))
    .build();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(10, Duration::from_secs(60));
    let sup = builder.child(spec).start(&system).await.unwrap();
    child.send(fail("as told")).await.unwrap();

    inside(&child, |_, _| ()).await;

    let seen = idle(&system, child.id()).await;
    assert_eq!((seen.incarnation, seen.restarts), (4, 2));
    drop((open, sup));
}

#[tokio::test]
async fn messages_that_an_overflow_policy_drops_are_not_handled_but_dropped() {
    use actor_core::Overflow;

    async fn check(overflow: Overflow) {
        let system = system();
        let (puppet, _events) = Puppet::new();
        let mailbox = Mailbox::bounded(2).overflow(overflow);
        let actor = system.actor(puppet).mailbox(mailbox).spawn();
        let (act, mut gate) = hold();
        actor.send(act).await.unwrap();
        gate.begun().await;
        for number in 0..5 {
            // What becomes of it is the matter of the policy.
            drop(actor.try_send(note(number)));
        }

        let seen = system.snapshot().get(actor.id()).unwrap().clone();
        assert_eq!((seen.mailbox_len, seen.handled), (2, 1), "{overflow:?}");
        assert_eq!(seen.dropped, 3, "{overflow:?}");
        gate.open();
        let seen = idle(&system, actor.id()).await;
        assert_eq!((seen.handled, seen.dropped), (3, 3), "{overflow:?}");
    }

    check(Overflow::DropOldest).await;
    check(Overflow::DropNewest).await;
}

#[tokio::test(start_paused = true)]
async fn a_child_between_two_incarnations_waits() {
    let system = paused_system();
    let (sender, mut events) = Events::channel();
    let (spec, child) = ChildSpec::new("child", move || Puppet::telling(&sender))
        .backoff(Backoff::constant(Duration::from_secs(3_600)))
        .build();
    let builder = Supervisor::builder(Strategy::OneForOne).child(spec);
    let sup = builder.start(&system).await.unwrap();
    child.send(fail("as told")).await.unwrap();
    events.next().await;
    child.send(note(1)).await.unwrap();
    while system.snapshot().get(child.id()).unwrap().state != ActorState::Waiting {
        tokio::task::yield_now().await;
    }

    let seen = system.snapshot().get(child.id()).unwrap().clone();

    assert_eq!(
        (seen.incarnation, seen.restarts, seen.mailbox_len),
        (1, 0, 1)
    );
    assert_eq!(seen.in_hand, None);
    drop(sup);
}

async fn the_message_in_hand_is_told_from_those_in_the_mailbox(placement: Placement) {
    let system = system();
    let (puppet, _events) = Puppet::new();
    let builder = system.actor(puppet).placement(placement);
    let actor = builder.mailbox(Mailbox::bounded(8)).spawn();
    let (act, mut gate) = hold();
    actor.send(act).await.unwrap();
    gate.begun().await;
    for number in 0..3 {
        actor.send(note(number)).await.unwrap();
    }

    let seen = system.snapshot().get(actor.id()).unwrap().clone();

    assert_eq!((seen.mailbox_len, seen.mailbox_capacity), (3, Some(8)));
    assert_eq!((seen.handled, seen.dropped), (1, 0));
    let in_hand = seen.in_hand.unwrap();
    assert_eq!(in_hand.work, Work::Handling);
    assert_eq!((in_hand.at_least, in_hand.overdue), (None, false));

    gate.open();
    assert_eq!(idle(&system, actor.id()).await.handled, 4);
}

#[tokio::test]
async fn an_unbounded_mailbox_has_no_capacity() {
    let system = system();
    let (puppet, _events) = Puppet::new();
    let actor = system.actor(puppet).mailbox(Mailbox::unbounded()).spawn();

    let seen = system.snapshot().get(actor.id()).unwrap().clone();

    assert_eq!(seen.mailbox_capacity, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_counted_as_handled_or_queued_under_load() {
    const SENDERS: u64 = 4;
    const EACH: u64 = 5_000;
    let system = system();
    let (puppet, _events) = Puppet::new();
    let actor = system.actor(puppet).mailbox(Mailbox::bounded(16)).spawn();
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let actor = actor.clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    actor.send(note(number)).await.unwrap();
                }
            })
        })
        .collect();

    let mut last = 0;
    while senders.iter().any(|sender| !sender.is_finished()) {
        let seen = system.snapshot().get(actor.id()).unwrap().clone();
        assert!(seen.handled >= last, "what is handled stays handled");
        assert!(
            seen.mailbox_len <= 16,
            "{} in a mailbox of 16",
            seen.mailbox_len
        );
        last = seen.handled;
        tokio::task::yield_now().await;
    }
    for sender in senders {
        sender.await.unwrap();
    }

    assert_eq!(idle(&system, actor.id()).await.handled, SENDERS * EACH);
}

#[tokio::test]
async fn states_follow_the_life_of_an_actor() {
    let system = system();
    let (start, mut starting) = hold();
    let (stop, mut stopping) = hold();
    let (puppet, _events) = Puppet::new();
    let actor = system.spawn(puppet.on_start(start).on_stopped(stop));
    let state = || {
        let snapshot = system.snapshot();
        let actor = snapshot.get(actor.id())?;
        Some((actor.state, actor.in_hand.as_ref().map(|hand| hand.work)))
    };

    starting.begun().await;
    assert_eq!(state(), Some((ActorState::Starting, Some(Work::Starting))));
    starting.open();
    idle(&system, actor.id()).await;
    assert_eq!(state(), Some((ActorState::Running, None)));
    let (act, mut gate) = hold();
    actor.send(act).await.unwrap();
    gate.begun().await;
    actor.drain();
    assert_eq!(state(), Some((ActorState::Draining, Some(Work::Handling))));
    actor.stop();
    assert_eq!(state(), Some((ActorState::Stopping, Some(Work::Handling))));
    gate.open();
    stopping.begun().await;
    assert_eq!(state(), Some((ActorState::Stopping, Some(Work::Stopping))));
    stopping.open();
    actor.wait().await;
    assert_eq!(state(), None);
}

#[tokio::test]
async fn an_actor_that_waits_for_its_children_to_stop_has_nothing_in_hand() {
    let system = system();
    let (stop, mut stopping) = hold();
    let (child, _child_events) = Puppet::new();
    let (puppet, _events) = Puppet::new();
    let parent = system.spawn(puppet);
    let child = child.on_stopped(stop);
    inside(&parent, move |_, ctx| ctx.spawn(child)).await;
    parent.stop();
    stopping.begun().await;

    let snapshot = system.snapshot();

    let seen = snapshot.get(parent.id()).unwrap();
    assert_eq!((seen.state, &seen.in_hand), (ActorState::Stopping, &None));
    let child = snapshot.children(parent.id()).next().unwrap();
    assert_eq!(child.in_hand.as_ref().unwrap().work, Work::Stopping);
    stopping.open();
    parent.wait().await;
}

#[tokio::test(start_paused = true)]
async fn timers_deadlines_and_monitors_are_counted_while_they_are_set() {
    let system = paused_system();
    let (puppet, _events) = Puppet::new();
    let (other, _other_events) = Puppet::new();
    let (actor, other) = (system.spawn(puppet), system.spawn(other));
    let target = other.any();
    inside(&actor, move |_, ctx| {
        ctx.monitor(&target);
        let taken_back = ctx.monitor(&target);
        ctx.demonitor(taken_back);
        ctx.monitor_with(&target, |_| note(1));
        ctx.send_after("once", Duration::from_secs(1), note(2));
        ctx.send_after("once", Duration::from_secs(2), note(3));
        ctx.send_interval("often", Duration::from_secs(1), || note(4));
        ctx.send_after("never", Duration::from_secs(1), note(5));
        ctx.cancel_timer("never");
    })
    .await;
    let totals = system.snapshot().totals;
    assert_eq!((totals.timers, totals.monitors), (2, 2));

    let (act, mut gate) = hold();
    other.send(act).await.unwrap();
    gate.begun().await;
    let mut ask = Box::pin(other.ask(|reply| answer(reply, 1)));
    assert!(tests::poll_once(&mut ask).is_none());
    assert_eq!(system.snapshot().totals.timers, 3, "the ask has a deadline");
    drop((ask, gate));

    tokio::time::sleep(Duration::from_millis(3_500)).await;
    let totals = system.snapshot().totals;
    assert_eq!((totals.timers, totals.monitors), (1, 2), "one has fired");
    other.stop();
    other.wait().await;
    assert_eq!(system.snapshot().totals.monitors, 0);
    actor.stop();
    actor.wait().await;
    assert_eq!(system.snapshot().totals.timers, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_everything_has_ended_all_totals_are_zero() {
    let system = system();
    let (sender, _events) = Events::channel();
    let (spec, child) = ChildSpec::new("child", {
        let sender = sender.clone();
        move || Puppet::telling(&sender)
    })
    .name("child")
    .build();
    let builder = Supervisor::builder(Strategy::OneForOne).child(spec);
    let sup = builder.start(&system).await.unwrap();
    for ending in [ActorRef::stop, ActorRef::drain, ActorRef::kill] {
        let actor = system.spawn(Puppet::telling(&sender));
        let (target, below) = (child.any(), Puppet::telling(&sender));
        inside(&actor, move |_, ctx| {
            ctx.monitor(&target);
            ctx.send_interval("often", Duration::from_secs(1), || note(1));
            ctx.spawn(below);
        })
        .await;
        ending(&actor);
        actor.wait().await;
    }
    child.send(fail("as told")).await.unwrap();
    sup.stop();
    sup.wait().await;

    let report = system.shutdown(Duration::from_secs(10)).await;

    assert!(report.is_clean());
    let snapshot = system.snapshot();
    let dead_letters = snapshot.totals.dead_letters;
    assert!(snapshot.actors.is_empty(), "{snapshot}");
    let mut zero = serde_json::to_value(Totals::default()).unwrap();
    zero["dead_letters"] = dead_letters.into();
    assert_eq!(serde_json::to_value(snapshot.totals).unwrap(), zero);
}

#[tokio::test]
async fn actors_of_other_places_are_listed_last_and_have_nothing_in_hand() {
    let system = system();
    let (actor, outlet) = Outlet::<u32>::open(&system, Mailbox::bounded(4));
    let (puppet, _events) = Puppet::new();
    let here = system.spawn(puppet);
    actor.send(1).await.unwrap();

    let snapshot = system.snapshot();

    assert_is_tree(&snapshot);
    let seen: Vec<_> = snapshot.actors.iter().map(|actor| actor.id).collect();
    assert_eq!(seen, [here.id(), actor.id()]);
    let elsewhere = &snapshot.actors[1];
    assert_eq!(
        (elsewhere.site, elsewhere.mailbox_len),
        (Site::Elsewhere, 1)
    );
    assert_eq!((&elsewhere.actor_type, &elsewhere.in_hand), (&None, &None));
    assert_eq!(elsewhere.message_type, "u32");
    drop(outlet);
    let left = system.snapshot();
    assert_eq!((left.actors.len(), left.totals.actors), (1, 1));
}

#[tokio::test]
async fn a_snapshot_is_data() {
    let system = system();
    let (puppet, _events) = Puppet::new();
    let actor = system.start_named("a\n\u{1b}\"b", puppet).await.unwrap();
    let (act, mut gate) = hold();
    actor.send(act).await.unwrap();
    gate.begun().await;
    let (_elsewhere, _outlet) = Outlet::<u32>::open(&system, Mailbox::unbounded());
    let snapshot = system.snapshot();

    let json = serde_json::to_string(&snapshot).unwrap();
    let read: Snapshot = serde_json::from_str(&json).unwrap();

    assert_eq!(read, snapshot);
    assert_eq!(read.to_string(), snapshot.to_string());
}

#[tokio::test]
async fn a_snapshot_is_text() {
    let json = r#"{
        "system": "shop",
        "totals": { "actors": 2, "timers": 1, "monitors": 0, "names": 1, "dead_letters": 12345 },
        "actors": [
            { "id": 1, "parent": null, "depth": 0, "name": "till\u001b", "actor_type": "shop::Till", "message_type": "shop::Sale",
              "site": "Thread", "state": "Running", "incarnation": 1, "restarts": 0, "mailbox_len": 3, "mailbox_capacity": 64,
              "handled": 70000, "dropped": 0,
              "in_hand": { "work": "Handling", "at_least": { "secs": 75, "nanos": 0 }, "overdue": true } },
            { "id": 2, "parent": 1, "depth": 1, "name": null, "actor_type": null, "message_type": "u32",
              "site": "Process", "state": "Starting", "incarnation": 0, "restarts": 0, "mailbox_len": 0, "mailbox_capacity": null,
              "handled": 0, "dropped": 0, "in_hand": null }
        ]
    }"#;
    let snapshot: Snapshot = serde_json::from_str(json).unwrap();

    let text = snapshot.to_string();

    let expected = [
        r#"system shop: 2 actors, 1 timer, 0 monitors, 1 name, 12,345 dead letters"#,
        r#"ACTOR            TYPE  PLACE    STATE     RESTARTS  MAILBOX  HANDLED  DROPPED  IN HAND"#,
        r#"#1 "till\u{1b}"  Till  thread   running          0     3/64   70,000        0  Sale for 1 min 15 s, overdue"#,
        r#"  #2             -     process  starting         0      0/∞        0        0  -"#,
    ];
    assert_eq!(text, expected.join("\n"));
}

/// One link of a chain of actors.
struct Chain(usize);

impl Actor for Chain {
    type Msg = ();

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        if self.0 > 1 {
            ctx.spawn(Chain(self.0 - 1));
        }
        Ok(())
    }

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_of_ten_thousand_levels_is_walked_without_a_deep_stack() {
    const LEVELS: usize = 10_000;
    let system = system();
    system.start_named("top", Chain(LEVELS)).await.unwrap();
    let complete = async {
        while system.live_actors() < LEVELS {
            tokio::task::yield_now().await;
        }
    };
    soon("the chain is complete", complete).await;

    let snapshot = system.snapshot();

    assert_is_tree(&snapshot);
    assert_eq!(snapshot.actors.len(), LEVELS);
    assert_eq!(snapshot.actors[LEVELS - 1].depth, LEVELS - 1);
    assert_eq!(snapshot.to_string().lines().count(), LEVELS + 2);
    let json = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), snapshot);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_stay_trees_while_actors_start_and_end() {
    let system = system();
    let (sender, _events) = Events::channel();
    let taking = std::thread::spawn({
        let system = system.clone();
        move || {
            let mut taken = 0_u64;
            while system.live_actors() > 0 || taken == 0 {
                let snapshot = system.snapshot();
                assert_is_tree(&snapshot);
                assert!(snapshot.to_string().starts_with("system promises: "));
                taken += 1;
            }
            taken
        }
    });
    let keeper = system
        .start_named("keeper", Puppet::telling(&sender))
        .await
        .unwrap();
    for _ in 0..50 {
        let parent = system.spawn(Puppet::telling(&sender));
        let children: Vec<_> = (0..5).map(|_| Puppet::telling(&sender)).collect();
        let spawned = inside(&parent, move |_, ctx| {
            children
                .into_iter()
                .map(|child| ctx.spawn(child))
                .collect::<Vec<_>>()
        });
        spawned.await[2].stop();
        if parent.id() != keeper.id() {
            parent.stop();
        }
        // Some end now, some with the system.
        tokio::task::yield_now().await;
    }

    let report = system.shutdown(Duration::from_secs(30)).await;

    assert!(report.is_clean());
    assert!(taking.join().unwrap() > 0);
    assert!(system.snapshot().actors.is_empty());
}
