//! Why a send did not accept a message, and the message, which comes back.

use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// A message that came back.
///
/// It stands in a lock so that the error around it is `Sync`, and `?` into [`BoxError`](super::BoxError) compiles, for every message that is
/// `Send`.
/// And in a box, so that the result of a send that succeeds is small.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::TrySendError;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
/// sink.try_send(1)?;
/// if let Err(TrySendError::Full(returned)) = sink.try_send(2) {
///     assert_eq!(returned.into_inner(), 2);
/// }
/// # Ok(()) }
/// ```
pub struct Returned<M>(Box<Mutex<M>>);

impl<M> Returned<M> {
    #[cold]
    pub(crate) fn new(message: M) -> Self {
        Returned(Box::new(Mutex::new(message)))
    }

    /// The message.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::SendError;
    ///
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = String;
    /// #     async fn handle(&mut self, _: String, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// sink.kill();
    /// sink.wait().await;
    /// if let Err(SendError::Closed(returned)) = sink.send("hello".to_owned()).await {
    ///     assert_eq!(returned.into_inner(), "hello");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn into_inner(self) -> M {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M> fmt::Debug for Returned<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", type_name::<M>())
    }
}

/// Why [`send`](crate::ActorRef::send) did not accept a message. Nothing was sent; the message is inside.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::SendError;
///
/// struct Generous;
///
/// impl Actor for Generous {
///     type Msg = u32;
///
///     async fn handle(&mut self, n: u32, ctx: &mut Context<Self>) -> ActorResult {
///         for n in 0..n {
///             match ctx.actor_ref().send(n).await {
///                 Ok(()) => {}
///                 Err(SendError::WouldDeadlock(_)) => break, // Its own mailbox is full: leave the rest out.
///                 Err(closed) => return Err(closed.into()),
///             }
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let generous = system.actor(Generous).mailbox(Mailbox::bounded(2)).spawn();
/// generous.send(3).await?;
/// generous.drain();
/// generous.wait().await;
/// # Ok(()) }
/// ```
#[non_exhaustive]
pub enum SendError<M> {
    /// The actor has ended, or takes no more messages. Trying again is useless.
    Closed(Returned<M>),
    /// An actor would have waited for room in its own mailbox, which only it can make. Use `try_send`, a timer or a larger mailbox.
    WouldDeadlock(Returned<M>),
}

impl<M> SendError<M> {
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
    /// let (first, second) = (system.spawn(Sink), system.spawn(Sink));
    /// first.stop();
    /// first.wait().await;
    /// if let Err(error) = first.send(7).await {
    ///     second.send(error.into_message()).await?;
    /// }
    /// assert_eq!(second.len(), 1);
    /// # Ok(()) }
    /// ```
    pub fn into_message(self) -> M {
        match self {
            SendError::Closed(message) | SendError::WouldDeadlock(message) => message.into_inner(),
        }
    }
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Closed(message) => f.debug_tuple("Closed").field(message).finish(),
            SendError::WouldDeadlock(message) => {
                f.debug_tuple("WouldDeadlock").field(message).finish()
            }
        }
    }
}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Closed(_) => write!(
                f,
                "the actor takes no more messages of type {}",
                type_name::<M>()
            ),
            SendError::WouldDeadlock(_) => write!(
                f,
                "an actor cannot wait for room in its own mailbox ({}); use `try_send` or a timer",
                type_name::<M>()
            ),
        }
    }
}

impl<M> Error for SendError<M> {}

/// Why [`try_send`](crate::ActorRef::try_send) did not accept a message. Nothing was sent; the message is inside.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::TrySendError;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
/// let mut left_out = 0;
/// for n in 0..3 {
///     match sink.try_send(n) {
///         Ok(()) => {}
///         Err(TrySendError::Full(_)) => left_out += 1, // A measurement that nobody misses.
///         Err(closed) => return Err(closed.into()),
///     }
/// }
/// assert_eq!(left_out, 2);
/// # Ok(()) }
/// ```
#[non_exhaustive]
pub enum TrySendError<M> {
    /// There is no room, or others wait for it already. A later try can succeed; `send` waits in line.
    Full(Returned<M>),
    /// The actor has ended, or takes no more messages. Trying again is useless.
    Closed(Returned<M>),
}

impl<M> TrySendError<M> {
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
    /// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
    /// sink.try_send(1)?;
    /// if let Err(error) = sink.try_send(2) {
    ///     sink.send(error.into_message()).await?; // Waits in line.
    /// }
    /// # Ok(()) }
    /// ```
    pub fn into_message(self) -> M {
        match self {
            TrySendError::Full(message) | TrySendError::Closed(message) => message.into_inner(),
        }
    }

    /// Whether the mailbox was full, so that a later try can succeed.
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
    /// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
    /// sink.try_send(1)?;
    /// assert!(sink.try_send(2).is_err_and(|error| error.is_full()));
    /// sink.stop();
    /// sink.wait().await;
    /// assert!(sink.try_send(2).is_err_and(|error| !error.is_full()));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, TrySendError::Full(_))
    }
}

impl<M> fmt::Debug for TrySendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySendError::Full(message) => f.debug_tuple("Full").field(message).finish(),
            TrySendError::Closed(message) => f.debug_tuple("Closed").field(message).finish(),
        }
    }
}

impl<M> fmt::Display for TrySendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySendError::Full(_) => write!(f, "the mailbox is full ({})", type_name::<M>()),
            TrySendError::Closed(_) => write!(
                f,
                "the actor takes no more messages of type {}",
                type_name::<M>()
            ),
        }
    }
}

impl<M> Error for TrySendError<M> {}
