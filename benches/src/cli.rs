//! The command line. Decides what runs; runs nothing.

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, error::ErrorKind};

use crate::{
    harness::Subject,
    workload::{Place, Workload},
};

/// Compares this actor system with a hand-written tokio loop and with its peers.
///
/// Subjects take turns round by round in one process, on one tokio multi-thread runtime with two
/// workers, after a warm-up. Every figure is the time (or the bytes) per operation: lower is better.
#[derive(Parser)]
#[command(name = "benches")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Actors of one process: one-way messages, asks, a ring, spawning, bytes per idle actor
    ///
    /// Subjects: ours; raw, a hand-written loop over a tokio mpsc channel in a spawned task (tokio
    /// oneshot for asks); ractor; kameo. Peers run in their fastest configuration.
    Local(Options),
    /// This process and a worker process: one-way messages and asks
    ///
    /// Subjects: ours; raw, blocking reads and writes on a Unix socket pair with this executable run
    /// again as the far side, with no runtime and no queue: the floor.
    Process(Options),
    /// The far side of `process` for the subject `raw`; its standard input is a socket
    #[command(hide = true)]
    RawChild { mode: RawChildMode },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RawChildMode {
    /// Send every fixed-size message back
    Echo,
    /// Count frames and say how many when asked
    Count,
}

#[derive(Args)]
pub(crate) struct Options {
    /// Rounds per workload; medians and ranges are over these
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Run this workload alone; may be given several times
    #[arg(long, value_name = "WORKLOAD", value_enum, hide_possible_values = true)]
    #[arg(help = format!("Run this workload alone; may be given several times. {}", Workload::help()))]
    only: Vec<Workload>,

    /// Run this subject alone, to profile it; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Vec<String>,

    /// Print one JSON object per workload on standard output (medians); the table goes to standard error
    #[arg(long)]
    pub(crate) json: bool,

    /// Tiny counts and one round: shows that everything runs, measures nothing
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
