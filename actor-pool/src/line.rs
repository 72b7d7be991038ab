//! The line of those who wait for room, served in order of arrival.
//!
//! Whoever waits holds a [`Ticket`]. A ticket is *waiting*, then *granted* (a place is kept for it), then claimed or given up. Pure:
//! who waits is known only by what wakes it, `W`. It decides nothing about how much room there is.

use std::collections::{BTreeMap, BTreeSet};

/// A place in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// See the module's header.
#[derive(Debug)]
pub(crate) struct Line<W> {
    next: u64,
    waiting: BTreeMap<Ticket, W>,
    granted: BTreeSet<Ticket>,
}

impl<W> Line<W> {
    pub(crate) fn new() -> Self {
        Line {
            next: 0,
            waiting: BTreeMap::new(),
            granted: BTreeSet::new(),
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.next += 1;
        Ticket(self.next)
    }

    /// Goes to the end of the line.
    pub(crate) fn join(&mut self, waker: W) -> Ticket {
        let ticket = self.ticket();
        self.waiting.insert(ticket, waker);
        ticket
    }

    /// A place is kept at once; the caller knows that there is room and nobody waits.
    pub(crate) fn reserve(&mut self) -> Ticket {
        let ticket = self.ticket();
        self.granted.insert(ticket);
        ticket
    }

    /// Still waiting: wakes this instead. Returns what it replaces, to be dropped by the caller.
    pub(crate) fn refresh(&mut self, ticket: Ticket, waker: W) -> Option<W> {
        self.waiting
            .get_mut(&ticket)
            .map(|old| std::mem::replace(old, waker))
    }

    /// Keeps a place for whoever waits longest, and says whom to wake.
    pub(crate) fn grant(&mut self) -> Option<W> {
        let (ticket, waker) = self.waiting.pop_first()?;
        self.granted.insert(ticket);
        Some(waker)
    }

    pub(crate) fn is_granted(&self, ticket: Ticket) -> bool {
        self.granted.contains(&ticket)
    }

    /// Uses the kept place. `false` when there is none.
    pub(crate) fn claim(&mut self, ticket: Ticket) -> bool {
        self.granted.remove(&ticket)
    }

    /// Leaves the line, or gives a kept place up.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Option<W> {
        self.granted.remove(&ticket);
        self.waiting.remove(&ticket)
    }

    /// How many places are kept and not used yet.
    pub(crate) fn kept(&self) -> usize {
        self.granted.len()
    }

    /// Whether anybody waits.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Nobody gets in any more. Returns whom to tell.
    pub(crate) fn dissolve(&mut self) -> Vec<W> {
        self.granted.clear();
        std::mem::take(&mut self.waiting).into_values().collect()
    }
}

#[cfg(test)]
mod tests;
