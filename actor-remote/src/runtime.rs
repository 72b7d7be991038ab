//! The one place of this crate that names the runtime's spawn.

use std::future::Future;

/// A task that was spawned. Dropped, it goes on.
pub(crate) enum Task {
    Tokio(tokio::task::JoinHandle<()>),
    #[cfg(feature = "testing")]
    Simulated(actor_core::testing::part::Part),
}

impl Task {
    /// Ends it at its next await.
    pub(crate) fn abort(&self) {
        match self {
            Task::Tokio(task) => task.abort(),
            #[cfg(feature = "testing")]
            Task::Simulated(part) => part.abort(),
        }
    }
}

/// Runs a task that ends with the link or the process it belongs to; inside of a simulation as a task of that.
pub(crate) fn spawn<F>(future: F) -> Task
where
    F: Future<Output = ()> + Send + 'static,
{
    #[cfg(feature = "testing")]
    let future = match actor_core::testing::part::spawn("a part of a link", future) {
        Ok(part) => return Task::Simulated(part),
        Err(future) => future,
    };
    Task::Tokio(tokio::spawn(future))
}
