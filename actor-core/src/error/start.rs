//! Why an actor did not start.

use std::error::Error;
use std::fmt;

use super::Taken;
use crate::{ExitReason, InvalidChild};

/// Why [`start`](crate::ActorSystem::start) gave no running actor. No message was handled and its name is free again.
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
/// let failed = system.start(Broken).await.unwrap_err();
/// assert_eq!(failed, StartError::Failed(ExitReason::StartFailed("no configuration".to_owned())));
///
/// let holder = system.start_named("one", Sink).await?;
/// match system.start_named("one", Sink).await {
///     Err(StartError::NameTaken(taken)) => assert_eq!(taken.holder, holder.id()),
///     other => panic!("{other:?}"),
/// }
/// # Ok(()) }
/// ```
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
    /// The specification of this child makes no sense under its supervisor.
    InvalidChild {
        /// The child's id.
        id: String,
        /// What is wrong with it.
        problem: InvalidChild,
    },
    /// There are more children than the supervisor takes, which is so many.
    MaxChildren(usize),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::NameTaken(taken) => taken.fmt(f),
            StartError::Failed(reason) => write!(f, "the actor {}", NotStarted(reason)),
            StartError::Child { id, reason } => write!(f, "child {id:?} {}", NotStarted(reason)),
            StartError::DuplicateChild(id) => {
                write!(f, "two children have the id {id:?}; give each its own")
            }
            StartError::InvalidChild { id, problem } => {
                write!(f, "the specification of child {id:?}: {problem}")
            }
            StartError::MaxChildren(max) => {
                write!(f, "the supervisor takes no more than {max} children")
            }
        }
    }
}

impl Error for StartError {}

/// What became of something that did not start, said once: the reason of a failed start says it as well.
pub(crate) struct NotStarted<'a>(pub(crate) &'a ExitReason);

impl fmt::Display for NotStarted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ExitReason::StartTimeout => f.write_str("did not start in time"),
            ExitReason::StartFailed(text) => write!(f, "did not start: {text}"),
            reason => write!(f, "did not start: {reason}"),
        }
    }
}
