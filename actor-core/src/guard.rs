//! Polls user code: the kill check, the capture of panics and the scope of dropped replies, once per poll and not per message.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

use crate::cell::{Cell, Parked};
use crate::reply_scope::Scope;
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

/// Runs user code to its end, to its panic, or to the kill of its incarnation.
pub(crate) async fn guarded<M, F>(
    cell: &Arc<Cell<M>>,
    incarnation: u32,
    future: F,
) -> Outcome<<F::Output as Verdict>::Value>
where
    M: Send + 'static,
    F: Future,
    F::Output: Verdict,
{
    let id = cell.header().id();
    let mut held = Held {
        cell,
        slot: pin!(Some(future)),
        // What holds if the runtime drops this in mid-await, as for a kill: its replies were in hand.
        dropped: AskError::Stopped {
            reason: ExitReason::Killed,
            begun: true,
        },
    };
    let outcome = std::future::poll_fn(|cx| {
        loop {
            if cell.is_killed(incarnation) {
                return Poll::Ready(Outcome::Killed);
            }
            let future = held.future();
            let scope = Scope::enter(cell.address(), id);
            match catch_unwind(AssertUnwindSafe(|| future.poll(cx).map(Verdict::verdict))) {
                Ok(Poll::Pending) => {
                    drop(scope);
                    match cell.park(incarnation, cx.waker()) {
                        Parked::Rest => return Poll::Pending,
                        Parked::Again => {}
                        Parked::Killed => return Poll::Ready(Outcome::Killed),
                    }
                }
                Ok(Poll::Ready(Ok(value))) => return Poll::Ready(Outcome::Done(value)),
                Ok(Poll::Ready(Err(reason))) => {
                    scope.close(|| AskError::Failed {
                        reason: reason.clone(),
                    });
                    return Poll::Ready(Outcome::Failed(reason));
                }
                Err(payload) => {
                    let reason = ExitReason::from(crate::panic::describe(payload));
                    scope.close(|| AskError::Failed {
                        reason: reason.clone(),
                    });
                    return Poll::Ready(Outcome::Failed(reason));
                }
            }
        }
    })
    .await;
    match &outcome {
        Outcome::Done(_) => held.dropped = AskError::NoReply,
        Outcome::Failed(reason) => {
            held.dropped = AskError::Failed {
                reason: reason.clone(),
            };
        }
        Outcome::Killed => {}
    }
    outcome
}

/// A future of user code. Dropping it runs user code as well: its panic is caught, and replies that it takes along resolve.
struct Held<'a, M: Send + 'static, F> {
    cell: &'a Arc<Cell<M>>,
    slot: Pin<&'a mut Option<F>>,
    dropped: AskError,
}

impl<M: Send + 'static, F> Held<'_, M, F> {
    fn future(&mut self) -> Pin<&mut F> {
        let future = self.slot.as_mut().as_pin_mut();
        future.expect("the future is dropped with its holder only")
    }
}

impl<M: Send + 'static, F> Drop for Held<'_, M, F> {
    fn drop(&mut self) {
        let id = self.cell.header().id();
        let scope = Scope::enter(self.cell.address(), id);
        if catch_unwind(AssertUnwindSafe(|| self.slot.set(None))).is_err() {
            tracing::error!(actor = %id, "dropping a handler panicked");
        }
        scope.close(|| self.dropped.clone());
    }
}

/// Runs a synchronous piece of user code, such as a factory.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, ExitReason> {
    crate::panic::catch(run).map_err(ExitReason::from)
}
