//! `primes`, the main job: is each number of a list prime? Spread over supervised workers, checked against one sequential pass.
//!
//! | file            | what is in it                                                    |
//! |-----------------|------------------------------------------------------------------|
//! | `input.rs`      | the list of numbers: the default one, or the user's              |
//! | `arithmetic.rs` | trial division, which is the work; its cost                      |
//! | `run.rs`        | spreading the list over the workers                              |
//! | `baseline.rs`   | the same work in sequence: the truth, and the time to beat       |
//! | `report.rs`     | the table, the totals, the verdict, the JSON object              |

mod arithmetic;
mod baseline;
mod input;
mod report;
mod run;

use std::path::PathBuf;

pub(crate) use self::run::CHECK;
use crate::exit::Failure;
use crate::topology::{About, Outcome, Stage};
use crate::workers::{Crew, WorkerArgs};

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "primes",
    summary: "Checks whether each number of a list is prime, spread over supervised workers",
    shows: "\
The main job. Each number is one job for a pool of workers: child processes,
threads, or both at once under the same supervisor. A worker tries every odd
divisor up to the square root, so a large prime keeps it busy for a while; the
largest numbers go first, so that the last one does not run alone.

With --kill-worker one process worker gets SIGKILL while it works: its job runs
again on another worker and the supervisor starts a new process, so the result
is still complete and right.

At the end the list is worked through in sequence: that gives the right answers
and the time to compare with. The elapsed time counts from before the first
worker is started to the last answer.",
    drawing: "\
runner
`-- pool                     hands out jobs, collects answers
    `-- supervisor           restarts what dies
        |-- process worker   one per --processes, a child process each
        `-- thread worker    one per --threads, a thread of this process each",
    invariant: "Every number of the list is answered exactly once, and as the sequential pass answers it.",
    at_interrupt: "finishing what is in hand",
};

/// Its parameters.
#[derive(clap::Args, Clone, Debug, Default, PartialEq)]
pub(crate) struct Args {
    /// File with one whole number per line, `-` for standard input; blank lines and # comments are skipped
    /// [default: twenty numbers of up to 16 digits, nine of them prime]
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,

    #[command(flatten)]
    workers: WorkerArgs,

    /// Send SIGKILL to one process worker while it works; the result must still be complete and right
    #[arg(long)]
    kill_worker: bool,
}

/// What is to be done, known to be possible.
#[derive(Debug)]
struct Plan {
    /// In the order of the input; an item is an index into it.
    numbers: Vec<u64>,
    crew: Crew,
    kill_worker: bool,
}

impl Plan {
    async fn new(args: Args, stage: &Stage) -> Result<Self, Failure> {
        let crew = args.workers.crew()?;
        if args.kill_worker && stage.is_simulated {
            return Err(Failure::Input(
                "--kill-worker kills a real process, and a simulation has none: leave one of the two out".to_owned(),
            ));
        }
        if args.kill_worker && crew.processes == 0 {
            return Err(Failure::Input(
                "--kill-worker kills a process worker, and there is none: give --processes N as well".to_owned(),
            ));
        }
        let numbers = match args.input {
            None => input::CLASSIC.to_vec(),
            Some(path) => stage.reading(move || input::read(&path)).await?,
        };
        Ok(Plan {
            numbers,
            crew,
            kill_worker: args.kill_worker,
        })
    }
}

/// Runs it: the list over the workers, then in sequence, then the verdict.
///
/// # Errors
/// `Failure::Input` or `Failure::Interrupted` before anything is run; `Failure::Machinery` if the workers cannot be started.
pub(crate) async fn run(args: Args, stage: &Stage) -> Result<Outcome, Failure> {
    let plan = Plan::new(args, stage).await?;
    let table = report::Table::new(&plan.numbers);
    stage.console.line(table.header());
    let bar = stage.console.bar(plan.numbers.len() as u64, "checking");

    let gathered = run::spread(&plan, stage, |answer| {
        stage.console.line(table.row(answer));
        bar.inc(1);
    })
    .await;
    bar.finish_and_clear();
    let gathered = gathered?;

    // With the workers gone: both cores would otherwise be shared with what is measured.
    let baseline = baseline::measure(&plan.numbers, stage).await?;
    Ok(report::outcome(&plan, &gathered, baseline.as_ref()))
}
