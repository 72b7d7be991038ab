//! The one place of this crate that names the runtime's spawn.

use std::future::Future;

use tokio::task::JoinHandle;

/// Runs a task that ends with the link or the process it belongs to.
pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future)
}
