//! What `#[actor_test]` calls.

use std::fmt::Debug;
use std::future::Future;
use std::ops::Range;

use super::{Failure, Simulation, TestSystem};

/// What a test may return.
pub trait Verdict {
    /// Fails the test if it is a failure.
    fn pass(self);
}

impl Verdict for () {
    fn pass(self) {}
}

impl<E: Debug> Verdict for Result<(), E> {
    fn pass(self) {
        if let Err(error) = self {
            panic!("the test returned an error: {error:?}");
        }
    }
}

/// Runs a test once, or under each of these seeds.
#[track_caller]
pub fn run_test<F, Fut>(simulation: Simulation, seeds: Option<Range<u64>>, test: F)
where
    F: Fn(TestSystem) -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let test = &test;
    let body = move |system| async move { test(system).await.pass() };
    let failure: Option<Box<Failure>> = match seeds {
        None => simulation.run(body).err(),
        Some(seeds) => simulation.seeds(seeds, body).err(),
    };
    if let Some(failure) = failure {
        failure.resume();
    }
}
