//! `pipeline`: three stages, a quick one before a slow one, and memory that stays bounded all the same.
//!
//! | file          | what is in it                                              |
//! |---------------|------------------------------------------------------------|
//! | `actors.rs`   | the three stages                                           |
//! | `gauge.rs`    | the items, which count themselves; the longest queue       |
//! | `arrivals.rs` | what came out at the end, and whether it is as promised    |

mod actors;
mod arrivals;
mod gauge;

use std::sync::Arc;
use std::time::Duration;

use actor_core::Mailbox;
use actor_core::prelude::{ActorRef, ActorSystem, BoxError};
use serde_json::json;

use self::actors::{Collector, CollectorMsg, Middle, MiddleMsg, Producer, Turn};
use self::arrivals::Arrivals;
use self::gauge::Gauge;
use crate::exit::Failure;
use crate::topology::{About, Outcome, Stage, counted};

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "pipeline",
    summary: "Three stages, a quick one before a slow one, and bounded memory all the same",
    shows: "\
Back-pressure. A producer could make a million items while the middle works on one.
It does not, since a mailbox has a bound and `send` waits for room: however long the
input is, only so many items are in memory at once. Nothing else is written for it.

The end flows through like the items: the producer stops, the middle is drained,
which handles what is queued and then ends, and then everything is at the collector.",
    drawing: "\
system
|-- producer    makes items as fast as there is room for them
|-- middle      takes --pause-ms for each, room for --bound
`-- collector   checks what comes out, room for --bound",
    invariant: "\
Each item arrives once and in order. No queue is ever longer than the bound, and
no more items are in memory at once than fit into both queues and three hands.",
    at_interrupt: "stopping the producer, finishing what is in the queues",
};

/// Stages that can have an item in their hands, besides those in the two queues.
const HANDS: u64 = 3;

/// Between two snapshots.
const LOOK: Duration = Duration::from_millis(5);

/// How long the stages may take beyond the pauses of the middle before they count as stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// Its parameters.
#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Args {
    /// How many items flow
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    items: u64,

    /// How many items may wait before a stage
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    bound: u16,

    /// How long the middle takes for an item, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pause_ms: u32,

    /// Print the tree of actors while the items flow
    #[arg(long)]
    snapshot: bool,
}

impl Args {
    fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms.into())
    }

    /// A pause is at least as long as it says, and often a little longer.
    fn patience(&self) -> Duration {
        let items = u32::try_from(self.items).unwrap_or(u32::MAX);
        let pauses = self.pause().saturating_mul(items).saturating_mul(2);
        // Items cost something even without a pause.
        let work = Duration::from_millis(1).saturating_mul(items);
        PATIENCE.saturating_add(pauses).saturating_add(work)
    }

    /// The most items that may be in memory at once.
    fn alive_max(&self) -> u64 {
        2 * u64::from(self.bound) + HANDS
    }
}

/// What was seen of a whole run.
struct Seen {
    made: u64,
    most_alive: u64,
    longest_queue: usize,
    arrivals: Arrivals,
    interrupted: bool,
}

/// Runs it: until the last item has arrived, or Ctrl-C.
///
/// # Errors
/// If a stage cannot be started or is stuck.
pub(crate) async fn run(args: Args, stage: &Stage) -> Result<Outcome, Failure> {
    let system = ActorSystem::new(ABOUT.name);
    let flown = tokio::time::timeout(args.patience(), flow(&system, &args, stage)).await;
    system.shutdown(Duration::from_secs(5)).await;
    let seen =
        flown.map_err(|_| Failure::machinery("letting the items flow", "a stage is stuck"))?;
    let seen = seen.map_err(|error| Failure::machinery("letting the items flow", error))?;
    Ok(outcome(&args, &seen))
}

/// References to the stages.
struct Stages {
    producer: ActorRef<Turn>,
    middle: ActorRef<MiddleMsg>,
    collector: ActorRef<CollectorMsg>,
}

/// The last stage first, since each knows the next.
async fn start(system: &ActorSystem, args: &Args, gauge: &Arc<Gauge>) -> Result<Stages, BoxError> {
    let bound = Mailbox::bounded(args.bound.into());
    let collector = system.actor(Collector::default()).name("collector");
    let collector = collector.mailbox(bound).start().await?;
    let middle = system.actor(Middle {
        next: collector.clone(),
        pause: args.pause(),
        gauge: Arc::clone(gauge),
    });
    let middle = middle.name("middle").mailbox(bound).start().await?;
    let producer = system.actor(Producer {
        next: middle.clone(),
        number: 0,
        items: args.items,
        gauge: Arc::clone(gauge),
    });
    let producer = producer.name("producer").start().await?;
    Ok(Stages {
        producer,
        middle,
        collector,
    })
}

async fn flow(system: &ActorSystem, args: &Args, stage: &Stage) -> Result<Seen, BoxError> {
    let gauge = Arc::new(Gauge::default());
    let stages = start(system, args, &gauge).await?;
    let mut shows_snapshot = args.snapshot;
    let interrupted = loop {
        tokio::select! {
            biased;
            _ = stages.producer.wait() => break false,
            () = stage.interrupt.requested() => break true,
            () = tokio::time::sleep(LOOK) => {
                let tree = look(system, &gauge);
                if std::mem::take(&mut shows_snapshot) {
                    stage.console.note(tree);
                }
            }
        }
    };

    // From the front to the end: whoever is before a stage has ended when that is told to finish.
    stages.producer.stop();
    stages.producer.wait().await;
    stages.middle.drain();
    stages.middle.wait().await;
    Ok(Seen {
        made: gauge.made(),
        most_alive: gauge.most_alive(),
        longest_queue: gauge.longest_queue(),
        arrivals: stages.collector.ask(CollectorMsg::SoFar).await?,
        interrupted,
    })
}

/// Sees the stages from outside, as a console would, and gives the tree as text.
fn look(system: &ActorSystem, gauge: &Gauge) -> String {
    let snapshot = system.snapshot();
    for name in ["middle", "collector"] {
        let stage = snapshot.find(name);
        gauge.saw_queue(stage.map_or(0, |stage| stage.mailbox_len));
    }
    snapshot.to_string()
}

/// What is wrong with what was seen.
fn faults(args: &Args, seen: &Seen) -> Vec<String> {
    let mut faults = seen.arrivals.faults().to_vec();
    let due = if seen.interrupted {
        seen.made
    } else {
        args.items
    };
    let (made, arrived) = (seen.made, seen.arrivals.count());
    if (made, arrived) != (due, due) {
        faults.push(format!(
            "{made} of {due} items were made, {arrived} arrived"
        ));
    }
    if seen.longest_queue > args.bound.into() {
        faults.push(format!("a queue was {} long", seen.longest_queue));
    }
    if seen.most_alive > args.alive_max() {
        faults.push(format!("{} items were in memory", seen.most_alive));
    }
    faults
}

fn outcome(args: &Args, seen: &Seen) -> Outcome {
    let faults = faults(args, seen);
    let held = faults.is_empty();
    let interrupted = seen.interrupted;
    let verdict = match (held, interrupted) {
        (false, _) => format!("BROKEN: {}", faults.join("; ")),
        (true, true) => "interrupted: every item that was made has arrived".to_owned(),
        (true, false) => "held: every item arrived once, in order, within the bound".to_owned(),
    };
    Outcome {
        held,
        interrupted,
        json: json!({
            "topology": ABOUT.name,
            "ok": held && !interrupted,
            "items": seen.made,
            "arrived": seen.arrivals.count(),
            "bound": args.bound,
            "longest_queue": seen.longest_queue,
            "most_alive": seen.most_alive,
            "alive_max": args.alive_max(),
            "faults": faults,
        }),
        summary: vec![
            format!(
                "{} made, {} arrived",
                counted(seen.made, "item"),
                seen.arrivals.count()
            ),
            format!(
                "the longest queue was {} of {}; at most {} of {} items were in memory at once",
                seen.longest_queue,
                args.bound,
                seen.most_alive,
                args.alive_max()
            ),
            verdict,
        ],
    }
}

#[cfg(test)]
mod tests;
