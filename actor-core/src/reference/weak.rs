//! A typed reference that does not count.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::typed::describe;
use crate::cell::{AnyCell, Cell};
use crate::sync::Arc;
use crate::{ActorId, ActorRef};

/// A reference that does not keep its actor alive.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.spawn(Sink);
/// let weak: WeakActorRef<u32> = sink.downgrade();
/// if let Some(sink) = weak.upgrade() {
///     sink.send(1).await?;
/// }
/// # Ok(()) }
/// ```
pub struct WeakActorRef<M: Send + 'static> {
    cell: Arc<Cell<M>>,
}

impl<M: Send + 'static> WeakActorRef<M> {
    pub(crate) fn new(cell: Arc<Cell<M>>) -> Self {
        WeakActorRef { cell }
    }

    /// A reference that counts; `None` when no other is left and the actor takes no more messages. While others hold references, it may
    /// be one to an actor that has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// let weak = sink.downgrade();
    /// assert_eq!(weak.upgrade().as_ref(), Some(&sink));
    /// drop(sink);
    /// assert_eq!(weak.upgrade(), None);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<ActorRef<M>> {
        self.cell
            .revive()
            .then(|| ActorRef::from_counted(Arc::clone(&self.cell)))
    }

    /// The id of the actor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// assert_eq!(sink.downgrade().id(), sink.id());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.actor_id()
    }
}

impl<M: Send + 'static> Clone for WeakActorRef<M> {
    fn clone(&self) -> Self {
        WeakActorRef::new(Arc::clone(&self.cell))
    }
}

impl<M: Send + 'static> PartialEq for WeakActorRef<M> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
    }
}

impl<M: Send + 'static> Eq for WeakActorRef<M> {}

impl<M: Send + 'static> Hash for WeakActorRef<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.cell.address().hash(state);
    }
}

impl<M: Send + 'static> fmt::Debug for WeakActorRef<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "WeakActorRef", &*self.cell.face())
    }
}
