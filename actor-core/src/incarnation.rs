//! One incarnation of an actor: its start, its loop, its end.
//!
//! The state stands outside of the guarded loop, so that a panic or an error leaves it for `stopped`, and outside of the cell, so
//! that nothing of it reaches the next incarnation.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;

use crate::cell::Cell;
use crate::children::{stop_all, within};
use crate::guard::{Outcome, caught, guarded};
use crate::inbox::Next;
use crate::reply_scope::{self, Scope};
use crate::sync::Arc;
use crate::{Actor, ActorId, AskError, BoxError, Context, ExitReason};

/// Runs an incarnation to its end and reports it to the cell. Dropping the future (the runtime goes away) ends the cell.
///
/// Not an `async fn`: that would hold its arguments twice, and this is what an idle actor consists of.
pub(crate) fn run<A: Actor>(
    actor: A,
    ctx: Context<A>,
    start_timeout: Duration,
) -> impl Future<Output = ()> + Send {
    let mut life = Life {
        state: State::new(actor, &ctx),
        ctx,
    };
    async move {
        let Life { state, ctx } = &mut life;
        let reason = live(state.get(), ctx, start_timeout).await;
        let reason = end(state.get(), ctx, reason).await;
        state.end(&reason);
        ctx.over(reason);
    }
}

/// What an incarnation owns. The state goes first in any case, so that it is gone when the cell hears of the end.
struct Life<A: Actor> {
    state: State<A>,
    ctx: Context<A>,
}

async fn live<A: Actor>(
    actor: &mut A,
    ctx: &mut Context<A>,
    start_timeout: Duration,
) -> ExitReason {
    if let Err(reason) = start(actor, ctx, start_timeout).await {
        return reason;
    }
    ctx.inbox.cell.started(ctx.inbox.incarnation);
    let cell = Arc::clone(&ctx.inbox.cell);
    let incarnation = ctx.inbox.incarnation;
    match guarded(&cell, incarnation, run_loop(actor, ctx)).await {
        Outcome::Done(reason) | Outcome::Failed(reason) => reason,
        Outcome::Killed => ExitReason::Killed,
    }
}

/// The loop of every actor.
async fn run_loop<A: Actor>(actor: &mut A, ctx: &mut Context<A>) -> Result<ExitReason, BoxError> {
    loop {
        while let Some(message) = ctx.inbox.next_drawn() {
            actor.handle(message, ctx).await?;
            reply_scope::settle();
        }
        match poll_fn(|cx| ctx.inbox.poll_next(cx)).await {
            Next::Message(message) => actor.handle(message, ctx).await?,
            Next::Signal(signal) => actor.signal(signal, ctx).await?,
            Next::End(reason) => return Ok(reason),
        }
        reply_scope::settle();
    }
}

async fn start<A: Actor>(
    actor: &mut A,
    ctx: &mut Context<A>,
    limit: Duration,
) -> Result<(), ExitReason> {
    let cell = Arc::clone(&ctx.inbox.cell);
    let incarnation = ctx.inbox.incarnation;
    let system = Arc::clone(ctx.core());
    // Pinned here: handed over by value it would be held several times in the future of every actor.
    let starting = pin!(guarded(&cell, incarnation, actor.started(ctx)));
    match within(&system, Some(limit), starting).await {
        None => Err(ExitReason::StartTimeout),
        Some(Outcome::Done(())) => Ok(()),
        Some(Outcome::Killed) => Err(ExitReason::Killed),
        Some(Outcome::Failed(ExitReason::Failed(text))) => Err(ExitReason::StartFailed(text)),
        Some(Outcome::Failed(panic)) => Err(ExitReason::StartFailed(panic.to_string())),
    }
}

/// The children first, then `stopped`. Returns why it ended after all: the hook can be killed, too.
async fn end<A: Actor>(actor: &mut A, ctx: &mut Context<A>, mut reason: ExitReason) -> ExitReason {
    let cell = Arc::clone(&ctx.inbox.cell);
    let incarnation = ctx.inbox.incarnation;
    stop_children(&cell).await;
    let was_started = !matches!(
        reason,
        ExitReason::StartFailed(_) | ExitReason::StartTimeout
    );
    if was_started && reason != ExitReason::Killed {
        match guarded(&cell, incarnation, actor.stopped(&reason, ctx)).await {
            Outcome::Done(()) => {}
            Outcome::Failed(panic) => {
                tracing::error!(actor = %cell.header().id(), reason = %panic, "the stopped hook panicked");
            }
            Outcome::Killed => reason = ExitReason::Killed,
        }
        // The hook may have started some more.
        stop_children(&cell).await;
    }
    reason
}

async fn stop_children<M: Send + 'static>(cell: &Cell<M>) {
    if let (Some(system), Some(children)) =
        (cell.header().system(), cell.header().children_if_any())
    {
        stop_all(system, children, &ExitReason::Shutdown).await;
    }
}

/// The state of an incarnation. Dropping it is user code: a panic in it is caught, and the replies that it kept resolve by how the
/// incarnation ended.
struct State<A> {
    actor: Option<A>,
    address: usize,
    id: ActorId,
    dropped: AskError,
}

impl<A> State<A> {
    fn new(actor: A, ctx: &Context<A>) -> Self
    where
        A: Actor,
    {
        State {
            actor: Some(actor),
            address: ctx.inbox.cell.address(),
            id: ctx.id(),
            // What holds if the runtime goes away in between.
            dropped: AskError::Stopped {
                reason: ExitReason::Killed,
                begun: true,
            },
        }
    }

    fn get(&mut self) -> &mut A {
        self.actor
            .as_mut()
            .expect("the state is there until its drop")
    }

    fn end(&mut self, reason: &ExitReason) {
        self.dropped = match reason {
            ExitReason::Failed(_) | ExitReason::Panicked { .. } | ExitReason::StartFailed(_) => {
                AskError::Failed {
                    reason: reason.clone(),
                }
            }
            other => AskError::Stopped {
                reason: other.clone(),
                begun: true,
            },
        };
        self.drop_actor();
    }

    fn drop_actor(&mut self) {
        let scope = Scope::enter(self.address, self.id);
        if let Err(reason) = caught(|| drop(self.actor.take())) {
            tracing::error!(actor = %self.id, %reason, "dropping the state of an actor panicked");
        }
        scope.close(|| self.dropped.clone());
    }
}

impl<A> Drop for State<A> {
    fn drop(&mut self) {
        if self.actor.is_some() {
            self.drop_actor();
        }
    }
}
