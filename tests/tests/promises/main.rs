//! The promises of `docs/semantics.md`, a module per group. Every test names the promise that it shows.

#![allow(clippy::unwrap_used)]

mod adapters;
mod asks;
mod dead_letters;
mod documented;
mod fairness;
mod groups;
mod lifecycle;
mod links;
mod mailboxes;
mod messages;
mod monitors;
mod names;
mod pipes;
mod pools;
mod restarts;
mod snapshot;
mod stash;
mod stress;
mod supervisors;
mod timers;
mod topics;
mod watchdog;
