//! What stays from round to round: it comes to be when the first round needs it, so that nothing else runs beside it before.

use std::future::Future;

use actor_core::ActorSystem;
use actor_pool::{Pool, PoolBuilder};
use actor_remote::Node;
use tokio::runtime::Handle;

use super::{PoolSizes, jobs};
use crate::{
    harness::{Figures, Run},
    worker_registry,
};

/// As many workers as cores of the smallest machine this is meant for.
pub(super) const WORKERS: usize = 2;

/// A run that is made in its first round.
pub(super) fn lazily(make: impl Fn() -> Run + 'static) -> Run {
    let mut made = None;
    Box::new(move |sizes| made.get_or_insert_with(&make)(sizes))
}

/// Rounds as tasks of the runtime, with something that `start` brought up for all of them.
pub(super) fn rounds<K, S, F>(
    on: &Handle,
    start: impl Fn() -> S + 'static,
    round: impl Fn(K, PoolSizes) -> F + 'static,
) -> Run
where
    K: Clone + 'static,
    S: Future<Output = K>,
    F: Future<Output: Into<Figures>> + Send + 'static,
{
    let on = on.clone();
    let mut kept = None;
    Box::new(move |sizes| {
        let kept = kept.get_or_insert_with(|| on.block_on(start()));
        let round = round(kept.clone(), sizes.pool);
        let figures = on.block_on(on.spawn(async move { round.await.into() }));
        figures.expect("a round does not panic")
    })
}

/// A pool, and the system that it ends with.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) pool: Pool,
    _system: ActorSystem,
}

impl Kept {
    pub(super) async fn threads() -> Self {
        Kept::start(Pool::threads(WORKERS)).await
    }

    pub(super) async fn processes() -> Self {
        Kept::start(processes(WORKERS)).await
    }

    async fn start(builder: PoolBuilder) -> Self {
        let system = ActorSystem::new("pool-bench");
        let pool = builder.start(&system).await;
        let pool = pool.expect("this executable can be run again");
        Kept {
            pool,
            _system: system,
        }
    }
}

/// A pool whose workers are this executable run again.
pub(super) fn processes(workers: usize) -> PoolBuilder {
    let node = Node::new(worker_registry());
    Pool::processes(workers, &node, &jobs::list())
}
