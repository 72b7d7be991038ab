//! What reaches an actor besides its messages: the ends of those it watches.

use std::fmt;

use crate::ExitReason;

/// The identity of an actor within its system: a counter, never used twice.
///
/// The actor of a [`ChildSpec`](crate::ChildSpec) that was not yet given to a supervisor has the id [`ActorId::UNBOUND`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ActorId(pub(crate) u64);

impl ActorId {
    /// No system has adopted the actor yet.
    pub const UNBOUND: ActorId = ActorId(0);
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Names one monitor of one watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MonitorId(pub(crate) u64);

impl MonitorId {
    /// The number of this monitor, for a link that carries it.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// The monitor of that number, as it came over a link.
    #[must_use]
    pub fn from_u64(id: u64) -> Self {
        MonitorId(id)
    }
}

/// A monitored actor ended for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// Which monitor tells it.
    pub monitor: MonitorId,
    /// Who ended.
    pub actor: ActorId,
    /// Why; [`ExitReason::NoActor`] when it was dead before the monitor was set.
    pub reason: ExitReason,
}

/// What [`Actor::signal`](crate::Actor::signal) receives.
///
/// Signals travel in the mailbox behind the messages that were sent before them, and need no room in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// A monitored actor ended for good.
    Down(Down),
}
