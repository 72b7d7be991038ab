//! What one watcher has not read yet, decided without a runtime.
//!
//! The buffer is bounded. A watcher that falls further behind loses the changes in it and is due a snapshot instead, which is taken when it
//! reads: so it costs no more memory however far it is behind, and what it knows has no gap.

use std::collections::VecDeque;
use std::task::Waker;

use super::roster::Roster;

/// Changes that a watcher may be behind.
pub(super) const BUFFER: usize = 256;

/// What a watcher reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event<T> {
    /// Everybody who is in the group.
    Members(Vec<T>),
    /// Somebody came in.
    Joined(T),
    /// Somebody went out.
    Left(T),
}

/// See the module's header.
pub(super) struct Feed<T> {
    pending: VecDeque<Event<T>>,
    is_behind: bool,
    pub(super) waker: Option<Waker>,
}

/// What is to be done when the lock is given up: wakes, and drops of what may run somebody's code.
pub(super) struct After<T> {
    wakers: Vec<Waker>,
    spent: Vec<VecDeque<Event<T>>>,
}

impl<T> After<T> {
    pub(super) fn new() -> Self {
        After {
            wakers: Vec::new(),
            spent: Vec::new(),
        }
    }

    pub(super) fn wake(&mut self, waker: Option<Waker>) {
        self.wakers.extend(waker);
    }

    /// Call it without the lock.
    pub(super) fn run(self) {
        self.wakers.into_iter().for_each(Waker::wake);
        drop(self.spent);
    }
}

impl<T: Clone> Feed<T> {
    /// Begins with a snapshot.
    pub(super) fn new(roster: &Roster<T>) -> Self {
        Feed {
            pending: VecDeque::from([Event::Members(roster.iter().cloned().collect())]),
            is_behind: false,
            waker: None,
        }
    }

    /// Adds a change that came after everything in here.
    pub(super) fn push(&mut self, change: &Event<T>, after: &mut After<T>) {
        if self.is_behind {
            return;
        }
        if self.pending.len() < BUFFER {
            self.pending.push_back(change.clone());
        } else {
            self.is_behind = true;
            after.spent.push(std::mem::take(&mut self.pending));
        }
        after.wake(self.waker.take());
    }

    /// The next event, if there is one.
    pub(super) fn pop(&mut self, roster: &Roster<T>) -> Option<Event<T>> {
        if std::mem::take(&mut self.is_behind) {
            return Some(Event::Members(roster.iter().cloned().collect()));
        }
        self.pending.pop_front()
    }
}
