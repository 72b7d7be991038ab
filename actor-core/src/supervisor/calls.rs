//! What others ask of a supervisor, and how.

use std::fmt;
use std::time::Duration;

use super::ChildSpec;
use super::supervisor::{Command, SupervisorMsg};
use crate::{ActorId, ActorRef, AnyActorRef, AskError, ExitReason, Reply};

/// Calls to a supervisor wait for the start and stop allowances of its children instead of a deadline of their own.
const AS_LONG_AS_IT_TAKES: Duration = Duration::MAX;

/// Where a child stands.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::ChildState;
///
/// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
/// # struct Flaky;
/// # impl Actor for Flaky {
/// #     type Msg = Msg;
/// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
/// #         match msg {
/// #             Msg::Fail => return Err("as asked".into()),
/// #             Msg::Stop => ctx.stop(),
/// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
/// assert_eq!(sup.which_children().await?[0].state, ChildState::Running);
/// sup.terminate_child("flaky").await?;
/// assert_eq!(sup.which_children().await?[0].state, ChildState::Stopped);
/// # sup.stop(); sup.wait().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildState {
    /// Its start-up is under way.
    Starting,
    /// It runs.
    Running,
    /// It ended and waits for its restart, as its backoff says.
    Restarting,
    /// It is being stopped.
    Stopping,
    /// It ended and is not restarted; its specification is kept.
    Stopped,
}

/// One line of [`SupervisorRef::which_children`].
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
/// # struct Flaky;
/// # impl Actor for Flaky {
/// #     type Msg = Msg;
/// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
/// #         match msg {
/// #             Msg::Fail => return Err("as asked".into()),
/// #             Msg::Stop => ctx.stop(),
/// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
/// flaky.send(Msg::Fail).await?;
/// # flaky.ask(Msg::Runs).await?;
/// let child = &sup.which_children().await?[0];
/// assert_eq!((child.id.as_str(), child.actor, child.restarts), ("flaky", flaky.id(), 1));
/// # sup.stop(); sup.wait().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildInfo {
    /// The id from its specification.
    pub id: String,
    /// Its actor.
    pub actor: ActorId,
    /// Where it stands.
    pub state: ChildState,
    /// How often it was restarted.
    pub restarts: u32,
}

/// Why a call to a supervisor did not do what it was asked.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::SupervisorError;
///
/// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
/// # struct Flaky;
/// # impl Actor for Flaky {
/// #     type Msg = Msg;
/// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
/// #         match msg {
/// #             Msg::Fail => return Err("as asked".into()),
/// #             Msg::Stop => ctx.stop(),
/// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
/// assert_eq!(sup.terminate_child("nobody").await, Err(SupervisorError::NotFound("nobody".to_owned())));
/// sup.stop();
/// sup.wait().await;
/// assert_eq!(sup.terminate_child("flaky").await, Err(SupervisorError::Unavailable));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SupervisorError {
    /// A child with this id is there already, running or not.
    AlreadyPresent(String),
    /// No child has this id.
    NotFound(String),
    /// The child runs, or is being started or stopped. Terminate it first.
    Running(String),
    /// The child waits for its restart. Terminate it first.
    Restarting(String),
    /// The child did not start; it is not among the children.
    StartFailed(ExitReason),
    /// The supervisor has ended or is ending.
    Unavailable,
}

impl fmt::Display for SupervisorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SupervisorError::AlreadyPresent(id) => {
                write!(f, "the supervisor has a child {id:?} already")
            }
            SupervisorError::NotFound(id) => write!(f, "the supervisor has no child {id:?}"),
            SupervisorError::Running(id) => {
                write!(f, "child {id:?} is not stopped; terminate it first")
            }
            SupervisorError::Restarting(id) => {
                write!(f, "child {id:?} waits for its restart; terminate it first")
            }
            SupervisorError::StartFailed(reason) => write!(f, "the child did not start: {reason}"),
            SupervisorError::Unavailable => f.write_str("the supervisor has ended"),
        }
    }
}

impl std::error::Error for SupervisorError {}

/// A reference to a supervisor.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
/// # struct Flaky;
/// # impl Actor for Flaky {
/// #     type Msg = Msg;
/// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
/// #         match msg {
/// #             Msg::Fail => return Err("as asked".into()),
/// #             Msg::Stop => ctx.stop(),
/// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
/// let other: SupervisorRef = sup.clone();
/// assert_eq!(other.which_children().await?.len(), 1);
/// sup.stop();
/// assert_eq!(other.wait().await, ExitReason::Normal);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SupervisorRef {
    actor: ActorRef<SupervisorMsg>,
}

impl SupervisorRef {
    pub(crate) fn new(actor: ActorRef<SupervisorMsg>) -> Self {
        SupervisorRef { actor }
    }

    async fn call<T: Send + 'static>(
        &self,
        command: impl FnOnce(Reply<Result<T, SupervisorError>>) -> Command,
    ) -> Result<T, SupervisorError> {
        let asked = self
            .actor
            .ask_within(AS_LONG_AS_IT_TAKES, |reply| {
                SupervisorMsg::call(command(reply))
            })
            .await;
        asked.unwrap_or_else(|_: AskError| Err(SupervisorError::Unavailable))
    }

    /// Adds a child and waits until it has started.
    ///
    /// # Errors
    ///
    /// The id is in use, the child did not start, or the supervisor has ended. The child is not among the children then and its actor has
    /// ended: a retry needs a new specification.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the child may be added all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::SupervisorError;
    ///
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sup = Supervisor::builder(Strategy::OneForOne).start(&system).await?;
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// sup.start_child(spec).await?;
    /// assert_eq!(flaky.ask(Msg::Runs).await?, 1);
    ///
    /// let (spec, _second) = ChildSpec::new("flaky", || Flaky).build();
    /// match sup.start_child(spec).await {
    ///     Err(SupervisorError::AlreadyPresent(id)) => assert_eq!(id, "flaky"), // Another id, then.
    ///     other => panic!("{other:?}"),
    /// }
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub async fn start_child(&self, spec: ChildSpec) -> Result<(), SupervisorError> {
        self.call(|reply| Command::Start(spec, reply)).await
    }

    /// Stops a child within its allowance and does not restart it. Its specification is kept unless it is temporary.
    ///
    /// # Errors
    ///
    /// No child has this id, or the supervisor has ended. A retry is useless.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the child is stopped all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// sup.terminate_child("flaky").await?;
    /// assert_eq!(flaky.wait().await, ExitReason::Shutdown, "it has ended for good");
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub async fn terminate_child(&self, id: &str) -> Result<(), SupervisorError> {
        let id = id.to_owned();
        self.call(|reply| Command::Terminate(id, reply)).await
    }

    /// Forgets the specification of a child that was terminated, or that ended and is not restarted; its id is free again.
    ///
    /// # Errors
    ///
    /// No child has this id, or it has not ended.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the specification may be gone all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Db;
    /// # impl Actor for Db {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), actor_core::BoxError> {
    /// use actor_core::SupervisorError;
    ///
    /// let system = ActorSystem::new("demo");
    /// let (spec, _db) = ChildSpec::new("db", || Db).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// assert_eq!(sup.delete_child("db").await, Err(SupervisorError::Running("db".into())));
    /// sup.terminate_child("db").await?;
    /// sup.delete_child("db").await?;
    /// assert!(sup.which_children().await?.is_empty());
    /// # Ok(()) }
    /// ```
    pub async fn delete_child(&self, id: &str) -> Result<(), SupervisorError> {
        let id = id.to_owned();
        self.call(|reply| Command::Delete(id, reply)).await
    }

    /// The children, in the order of their specifications.
    ///
    /// # Errors
    ///
    /// The supervisor has ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// for child in sup.which_children().await? {
    ///     println!("{} ({}): {:?}, restarted {} times", child.id, child.actor, child.state, child.restarts);
    /// }
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, SupervisorError> {
        self.call(Command::Which).await
    }

    /// Stops the children in reverse order, and then the supervisor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// sup.stop();
    /// assert_eq!(sup.wait().await, ExitReason::Normal);
    /// assert_eq!(flaky.wait().await, ExitReason::Shutdown);
    /// # Ok(()) }
    /// ```
    pub fn stop(&self) {
        self.actor.stop();
    }

    /// Ends the supervisor at once; its children are still stopped in order.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// sup.kill();
    /// assert_eq!(sup.wait().await, ExitReason::Killed);
    /// assert_eq!(flaky.wait().await, ExitReason::Shutdown);
    /// # Ok(()) }
    /// ```
    pub fn kill(&self) {
        self.actor.kill();
    }

    /// Waits until the supervisor and all its children have ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// // One failure in five seconds is tolerated. After the second the supervisor gives up.
    /// flaky.send(Msg::Fail).await?;
    /// flaky.send(Msg::Fail).await?;
    /// assert_eq!(sup.wait().await, ExitReason::Shutdown);
    /// # Ok(()) }
    /// ```
    pub async fn wait(&self) -> ExitReason {
        self.actor.wait().await
    }

    /// The supervisor as an actor without a message type, for monitors.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// system.register("workers", &sup.any())?;
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn any(&self) -> AnyActorRef {
        self.actor.any()
    }
}
