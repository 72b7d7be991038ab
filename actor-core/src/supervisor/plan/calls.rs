//! What others may ask of the plan: looks at the children, and the calls of users.
//!
//! A call is checked first, which changes nothing; what passed the check is then told with a key and cannot fail.

use super::child::{Caller, Facts, Slot, State, Then};
use super::{Action, Key, Plan, Timer};
use crate::ExitReason;
use crate::supervisor::{ChildCounts, ChildState, SupervisorError};

impl Plan {
    /// The children, in their order.
    pub(crate) fn children(&self) -> impl Iterator<Item = (Key, &Slot)> {
        self.children.iter().map(|(key, slot)| (*key, slot))
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Slot> {
        self.children.get(&key)
    }

    pub(crate) fn counts(&self) -> ChildCounts {
        let mut counts = ChildCounts::default();
        for slot in self.children.values() {
            counts.specs += 1;
            counts.active += usize::from(slot.is_active());
            match slot.facts.is_supervisor {
                true => counts.supervisors += 1,
                false => counts.workers += 1,
            }
        }
        counts
    }

    /// Whether a child may be added.
    pub(crate) fn check(&self, facts: &Facts) -> Result<(), SupervisorError> {
        let id = || facts.id.clone();
        facts
            .check(self.auto_shutdown)
            .map_err(|problem| SupervisorError::Invalid(id(), problem))?;
        if let Some(slot) = self.keys.get(&facts.id).and_then(|key| self.get(*key)) {
            return Err(match slot.public_state() {
                ChildState::Stopped | ChildState::Restarting => {
                    SupervisorError::AlreadyPresent(id())
                }
                _ => SupervisorError::AlreadyStarted(id()),
            });
        }
        if self.children.len() >= self.max_children {
            return Err(SupervisorError::MaxChildren(self.max_children));
        }
        Ok(())
    }

    /// The child of that id, whatever it does.
    pub(crate) fn find(&self, id: &str) -> Result<Key, SupervisorError> {
        let found = self.keys.get(id).copied();
        found.ok_or_else(|| SupervisorError::NotFound(id.to_owned()))
    }

    /// The child of that id if it has ended and its specification is kept.
    pub(crate) fn find_stopped(&self, id: &str) -> Result<Key, SupervisorError> {
        let key = self.find(id)?;
        match self.children[&key].public_state() {
            ChildState::Stopped => Ok(key),
            ChildState::Restarting => Err(SupervisorError::Restarting(id.to_owned())),
            _ => Err(SupervisorError::Running(id.to_owned())),
        }
    }

    /// Adds a child that [`check`](Plan::check) has passed. It stands still until it is started.
    pub(crate) fn insert(&mut self, key: Key, facts: Facts) {
        self.keys.insert(facts.id.clone(), key);
        self.children.insert(key, Slot::new(facts));
    }

    /// The supervisor starts this child by itself, at its own beginning. Returns the attempt.
    pub(crate) fn begin(&mut self, key: Key) -> u64 {
        let slot = self.slot(key);
        slot.attempt += 1;
        slot.state = State::Starting;
        slot.attempt
    }

    /// Somebody adds a child that [`check`](Plan::check) has passed, and waits for its start.
    pub(crate) fn handle_add(&mut self, key: Key, facts: Facts, out: &mut Vec<Action>) {
        self.insert(key, facts);
        self.start_for(key, Caller::Adds, out);
    }

    /// Somebody starts a stopped child again and waits for its start.
    pub(crate) fn handle_restart(&mut self, key: Key, out: &mut Vec<Action>) {
        self.start_for(key, Caller::Restarts, out);
    }

    /// Somebody wants a child to end for good and waits for that.
    pub(crate) fn handle_terminate(&mut self, key: Key, out: &mut Vec<Action>) {
        let slot = self.slot(key);
        match slot.state {
            State::Stopped => out.push(Action::TellStop { key }),
            State::Stopping(_) => slot.state = State::Stopping(Then::End),
            State::Starting | State::Running => self.stop(key, Then::End, out),
            State::Waiting => {
                let reason = slot.last.clone().unwrap_or(ExitReason::Shutdown);
                let timer = Timer::Child(key);
                out.push(Action::Cancel { timer });
                self.stopped(key, reason, out);
                self.advance(out);
            }
        }
    }

    /// Somebody wants the specification of a stopped child forgotten.
    pub(crate) fn handle_delete(&mut self, key: Key, out: &mut Vec<Action>) {
        self.forget(key, out);
    }
}
