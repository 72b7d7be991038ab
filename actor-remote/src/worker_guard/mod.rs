//! What a worker process does for itself before anything else: know that it is one, take its socket, and never outlive
//! its parent.
//!
//! The worker's entry function calls it at the top of `main`, before a runtime exists. It reads nothing from the socket.
//!
//! A worker ends with its parent in two ways, since each of them fails where the other holds:
//!
//! | way | holds when | fails when |
//! |---|---|---|
//! | parent-death signal | the worker is stopped, or all its threads are stuck | a wrapper stands between parent and worker |
//! | the socket hangs up, seen by a plain thread | the signal is not available; the runtime is stuck | the worker is stopped |

mod parent_watch;

#[cfg(test)]
mod tests;

pub use parent_watch::{EXIT_PARENT_GONE, ParentWatch};

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;

use thiserror::Error;

/// The environment variable that marks a worker; its value is the process id of the parent.
pub const WORKER_MARKER: &str = "ACTOR_REMOTE_WORKER";

/// How long a worker whose parent is gone may take to leave by itself unless told otherwise: 1 s, so that it is gone
/// within two.
pub const PARENT_GONE_GRACE: std::time::Duration = std::time::Duration::from_secs(1);

/// Why a worker could not take up its work. It should exit.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GuardError {
    /// Standard input is not the socket that a parent gives to its worker: the program was started by hand with the marker
    /// set, or inherited the marker from a worker.
    #[error("{WORKER_MARKER} is set, but standard input is not a worker's socket")]
    NotASocket(#[source] io::Error),
    /// Its second connection did not arrive.
    #[error("worker was handed no second connection")]
    NoSideChannel(#[source] io::Error),
    /// The system refused something.
    #[error("worker could not {what}")]
    System {
        /// What it tried.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

fn failed(what: &'static str) -> impl FnOnce(io::Error) -> GuardError {
    move |source| GuardError::System { what, source }
}

/// Whether this process was started as a worker: it is marked as one and its standard input is a Unix socket.
///
/// A program that a worker starts in an ordinary way inherits the mark, but not the socket: it is no worker.
///
/// The answer stays the same for the life of the process, also after [`take_socket`].
pub fn is_worker() -> bool {
    // A fact about the process, not about a system in it.
    static IS_WORKER: OnceLock<bool> = OnceLock::new();
    *IS_WORKER.get_or_init(|| is_inside_worker() && stdin_as_socket().is_ok())
}

/// Whether this process is a worker or was started by one, directly or not.
pub(crate) fn is_inside_worker() -> bool {
    std::env::var_os(WORKER_MARKER).is_some()
}

/// Process id of the parent that started this worker, as the parent has written it.
fn marked_parent() -> Option<i32> {
    std::env::var(WORKER_MARKER).ok()?.parse().ok()
}

/// Takes the socket to the parent from standard input, which reads from the null device from then on.
///
/// Nothing must have read from standard input before. Call it once: the second call finds no socket.
///
/// # Errors
/// [`GuardError`]; standard input is as it was, except that it may be the null device already if the last step failed.
pub fn take_socket() -> Result<UnixStream, GuardError> {
    // Remembered before the evidence is gone.
    is_worker();
    let socket = stdin_as_socket().map_err(GuardError::NotASocket)?;
    let null = File::open("/dev/null").map_err(failed("open the null device"))?;
    rustix::stdio::dup2_stdin(&null).map_err(|e| failed("replace its standard input")(e.into()))?;
    Ok(socket)
}

/// A duplicate of standard input, if it is a Unix socket. Programs that the worker starts do not inherit it.
fn stdin_as_socket() -> io::Result<UnixStream> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Fails for everything that is not a socket of this family.
    socket.peer_addr()?;
    Ok(socket)
}

/// Asks the system to kill this process when its parent ends, and checks that the parent had not ended before.
///
/// Call it on the main thread: the request belongs to the calling thread. Where the system cannot do it, this does nothing
/// and the watch on the socket is what remains.
///
/// True if the parent is still there. False if it is gone already, or if another program stands between the two; in both
/// cases a [`ParentWatch`] tells the truth.
///
/// # Errors
/// [`GuardError::System`] if the system refuses.
pub fn die_with_parent() -> Result<bool, GuardError> {
    request_parent_death_signal().map_err(failed("ask to end with its parent"))?;
    // Compared after the request: a parent that ended before it would never cause a signal.
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    Ok(parent.is_some() && parent == marked_parent())
}

#[cfg(target_os = "linux")]
fn request_parent_death_signal() -> io::Result<()> {
    let signal = rustix::process::Signal::KILL;
    rustix::process::set_parent_process_death_signal(Some(signal)).map_err(Into::into)
}

#[cfg(not(target_os = "linux"))]
fn request_parent_death_signal() -> io::Result<()> {
    Ok(())
}
