//! The restart of a group: what `OneForAll` and `RestForOne` add to the plan.
//!
//! | step | what happens | ends when |
//! |---|---|---|
//! | stopping | members are stopped one at a time, the youngest first | none runs |
//! | pausing | the delay of the child that failed | it is over |
//! | starting | members are started one at a time, the eldest first | all run, or one fails |
//!
//! There is at most one group: what fails while it is under way joins it or widens it.
//!
//! 1. A member that fails while the group is being stopped is absorbed: the group was counted once.
//! 2. A member that fails while the group is being started is one more failure, and a new attempt begins at once with the stopping. If it
//!    failed to start, all that were started again in this attempt are stopped as well; if it ran, those that its own failure concerns.
//! 3. A child that has ended for good, or was terminated, is not of the group.
//! 4. A child that is added or started again by a call while a group is being stopped or started waits for its turn; during a pause it
//!    does not.
//!
//! In Erlang/OTP the supervisor blocks meanwhile, so the second failure is seen after the first restart has ended, those started in a
//! failed attempt run on until the next, and a terminated child is brought back to life by its siblings' restart.

use std::time::Duration;

use super::child::{State, Then};
use super::{Action, Key, Plan, Timer};
use crate::supervisor::Strategy;

/// The one restart of several children that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// The eldest that belongs to it; all after it do, too.
    from: Key,
    delay: Option<Duration>,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// All from here on have been stopped.
    Stopping {
        below: Key,
    },
    Pausing,
    /// All before this one have been started.
    Starting {
        at: Key,
    },
}

impl Plan {
    /// Restarts the group of a child that failed.
    pub(super) fn restart_group(
        &mut self,
        key: Key,
        in_start: bool,
        delay: Option<Duration>,
        out: &mut Vec<Action>,
    ) {
        let own = match self.strategy {
            Strategy::OneForAll => 0,
            Strategy::RestForOne | Strategy::OneForOne => key,
        };
        let from = match self.group {
            // It has to wait for the group anyway.
            Some(group) if matches!(group.step, Step::Pausing) && group.from <= own => return,
            Some(group) if matches!(group.step, Step::Starting { .. }) && !in_start => own,
            Some(group) => group.from.min(own),
            None => own,
        };
        if self.group.is_some_and(|group| group.is_pausing()) {
            let timer = Timer::Group;
            out.push(Action::Cancel { timer });
        }
        let step = Step::Stopping { below: Key::MAX };
        self.group = Some(Group { from, delay, step });
        self.advance(out);
    }

    /// Whether the failure of this child is part of what the group is being stopped for.
    pub(super) fn is_absorbed(&self, key: Key) -> bool {
        let is_stopping =
            |group: &Group| group.from <= key && matches!(group.step, Step::Stopping { .. });
        self.group.as_ref().is_some_and(is_stopping)
    }

    /// Whether a child that is to be started has to wait for its elder siblings.
    pub(super) fn is_held(&self, key: Key) -> bool {
        self.group.as_ref().is_some_and(|group| match group.step {
            Step::Stopping { .. } => group.from <= key,
            Step::Pausing => false,
            Step::Starting { at } => at <= key,
        })
    }

    pub(super) fn retry_group(&mut self, attempt: u64, out: &mut Vec<Action>) {
        let is_present = attempt == self.group_attempt && !self.is_over;
        if let Some(group) = self.group.as_mut()
            && is_present
            && group.is_pausing()
        {
            // Some may have been started by calls during the pause.
            group.delay = None;
            group.step = Step::Stopping { below: Key::MAX };
            self.advance(out);
        }
    }

    /// Does the next thing of the group, if there is one and nothing of it is under way.
    pub(super) fn advance(&mut self, out: &mut Vec<Action>) {
        while let Some(group) = self.group
            && !self.is_over
        {
            let next = match group.step {
                Step::Stopping { below } => self.stop_next(group, below, out),
                Step::Pausing => None,
                Step::Starting { at } => self.start_next(at, out),
            };
            match next {
                Some(next) => self.group = next,
                None => return,
            }
        }
    }

    /// Stops the youngest that still runs. Returns how the group goes on, or nothing while there is something to wait for.
    fn stop_next(
        &mut self,
        group: Group,
        below: Key,
        out: &mut Vec<Action>,
    ) -> Option<Option<Group>> {
        let youngest = self.children.range(group.from..below).next_back();
        let Some((&key, slot)) = youngest else {
            return Some(Some(self.stopped_all(group, out)));
        };
        match slot.state {
            State::Stopping(_) => None,
            State::Starting | State::Running => {
                let then = match slot.is_temporary() {
                    true => Then::End,
                    false => Then::Again,
                };
                self.stop(key, then, out);
                None
            }
            State::Stopped | State::Waiting => Some(Some(Group {
                step: Step::Stopping { below: key },
                ..group
            })),
        }
    }

    fn stopped_all(&mut self, group: Group, out: &mut Vec<Action>) -> Group {
        let step = match group.delay {
            Some(after) if !after.is_zero() => {
                self.group_attempt += 1;
                out.push(Action::Retry {
                    timer: Timer::Group,
                    attempt: self.group_attempt,
                    after,
                });
                Step::Pausing
            }
            _ => Step::Starting { at: group.from },
        };
        Group { step, ..group }
    }

    /// Starts the eldest that waits. Returns how the group goes on, or nothing while there is something to wait for.
    fn start_next(&mut self, at: Key, out: &mut Vec<Action>) -> Option<Option<Group>> {
        let Some((&key, slot)) = self.children.range(at..).next() else {
            return Some(None);
        };
        let group = self.group.as_mut()?;
        match slot.state {
            State::Waiting => {
                group.step = Step::Starting { at: key };
                self.start(key, out);
                None
            }
            State::Starting | State::Stopping(_) => None,
            State::Running | State::Stopped => {
                group.step = Step::Starting { at: key + 1 };
                Some(self.group)
            }
        }
    }
}

impl Group {
    fn is_pausing(&self) -> bool {
        matches!(self.step, Step::Pausing)
    }
}
