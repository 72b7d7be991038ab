//! One round: pools of every kind come to be, are fed and troubled at once, and end while all that goes on.
//!
//! Called by `run` again and again. Everything in it has a deadline; what is not over by then is named and left behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actor_core::{ActorSystem, Fate};
use actor_pool::{Pool, PoolBuilder, ShutdownMode, WorkerKind, WorkerStatus};
use actor_remote::Node;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::feed::Feeder;
use super::jobs::{ARGUMENT_MAX, RESULT_MAX, TIME_MAX};
use super::ledger::{Account, Ledger};
use super::maps;
use super::script::{Dice, Ending};
use super::trouble;
use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::worker_program;

/// How long a process has nothing to do before it ends.
const IDLE_MAX: Duration = Duration::from_millis(20);
/// After how many jobs a worker of the mixed pool is replaced.
const JOBS_MAX: u64 = 25;
/// How many jobs wait in a pool before submitters do.
const CAPACITY: usize = 32;
/// How long a pool may take to end. Its jobs take a quarter of a second each at most.
const LEAVE: Duration = Duration::from_secs(20);
/// The same for pools that are cut off.
const AT_ONCE: Duration = Duration::from_millis(30);
/// How long the start of pools, or what is left when a pool has ended, may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What happened in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) kills: u64,
    pub(super) stops: u64,
    pub(super) restarts: u64,
    pub(super) cancels: u64,
    pub(super) aborts: u64,
}

/// What everybody in a round writes to.
#[derive(Debug)]
pub(super) struct Shared {
    ledger: Mutex<Ledger>,
    tally: Mutex<Tally>,
    /// The file in which jobs note that they begin.
    pub(super) notes: PathBuf,
}

impl Shared {
    pub(super) fn ledger<T>(&self, write: impl FnOnce(&mut Ledger) -> T) -> T {
        write(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn tally<T>(&self, count: impl FnOnce(&mut Tally) -> T) -> T {
        count(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What to play.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) number: u64,
    pub(super) dice: Dice,
    pub(super) ending: Ending,
    /// How long jobs are handed in.
    pub(super) span: Duration,
}

/// What came of a round.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) account: Account,
    pub(super) tally: Tally,
    /// What was not over by its deadline.
    pub(super) hung: Vec<String>,
}

struct Fleet {
    system: ActorSystem,
    pools: Vec<(&'static str, Pool)>,
}

/// The one that takes async closures.
const TASKS: &str = "tasks";

/// The pools that a round has: which workers run, with how many.
const POOLS: [(&str, usize, usize, usize); 4] = [
    (TASKS, 2, 0, 0),
    ("threads", 0, 2, 0),
    ("processes", 0, 0, 3),
    ("mixed", 0, 1, 2),
];

/// Plays one round.
///
/// # Errors
/// If a pool cannot be started, or the file for notes cannot be written.
pub(super) async fn play(
    mut plan: Plan,
    interrupt: &Interrupt,
    live: &(dyn Fn(Tally, usize) + Sync),
) -> Result<Played, Failure> {
    let name = format!("actors-chaos-{}-{}", std::process::id(), plan.number);
    let notes = std::env::temp_dir().join(name);
    fs::write(&notes, "").map_err(|error| Failure::machinery("writing a file for notes", error))?;
    let shared = Arc::new(Shared {
        ledger: Mutex::default(),
        tally: Mutex::default(),
        notes,
    });
    let played = play_with(&mut plan, &shared, interrupt, live).await;
    // What they began is in it, and they are gone.
    let begun = read_notes(&shared.notes);
    let _kept = fs::remove_file(&shared.notes);
    let hung = played?;
    begun?
        .into_iter()
        .for_each(|job| shared.ledger(|ledger| ledger.begin(job)));
    let ledger = shared.ledger(std::mem::take);
    Ok(Played {
        account: ledger.close(),
        tally: shared.tally(|tally| *tally),
        hung,
    })
}

async fn play_with(
    plan: &mut Plan,
    shared: &Arc<Shared>,
    interrupt: &Interrupt,
    live: &(dyn Fn(Tally, usize) + Sync),
) -> Result<Vec<String>, Failure> {
    let fleet = timeout(PATIENCE, start())
        .await
        .map_err(|late| Failure::machinery("starting the pools", late))??;
    let mut feeding = JoinSet::new();
    let mut troubling = JoinSet::new();
    for (place, (name, pool)) in (0..).zip(&fleet.pools) {
        // A number of its own for each job of a run.
        let first = (plan.number * POOLS.len() as u64 + place) << 32;
        let feeder = Feeder::new(name, pool.clone(), first, plan.dice.split(), shared);
        feeding.spawn(feeder.feed());
        if *name != TASKS {
            // Far behind the numbers of the feeder.
            let first = first + (1 << 31);
            let (pool, dice) = (pool.clone(), plan.dice.split());
            feeding.spawn(maps::feed(name, pool, first, dice, Arc::clone(shared)));
        }
        if pool.workers().iter().any(is_process) {
            let (pool, dice, shared) = (pool.clone(), plan.dice.split(), Arc::clone(shared));
            troubling.spawn(async move { trouble::make(pool, dice, &shared).await });
        }
    }
    let watching = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            live(
                shared.tally(|tally| *tally),
                shared.ledger(|ledger| ledger.len()),
            );
        }
    };
    tokio::select! {
        () = watching => {}
        () = tokio::time::sleep(plan.span) => {}
        () = interrupt.requested() => {}
    }
    let mut hung = end(plan.ending, &fleet).await;
    let restarts = fleet.pools.iter().flat_map(|(_, pool)| pool.workers());
    let restarts: u64 = restarts.map(|worker| u64::from(worker.restarts)).sum();
    shared.tally(|tally| tally.restarts += restarts);
    drop(troubling);
    let fed = timeout(PATIENCE, async {
        while feeding.join_next().await.is_some() {}
    })
    .await;
    if fed.is_err() {
        hung.push("jobs of a pool that has ended have no outcome".to_owned());
    }
    Ok(hung)
}

async fn start() -> Result<Fleet, Failure> {
    let system = ActorSystem::new("chaos");
    let node = Node::new(worker_program::registry());
    let jobs = worker_program::jobs();
    let mut pools = Vec::new();
    for (name, tasks, threads, processes) in POOLS {
        let builder: PoolBuilder = Pool::builder().name(name).tasks(tasks).threads(threads);
        let builder = match processes {
            0 => builder,
            _ => builder
                .processes(processes, &node, &jobs)
                .argument_max(ARGUMENT_MAX)
                .result_max(RESULT_MAX)
                .time_limit(TIME_MAX)
                // One worker of the others comes when there is work, and goes when there is none.
                .pre_start(processes - 1)
                .idle_timeout(IDLE_MAX),
        };
        // Where both kinds are, they are replaced all the time.
        let builder = match threads * processes {
            0 => builder,
            _ => builder.max_jobs_per_worker(JOBS_MAX),
        };
        let started = builder.capacity(CAPACITY).start(&system).await;
        let pool = started.map_err(|error| Failure::machinery("starting a pool", error))?;
        pools.push((name, pool));
    }
    Ok(Fleet { system, pools })
}

fn is_process(worker: &WorkerStatus) -> bool {
    worker.kind == WorkerKind::Process
}

/// Ends the pools, and then the system. Returns what has not ended.
async fn end(ending: Ending, fleet: &Fleet) -> Vec<String> {
    let mut hung = Vec::new();
    if ending != Ending::System {
        let mut leaving = JoinSet::new();
        for (name, pool) in fleet.pools.clone() {
            let workers = pool.workers();
            let has_processes = workers.iter().all(is_process);
            let (mode, limit) = match ending {
                Ending::Cancel => (ShutdownMode::Cancel, LEAVE),
                Ending::Cut if has_processes => (ShutdownMode::Drain, AT_ONCE),
                _ => (ShutdownMode::Drain, LEAVE),
            };
            leaving.spawn(async move {
                let left = timeout(2 * LEAVE, pool.shutdown(mode, limit)).await;
                match left {
                    Ok(report) if report.is_clean() => None,
                    Ok(report) => Some(format!("{name}: stuck are {:?}", report.abandoned)),
                    Err(_) => Some(format!(
                        "{name}: its shutdown ({mode:?}) did not end: {pool:?}"
                    )),
                }
            });
        }
        hung.extend(leaving.join_all().await.into_iter().flatten());
    }
    let limit = if hung.is_empty() {
        LEAVE
    } else {
        Duration::ZERO
    };
    match timeout(2 * LEAVE, fleet.system.shutdown(limit)).await {
        // A process that is frozen cannot leave by itself: it is killed.
        Ok(report) if report.casualties.iter().all(|one| one.fate == Fate::Killed) => {}
        Ok(report) => hung.push(format!("the system did not end in time: {report:?}")),
        Err(_) => hung.push("the shutdown of the system did not end".to_owned()),
    }
    hung
}

/// The jobs that began, each as often as it did.
fn read_notes(notes: &Path) -> Result<Vec<u64>, Failure> {
    let text = fs::read_to_string(notes)
        .map_err(|error| Failure::machinery("reading the file for notes", error))?;
    let jobs = text.lines().map(str::parse);
    jobs.collect::<Result<_, _>>()
        .map_err(|error| Failure::machinery("reading the file for notes", error))
}
