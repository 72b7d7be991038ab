//! Actors with mailboxes, references that outlive restarts, and supervision.
//!
//! An [`Actor`] is state that handles one message at a time. An [`ActorSystem`] starts actors and stops them; an [`ActorRef`] sends
//! them messages, with [`send`](ActorRef::send), [`try_send`](ActorRef::try_send) or [`ask`](ActorRef::ask). A [`Supervisor`] keeps
//! children running from [`ChildSpec`]s, whether they are tasks, threads or processes; a [`Context`] gives an actor its own children,
//! monitors, links and timers.
//!
//! ```
//! use actor_core::prelude::*;
//!
//! struct Greeter;
//!
//! impl Actor for Greeter {
//!     type Msg = (String, Reply<String>);
//!
//!     async fn handle(&mut self, (name, reply): Self::Msg, _ctx: &mut Context<Self>) -> ActorResult {
//!         reply.send(format!("hello, {name}"));
//!         Ok(())
//!     }
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), BoxError> {
//!     let system = ActorSystem::new("greetings");
//!     let greeter = system.spawn(Greeter);
//!     let greeting = greeter.ask(|reply| ("Joe".to_owned(), reply)).await?;
//!     assert_eq!(greeting, "hello, Joe");
//!     system.shutdown(Duration::from_secs(5)).await;
//!     Ok(())
//! }
//! ```
//!
//! With the feature `macros` an actor can be written as a block of methods, see `messages`.
//!
//! What holds for messages, asks, lifecycles, restarts and supervisors is written down as numbered promises in `docs/semantics.md`, each
//! with the test that shows it.

mod actor;
mod ask;
mod cell;
mod children;
mod context;
mod dead_letter;
mod directory;
mod error;
mod exit;
mod group;
mod guard;
mod inbox;
mod incarnation;
mod kind;
mod lifecycle;
pub mod link;
mod mailbox;
#[cfg(test)]
mod models;
mod observe;
pub mod panic;
mod placement;
pub mod prelude;
mod reference;
mod registry;
mod reply;
mod reply_scope;
#[doc(hidden)]
pub mod routing;
mod runtime;
mod signal;
pub mod snapshot;
mod spawn;
mod stash;
mod supervisor;
mod sync;
mod system;
mod tally;
#[cfg(feature = "testing")]
pub mod testing;
mod timekeeper;
mod timers;
mod topic;
mod watchdog;
#[cfg(feature = "serde")]
pub mod wire;
mod work;

pub use actor::{Actor, ActorResult};
#[cfg(feature = "macros")]
#[doc(inline)]
pub use actor_core_macros::messages;
/// What an implementation of [`StartChild`] is written with.
pub use async_trait::async_trait;
pub use children::{Casualty, Fate, Shutdown};
pub use context::Context;
pub use dead_letter::{DeadLetter, DeadLetterReason, DeadLetters};
pub use directory::WrongType;
pub use error::{
    AskError, BoxError, LookupError, RegisterError, Returned, SendError, SendTimeoutError,
    StartError, Taken, TrySendError,
};
pub use exit::{ExitReason, ProcessExit};
/// What [`Context::attach`] takes.
pub use futures_core::Stream;
pub use group::{Group, GroupEvent, GroupWatcher, JoinError};
pub use mailbox::{Mailbox, Overflow};
pub use placement::Placement;
pub use reference::{ActorRef, AnyActorRef, Permit, SendFuture, WeakActorRef};
pub use reply::Reply;
pub use signal::{ActorId, Down, Exit, MonitorId, Restarted, Signal};
pub use snapshot::Snapshot;
pub use spawn::SpawnBuilder;
pub use stash::StashFull;
pub use supervisor::{
    AutoShutdown, Backoff, ChildBuilder, ChildCounts, ChildInfo, ChildSpec, ChildState, ExitSink,
    InvalidChild, Restart, StartChild, Strategy, Supervisor, SupervisorBuilder, SupervisorError,
    SupervisorRef,
};
pub use system::{ActorSystem, ShutdownReport, SystemBuilder};
pub use timekeeper::Timekeeping;
pub use timers::{MissedTicks, TimerKey};
pub use topic::{ActorSubscription, Delivery, SubscribeError, Subscription, Topic, TopicPolicy};
pub use work::WorkId;

/// The programs of the README are tests, where the features that they use are on, as they are for the whole workspace.
#[cfg(all(doctest, feature = "macros"))]
#[doc = include_str!("../../README.md")]
struct ReadmeDoctests;

/// So are those of the macro.
#[cfg(all(doctest, feature = "macros", feature = "serde"))]
#[doc = include_str!("../macros/docs/messages.md")]
struct MessagesDoctests;
