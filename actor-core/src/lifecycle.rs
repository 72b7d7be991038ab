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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No incarnation; a restart may come.
    Waiting,
    /// An incarnation runs its start-up.
    Starting,
    /// An incarnation handles messages.
    Running,
    /// Ended for good; the queue and the name are being cleared away.
    Closing,
    /// Ended for good.
    Ended,
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
    fn bits(&self) -> u8 {
        match self {
            Request::Drain => control::DRAIN as u8,
            Request::Stop(_) => control::STOP as u8,
            Request::Kill => control::KILL as u8,
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

const OVER: u8 = control::OVER as u8;

/// The state machine. It lives under the lock of the cell. Small, since every idle actor has one: reasons stand in a box that exists
/// once there is one.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    pub(crate) phase: Phase,
    /// Whether messages are accepted.
    pub(crate) open: bool,
    /// Whether somebody else decides about restart and final stop.
    pub(crate) supervised: bool,
    /// Whether the present or last incarnation completed its start-up.
    pub(crate) was_started: bool,
    /// Whether the present incarnation drains for want of references.
    unreferenced: bool,
    pub(crate) stance: Stance,
    /// Changes whenever the present incarnation turns to something that is not counted as begun.
    pub(crate) turn: u8,
    /// Whether no incarnation may begin until it is reopened.
    held: bool,
    bits: u8,
    /// The number of the present or last incarnation; 0 before the first.
    pub(crate) incarnation: u32,
    reasons: Option<Box<Reasons>>,
}

/// What an incarnation that does not rest is about, for whoever looks at it from outside. It decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stance {
    /// It has something in hand.
    Working,
    /// It waits for a thread, with nothing in hand: it was just launched or roused, or gave its thread up.
    Called,
    /// It stops its children.
    Ending,
    /// It is in its stopped hook.
    Parting,
}

#[derive(Debug, Default)]
struct Reasons {
    /// Why the last incarnation ended.
    last: Option<ExitReason>,
    /// Why the present incarnation is to stop, if not by its own will.
    stop: Option<ExitReason>,
    /// Why the cell ended for good.
    end: Option<ExitReason>,
    /// The strongest request that came while no incarnation ran.
    asked: Option<Request>,
    /// How often it was opened again after it had ended for good, and why it had, the last time.
    past_ends: Option<(u32, ExitReason)>,
}

impl Lifecycle {
    pub(crate) fn new() -> Self {
        Lifecycle {
            phase: Phase::Waiting,
            open: true,
            supervised: false,
            was_started: false,
            stance: Stance::Working,
            turn: 0,
            held: false,
            unreferenced: false,
            bits: 0,
            incarnation: 0,
            reasons: None,
        }
    }

    fn reasons(&mut self) -> &mut Reasons {
        self.reasons.get_or_insert_default()
    }

    /// Why the last incarnation ended.
    pub(crate) fn last(&self) -> Option<&ExitReason> {
        self.reasons.as_ref()?.last.as_ref()
    }

    /// Why the cell is ending, or has ended, for good.
    pub(crate) fn end(&self) -> Option<&ExitReason> {
        self.reasons.as_ref()?.end.as_ref()
    }

    /// Why the cell has ended for good, once everything is cleared away.
    pub(crate) fn ended(&self) -> Option<&ExitReason> {
        self.end().filter(|_| self.phase == Phase::Ended)
    }

    /// How often the cell was opened again after it had ended for good, and why it had, the last time.
    pub(crate) fn past_ends(&self) -> Option<&(u32, ExitReason)> {
        self.reasons.as_ref()?.past_ends.as_ref()
    }

    /// The word for the cell's atomic.
    pub(crate) fn control(&self) -> u64 {
        control::of(self.incarnation) | u64::from(self.bits)
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Closing | Phase::Ended)
    }

    /// Whether an incarnation is there of which nothing was asked, and messages are accepted.
    #[inline]
    pub(crate) fn is_up(&self) -> bool {
        self.open && self.bits == 0 && self.is_alive()
    }

    pub(crate) fn is_alive(&self) -> bool {
        matches!(self.phase, Phase::Starting | Phase::Running)
    }

    /// Whether this, or something stronger, was asked of the present incarnation.
    pub(crate) fn is_requested(&self, request: &Request) -> bool {
        self.bits >= request.bits()
    }

    pub(crate) fn is_kill_requested(&self) -> bool {
        self.bits & Request::Kill.bits() != 0
    }

    /// Whether anything was asked of the present incarnation that is not in `known`.
    pub(crate) fn is_disturbed(&self, known: u64) -> bool {
        u64::from(self.bits) & !known != 0
    }

    /// Asks something of the present incarnation. Returns whether that changed anything.
    pub(crate) fn handle_request(&mut self, request: &Request) -> bool {
        if self.phase == Phase::Waiting && self.supervised {
            // Between two incarnations: the next one will find it.
            let asked = &mut self.reasons().asked;
            if asked
                .as_ref()
                .is_none_or(|asked| asked.bits() < request.bits())
            {
                *asked = Some(request.clone());
            }
            return false;
        }
        if !self.is_alive() || self.bits >= request.bits() {
            return false;
        }
        self.bits |= request.bits();
        // `Normal` needs no note: it is what holds without one.
        if let Request::Stop(reason) = request
            && *reason != ExitReason::Normal
        {
            self.reasons().stop.get_or_insert_with(|| reason.clone());
        }
        // Whether a stop is final for a supervised actor is its supervisor's decision; until then its mailbox stays open.
        if matches!(request, Request::Drain) || !self.supervised {
            self.open = false;
        }
        true
    }

    /// There is no reference any more: the present incarnation is to drain. Returns whether that changed anything.
    pub(crate) fn handle_unreferenced(&mut self) -> bool {
        let is_news = self.handle_request(&Request::Drain);
        self.unreferenced |= is_news;
        is_news
    }

    /// There is a reference again. Returns whether an incarnation drained for want of one, and for nothing else; that is off.
    pub(crate) fn handle_referenced(&mut self) -> bool {
        let was_unreferenced = std::mem::take(&mut self.unreferenced);
        let is_off = was_unreferenced && self.is_alive() && self.bits == Request::Drain.bits();
        if is_off {
            self.bits = 0;
            self.open = true;
        }
        is_off
    }

    /// The reason with which a requested stop ends.
    pub(crate) fn stop_reason(&self) -> ExitReason {
        if self.is_kill_requested() {
            return ExitReason::Killed;
        }
        let stop = self.reasons.as_ref().and_then(|known| known.stop.clone());
        stop.unwrap_or(ExitReason::Normal)
    }

    /// A new incarnation begins. `None` when there is one already, or never will be again.
    pub(crate) fn handle_begin(&mut self) -> Option<u32> {
        if self.phase != Phase::Waiting || self.held {
            return None;
        }
        self.phase = Phase::Starting;
        self.incarnation += 1;
        self.was_started = false;
        self.stance = Stance::Working;
        self.unreferenced = false;
        self.bits = 0;
        self.open = true;
        if let Some(reasons) = &mut self.reasons {
            reasons.stop = None;
            if let Some(asked) = reasons.asked.take() {
                self.handle_request(&asked);
            }
        }
        Some(self.incarnation)
    }

    /// The start-up of an incarnation is complete. Returns whether this is news.
    pub(crate) fn handle_started(&mut self, incarnation: u32) -> bool {
        let is_news = incarnation == self.incarnation && self.phase == Phase::Starting;
        if is_news {
            self.phase = Phase::Running;
            self.was_started = true;
        }
        is_news
    }

    /// An incarnation ended. Returns whether it was the present one.
    pub(crate) fn handle_end(&mut self, incarnation: u32, reason: &ExitReason) -> bool {
        if incarnation != self.incarnation || !self.is_alive() {
            return false;
        }
        self.phase = Phase::Waiting;
        self.bits |= OVER;
        // Without a supervisor the end for good follows at once, and carries the reason.
        if self.supervised {
            self.reasons().last = Some(reason.clone());
        }
        true
    }

    /// Gives the present incarnation up: whatever it still does is ignored. Returns whether there was one.
    pub(crate) fn handle_fence(&mut self) -> bool {
        let alive = self.is_alive();
        if alive {
            self.phase = Phase::Waiting;
            self.incarnation += 1;
            self.bits = OVER;
            self.reasons().last = Some(ExitReason::Unresponsive);
        }
        alive
    }

    /// No incarnation will follow. Returns whether this is news.
    pub(crate) fn handle_finish(&mut self, reason: &ExitReason) -> bool {
        if self.is_over() {
            return false;
        }
        self.phase = Phase::Closing;
        self.reasons().end = Some(reason.clone());
        self.bits |= OVER;
        self.open = false;
        true
    }

    /// No incarnation may begin for the time being. `false` when one runs.
    pub(crate) fn handle_hold(&mut self) -> bool {
        self.held |= !self.is_alive();
        self.held
    }

    /// Incarnations may begin again, also after the end for good. Returns whether that had come; `None` when one runs, or the cell is being
    /// cleared away.
    pub(crate) fn handle_reopen(&mut self) -> Option<bool> {
        match self.phase {
            Phase::Waiting => {
                self.held = false;
                Some(false)
            }
            Phase::Ended => {
                self.held = false;
                self.phase = Phase::Waiting;
                self.open = true;
                let reasons = self.reasons();
                let end = reasons.end.take().unwrap_or(ExitReason::Shutdown);
                let times = reasons.past_ends.as_ref().map_or(0, |(times, _)| *times);
                reasons.past_ends = Some((times + 1, end.clone()));
                reasons.last = Some(end);
                reasons.asked = None;
                Some(true)
            }
            Phase::Starting | Phase::Running | Phase::Closing => None,
        }
    }

    /// What a finished cell owned has been cleared away.
    pub(crate) fn handle_cleared(&mut self) {
        if self.phase == Phase::Closing {
            self.phase = Phase::Ended;
        }
    }
}

#[cfg(test)]
mod tests;
