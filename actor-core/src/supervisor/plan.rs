//! What a supervisor decides: whom to start, whom to stop, whom to forget, and when it was once too often. A pure state machine; time is
//! an argument, and what is to be done comes out as a list of [`Action`]s.
//!
//! The supervisor feeds it with calls and with the events of its children, and does what it says. It never sees a cell, a task or a
//! process. A child is a key; keys rise in the order in which the children were added.
//!
//! ```text
//!            start            started                 end that asks for a restart
//!  Waiting --------> Starting -------> Running ------------------------------------> Waiting
//!     ^                  |                | terminated, or a sibling's strategy
//!     |                  +---- stop ------+--> Stopping --(Again)--> Waiting
//!     |                                            \------(End)----> Stopped, or forgotten
//!     +--- restart_child --- Stopped
//! ```
//!
//! 1. An event that names another attempt than the present one is of the past and changes nothing.
//! 2. An end that the supervisor brought about counts as no failure, whatever its reason, unless the child had to be given up.
//! 3. Who waits for a start (`Caller`) is told exactly once how it went.
//! 4. After `GiveUp` nothing comes out any more.
//!
//! The rules are those of Erlang/OTP's `supervisor.erl`; what differs, since nothing here blocks, is said in `plan/group.rs`.

mod calls;
mod child;
mod group;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use child::{Caller, State, Then};
pub(crate) use child::{Facts, Slot};
use group::Group;

use super::policy::Intensity;
use super::{AutoShutdown, InvalidChild, Strategy};
use crate::ExitReason;

/// The place of a child in the order of its siblings.
pub(crate) type Key = u64;

/// What the supervisor is to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start an incarnation.
    Start { key: Key, attempt: u64 },
    /// Stop the present incarnation, within its allowance.
    Stop { key: Key, attempt: u64 },
    /// End the child for good; no incarnation of it runs.
    Finish { key: Key, reason: ExitReason },
    /// Tell whoever waits for the start how it went.
    TellStart {
        key: Key,
        outcome: Result<(), ExitReason>,
    },
    /// Tell whoever waits for the stop that it is done.
    TellStop { key: Key },
    /// Drop the specification.
    Forget { key: Key },
    /// Come back with [`Plan::handle_retry`] after this long. A later one for the same takes the place of this one.
    Retry {
        timer: Timer,
        attempt: u64,
        after: Duration,
    },
    /// No need to come back.
    Cancel { timer: Timer },
    /// End the supervisor with `Shutdown`.
    GiveUp(Why),
}

/// Whose restart waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    Child(Key),
    Group,
}

/// Why a supervisor ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// More failures than are tolerated.
    Intensity,
    /// Its significant children have ended.
    Significant,
}

/// See the module's header.
pub(crate) struct Plan {
    strategy: Strategy,
    auto_shutdown: AutoShutdown,
    max_children: usize,
    intensity: Intensity,
    children: BTreeMap<Key, Slot>,
    keys: HashMap<String, Key>,
    group: Option<Group>,
    /// Counts the delays of groups; one of the past is recognised by it.
    group_attempt: u64,
    /// The state of the dice.
    random: u64,
    is_over: bool,
}

impl Plan {
    pub(crate) fn new(
        strategy: Strategy,
        auto_shutdown: AutoShutdown,
        max_children: usize,
        intensity: Intensity,
        seed: u64,
    ) -> Self {
        Plan {
            strategy,
            auto_shutdown,
            max_children,
            intensity,
            children: BTreeMap::new(),
            keys: HashMap::new(),
            group: None,
            group_attempt: 0,
            random: seed | 1,
            is_over: false,
        }
    }

    // Events.

    /// The start-up of a child has completed.
    pub(crate) fn handle_started(
        &mut self,
        key: Key,
        attempt: u64,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        if self.present(key, attempt) && self.children[&key].state == State::Starting {
            self.started(key, now, out);
            self.advance(out);
        }
    }

    /// Whether this child was asked to stop, and has not yet.
    pub(crate) fn is_stopping(&self, key: Key) -> bool {
        let slot = self.children.get(&key);
        slot.is_some_and(|slot| matches!(slot.state, State::Stopping(_)))
    }

    /// An incarnation ended, or did not start. `was_started` tells whether its start-up had completed.
    pub(crate) fn handle_ended(
        &mut self,
        key: Key,
        attempt: u64,
        (reason, was_started): (ExitReason, bool),
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        if !self.present(key, attempt) {
            return;
        }
        match self.children[&key].state {
            // The end of an incarnation may be told before the start that it completed.
            State::Starting if was_started => {
                self.started(key, now, out);
                self.ended(key, reason, false, now, out);
            }
            State::Starting => self.start_failed(key, reason, now, out),
            State::Running => self.ended(key, reason, false, now, out),
            // What happens to a child that is being stopped, or stands still, changes nothing.
            State::Stopping(_) | State::Waiting | State::Stopped => {}
        }
    }

    /// The stop that was asked for is done, and no incarnation runs.
    pub(crate) fn handle_halted(
        &mut self,
        key: Key,
        attempt: u64,
        reason: ExitReason,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        if !self.present(key, attempt) {
            return;
        }
        let is_given_up = reason == ExitReason::Unresponsive;
        match self.children[&key].state {
            State::Stopping(Then::End) => self.stopped(key, reason, out),
            State::Stopping(Then::Again) if self.children[&key].has_left(&reason) => {
                return self.ended(key, reason, false, now, out);
            }
            State::Stopping(Then::Again) => {
                let slot = self.slot(key);
                slot.state = State::Waiting;
                slot.last = Some(reason);
            }
            _ => return,
        }
        // Given up counts as a failure, though there may be nothing to restart.
        if !is_given_up || self.count_failure(now, out) {
            self.advance(out);
        }
    }

    /// A delay is over.
    pub(crate) fn handle_retry(&mut self, timer: Timer, attempt: u64, out: &mut Vec<Action>) {
        match timer {
            Timer::Child(key) => {
                if self.present(key, attempt) && self.children[&key].state == State::Waiting {
                    self.start(key, out);
                }
            }
            Timer::Group => self.retry_group(attempt, out),
        }
    }

    // What follows from them.

    fn slot(&mut self, key: Key) -> &mut Slot {
        let slot = self.children.get_mut(&key);
        slot.expect("a key stands for a child until it is forgotten")
    }

    fn present(&self, key: Key, attempt: u64) -> bool {
        !self.is_over && self.get(key).is_some_and(|slot| slot.attempt == attempt)
    }

    fn start_for(&mut self, key: Key, caller: Caller, out: &mut Vec<Action>) {
        self.slot(key).caller = caller;
        if self.is_held(key) {
            // Its turn comes after its elder siblings, which are being restarted.
            self.slot(key).state = State::Waiting;
        } else {
            self.start(key, out);
        }
    }

    fn start(&mut self, key: Key, out: &mut Vec<Action>) {
        let slot = self.slot(key);
        slot.attempt += 1;
        slot.state = State::Starting;
        slot.restarts += u32::from(slot.caller == Caller::Nobody);
        let attempt = slot.attempt;
        out.push(Action::Start { key, attempt });
    }

    fn stop(&mut self, key: Key, then: Then, out: &mut Vec<Action>) {
        let slot = self.slot(key);
        slot.state = State::Stopping(then);
        let attempt = slot.attempt;
        out.push(Action::Stop { key, attempt });
    }

    fn started(&mut self, key: Key, now: Instant, out: &mut Vec<Action>) {
        let slot = self.slot(key);
        slot.state = State::Running;
        slot.started_at = Some(now);
        if std::mem::take(&mut slot.caller) != Caller::Nobody {
            let outcome = Ok(());
            out.push(Action::TellStart { key, outcome });
        }
    }

    fn start_failed(&mut self, key: Key, reason: ExitReason, now: Instant, out: &mut Vec<Action>) {
        if self.children[&key].caller == Caller::Nobody {
            return self.ended(key, reason, true, now, out);
        }
        // Whoever asked for it is told, and decides; it is no failure of a child that ran.
        self.stopped(key, reason, out);
        self.advance(out);
    }

    /// A child ended by itself, or did not start again.
    fn ended(
        &mut self,
        key: Key,
        reason: ExitReason,
        in_start: bool,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        if !self.children[&key].facts.restart.wants(&reason) {
            let ends_supervisor = self.ends_supervisor(key);
            self.stopped(key, reason, out);
            if ends_supervisor {
                return self.give_up(Why::Significant, out);
            }
            return self.advance(out);
        }
        let slot = self.slot(key);
        slot.state = State::Waiting;
        slot.last = Some(reason);
        if self.is_absorbed(key) {
            return self.advance(out);
        }
        if !self.count_failure(now, out) {
            return;
        }
        let random = next_random(&mut self.random);
        let delay = self.slot(key).next_delay(now, random);
        match self.strategy {
            Strategy::OneForOne => self.restart_alone(key, delay, out),
            Strategy::OneForAll | Strategy::RestForOne => {
                self.restart_group(key, in_start, delay, out);
            }
        }
    }

    fn restart_alone(&mut self, key: Key, delay: Option<Duration>, out: &mut Vec<Action>) {
        let Some(after) = delay else {
            return self.start(key, out);
        };
        let attempt = self.children[&key].attempt;
        let timer = Timer::Child(key);
        out.push(Action::Retry {
            timer,
            attempt,
            after,
        });
    }

    /// A child has ended for good. The specification of a temporary one is forgotten, and so is a new one that never ran.
    fn stopped(&mut self, key: Key, reason: ExitReason, out: &mut Vec<Action>) {
        let slot = self.slot(key);
        slot.state = State::Stopped;
        slot.last = Some(reason.clone());
        let caller = std::mem::take(&mut slot.caller);
        let is_forgotten = caller == Caller::Adds || slot.is_temporary();
        out.push(Action::Finish {
            key,
            reason: reason.clone(),
        });
        if caller != Caller::Nobody {
            let outcome = Err(reason);
            out.push(Action::TellStart { key, outcome });
        }
        out.push(Action::TellStop { key });
        if is_forgotten {
            self.forget(key, out);
        }
    }

    fn forget(&mut self, key: Key, out: &mut Vec<Action>) {
        if let Some(slot) = self.children.remove(&key) {
            self.keys.remove(&slot.facts.id);
            out.push(Action::Forget { key });
        }
    }

    /// Whether the end of this child by itself ends the supervisor. Asked before it is written down.
    fn ends_supervisor(&self, key: Key) -> bool {
        if !self.children[&key].facts.significant {
            return false;
        }
        let is_left = |(other, slot): (&Key, &Slot)| {
            *other != key && slot.facts.significant && slot.state != State::Stopped
        };
        match self.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::Any => true,
            AutoShutdown::All => !self.children.iter().any(is_left),
        }
    }

    /// Notes a failure. Returns whether that was still within the limit.
    fn count_failure(&mut self, now: Instant, out: &mut Vec<Action>) -> bool {
        let is_within = self.intensity.handle_failure(now);
        if !is_within {
            self.give_up(Why::Intensity, out);
        }
        is_within
    }

    fn give_up(&mut self, why: Why, out: &mut Vec<Action>) {
        self.is_over = true;
        out.push(Action::GiveUp(why));
    }
}

/// The next number between 0 and 1 (xorshift); good enough to keep restarts out of step.
fn next_random(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests;
