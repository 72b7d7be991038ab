//! Side-by-side benchmarks: this actor system, a hand-written tokio loop, and its peers.
//!
//! Run with `cargo run --release --manifest-path benches/Cargo.toml -- local`, `-- process` or `-- sim`.
//! All subjects of a workload take turns, round by round, inside this one process (those that ask for
//! resident memory in fresh ones): absolute figures of a shared machine move by tens of percent, the
//! ratios of one run hold. The README beside teaches how to read the output.
//!
//! | file | what it does |
//! |---|---|
//! | `cli.rs` | the command line |
//! | `workload.rs` | the workloads: their names, and where each runs |
//! | `catalogue.rs` | what each measures: names, units, meanings, bars |
//! | `sizes.rs` | how many operations make a round |
//! | `harness.rs` | warm-up, rounds, alternation |
//! | `report.rs` | the table and the JSON lines |
//! | `alloc.rs` | the allocator that can count |
//! | `local/` | actors of one process, one file per subject |
//! | `process/` | this process and a worker process, one file per subject |
//! | `sim/` | simulations of the test kit |
//! | `pool/` | job pools and routers |

mod alloc;
mod catalogue;
mod cli;
mod harness;
mod local;
mod pool;
mod process;
mod report;
mod sim;
mod sizes;
mod workload;

use std::process::ExitCode;

use actor_remote::Registry;
use clap::Parser;
use cli::{Cli, Command, Options};
use harness::Subject;
use report::Report;
use sizes::Sizes;
use tokio::runtime::Runtime;
use workload::Place;

/// As many workers as the smallest machine this is meant for has cores.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    // A worker process of ours is this executable run again; it must not reach the command line.
    actor_remote::init(&worker_registry());
    match Cli::parse().command {
        Command::Local(options) => compare(Place::Local, &options, local::subjects),
        Command::Process(options) => compare(Place::Process, &options, process::subjects),
        Command::Sim(_) if !sim::IS_BUILT_IN => sim::build_in_and_run(),
        Command::Sim(options) => compare(Place::Sim, &options, sim::subjects),
        Command::Pool(options) => compare(Place::Pool, &options, pool::subjects),
        Command::RawChild { mode } => process::raw_child(mode),
        Command::CrowdChild { subject, crowd } => local::crowd_child(&runtime(), &subject, crowd),
    }
}

/// What worker processes of ours can run, whoever starts them.
fn worker_registry() -> Registry {
    let builder = process::ours::listed(Registry::builder());
    let builder = pool::jobs::list().register(builder);
    builder.build().expect("the names differ")
}

/// The one runtime that everything runs on.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .expect("a machine that runs benchmarks can start two threads")
}

/// Runs the chosen workloads of `place` over the subjects that `make` builds on the one runtime. Fails when a law is broken: a figure
/// of ours that must not exceed a limit does.
fn compare(place: Place, options: &Options, make: fn(&Runtime) -> Vec<Subject>) -> ExitCode {
    let workloads = options.workloads(place);
    let runtime = runtime();
    let sizes = if options.quick {
        Sizes::quick()
    } else {
        Sizes::full()
    };
    let rounds = if options.quick { 1 } else { options.rounds };
    let mut subjects = make(&runtime);
    options.keep_chosen(&mut subjects);
    let report = Report::new(place, options.json, rounds);
    report.print_head();
    let mut broken = Vec::new();
    for workload in workloads {
        for outcome in harness::measure(&mut subjects, workload, &sizes, rounds) {
            report.print(&outcome);
            broken.extend(report::broken_law(&outcome));
        }
    }
    for law in &broken {
        eprintln!("FAILED: {law}");
    }
    ExitCode::from(u8::from(!broken.is_empty()))
}
