//! How often a message allocates in steady state: every allocation of this process is counted, by whichever thread.
//!
//! One-way messages of ours must not allocate at all; the run fails if they do.

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Behaviour, Bounded, Contender, CounterRef, Stage};
use crate::{
    alloc,
    harness::Figures,
    local::contender::{Address, Exit, Latch},
    sizes::Sizes,
};

/// Messages under way in the unbounded mailbox: few enough that its buffer does not keep growing because the scheduler let the sender
/// run ahead.
const WINDOW: u64 = 64;
/// A mailbox that one sender keeps full, so that it waits for room again and again.
const CAPACITY: usize = 64;
/// What is sent before the count begins: enough for buffers, blocks and wait lists to reach their sizes, as a rule.
const WARM_UP: u64 = 20_000;
/// How many times is counted. The least of them is the figure: a buffer may see its fullest moment late, and grow once more, but a path
/// that allocates does so every time.
const COUNTS: usize = 3;

/// A subject without bounded mailboxes.
pub(crate) async fn one_way<C: Stage>(world: Arc<C::World>, sizes: Sizes) -> Figures {
    [unbounded::<C>(&world, sizes.counted).await, Figures::ABSENT].into()
}

/// A subject with both kinds of mailboxes.
pub(crate) async fn one_way_both<C: Stage + Bounded>(
    world: Arc<C::World>,
    sizes: Sizes,
) -> Figures {
    let unbounded = unbounded::<C>(&world, sizes.counted).await;
    [unbounded, bounded::<C>(&world, sizes.counted).await].into()
}

async fn unbounded<C: Stage>(world: &C::World, messages: u64) -> f64 {
    let (gone, handled) = (Latch::new(1), Arc::new(AtomicU64::new(0)));
    let gauge = Gauge {
        handled: handled.clone(),
        _exit: Exit(gone.clone()),
    };
    let gauge = C::cast(world, gauge).await;
    let mut sent = 0;
    in_windows(&gauge, WARM_UP, &mut sent, &handled).await;
    let mut least = u64::MAX;
    for _ in 0..COUNTS {
        let count = alloc::start_counting();
        in_windows(&gauge, messages, &mut sent, &handled).await;
        least = least.min(count.calls());
    }
    gauge.tell(Tick::End).await;
    gone.wait().await;
    least as f64 / messages as f64
}

/// Sends `messages` more, [`WINDOW`] at a time.
async fn in_windows(
    gauge: &impl Address<Tick>,
    messages: u64,
    sent: &mut u64,
    handled: &AtomicU64,
) {
    let end = *sent + messages;
    while *sent < end {
        for _ in 0..WINDOW {
            gauge.tell(Tick::More(1)).await;
            *sent += 1;
        }
        while handled.load(Ordering::Acquire) < *sent {
            tokio::task::yield_now().await;
        }
    }
}

/// Lets its sender see how many messages it has handled.
struct Gauge {
    handled: Arc<AtomicU64>,
    _exit: Exit,
}

enum Tick {
    More(u64),
    End,
}

impl Behaviour for Gauge {
    type Msg = Tick;

    async fn handle(&mut self, msg: Tick) -> ControlFlow<()> {
        match msg {
            Tick::More(number) => self.handled.fetch_add(number, Ordering::Release),
            Tick::End => return ControlFlow::Break(()),
        };
        ControlFlow::Continue(())
    }
}

async fn bounded<C: Bounded>(world: &C::World, messages: u64) -> f64 {
    let counter = C::bounded(world, CAPACITY).await;
    for number in 0..WARM_UP {
        counter.add(number).await;
    }
    let mut least = u64::MAX;
    for _ in 0..COUNTS {
        let count = alloc::start_counting();
        for number in 0..messages {
            counter.add(number).await;
        }
        least = least.min(count.calls());
    }
    counter.total().await;
    counter.end().await;
    least as f64 / messages as f64
}

/// One asker, which asks again when it has the answer.
pub(crate) async fn ask<C: Contender>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    let counter = C::unbounded(&world).await;
    for _ in 0..WARM_UP {
        counter.total().await;
    }
    let count = alloc::start_counting();
    for _ in 0..sizes.counted {
        counter.total().await;
    }
    let figure = count.calls() as f64 / sizes.counted as f64;
    drop(count);
    counter.end().await;
    figure
}
