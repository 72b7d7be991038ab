//! Promises about processes and links, with real processes and real signals. Every test names the promise that it shows.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod asks;
mod bench;
mod codec;
mod ends;
mod groups;
mod hostile;
mod large;
mod leaks;
mod links;
mod macros;
mod messages;
mod monitors;
mod output;
mod parents;
mod references;
mod restarts;
mod routers;
mod starts;
