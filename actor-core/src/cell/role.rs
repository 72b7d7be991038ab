//! Cells that are part of a router: the one that its references point to, and those of workers that pull.
//!
//! What few cells need stands in one box, [`Special`], beside what priorities need; so the path of an ordinary message finds out by the one
//! look at that box, which it took anyway, that the cell is an ordinary one.
//!
//! | role | a message that comes in | a message that is to be handled next |
//! |---|---|---|
//! | plain | waits in the mailbox | comes out of the mailbox |
//! | router | goes to the cell that the route chooses | – |
//! | queue | waits in the mailbox; one idle worker is woken | is taken by a worker |
//! | worker | waits in the mailbox | comes out of the mailbox, else out of the queue |
//!
//! Access rules:
//! 1. A worker lists itself as idle, stores its waker, and only then looks at the queue again, under its lock; whoever puts something in,
//!    under that lock too, looks at the list afterwards. Whichever of the two had the lock later sees what the other one did before.
//! 2. Whoever takes a worker off the list wakes it only if it still rests; one that does not looks at the queue before it rests.
//! 3. The lock of the list is never held together with that of a cell.

use std::collections::VecDeque;
use std::task::Waker;

use super::{Cell, Drawn, rest};
use crate::lifecycle::Stance;
use crate::mailbox::batch::Batch;
use crate::mailbox::order::Key;
use crate::mailbox::queue::Item;
use crate::observe;
use crate::reply_scope::current_actor;
use crate::routing::Route;
use crate::sync::{Arc, AtomicBool, AtomicUsize, Mutex, OnceLock, Ordering, Weak, lock};

/// What few cells need for every message.
pub(crate) struct Special<M> {
    /// What computes the priority of a message, before the lock, if this mailbox has priorities.
    pub(crate) key: Option<Key<M>>,
    pub(crate) role: Role<M>,
}

/// See the module's header.
pub(crate) enum Role<M> {
    Plain,
    Router(Arc<dyn Route<M>>),
    Queue(Idle<M>),
    Worker(Pull<M>),
}

/// The workers of a queue that have nothing to do.
pub(crate) struct Idle<M> {
    count: AtomicUsize,
    list: Mutex<VecDeque<Weak<Cell<M>>>>,
    /// The addresses of all workers, for the question whether a worker would wait for itself.
    workers: Mutex<Vec<usize>>,
}

/// Where a worker gets its messages from.
pub(crate) struct Pull<M> {
    queue: Arc<Cell<M>>,
    me: OnceLock<Weak<Cell<M>>>,
    is_listed: AtomicBool,
    /// It leaves the router, and takes nothing more.
    is_over: AtomicBool,
}

impl<M> Special<M> {
    /// For a cell that has priorities or a role; most have neither.
    pub(super) fn new(key: Option<Key<M>>, role: Role<M>) -> Option<Box<Self>> {
        let is_special = key.is_some() || !matches!(role, Role::Plain);
        is_special.then(|| Box::new(Special { key, role }))
    }
}

impl<M: Send + 'static> Idle<M> {
    pub(crate) fn new() -> Self {
        Idle {
            count: AtomicUsize::new(0),
            list: Mutex::new(VecDeque::new()),
            workers: Mutex::new(Vec::new()),
        }
    }

    /// Wakes the worker that has been idle for longest, if there is one.
    ///
    /// Called after the lock of the queue was held (rule 1).
    pub(super) fn wake_one(&self) {
        while self.count.load(Ordering::Relaxed) > 0 {
            let next = self.take_first();
            let Some(listed) = next else { return };
            if listed.is_some_and(|worker| worker.called_from_list()) {
                return;
            }
        }
    }

    /// Takes the first worker off the list; `Some(None)` if it is gone. It is let go of after the lock, since it may be the last hold on it.
    fn take_first(&self) -> Option<Option<Arc<Cell<M>>>> {
        let mut list = lock(&self.list);
        let worker = list.pop_front()?.upgrade();
        self.count.fetch_sub(1, Ordering::AcqRel);
        if let Some(worker) = &worker
            && let Role::Worker(pull) = worker.role()
        {
            pull.is_listed.store(false, Ordering::Release);
        }
        Some(worker)
    }

    fn add(&self, pull: &Pull<M>) {
        let mut list = lock(&self.list);
        let was_listed = pull.is_listed.swap(true, Ordering::AcqRel);
        if let Some(me) = pull.me.get()
            && !was_listed
        {
            list.push_back(Weak::clone(me));
            self.count.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl<M: Send + 'static> Pull<M> {
    pub(crate) fn new(queue: Arc<Cell<M>>) -> Self {
        Pull {
            queue,
            me: OnceLock::new(),
            is_listed: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }
}

impl<M: Send + 'static> Cell<M> {
    #[inline(always)]
    pub(super) fn role(&self) -> &Role<M> {
        match &self.special {
            None => &Role::Plain,
            Some(special) => &special.role,
        }
    }

    /// The route of a router's cell.
    pub(crate) fn route(&self) -> Option<&Arc<dyn Route<M>>> {
        match self.role() {
            Role::Router(route) => Some(route),
            _ => None,
        }
    }

    /// Whether its messages are handled by one of several workers.
    #[inline]
    pub(crate) fn is_router(&self) -> bool {
        matches!(self.role(), Role::Router(_) | Role::Queue(_))
    }

    /// Says that this is the cell of a worker that pulls, once, before its first incarnation.
    pub(crate) fn begin_to_pull(self: &Arc<Self>) {
        if let Role::Worker(pull) = self.role()
            && let Role::Queue(idle) = pull.queue.role()
            && pull.me.set(Arc::downgrade(self)).is_ok()
        {
            lock(&idle.workers).push(self.address());
        }
    }

    /// It pulls no more.
    pub(crate) fn end_pulling(&self) {
        if let Role::Worker(pull) = self.role()
            && let Role::Queue(idle) = pull.queue.role()
        {
            pull.is_over.store(true, Ordering::Release);
            lock(&idle.workers).retain(|worker| *worker != self.address());
            // It may have been woken for a message that it will not take.
            pull.queue.announce_again();
        }
    }

    /// A message has come in: if this is the queue of several workers, one that is idle is woken.
    #[inline]
    pub(super) fn announce(&self) {
        if let Role::Queue(idle) = self.role() {
            idle.wake_one();
        }
    }

    /// An incarnation has ended, which may have been woken for a message that it will not take.
    pub(super) fn leave_to_others(&self) {
        if let Role::Worker(pull) = self.role() {
            pull.queue.announce_again();
        }
    }

    /// What is in the queue may have nobody who looks at it: another worker that is idle does.
    fn announce_again(&self) {
        if !self.is_queue_empty() {
            self.announce();
        }
    }

    /// Whether a message from here would be waited for by the very actor that is being polled on this thread.
    pub(crate) fn would_wait_for_itself(&self, message: Option<&M>) -> bool {
        let polled = current_actor();
        match self.role() {
            _ if polled == 0 => false,
            Role::Router(route) => route.leads_to_itself(message),
            Role::Queue(idle) => lock(&idle.workers)[..] == [polled],
            _ => self.is_polled_here(),
        }
    }

    /// It was taken off the list. Returns whether it rested, and so will look at the queue.
    fn called_from_list(&self) -> bool {
        if let Role::Worker(pull) = self.role()
            && pull.is_over.load(Ordering::Acquire)
        {
            return false;
        }
        let mut guarded = self.lock();
        if self.header.rest.load(Ordering::Relaxed) != rest::RESTING {
            return false;
        }
        let waker = guarded.rouse(&self.header);
        drop(guarded);
        let was_called = waker.is_some();
        waker.into_iter().for_each(Waker::wake);
        was_called
    }

    /// The next message of a queue, which counts as begun from here on.
    fn take_one(&self) -> Option<M> {
        let mut passed = Vec::new();
        let mut guarded = self.lock();
        let message = loop {
            match guarded.queue.pop_one() {
                Some(Item::Message(message)) => break Some(message),
                // Marks; their drop is the point of them, and is for after the lock.
                Some(other) => passed.push(other),
                None => break None,
            }
        };
        if message.is_some() {
            let begun = guarded.queue.kept() - guarded.queue.message_count() as u64;
            self.set_begun(guarded.life.incarnation, begun);
        }
        self.pass_on(guarded);
        drop(passed);
        message
    }

    /// [`draw`](Cell::draw) of a worker that pulls: its own mailbox first, then the queue, one message at a time.
    #[expect(clippy::too_many_arguments, reason = "those of `draw`")]
    pub(super) fn draw_or_pull(
        &self,
        pull: &Pull<M>,
        incarnation: u32,
        begun: u64,
        known: u64,
        batch: &mut Batch<M>,
        waker: Option<&Waker>,
        handles: bool,
    ) -> Drawn {
        loop {
            let drawn = self.draw_own(incarnation, begun, known, batch, None, handles);
            if drawn != Drawn::Empty {
                return drawn;
            }
            if pull.is_over.load(Ordering::Acquire) {
                return self.draw_own(incarnation, begun, known, batch, waker, handles);
            }
            if let Some(message) = pull.queue.take_one() {
                if self.take_in(incarnation, message, batch) {
                    return Drawn::Some;
                }
                continue;
            }
            let Some(waker) = waker else {
                return Drawn::Empty;
            };
            if let Role::Queue(idle) = pull.queue.role() {
                idle.add(pull);
            }
            let drawn = self.draw_own(incarnation, begun, known, batch, Some(waker), handles);
            // Now it can be woken. What came before that is looked for once more (rule 1), and who was taken off the list before that, and
            // so was not woken, goes back there (rule 2).
            let is_listed = pull.is_listed.load(Ordering::Acquire);
            if drawn != Drawn::Empty || (is_listed && pull.queue.is_queue_empty()) {
                return drawn;
            }
        }
    }

    fn is_queue_empty(&self) -> bool {
        self.lock().queue.is_empty()
    }

    /// A message that was pulled is in the worker's own mailbox until it begins, so that a restart keeps it. With nothing before it there, it
    /// is drawn in the same breath. Returns whether it was.
    fn take_in(&self, incarnation: u32, message: M, batch: &mut Batch<M>) -> bool {
        let mut guarded = self.lock();
        if guarded.life.is_over() {
            drop(guarded);
            self.refuse_here(message);
            return false;
        }
        let is_present = guarded.life.incarnation == incarnation && guarded.life.is_alive();
        if !is_present || !guarded.queue.is_empty() || guarded.queue.begins_at_draw() {
            self.admit(guarded, message, 0);
            return false;
        }
        guarded.queue.accept_drawn();
        self.accepted.store(guarded.queue.kept(), Ordering::Release);
        // It may have gone to rest and looked once more. Who is still listed must not seem to rest with a message in hand (rule 2).
        let own = guarded.rouse(&self.header);
        guarded.life.stance = Stance::Working;
        drop(guarded);
        drop(own);
        observe::sent::<M>(&self.header);
        batch.refill().push(Item::Message(message));
        true
    }
}
