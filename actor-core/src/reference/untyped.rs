//! The reference without a message type.

use std::fmt;

use super::typed::{describe, let_go};
use crate::cell::{AnyCell, Cell, until};
use crate::lifecycle::Request;
use crate::sync::Arc;
use crate::{ActorId, ActorRef, ExitReason};

/// A reference without a message type: for monitors, links, names, and stopping.
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
/// let any: AnyActorRef = sink.any();
/// system.register("sink", &any)?;
/// any.stop();
/// assert_eq!(any.wait().await, ExitReason::Normal);
/// # Ok(()) }
/// ```
pub struct AnyActorRef {
    cell: Arc<dyn AnyCell>,
}

impl AnyActorRef {
    pub(crate) fn new(cell: Arc<dyn AnyCell>) -> Self {
        cell.header().add_ref();
        AnyActorRef { cell }
    }

    pub(crate) fn from_counted(cell: Arc<dyn AnyCell>) -> Self {
        AnyActorRef { cell }
    }

    pub(crate) fn cell(&self) -> &Arc<dyn AnyCell> {
        &self.cell
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
    /// assert_eq!(sink.any().id(), sink.id());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.header().id()
    }

    /// The type of its messages.
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
    /// assert_eq!(system.spawn(Sink).any().message_type(), "u32");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn message_type(&self) -> &'static str {
        self.cell.message_type()
    }

    /// Its name, if it has one.
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
    /// let sink = system.start_named("sink", Sink).await?;
    /// assert_eq!(sink.any().name().as_deref(), Some("sink"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.cell.name().map(|name| name.to_string())
    }

    /// The typed reference, if the actor takes messages of type `M`.
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
    /// let any = system.spawn(Sink).any();
    /// assert!(any.typed::<String>().is_none());
    /// if let Some(sink) = any.typed::<u32>() {
    ///     sink.send(1).await?;
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn typed<M: Send + 'static>(&self) -> Option<ActorRef<M>> {
        Arc::clone(&self.cell)
            .as_any()
            .downcast::<Cell<M>>()
            .ok()
            .map(ActorRef::new)
    }

    /// See [`ActorRef::stop`].
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
    /// let any = system.spawn(Sink).any();
    /// any.stop();
    /// assert_eq!(any.wait().await, ExitReason::Normal);
    /// # Ok(()) }
    /// ```
    pub fn stop(&self) {
        self.cell.request(&Request::Stop(ExitReason::Normal));
    }

    /// See [`ActorRef::drain`].
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
    /// sink.send(1).await?;
    /// sink.any().drain();
    /// assert_eq!(sink.wait().await, ExitReason::Normal);
    /// assert_eq!(system.dead_letter_count(), 0, "what was queued has been handled");
    /// # Ok(()) }
    /// ```
    pub fn drain(&self) {
        self.cell.request(&Request::Drain);
    }

    /// See [`ActorRef::kill`].
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
    /// let any = system.spawn(Sink).any();
    /// any.kill();
    /// assert_eq!(any.wait().await, ExitReason::Killed);
    /// # Ok(()) }
    /// ```
    pub fn kill(&self) {
        self.cell.request(&Request::Kill);
    }

    /// Whether it has ended for good.
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
    /// let any = system.spawn(Sink).any();
    /// assert!(!any.is_closed());
    /// any.kill();
    /// any.wait().await;
    /// assert!(any.is_closed());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let mut over = false;
        self.cell.look(&mut |life| over = life.is_over());
        over
    }

    /// See [`ActorRef::wait`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
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
    /// let any = system.spawn(Sink).any();
    /// any.stop();
    /// // As often as one likes, early or late.
    /// assert_eq!(any.wait().await, ExitReason::Normal);
    /// assert_eq!(any.wait().await, ExitReason::Normal);
    /// # Ok(()) }
    /// ```
    pub async fn wait(&self) -> ExitReason {
        let mut known = None;
        until(&self.cell, |life| {
            // Its supervisor may have opened it again before this was looked at.
            let past = life.past_ends();
            let times = past.map_or(0, |(times, _)| *times);
            let first = *known.get_or_insert(times);
            match past {
                Some((_, reason)) if times > first => Some(reason.clone()),
                _ => life.ended().cloned(),
            }
        })
        .await
    }
}

impl Clone for AnyActorRef {
    fn clone(&self) -> Self {
        AnyActorRef::new(Arc::clone(&self.cell))
    }
}

impl Drop for AnyActorRef {
    fn drop(&mut self) {
        let_go(&*self.cell);
    }
}

impl PartialEq for AnyActorRef {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
    }
}

impl Eq for AnyActorRef {}

impl fmt::Debug for AnyActorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "AnyActorRef", &*self.cell)
    }
}
