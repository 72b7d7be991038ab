//! What must be undone when an actor ends for good, before anybody hears of the end: its places in groups and topics.
//!
//! A membership is told like a monitor, but in the same breath in which the name becomes free. Called by groups and topics, under their
//! locks; takes the lock of the cell only.

use super::{Cell, Guarded, Monitor};
use crate::signal::MonitorId;

/// The id of the membership of a cell in whatever lives at this address for as long as the membership lasts. Memberships have a table of
/// their own, so it is no monitor's.
pub(crate) fn membership_id(address: usize) -> MonitorId {
    MonitorId(address as u64)
}

impl<M> Guarded<M> {
    pub(super) fn take_memberships(&mut self) -> Vec<Monitor> {
        self.extras
            .as_mut()
            .map(|extras| std::mem::take(&mut extras.memberships))
            .unwrap_or_default()
    }
}

impl<M: Send + 'static> Cell<M> {
    /// Gives the membership back when the cell has ended, or is about to.
    pub(crate) fn add_membership(&self, membership: Monitor) -> Result<(), Monitor> {
        let mut guarded = self.lock();
        if guarded.life.is_over() {
            return Err(membership);
        }
        guarded.extras().memberships.push(membership);
        Ok(())
    }

    pub(crate) fn remove_membership(&self, id: MonitorId) {
        let mut guarded = self.lock();
        let mut removed = None;
        if let Some(extras) = &mut guarded.extras {
            let mut memberships = extras.memberships.iter();
            if let Some(place) = memberships.position(|membership| membership.id == id) {
                removed = Some(extras.memberships.swap_remove(place));
            }
        }
        drop(guarded);
        drop(removed);
    }
}
