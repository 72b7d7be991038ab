//! For implementers of routers: a reference whose messages go to one of several actors, which the sender picks.
//!
//! Called by actor-pool, as `link` is by actor-remote; programs that only use actors never meet it. There is no actor in between: the
//! reference points to a cell like any other, with an id, monitors, a count of references and requests, but a message that is sent to it is
//! handed to its [`Route`], which puts it into the mailbox of a worker: one push. The workers are ordinary children of ordinary supervisors,
//! seen through [`Target`]s.
//!
//! [`Hub`] is what the owner of a router holds: it hears `stop`, `drain` and `kill`, and ends the router. A hub without a route is a shared
//! queue: its messages wait in its own mailbox, and workers that were built with [`build_worker`] pull from there whenever they are idle.
//!
//! What a router refuses, it gives back; what it has accepted is in the mailbox of an actor, so order, bound, overflow and dead letters are
//! those of that mailbox.

use std::fmt;
use std::task::{Context, Poll, Waker};

use crate::cell::{AnyCell, BegunWatcher, Binding, Cell, Idle, Pull, Role};
use crate::children::{Child, Shutdown};
use crate::kind::Kind;
use crate::lifecycle::control;
use crate::link::{Remembered, forget_end, on_end};
use crate::mailbox::queue::Ticket;
use crate::sync::{Arc, Mutex, Ordering, lock};
use crate::{
    ActorId, ActorRef, ActorSystem, AnyActorRef, Backoff, ChildBuilder, ChildSpec, ExitReason,
    Mailbox, MonitorId,
};

pub use crate::cell::Refused;

/// A place in a line, or room that is promised: a number that only whoever gave it understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(pub u64);

/// Where the messages of a router go. Its [`Place`]s are its own.
///
/// All of it is called by senders, on their threads, and with no lock held.
pub trait Route<M>: Send + Sync + 'static {
    /// Puts a message in somewhere, if there is room.
    fn try_send(&self, message: M) -> Result<(), Refused<M>>;
    /// Waits for room for the message in `slot`, and puts it in. `Err` when the router takes no more: the message is still there.
    fn poll_send(
        &self,
        slot: &mut Option<M>,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>>;
    /// Waits for room for a message that is not known yet, and keeps it.
    fn poll_reserve(&self, place: &mut Option<Place>, cx: &mut Context<'_>)
    -> Poll<Result<(), ()>>;
    /// Uses room that was kept. The message comes back if it is there no more.
    fn send_reserved(&self, place: Place, message: M) -> Result<(), M>;
    /// Gives up a place or room.
    fn leave(&self, place: Place);
    /// Messages accepted and not begun, by all of the workers.
    fn queued(&self) -> usize;
    /// Whether this message, or any if it is not known, would be handled by the very actor that is being polled on this thread.
    fn leads_to_itself(&self, message: Option<&M>) -> bool;
}

/// What was asked of a router.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// To take no more, handle what is queued, and end.
    Drain,
    /// To stop, for this reason.
    Stop(ExitReason),
    /// To end at once.
    Kill,
    /// It has ended already.
    Over,
}

/// The hold on a router's reference: hears what is asked of it, and ends it. Dropped, it ends it as killed.
pub struct Hub<M: Send + 'static> {
    cell: Arc<Cell<M>>,
    incarnation: u32,
    reported: u64,
    ended: bool,
}

impl<M: Send + 'static> Hub<M> {
    /// A router whose messages go where `route` says. It takes messages at once.
    #[must_use]
    pub fn open(system: &ActorSystem, route: Arc<dyn Route<M>>) -> (ActorRef<M>, Hub<M>) {
        Hub::with(system, Mailbox::unbounded(), Role::Router(route))
    }

    /// A router whose messages wait in one queue, for workers that pull.
    #[must_use]
    pub fn queue(system: &ActorSystem, mailbox: Mailbox) -> (ActorRef<M>, Hub<M>) {
        Hub::with(system, mailbox, Role::Queue(Idle::new()))
    }

    fn with(system: &ActorSystem, mailbox: Mailbox, role: Role<M>) -> (ActorRef<M>, Hub<M>) {
        let cell = Cell::with_role(mailbox, None, true, role);
        let core = system.core();
        core.actor_began();
        let id = ActorId(core.next_id());
        cell.header().bind(Binding {
            id,
            system: Arc::clone(core),
            kind: Kind::ELSEWHERE,
        });
        let child = Child {
            cell: Arc::clone(&cell) as Arc<dyn AnyCell>,
            shutdown: Shutdown::Kill,
            is_kept: false,
        };
        core.foreign.insert(id, child);
        let actor = ActorRef::new(Arc::clone(&cell));
        let incarnation = cell.begin(None).expect("a fresh cell takes an incarnation");
        cell.started(incarnation);
        let hub = Hub {
            cell,
            incarnation,
            reported: 0,
            ended: false,
        };
        (actor, hub)
    }

    /// Where workers pull from, for [`build_worker`].
    #[must_use]
    pub fn source(&self) -> Source<M> {
        Source {
            cell: Arc::clone(&self.cell),
        }
    }

    /// The router's own mailbox, that of a shared queue, to see how far it is.
    #[must_use]
    pub fn target(&self) -> Target<M> {
        Target::new(Arc::clone(&self.cell))
    }

    /// Waits until something is asked of the router; each thing is told once.
    pub fn poll_asked(&mut self, cx: &mut Context<'_>) -> Poll<Asked> {
        if let Some(asked) = self.look_up() {
            return Poll::Ready(asked);
        }
        self.cell.park(self.incarnation, cx.waker());
        // What came after the look, and before the waker was stored, woke nobody.
        self.look_up().map_or(Poll::Pending, Poll::Ready)
    }

    fn look_up(&mut self) -> Option<Asked> {
        let word = self.cell.header().control.load(Ordering::Acquire);
        if word >> 8 != u64::from(self.incarnation) || word & control::OVER != 0 {
            return Some(Asked::Over);
        }
        let news = word & !self.reported & 0xff;
        self.reported |= news;
        if news & control::KILL != 0 {
            Some(Asked::Kill)
        } else if news & control::STOP != 0 {
            Some(Asked::Stop(self.cell.stop_reason()))
        } else {
            (news & control::DRAIN != 0).then_some(Asked::Drain)
        }
    }

    /// Ends the router for good. What is in its own queue becomes dead letters.
    pub fn end(mut self, reason: ExitReason) {
        self.finish(reason);
    }

    fn finish(&mut self, reason: ExitReason) {
        if !std::mem::replace(&mut self.ended, true) {
            self.cell
                .end_incarnation(self.incarnation, reason, Vec::new());
        }
    }
}

impl<M: Send + 'static> Drop for Hub<M> {
    fn drop(&mut self) {
        self.finish(ExitReason::Killed);
    }
}

impl<M: Send + 'static> fmt::Debug for Hub<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub({})", self.cell.header().id())
    }
}

/// The queue that workers pull from. It keeps no router alive.
pub struct Source<M: Send + 'static> {
    cell: Arc<Cell<M>>,
}

impl<M: Send + 'static> Source<M> {
    /// Messages in the queue.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cell.len()
    }

    /// Whether nothing is queued.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<M: Send + 'static> fmt::Debug for Source<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.cell.header().id())
    }
}

/// The specification of a worker, and the router's hold on it. With a source, it pulls from there whenever it is idle. `backoff` holds unless
/// the specification has one of its own.
#[must_use]
pub fn build_worker<M: Send + 'static>(
    builder: ChildBuilder<M>,
    source: Option<&Source<M>>,
    backoff: Backoff,
) -> (ChildSpec, Target<M>) {
    let role = match source {
        None => Role::Plain,
        Some(source) => Role::Worker(Pull::new(Arc::clone(&source.cell))),
    };
    let (spec, worker) = builder.build_in_role(role, backoff);
    let cell = Arc::clone(worker.cell());
    cell.begin_to_pull();
    (spec, Target::new(cell))
}

/// What became of the wish for room at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// It is kept.
    Kept(Place),
    /// There is none.
    Full,
    /// There is none, and the mailbox drops something rather than let a sender wait: [`Target::try_send`] does that.
    Drops,
    /// The actor takes no more messages.
    Closed,
}

/// A worker as its router sees it: its mailbox, how much it has to do, and whether it is there. It does not count as a reference.
pub struct Target<M: Send + 'static> {
    cell: Arc<Cell<M>>,
    capacity: usize,
}

impl<M: Send + 'static> Target<M> {
    fn new(cell: Arc<Cell<M>>) -> Self {
        let capacity = cell.capacity();
        Target { cell, capacity }
    }

    /// As [`ActorRef::try_send`].
    #[inline]
    pub fn try_send(&self, message: M) -> Result<(), Refused<M>> {
        self.cell.try_push(message)
    }

    /// Sends if there is room, the actor [is up](Target::is_up), and `is_current` says so. Nothing is dropped to make room.
    ///
    /// `is_current` is asked under the lock of the mailbox, so it must do no more than look at an atomic. What it looks at is changed before
    /// whoever changed it calls [`worked_off`](Target::worked_off): then nothing that was sent for the sake of the old value comes later than
    /// what that waits for.
    #[inline]
    pub fn send_if(&self, message: M, is_current: impl FnOnce() -> bool) -> Result<(), M> {
        self.cell.push_if(message, is_current)
    }

    /// As [`try_send`](Target::try_send), but nothing is dropped to make room.
    #[inline]
    pub fn send_into_room(&self, message: M) -> Result<(), Refused<M>> {
        self.cell.push_into_room(message)
    }

    /// Waits in line for room for the message in `slot`, and puts it in. `Err` when the mailbox is closed.
    pub fn poll_send(
        &self,
        slot: &mut Option<M>,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        with_ticket(place, |ticket| self.cell.poll_push(slot, ticket, cx))
    }

    /// Waits in line for room and keeps it.
    pub fn poll_reserve(
        &self,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        with_ticket(place, |ticket| self.cell.poll_reserve(ticket, cx))
    }

    /// Keeps room, if there is some.
    #[must_use]
    pub fn try_reserve(&self) -> Room {
        self.cell.reserve_now()
    }

    /// Uses room that was kept.
    pub fn send_reserved(&self, place: Place, message: M) -> Result<(), M> {
        self.cell
            .push_reserved(&mut Some(Ticket::of(place.0)), message)
    }

    /// Gives up a place or room.
    pub fn leave(&self, place: Place) {
        self.cell.leave_line(Ticket::of(place.0));
    }

    /// Whether an incarnation is there and nothing was asked of it.
    #[inline]
    #[must_use]
    pub fn is_up(&self) -> bool {
        let word = self.cell.header().control.load(Ordering::Relaxed);
        word & 0xff == 0 && word >> 8 != 0
    }

    /// Whether it has ended for good.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let mut over = false;
        self.cell.look(&mut |life| over = life.is_over());
        over
    }

    /// Messages accepted and not begun.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.cell.len_of_own()
    }

    /// Whether nothing is queued.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there seems to be no room: a look without the lock, where a try would find the same at the cost of one.
    #[inline]
    #[must_use]
    pub fn looks_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// How much it has to do: what is queued, and the message in hand.
    #[inline]
    #[must_use]
    pub fn load(&self) -> usize {
        self.len() + usize::from(!self.cell.is_at_rest())
    }

    /// Whether it is the actor that is being polled on this thread.
    #[inline]
    #[must_use]
    pub fn is_polled_here(&self) -> bool {
        crate::reply_scope::current_actor() == self.cell.address()
    }

    /// The number of its present incarnation; 0 before the first.
    #[must_use]
    pub fn incarnation(&self) -> u32 {
        let word = self.cell.header().control.load(Ordering::Relaxed);
        (word >> 8) as u32
    }

    /// Drops a message that was as good as accepted: it is a dead letter of this actor.
    pub fn refuse(&self, message: M) {
        self.cell.refuse(message);
    }

    /// The id of its actor.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.header().id()
    }

    /// Its actor, untyped; this counts.
    #[must_use]
    pub fn any(&self) -> AnyActorRef {
        AnyActorRef::new(Arc::clone(&self.cell) as Arc<dyn AnyCell>)
    }

    /// It belongs to no router any more.
    pub fn let_go(&self) {
        self.cell.end_pulling();
    }

    /// Completes when all that it has accepted so far was worked off, or when it has ended for good. Of an actor in another process it is
    /// known when the last of them has begun, not when it is done with it.
    pub fn worked_off(&self) -> WorkedOff {
        let news = Arc::new(News {
            // Under the lock, which whoever was about to send had before or will have later.
            upto: self.cell.accepted_by_now(),
            state: Mutex::new(NewsState::default()),
        });
        self.cell
            .add_begun_watcher(Arc::clone(&news) as Arc<dyn BegunWatcher>, u32::MAX);
        let any = self.any();
        let ended = Arc::clone(&news);
        let monitor = on_end(&any, move |_| ended.note(|state| state.is_over = true));
        Remembered::new(&any).mark(Box::new(Passed(Arc::clone(&news))));
        WorkedOff {
            news,
            cell: Arc::clone(&self.cell) as Arc<dyn AnyCell>,
            begun: Box::new({
                let cell = Arc::clone(&self.cell);
                move || cell.begun_so_far()
            }),
            monitor,
        }
    }
}

fn with_ticket<T>(place: &mut Option<Place>, wait: impl FnOnce(&mut Option<Ticket>) -> T) -> T {
    let mut ticket = place.map(|place| Ticket::of(place.0));
    let waited = wait(&mut ticket);
    *place = ticket.map(|ticket| Place(ticket.number()));
    waited
}

impl<M: Send + 'static> Clone for Target<M> {
    fn clone(&self) -> Self {
        Target {
            cell: Arc::clone(&self.cell),
            capacity: self.capacity,
        }
    }
}

impl<M: Send + 'static> PartialEq for Target<M> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
    }
}

impl<M: Send + 'static> Eq for Target<M> {}

impl<M: Send + 'static> fmt::Debug for Target<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.cell.header().id())
    }
}

/// How far a worker is, for whoever waits until it is so far.
struct News {
    upto: u64,
    state: Mutex<NewsState>,
}

#[derive(Default)]
struct NewsState {
    /// All that was queued before the mark has left the mailbox.
    has_passed: bool,
    has_begun: bool,
    is_over: bool,
    waker: Option<Waker>,
}

impl News {
    fn note(&self, change: impl FnOnce(&mut NewsState)) {
        let mut state = lock(&self.state);
        change(&mut state);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl BegunWatcher for News {
    fn begun(&self, count: u64) -> bool {
        let is_done = count >= self.upto;
        if is_done {
            self.note(|state| state.has_begun = true);
        }
        !is_done
    }
}

/// Stands behind the messages, and is dropped when they have left.
struct Passed(Arc<News>);

impl Drop for Passed {
    fn drop(&mut self) {
        self.0.note(|state| state.has_passed = true);
    }
}

/// The future of [`Target::worked_off`].
pub struct WorkedOff {
    news: Arc<News>,
    cell: Arc<dyn AnyCell>,
    begun: Box<dyn Fn() -> u64 + Send + Sync>,
    monitor: MonitorId,
}

impl Future for WorkedOff {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let begun = (self.begun)();
        let mut waker = Some(cx.waker().clone());
        let mut state = lock(&self.news.state);
        state.has_begun |= begun >= self.news.upto;
        let is_done = state.is_over || (state.has_passed && state.has_begun);
        std::mem::swap(&mut state.waker, &mut waker);
        drop(state);
        drop(waker);
        if is_done {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for WorkedOff {
    fn drop(&mut self) {
        let any = AnyActorRef::new(Arc::clone(&self.cell));
        forget_end(&any, self.monitor);
    }
}

impl fmt::Debug for WorkedOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkedOff({})", self.cell.header().id())
    }
}
