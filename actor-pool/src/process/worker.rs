//! The worker's side: the root actor of a worker process. It runs one job after the other on a thread of its own, so that a job that
//! computes for long does not hold the link up.

use actor_core::{Actor, ActorResult, Context};
use actor_remote::RegistryBuilder;

use super::wire::{Answer, Bytes, WORKER, WorkerArgs, WorkerMsg};
use crate::{JobError, Jobs, Payload};

/// A panic message longer than this is cut: the answer must fit into a frame.
const TEXT_MAX: usize = 16 * 1024;

struct Worker {
    jobs: Jobs,
    args: WorkerArgs,
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
        registry.factory_on_thread(WORKER, move |args: WorkerArgs| Worker {
            jobs: jobs.clone(),
            args,
        })
    }
}

impl Actor for Worker {
    type Msg = WorkerMsg;

    async fn handle(&mut self, msg: WorkerMsg, _ctx: &mut Context<Self>) -> ActorResult {
        let WorkerMsg::Run(job, argument, reply) = msg;
        reply.send(self.run(&job, &argument.0));
        Ok(())
    }
}

impl Worker {
    fn run(&self, job: &str, argument: &[u8]) -> Answer {
        match self.jobs.run(job, argument) {
            Ok(result) if result.len() as u64 > self.args.result_max => Answer::ResultTooLarge {
                bytes: result.len() as u64,
                limit: self.args.result_max,
            },
            Ok(result) => Answer::Done(Bytes(result)),
            Err(JobError::Panicked { text, location }) => Answer::Panicked {
                text: cut(text),
                location,
            },
            Err(JobError::Codec {
                payload: Payload::Argument,
                text,
            }) => Answer::BadArgument(cut(text)),
            Err(JobError::Unknown { .. }) => Answer::Unknown,
            Err(other) => Answer::BadResult(cut(match other {
                JobError::Codec { text, .. } => text,
                other => other.to_string(),
            })),
        }
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
