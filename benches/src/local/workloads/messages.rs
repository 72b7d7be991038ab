//! One-way messages: how many senders, what mailbox, how large a message.

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use super::{Behaviour, Bounded, Contender, CounterRef, RUN, Stage, nanos_per};
use crate::{
    local::contender::{Address, Exit, Latch},
    sizes::Sizes,
};

/// The bounded mailbox of all subjects.
const CAPACITY: usize = 1_024;

/// One-way messages into an unbounded mailbox.
pub(crate) async fn unbounded<C: Contender>(
    world: Arc<C::World>,
    sizes: Sizes,
    senders: u64,
) -> f64 {
    to_counter(C::unbounded(&world).await, senders, sizes.messages, RUN).await
}

/// One sender that never yields: nearly all messages are queued before the first is handled.
pub(crate) async fn burst<C: Contender>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    to_counter(C::unbounded(&world).await, 1, sizes.messages, u64::MAX).await
}

/// One-way messages into a bounded mailbox; senders wait for room.
pub(crate) async fn bounded<C: Bounded>(world: Arc<C::World>, sizes: Sizes, senders: u64) -> f64 {
    let counter = C::bounded(&world, CAPACITY).await;
    to_counter(counter, senders, sizes.messages, RUN).await
}

/// `senders` tasks share `messages` messages to one counter; the clock stops when the counter, asked
/// last, has seen them all.
async fn to_counter<R: CounterRef>(counter: R, senders: u64, messages: u64, run: u64) -> f64 {
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
    assert_eq!(total, senders * sum_below(each), "messages were lost");
    counter.end().await;
    figure
}

/// One sender of messages of `WORDS` times 8 bytes; the clock stops when the last of them has been handled.
pub(crate) async fn of_size<C: Stage, const WORDS: usize>(
    world: Arc<C::World>,
    sizes: Sizes,
) -> f64 {
    let (gone, total) = (Latch::new(1), Arc::new(AtomicU64::new(0)));
    let messages = sizes.messages;
    let sink = Sink {
        sum: 0,
        left: messages,
        total: total.clone(),
        _exit: Exit(gone.clone()),
    };
    let sink = C::cast::<Sink<WORDS>>(&world, sink).await;
    let begin = Instant::now();
    let sender = tokio::spawn(async move {
        for number in 0..messages {
            sink.tell([number; WORDS]).await;
            if number % RUN == RUN - 1 {
                tokio::task::yield_now().await;
            }
        }
        sink
    });
    let sink = sender.await.expect("a sender does not panic");
    gone.wait().await;
    let figure = nanos_per(begin, messages);
    let total = total.load(Ordering::Acquire);
    assert_eq!(total, sum_below(messages), "messages were lost");
    drop(sink);
    figure
}

/// Adds up the first word of each message, and ends after the last.
struct Sink<const WORDS: usize> {
    sum: u64,
    left: u64,
    total: Arc<AtomicU64>,
    _exit: Exit,
}

impl<const WORDS: usize> Behaviour for Sink<WORDS> {
    type Msg = [u64; WORDS];

    async fn handle(&mut self, words: [u64; WORDS]) -> ControlFlow<()> {
        self.sum += words[0];
        self.left -= 1;
        if self.left > 0 {
            return ControlFlow::Continue(());
        }
        self.total.store(self.sum, Ordering::Release);
        ControlFlow::Break(())
    }
}

/// 0 + 1 + … up to `end`, without it.
fn sum_below(end: u64) -> u64 {
    end * end.saturating_sub(1) / 2
}
