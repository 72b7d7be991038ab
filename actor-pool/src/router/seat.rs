//! A worker as its router sees it.
//!
//! Made by `keeper`, looked at by every sender. It keeps no worker alive and never says anything to one but messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use actor_core::ActorId;
use actor_core::routing::Target;

use super::worker::{RouterWorker, RouterWorkerState, WorkerId};

/// What a worker that failed lately counts as having to do, beside what it has: more than a worker usually has queued when there are
/// others, and less than the default bound, so that it is chosen when the others are nearly full.
const PENALTY: u32 = 256;

/// See the module's header.
pub(super) struct Seat<M: Send + 'static> {
    pub(super) id: WorkerId,
    pub(super) name: Arc<str>,
    pub(super) target: Target<M>,
    /// It gets nothing more.
    pub(super) is_leaving: AtomicBool,
    penalty: AtomicU32,
    restarts: AtomicU32,
}

impl<M: Send + 'static> Seat<M> {
    pub(super) fn new(id: WorkerId, name: &str, target: Target<M>) -> Self {
        Seat {
            id,
            name: name.into(),
            target,
            is_leaving: AtomicBool::new(false),
            penalty: AtomicU32::new(0),
            restarts: AtomicU32::new(0),
        }
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.is_leaving.load(Ordering::Relaxed)
    }

    /// What least-loaded looks at. One that is away has more to do than any that is there. `target` is its own, from nearer by.
    #[inline]
    pub(super) fn load(&self, target: &Target<M>) -> usize {
        if !target.is_up() {
            return usize::MAX;
        }
        target.load() + self.penalty.load(Ordering::Relaxed) as usize
    }

    /// It has failed and is there again. Returns how often that has happened.
    pub(super) fn note_restart(&self) -> u32 {
        self.penalty.store(PENALTY, Ordering::Relaxed);
        self.restarts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Some time has passed; if it did not fail again meanwhile, it is one like the others.
    pub(super) fn forgive(&self, restarts: u32) {
        if self.restarts.load(Ordering::Relaxed) == restarts {
            self.penalty.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn actor(&self) -> ActorId {
        self.target.id()
    }

    pub(super) fn describe(&self) -> RouterWorker {
        RouterWorker {
            id: self.id,
            name: Arc::clone(&self.name),
            actor: self.actor(),
            state: if self.is_leaving() {
                RouterWorkerState::Leaving
            } else if self.target.is_up() {
                RouterWorkerState::Running
            } else {
                RouterWorkerState::Restarting
            },
            queued: self.target.len(),
            restarts: self.restarts.load(Ordering::Relaxed),
        }
    }
}

/// Where to look first and then, all round.
pub(super) fn round(first: usize, workers: usize) -> impl Iterator<Item = usize> {
    (first..workers).chain(0..first)
}
