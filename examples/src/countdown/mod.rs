//! `countdown`: workers that end by themselves, and a monitor that hears of each end.
//!
//! | file        | what is in it                                              |
//! |-------------|------------------------------------------------------------|
//! | `actors.rs` | the worker and the collector                               |
//! | `record.rs` | what the collector has heard, and whether it is as promised |

mod actors;
mod record;

use std::time::Duration;

use actor_core::prelude::{ActorRef, ActorSystem, AskError};
use serde_json::json;

use self::actors::{Collector, CollectorMsg};
use self::record::Record;
use crate::exit::Failure;
use crate::topology::{About, Outcome, Stage, counted};

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "countdown",
    summary: "Workers that count down and end by themselves; a monitor collects their exits",
    shows: "\
Monitors. A collector starts the workers as its children and monitors each. A
worker tells it every number on the way down to 0 and then stops by itself.

An exit reaches the collector behind all that the worker had told it before, so
when it hears that a worker has ended it has heard the whole countdown. Exits
need no room in the mailbox: they arrive also while the workers keep it full.",
    drawing: "\
system
`-- collector      monitors its children, answers when the last one has ended
    |-- worker 1   counts down, one number per --pause-ms, then stops
    `-- worker N",
    invariant: "\
Each worker's exit is heard exactly once, with the reason `normal`, and after every
number of its countdown, in order.",
    at_interrupt: "stopping the workers",
};

/// How long a worker may take beyond its countdown before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// Its parameters.
#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Args {
    /// How many workers count, 1 to 10000
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    workers: u16,

    /// The number they count down from
    #[arg(long, value_name = "N", default_value_t = 10)]
    from: u32,

    /// The pause between two numbers, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pause_ms: u32,

    /// Print the tree of actors once it has started
    #[arg(long)]
    snapshot: bool,
}

impl Args {
    fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms.into())
    }

    /// One number more than `from`, since 0 is told too.
    fn countdown_len(&self) -> Duration {
        self.pause().saturating_mul(self.from.saturating_add(1))
    }
}

/// Runs it: waits until the last worker has ended, or for Ctrl-C.
///
/// # Errors
/// If the collector ends early, or a worker never does.
pub(crate) async fn run(args: Args, stage: &Stage) -> Result<Outcome, Failure> {
    let system = ActorSystem::new(ABOUT.name);
    let collector = system
        .start(Collector::new(&args, stage.console.clone()))
        .await
        .map_err(|error| Failure::machinery("starting the collector", error))?;

    if args.snapshot {
        stage.console.note(system.snapshot().to_string());
    }
    let heard = listen(&collector, &args, stage).await;
    system.shutdown(Duration::from_secs(5)).await;
    let (record, interrupted) =
        heard.map_err(|error| Failure::machinery("waiting for the workers", error))?;
    Ok(outcome(&args, &record, interrupted))
}

/// What the collector has heard at the end, and whether Ctrl-C made that end.
async fn listen(
    collector: &ActorRef<CollectorMsg>,
    args: &Args,
    stage: &Stage,
) -> Result<(Record, bool), AskError> {
    let patience = args.countdown_len().saturating_add(PATIENCE);
    tokio::select! {
        biased;
        record = collector.ask_within(patience, CollectorMsg::WhenAllEnded) => Ok((record?, false)),
        () = stage.interrupt.requested() => Ok((collector.ask(CollectorMsg::SoFar).await?, true)),
    }
}

fn outcome(args: &Args, record: &Record, interrupted: bool) -> Outcome {
    let faults = record.faults();
    let held = faults.is_empty() && (interrupted || record.ended() == usize::from(args.workers));
    let total = format!(
        "{} of {} ended, {} heard",
        record.ended(),
        counted(args.workers.into(), "worker"),
        counted(record.steps(), "number"),
    );
    let verdict = match (held, interrupted) {
        (false, _) => format!("BROKEN: {}", faults.join("; ")),
        (true, true) => "interrupted: the rest was stopped".to_owned(),
        (true, false) => {
            "held: every exit was heard once, as `normal`, behind its whole countdown".to_owned()
        }
    };
    Outcome {
        held,
        interrupted,
        json: json!({
            "topology": ABOUT.name,
            "ok": held && !interrupted,
            "workers": args.workers,
            "from": args.from,
            "ended": record.ended(),
            "steps": record.steps(),
            "faults": faults,
        }),
        summary: vec![total, verdict],
    }
}
