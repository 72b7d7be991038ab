//! H3: topics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use actor_core::prelude::*;
use actor_core::{ActorSubscription, Delivery, SubscribeError, TopicPolicy};
use tests::puppet::{Act, Event, Events, Gate, Puppet, act_now, hold, note};
use tests::{in_every_placement, soon, system};

const POLICIES: [TopicPolicy; 2] = [TopicPolicy::DropNewest, TopicPolicy::DropOldest];

/// What a puppet notes for so many missed items.
const MISSED: u64 = 1_000_000;

fn noted(delivery: Delivery<u64>) -> Act {
    match delivery {
        Delivery::Item(item) => note(item),
        Delivery::Missed(count) => note(MISSED + count),
    }
}

/// Takes what a puppet noted for items from 0 on that stand in their places; how many were heard and missed.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    items: u64,
    missed: u64,
}

impl Heard {
    fn next(&self) -> u64 {
        self.items + self.missed
    }

    #[track_caller]
    fn hear(&mut self, delivery: &Delivery<u64>) {
        match delivery {
            Delivery::Missed(count) => self.missed += count,
            Delivery::Item(item) => {
                assert_eq!(*item, self.next(), "after {self:?}");
                self.items += 1;
            }
        }
    }

    /// Hears what a puppet notes until it knows of so many.
    async fn hear_notes(&mut self, events: &mut Events, until: u64) {
        while self.next() < until {
            match events.next().await {
                Event::Note(number) if number > MISSED => {
                    self.hear(&Delivery::Missed(number - MISSED));
                }
                Event::Note(number) => self.hear(&Delivery::Item(number)),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// An actor that subscribes, and is busy until its gate is opened.
async fn busy_subscriber(
    system: &ActorSystem,
    topic: &Topic<u64>,
    bound: usize,
    policy: TopicPolicy,
) -> (ActorRef<Act>, Events, Gate, ActorSubscription<u64>) {
    let (puppet, events) = Puppet::new();
    let actor = system.actor(puppet).mailbox(Mailbox::bounded(2)).spawn();
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    let subscription = topic.subscribe_actor(&actor, bound, policy, noted).unwrap();
    (actor, events, gate, subscription)
}

async fn unused(system: &ActorSystem) {
    let free = async {
        while !system.topics().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    soon("the end of the topics", free).await;
}

// H3
async fn a_topic_delivers_to_every_subscriber(placement: Placement) {
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();
    let mut actors = Vec::new();
    for _ in 0..4 {
        let (puppet, events) = Puppet::new();
        let actor = system.actor(puppet).placement(placement).spawn();
        let subscription = topic
            .subscribe_actor(&actor, 1_000, TopicPolicy::DropOldest, noted)
            .unwrap();
        actors.push((actor, events, subscription));
    }
    let mut receivers: Vec<_> = (0..4)
        .map(|_| topic.subscribe(1_000, TopicPolicy::DropNewest))
        .collect();

    for item in 0..1_000 {
        assert_eq!(topic.publish(item), 8);
    }

    for (_actor, events, subscription) in &mut actors {
        for item in 0..1_000 {
            assert_eq!(events.next().await, Event::Note(item));
        }
        assert_eq!(subscription.missed(), 0);
    }
    for receiver in &mut receivers {
        for item in 0..1_000 {
            assert_eq!(receiver.recv().await, Some(Delivery::Item(item)));
        }
        assert_eq!((receiver.missed(), receiver.try_recv()), (0, None));
    }
}

in_every_placement!(a_topic_delivers_to_every_subscriber);

// H3
#[tokio::test]
async fn each_subscriber_has_its_own_bound_and_policy() {
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();
    let mut oldest = topic.subscribe(3, TopicPolicy::DropNewest);
    let mut latest = topic.subscribe(2, TopicPolicy::DropOldest);
    let mut all = topic.subscribe(10, TopicPolicy::DropNewest);

    let reached: Vec<usize> = (0..10).map(|item| topic.publish(item)).collect();

    // The first lets nothing more in once it is full.
    assert_eq!(reached, [3, 3, 3, 2, 2, 2, 2, 2, 2, 2]);
    assert_eq!([&oldest, &latest, &all].map(|one| one.missed()), [7, 8, 0]);
    let mut heard: Vec<_> = std::iter::from_fn(|| oldest.try_recv()).collect();
    let items = |items: std::ops::Range<u64>| items.map(Delivery::Item).collect::<Vec<_>>();
    assert_eq!(heard.pop(), Some(Delivery::Missed(7)));
    assert_eq!(heard, items(0..3));
    assert_eq!(latest.try_recv(), Some(Delivery::Missed(8)));
    heard = std::iter::from_fn(|| latest.try_recv()).collect();
    assert_eq!(heard, items(8..10));
    heard = std::iter::from_fn(|| all.try_recv()).collect();
    assert_eq!(heard, items(0..10));
}

// H3
#[tokio::test]
async fn a_slow_actor_hears_how_many_it_missed_and_nobody_waits_for_it() {
    for policy in POLICIES {
        let system = system();
        let topic = system.topic::<u64>("topic").unwrap();
        let (slow, mut slow_events, gate, subscription) =
            busy_subscriber(&system, &topic, 4, policy).await;
        let (puppet, mut quick_events) = Puppet::new();
        let quick = system.spawn(puppet);
        let _quick = topic.subscribe_actor(&quick, 4, policy, noted).unwrap();
        let mut heard = Heard::default();

        // Each item reaches the quick one before the next is published.
        for item in 0..100 {
            topic.publish(item);
            heard.hear_notes(&mut quick_events, item + 1).await;
        }
        assert_eq!(
            heard,
            Heard {
                items: 100,
                missed: 0
            }
        );
        // What waits in the mailbox, and the bound of the subscription; both were full long before.
        assert_eq!((slow.len(), subscription.missed()), (2, 94));
        gate.open();
        let mut heard = Heard::default();
        heard.hear_notes(&mut slow_events, 100).await;

        assert_eq!(
            heard,
            Heard {
                items: 6,
                missed: 94
            },
            "{policy:?}"
        );
        topic.publish(100);
        heard.hear_notes(&mut slow_events, 101).await;
        assert_eq!(heard.items, 7);
    }
}

// H3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_full_speed_every_item_is_heard_or_missed_in_its_place() {
    const ITEMS: u64 = 30_000;
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();
    let mut actors = Vec::new();
    let mut receivers = Vec::new();
    for (bound, policy) in [1, 7, 64]
        .into_iter()
        .flat_map(|bound| POLICIES.map(|p| (bound, p)))
    {
        let (puppet, mut events) = Puppet::new();
        let actor = system.actor(puppet).mailbox(Mailbox::bounded(3)).spawn();
        let subscription = topic.subscribe_actor(&actor, bound, policy, noted).unwrap();
        actors.push(tokio::spawn(async move {
            let mut heard = Heard::default();
            heard.hear_notes(&mut events, ITEMS).await;
            (heard, subscription.missed(), actor)
        }));
        let mut receiver = topic.subscribe(bound, policy);
        receivers.push(tokio::spawn(async move {
            let mut heard = Heard::default();
            while heard.next() < ITEMS {
                let delivery = soon("a delivery", receiver.recv()).await.unwrap();
                heard.hear(&delivery);
            }
            (heard, receiver.missed())
        }));
    }

    let publisher = topic.clone();
    tokio::task::spawn_blocking(move || {
        for item in 0..ITEMS {
            publisher.publish(item);
        }
    })
    .await
    .unwrap();

    for actor in actors {
        let (heard, missed, _actor) = actor.await.unwrap();
        assert_eq!((heard.next(), heard.missed), (ITEMS, missed));
    }
    for receiver in receivers {
        let (heard, missed) = receiver.await.unwrap();
        assert_eq!((heard.next(), heard.missed), (ITEMS, missed));
    }
}

// H3
#[tokio::test]
async fn a_subscriber_that_never_reads_costs_its_bound_and_no_more() {
    let system = system();
    let topic = system.topic::<Arc<()>>("topic").unwrap();
    let receivers = POLICIES.map(|policy| topic.subscribe(100, policy));
    let stuck = system
        .actor(Puppet::new().0)
        .mailbox(Mailbox::unbounded())
        .spawn();
    let (holding, mut gate) = hold();
    stuck.send(holding).await.unwrap();
    gate.begun().await;
    // Its mailbox takes what the forwarder carries; while that does not run, the bound holds.
    let actor = topic
        .subscribe_actor(&stuck, 100, TopicPolicy::DropOldest, |_| note(0))
        .unwrap();
    let item = Arc::new(());

    for _ in 0..50_000 {
        topic.publish(Arc::clone(&item));
        assert!(Arc::strong_count(&item) <= 301);
    }

    assert_eq!(receivers.each_ref().map(|one| one.missed()), [49_900; 2]);
    assert_eq!(actor.missed(), 49_900);
    drop((receivers, actor));
    assert_eq!(Arc::strong_count(&item), 1);
}

// H3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_published_after_a_subscription_is_received() {
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();
    let (begun, done) = (AtomicU64::new(0), AtomicBool::new(false));

    thread::scope(|scope| {
        scope.spawn(|| {
            let mut item = 0;
            while !done.load(Ordering::SeqCst) {
                begun.store(item, Ordering::SeqCst);
                topic.publish(item);
                item += 1;
            }
        });
        for _ in 0..500 {
            let mut subscription = topic.subscribe(8, TopicPolicy::DropNewest);
            // This one may have been under way; the next was published after the subscription.
            let latest = begun.load(Ordering::SeqCst);
            let first = loop {
                match subscription.try_recv() {
                    Some(Delivery::Item(first)) => break first,
                    Some(missed) => panic!("{missed:?}"),
                    None => thread::yield_now(),
                }
            };
            assert!(
                first <= latest + 1,
                "{first} came first, not {}",
                latest + 1
            );
            for next in first + 1..first + 4 {
                let delivery = loop {
                    if let Some(delivery) = subscription.try_recv() {
                        break delivery;
                    }
                    thread::yield_now();
                };
                assert_eq!(delivery, Delivery::Item(next));
            }
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(topic.subscribers(), 0);
}

// H3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_of_one_publisher_keep_their_order() {
    let system = system();
    let topic = system.topic::<(usize, u64)>("topic").unwrap();
    let mut subscription = topic.subscribe(30_000, TopicPolicy::DropNewest);

    thread::scope(|scope| {
        for publisher in 0..3 {
            let topic = &topic;
            scope.spawn(move || {
                for item in 0..10_000 {
                    topic.publish((publisher, item));
                }
            });
        }
    });

    let mut next = [0; 3];
    while let Some(delivery) = subscription.try_recv() {
        let Delivery::Item((publisher, item)) = delivery else {
            panic!("{delivery:?}");
        };
        assert_eq!(item, next[publisher]);
        next[publisher] += 1;
    }
    assert_eq!(next, [10_000; 3]);
}

// H3
#[tokio::test]
async fn a_subscription_that_is_dropped_receives_nothing_more() {
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();
    let (actor, mut events, gate, subscription) =
        busy_subscriber(&system, &topic, 8, TopicPolicy::DropOldest).await;
    let receiver = topic.subscribe(8, TopicPolicy::DropOldest);
    for item in 0..8 {
        assert_eq!(topic.publish(item), 2);
    }
    // Two are in the mailbox, and the forwarder waits there for room for the third.
    while actor.len() < 2 {
        tokio::task::yield_now().await;
    }

    drop((subscription, receiver));

    assert_eq!((topic.publish(8), topic.subscribers()), (0, 0));
    drop(topic);
    unused(&system).await;
    gate.open();
    actor.send(note(99)).await.unwrap();
    for expected in [0, 1, 99] {
        assert_eq!(events.next().await, Event::Note(expected));
    }
}

// H3
#[tokio::test]
async fn a_dead_actor_subscribes_no_longer() {
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();
    for round in 0..30_u64 {
        let (actor, _events, gate, subscription) =
            busy_subscriber(&system, &topic, 4, TopicPolicy::DropOldest).await;
        for item in 0..round % 10 {
            topic.publish(item);
        }
        let kept = if round % 2 == 0 {
            Some(subscription)
        } else {
            subscription.detach();
            None
        };

        match round % 3 {
            0 => actor.kill(),
            1 => actor.stop(),
            _ => actor.drain(),
        }
        gate.open();
        soon("the end", actor.wait()).await;

        assert_eq!((topic.subscribers(), topic.publish(0)), (0, 0));
        assert!(kept.is_none_or(|kept| kept.is_closed()));
        let refused = topic.subscribe_actor(&actor, 4, TopicPolicy::DropOldest, noted);
        assert_eq!(refused.unwrap_err(), SubscribeError::Closed);
    }
    drop(topic);
    unused(&system).await;
}

// H3
#[tokio::test]
async fn a_detached_subscription_lasts_as_long_as_its_actor() {
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();
    let (puppet, mut events) = Puppet::new();
    let actor = system.spawn(puppet);
    let subscription = topic.subscribe_actor(&actor, 4, TopicPolicy::DropOldest, noted);
    subscription.unwrap().detach();

    topic.publish(1);
    assert_eq!(events.next().await, Event::Note(1));
    // Its subscriber keeps the topic, and nobody keeps the actor.
    drop(topic);
    assert_eq!(system.topics(), ["topic"]);
    assert_eq!(system.topic("topic").unwrap().publish(2_u64), 1);
    assert_eq!(events.next().await, Event::Note(2));
    drop(actor);
    assert_eq!(events.next().await, Event::Stopped(ExitReason::Normal));
    unused(&system).await;
}

// H3, D1
#[tokio::test]
async fn a_subscription_survives_restarts_and_waits_for_them() {
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();
    let (sender, mut events) = Events::channel();
    let (spec, child) = ChildSpec::new("child", move || Puppet::telling(&sender))
        .backoff(Backoff::constant(Duration::from_millis(1)))
        .build();
    // Also before the first start.
    let _subscription = topic
        .subscribe_actor(&child, 8, TopicPolicy::DropNewest, noted)
        .unwrap();
    topic.publish(0);
    let _supervisor = Supervisor::builder(Strategy::OneForOne)
        .intensity(1_000, Duration::from_secs(60))
        .child(spec)
        .start(&system)
        .await
        .unwrap();
    assert_eq!(events.next().await, Event::Note(0));

    for round in 1..20 {
        // A drain closes the mailbox until the child is started again.
        match round % 3 {
            0 => child.kill(),
            1 => child.drain(),
            _ => child.stop(),
        }
        topic.publish(round);
        loop {
            match events.next().await {
                Event::Note(number) => break assert_eq!(number, round),
                Event::Stopped(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

// H3, C4
#[tokio::test]
async fn a_map_that_panics_loses_its_item_only() {
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();
    let (puppet, mut events) = Puppet::new();
    let actor = system.spawn(puppet);
    let map = |delivery| match delivery {
        Delivery::Item(2) => panic!("no two"),
        other => noted(other),
    };
    let subscription = topic
        .subscribe_actor(&actor, 8, TopicPolicy::DropOldest, map)
        .unwrap();
    let mut other = topic.subscribe(8, TopicPolicy::DropOldest);

    for item in 1..4 {
        assert_eq!(topic.publish(item), 2);
    }

    for expected in [1, MISSED + 1, 3] {
        assert_eq!(events.next().await, Event::Note(expected));
    }
    assert_eq!(subscription.missed(), 1);
    for expected in 1..4 {
        assert_eq!(other.recv().await, Some(Delivery::Item(expected)));
    }
}

// H3
#[tokio::test]
async fn items_may_publish_while_they_are_cloned_and_dropped() {
    /// Publishes at every clone and every drop, once each time.
    struct Noisy(Topic<u64>);
    impl Clone for Noisy {
        fn clone(&self) -> Self {
            self.0.publish(1);
            Noisy(self.0.clone())
        }
    }
    impl Drop for Noisy {
        fn drop(&mut self) {
            self.0.publish(2);
        }
    }
    let system = system();
    let echo = system.topic::<u64>("echo").unwrap();
    let noisy = system.topic::<Noisy>("noisy").unwrap();
    let mut echoes = echo.subscribe(100, TopicPolicy::DropOldest);
    let mut small = POLICIES.map(|policy| noisy.subscribe(1, policy));

    for _ in 0..3 {
        noisy.publish(Noisy(echo.clone()));
    }
    small.iter_mut().for_each(|one| drop(one.try_recv()));
    drop(small);

    let heard: Vec<_> = std::iter::from_fn(|| echoes.try_recv()).collect();
    let count = |item| {
        heard
            .iter()
            .filter(|one| **one == Delivery::Item(item))
            .count()
    };
    // A clone for one of the two each time; and all six are dropped.
    assert_eq!((count(1), count(2)), (3, 6));
}

// H3
#[tokio::test]
async fn a_topic_of_another_type_is_an_error_that_names_both() {
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();

    let error = system.topic::<String>("topic").unwrap_err();

    let text = error.to_string();
    assert!(text.contains("u64") && text.contains("String"), "{text}");
    drop(topic);
    assert!(system.topics().is_empty());
    assert!(system.topic::<String>("topic").is_ok());
}

// H3
#[tokio::test]
async fn a_subscriber_without_room_is_refused_at_once() {
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();

    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        topic.subscribe(0, TopicPolicy::DropOldest)
    }));

    assert!(refused.is_err());
    assert_eq!(topic.subscribers(), 0);
}

// H3
#[tokio::test]
async fn the_end_of_a_system_ends_its_subscriptions() {
    let system = system().unchecked();
    let topic = system.topic::<u64>("topic").unwrap();
    let mut receiver = topic.subscribe(4, TopicPolicy::DropOldest);
    let (puppet, mut events) = Puppet::new();
    let actor = system.spawn(puppet);
    let subscription = topic
        .subscribe_actor(&actor, 4, TopicPolicy::DropOldest, noted)
        .unwrap();
    topic.publish(1);
    assert_eq!(events.next().await, Event::Note(1));

    system.shutdown(Duration::from_secs(5)).await;
    assert_eq!((topic.publish(2), subscription.is_closed()), (1, true));
    drop((system, actor, subscription));

    let mut rest = Vec::new();
    while let Some(delivery) = soon("the end", receiver.recv()).await {
        rest.push(delivery);
    }
    assert_eq!(rest, [Delivery::Item(1), Delivery::Item(2)]);
    // Whoever comes too late hears so at once.
    let mut late = topic.subscribe(4, TopicPolicy::DropOldest);
    assert_eq!((late.recv().await, topic.publish(3)), (None, 0));
}

// H3, B5
#[tokio::test]
async fn an_actor_may_publish_to_itself_beyond_its_mailbox() {
    let system = system();
    let topic = system.topic::<u64>("topic").unwrap();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    let _subscription = topic
        .subscribe_actor(&actor, 50, TopicPolicy::DropNewest, noted)
        .unwrap();
    let publisher = topic.clone();

    let publishing = act_now(move |_, _| {
        for item in 0..50 {
            assert_eq!(publisher.publish(item), 1);
        }
        Ok(())
    });
    actor.send(publishing).await.unwrap();

    for item in 0..50 {
        assert_eq!(events.next().await, Event::Note(item));
    }
}

// H3, C10
#[test]
fn the_end_of_the_runtime_ends_the_subscriptions_of_actors() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (_system, topic, _actor, subscription) = runtime.block_on(async {
        let system = system();
        let topic = system.topic::<u64>("topic").unwrap();
        let actor = system.spawn(Puppet::new().0);
        let subscription = topic
            .subscribe_actor(&actor, 4, TopicPolicy::DropOldest, noted)
            .unwrap();
        (system, topic, actor, subscription)
    });
    assert_eq!(topic.publish(1), 1);

    drop(runtime);

    assert_eq!((topic.subscribers(), topic.publish(2)), (0, 0));
    assert!(subscription.is_closed());
}
