//! P11: which worker gets a message, and that a router's reference is one like any other.

use std::collections::BTreeSet;

use actor_core::prelude::*;
use actor_core::{ChildSpec, Overflow, TrySendError};
use actor_pool::{Router, RouterError, RouterWorkerState, RoutingPolicy};
use tests::{soon, system};

use super::{MINUTE, Task, Worker, builder, by_worker, keep_busy, tasks, to_one};

// P11
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn round_robin_gives_each_worker_its_turn() {
    let system = system();
    let (builder, mut noted) = builder(RoutingPolicy::round_robin(), Mailbox::default());
    let router = builder.workers(4).start(&system).await.unwrap();

    for number in 0..40 {
        router
            .actor_ref()
            .send(Task::Note(0, number))
            .await
            .unwrap();
    }

    for (worker, notes) in by_worker(&mut noted, 40).await {
        let numbers: Vec<_> = notes.into_iter().map(|(_, number)| number).collect();
        let expected: Vec<_> = (0..40).skip(worker as usize - 1).step_by(4).collect();
        assert_eq!(numbers, expected);
    }
}

// P11
// On one thread, so that a worker that has started or answered rests before the next message is sent.
#[tokio::test]
async fn least_loaded_passes_a_busy_worker_by() {
    let system = system();
    let (builder, mut noted) = tasks(RoutingPolicy::least_loaded(), Mailbox::default());
    let router = builder.workers(2).start(&system).await.unwrap();
    let actor = router.actor_ref();
    let (first, second) = (keep_busy(&actor, 0).await, keep_busy(&actor, 0).await);
    assert_ne!(first.worker, second.worker);
    for number in 0..40 {
        actor.send(Task::Note(0, number)).await.unwrap();
    }
    let queued: Vec<_> = router
        .workers()
        .iter()
        .map(|worker| worker.queued)
        .collect();
    assert_eq!(queued, [20, 20]);

    let free = second.worker;
    drop(second);
    by_worker(&mut noted, 20).await;

    for number in 0..20 {
        let who = actor
            .ask_within(MINUTE, |reply| Task::Who(number, reply))
            .await;
        assert_eq!(who.unwrap(), free);
    }
    drop(first);
    by_worker(&mut noted, 20).await;
    system.finish().await;
}

// P11: FIFO holds per key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_stays_with_one_worker_and_in_order() {
    let system = system();
    let policy = RoutingPolicy::consistent_hash(Task::key);
    let (builder, mut noted) = builder(policy, Mailbox::bounded(4));
    let router = builder.workers(4).start(&system).await.unwrap();

    for number in 0..50 {
        for key in 0..20 {
            router
                .actor_ref()
                .send(Task::Note(key, number))
                .await
                .unwrap();
        }
    }

    let notes = by_worker(&mut noted, 1_000).await;
    assert!(notes.len() > 1, "the keys are spread");
    let mut seen = BTreeSet::new();
    for of_worker in notes.values() {
        let keys: BTreeSet<_> = of_worker.iter().map(|(key, _)| *key).collect();
        for key in keys {
            assert!(seen.insert(key), "key {key} went to two workers");
            let of_key = of_worker.iter().filter(|(other, _)| *other == key);
            assert!(of_key.map(|(_, number)| *number).eq(0..50));
        }
    }
}

// P11
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcast_reaches_every_worker_or_none() {
    let system = system();
    let policy = RoutingPolicy::broadcast_with(|task: &Task| match task {
        Task::Note(key, number) => Task::Note(*key, *number),
        _ => Task::Fail(0),
    });
    let (builder, mut noted) = builder(policy, Mailbox::bounded(2));
    let router = builder.workers(3).start(&system).await.unwrap();

    for number in 0..20 {
        router
            .actor_ref()
            .send(Task::Note(0, number))
            .await
            .unwrap();
    }

    let notes = by_worker(&mut noted, 60).await;
    assert_eq!(notes.len(), 3);
    for of_worker in notes.values() {
        assert!(of_worker.iter().map(|(_, number)| *number).eq(0..20));
    }
}

// P11, A3
#[tokio::test]
async fn a_broadcast_without_room_at_one_worker_is_given_back_and_reaches_nobody() {
    let system = system();
    let policy = RoutingPolicy::broadcast_with(|task: &Task| Task::Note(task.key(), 0));
    let (builder, mut noted) = builder(policy, Mailbox::bounded(1));
    let one = builder.workers(1).start(&system).await.unwrap();
    // The first worker has room for one, the second for three.
    let notes = tokio::sync::mpsc::unbounded_channel().0;
    let roomy = ChildSpec::new("roomy", move || Worker::silent(notes.clone()));
    one.add_worker_with(roomy.mailbox(Mailbox::bounded(3)))
        .await
        .unwrap();
    let actor = one.actor_ref();

    // Nobody else runs meanwhile.
    actor.try_send(Task::Note(0, 1)).unwrap();
    let refused = actor.try_send(Task::Note(0, 2));

    assert!(matches!(refused, Err(TrySendError::Full(_))));
    assert_eq!(
        one.workers()[1].queued,
        1,
        "the one with room got nothing either"
    );
    by_worker(&mut noted, 1).await;
    system.finish().await;
}

// P11: idle workers pull; nothing waits behind a slow message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_queue_never_waits_behind_a_slow_message() {
    let system = system();
    let (builder, mut noted) = builder(RoutingPolicy::shared_queue(), Mailbox::default());
    let router = builder.workers(3).start(&system).await.unwrap();
    let actor = router.actor_ref();
    let slow = [keep_busy(&actor, 0).await, keep_busy(&actor, 0).await];

    for number in 0..100 {
        actor.send(Task::Note(0, number)).await.unwrap();
    }

    let notes = by_worker(&mut noted, 100).await;
    assert_eq!(notes.len(), 1, "the third worker did all of it");
    assert!(!slow.iter().any(|busy| notes.contains_key(&busy.worker)));
    drop(slow);
}

// P11, A4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_queue_is_bounded_and_takes_more_as_workers_pull() {
    let system = system();
    let policy = RoutingPolicy::shared_queue_in(Mailbox::bounded(2));
    let (builder, mut noted) = builder(policy, Mailbox::default());
    let router = builder.workers(1).start(&system).await.unwrap();
    let actor = router.actor_ref();
    let busy = keep_busy(&actor, 0).await;
    actor.try_send(Task::Note(0, 0)).unwrap();
    actor.try_send(Task::Note(0, 1)).unwrap();
    assert!(matches!(
        actor.try_send(Task::Note(0, 9)),
        Err(TrySendError::Full(_))
    ));
    assert_eq!(actor.len(), 2);

    let waiting = tokio::spawn({
        let actor = actor.clone();
        async move { actor.send(Task::Note(0, 2)).await.is_ok() }
    });
    drop(busy);

    assert!(soon("room", waiting).await.unwrap());
    let notes = by_worker(&mut noted, 3).await;
    assert_eq!(notes[&1], [(0, 0), (0, 1), (0, 2)]);
}

// P11, A5: the policy of the shared queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_queue_drops_by_its_policy_as_dead_letters() {
    let system = system();
    let mailbox = Mailbox::bounded(1).overflow(Overflow::DropOldest);
    let (builder, mut noted) = builder(RoutingPolicy::shared_queue_in(mailbox), Mailbox::default());
    let router = builder.workers(1).start(&system).await.unwrap();
    let busy = keep_busy(&router.actor_ref(), 0).await;

    for number in 0..3 {
        router.actor_ref().try_send(Task::Note(0, number)).unwrap();
    }
    drop(busy);

    assert_eq!(by_worker(&mut noted, 1).await[&1], [(0, 2)]);
    assert_eq!(system.dead_letter_count(), 2);
}

// P11, A3, A6: all full.
#[tokio::test]
async fn a_message_without_a_key_takes_room_wherever_there_is_some() {
    for policy in [
        RoutingPolicy::round_robin(),
        RoutingPolicy::random(),
        RoutingPolicy::least_loaded(),
    ] {
        let system = system();
        let (builder, mut noted) = tasks(policy, Mailbox::bounded(2));
        let router = builder.workers(2).start(&system).await.unwrap();
        let actor = router.actor_ref();
        let busy = [keep_busy(&actor, 0).await, keep_busy(&actor, 0).await];
        assert_ne!(
            busy[0].worker, busy[1].worker,
            "the second went to the free one, or waits"
        );

        for number in 0..4 {
            actor.try_send(Task::Note(0, number)).unwrap();
        }
        let full = actor.try_send(Task::Note(0, 4));
        assert!(matches!(full, Err(TrySendError::Full(_))));
        let mut waiting = Box::pin(actor.send(Task::Note(0, 4)));
        assert!(tests::poll_once(&mut waiting).is_none());
        drop(busy);
        soon("room", waiting).await.unwrap();

        let notes = by_worker(&mut noted, 5).await;
        assert_eq!(notes.values().map(Vec::len).sum::<usize>(), 5);
        system.finish().await;
    }
}

// P11, A6: a send that is dropped has not sent, and room that was kept is used or given back.
#[tokio::test]
async fn room_is_reserved_through_a_router_under_every_policy() {
    let mut policies = to_one();
    policies.push(RoutingPolicy::broadcast_with(|_| Task::Note(0, 7)));
    for policy in policies {
        let name = format!("{policy:?}");
        let system = system();
        let (builder, mut noted) = builder(policy, Mailbox::bounded(1));
        let router = builder.workers(1).start(&system).await.unwrap();
        let actor = router.actor_ref();

        drop(actor.reserve().await.unwrap());
        let permit = actor.reserve().await.unwrap();
        permit.send(Task::Note(0, 7)).unwrap();

        assert_eq!(by_worker(&mut noted, 1).await[&1], [(0, 7)], "{name}");
        system.finish().await;
    }
}

// P11, B1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asks_are_answered_through_a_router() {
    for policy in to_one() {
        let system = system();
        let (builder, _noted) = builder(policy, Mailbox::default());
        let router = builder.workers(3).start(&system).await.unwrap();

        for key in 0..30 {
            let who = router
                .actor_ref()
                .ask_within(MINUTE, |reply| Task::Who(key, reply))
                .await;
            assert!((1..=3).contains(&who.unwrap()));
        }
    }
}

// P11, B5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_only_worker_that_asks_its_own_router_does_not_wait_for_itself() {
    for policy in to_one() {
        let name = format!("{policy:?}");
        let system = system();
        let (builder, _noted) = builder(policy, Mailbox::default());
        let router = builder.workers(1).start(&system).await.unwrap();
        let actor = router.actor_ref();

        let error = actor
            .ask_within(MINUTE, |reply| Task::AskBack(actor.clone(), reply))
            .await;

        assert!(
            matches!(error, Ok(Some(AskError::WouldDeadlock))),
            "{name}: {error:?}"
        );
    }
}

// P11, B5: with another one there is no need to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_asks_its_own_router_is_answered_by_another() {
    for policy in [
        RoutingPolicy::round_robin(),
        RoutingPolicy::least_loaded(),
        RoutingPolicy::shared_queue(),
    ] {
        let name = format!("{policy:?}");
        let system = system();
        let (builder, _noted) = builder(policy, Mailbox::default());
        let router = builder.workers(2).start(&system).await.unwrap();
        let actor = router.actor_ref();

        for _ in 0..20 {
            let error = actor
                .ask_within(MINUTE, |reply| Task::AskBack(actor.clone(), reply))
                .await;
            assert!(matches!(error, Ok(None)), "{name}: {error:?}");
        }
    }
}

// P11, F1, H1: monitors, names, ids and the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_routers_reference_has_a_name_an_end_and_one_identity() {
    for policy in to_one() {
        let system = system();
        let (builder, _noted) = builder(policy, Mailbox::default());
        let router = builder.workers(2).start(&system).await.unwrap();
        let actor = router.actor_ref();
        system.register("the router", &actor.any()).unwrap();
        assert_eq!(system.lookup::<Task>("the router").unwrap(), actor);
        let (tell, heard) = tokio::sync::oneshot::channel();
        actor_core::link::on_end(&actor.any(), move |down| drop(tell.send(down.reason)));

        actor.stop();

        assert_eq!(soon("the end", actor.wait()).await, ExitReason::Normal);
        assert_eq!(soon("the news", heard).await.unwrap(), ExitReason::Normal);
        assert!(actor.is_closed());
        assert!(matches!(
            actor.try_send(Task::Note(0, 0)),
            Err(TrySendError::Closed(_))
        ));
        assert!(actor.send(Task::Note(0, 0)).await.is_err());
        assert!(system.lookup::<Task>("the router").is_err());
        assert!(matches!(
            router.add_worker().await,
            Err(RouterError::Closed)
        ));
    }
}

// P11, C2: drain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_that_drains_takes_no_more_and_handles_what_it_has() {
    for policy in to_one() {
        let name = format!("{policy:?}");
        let system = system();
        let (builder, mut noted) = builder(policy, Mailbox::default());
        let router = builder.workers(2).start(&system).await.unwrap();
        let actor = router.actor_ref();
        let busy = keep_busy(&actor, 0).await;
        for number in 0..100 {
            actor.send(Task::Note(number, number)).await.unwrap();
        }

        actor.drain();

        assert!(
            matches!(
                actor.try_send(Task::Note(0, 0)),
                Err(TrySendError::Closed(_))
            ),
            "{name}"
        );
        drop(busy);
        assert_eq!(
            soon("the end", actor.wait()).await,
            ExitReason::Normal,
            "{name}"
        );
        by_worker(&mut noted, 100).await;
        assert_eq!(system.dead_letter_count(), 0, "{name}");
    }
}

// P11, C7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_that_nobody_can_reach_drains_and_ends() {
    for policy in to_one() {
        let system = system();
        let (builder, mut noted) = builder(policy, Mailbox::default());
        let router = builder.workers(2).start(&system).await.unwrap();
        let end = router.actor_ref().any().clone();
        for number in 0..10 {
            router
                .actor_ref()
                .try_send(Task::Note(number, number))
                .unwrap();
        }
        let (tell, heard) = tokio::sync::oneshot::channel();
        actor_core::link::on_end(&end, move |down| drop(tell.send(down.reason)));

        drop((router, end));

        assert_eq!(soon("the end", heard).await.unwrap(), ExitReason::Normal);
        by_worker(&mut noted, 10).await;
    }
}

// P11, C2, D5: kill; what was queued becomes dead letters and its asks resolve.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_router_leaves_no_ask_unanswered() {
    for policy in to_one() {
        let name = format!("{policy:?}");
        let system = system();
        let (builder, _noted) = builder(policy, Mailbox::default());
        let router = builder.workers(1).start(&system).await.unwrap();
        let actor = router.actor_ref();
        let _busy = keep_busy(&actor, 0).await;
        let mut asking = Box::pin(actor.ask_within(MINUTE, |reply| Task::Who(0, reply)));
        assert!(tests::poll_once(&mut asking).is_none());

        actor.kill();

        assert_eq!(
            soon("the end", actor.wait()).await,
            ExitReason::Killed,
            "{name}"
        );
        let error = soon("an answer", asking).await.unwrap_err();
        assert!(
            matches!(error, AskError::Stopped { begun: false, .. }),
            "{name}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_router_without_workers_or_with_one_that_does_not_start_is_refused() {
    let system = system();
    let (none, _noted) = builder(RoutingPolicy::round_robin(), Mailbox::default());
    assert!(matches!(
        none.workers(0).start(&system).await,
        Err(RouterError::NoWorkers)
    ));
    let (many, _noted) = builder(RoutingPolicy::round_robin(), Mailbox::default());
    let many = many.workers(70_000).start(&system).await;
    assert!(matches!(many, Err(RouterError::TooManyWorkers(70_000))));

    let same = Router::builder(RoutingPolicy::<()>::random(), |_| {
        ChildSpec::new("same", || Sleeper)
    });
    let same = same.workers(2).start(&system).await;
    assert!(matches!(same, Err(RouterError::Start(_))), "{same:?}");

    let broken = Router::builder(RoutingPolicy::<()>::random(), |id| {
        ChildSpec::new(id, || BadStart)
    });
    let broken = broken.workers(2).start(&system).await.unwrap_err();
    assert!(matches!(&broken, RouterError::Start(_)));
    assert!(broken.to_string().contains("not today"), "{broken}");
    system.finish().await;
}

struct Sleeper;

impl Actor for Sleeper {
    type Msg = ();

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }
}

struct BadStart;

impl Actor for BadStart {
    type Msg = ();

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        Err("not today".into())
    }

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }
}

#[tokio::test]
async fn what_is_told_of_the_workers_is_what_they_are() {
    let system = system();
    let (builder, _noted) = builder(RoutingPolicy::round_robin(), Mailbox::default());
    let router = builder.workers(2).start(&system).await.unwrap();

    let workers = router.workers();

    assert_eq!(workers.len(), 2);
    assert_eq!(workers[0].id.to_string(), &*workers[0].name);
    assert_ne!(workers[0].actor, workers[1].actor);
    assert!(
        workers
            .iter()
            .all(|worker| worker.state == RouterWorkerState::Running)
    );
    assert!(
        workers
            .iter()
            .all(|worker| worker.queued == 0 && worker.restarts == 0)
    );
    system.finish().await;
}
