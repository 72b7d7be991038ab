//! What must be undone when an actor ends for good, before anybody hears of the end: its places in groups and topics.
//!
//! Called by groups and topics, under their locks; takes the lock of the cell only.

use super::{Cell, Monitor};
use crate::signal::MonitorId;

/// Sets the ids of memberships apart from those of monitors, which count up from one.
const MEMBERSHIP: u64 = 1 << 63;

/// The id of the membership of a cell in whatever lives at this address for as long as the membership lasts.
pub(crate) fn membership_id(address: usize) -> MonitorId {
    MonitorId(MEMBERSHIP | address as u64)
}

impl<M: Send + 'static> Cell<M> {
    /// Like `add_monitor`, but told before all monitors: who handles a `Down` finds the dead actor in no group. Gives the membership
    /// back when the cell has ended, or is about to.
    pub(crate) fn add_membership(&self, membership: Monitor) -> Result<(), Monitor> {
        let mut guarded = self.lock();
        if guarded.life.is_over() {
            return Err(membership);
        }
        guarded.extras().monitors.insert(0, membership);
        Ok(())
    }
}
