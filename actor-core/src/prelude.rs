//! What a program with actors usually needs: `use actor_core::prelude::*`.

pub use std::time::Duration;

pub use crate::{
    Actor, ActorRef, ActorResult, ActorSystem, AnyActorRef, AskError, AutoShutdown, Backoff,
    BoxError, ChildSpec, Context, Down, Exit, ExitReason, Group, Mailbox, Overflow, Placement,
    Reply, Restart, Restarted, Shutdown, Signal, Strategy, Supervisor, SupervisorRef, Topic,
    WeakActorRef,
};

#[cfg(feature = "macros")]
pub use crate::messages;
