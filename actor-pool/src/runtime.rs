//! The one place of this crate that names the runtime's spawn, clock and signals.

use std::time::{Duration, Instant};

use crate::dispatch::Moment;

/// The clock of one pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Clock { start: now() }
    }

    pub(crate) fn now(&self) -> Moment {
        self.moment(now())
    }

    /// A moment before the start is the start.
    pub(crate) fn moment(&self, at: Instant) -> Moment {
        Moment::after_start(at.saturating_duration_since(self.start))
    }
}

/// The present moment; virtual while the clock of the runtime is paused.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A timer of the runtime that the caller runs on.
pub(crate) async fn sleep(limit: Duration) {
    tokio::time::sleep(limit).await;
}

/// Completes when the process is interrupted from the keyboard; never, if that cannot be known.
pub(crate) async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "interruptions from the keyboard cannot be seen");
        std::future::pending::<()>().await;
    }
}

/// Runs a future beside the caller. Whoever spawns it ends it.
pub(crate) fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(future)
}
