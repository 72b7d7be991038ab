//! The only file that names the runtime's spawn and clock.

use std::future::Future;

pub(crate) use tokio::time::Instant;

/// Runs a future beside the caller. Whoever spawns it ends it.
pub(crate) fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(future)
}
