//! How the processes of a pool are started: the same for each of them, and for each replacement.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use actor_core::{ActorRef, BoxError, ChildSpec, Restart, Shutdown};
use actor_remote::side::SideSlot;
use actor_remote::{Node, PidWatch};

use super::wire::{WORKER, WorkerArgs, WorkerMsg};

/// How long an idle worker may take to leave when it is asked to.
const LEAVE: Duration = Duration::from_secs(2);

/// How each process is started.
#[derive(Clone, Debug)]
pub(crate) struct ProcessOptions {
    /// The current executable, unless it is another.
    pub(crate) binary: Option<PathBuf>,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) directory: Option<PathBuf>,
    /// The largest encoded result, in bytes.
    pub(crate) result_max: usize,
    /// The largest encoded argument, in bytes.
    pub(crate) argument_max: usize,
    /// How often a start is tried.
    pub(crate) attempts: u32,
    /// After so many jobs a process is replaced.
    pub(crate) jobs_max: Option<u64>,
    /// With nothing to do for so long a process ends.
    pub(crate) idle_max: Option<Duration>,
    /// How many processes start with the pool; the others start with the work.
    pub(crate) pre_start: Option<usize>,
    /// A process whose resident size is above so many bytes is replaced after its job.
    pub(crate) memory_max: Option<u64>,
    /// A job that runs longer is ended together with its process.
    pub(crate) time_max: Option<Duration>,
}

/// See the module's header.
pub(crate) struct Plan {
    pub(crate) node: Node,
    pub(crate) options: ProcessOptions,
}

/// One incarnation of a worker, not started yet.
pub(super) struct Draft {
    pub(super) spec: ChildSpec,
    pub(super) actor: ActorRef<WorkerMsg>,
    pub(super) pid: PidWatch,
    /// Where the job socket is once it has started.
    pub(super) side: SideSlot,
}

impl Plan {
    pub(super) fn draft(&self, name: &str) -> Result<Draft, BoxError> {
        let options = &self.options;
        let args = WorkerArgs {
            name: name.to_owned(),
            result_max: options.result_max as u64,
            argument_max: options.argument_max as u64,
        };
        let side = SideSlot::default();
        let mut worker = self
            .node
            .worker(name, WORKER, args)?
            .side_channel(side.clone());
        if let Some(binary) = &options.binary {
            worker = worker.binary(binary);
        }
        if let Some(directory) = &options.directory {
            worker = worker.current_dir(directory);
        }
        for argument in &options.arguments {
            worker = worker.arg(argument);
        }
        for (variable, value) in &options.environment {
            worker = worker.env(variable, value);
        }
        let pid = worker.pid();
        // Each incarnation is a child of its own, replaced by its agent: so the agent hears how each ended, and no message meant for
        // one reaches the next.
        let (spec, actor) = worker
            .child()
            .restart(Restart::Temporary)
            .shutdown(Shutdown::Within(LEAVE))
            .build();
        Ok(Draft {
            spec,
            actor,
            pid,
            side,
        })
    }
}
