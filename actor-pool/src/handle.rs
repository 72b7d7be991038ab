//! The handle of one job: its future outcome, and its cancellation.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::arena::Key;
use crate::shared::Shared;
use crate::slot::Outcome;
use crate::task::Promise;
use crate::{Completed, JobError, JobStatus};

/// A job that was accepted. A future of its result.
///
/// Dropping the handle does not cancel the job; its result is dropped when it comes.
///
/// # Cancel safety
///
/// The handle may be awaited by reference (`(&mut handle).await`), in a `select!` for instance, and awaited again later.
///
/// # Panics
///
/// When it is polled again after it gave its result.
#[must_use = "without the handle nobody learns what became of the job"]
pub struct JobHandle<Out> {
    promise: Arc<dyn Promise<Out>>,
    shared: Arc<Shared>,
    key: Key,
}

impl<Out> JobHandle<Out> {
    pub(crate) fn new(promise: Arc<dyn Promise<Out>>, shared: Arc<Shared>, key: Key) -> Self {
        JobHandle {
            promise,
            shared,
            key,
        }
    }

    /// The result together with who found it.
    ///
    /// # Errors
    ///
    /// [`JobError`] says why there is no result.
    ///
    /// # Cancel safety
    ///
    /// The outcome is lost with the future; use [`poll_outcome`](JobHandle::poll_outcome) where that matters.
    pub async fn outcome(self) -> Result<Completed<Out>, JobError> {
        std::future::poll_fn(|cx| self.promise.slot().poll_take(cx)).await
    }

    /// The same, for futures written by hand. After it was ready the handle is used up.
    ///
    /// # Panics
    ///
    /// When it is polled again after it was ready.
    pub fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Result<Completed<Out>, JobError>> {
        self.poll_take(cx)
    }

    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Outcome<Out>> {
        self.promise.slot().poll_take(cx)
    }

    /// Cancels the job if it has not begun; it never will then, and its handle gives [`JobError::Cancelled`]. Returns whether it did:
    /// `false` when the job is in the hands of a worker, or finished.
    pub fn cancel(&self) -> bool {
        self.shared.cancel(self.key)
    }

    /// Where the job stands. A snapshot: workers go on meanwhile.
    #[must_use]
    pub fn status(&self) -> JobStatus {
        if self.is_finished() {
            JobStatus::Finished
        } else {
            self.shared.status(self.key)
        }
    }

    /// Whether there is an outcome, so that awaiting it takes no time.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.promise.slot().is_finished()
    }
}

impl<Out> Future for JobHandle<Out> {
    type Output = Result<Out, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_take(cx)
            .map(|outcome| outcome.map(|completed| completed.value))
    }
}

impl<Out> fmt::Debug for JobHandle<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
