//! What is promised of pools and routers.

mod changes;
mod routers;

use std::collections::BTreeMap;

use actor_core::prelude::*;
use actor_core::{ChildBuilder, ChildSpec};
use actor_pool::{Router, RouterBuilder, RoutingPolicy, WorkerId};
use tests::soon;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

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
