//! The loops that measure, generic over the subject, so that all run the same code. Each ends with a
//! proof that the work was done: a total that fits, a token that came back, actors that started.

use std::{sync::Arc, time::Instant};

use tokio::sync::Notify;

use super::contender::{Bounded, Contender, CounterRef, started};
use crate::{alloc, workload::Sizes};

/// The bounded mailbox of all subjects.
const CAPACITY: usize = 1_024;

/// How many messages a sender sends between two yields.
///
/// A task that a sender wakes lands in a slot of the sender's own worker from where no other worker can take it. A sender that never
/// yields would keep the receiver from running at all, and would measure how memory grows: that is the workload [`burst`].
const RUN: u64 = 1_024;

/// One-way messages into an unbounded mailbox.
pub(super) async fn one_way_unbounded<C: Contender>(
    world: Arc<C::World>,
    sizes: Sizes,
    senders: u64,
) -> f64 {
    one_way(C::unbounded(&world).await, senders, sizes.messages, RUN).await
}

/// One sender that never yields: nearly all messages are queued before the first is handled.
pub(super) async fn burst<C: Contender>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    one_way(C::unbounded(&world).await, 1, sizes.messages, u64::MAX).await
}

/// One-way messages into a bounded mailbox; senders wait for room.
pub(super) async fn one_way_bounded<C: Bounded>(
    world: Arc<C::World>,
    sizes: Sizes,
    senders: u64,
) -> f64 {
    one_way(
        C::bounded(&world, CAPACITY).await,
        senders,
        sizes.messages,
        RUN,
    )
    .await
}

/// `senders` tasks share `messages` messages to one counter; the clock stops when the counter, asked
/// last, has seen them all.
async fn one_way<R: CounterRef>(counter: R, senders: u64, messages: u64, run: u64) -> f64 {
    let each = messages / senders;
    let begin = Instant::now();
    let tasks: Vec<_> = (0..senders)
        .map(|_| {
            let counter = counter.clone();
            tokio::spawn(async move {
                let mut left = run;
                for number in 0..each {
                    counter.add(number).await;
                    left -= 1;
                    if left == 0 {
                        left = run;
                        tokio::task::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a sender does not panic");
    }
    let total = counter.total().await;
    let figure = nanos_per(begin, senders * each);
    assert_eq!(
        total,
        senders * (each * (each - 1) / 2),
        "messages were lost"
    );
    counter.end().await;
    figure
}

/// One asker, which asks again when it has the answer.
pub(super) async fn ask<C: Contender>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    ask_one(C::unbounded(&world).await, sizes).await
}

/// As [`ask`], of a counter that is there already.
pub(super) async fn ask_one<R: CounterRef>(counter: R, sizes: Sizes) -> f64 {
    counter.add(7).await;
    let begin = Instant::now();
    let mut sum = 0;
    for _ in 0..sizes.asks {
        sum += counter.total().await;
    }
    let figure = nanos_per(begin, sizes.asks);
    assert_eq!(sum, 7 * sizes.asks, "an answer was wrong");
    counter.end().await;
    figure
}

/// One token, handed round until its hops are used up.
pub(super) async fn ring<C: Contender>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    let done = Arc::new(Notify::new());
    let nodes = C::ring(&world, sizes.ring_actors, done.clone()).await;
    // Once around before the clock starts: every actor has run.
    C::pass(&nodes[0], sizes.ring_actors as u64).await;
    done.notified().await;

    let begin = Instant::now();
    C::pass(&nodes[0], sizes.ring_hops).await;
    done.notified().await;
    let figure = nanos_per(begin, sizes.ring_hops);
    for node in nodes {
        C::end_node(node).await;
    }
    figure
}

/// Spawns actors one after the other; the clock stops when all have started.
pub(super) async fn spawn<C: Contender>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    let mut actors = Vec::with_capacity(sizes.spawned);
    let begin = Instant::now();
    spawn_all::<C>(&world, sizes.spawned, &mut actors).await;
    let figure = nanos_per(begin, sizes.spawned as u64);
    end_all(actors).await;
    figure
}

/// Bytes on the heap per started actor that nobody has sent anything; the references that reach them
/// lie in a buffer made before.
pub(super) async fn idle_bytes<C: Contender>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    let mut actors = Vec::with_capacity(sizes.idle);
    let count = alloc::start_counting();
    spawn_all::<C>(&world, sizes.idle, &mut actors).await;
    let figure = count.bytes() as f64 / sizes.idle as f64;
    drop(count);
    end_all(actors).await;
    figure
}

async fn spawn_all<C: Contender>(world: &C::World, number: usize, actors: &mut Vec<C::Ref>) {
    let before = started();
    for _ in 0..number {
        actors.push(C::spawn(world).await);
    }
    while started() - before < number {
        tokio::task::yield_now().await;
    }
}

async fn end_all<R: CounterRef>(actors: Vec<R>) {
    for actor in actors {
        actor.end().await;
    }
}

fn nanos_per(begin: Instant, operations: u64) -> f64 {
    begin.elapsed().as_nanos() as f64 / operations as f64
}
