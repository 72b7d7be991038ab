//! The receiving queue of an actor.
//!
//! [`Mailbox`] is what a user chooses. [`queue`] decides, under the lock of the cell: order, bound, waiting senders, signals.

pub(crate) mod queue;

/// How many messages a mailbox takes before senders wait.
///
/// At no instant are more than `capacity` messages accepted and not yet begun. The message in hand does not count. Each link over which
/// other processes reach the actor may add one window of messages.
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
/// let sink = system.actor(Sink).mailbox(Mailbox::bounded(2)).spawn();
/// sink.try_send(1)?;
/// sink.try_send(2)?;
/// assert!(sink.try_send(3).is_err());
/// sink.send(3).await?; // Waits until the actor has begun one.
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mailbox {
    capacity: usize,
}

impl Mailbox {
    /// The default bound: enough that a sender seldom waits, little enough that a stuck actor does not eat the memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Mailbox;
    ///
    /// assert_eq!(Mailbox::default(), Mailbox::bounded(Mailbox::DEFAULT_CAPACITY));
    /// ```
    pub const DEFAULT_CAPACITY: usize = 1_024;

    /// Takes up to `capacity` messages; `send` then waits for room, and `try_send` gives the message back.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero: such a mailbox could never take a message.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Mailbox;
    ///
    /// const SMALL: Mailbox = Mailbox::bounded(8);
    /// assert_eq!(SMALL.capacity(), Some(8));
    /// ```
    #[must_use]
    pub const fn bounded(capacity: usize) -> Self {
        assert!(
            capacity > 0,
            "a mailbox needs room for at least one message"
        );
        Mailbox { capacity }
    }

    /// Takes every message. A sender that is faster than the actor then costs memory without limit.
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
    /// let sink = system.actor(Sink).mailbox(Mailbox::unbounded()).spawn();
    /// for n in 0..10_000 {
    ///     sink.try_send(n)?; // Never `Full`.
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub const fn unbounded() -> Self {
        Mailbox {
            capacity: usize::MAX,
        }
    }

    /// The bound, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Mailbox;
    ///
    /// assert_eq!(Mailbox::bounded(8).capacity(), Some(8));
    /// assert_eq!(Mailbox::unbounded().capacity(), None);
    /// ```
    #[must_use]
    pub const fn capacity(&self) -> Option<usize> {
        if self.capacity == usize::MAX {
            None
        } else {
            Some(self.capacity)
        }
    }

    pub(crate) const fn limit(&self) -> usize {
        self.capacity
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Mailbox::bounded(Mailbox::DEFAULT_CAPACITY)
    }
}
