//! What a supervisor tells of its children.

use crate::ActorId;

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
    /// It ended, or was stopped with a sibling that failed, and waits for its restart.
    Restarting,
    /// It is being stopped.
    Stopping,
    /// It ended and is not restarted; its specification is kept.
    Stopped,
}

/// One line of [`SupervisorRef::which_children`](crate::SupervisorRef::which_children).
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

/// How many children a supervisor has, by kind: [`SupervisorRef::count_children`](crate::SupervisorRef::count_children).
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
/// let (first, _) = ChildSpec::new("a", || Flaky).build();
/// let (second, _) = ChildSpec::new("b", || Flaky).build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(first).child(second).start(&system).await?;
/// sup.terminate_child("a").await?;
/// let counts = sup.count_children().await?;
/// assert_eq!((counts.specs, counts.active, counts.workers, counts.supervisors), (2, 1, 2, 0));
/// # sup.stop(); sup.wait().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildCounts {
    /// All that it has a specification of.
    pub specs: usize,
    /// Those of which something runs: starting, running or being stopped.
    pub active: usize,
    /// Those that are supervisors.
    pub supervisors: usize,
    /// Those that are not.
    pub workers: usize,
}
