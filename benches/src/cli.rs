//! The command line. Decides what runs; runs nothing.

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, error::ErrorKind};

use crate::{
    harness::Subject,
    workload::{Place, Workload},
};

/// Compares this actor system with a hand-written tokio loop and with its peers.
///
/// Subjects take turns round by round in one process, on one tokio multi-thread runtime with two
/// workers, after a warm-up. Workloads that ask for resident memory run each round in a fresh process.
/// Every figure is a time, or bytes, or allocations: lower is better. A table gives median and range of
/// each subject, then the ratio of ours to the hand-written loop and to the best peer; where a bar is
/// named it says whether the ratio stays below it, which is information and never the exit code.
#[derive(Parser)]
#[command(name = "benches")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Actors of one process: messages, asks, latency, spawning, memory, supervision, the Savina suite
    ///
    /// Subjects: ours; raw, a hand-written loop over a tokio mpsc channel in a spawned task (tokio
    /// oneshot for asks); raw_timeout, the same with `tokio::time::timeout` around each ask; ractor;
    /// kameo; xtra; actix (on threads of its own, see the README of the benches). Peers run in their
    /// fastest configuration.
    ///
    /// Leaves with status 1 when a one-way message of ours allocates (`allocs_one_way`).
    #[command(after_long_help = Workload::help(Place::Local))]
    Local(Options),
    /// This process and a worker process: one-way messages and asks
    ///
    /// Subjects: ours; raw, blocking reads and writes on a Unix socket pair with this executable run
    /// again as the far side, with no runtime and no queue: the floor.
    #[command(after_long_help = Workload::help(Place::Process))]
    Process(Options),
    /// Simulations of the test kit, on one core: steps of actors, and an hour of virtual time
    ///
    /// Needs the feature `sim` of the benches; without it this executable has cargo build it in and run that.
    #[command(after_long_help = Workload::help(Place::Sim))]
    Sim(Options),
    /// Job pools and routers: submitting, maps, starting processes, routing, scaling, large results
    ///
    /// Subjects: ours; raw, what one writes by hand with tokio, a socket or a loop; python, the standard library of the `python3` that
    /// is found, if there is one. Which raw and which Python it is stands beside each figure below.
    #[command(after_long_help = Workload::help(Place::Pool))]
    Pool(Options),
    /// The far side of `process` and `pool` for the subject `raw`; its standard input is a socket
    #[command(hide = true)]
    RawChild { mode: RawChildMode },
    /// A round of `local` in a process of its own: prints nanoseconds and resident bytes
    #[command(hide = true)]
    CrowdChild {
        subject: String,
        #[command(flatten)]
        crowd: Crowd,
    },
}

/// Many actors, all alive at once.
#[derive(Args, Clone, Copy)]
pub(crate) struct Crowd {
    /// How many
    pub(crate) actors: usize,
    /// Send one message to each
    #[arg(long)]
    pub(crate) message: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RawChildMode {
    /// Send every fixed-size message back
    Echo,
    /// Count frames and say how many when asked
    Count,
    /// Send as many bytes as are asked for
    Bulk,
}

#[derive(Args)]
pub(crate) struct Options {
    /// Rounds per workload; medians and ranges are over these
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Run this workload alone; may be given several times. `--help` lists them
    #[arg(long, value_name = "WORKLOAD", value_enum, hide_possible_values = true)]
    only: Vec<Workload>,

    /// Run this subject alone, to profile it; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Vec<String>,

    /// Print one JSON object per figure on standard output (medians); the table goes to standard error
    ///
    /// The fields: workload (the name of the figure), unit, and one per subject, null where it has none.
    #[arg(long)]
    pub(crate) json: bool,

    /// Tiny counts and one round: shows that everything runs, measures nothing
    ///
    /// The names and meanings of the figures are those of the full counts.
    #[arg(long)]
    pub(crate) quick: bool,
}

impl Options {
    /// Keeps the subjects that were asked for. Leaves the process with a usage error when there is no such subject.
    pub(crate) fn keep_chosen(&self, subjects: &mut Vec<Subject>) {
        let is_known = |name: &&String| subjects.iter().any(|s| s.name() == name.as_str());
        if let Some(stranger) = self.subject.iter().find(|name| !is_known(name)) {
            let known: Vec<_> = subjects.iter().map(Subject::name).collect();
            let text = format!("no subject {stranger}; there are {}", known.join(", "));
            Cli::command()
                .error(ErrorKind::ValueValidation, text)
                .exit();
        }
        if !self.subject.is_empty() {
            subjects.retain(|s| self.subject.iter().any(|name| name == s.name()));
        }
    }

    /// The workloads to run at `place`, in their usual order. Leaves the process with a usage error
    /// when one was asked for that belongs elsewhere.
    pub(crate) fn workloads(&self, place: Place) -> Vec<Workload> {
        if let Some(stray) = self.only.iter().find(|w| w.place() != place) {
            let text = format!(
                "the workload {} belongs to the subcommand `{}`",
                stray.name(),
                stray.place().name()
            );
            Cli::command()
                .error(ErrorKind::ValueValidation, text)
                .exit();
        }
        Workload::value_variants()
            .iter()
            .copied()
            .filter(|w| w.place() == place && (self.only.is_empty() || self.only.contains(w)))
            .collect()
    }
}
