//! A simulated process: the task that is the worker's side, and how it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use actor_core::ActorSystem;
use actor_core::testing::part;
use tokio::sync::{Notify, oneshot};

use super::enlist;
use super::line::{End, Line};
use crate::entry::work;
use crate::factory::Registry;
use crate::process::{ExitFuture, ProcessExit, ProcessHandle};
use crate::transport::Transport;

/// Exit code of a worker that found nobody at the other end.
const NO_LINK: i32 = 113;

/// See the module's header.
#[derive(Debug)]
pub(crate) struct Body {
    name: String,
    pid: u32,
    line: Line,
    /// The signal that ends it; 0 for none so far.
    signal: AtomicI32,
    signalled: Notify,
    is_over: AtomicBool,
}

impl Body {
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Sends it a signal, which ends it. `false` if it has ended.
    pub(crate) fn end_by(&self, signal: i32) -> bool {
        if self.is_over() {
            return false;
        }
        let relaxed = Ordering::Relaxed;
        // The first one counts.
        self.signal
            .compare_exchange(0, signal, relaxed, relaxed)
            .ok();
        self.signalled.notify_one();
        true
    }
}

/// Starts a simulated process, with our end of the line to it.
pub(crate) fn start(
    registry: Registry,
    name: &str,
) -> (ProcessHandle, Box<dyn Transport>, ExitFuture) {
    let (line, ours, theirs) = Line::new();
    let body = enlist(|pid| Body {
        name: name.to_owned(),
        pid,
        line,
        signal: AtomicI32::new(0),
        signalled: Notify::new(),
        is_over: AtomicBool::new(false),
    });
    let (report, exit) = oneshot::channel();
    let handle = ProcessHandle::simulated(Arc::clone(&body));
    crate::runtime::spawn(async move {
        let exit = live(registry, &body, theirs).await;
        body.is_over.store(true, Ordering::Relaxed);
        // Nobody may wait for it any more.
        drop(report.send(exit));
    });
    (handle, Box::new(ours), ExitFuture::new(exit))
}

async fn live(registry: Registry, body: &Body, line: End) -> ProcessExit {
    let system = ActorSystem::new(format!("worker-{}", body.pid));
    let mut exit = ProcessExit {
        code: None,
        signal: None,
        stderr: String::new(),
    };
    tokio::select! { biased;
        () = body.signalled.notified() => {
            exit.signal = Some(body.signal.load(Ordering::Relaxed));
        }
        worked = work(registry, &system, Box::new(line), || {}) => match worked {
            Ok(code) => exit.code = Some(code),
            Err(error) => {
                exit.code = Some(NO_LINK);
                exit.stderr = format!("worker: no link to the parent: {error}");
            }
        },
    }
    // In one go, so that nothing of it has another turn.
    part::kill_all(&system);
    body.line.hang_up();
    exit
}
