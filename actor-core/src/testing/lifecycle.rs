//! The life of one actor as a stream to expect on.
//!
//! It reads the events of the simulation, from the moment at which it was asked for; so it sees what happened while nobody was waiting.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use super::probe::unmet;
use super::{Event, EventKind, TestSystem};
use crate::cell::AnyCell;
use crate::observe;
use crate::runtime::{first, sleep};
use crate::sync::{Arc, lock};
use crate::{ActorId, ActorRef, ExitReason};

/// What happens in the life of an actor.
///
/// # Examples
///
/// See [`TestSystem::lifecycle`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Life {
    /// An incarnation has started; the first is 1.
    Started {
        /// Its number.
        incarnation: u32,
    },
    /// Another incarnation begins after one that failed, or was stopped with its group.
    Restarted {
        /// Its number.
        incarnation: u32,
        /// The failure of the one before, if it was one.
        cause: Option<ExitReason>,
    },
    /// A supervisor has given up: its children failed too often, and its own supervisor decides now.
    Escalated,
    /// It ended for good.
    Stopped {
        /// Why.
        reason: ExitReason,
    },
}

/// See [`TestSystem::lifecycle`].
pub struct Lifecycle {
    system: TestSystem,
    /// No reference, which would keep it alive. It has no id before its supervisor has started it.
    cell: Arc<dyn AnyCell>,
    seen: u64,
    failure: Option<ExitReason>,
    fresh: VecDeque<Life>,
}

impl fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifecycle")
            .field("actor", &self.actor())
            .field("fresh", &self.fresh)
            .finish()
    }
}

impl TestSystem {
    /// What happens to an actor from here on: starts, restarts with their cause, the end. What happened before is not in it, so ask for it
    /// right after the actor was spawned.
    ///
    /// A test that hears of a failure in this way, as the cause of a restart or the reason of an end, has expected it.
    ///
    /// # Panics
    ///
    /// Outside of the simulation of this system.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{Life, Simulation};
    ///
    /// # struct Fragile;
    /// # impl Actor for Fragile {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { Err("it broke".into()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let (spec, fragile) = ChildSpec::new("fragile", || Fragile).build();
    ///     let mut life = system.lifecycle(&fragile);
    ///     system.expect_failure(&fragile);
    ///     let supervisor = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await;
    ///     life.expect(Life::Started { incarnation: 1 }).await;
    ///
    ///     fragile.send(()).await.expect("it lives");
    ///     let cause = Some(ExitReason::Failed("it broke".into()));
    ///     life.expect(Life::Restarted { incarnation: 2, cause }).await;
    ///     life.expect(Life::Started { incarnation: 2 }).await;
    /// #   drop(supervisor);
    /// })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn lifecycle<M: Send + 'static>(&self, actor: &ActorRef<M>) -> Lifecycle {
        self.check();
        Lifecycle {
            system: self.clone(),
            cell: Arc::clone(actor.cell()) as Arc<dyn AnyCell>,
            seen: self.event_count(),
            failure: None,
            fresh: VecDeque::new(),
        }
    }
}

/// How long is waited, in virtual time, for what is expected next.
const PATIENCE: Duration = Duration::from_secs(3_600);

impl Lifecycle {
    /// What happens next. It waits up to an hour of virtual time, which covers any backoff.
    ///
    /// # Panics
    ///
    /// If nothing happens any more: at the caller's line.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is lost.
    ///
    /// # Examples
    ///
    /// See [`TestSystem::lifecycle`].
    #[track_caller]
    #[expect(
        clippy::should_implement_trait,
        reason = "it is no iterator: it waits, and fails the test at the end"
    )]
    pub fn next(&mut self) -> impl Future<Output = Life> + '_ {
        self.next_of("anything", Location::caller())
    }

    /// Expects this to happen next.
    ///
    /// # Panics
    ///
    /// If something else happens, or nothing does: at the caller's line.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is lost.
    ///
    /// # Examples
    ///
    /// See [`TestSystem::lifecycle`].
    #[track_caller]
    pub fn expect(&mut self, expected: Life) -> impl Future<Output = ()> + '_ {
        let at = Location::caller();
        async move {
            let wanted = format!("{expected:?}");
            let happened = self.next_of(&wanted, at).await;
            if happened != expected {
                let text = format!(
                    "the life of {}\n  expected: {wanted}\n       got: {happened:?}",
                    self.actor()
                );
                unmet::fail(text, at)
            }
        }
    }

    async fn next_of(&mut self, wanted: &str, at: &'static Location<'static>) -> Life {
        let (system, actor) = (self.system.clone(), self.actor());
        let happens = async {
            loop {
                self.read();
                if let Some(life) = self.fresh.pop_front() {
                    return life;
                }
                system.next_step().await;
            }
        };
        match first(happens, sleep(PATIENCE)).await {
            Some(life) => {
                self.tell(&life);
                life
            }
            None => {
                let text = format!(
                    "the life of {actor}\n  expected: {wanted}\n       got: nothing happened any more"
                );
                unmet::fail(text, at)
            }
        }
    }

    /// The test hears of a failure in this way, so it has expected it.
    fn tell(&self, life: &Life) {
        let reason = match life {
            Life::Restarted { cause, .. } => cause.as_ref(),
            Life::Stopped { reason } => Some(reason),
            Life::Started { .. } | Life::Escalated => None,
        };
        if let Some(reason) = reason {
            let who = observe::who(self.cell.header());
            lock(&self.system.sim().log).told_of(who, reason);
        }
    }

    fn actor(&self) -> ActorId {
        self.cell.header().id()
    }

    fn read(&mut self) {
        let events = self.system.events_after(self.seen);
        self.seen = self.system.event_count();
        for event in events {
            if event.actor == self.actor() {
                self.take_in(event);
            }
        }
    }

    fn take_in(&mut self, event: Event) {
        let life = match event.kind {
            EventKind::Started { incarnation } => Life::Started { incarnation },
            EventKind::Restarted { incarnation } => Life::Restarted {
                incarnation,
                cause: self.failure.take(),
            },
            EventKind::Escalated => Life::Escalated,
            EventKind::Stopped { reason } => Life::Stopped {
                reason: (*reason).clone(),
            },
            EventKind::Failed { reason, .. } => {
                self.failure = Some((*reason).clone());
                return;
            }
            _ => return,
        };
        self.fresh.push_back(life);
    }
}
