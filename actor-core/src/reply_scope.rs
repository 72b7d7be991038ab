//! The thread-local scope around one poll of an actor, or around the dropping of its queue or state.
//!
//! It answers two questions without any cost per message: *whose poll is this* (an actor that asks itself would wait for ever), and
//! *what became of a reply that was dropped here* — that is known only when the poll has ended, so dropped replies are collected and
//! resolved then, by how it ended. Scopes nest: each saves what it finds and puts it back.
//!
//! Called by the run loop and by whatever drops messages; runs no user code under a borrow.

use std::cell::{Cell, RefCell};

use crate::sync::Arc;
use crate::{ActorId, AskError};

/// A reply slot that lost its [`Reply`](crate::Reply) before it was answered.
pub(crate) trait Orphan: Send + Sync {
    /// Tells the asker, unless it was answered or handed to a link.
    fn orphaned(&self, why: AskError);
}

thread_local! {
    static ACTOR: Cell<usize> = const { Cell::new(0) };
    static ACTOR_ID: Cell<u64> = const { Cell::new(0) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static DIRTY: Cell<bool> = const { Cell::new(false) };
    static ORPHANS: RefCell<Vec<Arc<dyn Orphan>>> = const { RefCell::new(Vec::new()) };
}

/// The address of the cell whose actor is being polled on this thread, or 0.
pub(crate) fn current_actor() -> usize {
    ACTOR.get()
}

/// The id of the actor that is being polled on this thread.
pub(crate) fn current_actor_id() -> Option<ActorId> {
    match ACTOR_ID.get() {
        0 => None,
        id => Some(ActorId(id)),
    }
}

/// A reply was dropped unanswered: kept for the end of the scope, or resolved at once outside of any.
pub(crate) fn orphan(slot: Arc<dyn Orphan>) {
    if DEPTH.get() == 0 {
        slot.orphaned(AskError::NoReply);
    } else {
        ORPHANS.with_borrow_mut(|orphans| orphans.push(slot));
        DIRTY.set(true);
    }
}

/// A handler returned without an error: what it dropped so far is `NoReply`, whatever later messages of the same poll do.
#[inline]
pub(crate) fn settle() {
    if DIRTY.get() {
        resolve(take(), || AskError::NoReply);
    }
}

fn take() -> Vec<Arc<dyn Orphan>> {
    if DIRTY.replace(false) {
        ORPHANS.take()
    } else {
        Vec::new()
    }
}

fn resolve(orphans: Vec<Arc<dyn Orphan>>, why: impl Fn() -> AskError) {
    for slot in orphans {
        slot.orphaned(why());
    }
}

/// An open scope. Dropping it without [`close`](Scope::close) resolves what it collected as `NoReply`.
pub(crate) struct Scope {
    actor: usize,
    actor_id: u64,
    outer: Vec<Arc<dyn Orphan>>,
}

impl Scope {
    /// Opens a scope for a poll of the actor whose cell has this address.
    pub(crate) fn enter(actor: usize, id: ActorId) -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Scope {
            actor: ACTOR.replace(actor),
            actor_id: ACTOR_ID.replace(id.0),
            outer: take(),
        }
    }

    /// Opens a scope for dropping things; whoever is being polled stays the same.
    pub(crate) fn for_drop() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Scope {
            actor: ACTOR.get(),
            actor_id: ACTOR_ID.get(),
            outer: take(),
        }
    }

    /// Ends the scope; replies that were dropped in it resolve with `why`.
    pub(crate) fn close(self, why: impl Fn() -> AskError) {
        if DIRTY.get() {
            resolve(take(), why);
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        settle();
        DEPTH.set(DEPTH.get() - 1);
        ACTOR.set(self.actor);
        ACTOR_ID.set(self.actor_id);
        if !self.outer.is_empty() {
            ORPHANS.set(std::mem::take(&mut self.outer));
            DIRTY.set(true);
        }
    }
}
