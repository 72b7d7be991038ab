//! What a program with actors usually needs: `use actor_core::prelude::*`.

pub use std::time::Duration;

pub use crate::{
    Actor, ActorRef, ActorResult, ActorSystem, AnyActorRef, AskError, Backoff, BoxError, ChildSpec,
    Context, Down, ExitReason, Group, Mailbox, Placement, Reply, Restart, Shutdown, Signal,
    Strategy, Supervisor, SupervisorRef, Topic, WeakActorRef,
};

#[cfg(feature = "macros")]
pub use crate::messages;
