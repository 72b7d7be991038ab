//! What can go wrong when sending, asking, starting and naming. One enum per operation; where a message was involved it comes back.

use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::ExitReason;

/// The error type of handlers and hooks: any error, so that `?` works.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// A message that came back.
///
/// It stands in a lock so that the error around it is `Sync`, and `?` into [`BoxError`] compiles, for every message that is `Send`.
/// And in a box, so that the result of a send that succeeds is small.
pub struct Returned<M>(Box<Mutex<M>>);

impl<M> Returned<M> {
    #[cold]
    pub(crate) fn new(message: M) -> Self {
        Returned(Box::new(Mutex::new(message)))
    }

    /// The message.
    pub fn into_inner(self) -> M {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M> fmt::Debug for Returned<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", type_name::<M>())
    }
}

/// Why [`send`](crate::ActorRef::send) did not accept a message. Nothing was sent; the message is inside.
#[non_exhaustive]
pub enum SendError<M> {
    /// The actor has ended, or takes no more messages. Trying again is useless.
    Closed(Returned<M>),
    /// An actor would have waited for room in its own mailbox, which only it can make. Use `try_send`, a timer or a larger mailbox.
    WouldDeadlock(Returned<M>),
}

impl<M> SendError<M> {
    /// The message that was not sent.
    pub fn into_message(self) -> M {
        match self {
            SendError::Closed(message) | SendError::WouldDeadlock(message) => message.into_inner(),
        }
    }
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Closed(message) => f.debug_tuple("Closed").field(message).finish(),
            SendError::WouldDeadlock(message) => {
                f.debug_tuple("WouldDeadlock").field(message).finish()
            }
        }
    }
}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Closed(_) => write!(
                f,
                "the actor takes no more messages of type {}",
                type_name::<M>()
            ),
            SendError::WouldDeadlock(_) => write!(
                f,
                "an actor cannot wait for room in its own mailbox ({}); use `try_send` or a timer",
                type_name::<M>()
            ),
        }
    }
}

impl<M> Error for SendError<M> {}

/// Why [`try_send`](crate::ActorRef::try_send) did not accept a message. Nothing was sent; the message is inside.
#[non_exhaustive]
pub enum TrySendError<M> {
    /// There is no room, or others wait for it already. A later try can succeed; `send` waits in line.
    Full(Returned<M>),
    /// The actor has ended, or takes no more messages. Trying again is useless.
    Closed(Returned<M>),
}

impl<M> TrySendError<M> {
    /// The message that was not sent.
    pub fn into_message(self) -> M {
        match self {
            TrySendError::Full(message) | TrySendError::Closed(message) => message.into_inner(),
        }
    }

    /// Whether the mailbox was full, so that a later try can succeed.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, TrySendError::Full(_))
    }
}

impl<M> fmt::Debug for TrySendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySendError::Full(message) => f.debug_tuple("Full").field(message).finish(),
            TrySendError::Closed(message) => f.debug_tuple("Closed").field(message).finish(),
        }
    }
}

impl<M> fmt::Display for TrySendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySendError::Full(_) => write!(f, "the mailbox is full ({})", type_name::<M>()),
            TrySendError::Closed(_) => write!(
                f,
                "the actor takes no more messages of type {}",
                type_name::<M>()
            ),
        }
    }
}

impl<M> Error for TrySendError<M> {}

/// Why an ask got no answer. [`may_have_run`](AskError::may_have_run) tells whether the work may have been done all the same.
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
        /// Whether the request had been accepted by the mailbox when the deadline came.
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
    /// Whether the request may have been handled, wholly or in part. `false` is certain: it is safe to try again elsewhere.
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

/// Why [`start`](crate::ActorSystem::start) gave no running actor. No message was handled and its name is free again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// The name belongs to another actor.
    NameTaken(Taken),
    /// The actor ended before `started` completed.
    Failed(ExitReason),
    /// A supervisor could not start this child; those before it were stopped again.
    Child {
        /// The child's id.
        id: String,
        /// Why it did not start.
        reason: ExitReason,
    },
    /// Two children of one supervisor have this id.
    DuplicateChild(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::NameTaken(taken) => taken.fmt(f),
            StartError::Failed(reason) => write!(f, "the actor did not start: {reason}"),
            StartError::Child { id, reason } => write!(f, "child {id:?} did not start: {reason}"),
            StartError::DuplicateChild(id) => {
                write!(f, "two children have the id {id:?}; give each its own")
            }
        }
    }
}

impl Error for StartError {}

/// A name could not be registered, since somebody holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The name.
    pub name: String,
    /// Who holds it.
    pub holder: crate::ActorId,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the name {:?} belongs to actor {}",
            self.name, self.holder
        )
    }
}

impl Error for Taken {}

/// Why [`register`](crate::ActorSystem::register) refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// Somebody holds the name.
    Taken(Taken),
    /// The actor already has a name; it keeps that one.
    AlreadyNamed(String),
    /// The actor has ended.
    Closed,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegisterError::Taken(taken) => taken.fmt(f),
            RegisterError::AlreadyNamed(name) => {
                write!(f, "the actor already has the name {name:?}")
            }
            RegisterError::Closed => f.write_str("an actor that has ended cannot take a name"),
        }
    }
}

impl Error for RegisterError {}

/// Why [`lookup`](crate::ActorSystem::lookup) found no reference.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupError {
    /// Nobody holds the name.
    NotFound(String),
    /// The holder takes other messages.
    WrongType {
        /// The name.
        name: String,
        /// The message type that was asked for.
        wanted: &'static str,
        /// The message type that the holder takes.
        found: &'static str,
    },
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupError::NotFound(name) => write!(f, "no actor has the name {name:?}"),
            LookupError::WrongType {
                name,
                wanted,
                found,
            } => {
                write!(
                    f,
                    "actor {name:?} takes messages of type {found}, not {wanted}"
                )
            }
        }
    }
}

impl Error for LookupError {}
