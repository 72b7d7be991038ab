//! Why a send with a time limit did not accept a message.

use std::any::type_name;
use std::error::Error;
use std::fmt;

use super::{Returned, SendError};

/// Why [`send_timeout`](crate::ActorRef::send_timeout) did not accept a message. Nothing was sent; the message is inside.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::SendTimeoutError;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// async fn deliver(to: &ActorRef<u32>, or_else: &ActorRef<u32>, number: u32) -> Result<(), BoxError> {
///     match to.send_timeout(number, Duration::from_millis(20)).await {
///         Ok(()) => Ok(()),
///         Err(SendTimeoutError::Timeout(number)) => Ok(or_else.send(number.into_inner()).await?),
///         Err(closed) => Err(closed.into()),
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let (first, second) = (system.spawn(Sink), system.spawn(Sink));
/// # deliver(&first, &second, 1).await?;
/// # assert_eq!((first.len(), second.len()), (1, 0));
/// # Ok(()) }
/// ```
#[non_exhaustive]
pub enum SendTimeoutError<M> {
    /// There was no room in all that time. A later try can succeed.
    Timeout(Returned<M>),
    /// The actor has ended, or takes no more messages. Trying again is useless.
    Closed(Returned<M>),
    /// An actor would have waited for room in its own mailbox, which only it can make. Told at once. Use `try_send`, a timer or a larger
    /// mailbox.
    WouldDeadlock(Returned<M>),
}

impl<M> SendTimeoutError<M> {
    /// The message that was not sent.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// sink.stop();
    /// sink.wait().await;
    /// if let Err(error) = sink.send_timeout(7, Duration::from_millis(20)).await {
    ///     assert_eq!(error.into_message(), 7);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn into_message(self) -> M {
        match self {
            SendTimeoutError::Timeout(message)
            | SendTimeoutError::Closed(message)
            | SendTimeoutError::WouldDeadlock(message) => message.into_inner(),
        }
    }
}

impl<M> From<SendError<M>> for SendTimeoutError<M> {
    fn from(error: SendError<M>) -> Self {
        match error {
            SendError::Closed(message) => SendTimeoutError::Closed(message),
            SendError::WouldDeadlock(message) => SendTimeoutError::WouldDeadlock(message),
        }
    }
}

impl<M> fmt::Debug for SendTimeoutError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (variant, message) = match self {
            SendTimeoutError::Timeout(message) => ("Timeout", message),
            SendTimeoutError::Closed(message) => ("Closed", message),
            SendTimeoutError::WouldDeadlock(message) => ("WouldDeadlock", message),
        };
        f.debug_tuple(variant).field(message).finish()
    }
}

impl<M> fmt::Display for SendTimeoutError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = type_name::<M>();
        match self {
            SendTimeoutError::Timeout(_) => {
                write!(f, "the mailbox had no room in time ({message})")
            }
            SendTimeoutError::Closed(_) => {
                write!(f, "the actor takes no more messages of type {message}")
            }
            SendTimeoutError::WouldDeadlock(_) => write!(
                f,
                "an actor cannot wait for room in its own mailbox ({message}); use `try_send` or a timer"
            ),
        }
    }
}

impl<M> Error for SendTimeoutError<M> {}
