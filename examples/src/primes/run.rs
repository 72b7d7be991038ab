//! Spreads the list over the workers, and kills one of them if that is asked for.

use std::time::Duration;

use actor_pool::Job;
use tokio::time::Instant;

use super::Plan;
use super::arithmetic::{PrimeAnswer, check, dispatch_order, span};
use crate::exit::Failure;
use crate::fleet::{Fleet, Work};
use crate::topology::Stage;

/// The work of a worker.
pub(crate) const CHECK: Job<u64, PrimeAnswer> = Job::new("examples.primes.check/v1", check);

/// The same for a fleet.
const WORK: Work<u64, PrimeAnswer> = Work {
    job: &CHECK,
    function: check,
    span: |number| span(*number),
};

/// An answer and where it came from.
#[derive(Debug)]
pub(super) struct Answer {
    /// Which item of the list it answers.
    pub(super) item: usize,
    /// The name of the worker.
    pub(super) worker: String,
    /// What the worker found.
    pub(super) found: PrimeAnswer,
}

/// Everything that came back from the workers.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The answers in the order in which they came.
    pub(super) answers: Vec<Answer>,
    /// Items whose job failed, with the pool's error.
    pub(super) failures: Vec<(usize, String)>,
    /// Items that were never begun, because Ctrl-C came first.
    pub(super) not_begun: usize,
    /// From before the first worker was started to the last answer.
    pub(super) elapsed: Duration,
    /// Workers that were started again.
    pub(super) restarts: u64,
    /// The process that `--kill-worker` killed; `None` if no worker was caught at work.
    pub(super) killed: Option<u32>,
}

/// Lets the workers check every number, largest first; `on_answer` sees each answer as it comes.
///
/// After Ctrl-C nothing more is begun and what is in hand is finished. The workers are gone when this returns.
///
/// # Errors
/// If the workers cannot be started.
pub(super) async fn spread(
    plan: &Plan,
    stage: &Stage,
    mut on_answer: impl FnMut(&Answer),
) -> Result<Gathered, Failure> {
    let begin = Instant::now();
    let fleet = Fleet::start("primes", plan.crew, stage).await?;
    let mut gathered = Gathered::default();

    let order = dispatch_order(&plan.numbers);
    let items = order.into_iter().map(|item| (item, plan.numbers[item]));
    let spreading = fleet.spread(&WORK, items, &stage.interrupt, |item, outcome| {
        match outcome {
            Ok(mut done) => {
                if stage.is_simulated {
                    done.value.seconds = span(done.value.number).as_secs_f64();
                }
                let answer = Answer {
                    item,
                    worker: done.worker.name.to_string(),
                    found: done.value,
                };
                on_answer(&answer);
                gathered.answers.push(answer);
            }
            Err(error) => gathered.failures.push((item, error.to_string())),
        }
        gathered.elapsed = begin.elapsed();
    });
    let (not_begun, killed) = if plan.kill_worker {
        let mut spreading = std::pin::pin!(spreading);
        tokio::select! { biased;
            // Everything was done before anybody was caught at work.
            not_begun = &mut spreading => (not_begun, None),
            killed = fleet.kill_one_at_work() => (spreading.await, Some(killed)),
        }
    } else {
        (spreading.await, None)
    };
    gathered.not_begun = not_begun;
    gathered.killed = killed;
    gathered.restarts = fleet.restarts();
    fleet.close().await;
    Ok(gathered)
}
