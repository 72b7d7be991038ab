//! What reaches an actor besides its messages: the ends and restarts of those it watches or is linked with.

use std::fmt;

use crate::ExitReason;

/// The identity of an actor within its system: a counter, never used twice.
///
/// The actor of a [`ChildSpec`](crate::ChildSpec) that was not yet given to a supervisor has the id [`ActorId::UNBOUND`].
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
/// let mut stock = std::collections::HashMap::new();
/// stock.insert(sink.id(), 3);
/// assert_eq!(stock.get(&sink.id()), Some(&3));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ActorId(pub(crate) u64);

impl ActorId {
    /// No system has adopted the actor yet.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::ActorId;
    ///
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let (spec, sink) = ChildSpec::new("sink", || Sink).build();
    /// assert_eq!(sink.id(), ActorId::UNBOUND);
    /// # drop(spec);
    /// # Ok(()) }
    /// ```
    pub const UNBOUND: ActorId = ActorId(0);
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Names one monitor of one watcher.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::MonitorId;
/// use std::collections::HashMap;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// struct Crew { names: HashMap<MonitorId, &'static str> }
///
/// impl Actor for Crew {
///     type Msg = ();
///
///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
///         for name in ["Ada", "Joe"] {
///             let member = ctx.spawn(Sink);
///             self.names.insert(ctx.monitor(&member.any()), name);
///             member.stop();
///         }
///         Ok(())
///     }
///
///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
///         Ok(())
///     }
///
///     async fn signal(&mut self, signal: Signal, ctx: &mut Context<Self>) -> ActorResult {
///         if let Signal::Down(down) = signal {
///             self.names.remove(&down.monitor);
///         }
///         if self.names.is_empty() {
///             ctx.stop();
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let crew = system.spawn(Crew { names: HashMap::new() });
/// assert_eq!(crew.wait().await, ExitReason::Normal);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MonitorId(pub(crate) u64);

impl MonitorId {
    /// The number of this monitor, for a link that carries it.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::MonitorId;
    ///
    /// assert_eq!(MonitorId::from_u64(7).as_u64(), 7);
    /// ```
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// The monitor of that number, as it came over a link.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::MonitorId;
    ///
    /// assert_eq!(MonitorId::from_u64(7), MonitorId::from_u64(7));
    /// ```
    #[must_use]
    pub fn from_u64(id: u64) -> Self {
        MonitorId(id)
    }
}

/// A monitored actor ended for good.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::{ActorId, MonitorId};
///
/// /// What to do about the end of a helper.
/// fn next_step(down: &Down) -> &'static str {
///     match &down.reason {
///         ExitReason::NoActor => "it was gone before",
///         reason if reason.is_failure() => "it broke: tell somebody",
///         _ => "it is done",
///     }
/// }
///
/// # let (monitor, actor) = (MonitorId::from_u64(1), ActorId::UNBOUND);
/// let down = Down { monitor, actor, reason: ExitReason::Killed };
/// assert_eq!(next_step(&down), "it broke: tell somebody");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// Which monitor tells it.
    pub monitor: MonitorId,
    /// Who ended; [`ActorId::UNBOUND`] when nobody held the name that was monitored.
    pub actor: ActorId,
    /// Why; [`ExitReason::NoActor`] when it was dead before the monitor was set.
    pub reason: ExitReason,
}

/// The present incarnation of a linked actor ended, and this actor [traps exits](crate::Context::trap_exits).
///
/// Unlike a [`Down`] it tells of every end, also when the actor is started again. The link is gone with it.
///
/// # Examples
///
/// ```
/// use actor_core::{ActorId, Exit, ExitReason};
///
/// /// Whether to go on without it.
/// fn is_bearable(exit: &Exit) -> bool {
///     !exit.reason.is_failure()
/// }
///
/// let exit = Exit { actor: ActorId::UNBOUND, reason: ExitReason::Normal };
/// assert!(is_bearable(&exit));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Who ended.
    pub actor: ActorId,
    /// Why; [`ExitReason::NoActor`] when it was dead before the link was made.
    pub reason: ExitReason,
}

/// An actor was restarted, and its new incarnation has started.
///
/// # Examples
///
/// ```
/// use actor_core::{ActorId, ExitReason, MonitorId, Restarted};
///
/// fn line(news: &Restarted) -> String {
///     format!("{} runs again (incarnation {}); before: {}", news.actor, news.incarnation, news.cause)
/// }
///
/// let news = Restarted {
///     monitor: MonitorId::from_u64(1),
///     actor: ActorId::UNBOUND,
///     incarnation: 2,
///     cause: ExitReason::Failed("disk full".to_owned()),
/// };
/// assert_eq!(line(&news), "#0 runs again (incarnation 2); before: failed: disk full");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restarted {
    /// Which monitor tells it; it stays set.
    pub monitor: MonitorId,
    /// Who was restarted.
    pub actor: ActorId,
    /// The number of the incarnation that has started.
    pub incarnation: u32,
    /// Why the incarnation before it ended. When attempts to start it again have failed, the end of the last of these.
    pub cause: ExitReason,
}

/// What [`Actor::signal`](crate::Actor::signal) receives.
///
/// Signals travel in the mailbox behind the messages that were sent before them, and need no room in it. In a mailbox that is
/// last-in-first-out or by priority they come before all messages.
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
/// struct Owner { helper: ActorRef<u32> }
///
/// impl Actor for Owner {
///     type Msg = ();
///
///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
///         ctx.monitor(&self.helper.any());
///         Ok(())
///     }
///
///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
///         Ok(())
///     }
///
///     async fn signal(&mut self, signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
///         match signal {
///             Signal::Down(down) if down.actor == self.helper.id() => Err(down.reason.into()),
///             _ => Ok(()),
///         }
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let helper = system.spawn(Sink);
/// let owner = system.start(Owner { helper: helper.clone() }).await?;
/// helper.kill();
/// assert_eq!(owner.wait().await, ExitReason::Failed("killed".to_owned()));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// A monitored actor ended for good.
    Down(Down),
    /// A linked actor ended, and this one [traps exits](crate::Context::trap_exits).
    Exit(Exit),
    /// An actor was restarted whose [restarts are monitored](crate::Context::monitor_restarts).
    Restarted(Restarted),
}
