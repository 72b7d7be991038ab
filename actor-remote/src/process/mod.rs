//! Worker processes: starting them, hearing their output, and knowing for certain how each of them ended.
//!
//! The process child of a supervisor calls it. It knows nothing of frames or actors: it gives a socket whose other end is
//! the worker's standard input, a way to signal the worker, and a future of its end.
//!
//! One worker, and who looks after it:
//!
//! | thread | lives | does |
//! |---|---|---|
//! | spawner, one per process | for ever | starts every worker: Linux ties a worker's parent-death signal to this thread |
//! | reaper, one per worker | until the worker was reaped | reads its output, waits for its end, reports it once |
//!
//! Both are plain threads, so a worker is reaped and its output read also when the runtime is stuck or gone, and a panic
//! elsewhere leaves no zombie. The reaper exists before its worker does: a worker without a reaper cannot come about.
//!
//! Rules:
//! 1. A signal is sent only under the lock under which the worker is reaped, and only before: a process id is never used
//!    once the system may have given it to somebody else.
//! 2. Whoever owns the [`ProcessHandle`] owns the worker: dropping it kills the process group.
//! 3. When the worker has ended, what is left of its process group is killed before the worker is reaped, while its id
//!    still names the group.

mod exit;
mod handle;
mod reaper;
mod spawn;
mod spec;
mod stdio;

#[cfg(test)]
mod tests;

pub use exit::{ExitFuture, ProcessExit};
pub use handle::{ProcessHandle, ProcessSignaller};
pub use spawn::{SpawnProcessError, WorkerProcess, spawn};
pub use spec::{CommandSpec, Executable};
