//! Why a supervisor refuses.

use std::fmt;

use crate::error::NotStarted;
use crate::{ExitReason, Taken};

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
    /// A child with this id is there already; it does not run. Restart it, or delete it first.
    AlreadyPresent(String),
    /// A child with this id runs already, or is being started or stopped.
    AlreadyStarted(String),
    /// The supervisor has as many children as it takes.
    MaxChildren(usize),
    /// The specification makes no sense under this supervisor.
    Invalid(String, InvalidChild),
    /// The child is this supervisor itself, or a supervisor that was to be added to one that has no system yet, and so could come to
    /// stand above itself.
    WouldSuperviseItself(String),
    /// The name of the child belongs to another actor. A child that was to be added is not added; one that was to be restarted stays
    /// stopped.
    NameTaken(Taken),
    /// No child has this id.
    NotFound(String),
    /// The child runs, or is being started or stopped. Terminate it first.
    Running(String),
    /// The child waits for its restart. Terminate it first.
    Restarting(String),
    /// The child did not start. One that was to be added is not among the children; one that was to be restarted stays stopped.
    StartFailed(ExitReason),
    /// The caller would wait for itself: it is the child that is to end (or a part of it), or it is being started by the supervisor that
    /// it calls. Nothing was done.
    WouldDeadlock,
    /// The supervisor has ended or is ending.
    Unavailable,
}

impl fmt::Display for SupervisorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SupervisorError::AlreadyPresent(id) => {
                write!(
                    f,
                    "the supervisor has a child {id:?} already, which does not run"
                )
            }
            SupervisorError::AlreadyStarted(id) => write!(f, "child {id:?} runs already"),
            SupervisorError::MaxChildren(max) => {
                write!(f, "the supervisor takes no more than {max} children")
            }
            SupervisorError::Invalid(id, problem) => {
                write!(f, "the specification of child {id:?}: {problem}")
            }
            SupervisorError::WouldSuperviseItself(id) => {
                write!(
                    f,
                    "supervisor {id:?} would come to stand above itself, or goes into one that has not been started; start the outer one first"
                )
            }
            SupervisorError::NameTaken(taken) => taken.fmt(f),
            SupervisorError::NotFound(id) => write!(f, "the supervisor has no child {id:?}"),
            SupervisorError::Running(id) => {
                write!(f, "child {id:?} is not stopped; terminate it first")
            }
            SupervisorError::Restarting(id) => {
                write!(f, "child {id:?} waits for its restart; terminate it first")
            }
            SupervisorError::StartFailed(reason) => write!(f, "the child {}", NotStarted(reason)),
            SupervisorError::WouldDeadlock => {
                f.write_str("the caller would wait for its own end or start")
            }
            SupervisorError::Unavailable => f.write_str("the supervisor has ended"),
        }
    }
}

impl std::error::Error for SupervisorError {}

/// What is wrong with a specification.
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
/// use actor_core::{InvalidChild, StartError};
///
/// let (spec, _flaky) = ChildSpec::new("flaky", || Flaky).significant(true).build();
/// let started = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await;
/// let problem = InvalidChild::SignificantPermanent;
/// assert_eq!(started.unwrap_err(), StartError::InvalidChild { id: "flaky".to_owned(), problem });
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidChild {
    /// It is significant and permanent: it is restarted whenever it ends, so it never ends by itself.
    SignificantPermanent,
    /// It is significant, and its supervisor never shuts itself down.
    SignificantNever,
}

impl fmt::Display for InvalidChild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidChild::SignificantPermanent => "a permanent child cannot be significant",
            InvalidChild::SignificantNever => {
                "a significant child needs a supervisor with an automatic shutdown"
            }
        })
    }
}

impl std::error::Error for InvalidChild {}
