//! Spreads the list over the workers.
//!
//! STAND-IN: works through the list on one thread of this process. The pool goes here: `check` becomes a registered job,
//! the crew its workers, and `restarts`, `worker` and `pid` come from it. Nothing outside this file knows the difference.

use std::time::{Duration, Instant};

use super::Plan;
use super::arithmetic::{PrimeAnswer, check, dispatch_order};
use crate::exit::Failure;
use crate::topology::Stage;

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
    let mut gathered = Gathered::default();

    for item in dispatch_order(&plan.numbers) {
        if stage.interrupt.is_requested() {
            gathered.not_begun += 1;
            continue;
        }
        let number = plan.numbers[item];
        let found = tokio::task::spawn_blocking(move || check(number))
            .await
            .map_err(|error| Failure::machinery("checking a number", error))?;
        let answer = Answer {
            item,
            worker: "stand-in".to_owned(),
            found,
        };
        on_answer(&answer);
        gathered.answers.push(answer);
        gathered.elapsed = begin.elapsed();
    }
    Ok(gathered)
}
