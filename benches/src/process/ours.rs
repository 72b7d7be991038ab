//! Ours between two processes: messages and asks to an actor in a worker process.
//!
//! Not there yet: [`subject`] returns nothing, and the table shows the floor alone.

use tokio::runtime::Runtime;

use crate::harness::Subject;

/// Runs the worker and never returns when this process was started as one; else does nothing.
/// Called first thing in `main`.
pub(crate) fn run_worker_if_this_is_one() {}

/// Our subject, its worker process running, with the workloads `ProcessOneWay` (ns per message, the
/// clock stopped by a final ask that returns the count) and `ProcessAsk` (µs, the median of single
/// round trips, one at a time, for which `super::raw::median_micros` is there).
///
/// Each run is called outside of the runtime and may `block_on` its handle.
pub(crate) fn subject(_runtime: &Runtime) -> Option<Subject> {
    None
}
