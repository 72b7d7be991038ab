//! What others ask of a supervisor, and how.

use std::time::Duration;

use super::message::{Answer, Command, SupervisorMsg};
use super::tree::{address, find_below, is_in_phase};
use super::{ChildCounts, ChildInfo, ChildSpec, SupervisorError};
use crate::cell::AnyCell;
use crate::lifecycle::Phase;
use crate::reply_scope::current_actor;
use crate::sync::Arc;
use crate::{ActorRef, AnyActorRef, AskError, ExitReason};

/// Calls to a supervisor wait for the start and stop allowances of its children instead of a deadline of their own.
const AS_LONG_AS_IT_TAKES: Duration = Duration::MAX;

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
    pub(super) fn new(actor: ActorRef<SupervisorMsg>) -> Self {
        SupervisorRef { actor }
    }

    async fn call<T: Send + 'static>(
        &self,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<T, SupervisorError> {
        if self.is_starting_caller() {
            return Err(SupervisorError::WouldDeadlock);
        }
        let asked = self
            .actor
            .ask_within(AS_LONG_AS_IT_TAKES, |reply| {
                SupervisorMsg::call(command(reply))
            })
            .await;
        asked.unwrap_or_else(|error| {
            Err(match error {
                AskError::WouldDeadlock => SupervisorError::WouldDeadlock,
                _ => SupervisorError::Unavailable,
            })
        })
    }

    /// Whether the supervisor is starting, and so answers nobody, because it waits for the start of the very actor that calls.
    fn is_starting_caller(&self) -> bool {
        let caller = current_actor();
        if caller == 0 || !is_in_phase(&**self.actor.cell(), Phase::Starting) {
            return false;
        }
        let own: Arc<dyn AnyCell> = Arc::clone(self.actor.cell()) as Arc<dyn AnyCell>;
        find_below(&own, caller).is_some_and(|cell| is_in_phase(&*cell, Phase::Starting))
    }

    /// Adds a child and waits until it has started.
    ///
    /// # Errors
    ///
    /// The id or the name is in use, the supervisor has all the children that it takes, the specification makes no sense under it, the child
    /// did not start, or the supervisor has ended. The child is not among the children then and its actor has ended: a retry needs a new
    /// specification.
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
    ///     Err(SupervisorError::AlreadyStarted(id)) => assert_eq!(id, "flaky"), // Another id, then.
    ///     other => panic!("{other:?}"),
    /// }
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub async fn start_child(&self, spec: ChildSpec) -> Result<(), SupervisorError> {
        let spec = spec.into_inner();
        let is_itself = address(&*spec.cell) == self.actor.cell().address();
        // A supervisor that has a place has its ancestors for good, and the new one, which has none, is not among them.
        let has_place = self.actor.cell().header().binding().is_some();
        if is_itself || (spec.is_supervisor && !has_place) {
            return Err(SupervisorError::WouldSuperviseItself(spec.id.clone()));
        }
        self.call(|reply| Command::Start(spec, reply)).await
    }

    /// Stops a child within its allowance and does not restart it. Its specification is kept unless it is temporary.
    ///
    /// # Errors
    ///
    /// No child has this id, the supervisor has ended, or the caller is the child itself ([`SupervisorError::WouldDeadlock`]; a child
    /// stops itself with [`Context::stop`](crate::Context::stop)). A retry is useless.
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
        let (id, caller) = (id.to_owned(), current_actor());
        self.call(|reply| Command::Terminate(id, caller, reply))
            .await
    }

    /// Starts a child again that was terminated, or that ended and is not restarted, and waits until it has started. Its actor is the
    /// same: references to it work again, with an empty mailbox, and the name of its specification is registered again. Who waited for its end, or monitored it,
    /// has heard of that.
    ///
    /// # Errors
    ///
    /// No child has this id, it has not ended, its name has been taken, or it did not start; in the last two cases it stays stopped, and a
    /// retry may help. Or the supervisor has ended.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the child may be started all the same.
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
    /// use actor_core::SupervisorError;
    ///
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// assert_eq!(sup.restart_child("flaky").await, Err(SupervisorError::Running("flaky".to_owned())));
    /// sup.terminate_child("flaky").await?;
    /// assert!(flaky.is_closed());
    /// sup.restart_child("flaky").await?;
    /// assert_eq!(flaky.ask(Msg::Runs).await?, 2, "the same reference, a new incarnation");
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub async fn restart_child(&self, id: &str) -> Result<(), SupervisorError> {
        let id = id.to_owned();
        self.call(|reply| Command::Restart(id, reply)).await
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

    /// How many children there are, by kind.
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
    /// let (spec, _flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// assert_eq!(sup.count_children().await?.active, 1);
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub async fn count_children(&self) -> Result<ChildCounts, SupervisorError> {
        self.call(Command::Count).await
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
