//! What can go wrong when sending, asking, starting and naming. One enum per operation; where a message was involved it comes back.

mod ask;
mod names;
mod send;
mod send_timeout;
mod start;

use std::error::Error;

pub use ask::AskError;
pub use names::{LookupError, RegisterError, Taken};
pub use send::{Returned, SendError, TrySendError};
pub use send_timeout::SendTimeoutError;
pub(crate) use start::NotStarted;
pub use start::StartError;

/// The error type of handlers and hooks: any error, so that `?` works.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), BoxError> {
///     let system = ActorSystem::new("demo");
///     let sink = system.start(Sink).await?; // `StartError`
///     sink.send("7".parse::<u32>()?).await?; // `ParseIntError` and `SendError`
///     Ok(())
/// }
/// ```
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;
