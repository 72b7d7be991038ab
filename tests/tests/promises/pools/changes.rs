//! P11: workers that come, go, fail and are restarted, with every message accounted for.

use std::collections::BTreeMap;

use actor_core::prelude::*;
use actor_core::{ChildSpec, Restart};
use actor_pool::{Router, RouterError, RouterWorkerState, RoutingPolicy};
use tests::{soon, system};
use tokio::sync::mpsc::unbounded_channel;

use super::{Task, Worker, builder, by_worker, keep_busy, make, to_one};

const KEYS: u64 = 64;

/// Sends so many numbers to each key, in order.
async fn feed(actor: ActorRef<Task>, numbers: std::ops::Range<u64>) {
    for number in numbers {
        for key in 0..KEYS {
            actor.send(Task::Note(key, number)).await.unwrap();
        }
    }
}

// P11: nothing is lost or doubled while workers are added and removed under load.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_handled_once_while_workers_come_and_go() {
    for policy in to_one() {
        let name = format!("{policy:?}");
        let system = system();
        let (builder, mut noted) = builder(policy, Mailbox::bounded(8));
        let router = builder.workers(2).start(&system).await.unwrap();
        let feeding = tokio::spawn(feed(router.actor_ref(), 0..50));

        for workers in [5, 1, 4, 2, 3] {
            soon("the change", router.resize(workers)).await.unwrap();
            assert_eq!(router.workers().len(), workers, "{name}");
        }

        soon("all are sent", feeding).await.unwrap();
        let mut all: Vec<_> = by_worker(&mut noted, 50 * KEYS as usize)
            .await
            .into_values()
            .flatten()
            .collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 50 * KEYS as usize, "{name}");
        assert_eq!(router.shutdown(super::MINUTE).await, ExitReason::Normal);
        assert!(noted.try_recv().is_err(), "{name}: none twice");
        assert_eq!(system.dead_letter_count(), 0, "{name}");
    }
}

// P11: FIFO per key, also while workers are added and removed: in the order in which the workers began.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_of_a_key_survives_changes_of_the_workers() {
    let system = system();
    let policy = RoutingPolicy::consistent_hash(Task::key);
    let (builder, mut noted) = builder(policy, Mailbox::bounded(8));
    let router = builder.workers(2).start(&system).await.unwrap();
    let feeding = tokio::spawn(feed(router.actor_ref(), 0..100));

    for workers in [3, 2, 6, 1, 4, 3] {
        soon("the change", router.resize(workers)).await.unwrap();
    }

    soon("all are sent", feeding).await.unwrap();
    let mut next: BTreeMap<u64, u64> = BTreeMap::new();
    for _ in 0..100 * KEYS {
        let (_, key, number) = soon("a note", noted.recv()).await.unwrap();
        let expected = next.entry(key).or_default();
        assert_eq!(number, *expected, "key {key}");
        *expected += 1;
    }
}

// P11: a key that moves waits until the worker that had it is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_moves_only_behind_what_its_old_worker_still_has() {
    let system = system();
    let policy = RoutingPolicy::consistent_hash(Task::key);
    let (builder, mut noted) = builder(policy, Mailbox::default());
    let router = builder.workers(1).start(&system).await.unwrap();
    let actor = router.actor_ref();
    let busy = keep_busy(&actor, 0).await;
    for key in 0..KEYS {
        actor.send(Task::Note(key, 0)).await.unwrap();
    }

    router.add_worker().await.unwrap();

    let refused: Vec<u64> = (0..KEYS)
        .filter(|key| actor.try_send(Task::Note(*key, 1)).is_err())
        .collect();
    assert!(
        !refused.is_empty() && refused.len() < KEYS as usize,
        "some keys move"
    );
    let waiting: Vec<_> = refused
        .iter()
        .map(|key| {
            let (actor, key) = (actor.clone(), *key);
            tokio::spawn(async move { actor.send(Task::Note(key, 1)).await.is_ok() })
        })
        .collect();
    drop(busy);
    for sent in waiting {
        assert!(soon("a send", sent).await.unwrap());
    }
    let notes = by_worker(&mut noted, 2 * KEYS as usize).await;
    let moved: Vec<u64> = notes[&2].iter().map(|(key, _)| *key).collect();
    assert_eq!(moved.len(), refused.len());
    assert!(refused.iter().all(|key| moved.contains(key)));
    assert!(notes[&2].iter().all(|(_, number)| *number == 1));
}

// P11: a removed worker handles what it has; what waits for it goes elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_worker_works_off_what_it_has_and_gets_nothing_more() {
    let system = system();
    let (builder, mut noted) = builder(RoutingPolicy::round_robin(), Mailbox::default());
    let router = builder.workers(2).start(&system).await.unwrap();
    let actor = router.actor_ref();
    let busy = keep_busy(&actor, 0).await;
    let id = router.workers()[busy.worker as usize - 1].id;
    for number in 0..10 {
        actor.send(Task::Note(0, number)).await.unwrap();
    }
    let had = router.workers()[busy.worker as usize - 1].queued;
    assert!(had > 0);

    let removing = tokio::spawn({
        let router = router.clone();
        async move { router.remove_worker(id).await }
    });
    while router.workers().last().unwrap().state != RouterWorkerState::Leaving {
        tokio::task::yield_now().await;
    }
    for number in 10..20 {
        actor.send(Task::Note(0, number)).await.unwrap();
    }
    drop(busy);

    soon("the removal", removing).await.unwrap().unwrap();
    let notes = by_worker(&mut noted, 20).await;
    assert_eq!(notes[&id.number()].len(), had);
    assert_eq!(router.workers().len(), 1);
    assert!(
        matches!(router.remove_worker(id).await, Err(RouterError::NotFound(gone)) if gone == id)
    );
    let last = router.workers()[0].id;
    assert!(matches!(
        router.remove_worker(last).await,
        Err(RouterError::NoWorkers)
    ));
    assert!(matches!(
        router.resize(0).await,
        Err(RouterError::NoWorkers)
    ));
}

// P11, D1: a restart keeps the queue, and so the order of each key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_of_a_key_survives_restarts() {
    let system = system();
    let policy = RoutingPolicy::consistent_hash(Task::key);
    let (builder, mut noted) = builder(policy, Mailbox::bounded(16));
    let router = builder.workers(3).start(&system).await.unwrap();
    let actor = router.actor_ref();

    for number in 0..100 {
        for key in 0..8 {
            if number % 20 == 10 && key == number / 20 {
                actor.send(Task::Fail(key)).await.unwrap();
            }
            actor.send(Task::Note(key, number)).await.unwrap();
        }
    }

    for (worker, notes) in by_worker(&mut noted, 800).await {
        for key in 0..8 {
            let numbers = notes.iter().filter(|(other, _)| *other == key);
            let numbers: Vec<_> = numbers.map(|(_, number)| *number).collect();
            let is_whole = numbers.is_empty() || numbers.iter().copied().eq(0..100);
            assert!(is_whole, "worker {worker}, key {key}: {numbers:?}");
        }
    }
    let restarts: u32 = router.workers().iter().map(|worker| worker.restarts).sum();
    assert!(restarts > 0, "some failed");
}

// P11: new messages avoid a worker that waits for its restart; what it had is kept.
#[tokio::test(start_paused = true)]
async fn a_worker_that_waits_for_its_restart_is_passed_by_and_keeps_its_queue() {
    for policy in [
        RoutingPolicy::round_robin(),
        RoutingPolicy::random(),
        RoutingPolicy::least_loaded(),
    ] {
        let name = format!("{policy:?}");
        let system = tests::paused_system();
        let (builder, mut noted) = super::tasks(policy, Mailbox::default());
        let hour = Duration::from_secs(3_600);
        let builder = builder.backoff(Backoff::exponential(hour, hour));
        let router = builder.workers(2).start(&system).await.unwrap();
        let actor = router.actor_ref();
        actor.send(Task::Fail(0)).await.unwrap();
        while !is_any(&router, RouterWorkerState::Restarting) {
            tokio::task::yield_now().await;
        }

        for number in 0..50 {
            actor.send(Task::Note(0, number)).await.unwrap();
        }

        let notes = by_worker(&mut noted, 50).await;
        assert_eq!(notes.len(), 1, "{name}");
        system.finish().await;
    }
}

fn is_any(router: &Router<Task>, state: RouterWorkerState) -> bool {
    router.workers().iter().any(|worker| worker.state == state)
}

/// Fails at every message, and is back at once.
struct Flaky;

impl Actor for Flaky {
    type Msg = Task;

    async fn handle(&mut self, task: Task, _ctx: &mut Context<Self>) -> ActorResult {
        drop(task);
        Err("as always".into())
    }
}

// P11: a fast-failing worker does not attract traffic.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_fails_fast_does_not_attract_messages() {
    let system = system();
    let (notes, mut noted) = unbounded_channel();
    let mut good = make(false, Mailbox::default(), notes);
    let builder = Router::builder(RoutingPolicy::least_loaded(), move |id| match id.number() {
        1 => ChildSpec::new(id, || Flaky)
            .backoff(Backoff::exponential(Duration::ZERO, Duration::ZERO)),
        _ => good(id),
    });
    let router = builder.workers(4).start(&system).await.unwrap();
    let actor = router.actor_ref();

    for number in 0..1_000 {
        actor.send(Task::Note(0, number)).await.unwrap();
    }

    assert_eq!(router.shutdown(super::MINUTE).await, ExitReason::Normal);
    let mut handled = 0;
    while noted.try_recv().is_ok() {
        handled += 1;
    }
    // Until its first failure is known it may get its share; after that it gets none for a second.
    assert!(handled >= 600, "{handled} of 1000 reached those that work");
}

// P11, E3: the last worker's end is the router's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_ends_for_good_leaves_and_the_last_one_ends_the_router() {
    for policy in to_one() {
        let name = format!("{policy:?}");
        let system = system();
        let (notes, _noted) = unbounded_channel();
        let mut make = make(true, Mailbox::default(), notes);
        let builder = Router::builder(policy, move |id| make(id).restart(Restart::Temporary));
        let router = builder.workers(2).start(&system).await.unwrap();
        let actor = router.actor_ref();

        actor.send(Task::Stop(0)).await.unwrap();
        while router.workers().len() > 1 {
            tokio::task::yield_now().await;
        }
        let left = router.workers()[0].id.number();
        for key in 0..20 {
            let who = actor
                .ask_within(super::MINUTE, |reply| Task::Who(key, reply))
                .await;
            assert_eq!(who.unwrap(), left, "{name}");
        }
        actor.send(Task::Stop(0)).await.unwrap();

        assert_eq!(
            soon("the end", actor.wait()).await,
            ExitReason::Normal,
            "{name}"
        );
    }
}

// P11: one that does not start changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_cannot_be_added_leaves_the_others_alone() {
    let system = system();
    let (builder, mut noted) = builder(
        RoutingPolicy::consistent_hash(Task::key),
        Mailbox::default(),
    );
    let router = builder.workers(1).start(&system).await.unwrap();
    let notes = unbounded_channel().0;
    let twin = ChildSpec::new("worker-1", move || Worker::silent(notes.clone()));

    let refused = router.add_worker_with(twin).await;

    assert!(
        matches!(refused, Err(RouterError::Worker(_))),
        "{refused:?}"
    );
    assert_eq!(router.workers().len(), 1);
    router.actor_ref().send(Task::Note(1, 1)).await.unwrap();
    assert_eq!(by_worker(&mut noted, 1).await[&1], [(1, 1)]);
}

// P11: death under load. Each message is handled, or was in the hands of a worker that was killed, or is a dead letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_message_is_lost_when_workers_fail_under_load() {
    for policy in to_one() {
        let name = format!("{policy:?}");
        let system = system();
        let (builder, mut noted) = builder(policy, Mailbox::bounded(8));
        let router = builder.workers(3).start(&system).await.unwrap();
        let actor = router.actor_ref();
        let failing = tokio::spawn({
            let actor = actor.clone();
            async move {
                for key in 0..10 {
                    actor.send(Task::Fail(key)).await.unwrap();
                }
            }
        });

        soon("all are sent", feed(actor.clone(), 0..20)).await;
        soon("all are sent", failing).await.unwrap();

        let notes = by_worker(&mut noted, 20 * KEYS as usize).await;
        let mut all: Vec<_> = notes.into_values().flatten().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 20 * KEYS as usize, "{name}");
        assert_eq!(system.dead_letter_count(), 0, "{name}");
    }
}
