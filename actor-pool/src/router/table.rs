//! What senders see of a router: its workers, and who owns which keys. It never changes; whoever changes the workers
//! [publishes](super::published) a new one.

use std::sync::Arc;

use actor_core::routing::Target;

use super::seat::Seat;

/// In place of a worker: the slot is held.
pub(super) const HELD: u16 = u16::MAX;

/// See the module's header.
pub(super) struct Table<M: Send + 'static> {
    pub(super) version: u64,
    pub(super) seats: Arc<[Arc<Seat<M>>]>,
    /// Their mailboxes, in the same order: a message that finds room at once needs no more.
    pub(super) targets: Arc<[Target<M>]>,
    /// The places of the owners in `seats`, by slot; nothing where there are no keys.
    pub(super) slots: Arc<[u16]>,
    /// Those that get nothing more, but still have something.
    pub(super) leaving: Arc<[Arc<Seat<M>>]>,
}

impl<M: Send + 'static> Table<M> {
    pub(super) fn empty() -> Self {
        Table {
            version: 0,
            seats: Arc::new([]),
            targets: Arc::new([]),
            slots: Arc::new([]),
            leaving: Arc::new([]),
        }
    }

    /// The place of the owner of a slot, unless it is held.
    #[inline]
    fn place(&self, slot: usize) -> Option<usize> {
        let place = *self.slots.get(slot)?;
        (place != HELD).then_some(usize::from(place))
    }

    /// The owner of a slot, unless it is held.
    pub(super) fn owner(&self, slot: usize) -> Option<&Arc<Seat<M>>> {
        self.seats.get(self.place(slot)?)
    }

    /// The mailbox of the owner.
    #[inline]
    pub(super) fn target(&self, slot: usize) -> Option<&Target<M>> {
        self.targets.get(self.place(slot)?)
    }
}

impl<M: Send + 'static> Clone for Table<M> {
    fn clone(&self) -> Self {
        Table {
            version: self.version,
            seats: Arc::clone(&self.seats),
            targets: Arc::clone(&self.targets),
            slots: Arc::clone(&self.slots),
            leaving: Arc::clone(&self.leaving),
        }
    }
}
