//! How a cell that had ended for good takes incarnations again: the same references, an empty mailbox, no name yet.
//!
//! Called by a supervisor for a child of its own, which also finds it a place among its siblings again. Who waited for the end hears of it
//! all the same, however late it looks.

use super::{Cell, begun_word};
use crate::sync::Ordering;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reopened {
    /// It had not ended.
    Waiting,
    /// It had ended.
    Anew,
    /// It runs, or is being cleared away.
    No,
}

impl<M: Send + 'static> Cell<M> {
    pub(super) fn do_reopen(&self) -> Reopened {
        let mut guarded = self.lock();
        match guarded.life.handle_reopen() {
            Some(true) => {}
            Some(false) => return Reopened::Waiting,
            None => return Reopened::No,
        }
        // What was never begun became dead letters; it takes no room any more.
        let begun = begun_word(guarded.life.incarnation, guarded.queue.kept());
        self.header.begun.store(begun, Ordering::Release);
        self.sync_control(&guarded);
        let name = guarded
            .extras
            .as_mut()
            .and_then(|extras| extras.name.take());
        drop(guarded);
        drop(name);
        Reopened::Anew
    }
}
