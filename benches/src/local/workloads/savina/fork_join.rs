//! Fork-join throughput: every actor gets many messages, in turn with the others, and ends after the last. Fork-join create: many
//! actors get one message each. A message is worth one sine.

use std::{hint::black_box, ops::ControlFlow, sync::Arc, time::Instant};

use super::{Behaviour, RUN, Stage, nanos_per};
use crate::{
    local::contender::{Address, Exit, Latch},
    sizes::Sizes,
};

/// `savina_fjt`.
pub(crate) async fn throughput<C: Stage>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    let (actors, messages) = (
        sizes.savina.throughput_actors,
        sizes.savina.throughput_messages,
    );
    let gone = Latch::new(actors);
    let begin = Instant::now();
    let mut workers = Vec::with_capacity(actors);
    for _ in 0..actors {
        workers.push(C::cast(&world, Worker::new(messages, &gone)).await);
    }
    let mut left = RUN;
    for _ in 0..messages {
        for worker in &workers {
            worker.tell(()).await;
            left -= 1;
            if left == 0 {
                left = RUN;
                tokio::task::yield_now().await;
            }
        }
    }
    gone.wait().await;
    nanos_per(begin, actors as u64 * messages)
}

/// `savina_fjc`.
pub(crate) async fn create<C: Stage>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    let actors = sizes.savina.created;
    let gone = Latch::new(actors);
    let begin = Instant::now();
    let mut workers = Vec::with_capacity(actors);
    for _ in 0..actors {
        let worker = C::cast(&world, Worker::new(1, &gone)).await;
        worker.tell(()).await;
        workers.push(worker);
    }
    gone.wait().await;
    nanos_per(begin, actors as u64)
}

/// Computes once per message and ends after `left` of them.
struct Worker {
    left: u64,
    _exit: Exit,
}

impl Worker {
    fn new(left: u64, gone: &Arc<Latch>) -> Self {
        let _exit = Exit(gone.clone());
        Self { left, _exit }
    }
}

impl Behaviour for Worker {
    type Msg = ();

    async fn handle(&mut self, (): ()) -> ControlFlow<()> {
        let sine = black_box(37.2_f64).sin();
        assert!(
            sine * sine > 0.0,
            "the published proof that it was computed"
        );
        self.left -= 1;
        match self.left {
            0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}
