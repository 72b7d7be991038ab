//! Routers and job pools. [`router`]: many actors behind one reference. Job pools: functions run by supervised workers, on threads and in child processes, fed from one queue.
//!
//! A [`Job`] is a function with a stable name, or on threads any closure. A [`Pool`] runs jobs: [`submit`](Pool::submit) gives a
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
mod builder;
mod dispatch;
mod error;
mod feed;
mod handle;
mod job;
mod jobs;
mod join;
mod keeper;
mod line;
mod map;
mod pool;
mod process;
mod ready;
pub mod router;
mod runtime;
mod shared;
mod slot;
mod submit;
mod task;
mod thread;
mod worker;

pub use actor_remote::Blob;
pub use builder::PoolBuilder;
pub use error::{JobError, JobsError, Payload, PoolError, Refusal, SubmitError};
pub use handle::JobHandle;
pub use job::{Completed, Job, JobOptions, JobStatus};
pub use jobs::{Jobs, JobsBuilder};
pub use map::{Map, MapUnordered};
pub use pool::{Pool, PoolReport, ShutdownMode};
pub use router::{
    Router, RouterBuilder, RouterError, RouterWorker, RouterWorkerState, RoutingPolicy, WorkerId,
};
pub use worker::{WorkerInfo, WorkerKind, WorkerState, WorkerStatus};
