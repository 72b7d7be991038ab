//! The test kit: simulations, in which a seed decides who runs next and no time is ever waited for.
//!
//! A [`Simulation`] runs a test against a [`TestSystem`], an [`ActorSystem`](crate::ActorSystem) on a runtime of its own whose clock is
//! paused. Whenever several actors could go on, the seed picks one; every message is such a choice. When none can, time jumps to the next
//! timer. The same seed gives the same run, down to the last event; another seed gives another order, and [`Simulation::seeds`] tries
//! many.
//!
//! ```
//! use actor_core::prelude::*;
//! use actor_core::testing::Simulation;
//!
//! struct Alarm;
//!
//! impl Actor for Alarm {
//!     type Msg = Option<Duration>;
//!
//!     async fn handle(&mut self, msg: Option<Duration>, ctx: &mut Context<Self>) -> ActorResult {
//!         match msg {
//!             Some(after) => ctx.send_after("ring", after, None),
//!             None => ctx.stop(),
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> Result<(), BoxError> {
//! let report = Simulation::new().seed(7).run(|system| async move {
//!     let alarm = system.spawn(Alarm);
//!     alarm.send(Some(Duration::from_secs(3_600))).await.expect("the alarm lives");
//!     system.advance(Duration::from_secs(3_599)).await;
//!     assert!(!alarm.is_closed());
//!     system.advance(Duration::from_secs(1)).await;
//!     assert!(alarm.is_closed());
//! })?;
//! assert_eq!(report.elapsed, Duration::from_secs(3_600));
//! # Ok(()) }
//! ```
//!
//! A [`Harness`] holds one actor, for a plain test without anything to await: it tells what the actor did, and shows its state.
//!
//! # What the seed decides
//!
//! The order of everything that a system runs: actors (those that ask for a thread of their own, too), their work, supervisors' starts and
//! stops, and the test itself; who of those that are woken at one instant goes first; restart delays with jitter; and whatever a test
//! draws from [`TestSystem::rng`].
//!
//! # What it does not decide
//!
//! - Tasks of a bare `tokio::spawn` run when nothing else does, in the order in which they became ready: the same every time, but never
//!   another one.
//! - Threads, processes, sockets and files run in real time. A wake from another thread is [counted and reported](Report::outside_wakes).
//! - The order of a `HashMap`, `tokio::select!` without `biased`, `tokio::sync::watch` with several receivers, `SystemTime`, addresses:
//!   they differ from run to run. [`Simulation::check_deterministic`] finds out.
//! - An actor that computes without ever yielding is one step; one that never returns is named on standard error after ten seconds.
//!
//! Virtual time has the granularity of tokio's timers: a moment between two milliseconds comes at the later one.
//!
//! # Faults
//!
//! A test can look at each message before it begins and drop, delay, double or replace it ([`TestSystem::intercept`]), make an actor crash at
//! a chosen message ([`TestSystem::crash_next`]), leave all that to the seed ([`TestSystem::faults_on`]), and have supervisors start a
//! stand-in ([`TestSystem::replace_factory`]).
//!
//! # Replay
//!
//! A failure names its seed. `ACTOR_TEST_SEED=7 cargo test NAME` runs that one, and `ACTOR_TEST_SEEDS=0..10000` a range
//! where a test tries many; `ACTOR_TEST_SCHEDULE=fifo` (or `random`, `pct:3`, `mixed`) is another schedule, whatever the test says.
//!
//! `ACTOR_TEST_RECORD=1` writes a run that fails to a file, with all that its seed decided, and the failure names it:
//! `ACTOR_TEST_REPLAY=FILE cargo test NAME` plays that, also after the test kit has learnt to decide otherwise. A file of another version,
//! a damaged one, and one that no longer fits the run are told. [`Simulation::shrink`] looks for a shorter run that fails in the same way.

mod attribute;
mod digest;
mod env;
mod events;
mod explore;
mod faults;
pub(crate) mod harness;
mod lifecycle;
mod log;
mod logs;
#[doc(hidden)]
pub mod part;
mod probe;
mod recording;
mod report;
mod rng;
mod run;
pub(crate) mod scheduler;
mod shrink;
mod stub;
mod system;
mod watch;

pub use crate::expect;
#[cfg(feature = "macros")]
#[doc(inline)]
pub use actor_core_macros::actor_test;
#[doc(hidden)]
pub use attribute::{Verdict, run_test};
pub use events::{Event, EventKind};
pub use explore::Explored;
pub use faults::{Crash, Fate, Fault, Faults, Interception, When, Which};
pub(crate) use faults::{Decision, decide};
pub use harness::{Effect, Effects, Harness, Stage, Whom};
pub use lifecycle::{Life, Lifecycle};
pub(crate) use log::Who;
pub use logs::LogLine;
pub use probe::{Fish, Probe};
#[doc(hidden)]
pub use probe::{Shown, ViaDebug, ViaType};
pub use recording::{Recording, RecordingError};
pub use report::{Failure, FailureKind, Report};
pub use rng::Rng;
pub use run::Simulation;
pub use scheduler::Schedule;
pub use stub::Stub;
pub use system::TestSystem;
