//! One incarnation of an actor: its start, its loop, its end.
//!
//! The state stands outside of the guarded loop, so that a panic or an error leaves it for `stopped`, and outside of the cell, so
//! that nothing of it reaches the next incarnation.

use std::future::poll_fn;
use std::time::Duration;

use crate::children::{stop_all, within};
use crate::guard::{Outcome, caught, guarded};
use crate::inbox::Next;
use crate::reply_scope::{self, Scope};
use crate::sync::Arc;
use crate::{Actor, AskError, BoxError, Context, ExitReason};

/// Runs an incarnation to its end and reports it to the cell. Dropping the future (the runtime goes away) ends the cell.
pub(crate) async fn run<A: Actor>(actor: A, mut ctx: Context<A>, start_timeout: Duration) {
    let mut actor = Some(actor);
    let reason = live(&mut actor, &mut ctx, start_timeout).await;
    end(actor, &mut ctx, &reason).await;
    ctx.over(reason);
}

async fn live<A: Actor>(
    state: &mut Option<A>,
    ctx: &mut Context<A>,
    start_timeout: Duration,
) -> ExitReason {
    let Some(actor) = state else {
        return ExitReason::Killed;
    };
    if let Err(reason) = start(actor, ctx, start_timeout).await {
        return reason;
    }
    ctx.inbox.cell.started(ctx.inbox.incarnation);
    let cell = Arc::clone(&ctx.inbox.cell);
    let incarnation = ctx.inbox.incarnation;
    match guarded(&cell, incarnation, run_loop(actor, ctx)).await {
        Outcome::Done(Ok(reason)) => reason,
        Outcome::Done(Err(error)) => ExitReason::from_error(&*error),
        Outcome::Panicked(reason) => reason,
        Outcome::Killed => ExitReason::Killed,
    }
}

/// The loop of every actor.
async fn run_loop<A: Actor>(actor: &mut A, ctx: &mut Context<A>) -> Result<ExitReason, BoxError> {
    loop {
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
    let starting = guarded(&cell, incarnation, actor.started(ctx));
    match within(&system, Some(limit), starting).await {
        None => Err(ExitReason::StartTimeout),
        Some(Outcome::Killed) => Err(ExitReason::Killed),
        Some(outcome) => outcome.into_result().map_err(|reason| match reason {
            ExitReason::Failed(text) => ExitReason::StartFailed(text),
            other => ExitReason::StartFailed(other.to_string()),
        }),
    }
}

/// The children first, then `stopped`, then the state.
async fn end<A: Actor>(mut state: Option<A>, ctx: &mut Context<A>, reason: &ExitReason) {
    let cell = Arc::clone(&ctx.inbox.cell);
    let incarnation = ctx.inbox.incarnation;
    if let Some(children) = cell.header().children_if_any() {
        stop_all(ctx.core(), children, &ExitReason::Shutdown).await;
    }
    let was_started = !matches!(
        reason,
        ExitReason::StartFailed(_) | ExitReason::StartTimeout
    );
    if let Some(actor) = &mut state
        && was_started
        && *reason != ExitReason::Killed
        && let Outcome::Panicked(reason) =
            guarded(&cell, incarnation, actor.stopped(reason, ctx)).await
    {
        tracing::error!(actor = %cell.header().id(), %reason, "the stopped hook panicked");
    }
    drop_state(state, ctx, reason);
}

/// Drops the state; replies that it kept resolve by how the incarnation ended.
fn drop_state<A: Actor>(state: Option<A>, ctx: &Context<A>, reason: &ExitReason) {
    let scope = Scope::enter(ctx.inbox.cell.address(), ctx.id());
    if let Err(panic) = caught(|| drop(state)) {
        tracing::error!(actor = %ctx.id(), reason = %panic, "dropping the state of an actor panicked");
    }
    scope.close(|| match reason {
        ExitReason::Failed(_) | ExitReason::Panicked { .. } | ExitReason::StartFailed(_) => {
            AskError::Failed {
                reason: reason.clone(),
            }
        }
        other => AskError::Stopped {
            reason: other.clone(),
            begun: true,
        },
    });
}
