//! Starting a worker, always from the same thread.
//!
//! Linux sends a parent-death signal when the *thread* that started the process ends, not when its process does. Threads of
//! a runtime come and go, so workers are started by a thread that lives as long as the process.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use rustix::process::Pid;
use thiserror::Error;
use tokio::sync::oneshot;
use tracing::Dispatch;

use super::exit::ExitFuture;
use super::handle::{ProcessHandle, Shared};
use super::reaper::{Reaper, Watched, process_descriptor};
use super::spec::{CommandSpec, Executable};
use crate::worker_guard;

/// Why no worker was started. Nothing of it is left behind.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpawnProcessError {
    /// This process is a worker itself, and the specification does not allow workers of workers.
    #[error(
        "this process is a worker: it must not start worker {name:?}; enter the worker at the top of `main`, \
         or allow nested workers"
    )]
    InsideWorker {
        /// Name of the worker that was to be started.
        name: String,
    },
    /// The program could not be started: it is missing, may not be executed, or is no program.
    #[error("worker executable {} could not be started: {source}", path.display())]
    Executable {
        /// Path as it was given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The working directory for the worker is not there.
    #[error("working directory {} of the worker is not accessible: {source}", path.display())]
    Directory {
        /// Path as it was given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system has no more of something; a later retry can succeed.
    #[error("no {what} for a worker: {source}")]
    Resources {
        /// What was asked for.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

/// A worker that runs.
#[derive(Debug)]
pub struct WorkerProcess {
    /// Owns the worker: dropping it kills the worker.
    pub handle: ProcessHandle,
    /// Our end of the socket pair whose other end is the worker's standard input.
    pub stream: UnixStream,
    /// The worker's end.
    pub exit: ExitFuture,
}

/// Starts a worker.
///
/// Its output is logged to the `tracing` subscriber that is current here, target `actor_remote::worker`.
///
/// # Errors
/// [`SpawnProcessError`], one case per cause.
///
/// # Cancel safety
/// Cancel safe: a worker that was started for a future that is gone is killed and reaped.
pub async fn spawn(spec: CommandSpec) -> Result<WorkerProcess, SpawnProcessError> {
    if worker_guard::is_inside_worker() && !spec.allow_nested {
        let name = spec.name().to_owned();
        return Err(SpawnProcessError::InsideWorker { name });
    }
    let dispatch = tracing::dispatcher::get_default(Dispatch::clone);
    let (started, answer) = oneshot::channel();
    run_on_spawner(Box::new(move || {
        // If nobody waits any more, the handle within the result is dropped, which kills the worker.
        let _ = started.send(start(&spec, dispatch));
    }))
    .map_err(no("spawner thread"))?;
    // The answer is missing only if the job panicked.
    let panicked = |_| no("spawner thread")(io::Error::other("panic while a worker was started"));
    answer.await.map_err(panicked)?
}

/// Runs on the spawner.
fn start(spec: &CommandSpec, dispatch: Dispatch) -> Result<WorkerProcess, SpawnProcessError> {
    let (ours, theirs) = UnixStream::pair().map_err(no("socket pair"))?;
    let reaper = Reaper::start(dispatch).map_err(no("reaper thread"))?;
    // Before the start, so that what fails here leaves no process; it waits in the socket.
    if let Some(slot) = &spec.side {
        slot.open(&ours).map_err(no("second connection"))?;
    }
    let mut child = start_child(spec, theirs)?;
    let shared = Shared::new(Pid::from_child(&child));
    let (report, exit) = oneshot::channel();
    let watched = Watched {
        name: spec.name().to_owned(),
        stdout: child.stdout.take().map(OwnedFd::from),
        stderr: child.stderr.take().map(OwnedFd::from),
        process: process_descriptor(shared.pid()),
        shared: shared.clone(),
        child,
        report,
    };
    let handle = ProcessHandle::new(shared);
    reaper.watch(watched);
    Ok(WorkerProcess {
        handle,
        stream: ours,
        exit: ExitFuture::new(exit),
    })
}

/// Starts the program. The worker's end of the pair is closed here when this returns: the command holds it until then.
fn start_child(spec: &CommandSpec, stdin: UnixStream) -> Result<Child, SpawnProcessError> {
    let stdin = Stdio::from(OwnedFd::from(stdin));
    let (mut command, path) =
        spec.command(stdin)
            .map_err(|source| SpawnProcessError::Executable {
                path: match &spec.executable {
                    Executable::Current => "the current executable".into(),
                    Executable::Path(path) => path.clone(),
                },
                source,
            })?;
    command.spawn().map_err(|source| {
        // The system does not say which of the two paths it did not find.
        let dir_error = spec
            .dir
            .as_ref()
            .and_then(|dir| Some((dir, std::fs::read_dir(dir).err()?)));
        match dir_error {
            Some((dir, source)) => SpawnProcessError::Directory {
                path: dir.clone(),
                source,
            },
            None if is_shortage(&source) => no("process")(source),
            None => SpawnProcessError::Executable { path, source },
        }
    })
}

fn is_shortage(error: &io::Error) -> bool {
    let shortages = [
        rustix::io::Errno::AGAIN,
        rustix::io::Errno::NOMEM,
        rustix::io::Errno::MFILE,
        rustix::io::Errno::NFILE,
    ];
    shortages
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn no(what: &'static str) -> impl FnOnce(io::Error) -> SpawnProcessError {
    move |source| SpawnProcessError::Resources { what, source }
}

type Job = Box<dyn FnOnce() + Send>;

/// The way to the spawner, which is started with the first worker. It must outlive every system in this process, so it
/// belongs to none of them; it holds no state of theirs.
static SPAWNER: Mutex<Option<mpsc::Sender<Job>>> = Mutex::new(None);

fn run_on_spawner(job: Job) -> io::Result<()> {
    let mut spawner = SPAWNER.lock().unwrap_or_else(PoisonError::into_inner);
    let jobs = match &*spawner {
        Some(jobs) => jobs,
        None => {
            let (jobs, queue) = mpsc::channel::<Job>();
            let builder = thread::Builder::new().name("worker-spawner".into());
            builder.spawn(move || serve(&queue))?;
            spawner.insert(jobs)
        }
    };
    jobs.send(job)
        .map_err(|_| io::Error::other("the spawner has ended"))
}

fn serve(queue: &mpsc::Receiver<Job>) {
    // The sender is in a static, so this ends with the process.
    while let Ok(job) = queue.recv() {
        // If this thread ended, the system would kill every worker it has started.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("panic while a worker was started");
        }
    }
}
