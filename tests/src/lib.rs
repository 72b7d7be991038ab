//! What the tests of the promises share: a [`Puppet`](puppet::Puppet) that does what its messages say, a [`Stage`](stage::Stage) on
//! which supervised workers report what happens to them, and a macro that runs one scenario in every placement.
//!
//! Nothing here sleeps: a test waits for an event, or runs on tokio's paused clock.

pub mod book;
mod checked;
pub mod clerk;
pub mod ledger;
mod pages;
pub mod puppet;
pub mod random;
pub mod rogue;
pub mod stage;
pub mod workers;

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use actor_core::{ActorSystem, Timekeeping};

pub use checked::{CheckedSystem, finish};

/// A system on the real clock, which is checked for leaks when its test is over.
#[must_use]
pub fn system() -> CheckedSystem {
    CheckedSystem::new(ActorSystem::new("promises"))
}

/// A system whose deadlines follow tokio's clock; for `#[tokio::test(start_paused = true)]` and tasks only, since a paused clock runs
/// ahead of whatever a thread is doing. It is checked for leaks when its test is over.
#[must_use]
pub fn paused_system() -> CheckedSystem {
    let builder = ActorSystem::builder("promises").timekeeping(Timekeeping::Runtime);
    CheckedSystem::new(builder.build())
}

/// Waits for something that must happen; a test that would hang for ever fails instead, after a minute.
///
/// # Panics
///
/// When it has not happened within a minute.
#[track_caller]
pub fn soon<F: Future>(what: &str, future: F) -> impl Future<Output = F::Output> {
    let what = what.to_owned();
    let place = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(std::time::Duration::from_secs(60), future).await {
            Ok(output) => output,
            Err(_) => panic!("{place}: {what} did not happen within a minute"),
        }
    }
}

/// Polls a future once, without a waker.
pub fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Runs scenarios, which take a [`Placement`](actor_core::Placement), once per placement, on a runtime with several workers.
#[macro_export]
macro_rules! in_every_placement {
    ($($scenario:ident),+ $(,)?) => {
        mod on_a_task {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                super::$scenario(actor_core::Placement::Task).await;
            })+
        }
        mod on_a_thread {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                super::$scenario(actor_core::Placement::Thread).await;
            })+
        }
    };
}
