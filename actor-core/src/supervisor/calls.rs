//! What others ask of a supervisor, and how.

use std::fmt;
use std::time::Duration;

use super::ChildSpec;
use super::supervisor::{Command, SupervisorMsg};
use crate::{ActorId, ActorRef, AnyActorRef, AskError, ExitReason, Reply};

/// Calls to a supervisor wait for the start and stop allowances of its children instead of a deadline of their own.
const AS_LONG_AS_IT_TAKES: Duration = Duration::MAX;

/// Where a child stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildState {
    /// Its start-up is under way.
    Starting,
    /// It runs.
    Running,
    /// It failed and waits for its restart.
    Restarting,
    /// It is being stopped.
    Stopping,
    /// It ended and is not restarted; its specification is kept.
    Stopped,
}

/// One line of [`SupervisorRef::which_children`].
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SupervisorError {
    /// A child with this id is there already, running or not.
    AlreadyPresent(String),
    /// No child has this id.
    NotFound(String),
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
            SupervisorError::StartFailed(reason) => write!(f, "the child did not start: {reason}"),
            SupervisorError::Unavailable => f.write_str("the supervisor has ended"),
        }
    }
}

impl std::error::Error for SupervisorError {}

/// A reference to a supervisor.
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
    /// The id is in use, or the child did not start; then it is not among the children.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the child may be added all the same.
    pub async fn start_child(&self, spec: ChildSpec) -> Result<(), SupervisorError> {
        self.call(|reply| Command::Start(spec, reply)).await
    }

    /// Stops a child within its allowance and does not restart it. Its specification is kept unless it is temporary.
    ///
    /// # Errors
    ///
    /// No child has this id.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the child is stopped all the same.
    pub async fn terminate_child(&self, id: &str) -> Result<(), SupervisorError> {
        let id = id.to_owned();
        self.call(|reply| Command::Terminate(id, reply)).await
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
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, SupervisorError> {
        self.call(Command::Which).await
    }

    /// Stops the children in reverse order, and then the supervisor.
    pub fn stop(&self) {
        self.actor.stop();
    }

    /// Ends the supervisor at once; its children are still stopped in order.
    pub fn kill(&self) {
        self.actor.kill();
    }

    /// Waits until the supervisor and all its children have ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn wait(&self) -> ExitReason {
        self.actor.wait().await
    }

    /// The supervisor as an actor without a message type, for monitors.
    #[must_use]
    pub fn any(&self) -> AnyActorRef {
        self.actor.any()
    }
}
