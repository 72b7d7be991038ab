//! How a cell loses an incarnation, and how it ends for good.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use super::{BEGUN_MASK, Cell, Guarded, Monitor, begun_word, wake_all};
use crate::children::finish_all;
use crate::dead_letter::DeadLetterReason;
use crate::mailbox::queue::Item;
use crate::observe;
use crate::reply_scope::Scope;
use crate::snapshot::Site;
use crate::sync::{Arc, MutexGuard, Ordering};
use crate::{ActorId, AskError, DeadLetter, Down, ExitReason};

impl<M: Send + 'static> Cell<M> {
    /// An incarnation ended. What it had drawn and not begun returns to the front of the queue. Whoever owns the restart is told; an
    /// actor without such an owner ends for good.
    pub(crate) fn end_incarnation(
        &self,
        incarnation: u32,
        reason: ExitReason,
        drawn: Vec<Item<M>>,
    ) {
        let mut guarded = self.lock();
        if !guarded.life.handle_end(incarnation, &reason) {
            let end = guarded.life.end().cloned();
            let reason = end.unwrap_or(ExitReason::Unresponsive);
            drop(guarded);
            // Given up before: what it still held was reported then.
            self.discard(drawn, &reason, false);
            return;
        }
        self.sync_control(&guarded);
        guarded.queue.put_back(drawn);
        self.accept_stashed(&mut guarded);
        let waker = guarded.waker.take();
        let supervised = guarded.life.supervised;
        let on_end = guarded
            .extras
            .as_mut()
            .and_then(|extras| extras.on_end.take());
        let watchers = guarded.take_phase_watchers();
        if supervised || on_end.is_some() {
            let broken = guarded.take_links(incarnation);
            drop(guarded);
            observe::ended(&self.header, incarnation, &reason);
            // Before its owner hears of it: whoever ends with it knows when the next incarnation begins.
            self.tell_linked(broken, &reason);
        } else {
            // In the same breath, so that nobody else can end it for another reason in between.
            observe::ended(&self.header, incarnation, &reason);
            self.finish_locked(guarded, reason.clone());
        }
        drop(waker);
        if let Some(on_end) = on_end {
            on_end(incarnation, reason);
        }
        watchers.into_iter().for_each(|(_, waker)| waker.wake());
        self.leave_to_others();
    }

    /// Gives the present incarnation up: it gets nothing more, and its end will be ignored.
    pub(super) fn do_fence(&self, reason: ExitReason) {
        let mut guarded = self.lock();
        let given_up = guarded.life.incarnation;
        if !guarded.life.handle_fence() {
            return;
        }
        self.sync_control(&guarded);
        let broken = guarded.take_links(given_up);
        guarded.extras().given_up += 1;
        let out_of_reach = self.give_up_drawn(&mut guarded);
        let incarnation = guarded.life.incarnation;
        let waker = guarded.waker.take();
        let on_end = guarded
            .extras
            .as_mut()
            .and_then(|extras| extras.on_end.take());
        let watchers = guarded.take_phase_watchers();
        drop(guarded);

        observe::ended(&self.header, given_up, &reason);
        self.report_lost(out_of_reach, true);
        self.tell_linked(broken, &reason);
        if let Some(on_end) = on_end {
            on_end(incarnation, reason);
        }
        waker
            .into_iter()
            .chain(watchers.into_iter().map(|(_, waker)| waker))
            .for_each(Waker::wake);
        self.leave_to_others();
    }

    /// What a running incarnation had drawn or stashed is out of reach: it counts as begun from here on, and as lost. Returns how much that is.
    /// The incarnation may begin one of these in this very moment.
    fn give_up_drawn(&self, guarded: &mut Guarded<M>) -> u64 {
        let stashed = u64::from(guarded.take_stashed());
        let drawn = guarded.queue.kept() - guarded.queue.message_count() as u64;
        let begun = self.header.begun.load(Ordering::Acquire) & BEGUN_MASK;
        self.header.begun.store(
            begun_word(guarded.life.incarnation, drawn),
            Ordering::Release,
        );
        drawn.saturating_sub(begun) + stashed
    }

    /// Ends the cell for good: the name becomes free, the queue becomes dead letters, monitors hear of it, waiters wake. Once.
    pub(super) fn do_finish(&self, reason: ExitReason) {
        let guarded = self.lock();
        self.finish_locked(guarded, reason);
    }

    /// The same, unless an incarnation runs. Returns whether none does.
    pub(super) fn do_finish_idle(&self, reason: ExitReason) -> bool {
        let guarded = self.lock();
        let is_idle = !guarded.life.is_alive();
        if is_idle {
            self.finish_locked(guarded, reason);
        }
        is_idle
    }

    /// Nobody may hold a reference any more: an actor that runs drains, one that does not ends for good. Decided and done in one breath,
    /// so that a reference that comes back in time keeps it alive.
    pub(super) fn do_unreferenced(&self) {
        if let Some(sink) = self.sink() {
            return sink.let_go(&self.header);
        }
        let mut guarded = self.lock();
        if self.header.has_refs() || guarded.life.is_over() {
            return;
        }
        if guarded.life.is_alive() {
            if guarded.life.handle_unreferenced() {
                self.requested(guarded);
            }
        } else {
            self.finish_locked(guarded, ExitReason::Normal);
        }
    }

    /// The incarnation has started work that keeps it alive: a drain for want of references is off. Called by the incarnation only. Whoever
    /// lets the last reference go before the actor sees its first message thus does it no harm.
    pub(crate) fn referenced_again(&self) -> bool {
        let mut guarded = self.lock();
        let is_off = guarded.life.handle_referenced();
        if is_off {
            self.sync_control(&guarded);
        }
        is_off
    }

    fn finish_locked(&self, mut guarded: MutexGuard<'_, Guarded<M>>, reason: ExitReason) {
        let mut wake = Vec::new();
        let was_alive = guarded.life.is_alive();
        if !guarded.life.handle_finish(&reason) {
            return;
        }
        self.sync_control(&guarded);
        let out_of_reach = if was_alive {
            self.give_up_drawn(&mut guarded)
        } else {
            0
        };
        guarded.queue.dissolve_line(&mut wake);
        let items = guarded.queue.take_all();
        wake.extend(guarded.waker.take());
        let broken = guarded.take_links(u32::MAX);
        let memberships = guarded.take_memberships();
        let (name, monitors, unheard) =
            guarded
                .extras
                .as_mut()
                .map_or_else(Default::default, |extras| {
                    (
                        extras.name.clone(),
                        std::mem::take(&mut extras.monitors),
                        (
                            extras.on_end.take(),
                            std::mem::take(&mut extras.restart_watchers),
                        ),
                    )
                });
        drop(guarded);

        observe::stopped(&self.header, &reason);
        drop(unheard);
        self.report_lost(out_of_reach, true);
        // Ordinarily none is left; one whose incarnation was given up could not stop them itself.
        if let Some(children) = self.header.children_if_any() {
            children.close();
            finish_all(children);
        }
        if let (Some(name), Some(system)) = (&name, self.header.system()) {
            system.registry.release(name, self.address());
        }
        self.tell_monitors(memberships, &reason);
        self.discard(items, &reason, true);
        self.leave_parent();
        self.tell_linked(broken, &reason);
        self.tell_monitors(monitors, &reason);
        wake_all(wake);

        let mut guarded = self.lock();
        guarded.life.handle_cleared();
        let watchers = guarded.take_phase_watchers();
        let late = guarded
            .extras
            .as_mut()
            .map_or_else(Vec::new, |extras| std::mem::take(&mut extras.monitors));
        drop(guarded);
        self.tell_monitors(late, &reason);
        watchers.into_iter().for_each(|(_, waker)| waker.wake());
    }

    fn leave_parent(&self) {
        let Some(binding) = self.header.binding() else {
            return;
        };
        match self.header.parent() {
            Some(parent) => {
                if let Some(children) = parent.header().children_if_any() {
                    children.remove(binding.id);
                }
            }
            None if binding.kind.site() == Site::Elsewhere => {
                binding.system.foreign.remove(binding.id);
            }
            None => binding.system.roots.remove(binding.id),
        }
        binding.system.actor_ended();
    }

    fn tell_monitors(&self, monitors: Vec<Monitor>, reason: &ExitReason) {
        for monitor in monitors {
            let Monitor { id, notify, tally } = monitor;
            // Whoever hears of the end finds it counted no more.
            drop(tally);
            let down = Down {
                monitor: id,
                actor: self.header.id(),
                reason: reason.clone(),
            };
            // A map function of `monitor_with` is user code.
            if catch_unwind(AssertUnwindSafe(|| notify(down))).is_err() {
                tracing::error!(actor = %self.header.id(), "a monitor's map function panicked; its message is lost");
            }
        }
    }

    /// Drops messages that will not be handled: each becomes a dead letter, and replies inside them resolve.
    fn discard(&self, items: Vec<Item<M>>, reason: &ExitReason, report: bool) {
        if items.is_empty() {
            return;
        }
        let scope = Scope::for_drop();
        for item in items {
            // What the system owed the actor was sent by nobody.
            let is_letter = is_letter(&item);
            // Dropping a message runs user code; a panic in it harms nobody else.
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(item)));
            if dropped.is_err() {
                tracing::error!(
                    message_type = self.name_of_message(),
                    "the drop of an unhandled message panicked"
                );
            }
            if report && is_letter {
                self.dead_letter(DeadLetterReason::Stopped(reason.clone()));
            }
        }
        scope.close(|| match reason {
            ExitReason::NoConnection => AskError::Disconnected {
                may_have_run: false,
            },
            other => AskError::Stopped {
                reason: other.clone(),
                begun: false,
            },
        });
    }

    /// Reports messages that were accepted, are out of reach now, and will not be handled here.
    pub(crate) fn report_lost(&self, count: u64, maybe_handled: bool) {
        for _ in 0..count {
            self.dead_letter(DeadLetterReason::Lost { maybe_handled });
        }
    }

    /// Reports a message whose sender is not known: whoever ends an actor, in whatever poll, is not the one who sent what was queued.
    pub(crate) fn dead_letter(&self, reason: DeadLetterReason) {
        self.dead_letter_from(reason, None);
    }

    pub(super) fn dead_letter_from(&self, reason: DeadLetterReason, sender: Option<ActorId>) {
        if let Some(system) = self.header.system() {
            let letter = DeadLetter {
                target: self.header.id(),
                name: self.name_arc(),
                message_type: self.name_of_message(),
                reason,
                sender,
            };
            observe::dead_letter(&self.header, &letter);
            system.dead_letters.report(letter);
        }
    }

    fn name_arc(&self) -> Option<Arc<str>> {
        self.lock()
            .extras
            .as_ref()
            .and_then(|extras| extras.name.clone())
    }
}

/// Whether somebody sent it.
fn is_letter<M>(item: &Item<M>) -> bool {
    #[cfg(feature = "testing")]
    if let Item::Extra(extra) = item {
        return matches!(**extra, crate::mailbox::queue::Extra::Late(_));
    }
    matches!(item, Item::Message(_))
}
