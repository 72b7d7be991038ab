//! The runner: sample actor topologies, each with a check of its own.
//!
//! One binary, `actors`: `list` names the topologies, `describe NAME` explains one, `run NAME` runs it and checks its
//! invariant; with nothing else it runs `primes`. The exit code says how it went, see [`exit`].
//! Start reading in [`topology`], which is the table of contents.

mod bank;
mod chaos;
mod cli;
mod console;
mod countdown;
mod exit;
mod fleet;
mod hello;
mod interrupt;
mod logging;
mod manager;
mod pipeline;
mod pool_zoo;
mod primes;
mod producer_consumer;
mod pubsub;
mod runner;
mod simulation;
mod spinner;
#[cfg(test)]
mod testing;
mod topology;
mod wordcount;
mod worker_program;
mod workers;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else is touched: in a worker process this never returns, so a worker parses no arguments, starts no second
    // runtime and prints no table.
    actor_remote::init(&worker_program::registry());

    match cli::read(std::env::args_os()) {
        Ok(request) => runner::serve(request),
        Err(refusal) => cli::refuse(&refusal),
    }
}
