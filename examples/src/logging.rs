//! The log of the runner: `tracing` events to standard error, chosen by `RUST_LOG` (default: warnings and errors, of `chaos` errors).

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use crate::console::Console;

/// Installs the subscriber, which shows what `RUST_LOG` asks for, or else this and what is worse. A directive of `RUST_LOG` that cannot be read is reported and left out.
pub(crate) fn install(console: &Console, default: LevelFilter) {
    let filter = EnvFilter::builder()
        .with_default_directive(default.into())
        .from_env_lossy();
    let console = console.clone();
    let installed = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(move || console.log_writer())
        .try_init();
    if let Err(error) = installed {
        // Only a second call can fail; the first subscriber stays.
        tracing::warn!(%error, "the log was set up already");
    }
}
