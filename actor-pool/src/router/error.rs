//! What can go wrong with a router, beside what can go wrong with a message.

use std::fmt;

use actor_core::{StartError, SupervisorError};

use super::WorkerId;

/// Why a router was not started, or its workers were not changed.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # use actor_core::ChildSpec;
/// use actor_pool::{Router, RouterError, RoutingPolicy};
///
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let none = Router::builder(RoutingPolicy::round_robin(), |id| ChildSpec::new(id, || Worker)).workers(0);
/// assert!(matches!(none.start(&system).await, Err(RouterError::NoWorkers)));
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum RouterError {
    /// It would have no worker: none was asked for, or the last one was to be removed. Nothing has changed; a retry is useless.
    NoWorkers,
    /// More workers than the table of keys takes, 65,000. Nothing has changed; a retry is useless.
    TooManyWorkers(usize),
    /// A worker did not start at the beginning. Nothing is left of the router.
    Start(StartError),
    /// A worker that was to be added did not start, or its specification was refused. The others are as they were.
    Worker(SupervisorError),
    /// What makes the specifications panicked. The workers are as they were.
    Specification,
    /// There is no such worker, or it was removed before.
    NotFound(WorkerId),
    /// The router has ended, or is about to. A retry is useless.
    Closed,
}

impl fmt::Display for RouterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RouterError::NoWorkers => f.write_str("a router needs at least one worker"),
            RouterError::TooManyWorkers(workers) => {
                write!(
                    f,
                    "a router takes no more than 65000 workers, not {workers}"
                )
            }
            RouterError::Start(error) => write!(f, "the router did not start: {error}"),
            RouterError::Worker(error) => write!(f, "the worker was not added: {error}"),
            RouterError::Specification => {
                f.write_str("the function that makes the specifications of workers panicked")
            }
            RouterError::NotFound(id) => write!(f, "the router has no worker {}", id.number()),
            RouterError::Closed => f.write_str("the router has ended, or is about to"),
        }
    }
}

impl std::error::Error for RouterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RouterError::Start(error) => Some(error),
            RouterError::Worker(error) => Some(error),
            _ => None,
        }
    }
}
