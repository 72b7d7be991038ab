//! What the plan knows of one child.

use std::time::{Duration, Instant};

use super::InvalidChild;
use crate::ExitReason;
use crate::supervisor::{AutoShutdown, Backoff, ChildState, Restart};

/// What a specification says of a child, as far as it decides anything.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) id: String,
    pub(crate) restart: Restart,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) significant: bool,
    pub(crate) is_supervisor: bool,
}

impl Facts {
    /// Whether the specification makes sense under such a supervisor.
    pub(crate) fn check(&self, auto_shutdown: AutoShutdown) -> Result<(), InvalidChild> {
        match (self.significant, self.restart, auto_shutdown) {
            (true, Restart::Permanent, _) => Err(InvalidChild::SignificantPermanent),
            (true, _, AutoShutdown::Never) => Err(InvalidChild::SignificantNever),
            _ => Ok(()),
        }
    }
}

/// Where a child stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Ended for good; its specification is kept.
    Stopped,
    /// Nothing of it runs, and it will be started.
    Waiting,
    Starting,
    Running,
    Stopping(Then),
}

/// What follows a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It has ended for good.
    End,
    /// It waits for its next start.
    Again,
}

/// Who waits for a start, and so decides what becomes of a child that does not start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Caller {
    /// The supervisor itself: a failed start is a failure.
    #[default]
    Nobody,
    /// Somebody who adds it: it is not added.
    Adds,
    /// Somebody who starts it again: it stays stopped.
    Restarts,
}

/// One child.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) facts: Facts,
    /// How often it was started again.
    pub(crate) restarts: u32,
    pub(super) state: State,
    /// Counts starts; an event of another attempt is of the past.
    pub(super) attempt: u64,
    pub(super) caller: Caller,
    /// Why its last incarnation ended.
    pub(super) last: Option<ExitReason>,
    pub(super) started_at: Option<Instant>,
    failures_in_a_row: u32,
}

impl Slot {
    pub(super) fn new(facts: Facts) -> Self {
        Slot {
            facts,
            restarts: 0,
            state: State::Waiting,
            attempt: 0,
            caller: Caller::Nobody,
            last: None,
            started_at: None,
            failures_in_a_row: 0,
        }
    }

    pub(crate) fn public_state(&self) -> ChildState {
        match self.state {
            State::Stopped => ChildState::Stopped,
            // Held back until its elder siblings run; it did not end.
            State::Waiting if self.caller != Caller::Nobody => ChildState::Starting,
            State::Waiting => ChildState::Restarting,
            State::Starting => ChildState::Starting,
            State::Running => ChildState::Running,
            State::Stopping(_) => ChildState::Stopping,
        }
    }

    /// Whether an incarnation of it may run.
    pub(super) fn is_active(&self) -> bool {
        matches!(
            self.state,
            State::Starting | State::Running | State::Stopping(_)
        )
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.facts.restart == Restart::Temporary
    }

    /// Whether a child that was to be stopped with its siblings had ended by its own will before, and so is not started again with them.
    pub(super) fn has_left(&self, reason: &ExitReason) -> bool {
        *reason != ExitReason::Shutdown && !self.facts.restart.wants(reason)
    }

    /// How long its restart is delayed after one more failure.
    pub(super) fn next_delay(&mut self, now: Instant, random: f64) -> Option<Duration> {
        let backoff = self.facts.backoff?;
        let ran = self.started_at.take().map(|then| now.duration_since(then));
        if ran.is_some_and(|ran| backoff.is_reset_by(ran)) {
            self.failures_in_a_row = 0;
        }
        let delay = backoff.delay(self.failures_in_a_row, random);
        self.failures_in_a_row += 1;
        Some(delay)
    }
}
