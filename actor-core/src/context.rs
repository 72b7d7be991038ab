//! What an actor can do from the inside.

use std::time::Duration;

use crate::cell::{AnyCell, Cell, Monitor};
use crate::children::finish_all;
use crate::guard::caught;
use crate::inbox::Inbox;
use crate::lifecycle::Request;
use crate::mailbox::queue::Extra;
use crate::spawn::SpawnBuilder;
use crate::sync::Arc;
use crate::system::SystemCore;
use crate::timers::{MissedTicks, TimerKey};
use crate::{
    Actor, ActorId, ActorRef, ActorSystem, AnyActorRef, Down, ExitReason, MonitorId, Signal,
    WeakActorRef,
};

/// Handed to every handler and hook of an actor: its own reference, its children, monitors and timers.
///
/// It belongs to one incarnation; whatever was set through it ends with that incarnation.
pub struct Context<A: Actor> {
    pub(crate) inbox: Inbox<A::Msg>,
    watched: Vec<(MonitorId, Arc<dyn AnyCell>)>,
}

impl<A: Actor> Context<A> {
    pub(crate) fn new(cell: Arc<Cell<A::Msg>>, incarnation: u32, blocking: bool) -> Self {
        Context {
            inbox: Inbox::new(cell, incarnation, blocking),
            watched: Vec::new(),
        }
    }

    pub(crate) fn core(&self) -> &Arc<SystemCore> {
        self.inbox
            .cell
            .header()
            .system()
            .expect("a cell is bound to its system before its first incarnation")
    }

    /// A reference to this actor.
    ///
    /// It counts: an actor that keeps one in its own state never ends for want of references. Keep a [`weak`](Context::weak) one.
    #[must_use]
    pub fn actor_ref(&self) -> ActorRef<A::Msg> {
        ActorRef::new(Arc::clone(&self.inbox.cell))
    }

    /// A reference to this actor that does not keep it alive.
    #[must_use]
    pub fn weak(&self) -> WeakActorRef<A::Msg> {
        WeakActorRef::new(Arc::clone(&self.inbox.cell))
    }

    /// The id of this actor. It stays the same over restarts.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.inbox.cell.header().id()
    }

    /// Which incarnation this is; the first is 1.
    #[must_use]
    pub fn incarnation(&self) -> u32 {
        self.inbox.incarnation
    }

    /// The system in which this actor lives.
    #[must_use]
    pub fn system(&self) -> ActorSystem {
        ActorSystem::from_core(Arc::clone(self.core()))
    }

    /// Stops this actor after the present message, as [`ActorRef::stop`] does.
    pub fn stop(&self) {
        self.inbox.cell.request(&Request::Stop(ExitReason::Normal));
    }

    pub(crate) fn stop_with(&self, reason: ExitReason) {
        self.inbox.cell.request(&Request::Stop(reason));
    }

    /// Starts an actor that cannot outlive this one: when this incarnation ends, for whatever reason, its children are stopped first,
    /// in the reverse order of their start.
    pub fn spawn<B: Actor>(&self, actor: B) -> ActorRef<B::Msg> {
        self.child(actor).spawn()
    }

    /// A child with options; see [`spawn`](Context::spawn).
    pub fn child<B: Actor>(&self, actor: B) -> SpawnBuilder<B> {
        let parent: Arc<dyn AnyCell> = Arc::clone(&self.inbox.cell) as Arc<dyn AnyCell>;
        SpawnBuilder::new(Arc::clone(self.core()), Some(parent), actor)
    }

    /// Asks for a [`Down`] in [`Actor::signal`] when that actor ends for good. At once, with `NoActor`, if it has ended already.
    ///
    /// The signal comes behind every message that the dead actor had sent to this one, and needs no room in the mailbox. Several
    /// monitors on one actor give several signals.
    pub fn monitor(&mut self, target: &AnyActorRef) -> MonitorId {
        let watcher = Arc::clone(&self.inbox.cell);
        self.watch(target, move |down| {
            drop(watcher.push_extra(Extra::Signal(Signal::Down(down))))
        })
    }

    /// Like [`monitor`](Context::monitor), but the end arrives as a message of this actor's own type.
    pub fn monitor_with(
        &mut self,
        target: &AnyActorRef,
        map: impl FnOnce(Down) -> A::Msg + Send + 'static,
    ) -> MonitorId {
        let watcher = Arc::clone(&self.inbox.cell);
        self.watch(target, move |down| {
            let id = down.monitor;
            drop(watcher.push_extra(Extra::Mapped(id, map(down))));
        })
    }

    fn watch(
        &mut self,
        target: &AnyActorRef,
        notify: impl FnOnce(Down) + Send + 'static,
    ) -> MonitorId {
        let id = MonitorId(self.core().next_id());
        self.inbox.monitors.push(id);
        // Ended monitors are swept now and then, so that the list does not grow for ever.
        if self.watched.len() >= 16 && self.watched.len() >= 2 * self.inbox.monitors.len() {
            let live = &self.inbox.monitors;
            self.watched.retain(|(id, _)| live.contains(id));
        }
        let cell = target.cell();
        match cell.add_monitor(Monitor {
            id,
            notify: Box::new(notify),
        }) {
            Ok(()) => self.watched.push((id, Arc::clone(cell))),
            Err(monitor) => {
                (monitor.notify)(Down {
                    monitor: id,
                    actor: cell.header().id(),
                    reason: ExitReason::NoActor,
                });
            }
        }
        id
    }

    /// Takes a monitor back. After this returns its `Down` is not handled, even if it was queued already.
    pub fn demonitor(&mut self, id: MonitorId) {
        self.inbox.monitors.retain(|set| *set != id);
        if let Some(place) = self.watched.iter().position(|(set, _)| *set == id) {
            self.watched.swap_remove(place).1.remove_monitor(id);
        }
    }

    /// Handles `message` after `delay`, unless the timer is cancelled, replaced, or this incarnation ends before.
    pub fn send_after(&mut self, key: impl Into<TimerKey>, delay: Duration, message: A::Msg) {
        self.inbox
            .timers
            .set_once(key.into(), moment(delay), message);
    }

    /// Handles a message every `period`, the first after one period. The rhythm does not drift; ticks that were missed are skipped.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
    pub fn send_interval(
        &mut self,
        key: impl Into<TimerKey>,
        period: Duration,
        make: impl FnMut() -> A::Msg + Send + 'static,
    ) {
        self.send_interval_with(key, period, MissedTicks::default(), make);
    }

    /// Like [`send_interval`](Context::send_interval), with a choice of what happens to missed ticks.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
    pub fn send_interval_with(
        &mut self,
        key: impl Into<TimerKey>,
        period: Duration,
        missed: MissedTicks,
        make: impl FnMut() -> A::Msg + Send + 'static,
    ) {
        assert!(!period.is_zero(), "an interval needs a period above zero");
        self.inbox
            .timers
            .set_every(key.into(), moment(period), period, missed, Box::new(make));
    }

    /// Ends a timer. After this returns no tick of it is handled. Returns whether there was one.
    pub fn cancel_timer(&mut self, key: impl Into<TimerKey>) -> bool {
        self.inbox.timers.cancel(&key.into())
    }

    /// The incarnation is over: gives everything back and reports the end.
    pub(crate) fn over(&mut self, reason: ExitReason) {
        self.release();
        let drawn = self.inbox.take_drawn();
        self.inbox
            .cell
            .end_incarnation(self.inbox.incarnation, reason, drawn);
    }

    fn release(&mut self) {
        // The messages of timers and the map functions of monitors are user data, whose drop may panic.
        let timers = std::mem::replace(&mut self.inbox.timers, crate::timers::Timers::new());
        self.dropped(caught(|| drop(timers)));
        for (id, cell) in std::mem::take(&mut self.watched) {
            self.dropped(caught(|| cell.remove_monitor(id)));
        }
    }

    fn dropped(&self, outcome: Result<(), ExitReason>) {
        if let Err(reason) = outcome {
            tracing::error!(actor = %self.id(), %reason, "dropping what an actor had set panicked");
        }
    }
}

fn moment(delay: Duration) -> std::time::Instant {
    let now = crate::runtime::now();
    now.checked_add(delay)
        .unwrap_or_else(|| now + Duration::from_secs(1_000_000_000))
}

impl<A: Actor> Drop for Context<A> {
    /// An incarnation that was dropped without its end: its runtime is gone, and with it every chance of a restart.
    fn drop(&mut self) {
        self.release();
        let cell = Arc::clone(&self.inbox.cell);
        let is_present = cell.is_present(self.inbox.incarnation);
        if is_present && let Some(children) = cell.header().children_if_any() {
            finish_all(children);
        }
        // Also one that was given up hands back what it had drawn: the asks in it resolve.
        let drawn = self.inbox.take_drawn();
        if is_present || !drawn.is_empty() {
            cell.end_incarnation(self.inbox.incarnation, ExitReason::Killed, drawn);
        }
        if is_present {
            cell.finish(ExitReason::Killed);
        }
    }
}
