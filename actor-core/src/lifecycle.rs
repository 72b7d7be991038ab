//! The life of a cell, decided without a runtime.
//!
//! ```text
//!             begin            started                 end
//!  Waiting ---------> Starting --------> Running ----------------+
//!     ^  \               |                  |                    |
//!     |   \              +----- end --------+--> Waiting (restart or finish)
//!     |    \ finish                                   | finish
//!     |     +----------> Closing --------> Ended <----+
//! ```
//!
//! A cell outlives its incarnations: `Waiting` is both "not started yet" and "between two incarnations". Requests rise and never fall
//! within one incarnation: drain, stop, kill. Everything that concerns an incarnation names it by number; a number of the past is
//! ignored.

use crate::ExitReason;

/// Where the life of a cell stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No incarnation; a restart may come.
    Waiting,
    /// An incarnation runs its start-up.
    Starting,
    /// An incarnation handles messages.
    Running,
    /// Ended for good; the queue and the name are being cleared away.
    Closing(ExitReason),
    /// Ended for good.
    Ended(ExitReason),
}

/// What was asked of an incarnation, weakest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Handle what is queued, then stop.
    Drain,
    /// Stop after the message in hand.
    Stop(ExitReason),
    /// Stop at the next await.
    Kill,
}

impl Request {
    fn bits(&self) -> u64 {
        match self {
            Request::Drain => control::DRAIN,
            Request::Stop(_) => control::STOP,
            Request::Kill => control::KILL,
        }
    }
}

/// The word that an incarnation compares before every message: its own number and no request.
pub(crate) mod control {
    pub(crate) const DRAIN: u64 = 1;
    pub(crate) const STOP: u64 = 2;
    pub(crate) const KILL: u64 = 4;
    /// The incarnation of this number is over.
    pub(crate) const OVER: u64 = 8;

    /// The word of an undisturbed incarnation.
    pub(crate) fn of(incarnation: u32) -> u64 {
        u64::from(incarnation) << 8
    }
}

/// The state machine. It lives under the lock of the cell.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    pub(crate) phase: Phase,
    /// The number of the present or last incarnation; 0 before the first.
    pub(crate) incarnation: u32,
    /// Why the last incarnation ended.
    pub(crate) last: Option<ExitReason>,
    /// Whether messages are accepted.
    pub(crate) open: bool,
    /// Whether somebody else decides about restart and final stop.
    pub(crate) supervised: bool,
    /// Whether the present or last incarnation completed its start-up.
    pub(crate) was_started: bool,
    bits: u64,
    reason: Option<ExitReason>,
    /// The strongest request that came while no incarnation ran.
    asked: Option<Request>,
}

impl Lifecycle {
    pub(crate) fn new() -> Self {
        Lifecycle {
            phase: Phase::Waiting,
            incarnation: 0,
            last: None,
            open: true,
            supervised: false,
            was_started: false,
            bits: 0,
            reason: None,
            asked: None,
        }
    }

    /// The word for the cell's atomic.
    pub(crate) fn control(&self) -> u64 {
        control::of(self.incarnation) | self.bits
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Closing(_) | Phase::Ended(_))
    }

    pub(crate) fn is_alive(&self) -> bool {
        matches!(self.phase, Phase::Starting | Phase::Running)
    }

    /// Whether this, or something stronger, was asked of the present incarnation.
    pub(crate) fn is_requested(&self, request: &Request) -> bool {
        self.bits >= request.bits()
    }

    pub(crate) fn is_kill_requested(&self) -> bool {
        self.bits & control::KILL != 0
    }

    /// Asks something of the present incarnation. Returns whether that changed anything.
    pub(crate) fn handle_request(&mut self, request: &Request) -> bool {
        if self.phase == Phase::Waiting && self.supervised {
            // Between two incarnations: the next one will find it.
            if self
                .asked
                .as_ref()
                .is_none_or(|asked| asked.bits() < request.bits())
            {
                self.asked = Some(request.clone());
            }
            return false;
        }
        if !self.is_alive() || self.bits >= request.bits() {
            return false;
        }
        self.bits |= request.bits();
        if let (Request::Stop(reason), None) = (request, &self.reason) {
            self.reason = Some(reason.clone());
        }
        // Whether a stop is final for a supervised actor is its supervisor's decision; until then its mailbox stays open.
        if matches!(request, Request::Drain) || !self.supervised {
            self.open = false;
        }
        true
    }

    /// The reason with which a requested stop ends.
    pub(crate) fn stop_reason(&self) -> ExitReason {
        if self.is_kill_requested() {
            return ExitReason::Killed;
        }
        self.reason.clone().unwrap_or(ExitReason::Normal)
    }

    /// A new incarnation begins. `None` when there is one already, or never will be again.
    pub(crate) fn handle_begin(&mut self) -> Option<u32> {
        if self.phase != Phase::Waiting {
            return None;
        }
        self.phase = Phase::Starting;
        self.incarnation += 1;
        self.was_started = false;
        self.bits = 0;
        self.reason = None;
        self.open = true;
        if let Some(asked) = self.asked.take() {
            self.handle_request(&asked);
        }
        Some(self.incarnation)
    }

    /// The start-up of an incarnation is complete.
    pub(crate) fn handle_started(&mut self, incarnation: u32) {
        if incarnation == self.incarnation && self.phase == Phase::Starting {
            self.phase = Phase::Running;
            self.was_started = true;
        }
    }

    /// An incarnation ended. Returns whether it was the present one.
    pub(crate) fn handle_end(&mut self, incarnation: u32, reason: &ExitReason) -> bool {
        if incarnation != self.incarnation || !self.is_alive() {
            return false;
        }
        self.phase = Phase::Waiting;
        self.bits |= control::OVER;
        self.last = Some(reason.clone());
        true
    }

    /// Gives the present incarnation up: whatever it still does is ignored. Returns whether there was one.
    pub(crate) fn handle_fence(&mut self) -> bool {
        let alive = self.is_alive();
        if alive {
            self.phase = Phase::Waiting;
            self.incarnation += 1;
            self.bits = control::OVER;
            self.last = Some(ExitReason::Unresponsive);
        }
        alive
    }

    /// No incarnation will follow. Returns whether this is news.
    pub(crate) fn handle_finish(&mut self, reason: &ExitReason) -> bool {
        if self.is_over() {
            return false;
        }
        self.phase = Phase::Closing(reason.clone());
        self.bits |= control::OVER;
        self.open = false;
        true
    }

    /// What a finished cell owned has been cleared away.
    pub(crate) fn handle_cleared(&mut self) {
        if let Phase::Closing(reason) = &self.phase {
            self.phase = Phase::Ended(reason.clone());
        }
    }
}

#[cfg(test)]
mod tests;
