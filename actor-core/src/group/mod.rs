//! Groups: actors of one message type under one name, and who watches them come and go.
//!
//! A group counts joins and hears of ends. It keeps no actor alive, and it is there for as long as somebody uses it: its handles, its
//! watchers, and its members, whose cells hold it until they end.
//!
//! | file | what is in it |
//! |---|---|
//! | `handle.rs` | what users hold |
//! | `roster.rs` | who is in, decided without a runtime |
//! | `feed.rs` | what a watcher has not read yet, likewise |
//! | `watcher.rs` | the watcher |
//!
//! Access rules:
//! 1. One lock guards the members and all feeds, so a watcher's snapshot and the changes after it have no gap.
//! 2. The lock of a cell may be taken under it, never the other way round.
//! 3. Members are dropped, and wakers called, without it.
//!
//! The idea is OTP's `pg`. Ours differs: who joined several times is listed once, and a watcher's buffer is bounded.

mod feed;
mod handle;
mod roster;
mod watcher;

use std::any::Any;
use std::collections::BTreeMap;

use crate::WeakActorRef;
use crate::directory::{Directory, Shared};
use crate::sync::{Arc, Mutex, Weak, lock};

use feed::{After, Event, Feed};
pub use handle::{Group, JoinError};
use roster::Roster;
pub use watcher::{GroupEvent, GroupWatcher};

struct State<T> {
    roster: Roster<T>,
    feeds: BTreeMap<u64, Feed<T>>,
    next_feed: u64,
    /// The system is gone.
    is_over: bool,
}

impl<T: Clone> State<T> {
    fn tell(&mut self, change: &Event<T>, after: &mut After<T>) {
        for feed in self.feeds.values_mut() {
            feed.push(change, after);
        }
    }

    fn take_event(&mut self, feed: u64) -> Option<Event<T>> {
        self.feeds.get_mut(&feed)?.pop(&self.roster)
    }
}

/// What the handles, watchers and members of a group share.
struct GroupCore<M: Send + 'static> {
    name: Arc<str>,
    directory: Weak<Directory>,
    state: Mutex<State<WeakActorRef<M>>>,
}

impl<M: Send + 'static> GroupCore<M> {
    fn new(name: Arc<str>, directory: &Arc<Directory>) -> Self {
        GroupCore {
            name,
            directory: Arc::downgrade(directory),
            state: Mutex::new(State {
                roster: Roster::new(),
                feeds: BTreeMap::new(),
                next_feed: 0,
                is_over: false,
            }),
        }
    }

    /// A member ended for good.
    fn ended(&self, key: usize) {
        let mut after = After::new();
        let mut state = lock(&self.state);
        let gone = state.roster.remove(key);
        if let Some(member) = &gone {
            state.tell(&Event::Left(member.clone()), &mut after);
        }
        drop(state);
        after.run();
    }
}

impl<M: Send + 'static> Shared for GroupCore<M> {
    fn end(&self) {
        let mut after: After<WeakActorRef<M>> = After::new();
        let mut state = lock(&self.state);
        state.is_over = true;
        for feed in state.feeds.values_mut() {
            after.wake(feed.waker.take());
        }
        drop(state);
        after.run();
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl<M: Send + 'static> Drop for GroupCore<M> {
    fn drop(&mut self) {
        if let Some(directory) = self.directory.upgrade() {
            directory.release(&self.name, std::ptr::from_ref(self).addr());
        }
    }
}

#[cfg(test)]
mod tests;
