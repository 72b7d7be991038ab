//! Tasks beside the actors, for crates that bring some: links, worker processes. Not for tests, and no part of the contract.

use std::fmt;
use std::future::Future;

use super::scheduler::{Joined, Seat};
use crate::ActorSystem;
use crate::lifecycle::Request;
use crate::runtime::What;

/// Whether the caller is inside of a simulation.
#[must_use]
pub fn is_simulated() -> bool {
    super::scheduler::is_simulated()
}

/// A task of a simulation. Dropped, it goes on.
pub struct Part(Joined);

impl Part {
    /// Ends it at its next await, or before its first poll.
    pub fn abort(&self) {
        self.0.abort();
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part")
    }
}

/// Runs something as a task of the simulation that the caller is inside of, which its seed schedules like any other.
///
/// # Errors
///
/// There is no simulation: the future comes back.
pub fn spawn<F>(what: &'static str, future: F) -> Result<Part, F>
where
    F: Future<Output = ()> + Send + 'static,
{
    match Seat::present() {
        Some(seat) => Ok(Part(seat.spawn(What::Part(what), future))),
        None => Err(future),
    }
}

/// Kills all actors of a system, none of which has another turn then: so ends a process.
pub fn kill_all(system: &ActorSystem) {
    for cell in system.core().tree() {
        cell.request(&Request::Kill);
    }
}
