//! What there is to know about a worker: who it is, and how it stands.

use std::fmt;
use std::sync::Arc;

/// Where a worker runs.
///
/// # Examples
///
/// ```
/// use actor_pool::WorkerKind;
///
/// assert_eq!(WorkerKind::Process.to_string(), "process");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkerKind {
    /// On a task of the runtime.
    Task,
    /// On a thread of this process.
    Thread,
    /// In a child process.
    Process,
}

impl fmt::Display for WorkerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WorkerKind::Task => "task",
            WorkerKind::Thread => "thread",
            WorkerKind::Process => "process",
        })
    }
}

/// Who did a job.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// use actor_pool::WorkerKind;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// let completed = pool.submit(&SQUARE, 3).await?.outcome().await?;
/// assert_eq!((&*completed.worker.name, completed.worker.kind), ("thread-1", WorkerKind::Thread));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerInfo {
    /// Its name, unique within the pool and the same over restarts: `thread-1`, `process-2`.
    pub name: Arc<str>,
    /// Where it runs.
    pub kind: WorkerKind,
    /// The process in which it runs: this one for a task or a thread. `None` while a process worker has not started.
    pub pid: Option<u32>,
}

impl WorkerInfo {
    /// For what no worker did.
    pub(crate) fn nobody() -> Self {
        WorkerInfo {
            name: Arc::from("nobody"),
            kind: WorkerKind::Task,
            pid: None,
        }
    }
}

/// What a worker is doing.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// use actor_pool::WorkerState;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// let busy = pool.workers().iter().filter(|worker| worker.state == WorkerState::Busy).count();
/// assert_eq!(busy, 0);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkerState {
    /// It is being started, or waits to be replaced.
    Starting,
    /// It has nothing to do.
    Idle,
    /// It has a job in hand.
    Busy,
    /// It has ended and is not replaced.
    Gone,
}

impl fmt::Display for WorkerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WorkerState::Starting => "starting",
            WorkerState::Idle => "idle",
            WorkerState::Busy => "busy",
            WorkerState::Gone => "gone",
        })
    }
}

/// One line of [`Pool::workers`](crate::Pool::workers).
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
/// for worker in pool.workers() {
///     println!("{} ({}): {}, replaced {} times", worker.name, worker.kind, worker.state, worker.restarts);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStatus {
    /// Its name.
    pub name: Arc<str>,
    /// Where it runs.
    pub kind: WorkerKind,
    /// The process in which it runs, while it runs.
    pub pid: Option<u32>,
    /// What it is doing.
    pub state: WorkerState,
    /// How often it was replaced.
    pub restarts: u32,
    /// What it has in hand: the name that its options or its function have.
    pub job: Option<Arc<str>>,
}
