//! The one thing a supervisor knows of its children: how to start an incarnation, and that its end will be told exactly once.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::cell::{AnyCell, Cell, until};
use crate::lifecycle::Phase;
use crate::placement::{Placement, launch};
use crate::sync::{Arc, Mutex, lock};
use crate::{Actor, ExitReason};

/// Starts the incarnations of one child. Tasks, threads and processes implement it; a supervisor has no other branch for them.
///
/// An implementation runs over the cell of its child: stop and kill reach it there, and the supervisor ends the cell for good.
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
    until(cell, |life| match &life.phase {
        Phase::Starting => None,
        Phase::Running => Some(Ok(())),
        Phase::Waiting | Phase::Closing(_) | Phase::Ended(_) if life.was_started => Some(Ok(())),
        Phase::Waiting => Some(Err(life.last.clone().unwrap_or(ExitReason::Killed))),
        Phase::Closing(reason) | Phase::Ended(reason) => Some(Err(reason.clone())),
    })
    .await
}

/// A child that is a task or a thread of this process.
pub(crate) struct TaskChild<A: Actor, F> {
    pub(crate) cell: Arc<Cell<A::Msg>>,
    pub(crate) factory: Arc<Mutex<F>>,
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
        let make = move || (lock(&factory))();
        let on_end = Box::new(move |_incarnation, reason| exits.ended(reason));
        launch(
            &self.cell,
            self.placement,
            self.start_timeout,
            Some(on_end),
            make,
        )?;
        let cell: Arc<dyn AnyCell> = Arc::clone(&self.cell) as Arc<dyn AnyCell>;
        started(&cell).await
    }
}
