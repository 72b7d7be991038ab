//! The thread-local scope around one poll of an actor, or around the dropping of its queue or state.
//!
//! It answers two questions without any cost per message: *whose poll is this* (an actor that asks itself would wait for ever), and
//! *what became of a reply that was dropped here* — that is known only when the poll has ended, so dropped replies are collected and
//! resolved then, by how it ended. Scopes nest: each saves what it finds and puts it back.
//!
//! Called by the run loop and by whatever drops messages; runs no user code under a borrow.

use std::cell::{Cell, RefCell};

use crate::sync::{Arc, thread_local};
use crate::{ActorId, AskError};

/// A reply slot that lost its [`Reply`](crate::Reply) before it was answered.
pub(crate) trait Orphan: Send + Sync {
    /// Tells the asker, unless it was answered or handed to a link.
    fn orphaned(&self, why: AskError);
}

/// There are orphans.
const DIRTY: u32 = 1;
/// The incarnation was killed: what it has in hand is given up.
const KILLED: u32 = 2;
/// The incarnation left its waker with its mailbox.
const RESTING: u32 = 4;
/// One scope more.
const DEEPER: u32 = 8;

// Plain cells, each read and written as a whole: a poll does this every time, and a struct of them would be copied about.
thread_local! {
    /// The address of the cell whose poll this is; 0 outside of any.
    static ACTOR: Cell<usize> = const { Cell::new(0) };
    /// The id of that actor; 0 outside of any.
    static ACTOR_ID: Cell<u64> = const { Cell::new(0) };
    static FLAGS: Cell<u32> = const { Cell::new(0) };
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
    if FLAGS.get() < DEEPER {
        slot.orphaned(AskError::NoReply);
    } else {
        ORPHANS.with_borrow_mut(|orphans| orphans.push(slot));
        FLAGS.set(FLAGS.get() | DIRTY);
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
    FLAGS.get() & DIRTY != 0
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
    FLAGS.get() & KILLED != 0
}

/// The incarnation whose poll this is found its mailbox empty, and its waker is stored there.
#[inline]
pub(crate) fn note_rest() {
    FLAGS.set(FLAGS.get() | RESTING);
}

fn take() -> Vec<Arc<dyn Orphan>> {
    FLAGS.set(FLAGS.get() & !DIRTY);
    ORPHANS.take()
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
    flags: u32,
    /// What was dropped in the scope outside of this one. Seldom anything: then it is there.
    #[expect(
        clippy::box_collection,
        reason = "one word in every poll, where a vector is three"
    )]
    outer: Option<Box<Vec<Arc<dyn Orphan>>>>,
}

impl Scope {
    /// Around a poll of an actor. `killed`: what it has in hand is to be dropped.
    #[inline(always)]
    pub(crate) fn enter(actor: usize, id: ActorId, killed: bool) -> Self {
        let flags = FLAGS.get();
        let outer = (flags & DIRTY != 0).then(|| Box::new(take()));
        let depth = (flags & !(DEEPER - 1)) + DEEPER;
        FLAGS.set(depth | if killed { KILLED } else { 0 });
        Scope {
            actor: ACTOR.replace(actor),
            actor_id: ACTOR_ID.replace(id.0),
            flags,
            outer,
        }
    }

    /// Around the dropping of messages, by whomever.
    pub(crate) fn for_drop() -> Self {
        Scope::enter(ACTOR.get(), ActorId(ACTOR_ID.get()), false)
    }

    /// Ends the scope; what was dropped in it and is not resolved yet resolves so.
    pub(crate) fn close(self, why: impl Fn() -> AskError) {
        resolve_now(why);
    }

    /// Ends the scope of a poll. Whether the incarnation went to rest in it.
    #[inline(always)]
    pub(crate) fn end_poll(self) -> bool {
        FLAGS.get() & RESTING != 0
    }
}

impl Drop for Scope {
    #[inline(always)]
    fn drop(&mut self) {
        // An asker that is woken may drop a reply in turn.
        while is_dirty() {
            settle();
        }
        ACTOR.set(self.actor);
        ACTOR_ID.set(self.actor_id);
        FLAGS.set(self.flags);
        if let Some(outer) = self.outer.take() {
            ORPHANS.set(*outer);
        }
    }
}
