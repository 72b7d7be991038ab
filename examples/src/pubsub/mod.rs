//! `pubsub`: one topic, readers of different pace, and a group that tells when all are done.
//!
//! | file        | what is in it                                          |
//! |-------------|--------------------------------------------------------|
//! | `actors.rs` | the publisher and the readers                          |
//! | `tally.rs`  | what a reader has heard, and whether it is as promised |

mod actors;
mod tally;

use std::time::Duration;

use actor_core::prelude::{ActorRef, ActorSystem, BoxError, Group};
use actor_core::{GroupEvent, GroupWatcher, Mailbox};
use serde_json::json;

use self::actors::{Publisher, Reader, ReaderMsg};
use self::tally::Tally;
use crate::exit::Failure;
use crate::topology::{About, Outcome, Stage, counted};

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "pubsub",
    summary: "One topic, quick readers and a slow one; a group tells when all are done",
    shows: "\
Topics and groups. A publisher publishes numbers to a topic without ever waiting.
Each reader has a bound of its own: what does not fit is missed, and the reader is
told how many numbers are missing, in their place. The last reader is slow, which
costs nobody else anything.

The readers join a group, and leave it when they have accounted for every number.
Whoever watches the group hears of it, and knows when the last one has left.",
    drawing: "\
system
|-- publisher   publishes the numbers to the topic `numbers`, then stops
|-- reader 1    subscribes to the topic, is in the group `readers`
`-- reader N    likewise, and takes --pause-ms for each number",
    invariant: "\
Each reader hears every number or is told that it missed it: in order, each once,
and every gap in its place.",
    at_interrupt: "stopping the publisher",
};

/// How long the readers may take beyond their pauses before they count as stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// What may wait in the mailbox of a reader, besides the bound of its subscription.
const MAILBOX: usize = 4;

/// Its parameters.
#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Args {
    /// How many readers there are, 1 to 1000; the last one is slow
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    readers: u16,

    /// How many numbers are published
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..))]
    items: u64,

    /// How many numbers may wait for a reader before it misses some
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    bound: u16,

    /// How long the slow reader takes for a number, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pause_ms: u32,
}

impl Args {
    fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms.into())
    }

    /// The most that the slow reader can need, were it never to miss anything.
    fn patience(&self) -> Duration {
        let items = u32::try_from(self.items).unwrap_or(u32::MAX);
        // A pause is at least as long as it says, and often a little longer.
        self.pause()
            .saturating_mul(items)
            .saturating_mul(2)
            .saturating_add(PATIENCE)
    }
}

/// Runs it: waits until the last reader has left the group, or for Ctrl-C.
///
/// # Errors
/// If an actor cannot be started, or does not answer.
pub(crate) async fn run(args: Args, stage: &Stage) -> Result<Outcome, Failure> {
    let system = ActorSystem::new(ABOUT.name);
    let read = read(&system, &args, stage).await;
    system.shutdown(Duration::from_secs(5)).await;
    let (tallies, interrupted) =
        read.map_err(|error| Failure::machinery("reading the numbers", error))?;
    Ok(outcome(&args, &tallies, interrupted))
}

/// What each reader has heard at the end, and whether Ctrl-C made that end.
async fn read(
    system: &ActorSystem,
    args: &Args,
    stage: &Stage,
) -> Result<(Vec<Tally>, bool), BoxError> {
    let (numbers, group) = (system.topic("numbers")?, system.group("readers")?);
    let mut readers = Vec::new();
    for number in 1..=args.readers {
        let reader = Reader::new(args, number == args.readers, &numbers, &group);
        let mailbox = Mailbox::bounded(MAILBOX);
        readers.push(system.actor(reader).mailbox(mailbox).start().await?);
    }
    let mut watcher = group.watch();
    let publisher = system.spawn(Publisher {
        numbers,
        next: 0,
        items: args.items,
    });

    let interrupted = tokio::select! {
        biased;
        () = all_left(&group, &mut watcher) => false,
        () = stage.interrupt.requested() => true,
        () = tokio::time::sleep(args.patience()) => return Err("a reader is stuck".into()),
    };
    publisher.stop();
    Ok((ask_all(&readers, args).await?, interrupted))
}

/// Completes when the group is empty.
async fn all_left(group: &Group<ReaderMsg>, watcher: &mut GroupWatcher<ReaderMsg>) {
    while let Some(event) = watcher.recv().await {
        let may_be_empty = !matches!(event, GroupEvent::Joined(_));
        if may_be_empty && group.is_empty() {
            return;
        }
    }
}

async fn ask_all(readers: &[ActorRef<ReaderMsg>], args: &Args) -> Result<Vec<Tally>, BoxError> {
    let mut tallies = Vec::new();
    for reader in readers {
        // The slow one may have something in its mailbox still.
        let patience = PATIENCE.saturating_add(args.pause().saturating_mul(MAILBOX as u32 + 1));
        tallies.push(reader.ask_within(patience, ReaderMsg::SoFar).await?);
    }
    Ok(tallies)
}

fn outcome(args: &Args, tallies: &[Tally], interrupted: bool) -> Outcome {
    let mut faults = Vec::new();
    for (tally, number) in tallies.iter().zip(1..) {
        faults.extend(
            tally
                .faults()
                .iter()
                .map(|fault| format!("reader {number} heard {fault}")),
        );
        if !interrupted && tally.accounted() != args.items {
            let accounted = tally.accounted();
            faults.push(format!(
                "reader {number} accounted for {accounted} of {}",
                args.items
            ));
        }
    }
    let held = faults.is_empty();
    let heard: u64 = tallies.iter().map(Tally::heard).sum();
    let missed: u64 = tallies.iter().map(Tally::missed).sum();
    let slow = tallies.last().map_or(0, Tally::missed);
    let total = format!(
        "{}: {} heard, {missed} missed, {slow} of these by the slow one",
        counted(args.readers.into(), "reader"),
        counted(heard, "number"),
    );
    let verdict = match (held, interrupted) {
        (false, _) => format!("BROKEN: {}", faults.join("; ")),
        (true, true) => "interrupted: the rest was not published".to_owned(),
        (true, false) => "held: every number was heard, or told as missed in its place".to_owned(),
    };
    Outcome {
        held,
        interrupted,
        json: json!({
            "topology": ABOUT.name,
            "ok": held && !interrupted,
            "readers": args.readers,
            "items": args.items,
            "heard": heard,
            "missed": missed,
            "missed_by_slow": slow,
            "faults": faults,
        }),
        summary: vec![total, verdict],
    }
}
