//! The promises of `docs/semantics.md`, a module per group. Every test names the promise that it shows.

#![allow(clippy::unwrap_used)]

mod asks;
mod dead_letters;
mod documented;
mod fairness;
mod groups;
mod lifecycle;
mod links;
mod messages;
mod monitors;
mod names;
mod restarts;
mod snapshot;
mod stress;
mod supervisors;
mod timers;
mod topics;
mod watchdog;
