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
        let memberships = self
            .extras
            .as_mut()
            .map(|extras| std::mem::take(&mut extras.memberships))
            .unwrap_or_default();
        memberships.into_iter().map(|(_, told)| told).collect()
    }
}

impl<M: Send + 'static> Cell<M> {
    /// Gives the membership back when the cell has ended, or is about to. That of an adapter is one of its actor, apart from the actor's
    /// own and those of other adapters.
    pub(crate) fn add_membership(&self, membership: Monitor) -> Result<(), Monitor> {
        match self.sink() {
            Some(sink) => sink.target().add_membership_via(self.address(), membership),
            None => self.do_add_membership(0, membership),
        }
    }

    pub(crate) fn remove_membership(&self, id: MonitorId) {
        match self.sink() {
            Some(sink) => sink.target().remove_membership_via(self.address(), id),
            None => self.do_remove_membership(0, id),
        }
    }

    pub(super) fn do_add_membership(&self, via: usize, told: Monitor) -> Result<(), Monitor> {
        let mut guarded = self.lock();
        if guarded.life.is_over() {
            return Err(told);
        }
        guarded.extras().memberships.push((via, told));
        Ok(())
    }

    pub(super) fn do_remove_membership(&self, via: usize, id: MonitorId) {
        let mut guarded = self.lock();
        let mut removed = None;
        if let Some(extras) = &mut guarded.extras {
            let mut memberships = extras.memberships.iter();
            let is_it = |(other, told): &(usize, Monitor)| *other == via && told.id == id;
            if let Some(place) = memberships.position(is_it) {
                removed = Some(extras.memberships.swap_remove(place));
            }
        }
        drop(guarded);
        drop(removed);
    }
}
