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
//! 2. `rest` rises from `AWAKE` only by the incarnation, under the same lock under which its waker is stored, and falls under the lock by
//!    whoever rouses it. Without the lock the incarnation may go from `LISTENING` to `RESTING`: whoever is about to rouse it wakes it after.
//! 3. `refs` may rise from zero only under the lock while the cell is open.
//!
//! An idle actor consists of this and of its task, so what few actors need stands in boxes: [`Kin`], [`Extras`], and those of the queue
//! and the life.

mod any;
mod draw;
mod end;
mod inspect;
mod links;
mod membership;
mod push;
mod reopen;
mod restarts;
mod role;
mod sink;
mod stash;
mod wakers;

use std::any::{Any, type_name};
use std::task::Waker;
use std::time::Duration;

use crate::children::Children;
use crate::kind::Kind;
use crate::lifecycle::{Lifecycle, Request, Stance};
use crate::mailbox::order::Key;
use crate::mailbox::queue::Queue;
use crate::signal::{ActorId, MonitorId};
use crate::spawn::START_TIMEOUT;
use crate::sync::{
    Arc, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Mutex, MutexGuard, OnceLock, Ordering, lock,
};
use crate::system::SystemCore;
use crate::tally::Tally;
use crate::{Down, ExitReason, Mailbox};

pub(crate) use any::{AnyCell, until};
pub(crate) use draw::{Drawn, Parked};
pub(crate) use inspect::{Inspection, Pulse};
pub(crate) use links::{LinkedEnd, Tie, absence};
pub(crate) use membership::membership_id;
pub use push::Refused;
pub(crate) use reopen::Reopened;
pub(crate) use restarts::RestartWatcher;
pub(crate) use role::{Idle, Pull, Role, Special};
pub(crate) use sink::{Room, Sink};

/// Where a cell belongs, known once a system has adopted it.
pub(crate) struct Binding {
    /// Also its key in the table of its owner.
    pub(crate) id: ActorId,
    pub(crate) system: Arc<SystemCore>,
    pub(crate) kind: Kind,
}

/// The relations of an actor that has any.
#[derive(Default)]
pub(crate) struct Kin {
    /// The actor that owns it; none for those at the top.
    pub(crate) parent: Option<Arc<dyn AnyCell>>,
    /// The actors that it owns.
    pub(crate) children: Children,
}

impl Drop for Kin {
    /// A branch of the tree that goes all at once goes level by level, since it may be deeper than a stack.
    fn drop(&mut self) {
        let mut next = self.parent.take();
        while let Some(mut parent) = next {
            next = Arc::get_mut(&mut parent)
                .and_then(|cell| cell.header_mut().kin.get_mut())
                .and_then(|kin| kin.parent.take());
        }
    }
}

/// The part of a cell that does not depend on the message type.
pub(crate) struct Header {
    pub(crate) control: AtomicU64,
    begun: AtomicU64,
    refs: AtomicUsize,
    step: AtomicU32,
    rest: AtomicU8,
    binding: OnceLock<Binding>,
    kin: OnceLock<Box<Kin>>,
}

/// Whether whoever puts something in has to wake the incarnation.
mod rest {
    /// It looks at its mailbox again by itself, or waits for something else.
    pub(super) const AWAKE: u8 = 0;
    /// It has something in hand, and will go to rest without another look. Its waker is stored.
    pub(super) const LISTENING: u8 = 1;
    /// It has nothing in hand. Its waker is stored.
    pub(super) const RESTING: u8 = 2;
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
    restart_watchers: Vec<RestartWatcher>,
    links: Option<Box<links::Links>>,
    /// Told of the end before all monitors; see the module `membership`.
    /// By way of which adapter, if any, and what is to be undone.
    memberships: Vec<(usize, Monitor)>,
    phase_watchers: Vec<(u64, Waker)>,
    next_watcher: u64,
    on_end: Option<OnEnd>,
    begun_watchers: Vec<Arc<dyn BegunWatcher>>,
    start_timeout: Option<Duration>,
    /// How many incarnations were given up: each took one number more.
    given_up: u32,
    /// How many messages the stash takes, unless it is the default.
    stash_limit: Option<usize>,
    /// How many messages the present incarnation has in its stash, or has returned from there and not begun again.
    stashed: u32,
    /// Of an adapter's cell: its `Arc<dyn Sink<M>>`.
    sink: Option<Box<dyn Any + Send + Sync>>,
}

/// Who is told that an incarnation ended.
pub(crate) type OnEnd = Box<dyn FnOnce(u32, ExitReason) + Send>;

/// Somebody who wants to hear of the end for good.
pub(crate) struct Monitor {
    pub(crate) id: MonitorId,
    pub(crate) notify: Box<dyn FnOnce(Down) + Send>,
    /// Counts it for as long as it is set.
    pub(crate) tally: Option<Tally>,
}

struct Guarded<M> {
    queue: Queue<M>,
    life: Lifecycle,
    waker: Option<Waker>,
    extras: Option<Box<Extras>>,
}

impl<M> Guarded<M> {
    /// Notes that something came in; the waker, if any, is for after the lock.
    #[inline(always)]
    fn rouse(&mut self, header: &Header) -> Option<Waker> {
        match header.rest.load(Ordering::Relaxed) {
            rest::AWAKE => None,
            was => {
                header.rest.store(rest::AWAKE, Ordering::Relaxed);
                if was == rest::RESTING {
                    self.life.stance = Stance::Called;
                }
                self.waker.take()
            }
        }
    }

    /// Reaches also an incarnation that waits for something else.
    fn rouse_anyhow(&mut self, header: &Header) -> Option<Waker> {
        self.rouse(header).or_else(|| self.waker.take())
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
    /// What few cells need for every message: priorities, and a part in a router.
    special: Option<Box<Special<M>>>,
    guarded: Mutex<Guarded<M>>,
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
    pub(crate) fn new(mailbox: Mailbox, key: Option<Key<M>>, one_at_a_time: bool) -> Arc<Self> {
        Cell::with_role(mailbox, key, one_at_a_time, Role::Plain)
    }

    /// The cell of a router, or of a worker that pulls.
    pub(crate) fn with_role(
        mailbox: Mailbox,
        key: Option<Key<M>>,
        one_at_a_time: bool,
        role: Role<M>,
    ) -> Arc<Self> {
        let queue = mailbox.queue(key.is_some(), one_at_a_time);
        Arc::new(Cell {
            accepted: AtomicU64::new(0),
            special: Special::new(key, role),
            header: Header {
                control: AtomicU64::new(0),
                begun: AtomicU64::new(0),
                step: AtomicU32::new(u32::MAX),
                rest: AtomicU8::new(rest::AWAKE),
                refs: AtomicUsize::new(0),
                binding: OnceLock::new(),
                kin: OnceLock::new(),
            },
            guarded: Mutex::new(Guarded {
                queue,
                life: Lifecycle::new(),
                waker: None,
                extras: mailbox.stash_limit().map(|limit| {
                    Box::new(Extras {
                        stash_limit: Some(limit),
                        ..Extras::default()
                    })
                }),
            }),
        })
    }

    #[inline(always)]
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

    /// Messages accepted and not begun, as far as can be seen without the lock: never more than there are at some instant meanwhile.
    pub(crate) fn len(&self) -> usize {
        if let Some(sink) = self.sink() {
            return sink.len();
        }
        if let Some(route) = self.route() {
            return route.queued();
        }
        self.len_of_own()
    }

    /// The same of a cell that has a mailbox of its own.
    #[inline]
    pub(crate) fn len_of_own(&self) -> usize {
        // In this order: what is accepted in between must not be counted together with what had begun before it.
        let accepted = self.accepted.load(Ordering::Acquire);
        let begun = self.header.begun.load(Ordering::Relaxed) & BEGUN_MASK;
        accepted.saturating_sub(begun) as usize
    }

    /// Whether its incarnation has nothing in hand, as far as can be seen without the lock.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.header.rest.load(Ordering::Relaxed) == rest::RESTING
    }

    /// How many messages it has accepted and not dropped over all incarnations; nobody is in the middle of a push.
    pub(crate) fn accepted_by_now(&self) -> u64 {
        self.lock().queue.kept()
    }

    /// How many of them have begun.
    pub(crate) fn begun_so_far(&self) -> u64 {
        self.header.begun.load(Ordering::Acquire) & BEGUN_MASK
    }

    /// How many messages the incarnation has begun; `None` when the word is not its own.
    fn begun_count(&self, life: &Lifecycle) -> Option<u64> {
        let word = self.header.begun.load(Ordering::Acquire);
        (word >> BEGUN_BITS == u64::from(life.incarnation) & 0xffff).then_some(word & BEGUN_MASK)
    }

    /// Why the last incarnation, or the cell, ended.
    #[cfg(feature = "serde")]
    pub(crate) fn last_reason(&self) -> ExitReason {
        let guarded = self.lock();
        let reason = guarded.life.end().or(guarded.life.last());
        reason.cloned().unwrap_or(ExitReason::Normal)
    }

    pub(crate) fn capacity(&self) -> usize {
        self.lock().queue.capacity()
    }

    pub(crate) fn name_of_message(&self) -> &'static str {
        type_name::<M>()
    }

    /// Whether somebody waits for room, or a link wants to hear how much has begun.
    pub(crate) fn wants_progress(&self) -> bool {
        let guarded = self.lock();
        let extras = guarded.extras.as_ref();
        let is_watched = extras.is_some_and(|extras| !extras.begun_watchers.is_empty());
        is_watched || guarded.queue.has_line()
    }

    /// How long its start-up may take. Kept only where it is not what most have.
    pub(crate) fn set_start_timeout(&self, limit: Duration) {
        if limit != START_TIMEOUT {
            self.lock().extras().start_timeout = Some(limit);
        }
    }

    pub(crate) fn start_timeout(&self) -> Duration {
        let guarded = self.lock();
        let set = guarded
            .extras
            .as_ref()
            .and_then(|extras| extras.start_timeout);
        set.unwrap_or(START_TIMEOUT)
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
        if guarded.life.handle_request(request) {
            self.requested(guarded);
        }
    }

    /// Something was asked of the present incarnation: it is to see that.
    fn requested(&self, mut guarded: MutexGuard<'_, Guarded<M>>) {
        let mut wake = Vec::new();
        self.sync_control(&guarded);
        if !guarded.life.open {
            guarded.queue.dissolve_line(&mut wake);
        }
        wake.extend(guarded.rouse_anyhow(&self.header));
        if guarded.life.is_kill_requested() {
            // It may be waiting for its children.
            let watchers = guarded.take_phase_watchers();
            wake.extend(watchers.into_iter().map(|(_, waker)| waker));
        }
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

    /// Its relations.
    pub(crate) fn kin(&self) -> &Kin {
        self.kin.get_or_init(Box::default)
    }

    /// Says who owns it. Done once, before it is put into the table of its owner.
    pub(crate) fn set_parent(&self, parent: Arc<dyn AnyCell>) {
        let kin = Kin {
            parent: Some(parent),
            children: Children::default(),
        };
        drop(self.kin.set(Box::new(kin)));
    }

    pub(crate) fn parent(&self) -> Option<&Arc<dyn AnyCell>> {
        self.kin.get()?.parent.as_ref()
    }

    /// The actors that this one owns.
    pub(crate) fn children(&self) -> &Children {
        &self.kin().children
    }

    pub(crate) fn children_if_any(&self) -> Option<&Children> {
        self.kin.get().map(|kin| &kin.children)
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

#[cfg(test)]
mod tests;
