//! Who hears of restarts: beside the monitors, which hear of the end for good only.
//!
//! Told when the start-up of the new incarnation is complete, by the thread that completed it and not under the lock.

use super::{Cell, Guarded};
use crate::Restarted;
use crate::signal::MonitorId;
use crate::sync::Arc;

/// Somebody who wants to hear of each restart. It has a monitor of the same id, and ends with it.
#[derive(Clone)]
pub(crate) struct RestartWatcher {
    pub(crate) id: MonitorId,
    pub(crate) notify: Arc<dyn Fn(Restarted) + Send + Sync>,
}

impl<M> Guarded<M> {
    /// Those who are to hear that an incarnation has started after another one.
    pub(super) fn restart_news(&self) -> Vec<(RestartWatcher, crate::ExitReason)> {
        match (&self.extras, self.life.last()) {
            (Some(extras), Some(cause)) => extras
                .restart_watchers
                .iter()
                .map(|watcher| (watcher.clone(), cause.clone()))
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl<M: Send + 'static> Cell<M> {
    pub(super) fn tell_restart(
        &self,
        incarnation: u32,
        news: Vec<(RestartWatcher, crate::ExitReason)>,
    ) {
        for (watcher, cause) in news {
            (watcher.notify)(Restarted {
                monitor: watcher.id,
                actor: self.header.id(),
                incarnation,
                cause,
            });
        }
    }

    pub(super) fn do_watch_restarts(&self, watcher: RestartWatcher) {
        let mut guarded = self.lock();
        // One that has ended for good starts no more; its watchers were let go of.
        if !guarded.life.is_over() {
            guarded.extras().restart_watchers.push(watcher);
        }
    }
}
