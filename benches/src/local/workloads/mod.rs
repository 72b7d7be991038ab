//! The loops that measure, generic over the subject, so that all run the same code. Each ends with a
//! proof that the work was done: a total that fits, a token that came back, actors that started.

pub(super) mod allocs;
pub(super) mod asks;
pub(super) mod crowd;
pub(super) mod latency;
pub(super) mod messages;
pub(super) mod ring;
pub(super) mod savina;
pub(super) mod spawning;
pub(super) mod supervision;

use std::time::Instant;

use super::contender::{Behaviour, Bounded, Contender, CounterRef, Stage};

/// How many messages a sender sends between two yields.
///
/// A task that a sender wakes lands in a slot of the sender's own worker from where no other worker can take it. A sender that never
/// yields would keep the receiver from running at all, and would measure how memory grows: that is the workload `burst`.
const RUN: u64 = 1_024;

fn nanos_per(begin: Instant, operations: u64) -> f64 {
    begin.elapsed().as_nanos() as f64 / operations as f64
}
