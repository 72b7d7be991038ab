//! The incarnation's side of a cell: drawing, resting, and how far it is.

use std::task::Waker;

use super::wakers::Wakers;
use super::{BEGUN_MASK, BegunWatcher, Cell, Guarded, OnEnd, Role, begun_word, rest, wake_all};
use crate::ExitReason;
use crate::lifecycle::{Stance, control};
use crate::mailbox::batch::Batch;
use crate::mailbox::queue::Item;
use crate::observe;
use crate::sync::{Arc, MutexGuard, Ordering};

/// What an incarnation found when it went to draw.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    Some,
    /// A message, which counts as begun from then on.
    Begun,
    /// Nothing; whatever comes wakes it.
    Empty,
    /// Nothing, but something was asked of it.
    Disturbed,
    /// The incarnation is over.
    Over,
}

/// What becomes of an incarnation that waits for something else than its mailbox.
#[derive(PartialEq, Eq)]
pub(crate) enum Parked {
    /// It may rest; its waker is stored.
    Rest,
    /// It was killed.
    Killed,
}

impl<M> Guarded<M> {
    /// Whether everything is handed over, nothing was asked of the incarnation, and nobody waits to hear how far it is.
    #[inline]
    fn needs_no_look(&mut self) -> bool {
        let is_watched = self
            .extras
            .as_ref()
            .is_some_and(|extras| !extras.begun_watchers.is_empty());
        let is_quiet = !is_watched
            && !self.life.is_disturbed(0)
            && !self.queue.has_line()
            && self.queue.is_empty();
        if is_quiet {
            self.queue.shrink();
        }
        is_quiet
    }

    /// Keeps the newest waker. The old one is for after the lock.
    #[inline]
    fn keep_waker(&mut self, waker: &Waker) -> Option<Waker> {
        match &self.waker {
            Some(kept) if kept.will_wake(waker) => None,
            _ => self.waker.replace(waker.clone()),
        }
    }
}

impl<M: Send + 'static> Cell<M> {
    /// Starts an incarnation. `None` when there is one already or never will be again; then `on_end` is dropped.
    pub(crate) fn begin(&self, on_end: Option<OnEnd>) -> Option<u32> {
        let mut guarded = self.lock();
        let incarnation = guarded.life.handle_begin()?;
        let mut wake = Vec::new();
        // A drain that was asked for in between closes the mailbox only now.
        if !guarded.life.open {
            guarded.queue.dissolve_line(&mut wake);
        }
        // All that has begun so far began in earlier incarnations.
        let begun = guarded.queue.kept() - guarded.queue.message_count() as u64;
        self.header
            .begun
            .store(begun_word(incarnation, begun), Ordering::Relaxed);
        self.header
            .control
            .store(guarded.life.control(), Ordering::Release);
        if on_end.is_some() {
            guarded.extras().on_end = on_end;
        }
        self.header.rest.store(rest::AWAKE, Ordering::Relaxed);
        drop(guarded);
        observe::begins(&self.header, incarnation);
        wake_all(wake);
        Some(incarnation)
    }

    /// How many messages had begun when this incarnation started.
    pub(crate) fn begun_at_start(&self) -> u64 {
        self.header.begun.load(Ordering::Relaxed) & BEGUN_MASK
    }

    /// Counts a message as begun. Called by the incarnation only.
    #[inline]
    pub(crate) fn set_begun(&self, incarnation: u32, count: u64) {
        self.header
            .begun
            .store(begun_word(incarnation, count), Ordering::Release);
    }

    /// The same for one that may have been given up meanwhile: then its successor keeps the word.
    pub(crate) fn set_begun_if_present(&self, incarnation: u32, count: u64) {
        let guarded = self.lock();
        if guarded.life.incarnation == incarnation {
            self.set_begun(incarnation, count);
        }
    }

    /// Whether nothing disturbs this incarnation.
    #[inline]
    pub(crate) fn is_undisturbed(&self, incarnation: u32) -> bool {
        self.header.control.load(Ordering::Relaxed) == control::of(incarnation)
    }

    /// Whether this incarnation was killed or given up.
    #[inline]
    pub(crate) fn is_killed(&self, incarnation: u32) -> bool {
        let word = self.header.control.load(Ordering::Relaxed);
        word & (control::KILL | control::OVER) != 0 || word >> 8 != u64::from(incarnation)
    }

    /// Whether this incarnation is the present one and has not ended.
    pub(crate) fn is_present(&self, incarnation: u32) -> bool {
        let guarded = self.lock();
        guarded.life.incarnation == incarnation && guarded.life.is_alive()
    }

    /// The reason with which a requested stop ends.
    pub(crate) fn stop_reason(&self) -> ExitReason {
        self.lock().life.stop_reason()
    }

    pub(crate) fn started(&self, incarnation: u32) {
        let mut guarded = self.lock();
        let is_news = guarded.life.handle_started(incarnation);
        let news = if is_news {
            guarded.restart_news()
        } else {
            Vec::new()
        };
        let watchers = guarded.take_phase_watchers();
        drop(guarded);
        if is_news {
            observe::started(&self.header, incarnation);
        }
        self.tell_restart(incarnation, news);
        watchers.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Hands queued items to the incarnation: all of them, or one at a time where the mailbox is of that kind. An incarnation that finds
    /// nothing rests, if it gives a waker: whatever comes in wakes it. Room that has become free goes to the line.
    /// Requests that it knows of already (`known`) do not disturb its rest. If it handles messages itself (`handles`), one that might
    /// have to give way begins with the draw, and one that gets a single message listens from here on, if it can: it need not look again
    /// before it rests. `begun` is its own count.
    pub(crate) fn draw(
        &self,
        incarnation: u32,
        begun: u64,
        known: u64,
        batch: &mut Batch<M>,
        waker: Option<&Waker>,
        handles: bool,
    ) -> Drawn {
        match self.role() {
            Role::Worker(pull) => {
                self.draw_or_pull(pull, incarnation, begun, known, batch, waker, handles)
            }
            _ => self.draw_own(incarnation, begun, known, batch, waker, handles),
        }
    }

    /// The same, out of its own mailbox.
    #[inline(always)]
    pub(super) fn draw_own(
        &self,
        incarnation: u32,
        begun: u64,
        known: u64,
        batch: &mut Batch<M>,
        waker: Option<&Waker>,
        handles: bool,
    ) -> Drawn {
        let empty = batch.refill();
        let mut old = None;
        let mut guarded = self.lock();
        if guarded.life.incarnation != incarnation || !guarded.life.is_alive() {
            return Drawn::Over;
        }
        // One that was given up may have written over the word in its last moment; then room would be passed on no more.
        if self.begun_count(&guarded.life).is_none() {
            self.set_begun(incarnation, begun);
        }
        let drawn = if !guarded.queue.is_empty() {
            guarded.queue.hand_over(empty);
            guarded.life.stance = Stance::Working;
            if handles && guarded.queue.begins_at_draw() && matches!(empty[..], [Item::Message(_)])
            {
                let begun = guarded.queue.kept() - guarded.queue.message_count() as u64;
                self.set_begun(incarnation, begun);
                Drawn::Begun
            } else if let Some(waker) = waker
                && handles
                && empty.len() == 1
                // Who pulls looks at the queue as well.
                && !matches!(self.role(), Role::Worker(_))
                && guarded.needs_no_look()
            {
                self.header.rest.store(rest::LISTENING, Ordering::Relaxed);
                let old = guarded.keep_waker(waker);
                drop(guarded);
                drop(old);
                return Drawn::Some;
            } else {
                Drawn::Some
            }
        } else if guarded.life.is_disturbed(known) {
            Drawn::Disturbed
        } else {
            if let Some(waker) = waker {
                guarded.queue.shrink();
                self.header.rest.store(rest::RESTING, Ordering::Relaxed);
                old = guarded.keep_waker(waker);
            }
            Drawn::Empty
        };
        self.pass_on(guarded);
        drop(old);
        drawn
    }

    /// Stores the waker of an incarnation that waits for something else than its mailbox, and passes on what room it has made.
    pub(crate) fn park(&self, incarnation: u32, waker: &Waker) -> Parked {
        let mut guarded = self.lock();
        // One that was given up, or whose cell was ended for good in the middle of its poll, would never be woken.
        if guarded.life.incarnation != incarnation || !guarded.life.is_alive() {
            return Parked::Killed;
        }
        let parked = if guarded.life.is_kill_requested() {
            Parked::Killed
        } else {
            Parked::Rest
        };
        self.header.rest.store(rest::AWAKE, Ordering::Relaxed);
        let old = guarded.keep_waker(waker);
        self.pass_on(guarded);
        drop(old);
        parked
    }

    /// Whether there is nothing to draw, and nothing was asked of the incarnation.
    pub(crate) fn has_nothing(&self) -> bool {
        let guarded = self.lock();
        guarded.queue.is_empty() && !guarded.life.is_disturbed(0)
    }

    /// Goes to rest without the lock, if the incarnation was listening and nothing has come since.
    ///
    /// Whoever comes in between the two steps has found it listening, so it has taken the waker and wakes it: that it says `RESTING` then
    /// does no harm, since there is no waker for a second wake, and the next draw puts it right.
    #[inline]
    pub(crate) fn rest_if_quiet(&self) -> bool {
        let rest = &self.header.rest;
        let is_quiet = rest.load(Ordering::Relaxed) == rest::LISTENING;
        if is_quiet {
            rest.store(rest::RESTING, Ordering::Relaxed);
        }
        is_quiet
    }

    /// Passes on what room has become free. Called every few messages, and after each one by an actor whose handlers may block.
    pub(crate) fn pass_room_on(&self) {
        self.pass_on(self.lock());
    }

    /// Grants free room to the line and tells links how far the actor is, after giving up the lock.
    #[inline]
    pub(super) fn pass_on(&self, guarded: MutexGuard<'_, Guarded<M>>) {
        let watched = guarded
            .extras
            .as_ref()
            .is_some_and(|extras| !extras.begun_watchers.is_empty());
        if !watched && !guarded.queue.has_line() {
            return;
        }
        self.do_pass_on(guarded);
    }

    fn do_pass_on(&self, mut guarded: MutexGuard<'_, Guarded<M>>) {
        let mut wake = Wakers::default();
        let begun = self.begun_count(&guarded.life);
        guarded.queue.grant(begun, &mut wake);
        let begun = guarded.queue.begun_seen();
        let watchers = guarded
            .extras
            .as_ref()
            .map(|extras| extras.begun_watchers.clone())
            .unwrap_or_default();
        drop(guarded);
        wake.wake();
        let mut tired = watchers;
        tired.retain(|watcher| !watcher.begun(begun));
        if !tired.is_empty() {
            self.forget_begun_watchers(&tired);
        }
    }

    /// Links come and go while an actor lives.
    #[cold]
    fn forget_begun_watchers(&self, tired: &[Arc<dyn BegunWatcher>]) {
        let mut guarded = self.lock();
        if let Some(extras) = &mut guarded.extras {
            // `tired` holds them too, so nothing is dropped under the lock.
            extras
                .begun_watchers
                .retain(|watcher| !tired.iter().any(|gone| Arc::ptr_eq(gone, watcher)));
        }
    }

    /// Calls `watcher` with the count of begun messages, at least every `step` of them and whenever the incarnation rests.
    pub(crate) fn add_begun_watcher(&self, watcher: Arc<dyn BegunWatcher>, step: u32) {
        self.header.step.fetch_min(step.max(1), Ordering::Relaxed);
        self.lock().extras().begun_watchers.push(watcher);
    }

    /// After how many messages at most progress is to be passed on.
    pub(crate) fn step(&self) -> u32 {
        self.header.step.load(Ordering::Relaxed)
    }
}
