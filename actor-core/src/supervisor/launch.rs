//! How a supervisor takes a child over, starts an incarnation of it, and stops one: the last two beside it, with an event at the end.
//!
//! Called by `supervisor` only. It decides nothing and knows no strategies.

use super::SupervisorError;
use super::message::{Event, Origin, SupervisorMsg};
use super::plan::Key;
use super::spec::Spec;
use super::tree::is_alive;
use crate::cell::{AnyCell, Cell, Reopened};
use crate::children::{Child, KILL_GRACE, begin_to_halt, halt_if, within};
use crate::runtime::{JoinHandle, What};
use crate::spawn::adopt;
use crate::sync::Arc;
use crate::system::SystemCore;
use crate::{Context, ExitReason, RegisterError, Supervisor, Taken};

/// Why a child could not be taken over.
pub(super) enum Refused {
    NameTaken(Taken),
    Ended(ExitReason),
}

impl From<Refused> for SupervisorError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NameTaken(taken) => SupervisorError::NameTaken(taken),
            Refused::Ended(reason) => SupervisorError::StartFailed(reason),
        }
    }
}

impl From<Refused> for ExitReason {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NameTaken(taken) => ExitReason::StartFailed(taken.to_string()),
            Refused::Ended(reason) => reason,
        }
    }
}

/// Waits until nothing of a child runs. Only the children of a supervisor that was given up were left running.
pub(super) async fn settle(spec: &Arc<Spec>) {
    while let Some(system) = spec.cell.header().system()
        && is_alive(&*spec.cell)
    {
        halt_if(system, &spec.cell, spec.shutdown, || true).await;
    }
}

/// Takes a child over: from here on it belongs to this supervisor, which ends it for good in any case. One that belonged to an earlier
/// incarnation of the supervisor stands still, or has ended and is opened again.
pub(super) fn take_over(
    ctx: &Context<Supervisor>,
    spec: &Arc<Spec>,
    is_kept: bool,
) -> Result<Key, Refused> {
    if let Some(binding) = spec.cell.header().binding() {
        reopen(spec, is_kept)?;
        return Ok(binding.id.0);
    }
    let parent: Arc<dyn AnyCell> = Arc::clone(&ctx.inbox.cell) as Arc<dyn AnyCell>;
    let child = Child {
        cell: Arc::clone(&spec.cell),
        shutdown: spec.shutdown,
        is_kept,
    };
    if !adopt(ctx.core(), Some(parent), child, spec.kind) {
        spec.cell.finish(ExitReason::Shutdown);
        return Err(Refused::Ended(ExitReason::Shutdown));
    }
    register(spec)?;
    // Ids rise in the order in which actors find their owners.
    Ok(spec.cell.header().id().0)
}

/// Makes a child ready for its next incarnation; one that had ended for good is open again, has its place among its siblings and its name.
pub(super) fn reopen(spec: &Arc<Spec>, is_kept: bool) -> Result<(), Refused> {
    match spec.cell.reopen() {
        Reopened::Waiting => Ok(()),
        Reopened::Anew => {
            rejoin(spec, is_kept)?;
            register(spec)
        }
        Reopened::No => Err(Refused::Ended(ExitReason::Shutdown)),
    }
}

/// Its end for good took it from its siblings.
fn rejoin(spec: &Arc<Spec>, is_kept: bool) -> Result<(), Refused> {
    let header = spec.cell.header();
    let Some(binding) = header.binding() else {
        return Ok(());
    };
    binding.system.actor_began();
    if let Some(below) = header.children_if_any() {
        below.open();
    }
    let child = Child {
        cell: Arc::clone(&spec.cell),
        shutdown: spec.shutdown,
        is_kept,
    };
    let parent = header.parent().map(|parent| parent.header());
    if parent.is_some_and(|parent| parent.children().insert(binding.id, child)) {
        return Ok(());
    }
    // Its supervisor is ending.
    spec.cell.finish(ExitReason::Shutdown);
    Err(Refused::Ended(ExitReason::Shutdown))
}

fn register(spec: &Arc<Spec>) -> Result<(), Refused> {
    let Some((name, system)) = spec.name.as_ref().zip(spec.cell.header().system()) else {
        return Ok(());
    };
    let Err(error) = system.registry.register(name, &spec.cell) else {
        return Ok(());
    };
    spec.cell.finish(ExitReason::StartFailed(error.to_string()));
    Err(match error {
        RegisterError::Taken(taken) => Refused::NameTaken(taken),
        other => Refused::Ended(ExitReason::StartFailed(other.to_string())),
    })
}

/// A start that is under way. Dropped, it is called off, unless an incarnation has begun: that one has to be stopped.
pub(super) struct StartTask(Option<JoinHandle>);

impl StartTask {
    /// Calls it off and waits until nothing can begin any more.
    async fn call_off(mut self, system: &Arc<SystemCore>) {
        if let Some(task) = self.0.take() {
            task.abort();
            // One whose factory blocks its thread is not waited for without end.
            within(system, Some(KILL_GRACE), task).await;
        }
    }
}

impl Drop for StartTask {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Starts an incarnation of a child beside its supervisor.
pub(super) fn start_beside(
    ctx: &Context<Supervisor>,
    spec: &Arc<Spec>,
    origin: Origin,
) -> StartTask {
    let supervisor = Arc::clone(&ctx.inbox.cell);
    let start = spec.starter();
    let sink = origin.sink(&supervisor);
    let starting = async move {
        if !supervisor.is_present(origin.incarnation) {
            return;
        }
        let event = match start.start(sink).await {
            Ok(()) => Event::Started,
            Err(reason) => Event::Ended(reason),
        };
        origin.tell(&supervisor, event);
    };
    let task = ctx
        .core()
        .runtime
        .spawn(What::Part("the start of a child"), starting);
    StartTask(Some(task))
}

/// Stops the present incarnation of a child beside its supervisor, and calls a start off that may be under way.
pub(super) fn stop_beside(
    ctx: &Context<Supervisor>,
    spec: &Arc<Spec>,
    starting: Option<StartTask>,
    origin: Origin,
) {
    // At once, so that whoever sees that it is being stopped knows that it has been told.
    begin_to_halt(&spec.cell, spec.shutdown);
    let supervisor = Arc::clone(&ctx.inbox.cell);
    let (spec, system) = (Arc::clone(spec), Arc::clone(ctx.core()));
    let runtime = &ctx.core().runtime;
    drop(
        runtime.spawn(What::Part("the stop of a child"), async move {
            let stopping = Stopping {
                supervisor,
                system,
                spec,
                origin,
            };
            if let Some(reason) = stopping.run(starting).await {
                let supervisor = &stopping.supervisor;
                stopping.origin.tell(supervisor, Event::Halted(reason));
            }
        }),
    );
}

struct Stopping {
    supervisor: Arc<Cell<SupervisorMsg>>,
    system: Arc<SystemCore>,
    spec: Arc<Spec>,
    origin: Origin,
}

impl Stopping {
    /// Returns why the child ended, once nothing of it runs and nothing can begin. `None` when the supervisor has ended meanwhile: the child
    /// may belong to the next incarnation of it.
    async fn run(&self, mut starting: Option<StartTask>) -> Option<ExitReason> {
        let is_present = || self.supervisor.is_present(self.origin.incarnation);
        loop {
            let (cell, shutdown) = (&self.spec.cell, self.spec.shutdown);
            let reason = halt_if(&self.system, cell, shutdown, is_present).await?;
            match starting.take() {
                // It blocks its thread within its start; nothing that it still begins counts.
                Some(start) if reason == ExitReason::Unresponsive => drop(start),
                Some(start) => start.call_off(&self.system).await,
                None => {}
            }
            if !is_alive(&**cell) {
                return Some(reason);
            }
        }
    }
}
