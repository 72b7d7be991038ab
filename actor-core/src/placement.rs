//! Where an incarnation runs: as a task of the runtime, or on an operating-system thread of its own.

use std::time::Duration;

use crate::cell::{Cell, OnEnd};
use crate::guard::caught;
use crate::incarnation::{Home, run};
use crate::runtime::{Runtime, What};
use crate::sync::{Arc, Mutex, lock};
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
pub(crate) fn launch<H: Home>(
    cell: Arc<Cell<<H::Actor as Actor>::Msg>>,
    placement: Placement,
    start_timeout: Duration,
    on_end: Option<OnEnd>,
    make: impl FnOnce() -> H + Send + 'static,
) -> Result<(), ExitReason> {
    let Some(incarnation) = cell.begin(on_end) else {
        return Err(ExitReason::Killed);
    };
    cell.set_start_timeout(start_timeout);
    let ctx = Context::<H::Actor>::new(cell, incarnation, placement == Placement::Thread);
    match placement {
        Placement::Task => match caught(make) {
            Ok(actor) => {
                if ctx.core().is_watched() {
                    // Its start-up is in hand once it is polled.
                    ctx.inbox.cell.yielded(incarnation);
                }
                let runtime = ctx.core().runtime.clone();
                let what = What::Actor(ctx.inbox.cell.header().id());
                drop(runtime.spawn(what, run(actor, ctx)));
                Ok(())
            }
            Err(reason) => Err(fail(ctx, &reason.to_string())),
        },
        Placement::Thread => launch_thread::<H>(ctx, make),
    }
}

fn launch_thread<H: Home>(
    ctx: Context<H::Actor>,
    make: impl FnOnce() -> H + Send + 'static,
) -> Result<(), ExitReason> {
    let core = Arc::clone(ctx.core());
    let runtime = core.runtime.clone();
    if runtime.is_simulated() {
        launch_simulated::<H>(&runtime, ctx, make);
        return Ok(());
    }
    core.watch_runtime();
    let name = ctx.inbox.cell.thread_name();
    // Handed over in a box of its own, so that it is still there if no thread can be had.
    let parcel = Arc::new(Mutex::new(Some((ctx, make))));
    let opened = Arc::clone(&parcel);
    // The factory runs on the new thread: what it builds may take a blocking while.
    let body = move || {
        let Some((ctx, make)) = lock(&opened).take() else {
            return;
        };
        match caught(make) {
            Ok(actor) => runtime.block_on(run(actor, ctx)),
            Err(reason) => drop(fail(ctx, &reason.to_string())),
        }
    };
    let spawned = std::thread::Builder::new().name(name).spawn(body);
    let Err(error) = spawned else { return Ok(()) };
    // The thread that never was has not opened it.
    match lock(&parcel).take() {
        Some((ctx, _)) => Err(fail(ctx, &format!("no thread could be started: {error}"))),
        None => Err(ExitReason::Killed),
    }
}

/// In a simulation a thread is a task. The factory still runs after this call, as it does on a thread.
fn launch_simulated<H: Home>(
    runtime: &Runtime,
    ctx: Context<H::Actor>,
    make: impl FnOnce() -> H + Send + 'static,
) {
    let what = What::Actor(ctx.inbox.cell.header().id());
    drop(runtime.spawn(what, async move {
        match caught(make) {
            Ok(actor) => run(actor, ctx).await,
            Err(reason) => drop(fail(ctx, &reason.to_string())),
        }
    }));
}

fn fail<A: Actor>(mut ctx: Context<A>, why: &str) -> ExitReason {
    let reason = ExitReason::StartFailed(why.to_owned());
    ctx.over(reason.clone());
    reason
}
