//! `pool-zoo`: every routing policy side by side, under the same skewed load.
//!
//! | file        | what is in it                                                    |
//! |-------------|------------------------------------------------------------------|
//! | `cage.rs`   | one router under its load, and what is seen of it                |
//! | `worker.rs` | the workers, and what they note                                  |
//! | `judge.rs`  | whether each message was handled as the policy promises          |
//! | `report.rs` | the table, live and in the end, and the JSON object              |

mod cage;
mod judge;
mod report;
mod worker;

use std::time::Duration;

use actor_core::ActorSystem;
use tokio::task::JoinSet;

use self::cage::{ALL, Cage};
use self::judge::Record;
use crate::exit::Failure;
use crate::topology::{About, Outcome, Stage};

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "pool-zoo",
    summary: "Every routing policy side by side under the same skewed load, with a live table",
    shows: "\
What each way to choose a worker does with work of which one message in a hundred
takes a hundred times longer. Behind a slow message the others wait, unless whoever
is free takes the next one: look at the p99 of the short messages of the shared
queue, and at the longest queues.

The last row is least-loaded with a worker that fails at every message. It never has
anything to do, and so looks like the best choice for ever; it gets next to nothing.
A message in the hands of a worker that fails is lost, and none else.

With --sim time is virtual, and the figures are those of the seed.",
    drawing: "\
system
|-- router `round_robin`      -> workers
|-- router `random`           -> workers
|-- router `least_loaded`     -> workers
|-- router `consistent_hash`  -> workers
|-- router `broadcast`        -> workers, and a message for each
|-- router `shared_queue`     <- workers that pull
`-- router `least_loaded` with a worker that fails",
    invariant: "\
Every message was handled exactly once, or is one that a worker failed at; with
broadcast once by each worker. Round-robin is even to the message. With consistent
hash one worker had all messages of a key, in order. The failing worker got no more
than its share.",
    at_interrupt: "sending nothing more, and working off the queues",
};

/// Its parameters.
#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Args {
    /// How many messages each router gets, 1 to 100000; with broadcast that many in all, a part for each worker
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    messages: u32,

    /// How many workers each router has, 2 to 64
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(2..=64))]
    workers: u16,
}

/// What is left when the time for all of it has long passed.
const PATIENCE: Duration = Duration::from_secs(60);

impl Args {
    /// Messages take a few milliseconds each, and the slowest router has them one after the other.
    fn patience(&self) -> Duration {
        PATIENCE.saturating_add(Duration::from_millis(20).saturating_mul(self.messages))
    }
}

/// Runs it: all routers at once, until each has worked off its messages, or those before Ctrl-C.
///
/// # Errors
/// If a router cannot be started, or is stuck.
pub(crate) async fn run(args: Args, stage: &Stage) -> Result<Outcome, Failure> {
    let system = ActorSystem::new(ABOUT.name);
    let watched = watch(&system, &args, stage).await;
    system.shutdown(Duration::from_secs(5)).await;
    let records = watched?;
    Ok(report::outcome(
        &args,
        stage.interrupt.is_requested(),
        &records,
    ))
}

async fn watch(system: &ActorSystem, args: &Args, stage: &Stage) -> Result<Vec<Record>, Failure> {
    let mut running = JoinSet::new();
    for (place, policy) in ALL.into_iter().enumerate() {
        let cage = Cage::open(system, policy, args.workers.into(), stage.is_simulated)
            .await
            .map_err(|error| Failure::machinery("starting a router", error))?;
        let messages = u64::from(args.messages);
        let messages = match policy.copies(args.workers.into()) {
            1 => messages,
            copies => messages.div_ceil(copies),
        };
        let line = report::Line::new(&stage.console, policy, messages);
        let (interrupt, patience) = (stage.interrupt.clone(), args.patience());
        running
            .spawn(async move { (place, cage.run(messages, &interrupt, patience, &line).await) });
    }
    let mut records = Vec::new();
    while let Some(ended) = running.join_next().await {
        records.push(ended.map_err(|error| Failure::machinery("watching a router", error))?);
    }
    // In the order of the table, whoever was done first.
    records.sort_by_key(|(place, _)| *place);
    Ok(records.into_iter().map(|(_, record)| record).collect())
}
