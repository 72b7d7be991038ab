//! For implementers of links: a mailbox whose consumer is not a loop in this process.
//!
//! An actor on the other side of a link is a local cell, whose mailbox is drained by a forwarder. So order, bound, waiting senders,
//! dead letters, monitors and restarts are the same code for local and remote actors. [`Port`] is the mailbox of a child that is started
//! by other means than as a task or a thread; [`Outlet`] is one incarnation's hold on a mailbox. Programs that only use actors never meet
//! either.
//!
//! What has left the mailbox but has not begun on the other side counts against the bound until the other side says so.

use std::fmt;
use std::task::{Context, Poll};

use crate::cell::{AnyCell, Binding, Cell, Drawn, Monitor, Parked};
use crate::children::{Child, Shutdown};
use crate::dead_letter::DeadLetterReason;
use crate::kind::Kind;
use crate::lifecycle::control;
use crate::mailbox::batch::Batch;
use crate::mailbox::queue::{Extra, Item};
use crate::sync::{Arc, Ordering};
use crate::{
    ActorId, ActorRef, ActorSystem, AnyActorRef, Down, ExitReason, ExitSink, Mailbox, MonitorId,
};

/// The mailbox of a child that is started by other means.
///
/// # Examples
///
/// ```
/// use actor_core::link::{Outlet, Port};
/// use actor_core::{ExitReason, ExitSink};
///
/// /// The start of a child that is no task: see `StartChild` for the whole of it.
/// fn begin(port: &Port<u32>, exits: ExitSink) -> Result<Outlet<u32>, ExitReason> {
///     port.begin(exits).ok_or(ExitReason::Killed)
/// }
/// ```
pub struct Port<M: Send + 'static> {
    cell: Arc<Cell<M>>,
}

impl<M: Send + 'static> Port<M> {
    pub(crate) fn new(cell: Arc<Cell<M>>) -> Self {
        Port { cell }
    }

    /// Begins an incarnation; `exits` is told its end. `None` when there is one already, or never will be again; then `exits` is told
    /// so.
    #[must_use]
    pub fn begin(&self, exits: ExitSink) -> Option<Outlet<M>> {
        let on_end = Box::new(move |_incarnation, reason| exits.ended(reason));
        let incarnation = self.cell.begin(Some(on_end))?;
        Some(Outlet::new(Arc::clone(&self.cell), incarnation))
    }

    /// The system that adopted the child.
    ///
    /// # Panics
    ///
    /// Before a supervisor has taken the child over. `StartChild::start` is called only afterwards.
    #[must_use]
    pub fn system(&self) -> ActorSystem {
        let core = self
            .cell
            .header()
            .system()
            .expect("a child is adopted before it is started");
        ActorSystem::from_core(Arc::clone(core))
    }

    /// The child's actor. The reference does not count: a port belongs to the specification of its child.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.header().id()
    }
}

impl<M: Send + 'static> fmt::Debug for Port<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({})", self.id())
    }
}

/// What a forwarder finds when it looks at the mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ready {
    /// [`Outlet::next_out`] has something.
    Items,
    /// A drain was asked for and nothing is queued any more.
    Drained,
    /// A stop was asked for.
    Stop(ExitReason),
    /// A kill was asked for.
    Kill,
    /// This incarnation is over: somebody else ended it.
    Over,
}

/// Something for the other side.
#[non_exhaustive]
pub enum Outgoing<M> {
    /// A message. It is in flight until [`Outlet::begun`] counts it.
    Message(M),
    /// A mark that was put in by [`Remembered::mark`]; dropping it tells whoever put it there that all before it has left.
    Mark(Mark),
}

/// See [`Remembered::mark`].
pub type Mark = Box<dyn Send>;

/// One incarnation's hold on a mailbox whose messages are carried elsewhere.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::link::{Outgoing, Outlet, Ready};
/// use std::future::poll_fn;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let (actor, mut outlet) = Outlet::<u32>::open(&system, Mailbox::default());
/// actor.send(7).await?;
///
/// assert_eq!(poll_fn(|cx| outlet.poll_ready(cx, true)).await, Ready::Items);
/// let Some(Outgoing::Message(n)) = outlet.next_out() else { panic!("a message was sent") };
/// assert_eq!((n, outlet.in_flight()), (7, 1)); // It would be encoded here, and carried over.
/// outlet.begun(1); // The other side has begun it.
/// assert!(actor.is_empty());
///
/// outlet.end(ExitReason::Normal); // The actor over there has ended.
/// assert_eq!(actor.wait().await, ExitReason::Normal);
/// # Ok(()) }
/// ```
pub struct Outlet<M: Send + 'static> {
    cell: Arc<Cell<M>>,
    incarnation: u32,
    drawn: Batch<M>,
    begun: u64,
    in_flight: u64,
    /// The request that was reported last, so that each is reported once.
    reported: u64,
    ended: bool,
}

impl<M: Send + 'static> Outlet<M> {
    fn new(cell: Arc<Cell<M>>, incarnation: u32) -> Self {
        let begun = cell.begun_at_start();
        Outlet {
            cell,
            incarnation,
            drawn: Batch::new(),
            begun,
            in_flight: 0,
            reported: 0,
            ended: false,
        }
    }

    /// An actor that lives elsewhere and that nobody here owns: its reference, and the outlet of its mailbox. It takes messages at once.
    #[must_use]
    pub fn open(system: &ActorSystem, mailbox: Mailbox) -> (ActorRef<M>, Outlet<M>) {
        let cell = Cell::new(mailbox, None, false);
        let core = system.core();
        core.actor_began();
        let id = ActorId(core.next_id());
        let binding = Binding {
            id,
            system: Arc::clone(core),
            kind: Kind::ELSEWHERE,
        };
        cell.header().bind(binding);
        let child = Child {
            cell: Arc::clone(&cell) as Arc<dyn AnyCell>,
            shutdown: Shutdown::Kill,
            is_kept: false,
        };
        core.foreign.insert(id, child);
        let actor = ActorRef::new(Arc::clone(&cell));
        let incarnation = cell.begin(None).expect("a fresh cell takes an incarnation");
        cell.started(incarnation);
        (actor, Outlet::new(cell, incarnation))
    }

    /// The start-up on the other side is complete.
    pub fn started(&self) {
        self.cell.started(self.incarnation);
    }

    /// The actor.
    #[must_use]
    pub fn actor(&self) -> AnyActorRef {
        AnyActorRef::new(Arc::clone(&self.cell) as Arc<dyn AnyCell>)
    }

    /// The id of the actor.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.header().id()
    }

    /// Whether anybody still holds a reference.
    #[must_use]
    pub fn is_referenced(&self) -> bool {
        self.cell.header().has_refs()
    }

    /// Waits for something to carry, or for a request. Without `has_credit` only for requests.
    ///
    /// Each request is reported once; after `Stop` the forwarder goes on until the other side has ended.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>, has_credit: bool) -> Poll<Ready> {
        loop {
            if let Some(ready) = self.look_up() {
                return Poll::Ready(ready);
            }
            if has_credit {
                if !self.drawn.is_empty() {
                    return Poll::Ready(Ready::Items);
                }
                // Read before the draw: until a drain is asked for, more may come in.
                let is_draining = self.is_draining();
                match self.cell.draw(
                    self.incarnation,
                    self.begun,
                    self.reported,
                    &mut self.drawn,
                    Some(cx.waker()),
                    false,
                ) {
                    Drawn::Some | Drawn::Begun => return Poll::Ready(Ready::Items),
                    Drawn::Over => return Poll::Ready(Ready::Over),
                    Drawn::Empty => return Poll::Pending,
                    Drawn::Disturbed if is_draining && self.in_flight == 0 => {
                        self.reported |= control::DRAIN;
                        return Poll::Ready(Ready::Drained);
                    }
                    Drawn::Disturbed if !is_draining && self.is_draining() => continue,
                    Drawn::Disturbed => {}
                }
            }
            match self.cell.park(self.incarnation, cx.waker()) {
                // A request that came after the look above, and before the waker was stored, woke nobody.
                Parked::Rest => return self.look_up().map_or(Poll::Pending, Poll::Ready),
                // It waits for the end of the other side; its waker is stored all the same.
                Parked::Killed if self.reported & control::KILL != 0 => {
                    return self.look_up().map_or(Poll::Pending, Poll::Ready);
                }
                Parked::Killed => {}
            }
        }
    }

    /// Whether a drain was asked for that was not reported yet.
    fn is_draining(&self) -> bool {
        self.word() & !self.reported & control::DRAIN != 0
    }

    fn word(&self) -> u64 {
        self.cell.header().control.load(Ordering::Acquire)
    }

    fn look_up(&mut self) -> Option<Ready> {
        if self.cell.is_undisturbed(self.incarnation) {
            return None;
        }
        let word = self.word();
        if word >> 8 != u64::from(self.incarnation) || word & control::OVER != 0 {
            return Some(Ready::Over);
        }
        let news = word & !self.reported;
        if news & control::KILL != 0 {
            self.reported |= control::KILL | control::STOP;
            return Some(Ready::Kill);
        }
        if news & control::STOP != 0 {
            self.reported |= control::STOP;
            return Some(Ready::Stop(self.cell.stop_reason()));
        }
        None
    }

    /// The next thing to carry.
    pub fn next_out(&mut self) -> Option<Outgoing<M>> {
        loop {
            match self.drawn.next()? {
                Item::Message(message) => {
                    self.in_flight += 1;
                    return Some(Outgoing::Message(message));
                }
                Item::Extra(extra) => {
                    if let Extra::Mark(mark) = *extra {
                        return Some(Outgoing::Mark(mark));
                    }
                    // Signals and owed messages go to actors of this process; one that lives elsewhere set no monitor here.
                }
                Item::Taken => {}
            }
        }
    }

    /// The other side has begun so many of the messages in flight.
    pub fn begun(&mut self, count: u64) {
        // More than was ever sent would be the peer's lie; it gains nothing by it.
        let count = count.min(self.in_flight);
        self.in_flight -= count;
        self.begun += count;
        self.cell.set_begun_if_present(self.incarnation, self.begun);
        self.cell.pass_room_on();
    }

    /// A message in flight could not be carried: it becomes a dead letter.
    pub fn undeliverable(&mut self, why: String) {
        self.begun(1);
        self.cell.dead_letter(DeadLetterReason::Undecodable(why));
    }

    /// Whether somebody waits to hear how far the other side is: a sender for room, a drain for the last message, or another link, whose
    /// side sends no more than it has credit for. Otherwise [`begun`](Outlet::begun) may come late.
    #[must_use]
    pub fn needs_progress(&self) -> bool {
        let is_draining = self.word() & control::DRAIN != 0;
        // Whoever finds the mailbox full wakes nobody; while it has room, each message that comes in does.
        let is_tight = self.in_flight as usize >= self.cell.capacity() / 2;
        self.in_flight > 0 && (is_draining || is_tight || self.cell.wants_progress())
    }

    /// Messages that left and are not known to have begun.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Whether it takes nothing more, and all that it ever took has begun.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        let mut is_open = true;
        self.cell.look(&mut |life| is_open = life.open);
        !is_open && self.cell.len() == 0
    }

    /// Ends the incarnation. What was in flight is lost, and reported; what was not carried yet stays queued if the actor is restarted.
    pub fn end(mut self, reason: ExitReason) {
        self.finish(reason);
    }

    fn finish(&mut self, reason: ExitReason) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let lost = std::mem::take(&mut self.in_flight);
        self.begun += lost;
        self.cell.set_begun_if_present(self.incarnation, self.begun);
        // What one held that was given up was reported then.
        if self.cell.is_present(self.incarnation) {
            self.cell.report_lost(lost, true);
        }
        let reason = self.seen_from_here(reason);
        let drawn = std::mem::replace(&mut self.drawn, Batch::new());
        self.cell
            .end_incarnation(self.incarnation, reason, drawn.into_rest());
    }

    /// A stop that a link between actors asked for is a plain stop over there, but a failure here.
    fn seen_from_here(&self, reason: ExitReason) -> ExitReason {
        match self.cell.stop_reason() {
            linked @ ExitReason::Linked { .. } if reason == ExitReason::Normal => linked,
            _ => reason,
        }
    }
}

impl<M: Send + 'static> Drop for Outlet<M> {
    fn drop(&mut self) {
        self.finish(ExitReason::NoConnection);
    }
}

impl<M: Send + 'static> fmt::Debug for Outlet<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outlet({}, {} in flight)", self.id(), self.in_flight)
    }
}

/// Calls `notify` when that actor ends for good; at once if it has.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::link::{forget_end, on_end};
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.spawn(Sink);
/// let (tell, heard) = tokio::sync::oneshot::channel();
/// on_end(&sink.any(), move |down| drop(tell.send(down.reason)));
/// let taken_back = on_end(&sink.any(), |_| unreachable!("it was taken back"));
/// forget_end(&sink.any(), taken_back);
/// sink.stop();
/// assert_eq!(heard.await?, ExitReason::Normal);
/// # Ok(()) }
/// ```
pub fn on_end(actor: &AnyActorRef, notify: impl FnOnce(Down) + Send + 'static) -> MonitorId {
    let system = actor.cell().header().system();
    let id = MonitorId(system.map_or(0, |system| system.next_id()));
    if let Err(monitor) = actor.cell().add_monitor(Monitor {
        id,
        notify: Box::new(notify),
        tally: system.map(|system| system.monitors.tally(1)),
    }) {
        let mut reason = ExitReason::NoActor;
        actor.cell().look(&mut |life| {
            if let Some(end) = life.end() {
                reason = end.clone();
            }
        });
        (monitor.notify)(Down {
            monitor: id,
            actor: actor.id(),
            reason,
        });
    }
    id
}

/// Takes back what [`on_end`] set. The example stands there.
pub fn forget_end(actor: &AnyActorRef, id: MonitorId) {
    actor.cell().remove_monitor(id);
}

/// Asks an actor to stop as its supervisor would: its reason will be `Shutdown`.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.spawn(Sink);
/// actor_core::link::shut_down(&sink.any());
/// assert_eq!(sink.wait().await, ExitReason::Shutdown);
/// # Ok(()) }
/// ```
pub fn shut_down(actor: &AnyActorRef) {
    actor
        .cell()
        .request(&crate::lifecycle::Request::Stop(ExitReason::Shutdown));
}

/// An actor that lives elsewhere, as its link remembers it: without keeping it alive.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::link::Remembered;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.spawn(Sink);
/// let remembered = Remembered::new(&sink.any());
/// assert_eq!(remembered.recall(), Some(sink.any()));
/// drop(sink);
/// assert_eq!(remembered.recall(), None, "it did not keep the actor alive");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Remembered {
    cell: Arc<dyn AnyCell>,
}

impl Remembered {
    /// Remembers an actor.
    #[must_use]
    pub fn new(actor: &AnyActorRef) -> Self {
        Remembered {
            cell: Arc::clone(actor.cell()),
        }
    }

    /// A reference to it, unless nobody holds one any more and it takes no more messages.
    #[must_use]
    pub fn recall(&self) -> Option<AnyActorRef> {
        self.cell
            .revive()
            .then(|| AnyActorRef::from_counted(Arc::clone(&self.cell)))
    }

    /// Puts a mark behind all that is queued for it. The mark is dropped when all before it has left, or never will.
    pub fn mark(&self, mark: Mark) {
        self.cell.push_mark(mark);
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remembered({})", self.cell.header().id())
    }
}

/// A system as its links remember it: without keeping it running.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::link::RememberedSystem;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let remembered = RememberedSystem::new(&system);
/// assert!(remembered.recall().is_some());
/// drop(system);
/// assert!(remembered.recall().is_none());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RememberedSystem {
    core: std::sync::Weak<crate::system::SystemCore>,
}

impl RememberedSystem {
    /// Remembers a system.
    #[must_use]
    pub fn new(system: &ActorSystem) -> Self {
        RememberedSystem {
            core: Arc::downgrade(system.core()),
        }
    }

    /// A handle to it, unless its last handle is gone.
    #[must_use]
    pub fn recall(&self) -> Option<ActorSystem> {
        self.core.upgrade().and_then(ActorSystem::from_live_core)
    }
}

impl fmt::Debug for RememberedSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RememberedSystem")
    }
}

/// Adds a note to every snapshot that is taken of the system from now on, until `says` has nothing more to say: a pool, say, that is
/// more than its actors. It is called when a snapshot is taken, on the thread that takes it, and should hold its subject weakly.
///
/// # Examples
///
/// See [`Note`](crate::snapshot::Note).
pub fn annotate(
    system: &ActorSystem,
    says: impl Fn() -> Option<crate::snapshot::Note> + Send + Sync + 'static,
) {
    system.core().notes.add(Arc::new(says));
}

/// What identifies an actor's cell within this process, for a link's tables.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::link::address;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let (first, second) = (system.spawn(Sink).any(), system.spawn(Sink).any());
/// assert_eq!(address(&first), address(&first.clone()));
/// assert_ne!(address(&first), address(&second));
/// # Ok(()) }
/// ```
#[must_use]
pub fn address(actor: &AnyActorRef) -> usize {
    std::ptr::from_ref(actor.cell().header()).addr()
}
