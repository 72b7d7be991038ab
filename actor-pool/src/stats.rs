//! What a pool has done so far, and what it is doing.

use actor_core::snapshot::Note;

use crate::{Histogram, WorkerState, WorkerStatus};

/// What a pool has done so far, and what it is doing, at one moment; see [`Pool::stats`](crate::Pool::stats). The
/// [snapshot](actor_core::ActorSystem::snapshot) of the system has the figures, too.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// pool.map(&SQUARE, 1..=10).collect().await;
/// let stats = pool.stats();
/// assert_eq!((stats.queued, stats.running, stats.done, stats.failed), (0, 0, 10, 0));
/// println!("99 of 100 waited less than {:?}", stats.queueing_time.p99());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PoolStats {
    /// How many jobs wait: for a worker, for their time, or for one with the same key.
    pub queued: usize,
    /// How many are in the hands of workers.
    pub running: usize,
    /// How many have a result.
    pub done: u64,
    /// How many had none when their worker was done with them: a panic, or something that cannot be carried.
    pub failed: u64,
    /// How many times a job was put back to be tried again.
    pub retried: u64,
    /// The workers, with pid and state.
    pub workers: Vec<WorkerStatus>,
    /// How long jobs waited before they began, their delays included. A chunk counts as one.
    pub queueing_time: Histogram,
    /// How long they were in hand. A chunk counts as one.
    pub running_time: Histogram,
}

impl PoolStats {
    /// In short, for the snapshot of the system.
    pub(crate) fn note(&self, name: &str) -> Note {
        let micros =
            |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let is_busy = |worker: &&WorkerStatus| worker.state == WorkerState::Busy;
        let busy = self.workers.iter().filter(is_busy).count();
        Note::new(name)
            .figure("workers", self.workers.len() as u64)
            .figure("busy", busy as u64)
            .figure("queued", self.queued as u64)
            .figure("running", self.running as u64)
            .figure("done", self.done)
            .figure("failed", self.failed)
            .figure("retried", self.retried)
            .figure("queueing p50 µs", micros(self.queueing_time.p50()))
            .figure("queueing p99 µs", micros(self.queueing_time.p99()))
            .figure("running p50 µs", micros(self.running_time.p50()))
            .figure("running p99 µs", micros(self.running_time.p99()))
    }
}
