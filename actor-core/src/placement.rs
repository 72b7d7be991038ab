//! Where an incarnation runs: as a task of the runtime, or on an operating-system thread of its own.

use std::time::Duration;

use crate::cell::{Cell, OnEnd};
use crate::guard::caught;
use crate::incarnation::run;
use crate::sync::Arc;
use crate::{Actor, Context, ExitReason};

/// Where an actor runs.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// struct Hasher;
///
/// impl Actor for Hasher {
///     type Msg = Reply<u64>;
///
///     async fn handle(&mut self, reply: Reply<u64>, _ctx: &mut Context<Self>) -> ActorResult {
///         std::thread::sleep(Duration::from_millis(5)); // Blocks its own thread only.
///         reply.send(42);
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let hasher = system.actor(Hasher).placement(Placement::Thread).start().await?;
/// assert_eq!(hasher.ask(|reply| reply).await?, 42);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placement {
    /// As a task of the runtime, beside thousands of others. Its handlers must not block.
    #[default]
    Task,
    /// On an operating-system thread of its own, so its handlers may block. Async code works there as well.
    Thread,
}

/// Begins an incarnation whose state comes from `make`. `Err` when the cell takes none, or when no thread could be had; the cell
/// then knows already.
pub(crate) fn launch<A: Actor>(
    cell: &Arc<Cell<A::Msg>>,
    placement: Placement,
    start_timeout: Duration,
    on_end: Option<OnEnd>,
    make: impl FnOnce() -> A + Send + 'static,
) -> Result<(), ExitReason> {
    let Some(incarnation) = cell.begin(on_end) else {
        return Err(ExitReason::Killed);
    };
    let ctx = Context::new(
        Arc::clone(cell),
        incarnation,
        placement == Placement::Thread,
    );
    match placement {
        Placement::Task => match caught(make) {
            Ok(actor) => {
                let runtime = ctx.core().runtime.clone();
                drop(runtime.spawn(run(actor, ctx, start_timeout)));
                Ok(())
            }
            Err(reason) => Err(fail(ctx, &reason)),
        },
        Placement::Thread => launch_thread(ctx, start_timeout, make),
    }
}

fn launch_thread<A: Actor>(
    ctx: Context<A>,
    start_timeout: Duration,
    make: impl FnOnce() -> A + Send + 'static,
) -> Result<(), ExitReason> {
    let cell = Arc::clone(&ctx.inbox.cell);
    let incarnation = ctx.inbox.incarnation;
    let core = Arc::clone(ctx.core());
    let runtime = core.runtime.clone();
    core.watch_runtime();
    let name = cell.thread_name();
    // The factory runs on the new thread: what it builds may take a blocking while.
    let body = move || {
        let entered = runtime.clone();
        match caught(make) {
            Ok(actor) => entered.block_on(run(actor, ctx, start_timeout)),
            Err(reason) => drop(fail(ctx, &reason)),
        }
    };
    std::thread::Builder::new()
        .name(name)
        .spawn(body)
        .map(drop)
        .map_err(|error| {
            let reason = ExitReason::StartFailed(format!("no thread could be started: {error}"));
            cell.end_incarnation(
                incarnation,
                reason.clone(),
                std::collections::VecDeque::new(),
            );
            reason
        })
}

fn fail<A: Actor>(mut ctx: Context<A>, reason: &ExitReason) -> ExitReason {
    let reason = ExitReason::StartFailed(reason.to_string());
    ctx.over(reason.clone());
    reason
}
