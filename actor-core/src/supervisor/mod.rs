//! Supervision: children from specifications, started in order, restarted by their type and within a limit, stopped in reverse.
//!
//! A [`Supervisor`] is an ordinary actor. It knows its children only as [`StartChild`], so tasks, threads and processes are the same
//! to it. What it decides is in `policy`, without a runtime; what it does about it is in `supervisor`.
//!
//! The vocabulary and the rules are those of Erlang/OTP's `supervisor`; the backoff is ours.

mod calls;
mod policy;
mod spec;
mod start_child;
#[allow(clippy::module_inception)]
mod supervisor;

pub use calls::{ChildInfo, ChildState, SupervisorError, SupervisorRef};
pub use policy::{Backoff, Restart, Strategy};
pub use spec::{ChildBuilder, ChildSpec};
pub use start_child::{ExitSink, StartChild};
pub use supervisor::{Supervisor, SupervisorBuilder};

pub(crate) use start_child::{BLOCKED_GRACE, TaskChild};
