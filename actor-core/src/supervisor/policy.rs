//! What a supervisor is told to do: when a child is restarted, who is restarted with it, when the supervisor gives up. Pure; time is
//! an argument.
//!
//! The words and the rules are those of Erlang/OTP's `supervisor`. How they work together is in `plan`.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::ExitReason;

/// When a child is restarted.
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
/// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).restart(Restart::Transient).build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
///
/// flaky.send(Msg::Fail).await?; // A failure: it is restarted…
/// assert_eq!(flaky.ask(Msg::Runs).await?, 2);
/// flaky.send(Msg::Stop).await?; // …but not after an end of its own will.
/// assert_eq!(flaky.wait().await, ExitReason::Normal);
/// # sup.stop(); sup.wait().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// On every exit.
    #[default]
    Permanent,
    /// Only after a failure ([`ExitReason::is_failure`]).
    Transient,
    /// Never; its specification is forgotten when it ends.
    Temporary,
}

impl Restart {
    /// Whether a child of this type is restarted after such an end.
    pub(crate) fn wants(self, reason: &ExitReason) -> bool {
        match self {
            Restart::Permanent => true,
            Restart::Transient => reason.is_failure(),
            Restart::Temporary => false,
        }
    }
}

/// Which children are restarted when one of them fails.
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
/// let (first, a) = ChildSpec::new("a", || Flaky).build();
/// let (second, b) = ChildSpec::new("b", || Flaky).build();
/// let (third, c) = ChildSpec::new("c", || Flaky).build();
/// let sup = Supervisor::builder(Strategy::RestForOne);
/// let sup = sup.child(first).child(second).child(third).start(&system).await?;
/// b.send(Msg::Fail).await?;
/// assert_eq!(b.ask(Msg::Runs).await?, 2);
/// assert_eq!(a.ask(Msg::Runs).await?, 1, "it came before the one that failed");
/// assert_eq!(c.ask(Msg::Runs).await?, 2, "it came after");
/// # sup.stop(); sup.wait().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// Only the one that failed.
    #[default]
    OneForOne,
    /// All of them: the others are stopped in reverse order, then all are started in order. For children that cannot do without each other.
    OneForAll,
    /// The one that failed and those that were started after it, which may depend on it.
    RestForOne,
}

/// Whether a supervisor ends when its [significant](crate::ChildBuilder::significant) children have.
///
/// Only an end of their own counts: one that its supervisor brought about never ends the supervisor.
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
/// use actor_core::AutoShutdown;
///
/// let worker = ChildSpec::new("import", || Flaky).restart(Restart::Transient).significant(true);
/// let (spec, import) = worker.build();
/// let sup = Supervisor::builder(Strategy::OneForOne)
///     .auto_shutdown(AutoShutdown::Any)
///     .child(spec)
///     .start(&system)
///     .await?;
/// import.send(Msg::Stop).await?; // The work is done…
/// assert_eq!(sup.wait().await, ExitReason::Shutdown); // …and so is everything that was there for it.
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AutoShutdown {
    /// It does not; then it takes no significant children.
    #[default]
    Never,
    /// When the first of them ends by itself and is not restarted.
    Any,
    /// When the last of them ends by itself and is not restarted.
    All,
}

/// How many failures within how long are too many: one sliding window per supervisor.
#[derive(Clone, Debug)]
pub(crate) struct Intensity {
    max: u32,
    period: Duration,
    failures: VecDeque<Instant>,
}

impl Intensity {
    pub(crate) fn new(max: u32, period: Duration) -> Self {
        Intensity {
            max,
            period,
            failures: VecDeque::new(),
        }
    }

    /// Notes a failure. Returns whether a restart is still within the limit.
    ///
    /// A failure exactly at the edge of the period still counts.
    pub(crate) fn handle_failure(&mut self, now: Instant) -> bool {
        while self
            .failures
            .front()
            .is_some_and(|then| now.duration_since(*then) > self.period)
        {
            self.failures.pop_front();
        }
        self.failures.push_back(now);
        self.failures.len() <= self.max as usize
    }
}

#[cfg(test)]
mod tests;
