//! `manager`: objects that live in a child process and are used from several others, as with Python's `multiprocessing.Manager`.
//!
//! | file         | what is in it                                                |
//! |--------------|--------------------------------------------------------------|
//! | `objects.rs` | the manager, the dictionary, the list and the counter        |
//! | `client.rs`  | who uses them, and keeps a record of it                      |
//! | `place.rs`   | starting all of them, here or in processes                   |
//! | `judge.rs`   | whether the objects hold what the clients did                |

mod client;
mod judge;
mod objects;
mod place;

use std::time::Duration;

use actor_core::prelude::{ActorRef, ActorSystem, BoxError};
use serde_json::{Value, json};
use tokio::task::JoinSet;

pub(crate) use self::client::{Client, ClientArgs, ClientMsg};
use self::client::{Deeds, Objects};
use self::judge::Found;
pub(crate) use self::objects::{CounterMsg, DictionaryMsg, ListMsg, Manager, ManagerMsg};
use self::objects::{CounterRef, DictionaryRef, ListRef, ManagerRef};
use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::topology::{About, Outcome, Stage, counted};

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "manager",
    summary: "A dictionary, a list and a counter in a child process, used from several others",
    shows: "\
What Python's multiprocessing.Manager and its proxies are here. A manager runs in
a child process and makes a dictionary, a list and a counter there: three actors,
whose references travel inside messages. Clients in this process and in others use
them as if they were near, and the first client is slow.

A method is one message, so an update is whole: nobody can read a counter, be
interrupted and write back what he read.",
    drawing: "\
system
|-- client 1      uses the objects, and takes --pause-ms for each operation
|-- client N      uses the objects
`-- supervisor
    |-- manager      in a child process
    |   |-- dictionary
    |   |-- list
    |   `-- counter
    `-- client N+1   uses the objects too, in a child process of its own",
    invariant: "\
What the clients did is what the objects hold: the counter the sum of all that was
added, the list every item once and those of one client in order, the dictionary
the last write of each key.",
    at_interrupt: "finishing the operations in hand",
};

/// Operations between two looks at Ctrl-C.
const BATCH: u64 = 50;

/// How long a batch may take beyond its pauses before a client counts as stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// Its parameters.
#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Args {
    /// How many clients run in this process, 1 to 64; the first one is slow
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    clients: u16,

    /// How many more clients have a process of their own, 0 to 16
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=16))]
    remote_clients: u16,

    /// How many operations each client does, 1 to 10000
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    operations: u64,

    /// How long the slow client takes for an operation, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pause_ms: u32,

    /// Start no process: everything is a task of this one, as it is in a simulation
    #[arg(long)]
    inside: bool,
}

impl Args {
    fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms.into())
    }

    /// Those of this process first.
    fn clients(&self) -> impl Iterator<Item = ClientArgs> {
        let slow = self.pause();
        (1..=self.clients + self.remote_clients).map(move |number| ClientArgs {
            number,
            pause: if number == 1 { slow } else { Duration::ZERO },
        })
    }
}

/// What was done, and what was found at the end.
struct Books {
    deeds: Vec<Deeds>,
    found: Found,
    manager_pid: u32,
}

/// Runs it: until every client has done its operations, or Ctrl-C.
///
/// # Errors
/// If a process cannot be started, or a client or an object does not answer.
pub(crate) async fn run(args: Args, stage: &Stage) -> Result<Outcome, Failure> {
    let system = ActorSystem::new(ABOUT.name);
    let is_inside = args.inside || stage.is_simulated;
    let books = use_objects(&system, &args, is_inside, &stage.interrupt).await;
    system.shutdown(Duration::from_secs(5)).await;
    let books = books.map_err(|error| Failure::machinery("using the objects", error))?;
    let mut outcome = outcome(&args, &books);
    if stage.is_simulated {
        // Which process it was is no matter of the seed.
        outcome.json["manager_pid"] = Value::Null;
    }
    Ok(outcome)
}

async fn use_objects(
    system: &ActorSystem,
    args: &Args,
    is_inside: bool,
    interrupt: &Interrupt,
) -> Result<Books, BoxError> {
    let crew = if is_inside {
        place::start_inside(system, args)
    } else {
        place::start_processes(system, args).await?
    };
    let manager = &crew.manager;
    let objects = Objects {
        dictionary: manager.dictionary().await?,
        list: manager.list().await?,
        counter: manager.counter().await?,
    };
    let mut working = JoinSet::new();
    for client in crew.clients {
        let (objects, interrupt) = (objects.clone(), interrupt.clone());
        working.spawn(employ(client, objects, args.clone(), interrupt));
    }
    let mut deeds = Vec::new();
    while let Some(done) = working.join_next().await {
        deeds.push(done??);
    }
    let found = Found {
        total: objects.counter.total().await?,
        items: objects.list.items().await?,
        entries: objects.dictionary.entries().await?,
    };
    Ok(Books {
        deeds,
        found,
        manager_pid: manager.pid().await?,
    })
}

/// Lets a client work until it has done its operations, or Ctrl-C.
async fn employ(
    client: ActorRef<ClientMsg>,
    objects: Objects,
    args: Args,
    interrupt: Interrupt,
) -> Result<Deeds, BoxError> {
    let mut deeds = Deeds::default();
    let mut first = 0;
    while first < args.operations && !interrupt.is_requested() {
        let count = BATCH.min(args.operations - first);
        let patience = args.pause().saturating_mul(2 * BATCH as u32) + PATIENCE;
        let objects = objects.clone();
        let work = client.ask_within(patience, move |reply| {
            ClientMsg::Work(objects, first, count, reply)
        });
        deeds.extend(work.await?);
        first += count;
    }
    Ok(deeds)
}

fn outcome(args: &Args, books: &Books) -> Outcome {
    let Books { deeds, found, .. } = books;
    let faults = judge::faults(deeds, found);
    let held = faults.is_empty();
    let clients = u64::from(args.clients + args.remote_clients);
    let done: u64 = deeds.iter().map(|deeds| deeds.appended.len() as u64).sum();
    let interrupted = done < clients * args.operations;
    let mut pids: Vec<u32> = deeds.iter().map(|deeds| deeds.pid).collect();
    pids.push(books.manager_pid);
    pids.sort_unstable();
    pids.dedup();
    let verdict = match (held, interrupted) {
        (true, false) => "held: what the clients did is what the objects hold".to_owned(),
        (true, true) => "interrupted: what was done so far is what the objects hold".to_owned(),
        (false, _) => format!("BROKEN: {}", faults.join("; ")),
    };
    Outcome {
        held,
        interrupted,
        json: json!({
            "topology": ABOUT.name,
            "ok": held && !interrupted,
            "clients": clients,
            "operations": done,
            "processes": pids.len(),
            "manager_pid": books.manager_pid,
            "counter": found.total,
            "list": found.items.len(),
            "keys": found.entries.len(),
            "faults": faults,
        }),
        summary: vec![
            format!(
                "{} did {} from {}; the objects live in process {}",
                counted(clients, "client"),
                counted(done, "operation"),
                counted_processes(pids.len()),
                books.manager_pid
            ),
            format!(
                "the counter holds {}, the list {}, the dictionary {}",
                found.total,
                counted(found.items.len() as u64, "item"),
                counted(found.entries.len() as u64, "key"),
            ),
            verdict,
        ],
    }
}

fn counted_processes(count: usize) -> String {
    match count {
        1 => "one process".to_owned(),
        count => format!("{count} processes"),
    }
}
