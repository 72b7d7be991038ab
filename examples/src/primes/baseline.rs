//! The same work in sequence: gives the right answers, and the time that the workers are compared with.

use std::time::Duration;

use tokio::time::Instant;

use super::arithmetic::{is_prime, span};
use crate::exit::Failure;
use crate::topology::Stage;

/// What the sequential pass found.
#[derive(Debug)]
pub(super) struct Baseline {
    /// Whether each number is prime, in the order of the input.
    pub(super) is_prime: Vec<bool>,
    /// How long all of them took.
    pub(super) elapsed: Duration,
}

/// Checks all numbers one after the other; `None` if Ctrl-C came before the end.
///
/// # Errors
/// If the pass itself panics, which would be a defect of the runner.
pub(super) async fn measure(numbers: &[u64], stage: &Stage) -> Result<Option<Baseline>, Failure> {
    let bar = stage.console.bar(numbers.len() as u64, "in sequence");
    let virtual_span = numbers.iter().map(|number| span(*number)).sum();
    let (numbers, interrupt, steps) = (numbers.to_vec(), stage.interrupt.clone(), bar.clone());

    // On a thread of its own: it computes for seconds, and the runtime has Ctrl-C to listen for.
    let pass = stage.aside(move || {
        let begin = Instant::now();
        let mut found = Vec::with_capacity(numbers.len());
        for number in numbers {
            if interrupt.is_requested() {
                return None;
            }
            found.push(is_prime(number));
            steps.inc(1);
        }
        Some(Baseline {
            is_prime: found,
            elapsed: begin.elapsed(),
        })
    });
    let baseline = pass
        .await
        .map_err(|error| Failure::machinery("checking the list in sequence", error));
    bar.finish_and_clear();
    let mut baseline = baseline?;
    if stage.is_simulated {
        baseline = baseline.map(|baseline| Baseline {
            elapsed: virtual_span,
            ..baseline
        });
    }
    Ok(baseline)
}
