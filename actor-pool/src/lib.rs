//! Routers and job pools. [`router`]: many actors behind one reference. Job pools: functions run by supervised workers, on tasks, on threads and
//! in child processes, fed from one queue.
//!
//! A [`Job`] is a function with a stable name, on threads any closure, on tasks any async closure. A [`Pool`] runs jobs: [`submit`](Pool::submit) gives a
//! [`JobHandle`], a future of the result that can also cancel; [`map`](Pool::map) runs one job over many arguments, lazily and in
//! order. A worker that dies takes only the job in its hands with it; the pool replaces it and goes on.
//!
//! ```
//! use std::time::Duration;
//! use actor_core::ActorSystem;
//! use actor_pool::{Job, Pool, ShutdownMode};
//!
//! fn count_words(text: String) -> usize {
//!     text.split_whitespace().count()
//! }
//! const COUNT_WORDS: Job<String, usize> = Job::new("example.count_words/v1", count_words);
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), actor_core::BoxError> {
//!     let system = ActorSystem::new("words");
//!     let pool = Pool::builder().threads(2).start(&system).await?;
//!     let words = pool.submit(&COUNT_WORDS, "to be or not to be".to_owned()).await?;
//!     assert_eq!(words.await?, 6);
//!     pool.shutdown(ShutdownMode::Drain, Duration::from_secs(5)).await;
//!     Ok(())
//! }
//! ```
//!
//! What holds for pools is written down as numbered promises in `docs/semantics.md`, each with the test that shows it.

mod arena;
mod arguments;
mod builder;
mod chunk;
mod dispatch;
mod error;
mod feed;
mod future_task;
mod handle;
mod histogram;
mod job;
mod jobs;
mod join;
mod keeper;
mod line;
mod map;
mod options;
mod pack;
mod pool;
mod process;
mod progress;
mod ready;
pub mod router;
mod runtime;
mod set;
mod setup;
mod shared;
mod slot;
mod stats;
mod submit;
mod task;
mod thread;
mod worker;

#[cfg(feature = "macros")]
#[doc(inline)]
pub use actor_core_macros::job;
pub use actor_remote::Blob;
pub use arguments::{Arguments, Streamed};
pub use builder::PoolBuilder;
pub use error::{JobError, JobsError, Payload, PoolError, Refusal, SubmitError};
pub use handle::JobHandle;
pub use histogram::Histogram;
pub use job::{Completed, Job, JobStatus};
pub use jobs::{Jobs, JobsBuilder};
pub use map::{Finished, Map, MapUnordered};
pub use options::{JobOptions, Retry};
pub use pool::{Pool, PoolReport, ShutdownMode};
pub use progress::{Progress, report_progress};
pub use router::{
    Router, RouterBuilder, RouterError, RouterWorker, RouterWorkerState, RoutingPolicy, WorkerId,
};
pub use set::{JobSet, Numbered, Until, as_completed, wait};
pub use setup::with_state;
pub use stats::PoolStats;
pub use worker::{WorkerInfo, WorkerKind, WorkerState, WorkerStatus};
