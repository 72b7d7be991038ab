//! Why an ask has no answer.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::ExitReason;

/// Why an ask got no answer. [`may_have_run`](AskError::may_have_run) tells whether the work may have been done all the same.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// struct Moody;
///
/// impl Actor for Moody {
///     type Msg = (u32, Reply<u32>);
///
///     async fn handle(&mut self, (n, reply): Self::Msg, _ctx: &mut Context<Self>) -> ActorResult {
///         match n {
///             0 => return Err("zero".into()),
///             1 => drop(reply),
///             n => reply.send(n),
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let moody = system.spawn(Moody);
/// assert_eq!(moody.ask(|reply| (2, reply)).await, Ok(2));
/// assert_eq!(moody.ask(|reply| (1, reply)).await, Err(AskError::NoReply));
/// let reason = ExitReason::Failed("zero".to_owned());
/// assert_eq!(moody.ask(|reply| (0, reply)).await, Err(AskError::Failed { reason }));
/// # moody.wait().await;
/// assert_eq!(moody.ask(|reply| (2, reply)).await, Err(AskError::Closed));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum AskError {
    /// The actor takes no more messages; the request was never accepted. Trying again is useless.
    Closed,
    /// An actor asked itself while it was at work; it could never have answered.
    WouldDeadlock,
    /// The mailbox dropped the request to make room, by its overflow policy. A later try can succeed.
    Overflow,
    /// No answer came within the deadline. The work is not cancelled.
    Timeout {
        /// Whether the request had been accepted by the mailbox when the deadline came; always said of an actor that no supervisor has
        /// started yet.
        accepted: bool,
        /// The deadline that was set.
        after: Duration,
    },
    /// The actor ended for good, or was killed, before it answered.
    Stopped {
        /// Why it ended.
        reason: ExitReason,
        /// Whether the request had begun to be handled.
        begun: bool,
    },
    /// The handler that held the reply ended in an error or a panic, or the state that kept it belonged to an incarnation that failed.
    Failed {
        /// How it failed.
        reason: ExitReason,
    },
    /// The actor dropped the reply without an answer.
    NoReply,
    /// The link or the process was lost.
    Disconnected {
        /// Whether the request may have reached the other side.
        may_have_run: bool,
    },
}

impl AskError {
    /// What becomes of a reply that went down with an incarnation which ended like this.
    pub(crate) fn of_end(reason: &ExitReason) -> Self {
        match reason {
            ExitReason::Failed(_) | ExitReason::Panicked { .. } | ExitReason::StartFailed(_) => {
                AskError::Failed {
                    reason: reason.clone(),
                }
            }
            other => AskError::Stopped {
                reason: other.clone(),
                begun: true,
            },
        }
    }

    /// Whether the request may have been handled, wholly or in part. `false` is certain: it is safe to try again elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Counter { total: u64 }
    /// # enum CounterMsg { Add(u64), Get(Reply<u64>) }
    /// # impl Actor for Counter {
    /// #     type Msg = CounterMsg;
    /// #     async fn handle(&mut self, msg: CounterMsg, _: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             CounterMsg::Add(n) => self.total += n,
    /// #             CounterMsg::Get(reply) => reply.send(self.total),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// /// Asks one after the other, and nobody after one that may have done the work.
    /// async fn ask_any(counters: &[ActorRef<CounterMsg>]) -> Result<u64, AskError> {
    ///     let mut last = AskError::Closed;
    ///     for counter in counters {
    ///         match counter.ask(CounterMsg::Get).await {
    ///             Err(error) if !error.may_have_run() => last = error, // Safe to try the next one.
    ///             done => return done,
    ///         }
    ///     }
    ///     Err(last)
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let counters = [system.spawn(Counter { total: 1 }), system.spawn(Counter { total: 2 })];
    /// counters[0].stop();
    /// # counters[0].wait().await;
    /// assert_eq!(ask_any(&counters).await, Ok(2));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn may_have_run(&self) -> bool {
        match self {
            AskError::Closed | AskError::WouldDeadlock | AskError::Overflow => false,
            AskError::Timeout { accepted, .. } => *accepted,
            AskError::Stopped { begun, .. } => *begun,
            AskError::Failed { .. } | AskError::NoReply => true,
            AskError::Disconnected { may_have_run } => *may_have_run,
        }
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Closed => f.write_str("the actor takes no more messages"),
            AskError::WouldDeadlock => f.write_str("an actor that asks itself would wait for ever"),
            AskError::Overflow => f.write_str("the mailbox dropped the request to make room"),
            AskError::Timeout { after, .. } => write!(f, "no answer within {after:?}"),
            AskError::Stopped { reason, .. } => {
                write!(f, "the actor ended before it answered: {reason}")
            }
            AskError::Failed { reason } => write!(f, "the handler failed: {reason}"),
            AskError::NoReply => f.write_str("the actor dropped the reply without an answer"),
            AskError::Disconnected { .. } => f.write_str("the link to the actor was lost"),
        }
    }
}

impl Error for AskError {}
