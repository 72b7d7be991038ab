//! What is promised of pools and routers. What concerns processes is among the tests of `actor-pool`.
//!
//! | file | what is in it |
//! |---|---|
//! | `routers.rs`, `changes.rs` | routers, and workers that come and go |
//! | `kinds.rs` | which job runs where |
//! | `terms.rs` | priorities, time, retries, keys, rates, what there is no room for |
//! | `handles.rs` | aborts, progress, callbacks, waiting for several |
//! | `maps.rs` | chunks, streams, tuples |
//! | `workers.rs` | initializers, state, replacement, the end, figures |

mod changes;
mod handles;
mod kinds;
mod maps;
mod routers;
mod terms;
mod workers;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actor_core::prelude::*;
use actor_core::{ChildBuilder, ChildSpec};
use actor_pool::{
    Job, JobHandle, Pool, PoolBuilder, Router, RouterBuilder, RoutingPolicy, WorkerId,
};
use tests::soon;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// What a worker is sent: a key, and what to do.
pub(crate) enum Task {
    /// It tells key and number.
    Note(u64, u64),
    /// It answers with its number.
    Who(u64, Reply<u32>),
    /// It says that it began, and waits until the other end is dropped.
    Hold(
        u64,
        tokio::sync::oneshot::Sender<u32>,
        tokio::sync::oneshot::Receiver<()>,
    ),
    /// It fails.
    Fail(u64),
    /// It ends.
    Stop(u64),
    /// It asks this router, and tells how that failed.
    AskBack(ActorRef<Task>, Reply<Option<AskError>>),
}

impl Task {
    pub(crate) fn key(&self) -> u64 {
        match self {
            Task::Note(key, _)
            | Task::Who(key, _)
            | Task::Hold(key, ..)
            | Task::Fail(key)
            | Task::Stop(key) => *key,
            Task::AskBack(..) => 0,
        }
    }
}

/// Worker, key, number.
pub(crate) type Noted = (u32, u64, u64);

pub(crate) struct Worker {
    number: u32,
    notes: UnboundedSender<Noted>,
}

impl Actor for Worker {
    type Msg = Task;

    async fn handle(&mut self, task: Task, ctx: &mut Context<Self>) -> ActorResult {
        match task {
            Task::Note(key, number) => drop(self.notes.send((self.number, key, number))),
            Task::Who(_, reply) => reply.send(self.number),
            Task::Hold(_, began, opened) => {
                began.send(self.number).ok();
                opened.await.ok();
            }
            Task::Fail(_) => return Err("told to fail".into()),
            Task::Stop(_) => ctx.stop(),
            Task::AskBack(router, reply) => {
                reply.send(router.ask(|reply| Task::Who(0, reply)).await.err());
            }
        }
        Ok(())
    }
}

/// What makes workers: threads for even numbers if `mixed`, else tasks.
pub(crate) fn make(
    mixed: bool,
    mailbox: Mailbox,
    notes: UnboundedSender<Noted>,
) -> impl FnMut(WorkerId) -> ChildBuilder<Task> {
    move |id| {
        let (number, notes) = (id.number(), notes.clone());
        let child = ChildSpec::new(id, move || Worker {
            number,
            notes: notes.clone(),
        });
        let is_thread = mixed && number.is_multiple_of(2);
        let placement = if is_thread {
            Placement::Thread
        } else {
            Placement::Task
        };
        child.placement(placement).mailbox(mailbox)
    }
}

pub(crate) fn builder(
    policy: RoutingPolicy<Task>,
    mailbox: Mailbox,
) -> (RouterBuilder<Task>, UnboundedReceiver<Noted>) {
    let (notes, noted) = unbounded_channel();
    (Router::builder(policy, make(true, mailbox, notes)), noted)
}

/// Tasks only, for a paused clock.
pub(crate) fn tasks(
    policy: RoutingPolicy<Task>,
    mailbox: Mailbox,
) -> (RouterBuilder<Task>, UnboundedReceiver<Noted>) {
    let (notes, noted) = unbounded_channel();
    (Router::builder(policy, make(false, mailbox, notes)), noted)
}

/// Policies that send a message to one worker.
pub(crate) fn to_one() -> Vec<RoutingPolicy<Task>> {
    vec![
        RoutingPolicy::round_robin(),
        RoutingPolicy::random(),
        RoutingPolicy::least_loaded(),
        RoutingPolicy::consistent_hash(Task::key),
        RoutingPolicy::shared_queue(),
    ]
}

/// The next so many notes, by worker.
pub(crate) async fn by_worker(
    noted: &mut UnboundedReceiver<Noted>,
    count: usize,
) -> BTreeMap<u32, Vec<(u64, u64)>> {
    let mut by_worker: BTreeMap<u32, Vec<(u64, u64)>> = BTreeMap::new();
    for _ in 0..count {
        let (worker, key, number) = soon("a note", noted.recv()).await.unwrap();
        by_worker.entry(worker).or_default().push((key, number));
    }
    by_worker
}

/// A worker that is busy until this is dropped.
pub(crate) struct Busy {
    pub(crate) worker: u32,
    _open: tokio::sync::oneshot::Sender<()>,
}

/// Sends a message that keeps a worker busy, and waits until one is.
pub(crate) async fn keep_busy(router: &ActorRef<Task>, key: u64) -> Busy {
    let (began, begun) = tokio::sync::oneshot::channel();
    let (open, opened) = tokio::sync::oneshot::channel();
    router.send(Task::Hold(key, began, opened)).await.unwrap();
    let worker = soon("a worker begins", begun).await.unwrap();
    Busy {
        worker,
        _open: open,
    }
}

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

impl Worker {
    /// One whose notes nobody reads.
    pub(crate) fn silent(notes: UnboundedSender<Noted>) -> Self {
        Worker { number: 0, notes }
    }
}

const SQUARE: Job<u64, u64> = Job::new("test.square/v1", |number| number * number);
const PICKY: Job<u64, u64> = Job::new("test.picky/v1", |number| {
    assert_ne!(number, 3, "three is right out");
    number
});

async fn start(builder: PoolBuilder) -> (ActorSystem, Pool) {
    let system = ActorSystem::new("test");
    let pool = builder.start(&system).await.unwrap();
    (system, pool)
}

/// Keeps a task busy until it is opened.
struct Gate {
    open: oneshot::Sender<()>,
    job: JobHandle<()>,
}

impl Gate {
    async fn set_up(pool: &Pool) -> Self {
        let (open, opened) = oneshot::channel();
        let (enter, entered) = oneshot::channel();
        let wait = move || async move {
            enter.send(()).unwrap();
            opened.await.unwrap();
        };
        let job = pool.submit_async(wait).await.unwrap();
        entered.await.unwrap();
        Gate { open, job }
    }

    async fn open(self) {
        self.open.send(()).unwrap();
        self.job.await.unwrap();
    }
}

/// Where jobs write down that they ran.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u64>>>);

impl Log {
    fn note(&self, number: u64) {
        self.0.lock().unwrap().push(number);
    }

    fn read(&self) -> Vec<u64> {
        self.0.lock().unwrap().clone()
    }

    /// An async closure that writes a number down.
    fn noting(&self, number: u64) -> impl FnOnce() -> std::future::Ready<()> + Send + 'static {
        let log = self.clone();
        move || {
            log.note(number);
            std::future::ready(())
        }
    }
}
