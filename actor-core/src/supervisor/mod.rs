//! Supervision: children from specifications, started in order, restarted by their type and within a limit, stopped in reverse.
//!
//! A [`Supervisor`] is an ordinary actor. It knows its children only as [`StartChild`], so tasks, threads, processes and other supervisors
//! are the same to it. What it decides is in `plan`, without a runtime; what it does about it is in `supervisor` and `launch`.
//!
//! | file | what is in it |
//! |---|---|
//! | `policy`, `backoff` | the words: restart types, strategies, the window of failures, delays |
//! | `plan` | the decisions; `plan/calls.rs` what is asked of it, `plan/group.rs` the restart of several children |
//! | `supervisor`, `launch`, `message` | the actor that carries them out |
//! | `spec`, `child_builder`, `builder`, `config` | what the user writes |
//! | `calls`, `info`, `refusal` | what others ask, and what they are told |
//! | `start_child` | the one thing that a child must be able to do |
//!
//! The vocabulary and the rules are those of Erlang/OTP's `supervisor`; the backoff is ours.

mod backoff;
mod builder;
mod calls;
mod child_builder;
mod config;
mod info;
mod launch;
mod message;
mod plan;
mod policy;
mod refusal;
mod spec;
mod start_child;
#[expect(
    clippy::module_inception,
    reason = "in the folder of supervision stands the supervisor"
)]
mod supervisor;
mod tree;

pub use backoff::Backoff;
pub use builder::SupervisorBuilder;
pub use calls::SupervisorRef;
pub use child_builder::ChildBuilder;
pub use info::{ChildCounts, ChildInfo, ChildState};
pub use policy::{AutoShutdown, Restart, Strategy};
pub use refusal::{InvalidChild, SupervisorError};
pub use spec::ChildSpec;
pub use start_child::{ExitSink, StartChild};
pub use supervisor::Supervisor;

pub(crate) use start_child::{BLOCKED_GRACE, TaskChild};
