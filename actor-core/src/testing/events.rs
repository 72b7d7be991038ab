//! What happened in a simulation, as a test sees it.
//!
//! The core notes these through `observe`; the [log](super::log) keeps the last ones and their digest.

use std::fmt;
use std::time::Duration;

use super::faults::Fault;
use crate::sync::Arc;
use crate::{ActorId, DeadLetterReason, ExitReason, TimerKey};

/// Something that happened to an actor.
///
/// # Examples
///
/// ```
/// use actor_core::prelude::*;
/// use actor_core::testing::{EventKind, Simulation};
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # fn main() -> Result<(), BoxError> {
/// Simulation::new().run(|system| async move {
///     let sink = system.spawn(Sink);
///     sink.send(7).await.expect("the sink lives");
///     system.settle().await;
///
///     let events = system.events();
///     let begun = events.iter().find(|event| matches!(event.kind, EventKind::Begun { .. }));
///     assert_eq!(begun.map(|event| event.actor), Some(sink.id()));
/// })?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// How much virtual time had passed.
    pub at: Duration,
    /// In which step of the schedule.
    pub step: u64,
    /// To whom. [`ActorId::UNBOUND`] is an actor that no system has taken in yet.
    pub actor: ActorId,
    /// What that one is called: its name or its type, and its id.
    pub label: String,
    /// What happened.
    pub kind: EventKind,
    /// What whoever sent is called.
    pub(super) sender: Option<String>,
}

/// What happened; see [`Event`].
///
/// # Examples
///
/// ```
/// use actor_core::testing::EventKind;
///
/// fn is_news_of_life(kind: &EventKind) -> bool {
///     matches!(kind, EventKind::Started { .. } | EventKind::Restarted { .. } | EventKind::Stopped { .. })
/// }
/// # assert!(is_news_of_life(&EventKind::Started { incarnation: 1 }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A system took it in.
    Spawned {
        /// Its Rust type, where that is known.
        actor_type: Option<&'static str>,
        /// The type of its messages.
        message_type: &'static str,
        /// The actor that did it; none if that was the test.
        by: Option<ActorId>,
    },
    /// It got a name.
    Named {
        /// The name.
        name: Arc<str>,
    },
    /// Its start-up is complete.
    Started {
        /// The number of the incarnation.
        incarnation: u32,
    },
    /// Another incarnation begins.
    Restarted {
        /// The number of the incarnation.
        incarnation: u32,
    },
    /// An incarnation ended in a failure.
    Failed {
        /// The number of the incarnation.
        incarnation: u32,
        /// Why.
        reason: Arc<ExitReason>,
    },
    /// A supervisor gave up, since its children failed too often.
    Escalated,
    /// It ended for good.
    Stopped {
        /// Why.
        reason: Arc<ExitReason>,
    },
    /// Its mailbox accepted a message.
    Sent {
        /// The actor that sent it; none if that was the test, or something beside the actors.
        from: Option<ActorId>,
        /// The type of the message.
        message: &'static str,
    },
    /// Somebody asks it; `Sent` follows when there is room.
    Asked {
        /// The actor that asks; none if that is the test.
        from: Option<ActorId>,
        /// The type of the answer.
        answer: &'static str,
    },
    /// It answered, or the test did if the actor is unbound.
    Replied {
        /// The type of the answer.
        answer: &'static str,
    },
    /// It began with a message.
    Begun {
        /// The type of the message.
        message: &'static str,
    },
    /// It is to be told when another one ends.
    Monitored {
        /// That one.
        target: ActorId,
    },
    /// It does not want to be told any more.
    Demonitored {
        /// About whom.
        target: ActorId,
    },
    /// It is linked with another one.
    Linked {
        /// That one.
        target: ActorId,
    },
    /// It is not linked with another one any more.
    Unlinked {
        /// That one.
        target: ActorId,
    },
    /// It set a timer.
    TimerSet {
        /// Which.
        key: TimerKey,
        /// When it is due, and then again if it is an interval.
        after: Duration,
    },
    /// A timer was due; `Begun` follows.
    TimerFired {
        /// Which.
        key: TimerKey,
    },
    /// It took a timer back.
    TimerCancelled {
        /// Which.
        key: TimerKey,
    },
    /// A message to it met a fault that the test had set.
    Fault {
        /// The type of the message.
        message: &'static str,
        /// What became of it.
        fault: Fault,
    },
    /// A message to it will not be handled.
    DeadLetter {
        /// The type of the message.
        message: &'static str,
        /// Why.
        reason: Arc<DeadLetterReason>,
    },
}

/// A type without its modules.
pub(super) fn short(name: &str) -> &str {
    let head = name.split('<').next().unwrap_or(name);
    let start = head.rfind("::").map_or(0, |at| at + 2);
    &name[start..]
}

/// What an actor is called in a list of events.
pub(super) fn label(name: Option<&str>, actor_type: Option<&str>, id: ActorId) -> String {
    match name.or(actor_type.map(short)) {
        Some(called) => format!("{called} {id}"),
        None => id.to_string(),
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10?}  {}", self.at, self.label)?;
        let sender = self.sender.as_deref().unwrap_or("the test");
        match &self.kind {
            EventKind::Spawned { message_type, .. } => {
                write!(f, " is spawned, for {}", short(message_type))
            }
            EventKind::Named { name } => write!(f, " is named {name:?}"),
            EventKind::Started { incarnation: 1 } => f.write_str(" has started"),
            EventKind::Started { incarnation } => write!(f, " has started, run {incarnation}"),
            EventKind::Restarted { incarnation } => write!(f, " is restarted, run {incarnation}"),
            EventKind::Failed { reason, .. } => write!(f, " failed: {reason}"),
            EventKind::Escalated => f.write_str(" gives up: too many failures"),
            EventKind::Stopped { reason } => write!(f, " stopped: {reason}"),
            EventKind::Sent { message, .. } => write!(f, " got {} from {sender}", short(message)),
            EventKind::Asked { answer, .. } => {
                write!(f, " is asked for {} by {sender}", short(answer))
            }
            EventKind::Replied { answer } => write!(f, " replies with {}", short(answer)),
            EventKind::Begun { message } => write!(f, " begins {}", short(message)),
            EventKind::Monitored { target } => write!(f, " monitors {target}"),
            EventKind::Demonitored { target } => write!(f, " does not monitor {target} any more"),
            EventKind::Linked { target } => write!(f, " is linked with {target}"),
            EventKind::Unlinked { target } => {
                write!(f, " is not linked with {target} any more")
            }
            EventKind::TimerSet { key, after } => write!(f, " sets timer {key:?}, {after:?}"),
            EventKind::TimerFired { key } => write!(f, " has timer {key:?} due"),
            EventKind::TimerCancelled { key } => write!(f, " cancels timer {key:?}"),
            EventKind::Fault { message, fault } => write!(f, ": {} {fault}", short(message)),
            EventKind::DeadLetter { message, reason } => {
                write!(f, " does not get {}: {reason:?}", short(message))
            }
        }
    }
}
