//! The system: a value that owns actors, names, dead letters and the time. Several live in one process without knowing each other.

mod builder;
mod shared;
mod shutdown;

use std::fmt;
use std::time::Duration;

use crate::cell::{AnyCell, Cell};
use crate::dead_letter::DeadLetters;
use crate::lifecycle::{Phase, Request};
use crate::snapshot::Snapshot;
use crate::spawn::SpawnBuilder;
use crate::sync::{Arc, Ordering};
use crate::{Actor, ActorRef, AnyActorRef, ExitReason, LookupError, RegisterError, StartError};

pub use builder::SystemBuilder;
pub(crate) use shared::SystemCore;
pub use shutdown::ShutdownReport;

/// The deadline of an ask that sets none.
pub(crate) const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// A system of actors.
///
/// Clones are handles to the same system. Dropping the last handle stops every actor without waiting; [`shutdown`](Self::shutdown)
/// stops them in order and waits.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use actor_core::prelude::*;
///
/// let system = ActorSystem::new("demo");
/// let report = system.shutdown(Duration::from_secs(5)).await;
/// assert!(report.is_clean());
/// # }
/// ```
pub struct ActorSystem {
    core: Arc<SystemCore>,
}

impl ActorSystem {
    /// A system with the default options.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let system = ActorSystem::new("demo");
    /// assert_eq!(system.name(), "demo");
    /// # Ok(()) }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        Self::builder(name).build()
    }

    /// Options for a system.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let system = ActorSystem::builder("demo").ask_timeout(Duration::from_secs(30)).build();
    /// # Ok(()) }
    /// ```
    pub fn builder(name: impl Into<String>) -> SystemBuilder {
        SystemBuilder::new(name.into())
    }

    pub(crate) fn from_core(core: Arc<SystemCore>) -> Self {
        core.handles.fetch_add(1, Ordering::Relaxed);
        ActorSystem { core }
    }

    /// A handle, if there are others.
    pub(crate) fn from_live_core(core: Arc<SystemCore>) -> Option<Self> {
        let rise = |handles| {
            if handles == 0 {
                None
            } else {
                Some(handles + 1)
            }
        };
        core.handles
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, rise)
            .ok()?;
        Some(ActorSystem { core })
    }

    pub(crate) fn core(&self) -> &Arc<SystemCore> {
        &self.core
    }

    /// The name of the system, for logs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// assert_eq!(ActorSystem::new("demo").name(), "demo");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// Starts an actor and returns its reference at once. A failing `started` is then its exit reason.
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
    /// sink.send(1).await?; // Handled as soon as it has started.
    /// # Ok(()) }
    /// ```
    pub fn spawn<A: Actor>(&self, actor: A) -> ActorRef<A::Msg> {
        self.actor(actor).spawn()
    }

    /// Starts an actor and waits until its `started` has completed.
    ///
    /// # Errors
    ///
    /// See [`SpawnBuilder::start`].
    ///
    /// # Cancel safety
    ///
    /// See [`SpawnBuilder::start`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::StartError;
    ///
    /// struct Broken;
    ///
    /// impl Actor for Broken {
    ///     type Msg = ();
    ///
    ///     async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
    ///         Err("no configuration".into())
    ///     }
    ///
    ///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// match system.start(Broken).await {
    ///     Err(StartError::Failed(reason)) => assert_eq!(reason.to_string(), "failed to start: no configuration"),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn start<A: Actor>(&self, actor: A) -> Result<ActorRef<A::Msg>, StartError> {
        self.actor(actor).start().await
    }

    /// Starts an actor under a name and waits until its `started` has completed.
    ///
    /// # Errors
    ///
    /// See [`SpawnBuilder::start`].
    ///
    /// # Cancel safety
    ///
    /// See [`SpawnBuilder::start`].
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
    /// assert_eq!(system.lookup::<u32>("sink")?, sink);
    /// # Ok(()) }
    /// ```
    pub async fn start_named<A: Actor>(
        &self,
        name: impl Into<String>,
        actor: A,
    ) -> Result<ActorRef<A::Msg>, StartError> {
        self.actor(actor).name(name).start().await
    }

    /// Options for one actor: name, mailbox, placement, allowances.
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
    /// let sink = system.actor(Sink).name("sink").mailbox(Mailbox::bounded(8)).start().await?;
    /// sink.send(1).await?;
    /// # Ok(()) }
    /// ```
    pub fn actor<A: Actor>(&self, actor: A) -> SpawnBuilder<A> {
        SpawnBuilder::new(Arc::clone(&self.core), None, actor)
    }

    /// Gives a running actor a name.
    ///
    /// # Errors
    ///
    /// Somebody holds the name, the actor has one already, or it has ended. Nothing was changed. Only a name that is taken may become free
    /// again.
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
    /// let (sink, spare) = (system.spawn(Sink), system.spawn(Sink));
    /// system.register("sink", &sink.any())?;
    /// if let Err(error) = system.register("sink", &spare.any()) {
    ///     assert_eq!(error.to_string(), format!("the name \"sink\" belongs to actor {}", sink.id()));
    /// }
    ///
    /// // The name is free when its holder has ended.
    /// sink.stop();
    /// sink.wait().await;
    /// system.register("sink", &spare.any())?;
    /// # Ok(()) }
    /// ```
    pub fn register(&self, name: &str, actor: &AnyActorRef) -> Result<(), RegisterError> {
        let home = actor.cell().header().system();
        if !home.is_some_and(|home| Arc::ptr_eq(home, &self.core)) {
            return Err(RegisterError::NotHere);
        }
        self.core.registry.register(name, actor.cell())
    }

    /// The actor of that name.
    ///
    /// # Errors
    ///
    /// Nobody holds the name, or the holder takes messages of another type.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::LookupError;
    ///
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink: ActorRef<u32> = match system.lookup("sink") {
    ///     Ok(sink) => sink,
    ///     Err(LookupError::NotFound(name)) => system.start_named(name, Sink).await?,
    ///     Err(wrong_type) => return Err(wrong_type.into()),
    /// };
    /// sink.send(1).await?;
    /// # Ok(()) }
    /// ```
    pub fn lookup<M: Send + 'static>(&self, name: &str) -> Result<ActorRef<M>, LookupError> {
        let not_found = || LookupError::NotFound(name.to_owned());
        let cell = self.core.registry.find(name).ok_or_else(not_found)?;
        let found = cell.message_type();
        let typed = cell
            .as_any()
            .downcast::<Cell<M>>()
            .map_err(|_| LookupError::WrongType {
                name: name.to_owned(),
                wanted: std::any::type_name::<M>(),
                found,
            })?;
        if typed.revive() {
            Ok(ActorRef::from_counted(typed))
        } else {
            Err(not_found())
        }
    }

    /// Whoever holds that name, untyped.
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
    /// assert_eq!(system.lookup_any("sink"), Some(sink.any()));
    /// assert_eq!(system.lookup_any("source"), None);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn lookup_any(&self, name: &str) -> Option<AnyActorRef> {
        self.core.registry.find(name).map(AnyActorRef::new)
    }

    /// A subscription to dead letters from now on. Subscribing never slows the delivery of messages.
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
    /// let mut letters = system.dead_letters();
    /// let sink = system.spawn(Sink);
    /// sink.try_send(1)?;
    /// sink.stop();
    /// sink.wait().await;
    /// assert_eq!(letters.try_recv().map(|letter| letter.target), Some(sink.id()));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters {
        self.core.dead_letters.subscribe()
    }

    /// How many messages became dead letters so far.
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
    /// sink.try_send(1)?;
    /// sink.stop();
    /// sink.wait().await;
    /// assert_eq!(system.dead_letter_count(), 1);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn dead_letter_count(&self) -> u64 {
        self.core.dead_letters.count()
    }

    /// How many actors have not ended.
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
    /// assert_eq!(system.live_actors(), 1);
    /// sink.stop();
    /// sink.wait().await;
    /// assert_eq!(system.live_actors(), 0);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn live_actors(&self) -> usize {
        self.core.live()
    }

    /// What there is at this moment: the tree of actors, and what each is doing. See the [module on snapshots](crate::snapshot).
    ///
    /// Takes the time of one short lock per actor; no actor is kept from its work for longer.
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
    /// sink.send(1).await?;
    ///
    /// let snapshot = system.snapshot();
    /// assert_eq!(snapshot.totals.actors, 1);
    /// assert_eq!(snapshot.find("sink").map(|actor| actor.id), Some(sink.id()));
    /// println!("{snapshot}");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        crate::snapshot::take(&self.core)
    }
}

impl Clone for ActorSystem {
    fn clone(&self) -> Self {
        ActorSystem::from_core(Arc::clone(&self.core))
    }
}

impl Drop for ActorSystem {
    fn drop(&mut self) {
        if self.core.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.core.roots.close();
            let roots = self.core.roots.list();
            for child in roots.iter().rev() {
                let mut waiting = false;
                child
                    .cell
                    .look(&mut |life| waiting = life.phase == Phase::Waiting);
                if waiting {
                    child.cell.finish(ExitReason::Shutdown);
                } else {
                    child.cell.request(&Request::Stop(ExitReason::Shutdown));
                }
            }
        }
    }
}

impl fmt::Debug for ActorSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorSystem")
            .field("name", &self.core.name)
            .field("live", &self.live_actors())
            .finish()
    }
}
