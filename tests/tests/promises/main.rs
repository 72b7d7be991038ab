//! The promises of `docs/semantics.md`, a module per group. Every test names the promise that it shows.

#![allow(clippy::unwrap_used)]

mod asks;
mod lifecycle;
mod messages;
