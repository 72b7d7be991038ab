//! The receiving queue of an actor.
//!
//! [`Mailbox`] is what a user chooses. [`queue`] decides, under the lock of the cell: order, bound, waiting senders, signals.

pub(crate) mod batch;
pub(crate) mod order;
pub(crate) mod queue;

use std::collections::{BTreeMap, VecDeque};

use order::Order;
use queue::Queue;

/// How many messages a mailbox takes, what happens to one more, and in which order they are handled.
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
    overflow: Overflow,
    lifo: bool,
    stash: Option<usize>,
}

/// What happens to a message for which there is no room.
///
/// What is dropped becomes a dead letter and is counted; an ask that is dropped resolves with
/// [`AskError::Overflow`](crate::AskError::Overflow).
///
/// Room that [`reserve`](crate::ActorRef::reserve) keeps, or that somebody waits for, is not taken by any policy: to wait for room is
/// possible with each of them. What comes over a link from another process is never dropped on arrival; once it is in, it is a message
/// like others. Messages of an actor in another process count until that actor has begun them, and those that are under way cannot be
/// dropped any more.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::Overflow;
///
/// /// Shows the newest temperature; the ones before it are of no use.
/// struct Display { shown: Option<f64> }
///
/// enum DisplayMsg { Temperature(f64), Shown(Reply<Option<f64>>) }
///
/// impl Actor for Display {
///     type Msg = DisplayMsg;
///
///     async fn handle(&mut self, msg: DisplayMsg, _ctx: &mut Context<Self>) -> ActorResult {
///         match msg {
///             DisplayMsg::Temperature(degrees) => self.shown = Some(degrees),
///             DisplayMsg::Shown(reply) => reply.send(self.shown),
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let display = system
///     .actor(Display { shown: None })
///     .mailbox(Mailbox::bounded(2).overflow(Overflow::DropOldest))
///     .spawn();
/// for degrees in [20.0, 20.5, 21.0, 21.5] {
///     display.try_send(DisplayMsg::Temperature(degrees))?; // Never `Full`.
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// `send` waits for room; `try_send` gives the message back.
    #[default]
    Wait,
    /// The new message is dropped; `send` and `try_send` return `Ok`.
    DropNewest,
    /// The oldest message in the queue is dropped to make room for the new one. With priorities it is the least urgent one, and of
    /// several equals the oldest; it may be the new one itself. The new one is dropped also when all room is kept for others.
    DropOldest,
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
    /// If `capacity` is zero: such a mailbox could never take a message. In a `const` the program does not compile then:
    ///
    /// ```compile_fail
    /// use actor_core::Mailbox;
    ///
    /// const NONE: Mailbox = Mailbox::bounded(0);
    /// # _ = NONE;
    /// ```
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
    #[track_caller]
    pub const fn bounded(capacity: usize) -> Self {
        assert!(
            capacity > 0,
            "a mailbox needs room for at least one message"
        );
        Mailbox {
            capacity,
            overflow: Overflow::Wait,
            lifo: false,
            stash: None,
        }
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
            overflow: Overflow::Wait,
            lifo: false,
            stash: None,
        }
    }

    /// What happens to a message for which there is no room; senders wait by default. On a mailbox without a bound it changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Mailbox, Overflow};
    ///
    /// let newest_only = Mailbox::bounded(1).overflow(Overflow::DropOldest);
    /// assert_ne!(newest_only, Mailbox::bounded(1));
    /// ```
    #[must_use]
    pub const fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// The last message that came in is handled first. Signals come before all messages. For priorities, which exclude this, see
    /// [`SpawnBuilder::priority`](crate::SpawnBuilder::priority).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Notes(Vec<u32>);
    /// # enum Msg { Note(u32), All(Reply<Vec<u32>>) }
    /// # impl Actor for Notes {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, _: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Note(n) => self.0.push(n),
    /// #             Msg::All(reply) => reply.send(self.0.clone()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let notes = system.actor(Notes(Vec::new())).mailbox(Mailbox::bounded(8).lifo()).spawn();
    /// for n in 1..=3 {
    ///     notes.try_send(Msg::Note(n))?;
    /// }
    /// # tokio::task::yield_now().await;
    /// assert_eq!(notes.ask(Msg::All).await?, [3, 2, 1]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub const fn lifo(mut self) -> Self {
        self.lifo = true;
        self
    }

    /// How many messages the actor may put aside with [`Context::stash`](crate::Context::stash); half of the capacity unless set here.
    /// They count against the bound.
    ///
    /// # Panics
    ///
    /// If `limit` is not below the capacity: an actor whose mailbox is full of stashed messages could never receive the one it waits for.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Mailbox;
    ///
    /// const MAILBOX: Mailbox = Mailbox::bounded(8).stash(7);
    /// assert_eq!(MAILBOX.capacity(), Some(8));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn stash(mut self, limit: usize) -> Self {
        assert!(
            limit < self.capacity,
            "a stash must be smaller than its mailbox"
        );
        self.stash = Some(limit);
        self
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

    pub(crate) const fn stash_limit(&self) -> Option<usize> {
        self.stash
    }

    /// An empty queue of this kind.
    ///
    /// # Panics
    ///
    /// If it is to be last-in-first-out and by priority at once.
    pub(crate) fn queue<M>(self, has_priorities: bool, one_at_a_time: bool) -> Queue<M> {
        assert!(
            !(self.lifo && has_priorities),
            "a mailbox is last-in-first-out or by priority, not both"
        );
        let order = if has_priorities {
            Order::Priority {
                first: VecDeque::new(),
                ranked: BTreeMap::new(),
                next: 0,
            }
        } else if self.lifo {
            Order::Lifo {
                first: VecDeque::new(),
                stack: VecDeque::new(),
            }
        } else if one_at_a_time || self.overflow == Overflow::DropOldest {
            Order::Fifo(VecDeque::new())
        } else {
            Order::Batch
        };
        Queue::new(self.capacity, self.overflow, order)
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Mailbox::bounded(Mailbox::DEFAULT_CAPACITY)
    }
}
