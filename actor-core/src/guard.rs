//! Polls user code: the kill check, the capture of panics and the scope of dropped replies, once per poll and not per message.
//!
//! [`Shell`] is the whole task of an incarnation: it opens the scope, looks for a kill, and leaves the waker where a kill finds it.
//! Inside of it each piece of user code is in a [`Guard`] of its own, so that a panic or an error ends the piece and not the
//! incarnation. Both are plain futures and not `async fn`s, which would hold what they are given twice.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::cell::{Cell, Parked};
use crate::reply_scope::{self, Scope};
use crate::sync::Arc;
use crate::{AskError, BoxError, ExitReason};

/// How a guarded future ended.
pub(crate) enum Outcome<T> {
    Done(T),
    /// In an error or a panic.
    Failed(ExitReason),
    Killed,
}

/// What a piece of user code may end with. The verdict is passed under the guard as well: an error's text, its sources and its drop
/// are user code, too.
pub(crate) trait Verdict {
    type Value;

    fn verdict(self) -> Result<Self::Value, ExitReason>;
}

impl<T> Verdict for Result<T, BoxError> {
    type Value = T;

    fn verdict(self) -> Result<T, ExitReason> {
        self.map_err(|error| ExitReason::from_error(&*error))
    }
}

impl Verdict for () {
    type Value = ();

    fn verdict(self) -> Result<(), ExitReason> {
        Ok(())
    }
}

pin_project! {
    /// Runs user code to its end, to its panic, or to the kill of its incarnation.
    pub(crate) struct Guard<F> {
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Guard<F> {
        fn drop(this: Pin<&mut Self>) {
            let slot = this.project().future;
            // Given up in mid-await, as for a kill.
            if slot.is_some() {
                clear(slot);
                reply_scope::resolve_now(died);
            }
        }
    }
}

impl<F> Guard<F> {
    pub(crate) fn new(future: F) -> Self {
        Guard {
            future: Some(future),
        }
    }
}

/// Drops a future, which runs user code as well: a panic in it harms nobody.
fn clear<F>(mut future: Pin<&mut Option<F>>) {
    if catch_unwind(AssertUnwindSafe(|| future.set(None))).is_err() {
        tracing::error!(
            actor = reply_scope::current_actor_id().map(tracing::field::display),
            "dropping a handler panicked"
        );
    }
}

impl<F> Future for Guard<F>
where
    F: Future,
    F::Output: Verdict,
{
    type Output = Outcome<<F::Output as Verdict>::Value>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.project().future;
        if reply_scope::is_killed() {
            clear(slot);
            reply_scope::resolve_now(died);
            return Poll::Ready(Outcome::Killed);
        }
        let future = slot
            .as_mut()
            .as_pin_mut()
            .expect("a guard is not polled after it completed");
        let polled = match catch_unwind(AssertUnwindSafe(|| future.poll(cx).map(Verdict::verdict)))
        {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(verdict)) => verdict,
            Err(payload) => Err(ExitReason::from(crate::panic::describe(payload))),
        };
        Poll::Ready(match polled {
            Ok(value) => {
                clear(slot);
                Outcome::Done(value)
            }
            Err(reason) => {
                let failed = || AskError::Failed {
                    reason: reason.clone(),
                };
                reply_scope::resolve_now(failed);
                clear(slot);
                reply_scope::resolve_now(failed);
                Outcome::Failed(reason)
            }
        })
    }
}

/// What becomes of the replies in the hands of an incarnation that is killed, or whose runtime goes away.
fn died() -> AskError {
    AskError::Stopped {
        reason: ExitReason::Killed,
        begun: true,
    }
}

pin_project! {
    /// The task of an incarnation.
    pub(crate) struct Shell<M: Send, F>
    where
        M: 'static,
    {
        #[pin]
        inner: Option<F>,
        cell: Arc<Cell<M>>,
        incarnation: u32,
    }

    impl<M: Send, F> PinnedDrop for Shell<M, F> where M: 'static {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // Completed: then it was dropped already.
            if this.inner.is_some() {
                // The runtime drops it in mid-await, as for a kill.
                let scope = Scope::enter(this.cell.address(), this.cell.header().id(), true);
                clear(this.inner);
                scope.close(died);
            }
        }
    }
}

impl<M: Send + 'static, F> Shell<M, F> {
    pub(crate) fn new(cell: Arc<Cell<M>>, incarnation: u32, inner: F) -> Self {
        Shell {
            inner: Some(inner),
            cell,
            incarnation,
        }
    }
}

impl<M: Send + 'static, F: Future<Output = ()>> Future for Shell<M, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let (cell, incarnation) = (&*this.cell, *this.incarnation);
        loop {
            let killed = cell.is_killed(incarnation);
            let scope = Scope::enter(cell.address(), cell.header().id(), killed);
            let Some(inner) = this.inner.as_mut().as_pin_mut() else {
                return Poll::Ready(());
            };
            if inner.poll(cx).is_ready() {
                this.inner.set(None);
                return Poll::Ready(());
            }
            // One that rests has left its waker with its mailbox. One that knows that it was killed is about its end.
            if scope.end_poll() || killed || cell.park(incarnation, cx.waker()) == Parked::Rest {
                return Poll::Pending;
            }
        }
    }
}

/// Runs a synchronous piece of user code, such as a factory.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, ExitReason> {
    crate::panic::catch(run).map_err(ExitReason::from)
}
