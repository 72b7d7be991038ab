//! The runner: sample actor topologies, each with a check of its own.
//!
//! One binary, `actors`: `list` names the topologies, `describe NAME` explains one, `run NAME` runs it and checks its
//! invariant; with nothing else it runs `primes`. The exit code says how it went, see [`exit`].
//! Start reading in [`topology`], which is the table of contents.

// A test that panics has failed, which is what it should do then.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cli;
mod console;
mod countdown;
mod exit;
mod hello;
mod interrupt;
mod logging;
mod primes;
mod runner;
mod spinner;
#[cfg(test)]
mod testing;
mod topology;
mod wordcount;
mod workers;

use std::process::ExitCode;

fn main() -> ExitCode {
    // WORKER ENTRY: `actor_remote::init(..)` goes here, before anything else is touched: in a worker process it never
    // returns, so a worker parses no arguments, starts no second runtime and prints no table.

    match cli::read(std::env::args_os()) {
        Ok(request) => runner::serve(request),
        Err(refusal) => cli::refuse(&refusal),
    }
}
