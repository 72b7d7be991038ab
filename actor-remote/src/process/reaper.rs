//! The thread that looks after one worker from its start until it has been reaped.
//!
//! It polls the worker's output and a descriptor of the process itself, so that one blocked call waits for all three. Where
//! the system has no such descriptor it asks at short intervals instead.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Child;
use std::sync::{Arc, mpsc};
use std::thread;
// Real processes do not run on simulated time.
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use tokio::sync::oneshot;
use tracing::Dispatch;

use super::exit::ProcessExit;
use super::handle::Shared;
use super::stdio::{LineLog, Stream};

/// How often a worker is looked at where its end cannot be polled for.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// How long the output of an ended worker may stay open before what holds it open is killed. Its own output is in the pipe
/// by then; this is for programs that it started and that are about to end too.
const LINGER: Duration = Duration::from_millis(50);

/// Output read after the end at most, in bytes: a process that left the group may write for ever.
const LATE_OUTPUT_MAX: usize = 1024 * 1024;

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// Everything about a worker that its reaper needs.
pub(super) struct Watched {
    pub(super) name: String,
    pub(super) child: Child,
    /// Readable once the process has ended, where the system has such a descriptor.
    pub(super) process: Option<OwnedFd>,
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
    pub(super) shared: Arc<Shared>,
    pub(super) report: oneshot::Sender<ProcessExit>,
}

/// A reaper that waits for its worker to be started.
pub(super) struct Reaper {
    worker: mpsc::SyncSender<Watched>,
}

impl Reaper {
    /// Starts the thread. It ends at once if no worker is handed over.
    pub(super) fn start(dispatch: Dispatch) -> io::Result<Self> {
        let (worker, handed_over) = mpsc::sync_channel(1);
        let builder = thread::Builder::new().name("worker-reaper".into());
        builder.spawn(move || {
            let Ok(watched) = handed_over.recv() else {
                return;
            };
            tracing::dispatcher::with_default(&dispatch, || look_after(watched));
        })?;
        Ok(Self { worker })
    }

    pub(super) fn watch(self, worker: Watched) {
        // The thread waits for exactly this, so it is there.
        let sent = self.worker.send(worker);
        debug_assert!(sent.is_ok());
    }
}

fn look_after(watched: Watched) {
    let Watched {
        name,
        mut child,
        process,
        stdout,
        stderr,
        shared,
        report,
    } = watched;
    let pid = shared.pid();
    let mut output = Output::new(&name, pid, stdout, stderr);

    wait_for_end(pid, process, &mut output);
    output.read_until_closed(LINGER);
    let status = shared.sweep_and_reap(&mut child);
    output.read_what_is_there();

    let exit = ProcessExit::new(status, output.into_stderr_tail());
    // Nobody may be waiting; then the worker is reaped all the same.
    let _ = report.send(exit);
}

/// Returns when the worker has ended; it is not reaped yet.
fn wait_for_end(pid: Pid, process: Option<OwnedFd>, output: &mut Output) {
    let timeout = process.is_none().then_some(LOOK_INTERVAL);
    loop {
        let ended = match output.poll(process.as_ref().map(AsFd::as_fd), timeout) {
            Ok(process_ready) => {
                process_ready || (process.is_none() && has_ended(pid, WaitIdOptions::NOHANG))
            }
            // Without poll the output cannot be read, but the end must not be missed.
            Err(_) => has_ended(pid, WaitIdOptions::empty()),
        };
        if ended {
            return;
        }
    }
}

/// A descriptor that is readable once the process has ended.
#[cfg(target_os = "linux")]
pub(super) fn process_descriptor(pid: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn process_descriptor(_pid: Pid) -> Option<OwnedFd> {
    None
}

/// Whether the worker has ended, without reaping it.
fn has_ended(pid: Pid, wait: WaitIdOptions) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | wait;
    match waitid(WaitId::Pid(pid), options) {
        Ok(status) => status.is_some(),
        Err(Errno::INTR) => false,
        // No such child: somebody else took its exit status, so it has ended.
        Err(_) => true,
    }
}

/// Both output streams of a worker.
struct Output {
    stdout: Pipe,
    stderr: Pipe,
    started: Instant,
    buffer: Box<[u8]>,
}

/// One of them; without a descriptor once it is closed.
struct Pipe {
    fd: Option<OwnedFd>,
    log: LineLog,
}

impl Output {
    fn new(name: &str, pid: Pid, stdout: Option<OwnedFd>, stderr: Option<OwnedFd>) -> Self {
        let pid = pid.as_raw_nonzero().get();
        let pipe = |fd, stream| Pipe {
            fd,
            log: LineLog::new(name, pid, stream),
        };
        Self {
            stdout: pipe(stdout, Stream::Stdout),
            stderr: pipe(stderr, Stream::Stderr),
            started: Instant::now(),
            buffer: vec![0; CHUNK].into_boxed_slice(),
        }
    }

    fn is_open(&self) -> bool {
        self.stdout.fd.is_some() || self.stderr.fd.is_some()
    }

    /// Waits for output or for `other` to be readable, and reads once from each stream that has some.
    ///
    /// True if `other` is readable. With a timeout it may return without anything.
    fn poll(
        &mut self,
        other: Option<BorrowedFd<'_>>,
        timeout: Option<Duration>,
    ) -> io::Result<bool> {
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let (stdout, stderr, other) = {
            let fds = [
                self.stdout.fd.as_ref().map(AsFd::as_fd),
                self.stderr.fd.as_ref().map(AsFd::as_fd),
                other,
            ];
            poll_readable(fds, timeout.as_ref())?.into()
        };
        let now = self.started.elapsed();
        if stdout {
            self.stdout.read(&mut self.buffer, now);
        }
        if stderr {
            self.stderr.read(&mut self.buffer, now);
        }
        Ok(other)
    }

    /// Reads until both streams are closed, for at most `limit`.
    fn read_until_closed(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self.is_open() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.poll(None, Some(left)).is_err() {
                return;
            }
        }
    }

    /// Reads what the streams hold now, without waiting.
    fn read_what_is_there(&mut self) {
        let now = self.started.elapsed();
        for pipe in [&mut self.stdout, &mut self.stderr] {
            let mut read = 0;
            while read < LATE_OUTPUT_MAX && pipe.is_readable() {
                read += pipe.read(&mut self.buffer, now);
            }
        }
    }

    fn into_stderr_tail(mut self) -> String {
        let now = self.started.elapsed();
        self.stdout.log.finish(now);
        self.stderr.log.finish(now);
        self.stderr.log.into_tail()
    }
}

impl Pipe {
    fn is_readable(&self) -> bool {
        let Some(fd) = &self.fd else { return false };
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        matches!(
            poll_readable([Some(fd.as_fd())], Some(&at_once)),
            Ok([true])
        )
    }

    /// Reads once; the stream must be readable. Closes it at its end.
    fn read(&mut self, buffer: &mut [u8], now: Duration) -> usize {
        let Some(fd) = &self.fd else { return 0 };
        match rustix::io::read(fd, &mut *buffer) {
            Err(Errno::INTR | Errno::AGAIN) => 0,
            Ok(0) | Err(_) => {
                self.fd = None;
                0
            }
            Ok(len) => {
                self.log.take(&buffer[..len], now);
                len
            }
        }
    }
}

/// Waits until one of the descriptors is readable or closed, or the time is over; says which are.
fn poll_readable<const N: usize>(
    fds: [Option<BorrowedFd<'_>>; N],
    timeout: Option<&Timespec>,
) -> io::Result<[bool; N]> {
    let mut ready = [false; N];
    let mut polled: Vec<_> = fds
        .iter()
        .flatten()
        .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
        .collect();
    match poll(&mut polled, timeout) {
        Ok(_) => {}
        Err(Errno::INTR) => return Ok(ready),
        Err(error) => return Err(error.into()),
    }
    let mut polled = polled.iter();
    for (ready, fd) in ready.iter_mut().zip(&fds) {
        if fd.is_some() {
            *ready = polled.next().is_some_and(|fd| !fd.revents().is_empty());
        }
    }
    Ok(ready)
}
