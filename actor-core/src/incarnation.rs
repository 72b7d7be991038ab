//! One incarnation of an actor: its start, its loop, its end.
//!
//! The state stands outside of the guarded loop, so that a panic or an error leaves it for `stopped`, and outside of the cell, so
//! that nothing of it reaches the next incarnation.
//!
//! An idle actor consists of its cell and of this future, so it holds each thing once: one reference where two would do, no reasons,
//! no timers; what only the start and the end need is in boxes of their own.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::cell::Cell;
use crate::children::stop_all;
use crate::guard::{Guard, Outcome, Shell, caught};
use crate::inbox::Next;
use crate::reply_scope::{self, Scope};
use crate::sync::Arc;
use crate::system::SystemCore;
use crate::timekeeper;
use crate::{Actor, AskError, BoxError, Context, ExitReason};

/// What an incarnation owns. The state goes first in any case, so that it is gone when the cell hears of the end.
struct Life<A: Actor> {
    actor: A,
    ctx: Context<A>,
}

/// Runs an incarnation to its end and reports it to the cell. Dropping the future (the runtime goes away) ends the cell.
pub(crate) fn run<A: Actor>(actor: A, ctx: Context<A>) -> impl Future<Output = ()> + Send {
    let (cell, incarnation) = (Arc::clone(&ctx.inbox.cell), ctx.inbox.incarnation);
    let mut life = Life { actor, ctx };
    let inner = async move {
        let reason = match start(&mut life).await {
            Ok(()) => match Guard::new(run_loop(&mut life)).await {
                Outcome::Done(reason) | Outcome::Failed(reason) => reason,
                Outcome::Killed => ExitReason::Killed,
            },
            Err(reason) => reason,
        };
        // Boxed: an actor that lives shall not hold room for its end.
        end(life, reason).await;
    };
    Shell::new(cell, incarnation, inner)
}

/// The loop of every actor.
async fn run_loop<A: Actor>(life: &mut Life<A>) -> Result<ExitReason, BoxError> {
    loop {
        while let Some(message) = life.ctx.inbox.next_drawn() {
            life.actor.handle(message, &mut life.ctx).await?;
            reply_scope::settle();
        }
        match poll_fn(|cx| life.ctx.inbox.poll_next(cx)).await {
            Next::Message(message) => life.actor.handle(message, &mut life.ctx).await?,
            Next::Signal(signal) => life.actor.signal(signal, &mut life.ctx).await?,
            Next::End(reason) => return Ok(reason),
        }
        reply_scope::settle();
    }
}

async fn start<A: Actor>(life: &mut Life<A>) -> Result<(), ExitReason> {
    let limit = life.ctx.start_timeout();
    let system = Arc::clone(life.ctx.core());
    let starting = Starting {
        future: Guard::new(life.actor.started(&mut life.ctx)),
        deadline: None,
        limit,
        system,
    };
    match starting.await {
        None => Err(ExitReason::StartTimeout),
        Some(Outcome::Done(())) => {
            life.ctx.inbox.cell.started(life.ctx.inbox.incarnation);
            Ok(())
        }
        Some(Outcome::Killed) => Err(ExitReason::Killed),
        Some(Outcome::Failed(ExitReason::Failed(text))) => Err(ExitReason::StartFailed(text)),
        Some(Outcome::Failed(panic)) => Err(ExitReason::StartFailed(panic.to_string())),
    }
}

pin_project! {
    /// A start-up within its deadline, which exists only if the start-up does not complete at once.
    struct Starting<F> {
        #[pin]
        future: F,
        deadline: Option<Pin<Box<timekeeper::Sleep>>>,
        limit: Duration,
        system: Arc<SystemCore>,
    }
}

impl<F: Future> Future for Starting<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Some(output));
        }
        let sleep = || Box::pin(this.system.timekeeper.sleep(*this.limit));
        let deadline = this.deadline.get_or_insert_with(sleep);
        deadline.as_mut().poll(cx).map(|()| None)
    }
}

/// The children first, then `stopped`, then the state; then the cell is told why it ended after all: the hook can be killed, too.
fn end<A: Actor>(
    mut life: Life<A>,
    mut reason: ExitReason,
) -> Pin<Box<impl Future<Output = ()> + Send>> {
    Box::pin(async move {
        let cell = Arc::clone(&life.ctx.inbox.cell);
        stop_children(&cell).await;
        let was_started = !matches!(
            reason,
            ExitReason::StartFailed(_) | ExitReason::StartTimeout
        );
        // A kill in the same poll is not known to the guards yet.
        let incarnation = life.ctx.inbox.incarnation;
        if cell.is_killed(incarnation) && reason != ExitReason::Unresponsive {
            reason = ExitReason::Killed;
        }
        if was_started && !cell.is_killed(incarnation) {
            match Guard::new(life.actor.stopped(&reason, &mut life.ctx)).await {
                Outcome::Done(()) => {}
                Outcome::Failed(panic) => {
                    tracing::error!(actor = %cell.header().id(), reason = %panic, "the stopped hook panicked");
                }
                Outcome::Killed => reason = ExitReason::Killed,
            }
            // The hook may have started some more.
            stop_children(&cell).await;
        }
        let Life { actor, mut ctx } = life;
        drop_state(&cell, actor, &reason);
        ctx.over(reason);
    })
}

async fn stop_children<M: Send + 'static>(cell: &Cell<M>) {
    if let (Some(system), Some(children)) =
        (cell.header().system(), cell.header().children_if_any())
    {
        stop_all(system, children, &ExitReason::Shutdown).await;
    }
}

/// Drops the state of an incarnation. That is user code: a panic in it is caught, and the replies that it kept resolve by how the
/// incarnation ended.
fn drop_state<M: Send + 'static, A>(cell: &Cell<M>, actor: A, reason: &ExitReason) {
    let id = cell.header().id();
    let scope = Scope::enter(cell.address(), id, false);
    if let Err(reason) = caught(|| drop(actor)) {
        tracing::error!(actor = %id, %reason, "dropping the state of an actor panicked");
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
