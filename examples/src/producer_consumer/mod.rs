//! `producer-consumer`: a bounded queue between several of both, and `join`, which completes when everything is done.
//!
//! | file         | what is in it                                       |
//! |--------------|-----------------------------------------------------|
//! | `queue.rs`   | the queue: room, handing out, `join`                |
//! | `workers.rs` | producers, consumers, and the ledger                |
//! | `judge.rs`   | whether all was done, once, when `join` completed   |

mod judge;
mod queue;
mod workers;

use std::convert::Infallible;
use std::time::Duration;

use actor_core::prelude::{
    ActorRef, ActorSystem, BoxError, ChildSpec, Strategy, Supervisor, SupervisorRef,
};
use serde_json::json;
use tokio::task::JoinSet;

use self::queue::{Handed, Queue, QueueMsg};
use self::workers::{
    Consumer, ConsumerMsg, Ledger, LedgerMsg, LedgerRef, PATIENCE, Producer, ProducerMsg,
};
use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::topology::{About, Outcome, Stage, counted};

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "producer-consumer",
    summary: "A bounded queue between producers and consumers, and a join that does not hang",
    shows: "\
What queue.Queue with put, task_done and join is here. Producers ask the queue to
put an item and get their answer when there is room. The queue asks a free consumer
to do an item; the answer is its task_done. Who asks to join gets the answer when
everything that was put is done.

Some consumers are killed in mid-work. An ask always resolves, so the queue hears of
it and hands the item out again, and a supervisor starts the consumer again. In
Python that item is never done, and join waits for ever.",
    drawing: "\
system
|-- producer 1 .. N     put --items each, and wait for room
|-- queue               room for --bound
|-- ledger              knows what was done
`-- supervisor
    `-- consumer 1 .. N   take --pause-ms for an item; --kills of them are killed",
    invariant: "\
At the moment when join completes, every item that was put was done, each once,
whoever was killed meanwhile.",
    at_interrupt: "putting no more items, waiting until those in the queue are done",
};

/// Items that a producer puts before it looks up.
const BATCH: u64 = 10;

/// Its parameters.
#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Args {
    /// How many producers there are, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    producers: u16,

    /// How many consumers there are, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    consumers: u16,

    /// How many items each producer puts
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    items: u64,

    /// How many items the queue has room for
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    bound: u16,

    /// How long a consumer takes for an item, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pause_ms: u32,

    /// How often a consumer is killed in mid-work
    #[arg(long, value_name = "N", default_value_t = 5)]
    kills: u16,
}

impl Args {
    fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms.into())
    }
}

/// What was seen of a whole run.
struct Seen {
    /// How many items each producer has put.
    put: Vec<(u64, u64)>,
    handed: Handed,
    /// The ledger, when `join` had completed.
    ledger: Vec<(u64, usize)>,
}

/// Runs it: until everything is done, or Ctrl-C and what is in the queue is done.
///
/// # Errors
/// If an actor cannot be started or does not answer.
pub(crate) async fn run(args: Args, stage: &Stage) -> Result<Outcome, Failure> {
    let system = ActorSystem::new(ABOUT.name);
    let seen = trade(&system, &args, &stage.interrupt).await;
    system.shutdown(Duration::from_secs(5)).await;
    let seen = seen.map_err(|error| Failure::machinery("putting and taking", error))?;
    Ok(outcome(&args, &seen))
}

async fn trade(system: &ActorSystem, args: &Args, interrupt: &Interrupt) -> Result<Seen, BoxError> {
    let ledger = system.spawn(Ledger::default());
    let (consumers, _supervisor) = start_consumers(system, args, &ledger).await?;
    let queue = system.spawn(Queue::new(args.bound.into(), consumers.clone()));
    let (put, handed) = tokio::select! {
        biased;
        done = put_and_join(system, args, &queue, interrupt) => done?,
        never = kill_some(&consumers, args) => match never {},
    };
    // What the consumers wrote was accepted before they answered, so it stands before this question.
    let ledger = ledger.lines().await?;
    Ok(Seen {
        put,
        handed,
        ledger,
    })
}

/// Consumers that are started again when they are killed.
async fn start_consumers(
    system: &ActorSystem,
    args: &Args,
    ledger: &ActorRef<LedgerMsg>,
) -> Result<(Vec<ActorRef<ConsumerMsg>>, SupervisorRef), BoxError> {
    let kills = u32::from(args.kills);
    let mut supervisor =
        Supervisor::builder(Strategy::OneForOne).intensity(kills, Duration::from_secs(3600));
    let mut consumers = Vec::new();
    for number in 0..args.consumers.into() {
        let (pause, ledger) = (args.pause(), ledger.clone());
        let (spec, consumer) = ChildSpec::new(format!("consumer-{number}"), move || Consumer {
            number,
            pause,
            ledger: ledger.clone(),
        })
        .build();
        supervisor = supervisor.child(spec);
        consumers.push(consumer);
    }
    Ok((consumers, supervisor.start(system).await?))
}

/// Python's `for producer in producers: producer.join()`, then `queue.join()`.
async fn put_and_join(
    system: &ActorSystem,
    args: &Args,
    queue: &ActorRef<QueueMsg>,
    interrupt: &Interrupt,
) -> Result<(Vec<(u64, u64)>, Handed), BoxError> {
    let mut producing = JoinSet::new();
    for number in 0..u64::from(args.producers) {
        let queue = queue.clone();
        let producer = system.spawn(Producer { queue });
        let first = number * args.items;
        producing.spawn(employ(producer, first, args.items, interrupt.clone()));
    }
    let mut put = Vec::new();
    while let Some(produced) = producing.join_next().await {
        put.push(produced??);
    }
    let handed = queue.ask_within(PATIENCE, QueueMsg::Join).await?;
    Ok((put, handed))
}

/// Lets a producer put its items, or those before Ctrl-C: the first, and how many.
async fn employ(
    producer: ActorRef<ProducerMsg>,
    first: u64,
    items: u64,
    interrupt: Interrupt,
) -> Result<(u64, u64), BoxError> {
    let mut put = 0;
    while put < items && !interrupt.is_requested() {
        let (next, count) = (first + put, BATCH.min(items - put));
        let produce = move |reply| ProducerMsg::Produce(next, count, reply);
        producer
            .ask_within(PATIENCE.saturating_mul(2), produce)
            .await?;
        put += count;
    }
    Ok((first, put))
}

/// Kills one consumer after the other, each somewhere in an item.
async fn kill_some(consumers: &[ActorRef<ConsumerMsg>], args: &Args) -> Infallible {
    let between = args.pause().saturating_mul(3) + Duration::from_millis(1);
    for victim in consumers.iter().cycle().take(args.kills.into()) {
        tokio::time::sleep(between).await;
        victim.kill();
    }
    std::future::pending().await
}

fn outcome(args: &Args, seen: &Seen) -> Outcome {
    let put: u64 = seen.put.iter().map(|(_, count)| count).sum();
    let items = seen.put.iter().flat_map(|&(first, put)| first..first + put);
    let faults = judge::faults(items, &seen.ledger);
    let held = faults.is_empty();
    let interrupted = put < u64::from(args.producers).saturating_mul(args.items);
    let verdict = match (held, interrupted) {
        (true, false) => "held: every item was done, once, when join completed".to_owned(),
        (true, true) => "interrupted: every item that was put is done".to_owned(),
        (false, _) => format!("BROKEN: {}", faults.join("; ")),
    };
    let mut busy: Vec<usize> = seen.ledger.iter().map(|&(_, consumer)| consumer).collect();
    busy.sort_unstable();
    busy.dedup();
    Outcome {
        held,
        interrupted,
        json: json!({
            "topology": ABOUT.name,
            "ok": held && !interrupted,
            "producers": args.producers,
            "consumers": args.consumers,
            "put": put,
            "done": seen.ledger.len(),
            "handed_out": seen.handed.out,
            "handed_out_again": seen.handed.again,
            "faults": faults,
        }),
        summary: vec![
            format!(
                "{} put {}, {} did {} of them",
                counted(args.producers.into(), "producer"),
                counted(put, "item"),
                counted(busy.len() as u64, "consumer"),
                seen.ledger.len(),
            ),
            format!(
                "{} handed out again, since a consumer was killed",
                counted(seen.handed.again, "item")
            ),
            verdict,
        ],
    }
}
