//! The receiving queue of an actor.
//!
//! [`Mailbox`] is what a user chooses. [`queue`] decides, under the lock of the cell: order, bound, waiting senders, signals.

pub(crate) mod queue;

/// How many messages a mailbox takes before senders wait.
///
/// At no instant are more than `capacity` messages accepted and not yet begun. The message in hand does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mailbox {
    capacity: usize,
}

impl Mailbox {
    /// The default bound: enough that a sender seldom waits, little enough that a stuck actor does not eat the memory.
    pub const DEFAULT_CAPACITY: usize = 1_024;

    /// Takes up to `capacity` messages; `send` then waits for room, and `try_send` gives the message back.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero: such a mailbox could never take a message.
    #[must_use]
    pub const fn bounded(capacity: usize) -> Self {
        assert!(
            capacity > 0,
            "a mailbox needs room for at least one message"
        );
        Mailbox { capacity }
    }

    /// Takes every message. A sender that is faster than the actor then costs memory without limit.
    #[must_use]
    pub const fn unbounded() -> Self {
        Mailbox {
            capacity: usize::MAX,
        }
    }

    /// The bound, if there is one.
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
