//! How an actor can be made to fail.

/// How an actor is made to end; see [`Harness::crash`](super::Harness::crash).
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::testing::{Crash, Effect, Harness};
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// let effects = Harness::new(Sink).crash(Crash::Kill);
/// assert_eq!(effects, [Effect::stopped(ExitReason::Killed)]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crash {
    /// As if its handler had returned this error.
    Error(String),
    /// As if its handler had panicked so.
    Panic(String),
    /// It is killed: `stopped` does not run.
    Kill,
}
