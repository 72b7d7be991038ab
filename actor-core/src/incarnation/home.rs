//! Where an incarnation keeps the state of its actor while it runs.
//!
//! Every actor is its own home: nothing is added to it, and each function here is the plain thing. A test that looks at the state between
//! two messages gives its actor another one, in which the state lies where the test finds it; see `testing/harness/lent.rs`.

use std::future::Future;
use std::task::{Context, Poll};

use crate::inbox::{Inbox, Next};
use crate::{Actor, BoxError, ExitReason};

/// See the module's header.
pub(crate) trait Home: Send + 'static {
    /// Whose state it is.
    type Actor: Actor;
    /// What reaches a loop that runs.
    type Door: Send;

    /// The state, for a hook or a handler.
    fn actor(&mut self) -> &mut Self::Actor;

    /// What comes next; nothing is in hand while that is pending.
    fn poll_next(
        &mut self,
        inbox: &mut Inbox<<Self::Actor as Actor>::Msg>,
        cx: &mut Context<'_>,
    ) -> Poll<Next>;

    /// The way into a loop that has borrowed this home.
    fn door(&self) -> Self::Door;

    /// The loop, and whatever comes in by the door.
    fn exposed<F>(
        door: Self::Door,
        run: F,
    ) -> impl Future<Output = Result<ExitReason, BoxError>> + Send
    where
        F: Future<Output = Result<ExitReason, BoxError>> + Send;
}

impl<A: Actor> Home for A {
    type Actor = A;
    type Door = ();

    #[inline(always)]
    fn actor(&mut self) -> &mut A {
        self
    }

    #[inline(always)]
    fn poll_next(&mut self, inbox: &mut Inbox<A::Msg>, cx: &mut Context<'_>) -> Poll<Next> {
        inbox.poll_next(cx)
    }

    fn door(&self) {}

    fn exposed<F>((): (), run: F) -> impl Future<Output = Result<ExitReason, BoxError>> + Send
    where
        F: Future<Output = Result<ExitReason, BoxError>> + Send,
    {
        run
    }
}
