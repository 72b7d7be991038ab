//! How a run ends: the error a topology can return, and what each end is as an exit code.
//!
//! | code | meaning                                                             |
//! |------|---------------------------------------------------------------------|
//! | 0    | the topology's invariant held                                       |
//! | 1    | it was broken, or the machinery failed before it could be shown     |
//! | 2    | bad usage or bad input; nothing was run                             |
//! | 130  | ended early by Ctrl-C, after draining                               |

use std::error::Error;

use thiserror::Error;

/// The invariant held.
pub(crate) const HELD: u8 = 0;
/// The invariant was broken, or could not be shown.
pub(crate) const BROKEN: u8 = 1;
/// Bad usage or input; nothing was run.
pub(crate) const USAGE: u8 = 2;
/// Ended by Ctrl-C: 128 plus the number of SIGINT, as shells count it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a topology has no outcome to show.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    /// The user's input or parameters cannot be used. Nothing was run; the text says what to do next.
    #[error("{0}")]
    Input(String),
    /// Ctrl-C came before anything was run.
    #[error("interrupted before anything was run")]
    Interrupted,
    /// Something underneath the topology failed: a worker could not be started, an actor ended too early.
    #[error("{what}: {cause}")]
    Machinery {
        /// What was being done, as the start of a sentence.
        what: &'static str,
        /// What went wrong with it.
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl Failure {
    /// A failure of the machinery while doing `what`; made for `map_err(|e| Failure::machinery("starting the workers", e))`.
    pub(crate) fn machinery(
        what: &'static str,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Failure::Machinery {
            what,
            cause: cause.into(),
        }
    }

    /// The exit code that stands for this failure.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Failure::Input(_) => USAGE,
            Failure::Interrupted => INTERRUPTED,
            Failure::Machinery { .. } => BROKEN,
        }
    }
}
