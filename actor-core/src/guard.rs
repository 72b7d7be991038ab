//! Polls user code: the kill check, the capture of panics and the scope of dropped replies, once per poll and not per message.
//!
//! [`Shell`] is the whole task of an incarnation: it opens the scope, looks for a kill, and leaves the waker where a kill finds it.
//! Inside of it each hook, and the loop, is in a [`Guard`], so that a panic or an error ends that and not the incarnation; and inside of
//! that each piece of user code is [`Killable`], so that a kill drops it under the guard. All three are plain futures and not
//! `async fn`s, which would hold what they are given twice; together they add 16 bytes to an actor.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::cell::{Cell, Parked};
use crate::reply_scope::{self, Scope};
use crate::sync::Arc;
use crate::{AskError, BoxError, ExitReason};

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

impl Verdict for bool {
    type Value = bool;

    fn verdict(self) -> Result<bool, ExitReason> {
        Ok(self)
    }
}

pin_project! {
    /// Runs a future that runs user code. `Err`: it ended in an error or a panic.
    ///
    /// The future owns nothing of the user's once it has completed, and drops what it does own while it is polled.
    pub(crate) struct Guard<F> {
        #[pin]
        future: F,
    }
}

impl<F> Guard<F> {
    pub(crate) fn new(future: F) -> Self {
        Guard { future }
    }
}

impl<F> Future for Guard<F>
where
    F: Future,
    F::Output: Verdict,
{
    type Output = Result<<F::Output as Verdict>::Value, ExitReason>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        let ended = match catch_unwind(AssertUnwindSafe(|| future.poll(cx).map(Verdict::verdict))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(verdict)) => verdict,
            Err(payload) => Err(ExitReason::from(crate::panic::describe(payload))),
        };
        match &ended {
            Err(reason) => reply_scope::resolve_now(|| AskError::Failed {
                reason: reason.clone(),
            }),
            Ok(_) if reply_scope::is_killed() => reply_scope::resolve_now(died),
            Ok(_) => {}
        }
        Poll::Ready(ended)
    }
}

pin_project! {
    /// User code that is given up when its incarnation is killed: `None`.
    pub(crate) struct Killable<F> {
        #[pin]
        future: F,
    }
}

impl<F> Killable<F> {
    pub(crate) fn new(future: F) -> Self {
        Killable { future }
    }
}

impl<F: Future> Future for Killable<F> {
    type Output = Option<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if reply_scope::is_killed() {
            return Poll::Ready(None);
        }
        self.project().future.poll(cx).map(Some)
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
    /// What a task runs. The number stands here because it fits beside the tag.
    #[project = WorkProjection]
    enum Work<F> {
        Live {
            incarnation: u32,
            #[pin]
            inner: F,
        },
        Over,
    }
}

pin_project! {
    /// The task of an incarnation.
    pub(crate) struct Shell<M, F>
    where
        M: Send,
        M: 'static,
    {
        cell: Arc<Cell<M>>,
        #[pin]
        work: Work<F>,
    }

    impl<M, F> PinnedDrop for Shell<M, F> where M: Send, M: 'static {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if matches!(*this.work, Work::Over) {
                return;
            }
            // The runtime drops it in mid-await, as for a kill.
            let id = this.cell.header().id();
            let scope = Scope::enter(this.cell.address(), id, true);
            if catch_unwind(AssertUnwindSafe(|| this.work.set(Work::Over))).is_err() {
                tracing::error!(actor = %id, "dropping what an actor had in hand panicked");
            }
            scope.close(died);
        }
    }
}

impl<M: Send + 'static, F> Shell<M, F> {
    pub(crate) fn new(cell: Arc<Cell<M>>, incarnation: u32, inner: F) -> Self {
        Shell {
            cell,
            work: Work::Live { incarnation, inner },
        }
    }
}

impl<M: Send + 'static, F: Future<Output = ()>> Future for Shell<M, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let cell = &*this.cell;
        let WorkProjection::Live {
            incarnation,
            mut inner,
        } = this.work.as_mut().project()
        else {
            return Poll::Ready(());
        };
        loop {
            let killed = cell.is_killed(*incarnation);
            let scope = Scope::enter(cell.address(), cell.header().id(), killed);
            if inner.as_mut().poll(cx).is_ready() {
                drop(scope);
                this.work.set(Work::Over);
                return Poll::Ready(());
            }
            // One that rests has left its waker with its mailbox. One that knows that it was killed is about its end.
            if scope.end_poll() || killed || cell.park(*incarnation, cx.waker()) == Parked::Rest {
                return Poll::Pending;
            }
        }
    }
}

/// Runs a synchronous piece of user code, such as a factory.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, ExitReason> {
    crate::panic::catch(run).map_err(ExitReason::from)
}
