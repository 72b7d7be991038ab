//! The worker's side: the root actor of a worker process. It starts the thread that runs the jobs, and says which of them will not be begun
//! when the pool takes them back; so a job that computes for long does not hold the link up.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use actor_core::{Actor, ActorRef, ActorResult, BoxError, Context};
use actor_remote::RegistryBuilder;
use actor_remote::side::take_side_channel;

use super::runner::{self, Turns};
use super::wire::{Answer, TOLD, Told, WORKER, WorkerArgs, WorkerMsg};
use crate::jobs::{Aside, Listed};
use crate::progress::Reporter;
use crate::{JobError, Jobs, Payload};

/// A panic message longer than this is cut: the answer must fit into a frame.
const TEXT_MAX: usize = 16 * 1024;

struct Worker {
    jobs: Jobs,
    args: WorkerArgs,
    turns: Arc<Turns>,
    news: Arc<News>,
}

/// The way of progress to the pool. Jobs and the listener come by different ways, so a job may have something to say before it is known to
/// whom: the latest of that is kept.
#[derive(Default)]
struct News {
    listener: OnceLock<ActorRef<Told>>,
    early: Mutex<Option<Told>>,
}

impl News {
    fn early(&self) -> MutexGuard<'_, Option<Told>> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, told: Told) {
        let mut early = self.early();
        match self.listener.get() {
            // It is news, not a result: what finds no room is not worth waiting for.
            Some(listener) => drop(listener.try_send(told)),
            None => *early = Some(told),
        }
    }

    fn handle_listener(&self, listener: ActorRef<Told>) {
        let mut early = self.early();
        if let Some(told) = early.take() {
            drop(listener.try_send(told));
        }
        drop(self.listener.set(listener));
    }
}

impl Worker {
    fn reporter(&self) -> Arc<Reporter> {
        let news = Arc::clone(&self.news);
        Arc::new(Reporter::Far(Box::new(move |key, progress| {
            news.tell(Told(key, progress));
        })))
    }
}

impl Jobs {
    /// Enables worker processes of this program to run these jobs. Give the registry to [`actor_remote::init`] at the top of `main`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use actor_pool::{Job, Jobs, Pool};
    /// use actor_remote::{Node, Registry};
    ///
    /// const DOUBLE: Job<u64, u64> = Job::new("example.double/v1", |number| number * 2);
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), actor_core::BoxError> {
    ///     let jobs = Jobs::builder().job(DOUBLE).build()?;
    ///     let registry = jobs.register(Registry::builder()).build()?;
    ///     actor_remote::init(&registry);
    ///
    ///     let system = actor_core::ActorSystem::new("demo");
    ///     let node = Node::new(registry);
    ///     let pool = Pool::builder().processes(2, &node, &jobs).start(&system).await?;
    ///     assert_eq!(pool.submit(&DOUBLE, 21).await?.await?, 42);
    ///     Ok(())
    /// }
    /// ```
    pub fn register(&self, registry: RegistryBuilder) -> RegistryBuilder {
        let jobs = self.clone();
        registry
            .message::<Told>(TOLD)
            .factory(WORKER, move |args: WorkerArgs| Worker {
                jobs: jobs.clone(),
                args,
                turns: Arc::default(),
                news: Arc::default(),
            })
    }
}

impl Actor for Worker {
    type Msg = WorkerMsg;

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        let channel = take_side_channel().ok_or_else(|| {
            BoxError::from("a worker of a pool was started without its job socket")
        })?;
        let ready = runner::start(
            channel,
            self.jobs.clone(),
            self.args.clone(),
            Arc::clone(&self.turns),
            self.reporter(),
        )?;
        // The initializer runs on the thread of the jobs. Without one that thread may come up while the pool already hears of the start.
        if self.jobs.initializer_of_workers().is_some() {
            ready.await??;
        }
        Ok(())
    }

    async fn handle(&mut self, msg: WorkerMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            WorkerMsg::Hello(listener) => self.news.handle_listener(listener),
            WorkerMsg::TakeBack(upto, reply) => reply.send(self.turns.take_back(upto)),
        }
        Ok(())
    }
}

/// The job of this name, or that there is none.
pub(super) fn find<'a>(jobs: &'a Jobs, job: &str) -> Result<&'a Listed, Answer> {
    jobs.find(job).map_err(answer)
}

/// Runs a job, and appends its encoded result; or says why there is none.
pub(super) fn run(
    job: &Listed,
    limit: u64,
    argument: &[u8],
    mut aside: Aside<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Answer> {
    let before = out.len();
    job.run(argument, aside.as_deref_mut(), out)
        .map_err(answer)?;
    let blobs = aside.iter().flat_map(|aside| aside.iter());
    let bytes = (out.len() - before) as u64 + blobs.map(|blob| blob.len() as u64).sum::<u64>();
    if bytes > limit {
        out.truncate(before);
        return Err(Answer::ResultTooLarge { bytes, limit });
    }
    Ok(())
}

fn answer(error: JobError) -> Answer {
    match error {
        JobError::Panicked(panic) => Answer::Panicked {
            text: cut(panic.text),
            location: panic.location,
        },
        JobError::Codec {
            payload: Payload::Argument,
            text,
        } => Answer::BadArgument(cut(text.into())),
        JobError::Codec { text, .. } => Answer::BadResult(cut(text.into())),
        JobError::Unknown { .. } => Answer::Unknown,
        other => Answer::BadResult(cut(other.to_string())),
    }
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT_MAX {
        let end = (0..=TEXT_MAX)
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
