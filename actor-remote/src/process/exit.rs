//! How a worker process ended.

use std::fmt;
use std::future::Future;
use std::os::unix::process::ExitStatusExt;
use std::pin::Pin;
use std::process::ExitStatus;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// The end of a worker process.
///
/// Either `code` or `signal` is set; neither if somebody else in this process took the exit status away, by waiting for
/// every child or by ignoring `SIGCHLD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessExit {
    /// Exit code, if it exited.
    pub code: Option<i32>,
    /// Number of the signal that ended it.
    pub signal: Option<i32>,
    /// The last lines of its standard error: at most 64 lines and 16 KiB.
    pub stderr: String,
}

impl ProcessExit {
    pub(super) fn new(status: Option<ExitStatus>, stderr: String) -> Self {
        Self {
            code: status.and_then(|status| status.code()),
            signal: status.and_then(|status| status.signal()),
            stderr,
        }
    }

    /// Whether it exited with code 0.
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }
}

impl fmt::Display for ProcessExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => f.write_str("unknown exit status"),
        }
    }
}

/// Completes once, when the worker has been reaped and its standard error read to the end.
///
/// # Cancel safety
/// Cancel safe: dropping it changes nothing for the worker, and the report is kept until it is polled.
#[derive(Debug)]
#[must_use = "a worker whose end nobody awaits fails in silence"]
pub struct ExitFuture {
    report: oneshot::Receiver<ProcessExit>,
}

impl ExitFuture {
    pub(crate) fn new(report: oneshot::Receiver<ProcessExit>) -> Self {
        Self { report }
    }
}

impl Future for ExitFuture {
    type Output = ProcessExit;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ProcessExit> {
        // The reaper reports on every path; should it ever not, an unknown end is better than none.
        let report = std::task::ready!(Pin::new(&mut self.report).poll(cx));
        Poll::Ready(report.unwrap_or_else(|_| ProcessExit::new(None, String::new())))
    }
}
