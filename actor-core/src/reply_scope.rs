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

/// What is so on this thread at the moment. In one place, so that a poll finds it once.
struct Current {
    /// The address of the cell whose poll this is; 0 outside of any.
    actor: Cell<usize>,
    /// The id of that actor; 0 outside of any.
    actor_id: Cell<u64>,
    depth: Cell<u32>,
    /// There are orphans.
    dirty: Cell<bool>,
    /// The incarnation was killed: its guards give up what they hold.
    killed: Cell<bool>,
    /// The incarnation found its mailbox empty and left its waker there.
    resting: Cell<bool>,
}

thread_local! {
    static CURRENT: Current = const {
        Current {
            actor: Cell::new(0),
            actor_id: Cell::new(0),
            depth: Cell::new(0),
            dirty: Cell::new(false),
            killed: Cell::new(false),
            resting: Cell::new(false),
        }
    };
    static ORPHANS: RefCell<Vec<Arc<dyn Orphan>>> = const { RefCell::new(Vec::new()) };
}

/// The address of the cell whose actor is being polled on this thread, or 0.
pub(crate) fn current_actor() -> usize {
    CURRENT.with(|current| current.actor.get())
}

/// The id of the actor that is being polled on this thread.
pub(crate) fn current_actor_id() -> Option<ActorId> {
    match CURRENT.with(|current| current.actor_id.get()) {
        0 => None,
        id => Some(ActorId(id)),
    }
}

/// A reply was dropped unanswered: kept for the end of the scope, or resolved at once outside of any.
pub(crate) fn orphan(slot: Arc<dyn Orphan>) {
    if CURRENT.with(|current| current.depth.get()) == 0 {
        slot.orphaned(AskError::NoReply);
    } else {
        ORPHANS.with_borrow_mut(|orphans| orphans.push(slot));
        CURRENT.with(|current| current.dirty.set(true));
    }
}

/// A handler returned without an error: what it dropped so far is `NoReply`, whatever later messages of the same poll do.
#[inline]
pub(crate) fn settle() {
    if is_dirty() {
        resolve(take(), || AskError::NoReply);
    }
}

#[inline(always)]
fn is_dirty() -> bool {
    CURRENT.with(|current| current.dirty.get())
}

/// Resolves what was dropped in this scope so far.
pub(crate) fn resolve_now(why: impl Fn() -> AskError) {
    if is_dirty() {
        resolve(take(), why);
    }
}

/// Whether the incarnation whose poll this is was killed.
#[inline]
pub(crate) fn is_killed() -> bool {
    CURRENT.with(|current| current.killed.get())
}

/// The incarnation whose poll this is found its mailbox empty, and its waker is stored there.
#[inline]
pub(crate) fn note_rest() {
    CURRENT.with(|current| current.resting.set(true));
}

fn take() -> Vec<Arc<dyn Orphan>> {
    if CURRENT.with(|current| current.dirty.replace(false)) {
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
    killed: bool,
    resting: bool,
    outer: Vec<Arc<dyn Orphan>>,
}

impl Scope {
    /// Around a poll of an actor. `killed`: what it has in hand is to be dropped.
    #[inline]
    pub(crate) fn enter(actor: usize, id: ActorId, killed: bool) -> Self {
        CURRENT.with(|current| {
            current.depth.set(current.depth.get() + 1);
            Scope {
                actor: current.actor.replace(actor),
                actor_id: current.actor_id.replace(id.0),
                killed: current.killed.replace(killed),
                resting: current.resting.replace(false),
                outer: take(),
            }
        })
    }

    /// Around the dropping of messages, by whomever.
    pub(crate) fn for_drop() -> Self {
        let (actor, id) = CURRENT.with(|current| (current.actor.get(), current.actor_id.get()));
        Scope::enter(actor, ActorId(id), false)
    }

    /// Ends the scope; what was dropped in it and is not resolved yet resolves so.
    pub(crate) fn close(self, why: impl Fn() -> AskError) {
        resolve_now(why);
    }

    /// Ends the scope of a poll. Whether the incarnation went to rest in it.
    #[inline]
    pub(crate) fn end_poll(self) -> bool {
        CURRENT.with(|current| current.resting.get())
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        settle();
        CURRENT.with(|current| {
            current.depth.set(current.depth.get() - 1);
            current.actor.set(self.actor);
            current.actor_id.set(self.actor_id);
            current.killed.set(self.killed);
            current.resting.set(self.resting);
            if !self.outer.is_empty() {
                ORPHANS.set(std::mem::take(&mut self.outer));
                current.dirty.set(true);
            }
        });
    }
}
