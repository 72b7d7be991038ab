//! From nothing to the first result of a worker process. Its end is not part of it.

use std::time::{Duration, Instant};

use actor_core::ActorSystem;
use actor_pool::ShutdownMode;
use tokio::runtime::Handle;

use super::{
    PoolSizes,
    jobs::{TINY, tiny},
    kept::{processes, rounds},
};
use crate::{harness::Run, process::raw::median_micros};

/// A pool that takes longer to end hangs.
const END: Duration = Duration::from_secs(10);

pub(super) fn ours(on: &Handle) -> Run {
    let system = || async { ActorSystem::new("start-bench") };
    rounds(on, system, start_pools)
}

async fn start_pools(system: ActorSystem, sizes: PoolSizes) -> f64 {
    let mut nanos = Vec::with_capacity(sizes.starts);
    for number in 0..sizes.starts as u64 {
        let builder = processes(1);
        let begin = Instant::now();
        let pool = builder.start(&system).await;
        let pool = pool.expect("this executable can be run again");
        let result = pool.apply(&TINY, number).await;
        nanos.push(begin.elapsed().as_nanos() as u64);
        assert_eq!(result, Ok(tiny(number)), "an answer was wrong");
        let report = pool.shutdown(ShutdownMode::Drain, END).await;
        assert!(report.is_clean(), "a pool did not end: {report:?}");
    }
    median_micros(&mut nanos) / 1e3
}
