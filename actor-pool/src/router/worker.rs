//! What is told about the workers of a router.

use std::fmt;
use std::sync::Arc;

use actor_core::ActorId;

/// Names a worker of a router. Numbers begin with 1 and are never used again, so a worker that comes later is another one.
///
/// # Examples
///
/// ```
/// use actor_core::ChildSpec;
/// use actor_pool::WorkerId;
/// # use actor_core::prelude::*;
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
///
/// // Threads for the first two, tasks for the others.
/// let make = |id: WorkerId| {
///     let placement = if id.number() <= 2 { Placement::Thread } else { Placement::Task };
///     ChildSpec::new(id, || Worker).placement(placement)
/// };
/// # drop(make);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub(super) u32);

impl WorkerId {
    /// The how manieth worker it is, from 1.
    ///
    /// # Examples
    ///
    /// The example stands at [`WorkerId`].
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker-{}", self.0)
    }
}

/// The id of its child specification.
impl From<WorkerId> for String {
    fn from(id: WorkerId) -> String {
        id.to_string()
    }
}

/// What a worker of a router is about.
///
/// # Examples
///
/// The example stands at [`Router::workers`](crate::Router::workers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RouterWorkerState {
    /// It is there, and gets messages.
    Running,
    /// It waits for its restart, or for its end. It keeps its queue, and gets messages with a key only, or if all others are full.
    Restarting,
    /// It was removed, gets nothing more, and works off what it has.
    Leaving,
}

/// A worker of a router, at one moment.
///
/// # Examples
///
/// The example stands at [`Router::workers`](crate::Router::workers).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouterWorker {
    /// Its number.
    pub id: WorkerId,
    /// The id of its child specification.
    pub name: Arc<str>,
    /// Its actor, the same over all restarts.
    pub actor: ActorId,
    /// What it is about.
    pub state: RouterWorkerState,
    /// Messages that it has accepted and not begun.
    pub queued: usize,
    /// How often it was started again.
    pub restarts: u32,
}
