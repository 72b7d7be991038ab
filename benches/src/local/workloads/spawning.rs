//! What it costs to start an actor, in time and in heap bytes. Resident bytes: `crowd.rs`.

use std::{sync::Arc, time::Instant};

use super::{Contender, CounterRef, nanos_per};
use crate::{alloc, local::contender::started, sizes::Sizes};

/// Spawns actors one after the other; the clock stops when all have started.
pub(crate) async fn spawn<C: Contender>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    let mut actors = Vec::with_capacity(sizes.spawned);
    let begin = Instant::now();
    spawn_all::<C>(&world, sizes.spawned, &mut actors).await;
    let figure = nanos_per(begin, sizes.spawned as u64);
    end_all(actors).await;
    figure
}

/// Bytes on the heap per started actor that nobody has sent anything; the references that reach them
/// lie in a buffer made before.
pub(crate) async fn idle_bytes<C: Contender>(world: Arc<C::World>, sizes: Sizes) -> f64 {
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
