//! The worker's side: the root actor of a worker process. It starts the thread that runs the jobs, and says which of them will not be begun
//! when the pool takes them back; so a job that computes for long does not hold the link up.

use std::sync::Arc;

use actor_core::{Actor, ActorResult, BoxError, Context};
use actor_remote::RegistryBuilder;
use actor_remote::side::take_side_channel;

use super::runner::{self, Turns};
use super::wire::{Answer, WORKER, WorkerArgs, WorkerMsg};
use crate::task::Encoded;
use crate::{JobError, Jobs, Payload};

/// A panic message longer than this is cut: the answer must fit into a frame.
const TEXT_MAX: usize = 16 * 1024;

struct Worker {
    jobs: Jobs,
    args: WorkerArgs,
    turns: Arc<Turns>,
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
        registry.factory(WORKER, move |args: WorkerArgs| Worker {
            jobs: jobs.clone(),
            args,
            turns: Arc::default(),
        })
    }
}

impl Actor for Worker {
    type Msg = WorkerMsg;

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        let channel = take_side_channel().ok_or_else(|| {
            BoxError::from("a worker of a pool was started without its job socket")
        })?;
        runner::start(
            channel,
            self.jobs.clone(),
            self.args,
            Arc::clone(&self.turns),
        )?;
        Ok(())
    }

    async fn handle(&mut self, msg: WorkerMsg, _ctx: &mut Context<Self>) -> ActorResult {
        let WorkerMsg::TakeBack(upto, reply) = msg;
        reply.send(self.turns.take_back(upto));
        Ok(())
    }
}

/// Runs a job: its encoded result, or why there is none.
pub(super) fn run(jobs: &Jobs, limit: u64, job: &str, argument: &[u8]) -> Result<Encoded, Answer> {
    match jobs.run(job, argument) {
        Ok(result) if result.len() as u64 > limit => Err(Answer::ResultTooLarge {
            bytes: result.len() as u64,
            limit,
        }),
        Ok(result) => Ok(result),
        Err(error) => Err(answer(error)),
    }
}

fn answer(error: JobError) -> Answer {
    match error {
        JobError::Panicked { text, location } => Answer::Panicked {
            text: cut(text),
            location,
        },
        JobError::Codec {
            payload: Payload::Argument,
            text,
        } => Answer::BadArgument(cut(text)),
        JobError::Codec { text, .. } => Answer::BadResult(cut(text)),
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
