//! A cell without its message type: what monitors, parents, supervisors and names hold.

use std::any::Any;
use std::task::{Poll, Waker};

use super::links::Tied;
use super::{Cell, Header, Inspection, LinkedEnd, Monitor, Pulse, Reopened, RestartWatcher, Tie};
use crate::ExitReason;
use crate::lifecycle::{Lifecycle, Phase, Request};
use crate::mailbox::queue::Extra;
use crate::signal::MonitorId;
use crate::sync::Arc;

/// The untyped face of [`Cell`].
pub(crate) trait AnyCell: Send + Sync {
    fn header(&self) -> &Header;
    fn header_mut(&mut self) -> &mut Header;
    fn message_type(&self) -> &'static str;
    fn request(&self, request: &Request);
    /// The same for one incarnation only: nothing is kept for the next.
    fn request_of(&self, incarnation: u32, request: &Request);
    /// Whether `ready` holds; otherwise keeps the waker until the phase changes.
    fn watch(
        &self,
        key: &mut Option<u64>,
        waker: &Waker,
        ready: &mut dyn FnMut(&Lifecycle) -> bool,
    ) -> bool;
    fn unwatch(&self, key: u64);
    /// Looks at the life under the lock.
    fn look(&self, look: &mut dyn FnMut(&Lifecycle));
    /// What a snapshot says of it.
    fn inspect(&self) -> Inspection;
    /// What its incarnation has in hand.
    fn pulse(&self) -> Option<Pulse>;
    /// Gives the monitor back when the cell has ended.
    fn add_monitor(&self, monitor: Monitor) -> Result<(), Monitor>;
    /// Takes a monitor back, and what it hears of restarts.
    fn remove_monitor(&self, id: MonitorId);
    /// See [`Cell::add_membership`]; by way of the adapter at this address.
    fn add_membership_via(&self, via: usize, membership: Monitor) -> Result<(), Monitor>;
    fn remove_membership_via(&self, via: usize, id: MonitorId);
    fn watch_restarts(&self, watcher: RestartWatcher);
    /// Puts in this side's half of a link; see the module `links`.
    fn tie_up(&self, peer: &Arc<dyn AnyCell>, tie: &mut Arc<Tie>, is_first: bool) -> Tied;
    /// Takes this side's half of a link out.
    fn untie(&self, peer: usize, tie: &Arc<Tie>);
    /// The other side of a link has ended.
    fn hear_linked(&self, end: LinkedEnd);
    /// Puts a mark behind all that is queued; dropped when the cell has ended.
    fn push_mark(&self, mark: Box<dyn Send>);
    /// Gives the present incarnation up; whoever owns the restart is told this reason.
    fn fence(&self, reason: ExitReason);
    /// Ends the cell for good, once.
    fn finish(&self, reason: ExitReason);
    /// Ends the cell for good unless an incarnation runs. Returns whether none does.
    fn finish_idle(&self, reason: ExitReason) -> bool;
    /// Lets no incarnation begin until it is reopened. Returns whether none runs.
    fn hold_idle(&self) -> bool;
    /// Lets incarnations begin again, also after the end for good.
    fn reopen(&self) -> Reopened;
    fn name(&self) -> Option<Arc<str>>;
    /// Sets the name that the end for good must release. `Err` when it has one (then that one) or has ended.
    fn set_name(&self, name: &Arc<str>) -> Result<(), Option<Arc<str>>>;
    fn set_supervised(&self);
    /// The last reference may have gone: drains if it did.
    fn unreferenced(&self);
    /// Adds a reference unless the cell is closed.
    fn revive(&self) -> bool;
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<M: Send + 'static> AnyCell for Cell<M> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn header_mut(&mut self) -> &mut Header {
        &mut self.header
    }

    fn message_type(&self) -> &'static str {
        self.name_of_message()
    }

    fn request(&self, request: &Request) {
        self.do_request(request);
    }

    fn request_of(&self, incarnation: u32, request: &Request) {
        let guarded = self.lock();
        if guarded.life.is_alive() && guarded.life.incarnation == incarnation {
            self.request_locked(guarded, request);
        }
    }

    fn watch(
        &self,
        key: &mut Option<u64>,
        waker: &Waker,
        ready: &mut dyn FnMut(&Lifecycle) -> bool,
    ) -> bool {
        let mut old = None;
        let mut guarded = self.lock();
        let is_ready = ready(&guarded.life);
        if !is_ready {
            let extras = guarded.extras();
            let place = key.and_then(|key| {
                extras
                    .phase_watchers
                    .iter()
                    .position(|(other, _)| *other == key)
            });
            match place {
                Some(place) => {
                    old = Some(std::mem::replace(
                        &mut extras.phase_watchers[place].1,
                        waker.clone(),
                    ))
                }
                None => {
                    extras.next_watcher += 1;
                    *key = Some(extras.next_watcher);
                    extras
                        .phase_watchers
                        .push((extras.next_watcher, waker.clone()));
                }
            }
        }
        drop(guarded);
        drop(old);
        is_ready
    }

    fn unwatch(&self, key: u64) {
        let mut guarded = self.lock();
        let mut removed = None;
        if let Some(extras) = &mut guarded.extras
            && let Some(place) = extras
                .phase_watchers
                .iter()
                .position(|(other, _)| *other == key)
        {
            removed = Some(extras.phase_watchers.swap_remove(place));
        }
        drop(guarded);
        drop(removed);
    }

    fn look(&self, look: &mut dyn FnMut(&Lifecycle)) {
        look(&self.lock().life);
    }

    fn inspect(&self) -> Inspection {
        self.do_inspect()
    }

    fn pulse(&self) -> Option<Pulse> {
        self.do_pulse()
    }

    fn add_monitor(&self, monitor: Monitor) -> Result<(), Monitor> {
        let mut guarded = self.lock();
        // One that is closing tells it when it has ended, so that its name is free by then.
        if guarded.life.phase == Phase::Ended {
            return Err(monitor);
        }
        guarded.extras().monitors.push(monitor);
        Ok(())
    }

    fn add_membership_via(&self, via: usize, membership: Monitor) -> Result<(), Monitor> {
        self.do_add_membership(via, membership)
    }

    fn remove_membership_via(&self, via: usize, id: MonitorId) {
        self.do_remove_membership(via, id);
    }

    fn remove_monitor(&self, id: MonitorId) {
        let mut guarded = self.lock();
        let (mut removed, mut watcher) = (None, None);
        if let Some(extras) = &mut guarded.extras {
            if let Some(place) = extras.monitors.iter().position(|monitor| monitor.id == id) {
                removed = Some(extras.monitors.swap_remove(place));
            }
            let mut watchers = extras.restart_watchers.iter();
            if let Some(place) = watchers.position(|watcher| watcher.id == id) {
                watcher = Some(extras.restart_watchers.swap_remove(place));
            }
        }
        drop(guarded);
        drop((removed, watcher));
    }

    fn watch_restarts(&self, watcher: RestartWatcher) {
        self.do_watch_restarts(watcher);
    }

    fn tie_up(&self, peer: &Arc<dyn AnyCell>, tie: &mut Arc<Tie>, is_first: bool) -> Tied {
        self.do_tie_up(None, peer, tie, is_first)
    }

    fn untie(&self, peer: usize, tie: &Arc<Tie>) {
        self.do_untie(peer, tie);
    }

    fn hear_linked(&self, end: LinkedEnd) {
        self.do_hear_linked(end);
    }

    fn push_mark(&self, mark: Box<dyn Send>) {
        drop(self.push_extra(Extra::Mark(mark)));
    }

    fn fence(&self, reason: ExitReason) {
        self.do_fence(reason);
    }

    fn finish(&self, reason: ExitReason) {
        self.do_finish(reason);
    }

    fn finish_idle(&self, reason: ExitReason) -> bool {
        self.do_finish_idle(reason)
    }

    fn hold_idle(&self) -> bool {
        self.lock().life.handle_hold()
    }

    fn reopen(&self) -> Reopened {
        self.do_reopen()
    }

    fn name(&self) -> Option<Arc<str>> {
        self.lock()
            .extras
            .as_ref()
            .and_then(|extras| extras.name.clone())
    }

    fn set_name(&self, name: &Arc<str>) -> Result<(), Option<Arc<str>>> {
        let mut guarded = self.lock();
        if guarded.life.is_over() {
            return Err(None);
        }
        match &mut guarded.extras().name {
            Some(taken) => Err(Some(Arc::clone(taken))),
            free => {
                *free = Some(Arc::clone(name));
                Ok(())
            }
        }
    }

    fn set_supervised(&self) {
        self.lock().life.supervised = true;
    }

    fn unreferenced(&self) {
        self.do_unreferenced();
    }

    fn revive(&self) -> bool {
        if self.header.add_ref_to_live() {
            return true;
        }
        if let Some(sink) = self.sink() {
            return sink.revive(&self.header);
        }
        let guarded = self.lock();
        if guarded.life.open {
            self.header.add_ref();
        }
        guarded.life.open
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// Waits until something holds of the life of a cell. Cancel safe: dropping it only forgets the waker.
pub(crate) async fn until<T>(
    cell: &Arc<dyn AnyCell>,
    mut look: impl FnMut(&Lifecycle) -> Option<T>,
) -> T {
    struct Watch<'a> {
        cell: &'a Arc<dyn AnyCell>,
        key: Option<u64>,
    }
    impl Drop for Watch<'_> {
        fn drop(&mut self) {
            if let Some(key) = self.key {
                self.cell.unwatch(key);
            }
        }
    }

    let mut watch = Watch { cell, key: None };
    std::future::poll_fn(move |cx| {
        let mut found = None;
        watch.cell.watch(&mut watch.key, cx.waker(), &mut |life| {
            found = look(life);
            found.is_some()
        });
        found.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}
