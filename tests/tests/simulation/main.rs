//! The test kit: what a seed decides, what virtual time does, and what a failing run says.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod determinism;
mod failures;
mod faults;
mod guide;
mod harness;
mod lives;
mod mixture;
mod probes;
mod processes;
mod promises;
mod replay;
mod time;
mod turns;
mod zoo;
