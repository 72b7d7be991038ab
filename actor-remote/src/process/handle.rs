//! Signals to a worker's process group, never to whoever has its number later.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};

/// What the handle and the reaper share of one worker.
#[derive(Debug)]
pub(super) struct Shared {
    pid: Pid,
    /// Locked while signals are sent and while the worker is reaped, for rule 1 of the module.
    reaped: Mutex<bool>,
}

impl Shared {
    pub(super) fn new(pid: Pid) -> Arc<Self> {
        Arc::new(Self {
            pid,
            reaped: Mutex::new(false),
        })
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.reaped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal_group(&self, signal: Signal) -> io::Result<bool> {
        let reaped = self.lock();
        if *reaped {
            return Ok(false);
        }
        match kill_process_group(self.pid, signal) {
            Ok(()) => Ok(true),
            // The exit status was taken away by somebody else; see `ProcessExit`.
            Err(Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Kills what is left of the group and takes the exit status; the worker must have ended, so neither waits.
    ///
    /// `None` if somebody else took the status.
    pub(super) fn sweep_and_reap(&self, child: &mut Child) -> Option<ExitStatus> {
        let mut reaped = self.lock();
        // The dead leader still holds the number, so this reaches its group or nobody.
        let _ = kill_process_group(self.pid, Signal::KILL);
        let status = child.wait().ok();
        *reaped = true;
        status
    }
}

/// Owns a worker process: dropping it kills the worker's process group with `SIGKILL`, if the worker still runs.
#[derive(Debug)]
pub struct ProcessHandle {
    signaller: ProcessSignaller,
}

impl ProcessHandle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            signaller: ProcessSignaller {
                target: Target::Group(shared),
            },
        }
    }

    /// Of a process that is simulated.
    #[cfg(feature = "testing")]
    pub(crate) fn simulated(body: Arc<crate::testing::Body>) -> Self {
        Self {
            signaller: ProcessSignaller {
                target: Target::Simulated(body),
            },
        }
    }

    /// Process id, which is also the id of its process group.
    pub fn pid(&self) -> u32 {
        self.signaller.pid()
    }

    /// A signaller that can be given away; it does not own the worker.
    pub fn signaller(&self) -> ProcessSignaller {
        self.signaller.clone()
    }

    /// See [`ProcessSignaller::kill_group`].
    ///
    /// # Errors
    /// As there.
    pub fn kill_group(&self) -> io::Result<bool> {
        self.signaller.kill_group()
    }

    /// See [`ProcessSignaller::terminate_group`].
    ///
    /// # Errors
    /// As there.
    pub fn terminate_group(&self) -> io::Result<bool> {
        self.signaller.terminate_group()
    }
}

impl Drop for ProcessHandle {
    fn drop(&mut self) {
        if let Err(error) = self.kill_group() {
            tracing::error!(pid = self.pid(), %error, "worker could not be killed");
        }
    }
}

/// Sends signals to a worker's process group. It never waits and needs no runtime.
#[derive(Debug, Clone)]
pub struct ProcessSignaller {
    target: Target,
}

#[derive(Debug, Clone)]
enum Target {
    Group(Arc<Shared>),
    #[cfg(feature = "testing")]
    Simulated(Arc<crate::testing::Body>),
}

impl ProcessSignaller {
    /// Process id, which is also the id of its process group.
    pub fn pid(&self) -> u32 {
        match &self.target {
            Target::Group(shared) => shared.pid().as_raw_nonzero().get().unsigned_abs(),
            #[cfg(feature = "testing")]
            Target::Simulated(body) => body.pid(),
        }
    }

    /// Sends `SIGKILL` to the group: also a stopped worker ends, and so do the processes that it started, unless they left
    /// its group.
    ///
    /// True if the signal was sent, false if the worker has been reaped and there is nobody to send it to.
    ///
    /// # Errors
    /// The worker changed its user, so that we may not signal it.
    pub fn kill_group(&self) -> io::Result<bool> {
        self.signal(Signal::KILL)
    }

    /// Sends `SIGTERM` to the group. A stopped worker sees it when it is continued.
    ///
    /// True if the signal was sent, false if the worker has been reaped and there is nobody to send it to.
    ///
    /// # Errors
    /// As for [`kill_group`](Self::kill_group).
    pub fn terminate_group(&self) -> io::Result<bool> {
        self.signal(Signal::TERM)
    }

    fn signal(&self, signal: Signal) -> io::Result<bool> {
        match &self.target {
            Target::Group(shared) => shared.signal_group(signal),
            #[cfg(feature = "testing")]
            Target::Simulated(body) => Ok(body.end_by(signal.as_raw())),
        }
    }
}
