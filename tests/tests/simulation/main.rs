//! The test kit: what a seed decides, what virtual time does, and what a failing run says.

#![allow(clippy::unwrap_used)]

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
