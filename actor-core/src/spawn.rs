//! Starting one actor, with options.

use std::time::Duration;

use crate::cell::{AnyCell, Binding, Cell, until};
use crate::children::{Child, Shutdown, within};
use crate::incarnation::Home;
use crate::kind::Kind;
use crate::lifecycle::Phase;
use crate::mailbox::order::Key;
use crate::observe;
use crate::placement::{Placement, launch};
use crate::supervisor::BLOCKED_GRACE;
use crate::sync::Arc;
use crate::system::SystemCore;
use crate::{Actor, ActorId, ActorRef, ExitReason, Mailbox, RegisterError, StartError};

/// How long `started` may take, unless it is said otherwise: time for a slow connection, not for a hang.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(30);

/// An actor that was started, or one that has ended already and the reason for that.
type Launched<M> = Result<ActorRef<M>, (ActorRef<M>, StartError)>;

/// Options for one actor; made by [`ActorSystem::actor`](crate::ActorSystem::actor) and [`Context::child`](crate::Context::child).
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
/// let sink = system
///     .actor(Sink)
///     .name("sink")
///     .mailbox(Mailbox::bounded(64))
///     .shutdown(Shutdown::Within(Duration::from_secs(1)))
///     .start()
///     .await?;
/// assert_eq!(system.lookup::<u32>("sink")?, sink);
/// # Ok(()) }
/// ```
#[must_use = "nothing starts before `spawn` or `start`"]
pub struct SpawnBuilder<A: Actor> {
    system: Arc<SystemCore>,
    parent: Option<Arc<dyn AnyCell>>,
    actor: A,
    name: Option<String>,
    mailbox: Mailbox,
    priority: Option<Key<A::Msg>>,
    placement: Placement,
    start_timeout: Duration,
    shutdown: Shutdown,
}

impl<A: Actor> SpawnBuilder<A> {
    pub(crate) fn new(system: Arc<SystemCore>, parent: Option<Arc<dyn AnyCell>>, actor: A) -> Self {
        SpawnBuilder {
            system,
            parent,
            actor,
            name: None,
            mailbox: Mailbox::default(),
            priority: None,
            placement: Placement::default(),
            start_timeout: START_TIMEOUT,
            shutdown: Shutdown::default(),
        }
    }

    /// What it begins with.
    pub(crate) fn state(&self) -> &A {
        &self.actor
    }

    /// The name under which others look it up. A named actor does not end for want of references.
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
    /// drop(system.actor(Sink).name("sink").start().await?);
    /// let sink = system.lookup::<u32>("sink")?; // It lives on without references.
    /// sink.send(1).await?;
    /// # Ok(()) }
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Its mailbox; 1,024 messages by default.
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
    /// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
    /// sink.try_send(1)?;
    /// assert!(sink.try_send(2).is_err());
    /// # Ok(()) }
    /// ```
    pub fn mailbox(mut self, mailbox: Mailbox) -> Self {
        self.mailbox = mailbox;
        self
    }

    /// Messages with a lower key are handled first; equal ones in the order in which they came. Signals come before all messages.
    ///
    /// The key is computed by the sender, before the message is in the mailbox. If it panics, the sender panics and the message is dropped;
    /// a message that comes from another process counts as one that cannot be decoded then. What one sender sends with different
    /// keys is reordered, too.
    ///
    /// # Panics
    ///
    /// `spawn` and `start` panic if the mailbox is last-in-first-out as well.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// enum Job { Urgent(u32), Ordinary(u32), Done(Reply<Vec<u32>>) }
    ///
    /// fn key(job: &Job) -> i64 {
    ///     match job {
    ///         Job::Urgent(_) => 0,
    ///         Job::Ordinary(_) => 1,
    ///         Job::Done(_) => 2,
    ///     }
    /// }
    ///
    /// #[derive(Default)]
    /// struct Worker { done: Vec<u32> }
    ///
    /// impl Actor for Worker {
    ///     type Msg = Job;
    ///
    ///     async fn handle(&mut self, job: Job, _ctx: &mut Context<Self>) -> ActorResult {
    ///         match job {
    ///             Job::Urgent(n) | Job::Ordinary(n) => self.done.push(n),
    ///             Job::Done(reply) => reply.send(self.done.clone()),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let worker = system.actor(Worker::default()).priority(key).spawn();
    /// worker.try_send(Job::Ordinary(1))?;
    /// worker.try_send(Job::Ordinary(2))?;
    /// worker.try_send(Job::Urgent(3))?;
    /// assert_eq!(worker.ask(Job::Done).await?, [3, 1, 2]);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "PriorityQueue")]
    pub fn priority(mut self, key: fn(&A::Msg) -> i64) -> Self {
        self.priority = Some(key);
        self
    }

    /// Where it runs; a task by default.
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
    /// let sink = system.actor(Sink).placement(Placement::Thread).start().await?;
    /// sink.send(1).await?;
    /// # sink.stop(); sink.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// How long `started` may take; 30 seconds by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::StartError;
    ///
    /// struct Stuck;
    ///
    /// impl Actor for Stuck {
    ///     type Msg = ();
    ///
    ///     async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
    ///         std::future::pending().await // A server that never answers, say.
    ///     }
    ///
    ///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let started = system.actor(Stuck).start_timeout(Duration::from_millis(20)).start().await;
    /// assert_eq!(started, Err(StartError::Failed(ExitReason::StartTimeout)));
    /// # Ok(()) }
    /// ```
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// How long its owner gives it to stop; 5 seconds by default.
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
    /// // Nothing to tidy up: it need not be asked first.
    /// let sink = system.actor(Sink).shutdown(Shutdown::Kill).spawn();
    /// system.shutdown(Duration::from_secs(1)).await;
    /// assert_eq!(sink.wait().await, ExitReason::Killed);
    /// # Ok(()) }
    /// ```
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// Starts it and returns at once. Whatever goes wrong is its exit reason: a failing `started`, a name that is taken, a system that
    /// has shut down.
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
    /// let sink = system.actor(Sink).name("sink").spawn();
    /// sink.send(1).await?; // Handled as soon as it has started.
    ///
    /// let second = system.actor(Sink).name("sink").spawn();
    /// assert!(matches!(second.wait().await, ExitReason::StartFailed(_)), "the name is taken");
    /// # Ok(()) }
    /// ```
    pub fn spawn(self) -> ActorRef<A::Msg> {
        match self.launch(|state| state) {
            Ok(actor) | Err((actor, _)) => actor,
        }
    }

    /// Starts it and waits until `started` has completed.
    ///
    /// # Errors
    ///
    /// [`StartError`] says why it did not start. No message was handled, and its name is free again. Trying again helps where the cause
    /// can pass, such as a name that is taken.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: when the future is dropped the actor loses its only reference and ends, unless it has a name or a parent.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::StartError;
    ///
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let holder = system.start_named("sink", Sink).await?;
    /// let sink = match system.actor(Sink).name("sink").start().await {
    ///     Ok(sink) => sink,
    ///     Err(StartError::NameTaken(_)) => system.lookup("sink")?, // Somebody was faster: use that one.
    ///     Err(error) => return Err(error.into()),
    /// };
    /// sink.send(1).await?;
    /// # Ok(()) }
    /// ```
    pub async fn start(self) -> Result<ActorRef<A::Msg>, StartError> {
        let system = Arc::clone(&self.system);
        let limit = self.start_timeout.saturating_add(BLOCKED_GRACE);
        let actor = self.launch(|state| state).map_err(|(_, error)| error)?;
        let cell: Arc<dyn AnyCell> = Arc::clone(actor.cell()) as Arc<dyn AnyCell>;
        let starting = until(&cell, |life| match (life.phase, life.ended()) {
            (Phase::Running, _) => Some(Ok(())),
            // It ran, and has ended by itself since.
            (Phase::Ended, _) if life.was_started => Some(Ok(())),
            (_, Some(reason)) => Some(Err(StartError::Failed(reason.clone()))),
            _ => None,
        });
        match within(&system, Some(limit), starting).await {
            Some(started) => started.inspect_err(|_| observe::failure_was_told(cell.header()))?,
            None => {
                // It blocks its thread, so it cannot see its own deadline.
                observe::failure_was_told(cell.header());
                cell.fence(ExitReason::StartTimeout);
                cell.finish(ExitReason::StartTimeout);
                return Err(StartError::Failed(ExitReason::StartTimeout));
            }
        }
        Ok(actor)
    }

    /// Starts it in a home of its own.
    #[cfg(feature = "testing")]
    pub(crate) fn spawn_in<H: Home<Actor = A>>(
        self,
        home: impl FnOnce(A) -> H + Send + 'static,
    ) -> ActorRef<A::Msg> {
        match self.launch(home) {
            Ok(actor) | Err((actor, _)) => actor,
        }
    }

    fn launch<H: Home<Actor = A>>(
        self,
        home: impl FnOnce(A) -> H + Send + 'static,
    ) -> Launched<A::Msg> {
        let one_at_a_time = self.placement == Placement::Thread;
        let cell = Cell::new(self.mailbox, self.priority, one_at_a_time);
        let actor = ActorRef::new(Arc::clone(&cell));
        let owned = self.parent.is_some();
        let kind = Kind::of::<A>(self.placement);
        let child = Child {
            cell: Arc::clone(&cell) as Arc<dyn AnyCell>,
            shutdown: self.shutdown,
            is_kept: false,
        };
        if !adopt(&self.system, self.parent, child, kind) {
            AnyCell::finish(&*cell, ExitReason::Shutdown);
            return Err((actor, StartError::Failed(ExitReason::Shutdown)));
        }
        if owned {
            // A child lives as long as its parent wants it.
            cell.header().add_ref();
        }
        if let Some(name) = &self.name
            && let Err(error) = self
                .system
                .registry
                .register(name, &(Arc::clone(&cell) as Arc<dyn AnyCell>))
        {
            let error = match error {
                RegisterError::Taken(taken) => StartError::NameTaken(taken),
                other => StartError::Failed(ExitReason::StartFailed(other.to_string())),
            };
            AnyCell::finish(&*cell, ExitReason::StartFailed(error.to_string()));
            return Err((actor, error));
        }
        let state = self.actor;
        match launch(cell, self.placement, self.start_timeout, None, move || {
            home(state)
        }) {
            Ok(()) => Ok(actor),
            Err(reason) => Err((actor, StartError::Failed(reason))),
        }
    }
}

/// Gives a fresh cell its id and its owner. `false` when the owner takes no more.
pub(crate) fn adopt(
    system: &Arc<SystemCore>,
    parent: Option<Arc<dyn AnyCell>>,
    child: Child,
    kind: Kind,
) -> bool {
    let id = ActorId(system.next_id());
    let header = child.cell.header();
    system.actor_began();
    if let Some(parent) = &parent {
        header.set_parent(Arc::clone(parent));
    }
    let children = parent
        .as_ref()
        .map_or(&system.roots, |parent| parent.header().children());
    let binding = Binding {
        id,
        system: Arc::clone(system),
        kind,
    };
    if !header.bind(binding) {
        return false;
    }
    observe::spawned(&*child.cell);
    if !children.insert(id, child) {
        return false;
    }
    // A parent that has ended, or is between two incarnations, starts nobody. Looked at after the insertion: a parent that ends from
    // here on finds the child.
    let mut has_owner = true;
    if let Some(parent) = parent {
        parent.look(&mut |life| has_owner = life.is_alive());
    }
    has_owner
}
