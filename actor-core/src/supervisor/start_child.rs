//! The one thing a supervisor knows of its children: how to start an incarnation, and that its end will be told exactly once.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::cell::{AnyCell, Cell, until};
use crate::children::{abandon_children, within};
use crate::lifecycle::Phase;
use crate::placement::{Placement, launch};
use crate::sync::{Arc, SleepingMutex, lock_asleep};
use crate::{Actor, ExitReason};

/// Starts the incarnations of one child. Tasks, threads and processes implement it; a supervisor has no other branch for them.
///
/// An implementation runs over the cell of its child: stop and kill reach it there, and the supervisor ends the cell for good.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::{ExitSink, StartChild, link::{Outlet, Port, Ready}};
/// use std::{future::poll_fn, sync::{Arc, Mutex}};
///
/// /// Its messages are consumed by a task of its own; it could as well be another program.
/// struct Elsewhere { port: Port<u32>, got: Arc<Mutex<Vec<u32>>> }
///
/// #[actor_core::async_trait]
/// impl StartChild for Elsewhere {
///     async fn start(&self, exits: ExitSink) -> Result<(), ExitReason> {
///         let mut outlet = self.port.begin(exits).ok_or(ExitReason::Killed)?;
///         outlet.started();
///         let got = Arc::clone(&self.got);
///         tokio::spawn(async move {
///             let reason = loop {
///                 match poll_fn(|cx| outlet.poll_ready(cx, true)).await {
///                     Ready::Items => while let Some(out) = outlet.next_out() {
///                         if let actor_core::link::Outgoing::Message(n) = out {
///                             got.lock().expect("no panic under this lock").push(n);
///                             outlet.begun(1);
///                         }
///                     },
///                     Ready::Drained => break ExitReason::Normal,
///                     Ready::Stop(reason) => break reason,
///                     _ => break ExitReason::Killed,
///                 }
///             };
///             outlet.end(reason);
///         });
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let got = Arc::new(Mutex::new(Vec::new()));
/// # let kept = Arc::clone(&got);
/// let (spec, actor) = ChildSpec::custom("elsewhere", move |port, _start_timeout| Elsewhere { port, got }).build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
/// actor.send(7).await?;
/// # while kept.lock().expect("no panic under this lock").is_empty() { tokio::task::yield_now().await; }
/// # assert_eq!(*kept.lock().expect("no panic under this lock"), [7]);
/// # sup.stop();
/// # assert_eq!(actor.wait().await, ExitReason::Shutdown);
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not start a child",
    label = "not a `StartChild`",
    note = "an actor becomes a child with `ChildSpec::new(id, || actor)`",
    note = "`ChildSpec::custom` is for children that are something else; it takes an implementation of `StartChild`"
)]
#[async_trait]
pub trait StartChild: Send + Sync + 'static {
    /// Starts a new incarnation and completes when its start-up has.
    ///
    /// `exits` is told the end of the incarnation exactly once, whether its start-up succeeded or not.
    ///
    /// # Errors
    ///
    /// Why the start-up failed. Nothing is left running then.
    async fn start(&self, exits: ExitSink) -> Result<(), ExitReason>;
}

/// Told exactly once how an incarnation ended. Dropping it tells that the incarnation was killed.
///
/// # Examples
///
/// ```
/// use actor_core::{ExitReason, ExitSink, StartChild};
///
/// /// A child that ends as soon as it has started.
/// struct Brief;
///
/// #[actor_core::async_trait]
/// impl StartChild for Brief {
///     async fn start(&self, exits: ExitSink) -> Result<(), ExitReason> {
///         exits.ended(ExitReason::Normal);
///         Ok(())
///     }
/// }
/// ```
pub struct ExitSink {
    tell: Option<Box<dyn FnOnce(ExitReason) + Send>>,
}

impl ExitSink {
    pub(crate) fn new(tell: impl FnOnce(ExitReason) + Send + 'static) -> Self {
        ExitSink {
            tell: Some(Box::new(tell)),
        }
    }

    /// The incarnation ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{ExitReason, ExitSink};
    ///
    /// /// Tells the end of a task as the end of a child.
    /// async fn tell_end(task: tokio::task::JoinHandle<()>, exits: ExitSink) {
    ///     exits.ended(match task.await {
    ///         Ok(()) => ExitReason::Normal,
    ///         Err(error) => ExitReason::Failed(error.to_string()),
    ///     });
    /// }
    /// ```
    pub fn ended(mut self, reason: ExitReason) {
        if let Some(tell) = self.tell.take() {
            tell(reason);
        }
    }
}

impl Drop for ExitSink {
    fn drop(&mut self) {
        if let Some(tell) = self.tell.take() {
            tell(ExitReason::Killed);
        }
    }
}

impl fmt::Debug for ExitSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExitSink")
    }
}

/// Waits until the start-up of the present incarnation of a cell has ended one way or the other.
pub(crate) async fn started(cell: &Arc<dyn AnyCell>) -> Result<(), ExitReason> {
    until(cell, |life| match life.phase {
        Phase::Starting => None,
        Phase::Running => Some(Ok(())),
        _ if life.was_started => Some(Ok(())),
        _ => {
            let reason = life.end().or(life.last()).cloned();
            Some(Err(reason.unwrap_or(ExitReason::Killed)))
        }
    })
    .await
}

/// A start-up that blocks its thread cannot see its own deadline; this much later it is given up from outside.
pub(crate) const BLOCKED_GRACE: Duration = Duration::from_secs(1);

/// The same, within the start-up deadline in any case.
pub(crate) async fn started_within(
    cell: &Arc<dyn AnyCell>,
    limit: Duration,
) -> Result<(), ExitReason> {
    let Some(system) = cell.header().system() else {
        return started(cell).await;
    };
    let limit = limit.saturating_add(BLOCKED_GRACE);
    match within(system, Some(limit), started(cell)).await {
        Some(started) => started,
        None => {
            cell.fence(ExitReason::StartTimeout);
            abandon_children(cell);
            Err(ExitReason::StartTimeout)
        }
    }
}

/// A child that is a task or a thread of this process.
pub(crate) struct TaskChild<A: Actor, F> {
    pub(crate) cell: Arc<Cell<A::Msg>>,
    pub(crate) factory: Arc<SleepingMutex<F>>,
    pub(crate) placement: Placement,
    pub(crate) start_timeout: Duration,
}

#[async_trait]
impl<A, F> StartChild for TaskChild<A, F>
where
    A: Actor,
    F: FnMut() -> A + Send + 'static,
{
    async fn start(&self, exits: ExitSink) -> Result<(), ExitReason> {
        let factory = Arc::clone(&self.factory);
        // The lock is the factory's own: only one incarnation of a child is made at a time.
        let make = move || (lock_asleep(&factory))();
        let on_end = Box::new(move |_incarnation, reason| exits.ended(reason));
        launch(
            Arc::clone(&self.cell),
            self.placement,
            self.start_timeout,
            Some(on_end),
            make,
        )?;
        let cell: Arc<dyn AnyCell> = Arc::clone(&self.cell) as Arc<dyn AnyCell>;
        started_within(&cell, self.start_timeout).await
    }
}
