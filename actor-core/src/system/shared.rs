//! What the cells of a system share.

use std::time::Duration;

use crate::cell::AnyCell;
use crate::children::{Casualty, Children};
use crate::dead_letter::DeadLetterOffice;
use crate::directory::Directory;
use crate::lifecycle::Request;
use crate::registry::Registry;
use crate::runtime::{Runtime, What};
use crate::sync::{Arc, AtomicBool, AtomicU64, AtomicUsize, Mutex, OnceLock, Ordering, lock};
use crate::tally::Gauge;
use crate::timekeeper::Timekeeper;
use crate::watchdog::Watchdog;

/// What cells hold of their system.
pub(crate) struct SystemCore {
    pub(crate) name: String,
    pub(crate) runtime: Runtime,
    pub(crate) timekeeper: Arc<Timekeeper>,
    pub(crate) registry: Registry,
    pub(crate) groups: Arc<Directory>,
    pub(crate) topics: Arc<Directory>,
    pub(crate) roots: Children,
    pub(crate) dead_letters: DeadLetterOffice,
    pub(crate) ask_timeout: Duration,
    /// Actors of other places that are known here; nobody here stops them.
    pub(crate) foreign: Children,
    pub(crate) timers: Gauge,
    pub(crate) monitors: Gauge,
    pub(crate) watchdog: OnceLock<Arc<Watchdog>>,
    /// What is more than one actor, and says so in snapshots.
    pub(crate) notes: crate::snapshot::Notes,
    pub(super) next_id: AtomicU64,
    pub(super) live: AtomicUsize,
    pub(super) handles: AtomicUsize,
    pub(super) runtime_watched: AtomicBool,
    /// Filled while the system shuts down.
    pub(super) casualties: Mutex<Option<Vec<Casualty>>>,
}

impl SystemCore {
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn actor_began(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn actor_ended(&self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether there is a watchdog.
    pub(crate) fn is_watched(&self) -> bool {
        self.watchdog.get().is_some()
    }

    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    pub(crate) fn note_casualty(&self, casualty: Casualty) {
        if let Some(casualties) = &mut *lock(&self.casualties) {
            casualties.push(casualty);
        }
    }

    /// Makes sure that actors on threads hear of it when the runtime goes away; tasks notice by being dropped.
    pub(crate) fn watch_runtime(self: &Arc<Self>) {
        if self.runtime_watched.swap(true, Ordering::Relaxed) {
            return;
        }
        struct RuntimeGone(std::sync::Weak<SystemCore>);
        impl Drop for RuntimeGone {
            fn drop(&mut self) {
                if let Some(core) = self.0.upgrade() {
                    core.roots.close();
                    core.tree()
                        .iter()
                        .for_each(|cell| cell.request(&Request::Kill));
                }
            }
        }
        let guard = RuntimeGone(Arc::downgrade(self));
        drop(
            self.runtime
                .spawn(What::Part("the watch over the runtime"), async move {
                    let _guard = guard;
                    std::future::pending::<()>().await;
                }),
        );
    }

    /// Every actor below the top, parents before their children. Iterative: trees may be deep.
    pub(crate) fn tree(&self) -> Vec<Arc<dyn AnyCell>> {
        let mut found: Vec<Arc<dyn AnyCell>> = self
            .roots
            .list()
            .into_iter()
            .map(|child| child.cell)
            .collect();
        let mut next = 0;
        while next < found.len() {
            let below = found[next]
                .header()
                .children_if_any()
                .map(Children::list)
                .unwrap_or_default();
            found.extend(below.into_iter().map(|child| child.cell));
            next += 1;
        }
        found
    }
}
