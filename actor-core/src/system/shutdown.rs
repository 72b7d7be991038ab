//! How a system ends, and who did not stop in peace.

use std::time::Duration;

use super::{ActorSystem, SystemCore};
use crate::ExitReason;
use crate::cell::until;
use crate::children::{Casualty, Fate, give_up, stop_all, within};
use crate::lifecycle::Request;
use crate::sync::{Arc, lock};

impl ActorSystem {
    /// Stops everything in the reverse order of its start, each actor within its own allowance and all within `deadline`. What has not
    /// stopped shortly before the deadline is killed; what does not answer the kill is given up and named in the report.
    ///
    /// Returns in time also when handlers never yield, on a multi-thread runtime. No actor can be started afterwards.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the system takes no new actors, what was asked to stop stops, and it may be called again.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// let report = system.shutdown(Duration::from_secs(5)).await;
    /// for casualty in &report.casualties {
    ///     eprintln!("{:?} did not stop: {:?}", casualty.name, casualty.fate);
    /// }
    /// assert!(report.is_clean());
    /// assert_eq!(sink.wait().await, ExitReason::Shutdown);
    /// # Ok(()) }
    /// ```
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let core = &self.core;
        core.roots.close();
        lock(&core.casualties).get_or_insert_default();
        // The last quarter of the time, at most a second of it, is for killing.
        let last = (deadline / 4).min(Duration::from_secs(1));
        let orderly = stop_all(core, &core.roots, &ExitReason::Shutdown);
        if within(core, Some(deadline - last), orderly).await.is_none() {
            kill_all(core, last).await;
        }
        let casualties = lock(&core.casualties).clone().unwrap_or_default();
        ShutdownReport { casualties }
    }
}

/// Kills whatever is left, and gives up what does not answer.
async fn kill_all(core: &Arc<SystemCore>, grace: Duration) {
    let left = core.tree();
    left.iter().for_each(|cell| cell.request(&Request::Kill));
    let all_over = async {
        for cell in &left {
            until(cell, |life| (!life.is_alive()).then_some(())).await;
        }
    };
    // A little of the grace is kept for the giving up itself.
    within(core, Some(grace - grace / 8), all_over).await;
    for cell in left.iter().rev() {
        let mut alive = false;
        cell.look(&mut |life| alive = life.is_alive());
        if alive {
            give_up(core, cell);
            cell.finish(ExitReason::Unresponsive);
        } else {
            core.note_casualty(Casualty::of(cell, Fate::Killed));
            cell.finish(ExitReason::Killed);
        }
    }
}

/// Who did not stop in peace.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let report = system.shutdown(Duration::from_secs(5)).await;
/// assert_eq!(report.casualties, []);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Those who had to be killed or given up, with name and message type.
    pub casualties: Vec<Casualty>,
}

impl ShutdownReport {
    /// Whether every actor stopped by itself in time.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    ///
    /// # struct Sleeper;
    /// # impl Actor for Sleeper {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sleeper = system.start_named("sleeper", Sleeper).await?;
    /// sleeper.send(()).await?;
    /// # while !sleeper.is_empty() { tokio::task::yield_now().await; }
    /// // Its handler never returns, so it does not stop in time.
    /// let report = system.shutdown(Duration::from_millis(40)).await;
    /// assert!(!report.is_clean());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.casualties.is_empty()
    }
}
