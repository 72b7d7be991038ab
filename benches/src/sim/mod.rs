//! Simulations of the test kit, each on the one core of the thread that runs it.
//!
//! The test kit is a feature of the core, and of this package: with it a message costs one look more, which the other workloads shall not
//! pay for. So an executable without it has cargo build one with it.

use std::process::{Command, ExitCode};

#[cfg(feature = "sim")]
mod runs;
#[cfg(feature = "sim")]
pub(crate) use runs::subjects;

/// Whether this executable has the test kit in it.
pub(crate) const IS_BUILT_IN: bool = cfg!(feature = "sim");

/// There are none without the test kit.
#[cfg(not(feature = "sim"))]
pub(crate) fn subjects(_: &tokio::runtime::Runtime) -> Vec<crate::harness::Subject> {
    Vec::new()
}

/// Runs the same command line again with the test kit built in.
pub(crate) fn build_in_and_run() -> ExitCode {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let mut command = Command::new(cargo);
    command.args([
        "run",
        "--quiet",
        "--features",
        "sim",
        "--manifest-path",
        manifest,
    ]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let ran = command.arg("--").args(std::env::args().skip(1)).status();
    match ran {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo cannot be run ({error}); build the benches with `--features sim`");
            ExitCode::FAILURE
        }
    }
}
