//! The promises of `docs/semantics.md`, a module per group. Every test names the promise that it shows.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

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
