//! Jobs with a key run one after the other, in the order of their acceptance: who is at the head of each key, and who waits behind.
//!
//! The order of the map never shows: it is only looked into by key.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::arena::Key;

/// See the module's header.
#[derive(Debug, Default)]
pub(super) struct Keyed {
    lines: HashMap<Arc<str>, VecDeque<Key>>,
}

impl Keyed {
    /// A job joins the line of its key. Returns whether it is at the head and may run.
    pub(super) fn join(&mut self, name: &Arc<str>, job: Key) -> bool {
        let line = self.lines.entry(Arc::clone(name)).or_default();
        line.push_back(job);
        line.len() == 1
    }

    /// A job is gone. Returns the one that is at the head instead, if that changed.
    pub(super) fn leave(&mut self, name: &str, job: Key) -> Option<Key> {
        let line = self.lines.get_mut(name)?;
        let was_head = line.front() == Some(&job);
        line.retain(|other| *other != job);
        let head = line.front().copied();
        if head.is_none() {
            self.lines.remove(name);
        }
        head.filter(|_| was_head)
    }
}
