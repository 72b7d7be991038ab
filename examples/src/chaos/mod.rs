//! `chaos`: pools of every kind under every kind of trouble, with a ledger of jobs.
//!
//! | file         | what is in it                                                           |
//! |--------------|-------------------------------------------------------------------------|
//! | `script.rs`  | what happens, drawn from the seed                                       |
//! | `round.rs`   | one round: pools are started, fed, troubled and ended                   |
//! | `feed.rs`    | hands jobs in, and writes down what becomes of them                     |
//! | `maps.rs`    | the same for maps                                                       |
//! | `jobs.rs`    | the job, as workers run it                                              |
//! | `trouble.rs` | signals to worker processes                                             |
//! | `ledger.rs`  | the book of jobs, and what it comes to                                  |
//! | `left.rs`    | descriptors and processes that are left                                 |
//! | `report.rs`  | the verdict, for people and as JSON                                     |

mod feed;
mod jobs;
mod ledger;
mod left;
mod maps;
mod report;
mod round;
mod script;
mod trouble;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(crate) use self::jobs::DO;
use self::left::{Holdings, left_since};
use self::report::Seen;
use self::round::{Plan, Tally};
use self::script::{Deck, Dice, ENDINGS};
use crate::exit::Failure;
use crate::topology::{About, Outcome, Stage};

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "chaos",
    summary: "Job pools under random kills, stops, panics and poison, and a ledger of every job",
    shows: "\
That a pool loses nothing, doubles nothing and never hangs, whatever happens to its
workers. Round after round, pools over tasks, threads, processes and both are fed
with jobs and maps that return, panic, exit, abort, never end, or carry what cannot be
carried; some are retried, cancelled, aborted, delayed, expire, or are forgotten.
Meanwhile worker processes get SIGKILL, SIGSTOP and SIGCONT. Each round ends in the
middle of that: by a drain, a cancellation, a cut, or the end of the whole system.

Every job notes in a file that it begins. The ledger compares these notes with what
the handle and the callback of the job have told.

--seed decides what is tried and in which order; the processes decide what comes of
it. Without one each run has another, and tells it.",
    drawing: "\
system, a new one each round
|-- pool `tasks`        two async workers
|-- pool `threads`      two threads
|-- pool `processes`    three child processes     <- signals
`-- pool `mixed`        a thread and two processes <- signals",
    invariant: "\
Every job has exactly one outcome, the same by its handle and its callback. One that
must not run twice ran once at most, and one that says it never ran did not.
Those of one pool with one key begin in the order in which they were handed in.
Everything is over by its deadline; no process and no descriptor is left. In five
seconds or more, each kind of trouble has happened.",
    at_interrupt: "ending the round",
};

/// Its parameters.
#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Args {
    /// How long jobs are handed in, 1 to 86400; each round takes a moment more to end. --seed N repeats a run
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,

    /// Given by `run --seed`, which simulations share.
    #[arg(skip)]
    seed: Option<u64>,
}

impl Args {
    /// The same with this seed.
    pub(crate) fn seeded(self, seed: u64) -> Self {
        Args {
            seed: Some(seed),
            ..self
        }
    }
}

/// Why it is not simulated, and what to do instead.
pub(crate) const NOT_SIMULATED: &str = "\
chaos sends signals to real processes, which a simulation does not have

  leave --sim out: `actors run chaos --seed 7` tries the same things in the same order each time";

/// The shortest round worth starting pools for.
const ROUND_MIN: Duration = Duration::from_millis(300);

/// Runs it: round after round, until the time is over, something hangs, or Ctrl-C.
///
/// # Errors
/// If a pool cannot be started.
pub(crate) async fn run(args: Args, stage: &Stage) -> Result<Outcome, Failure> {
    let seed = args.seed.unwrap_or_else(any_seed);
    stage.console.line(format!(
        "seed {seed}; the same again: actors run chaos --seconds {} --seed {seed}",
        args.seconds
    ));
    let before = Holdings::now();
    let mut seen = Seen::new(seed);
    play_rounds(&args, stage, &mut seen).await?;
    seen.left = Some(left_since(before).await);
    Ok(report::outcome(args.seconds, &seen))
}

async fn play_rounds(args: &Args, stage: &Stage, seen: &mut Seen) -> Result<(), Failure> {
    let begin = Instant::now();
    let all = Duration::from_secs(args.seconds.into());
    let mut dice = Dice::new(seen.seed);
    let mut endings = Deck::new(ENDINGS);
    let screen = stage.console.spinner("starting");
    let mut number = 0;
    while seen.hung.is_empty() && !stage.interrupt.is_requested() {
        let left = all.saturating_sub(begin.elapsed());
        if left < ROUND_MIN && number > 0 {
            break;
        }
        let plan = Plan {
            number,
            dice: dice.split(),
            ending: endings.deal(&mut dice),
            span: dice.millis(500, 1_500).min(left),
        };
        let (jobs, tally) = (seen.account.jobs, seen.tally);
        let show = |round: Tally, open: usize| {
            screen.set_message(format!(
                "{:.0} s  round {}  {} jobs  {} kills  {} stops  {} restarts",
                begin.elapsed().as_secs_f64(),
                number + 1,
                jobs + open as u64,
                tally.kills + round.kills,
                tally.stops + round.stops,
                tally.restarts,
            ));
            screen.tick();
        };
        let played = round::play(plan, &stage.interrupt, &show).await?;
        seen.add(played);
        number += 1;
    }
    screen.finish_and_clear();
    seen.interrupted = stage.interrupt.is_requested();
    Ok(())
}

/// The clock's, since it need only be another one next time.
fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_micros() as u64 % 1_000_000)
}
