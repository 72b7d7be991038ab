//! A plain thread sees the parent's end even if the worker's runtime is stuck.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};

use super::{GuardError, failed};

/// Exit code of a worker that left because its parent was gone.
pub const EXIT_PARENT_GONE: i32 = 114;

/// How long leaving in order may take: what runs at the exit of a process can hang too.
const EXIT_ALLOWANCE: Duration = Duration::from_secs(1);

/// A watch on the parent.
#[derive(Clone, Debug)]
pub struct ParentWatch {
    socket: Arc<UnixStream>,
    disarmed: Arc<AtomicBool>,
}

impl ParentWatch {
    /// A watch for the parent at the other end of `socket`; nobody watches before [`keep`](ParentWatch::keep).
    ///
    /// It holds a duplicate: the parent sees the end of the worker's stream when the writing direction is shut down or the process
    /// ends, not when the other descriptor is dropped.
    ///
    /// # Errors
    /// [`GuardError::System`] if there is no descriptor left.
    pub fn new(socket: &UnixStream) -> Result<Self, GuardError> {
        let socket = socket.try_clone().map_err(failed("duplicate its socket"))?;
        Ok(ParentWatch {
            socket: Arc::new(socket),
            disarmed: Arc::new(AtomicBool::new(false)),
        })
    }

    /// Ends this process with [`EXIT_PARENT_GONE`] once the other end of the socket is closed and `grace` is over, so that the worker
    /// has a chance to leave in its own way before. Blocks the calling thread, and returns only when the other end is closed and the
    /// watch was disarmed. It never reads from the socket.
    pub fn keep(&self, grace: Duration) {
        wait_for_hang_up(&self.socket);
        if self.is_disarmed() {
            return;
        }
        thread::sleep(grace);
        if !self.is_disarmed() {
            leave();
        }
    }

    fn is_disarmed(&self) -> bool {
        self.disarmed.load(Ordering::Acquire)
    }

    /// From now on a hang-up does nothing: the worker is about to leave by itself and closes the socket.
    pub fn disarm(&self) {
        self.disarmed.store(true, Ordering::Release);
    }
}

fn wait_for_hang_up(socket: &UnixStream) {
    loop {
        // Hang-up and error are always reported; data is not asked for, so it cannot wake this thread.
        let mut fds = [PollFd::new(socket, hang_up())];
        match poll(&mut fds, None) {
            Ok(_) if fds[0].revents().is_empty() => {}
            Ok(_) => return,
            Err(Errno::INTR) => {}
            Err(error) => {
                // Better to leave too early than never.
                tracing::error!(error = %io::Error::from(error), "socket to the parent cannot be watched");
                return;
            }
        }
    }
}

/// The peer has closed at least its writing direction.
#[cfg(target_os = "linux")]
fn hang_up() -> PollFlags {
    PollFlags::RDHUP | PollFlags::HUP
}

#[cfg(not(target_os = "linux"))]
fn hang_up() -> PollFlags {
    PollFlags::HUP
}

fn leave() -> ! {
    // Exit handlers run on this thread and may wait for one that is stuck.
    let backstop = thread::Builder::new().name("exit-backstop".into());
    let _ = backstop.spawn(|| {
        thread::sleep(EXIT_ALLOWANCE);
        let _ = kill_process(getpid(), Signal::KILL);
    });
    std::process::exit(EXIT_PARENT_GONE)
}
