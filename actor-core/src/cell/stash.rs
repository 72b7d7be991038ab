//! What a cell knows of the stash of its incarnation: how many messages are in it, since they count against the bound.
//!
//! A stashed message has begun, so the counts of the queue know it no more; it holds a room instead, like a promised one. At the end of
//! the incarnation it returns to the queue and is accepted again. An incarnation that was given up is not listened to.

use super::{Cell, Guarded};
use crate::sync::Ordering;

impl<M: Send + 'static> Cell<M> {
    /// How many messages may be in the stash.
    pub(crate) fn stash_limit(&self) -> usize {
        let guarded = self.lock();
        let set = guarded
            .extras
            .as_ref()
            .and_then(|extras| extras.stash_limit);
        set.unwrap_or_else(|| guarded.queue.capacity() / 2)
    }

    /// A message went into the stash.
    pub(crate) fn hold_stashed(&self, incarnation: u32) {
        let mut guarded = self.lock();
        if guarded.is_present(incarnation) {
            guarded.queue.hold();
            guarded.extras().stashed += 1;
        }
    }

    /// A message that came back from the stash begins again.
    pub(crate) fn release_stashed(&self, incarnation: u32) {
        let mut guarded = self.lock();
        if guarded.is_present(incarnation) {
            guarded.queue.release(1);
            guarded.extras().stashed -= 1;
            self.pass_on(guarded);
        }
    }

    /// What was stashed is in the queue again.
    pub(super) fn accept_stashed(&self, guarded: &mut Guarded<M>) {
        let stashed = guarded.take_stashed();
        if stashed > 0 {
            guarded.queue.accept_again(stashed);
            self.accepted.store(guarded.queue.kept(), Ordering::Relaxed);
        }
    }
}

impl<M> Guarded<M> {
    fn is_present(&self, incarnation: u32) -> bool {
        self.life.incarnation == incarnation && self.life.is_alive()
    }

    /// How many messages the incarnation has in its stash; they hold no room from here on.
    pub(super) fn take_stashed(&mut self) -> u32 {
        let stashed = self
            .extras
            .as_mut()
            .map_or(0, |extras| std::mem::take(&mut extras.stashed));
        self.queue.release(stashed);
        stashed
    }
}
