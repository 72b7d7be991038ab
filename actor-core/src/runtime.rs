//! The one place that spawns on the runtime and reads its clock, so that a seeded scheduler can take over.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};

/// A handle to the runtime on which a system lives.
#[derive(Clone, Debug)]
pub(crate) struct Runtime {
    handle: Handle,
}

impl Runtime {
    pub(crate) fn new(handle: Handle) -> Self {
        Runtime { handle }
    }

    /// The runtime that the caller runs on.
    pub(crate) fn current() -> Option<Self> {
        Handle::try_current().ok().map(Runtime::new)
    }

    pub(crate) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// A call that may block, on a thread of its own kind.
    pub(crate) fn spawn_blocking(&self, call: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
        self.handle.spawn_blocking(call)
    }

    /// Runs a future on the calling plain thread, with this runtime's timers and I/O.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// The present moment; virtual while the runtime's clock is paused.
    pub(crate) fn now(&self) -> Instant {
        let _context = self.handle.enter();
        now()
    }

    pub(crate) fn sleep_until(&self, at: Instant) -> tokio::time::Sleep {
        let _context = self.handle.enter();
        tokio::time::sleep_until(at.into())
    }
}

/// A task that ends with its owner: at its next await, or before its first poll.
pub(crate) struct Task(AbortHandle);

impl Task {
    pub(crate) fn owned<T>(handle: &JoinHandle<T>) -> Self {
        Task(handle.abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The present moment of the runtime that the caller runs on.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A timer of the runtime that the caller runs on.
pub(crate) fn sleep(limit: Duration) -> tokio::time::Sleep {
    tokio::time::sleep(limit)
}

/// Lets others have their turn, once.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The output of `future`, or `None` once `limit` completes first. `future` is looked at first, always.
pub(crate) async fn first<F: Future, L: Future>(future: F, limit: L) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut limit = pin!(limit);
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => limit.as_mut().poll(cx).map(|_| None),
    })
    .await
}
