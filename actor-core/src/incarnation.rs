//! One incarnation of an actor: its start, its loop, its end.
//!
//! The state stands outside of the guarded loop, so that a panic or an error leaves it for `stopped`, and outside of the cell, so
//! that nothing of it reaches the next incarnation.
//!
//! An idle actor consists of its cell and of this future, so it holds each thing once: one reference where two would do, no reasons,
//! no timers; what only the start and the end need is in boxes of their own.

mod home;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::cell::Cell;
use crate::children::stop_children;
use crate::guard::{Guard, Killable, Shell, caught};
use crate::inbox::Next;
use crate::reply_scope::{self, Scope};
use crate::sync::Arc;
use crate::timekeeper;
use crate::{Actor, AskError, BoxError, Context, ExitReason};

pub(crate) use home::Home;

/// What an incarnation owns. The state goes first in any case, so that it is gone when the cell hears of the end.
struct Life<H: Home> {
    home: H,
    ctx: Context<H::Actor>,
}

/// Runs an incarnation to its end and reports it to the cell. Dropping the future (the runtime goes away) ends the cell.
pub(crate) fn run<H: Home>(home: H, ctx: Context<H::Actor>) -> impl Future<Output = ()> + Send {
    let (cell, incarnation) = (Arc::clone(&ctx.inbox.cell), ctx.inbox.incarnation);
    let mut life = Life { home, ctx };
    let inner = async move {
        let started = Guard::new(start(&mut life)).await;
        if life.has_started(started) {
            let door = life.home.door();
            let outcome = Guard::new(H::exposed(door, run_loop(&mut life))).await;
            life.note_end(outcome);
        }
        end(life).await;
    };
    Shell::new(cell, incarnation, inner)
}

impl<H: Home> Life<H> {
    fn has_started(&mut self, started: Result<Start, ExitReason>) -> bool {
        self.note_end(match started {
            Ok(Start::Complete) => {
                let inbox = &self.ctx.inbox;
                inbox.cell.started(inbox.incarnation);
                return true;
            }
            Ok(Start::Killed) => Ok(ExitReason::Killed),
            Ok(Start::Late) => Ok(ExitReason::StartTimeout),
            Err(ExitReason::Failed(text)) => Err(ExitReason::StartFailed(text)),
            Err(panic) => Err(ExitReason::StartFailed(panic.to_string())),
        });
        false
    }

    /// Why it ends is kept with what few incarnations need: an actor that lives shall not hold room for its end.
    fn note_end(&mut self, outcome: Result<ExitReason, ExitReason>) {
        self.ctx.inbox.rare().end = Some(outcome.unwrap_or_else(|failure| failure));
    }
}

#[expect(
    clippy::manual_async_fn,
    reason = "an async fn would hold its argument twice"
)]
/// The loop of every actor. What comes next stays in the inbox until it is handed over: what is matched on here would be held over
/// the await.
fn run_loop<H: Home>(
    life: &mut Life<H>,
) -> impl Future<Output = Result<ExitReason, BoxError>> + Send {
    async move {
        loop {
            let handled = match poll_fn(|cx| life.home.poll_next(&mut life.ctx.inbox, cx)).await {
                Next::Message => loop {
                    let handling = life
                        .home
                        .actor()
                        .handle(life.ctx.inbox.take_message(), &mut life.ctx);
                    let handled = Killable::new(handling).await;
                    if !matches!(handled, Some(Ok(()))) || !life.ctx.inbox.has_plain() {
                        break handled;
                    }
                    reply_scope::settle();
                },
                Next::Signal => {
                    let signal = life.ctx.inbox.take_signal();
                    Killable::new(Box::pin(life.home.actor().signal(signal, &mut life.ctx))).await
                }
                Next::End => return Ok(life.ctx.inbox.end_reason()),
            };
            match handled {
                Some(result) => result?,
                None => return Ok(ExitReason::Killed),
            }
            reply_scope::settle();
        }
    }
}

/// How a start-up ended that did not fail.
enum Start {
    Complete,
    Killed,
    Late,
}

async fn start<H: Home>(life: &mut Life<H>) -> Result<Start, BoxError> {
    let cell = &life.ctx.inbox.cell;
    if cell
        .header()
        .system()
        .is_some_and(|system| system.is_watched())
    {
        // It has its thread.
        cell.turn_to(life.ctx.inbox.incarnation);
    }
    let starting = Starting {
        cell: Arc::clone(&life.ctx.inbox.cell),
        future: Killable::new(life.home.actor().started(&mut life.ctx)),
        deadline: None,
    };
    match starting.await {
        Some(Some(started)) => started.map(|()| Start::Complete),
        Some(None) => Ok(Start::Killed),
        None => Ok(Start::Late),
    }
}

pin_project! {
    /// A start-up within its deadline, which exists only if the start-up does not complete at once.
    struct Starting<M, F>
    where
        M: Send,
        M: 'static,
    {
        #[pin]
        future: F,
        deadline: Option<Pin<Box<timekeeper::Sleep>>>,
        cell: Arc<Cell<M>>,
    }
}

impl<M: Send + 'static, F: Future> Future for Starting<M, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Some(output));
        }
        let cell = &*this.cell;
        if let (None, Some(system)) = (&this.deadline, cell.header().system()) {
            *this.deadline = Some(Box::pin(system.timekeeper.sleep(cell.start_timeout())));
        }
        match this.deadline {
            Some(deadline) => deadline.as_mut().poll(cx).map(|()| None),
            None => Poll::Pending,
        }
    }
}

/// The children first, then `stopped`, then the state; then the cell is told why it ended after all: the hook can be killed, too.
fn end<H: Home>(mut life: Life<H>) -> Pin<Box<impl Future<Output = ()> + Send>> {
    Box::pin(async move {
        let noted = life.ctx.inbox.rare().end.take();
        let mut reason = noted.expect("why it ends was noted before");
        let cell = Arc::clone(&life.ctx.inbox.cell);
        stop_children(&cell, life.ctx.inbox.incarnation).await;
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
            cell.leaving(incarnation, true);
            let hook = async {
                Killable::new(life.home.actor().stopped(&reason, &mut life.ctx))
                    .await
                    .is_some()
            };
            match Guard::new(hook).await {
                Ok(true) => {}
                Ok(false) => reason = ExitReason::Killed,
                Err(panic) => {
                    tracing::error!(actor = %cell.header().id(), reason = %panic, "the stopped hook panicked");
                }
            }
            // The hook may have started some more.
            stop_children(&cell, incarnation).await;
        }
        let Life { home, mut ctx } = life;
        drop_state(&cell, home, &reason);
        ctx.over(reason);
    })
}

/// Drops the state of an incarnation. That is user code: a panic in it is caught, and the replies that it kept resolve by how the
/// incarnation ended.
fn drop_state<M: Send + 'static, A>(cell: &Cell<M>, actor: A, reason: &ExitReason) {
    let id = cell.header().id();
    let scope = Scope::enter(cell.address(), id, false);
    if let Err(reason) = caught(|| drop(actor)) {
        tracing::error!(actor = %id, %reason, "dropping the state of an actor panicked");
    }
    scope.close(|| AskError::of_end(reason));
}

#[cfg(test)]
mod tests;
