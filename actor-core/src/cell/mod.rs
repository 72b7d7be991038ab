//! The cell: what a reference points to, and what outlives every incarnation of an actor.
//!
//! It is typed by the message alone. One lock guards the queue and the life, so order, bound, closing and sleeping are decided
//! in one critical section; under it runs no user code, no drop of a message and no wake.
//!
//! | word | written by | read by |
//! |---|---|---|
//! | `control` | under the lock | the incarnation, before every message |
//! | `begun` | the incarnation, at every message | senders that find no room; `len` |
//! | `accepted` | senders, under the lock | `len` |
//! | `refs` | references, the holders of a name, supervisors, parents | the last one that leaves |
//!
//! Access rules:
//! 1. `begun` carries the number of its incarnation, so the last store of one that was given up is recognised and ignored.
//! 2. `asleep` leaves `Awake` only by the incarnation, and returns to it by whoever rouses it, both under the lock.
//! 3. `refs` may rise from zero only under the lock while the cell is open.

mod any;
mod end;

use std::any::type_name;
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use crate::lifecycle::{Lifecycle, Request, control};
use crate::mailbox::queue::{Extra, Item, Queue, Ticket, Turn};
use crate::signal::{ActorId, MonitorId};
use crate::sync::{
    Arc, AtomicU32, AtomicU64, AtomicUsize, Mutex, MutexGuard, OnceLock, Ordering, lock,
};
use crate::system::SystemCore;
use crate::{Down, ExitReason, Mailbox};

pub(crate) use any::{AnyCell, until};

use crate::children::Children;

/// Where a cell belongs, known once a system has adopted it.
pub(crate) struct Binding {
    pub(crate) id: ActorId,
    pub(crate) system: Arc<SystemCore>,
    /// The actor that owns it; none for those at the top.
    pub(crate) parent: Option<Arc<dyn AnyCell>>,
    /// Its key in the table of its owner.
    pub(crate) key: u64,
}

/// The part of a cell that does not depend on the message type.
pub(crate) struct Header {
    pub(crate) control: AtomicU64,
    begun: AtomicU64,
    step: AtomicU32,
    refs: AtomicUsize,
    binding: OnceLock<Binding>,
    children: OnceLock<Box<Children>>,
}

/// A look at how much has begun, for a link that reports it to the other side.
pub(crate) trait BegunWatcher: Send + Sync {
    /// Returns whether it wants to hear more.
    fn begun(&self, count: u64) -> bool;
}

/// What few actors need, so that the others do not pay for it.
#[derive(Default)]
struct Extras {
    name: Option<Arc<str>>,
    monitors: Vec<Monitor>,
    phase_watchers: Vec<(u64, Waker)>,
    next_watcher: u64,
    on_end: Option<OnEnd>,
    begun_watchers: Vec<Arc<dyn BegunWatcher>>,
}

/// Who is told that an incarnation ended.
pub(crate) type OnEnd = Box<dyn FnOnce(u32, ExitReason) + Send>;

/// Somebody who wants to hear of the end for good.
pub(crate) struct Monitor {
    pub(crate) id: MonitorId,
    pub(crate) notify: Box<dyn FnOnce(Down) + Send>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sleep {
    /// At work, or waiting for something that is not the mailbox.
    Awake,
    /// Found the mailbox empty and is on its way to bed.
    Dozing,
    /// Something came while it was dozing.
    Roused,
    /// In bed; the waker is stored.
    Asleep,
}

struct Guarded<M> {
    queue: Queue<M>,
    life: Lifecycle,
    waker: Option<Waker>,
    sleep: Sleep,
    extras: Option<Box<Extras>>,
}

impl<M> Guarded<M> {
    /// Notes that something happened; the waker, if any, is for after the lock.
    #[inline]
    fn rouse(&mut self) -> Option<Waker> {
        match self.sleep {
            Sleep::Awake | Sleep::Roused => None,
            Sleep::Dozing => {
                self.sleep = Sleep::Roused;
                None
            }
            Sleep::Asleep => {
                self.sleep = Sleep::Awake;
                self.waker.take()
            }
        }
    }

    /// Reaches also an incarnation that waits for something else.
    fn rouse_anyhow(&mut self) -> Option<Waker> {
        if self.sleep == Sleep::Dozing {
            self.sleep = Sleep::Roused;
        } else if self.sleep == Sleep::Asleep {
            self.sleep = Sleep::Awake;
        }
        self.waker.take()
    }

    fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    fn take_phase_watchers(&mut self) -> Vec<(u64, Waker)> {
        self.extras
            .as_mut()
            .map(|extras| std::mem::take(&mut extras.phase_watchers))
            .unwrap_or_default()
    }
}

/// See the module's header.
#[repr(C)]
pub(crate) struct Cell<M> {
    header: Header,
    /// Beside the lock, under which it is written, and not beside what the incarnation writes at every message.
    accepted: AtomicU64,
    guarded: Mutex<Guarded<M>>,
}

/// Why a push was refused; the message comes back.
pub(crate) enum Refused<M> {
    Full(M),
    Closed(M),
}

/// What an incarnation found when it went to draw.
pub(crate) enum Drawn {
    Some,
    Empty,
    /// The incarnation is over.
    Over,
}

/// What becomes of an incarnation that has nothing to do at the moment.
#[derive(PartialEq, Eq)]
pub(crate) enum Parked {
    /// It may rest; its waker is stored.
    Rest,
    /// Something came in the meantime: poll it again.
    Again,
    /// It was killed.
    Killed,
}

const BEGUN_BITS: u32 = 48;
const BEGUN_MASK: u64 = (1 << BEGUN_BITS) - 1;

/// The `begun` word of an incarnation: its number and the count.
fn begun_word(incarnation: u32, count: u64) -> u64 {
    u64::from(incarnation) << BEGUN_BITS | (count & BEGUN_MASK)
}

fn wake_all(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

impl<M: Send + 'static> Cell<M> {
    pub(crate) fn new(mailbox: Mailbox) -> Arc<Self> {
        Arc::new(Cell {
            accepted: AtomicU64::new(0),
            header: Header {
                control: AtomicU64::new(0),
                begun: AtomicU64::new(0),
                step: AtomicU32::new(u32::MAX),
                refs: AtomicUsize::new(0),
                binding: OnceLock::new(),
                children: OnceLock::new(),
            },
            guarded: Mutex::new(Guarded {
                queue: Queue::new(mailbox.limit()),
                life: Lifecycle::new(),
                waker: None,
                sleep: Sleep::Awake,
                extras: None,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Guarded<M>> {
        lock(&self.guarded)
    }

    /// What tells this cell from every other one.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(&self.header).addr()
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Messages accepted and not begun, as far as can be seen without the lock.
    pub(crate) fn len(&self) -> usize {
        let begun = self.header.begun.load(Ordering::Relaxed) & BEGUN_MASK;
        self.accepted.load(Ordering::Relaxed).saturating_sub(begun) as usize
    }

    fn begun_count(&self, life: &Lifecycle, seen: u64) -> u64 {
        let word = self.header.begun.load(Ordering::Acquire);
        if word >> BEGUN_BITS == u64::from(life.incarnation) & 0xffff {
            word & BEGUN_MASK
        } else {
            seen
        }
    }

    fn count_begun(&self, guarded: &Guarded<M>) -> u64 {
        self.begun_count(&guarded.life, guarded.queue.begun_seen())
    }

    #[inline(always)]
    fn admit(&self, mut guarded: MutexGuard<'_, Guarded<M>>, message: M) {
        guarded.queue.push(message);
        self.accepted
            .store(guarded.queue.accepted(), Ordering::Relaxed);
        let waker = guarded.rouse();
        drop(guarded);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Accepts a message if there is room for it.
    #[inline(always)]
    pub(crate) fn try_push(&self, message: M) -> Result<(), Refused<M>> {
        let mut guarded = self.lock();
        if !guarded.life.open {
            return Err(Refused::Closed(message));
        }
        let Guarded { queue, life, .. } = &mut *guarded;
        if !queue.has_room(|seen| self.begun_count(life, seen)) {
            return Err(Refused::Full(message));
        }
        self.admit(guarded, message);
        Ok(())
    }

    #[cfg(feature = "serde")]
    /// Accepts a message that a link is entitled to send beyond the bound. Returns its number among the accepted.
    pub(crate) fn push_exempt(&self, message: M) -> Result<u64, M> {
        let guarded = self.lock();
        if !guarded.life.open {
            return Err(message);
        }
        let number = guarded.queue.accepted() + 1;
        self.admit(guarded, message);
        Ok(number)
    }

    /// Puts in what needs no room. Gives it back when the cell has ended.
    pub(crate) fn push_extra(&self, extra: Extra<M>) -> Result<(), Extra<M>> {
        let mut guarded = self.lock();
        if guarded.life.is_over() {
            return Err(extra);
        }
        guarded.queue.push_extra(extra);
        let waker = guarded.rouse();
        drop(guarded);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Waits in line for room for the message in `slot`, and puts it in. `Err` when the mailbox closed: the message is still there.
    pub(crate) fn poll_push(
        &self,
        slot: &mut Option<M>,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        let mut consumer = None;
        let mut waker = cx.waker().clone();
        let mut guarded = self.lock();
        match self.take_turn(&mut guarded, ticket, &mut waker, &mut consumer) {
            Poll::Pending => {
                drop(guarded);
                consumer.into_iter().for_each(Waker::wake);
                Poll::Pending
            }
            Poll::Ready(Err(())) => Poll::Ready(Err(())),
            Poll::Ready(Ok(())) => {
                // The room was promised or seen under this lock, so it is not promised to anybody else.
                if ticket.take().is_some() {
                    guarded.queue.use_grant();
                }
                let message = slot
                    .take()
                    .expect("a send is not polled after it completed");
                self.admit(guarded, message);
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Waits in line for room and keeps it promised.
    pub(crate) fn poll_reserve(
        &self,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        let mut consumer = None;
        let mut waker = cx.waker().clone();
        let mut guarded = self.lock();
        let turn = self.take_turn(&mut guarded, ticket, &mut waker, &mut consumer);
        if matches!(turn, Poll::Ready(Ok(()))) && ticket.is_none() {
            *ticket = Some(guarded.queue.grant_now());
        }
        drop(guarded);
        consumer.into_iter().for_each(Waker::wake);
        turn
    }

    fn take_turn(
        &self,
        guarded: &mut Guarded<M>,
        ticket: &mut Option<Ticket>,
        waker: &mut Waker,
        consumer: &mut Option<Waker>,
    ) -> Poll<Result<(), ()>> {
        if !guarded.life.open {
            *ticket = None;
            return Poll::Ready(Err(()));
        }
        let Guarded { queue, life, .. } = guarded;
        match *ticket {
            Some(held) => match queue.turn(held, waker) {
                Turn::Waiting => Poll::Pending,
                Turn::Granted => Poll::Ready(Ok(())),
                Turn::Void => {
                    *ticket = None;
                    Poll::Ready(Err(()))
                }
            },
            None if queue.has_room(|seen| self.begun_count(life, seen)) => Poll::Ready(Ok(())),
            None => {
                let waiting = std::mem::replace(waker, Waker::noop().clone());
                *ticket = Some(queue.join_line(waiting));
                // A forwarder that rests may have room to give that it has not taken note of.
                *consumer = guarded.rouse();
                Poll::Pending
            }
        }
    }

    /// Uses a promised room. The message comes back when the mailbox closed in the meantime.
    pub(crate) fn push_reserved(&self, ticket: Ticket, message: M) -> Result<(), M> {
        let mut guarded = self.lock();
        if !guarded.life.open
            || guarded.queue.turn(ticket, &mut Waker::noop().clone()) != Turn::Granted
        {
            return Err(message);
        }
        guarded.queue.use_grant();
        self.admit(guarded, message);
        Ok(())
    }

    /// Leaves the line or gives a promised room back, to the next in line.
    pub(crate) fn leave_line(&self, ticket: Ticket) {
        let mut wake = Vec::new();
        let mut guarded = self.lock();
        let own = guarded.queue.leave_line(ticket);
        let begun = self.count_begun(&guarded);
        guarded.queue.grant(begun, &mut wake);
        drop(guarded);
        drop(own);
        wake_all(wake);
    }

    // What the incarnation does.

    /// Starts an incarnation. `None` when there is one already or never will be again; then `on_end` is dropped.
    pub(crate) fn begin(&self, on_end: Option<OnEnd>) -> Option<u32> {
        let mut guarded = self.lock();
        let incarnation = guarded.life.handle_begin()?;
        // All that has begun so far began in earlier incarnations.
        let begun = guarded.queue.accepted() - guarded.queue.message_count() as u64;
        self.header
            .begun
            .store(begun_word(incarnation, begun), Ordering::Relaxed);
        self.header
            .control
            .store(guarded.life.control(), Ordering::Release);
        guarded.sleep = Sleep::Awake;
        if on_end.is_some() {
            guarded.extras().on_end = on_end;
        }
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
        guarded.life.handle_started(incarnation);
        let watchers = guarded.take_phase_watchers();
        drop(guarded);
        watchers.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Hands queued items to the incarnation: all of them, or the first only. Room that has become free goes to the line.
    pub(crate) fn draw(&self, incarnation: u32, one: bool, into: &mut VecDeque<Item<M>>) -> Drawn {
        let mut wake = Vec::new();
        let mut guarded = self.lock();
        if guarded.life.incarnation != incarnation || !guarded.life.is_alive() {
            return Drawn::Over;
        }
        if guarded.queue.has_line() {
            let begun = self.count_begun(&guarded);
            guarded.queue.grant(begun, &mut wake);
        }
        let drawn = if guarded.queue.is_empty() {
            guarded.queue.shrink();
            guarded.sleep = Sleep::Dozing;
            Drawn::Empty
        } else {
            guarded.sleep = Sleep::Awake;
            if one {
                into.extend(guarded.queue.pop());
            } else {
                guarded.queue.swap_out(into);
            }
            Drawn::Some
        };
        drop(guarded);
        wake_all(wake);
        drawn
    }

    /// Stores the waker of an incarnation that returned `Pending`, and passes on what room it has made.
    pub(crate) fn park(&self, incarnation: u32, waker: &Waker) -> Parked {
        let mut old = None;
        let mut guarded = self.lock();
        if guarded.life.incarnation != incarnation || guarded.life.is_kill_requested() {
            return Parked::Killed;
        }
        let parked = if guarded.sleep == Sleep::Roused {
            guarded.sleep = Sleep::Awake;
            Parked::Again
        } else {
            if guarded.sleep == Sleep::Dozing {
                guarded.sleep = Sleep::Asleep;
            }
            if !guarded
                .waker
                .as_ref()
                .is_some_and(|stored| stored.will_wake(waker))
            {
                old = guarded.waker.replace(waker.clone());
            }
            Parked::Rest
        };
        self.pass_on(guarded);
        drop(old);
        parked
    }

    /// Passes on what room has become free. Called every few messages, and after each one by an actor whose handlers may block.
    pub(crate) fn pass_room_on(&self) {
        self.pass_on(self.lock());
    }

    /// Grants free room to the line and tells links how far the actor is, after giving up the lock.
    fn pass_on(&self, mut guarded: MutexGuard<'_, Guarded<M>>) {
        let watched = guarded
            .extras
            .as_ref()
            .is_some_and(|extras| !extras.begun_watchers.is_empty());
        if !watched && !guarded.queue.has_line() {
            return;
        }
        let mut wake = Vec::new();
        let begun = self.count_begun(&guarded);
        guarded.queue.grant(begun, &mut wake);
        let watchers = guarded
            .extras
            .as_ref()
            .map(|extras| extras.begun_watchers.clone())
            .unwrap_or_default();
        drop(guarded);
        wake_all(wake);
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
    #[cfg(feature = "serde")]
    pub(crate) fn add_begun_watcher(&self, watcher: Arc<dyn BegunWatcher>, step: u32) {
        self.header.step.fetch_min(step.max(1), Ordering::Relaxed);
        self.lock().extras().begun_watchers.push(watcher);
    }

    /// After how many messages at most progress is to be passed on.
    pub(crate) fn step(&self) -> u32 {
        self.header.step.load(Ordering::Relaxed)
    }

    /// Why the last incarnation, or the cell, ended.
    #[cfg(feature = "serde")]
    pub(crate) fn last_reason(&self) -> ExitReason {
        use crate::lifecycle::Phase;

        match &self.lock().life {
            Lifecycle {
                phase: Phase::Closing(reason) | Phase::Ended(reason),
                ..
            } => reason.clone(),
            life => life.last.clone().unwrap_or(ExitReason::Normal),
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.lock().queue.capacity()
    }

    pub(crate) fn name_of_message(&self) -> &'static str {
        type_name::<M>()
    }

    /// Whether somebody waits for room.
    pub(crate) fn has_line(&self) -> bool {
        self.lock().queue.has_line()
    }

    /// What its thread is called, if it has one.
    /// Without a NUL, which the system does not take.
    pub(crate) fn thread_name(&self) -> String {
        let name = self
            .lock()
            .extras
            .as_ref()
            .and_then(|extras| extras.name.clone());
        name.map_or_else(
            || format!("actor-{}", self.header.id().0),
            |name| format!("actor-{}", name.replace('\0', "?")),
        )
    }

    fn sync_control(&self, guarded: &Guarded<M>) {
        self.header
            .control
            .store(guarded.life.control(), Ordering::Release);
    }

    /// Asks the present incarnation to drain, stop or die.
    fn do_request(&self, request: &Request) {
        self.request_locked(self.lock(), request);
    }

    fn request_locked(&self, mut guarded: MutexGuard<'_, Guarded<M>>, request: &Request) {
        let mut wake = Vec::new();
        if !guarded.life.handle_request(request) {
            return;
        }
        self.sync_control(&guarded);
        if !guarded.life.open {
            guarded.queue.dissolve_line(&mut wake);
        }
        wake.extend(guarded.rouse_anyhow());
        drop(guarded);
        wake_all(wake);
    }
}

impl Header {
    pub(crate) fn binding(&self) -> Option<&Binding> {
        self.binding.get()
    }

    pub(crate) fn id(&self) -> ActorId {
        self.binding
            .get()
            .map_or(ActorId::UNBOUND, |binding| binding.id)
    }

    pub(crate) fn system(&self) -> Option<&Arc<SystemCore>> {
        self.binding.get().map(|binding| &binding.system)
    }

    /// Gives the cell a home. Done once, before its first incarnation.
    pub(crate) fn bind(&self, binding: Binding) -> bool {
        self.binding.set(binding).is_ok()
    }

    /// The actors that this one owns.
    pub(crate) fn children(&self) -> &Children {
        self.children.get_or_init(|| Box::new(Children::new()))
    }

    pub(crate) fn children_if_any(&self) -> Option<&Children> {
        self.children.get().map(|children| &**children)
    }

    pub(crate) fn add_ref(&self) {
        self.refs.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds a reference if there is one already.
    pub(crate) fn add_ref_to_live(&self) -> bool {
        let rise = |refs| if refs == 0 { None } else { Some(refs + 1) };
        self.refs
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, rise)
            .is_ok()
    }

    /// Takes a reference away. Returns whether it was the last.
    pub(crate) fn drop_ref(&self) -> bool {
        self.refs.fetch_sub(1, Ordering::AcqRel) == 1
    }

    pub(crate) fn has_refs(&self) -> bool {
        self.refs.load(Ordering::Acquire) > 0
    }
}
