//! References to actors. One pointer wide, typed by the message, and the same type whatever the actor is and wherever it lives.

use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::cell::{AnyCell, Cell, Refused, until};
use crate::error::Returned;
use crate::lifecycle::{Phase, Request};
use crate::mailbox::queue::Ticket;
use crate::reply_scope::current_actor;
use crate::sync::Arc;
use crate::{ActorId, ExitReason, SendError, TrySendError};

/// A reference to an actor that takes messages of type `M`.
///
/// References stay valid over restarts. An actor that nobody owns (no supervisor, no parent, no name) drains and stops when its last
/// reference is gone.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # struct Counter { total: u64 }
/// # enum CounterMsg { Add(u64), Get(Reply<u64>) }
/// # impl Actor for Counter {
/// #     type Msg = CounterMsg;
/// #     async fn handle(&mut self, msg: CounterMsg, _: &mut Context<Self>) -> ActorResult {
/// #         match msg {
/// #             CounterMsg::Add(n) => self.total += n,
/// #             CounterMsg::Get(reply) => reply.send(self.total),
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let counter: ActorRef<CounterMsg> = system.spawn(Counter { total: 0 });
/// let clone = counter.clone();
/// clone.send(CounterMsg::Add(2)).await?;
/// assert_eq!(counter.ask(CounterMsg::Get).await?, 2);
/// assert_eq!(counter, clone);
///
/// drop((counter, clone)); // Nobody can reach it now, so it ends.
/// # while system.live_actors() > 0 { tokio::task::yield_now().await; }
/// # Ok(()) }
/// ```
#[doc(alias = "Addr")]
#[doc(alias = "Pid")]
pub struct ActorRef<M: Send + 'static> {
    cell: Arc<Cell<M>>,
}

impl<M: Send + 'static> ActorRef<M> {
    pub(crate) fn new(cell: Arc<Cell<M>>) -> Self {
        cell.header().add_ref();
        ActorRef { cell }
    }

    /// From a cell that was counted for this reference already.
    pub(crate) fn from_counted(cell: Arc<Cell<M>>) -> Self {
        ActorRef { cell }
    }

    pub(crate) fn cell(&self) -> &Arc<Cell<M>> {
        &self.cell
    }

    /// Sends a message, waiting for room in the mailbox if there is none. Waiting senders are served in order of arrival.
    ///
    /// # Errors
    ///
    /// [`SendError`] gives the message back: the actor takes no more messages, or an actor would have waited for itself.
    ///
    /// # Cancel safety
    ///
    /// A send that is dropped before it completes has not sent; the message is dropped with it.
    ///
    /// # Ordering
    ///
    /// Messages of one sender to one actor are handled in the order sent, also when it mixes `send` and `try_send`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::SendError;
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
    /// sink.send(1).await?;
    ///
    /// sink.stop();
    /// sink.wait().await;
    /// match sink.send(2).await {
    ///     Err(SendError::Closed(message)) => assert_eq!(message.into_inner(), 2), // Give it to somebody else.
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok(()) }
    /// ```
    #[doc(alias = "tell")]
    #[doc(alias = "cast")]
    pub fn send(&self, message: M) -> SendFuture<'_, M> {
        SendFuture {
            cell: &self.cell,
            message: Some(message),
            ticket: None,
        }
    }

    /// Sends a message if there is room, and never waits.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] gives the message back. `Full` also while others wait for room: nobody overtakes them.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::TrySendError;
    ///
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
    /// sink.try_send(1)?;
    /// match sink.try_send(2) {
    ///     Ok(()) => unreachable!("there is room for one message only"),
    ///     Err(TrySendError::Full(message)) => sink.send(message.into_inner()).await?, // Or drop it, or try again later.
    ///     Err(closed) => return Err(closed.into()),
    /// }
    /// # Ok(()) }
    /// ```
    #[doc(alias = "do_send")]
    #[inline]
    pub fn try_send(&self, message: M) -> Result<(), TrySendError<M>> {
        self.cell
            .try_push(message)
            .map_err(|refused| match refused {
                Refused::Full(message) => TrySendError::Full(Returned::new(message)),
                Refused::Closed(message) => TrySendError::Closed(Returned::new(message)),
            })
    }

    /// Waits for room and keeps it, so that the message can be made when it is certain to be accepted.
    ///
    /// # Errors
    ///
    /// [`SendError`] holds `()`: the actor takes no more messages, or an actor would have waited for itself.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping it gives up the place in the line.
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
    /// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
    /// let permit = sink.reserve().await?;
    /// assert!(sink.try_send(1).is_err(), "the only room is kept");
    /// permit.send(2)?; // Never waits.
    /// # Ok(()) }
    /// ```
    pub async fn reserve(&self) -> Result<Permit<'_, M>, SendError<()>> {
        let mut place = Place {
            cell: &self.cell,
            ticket: None,
        };
        let got = std::future::poll_fn(|cx| {
            let polled = place.cell.poll_reserve(&mut place.ticket, cx);
            if polled.is_pending() && current_actor() == place.cell.address() {
                return Poll::Ready(Err(SendError::WouldDeadlock(Returned::new(()))));
            }
            polled.map_err(|()| SendError::Closed(Returned::new(())))
        })
        .await;
        got.map(|()| Permit { place })
    }

    /// Asks it to stop after the message in hand. What is queued becomes dead letters, unless a supervisor restarts it.
    ///
    /// Like [`drain`](ActorRef::drain) and [`kill`](ActorRef::kill) it concerns the present incarnation: while a supervised actor is
    /// not started yet, or waits for its restart, it changes nothing. To end such an actor, ask its supervisor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Counter { total: u64 }
    /// # enum CounterMsg { Add(u64), Get(Reply<u64>) }
    /// # impl Actor for Counter {
    /// #     type Msg = CounterMsg;
    /// #     async fn handle(&mut self, msg: CounterMsg, _: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             CounterMsg::Add(n) => self.total += n,
    /// #             CounterMsg::Get(reply) => reply.send(self.total),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let counter = system.spawn(Counter { total: 0 });
    /// counter.send(CounterMsg::Add(1)).await?;
    /// counter.stop();
    /// assert_eq!(counter.wait().await, ExitReason::Normal);
    /// assert_eq!(system.dead_letter_count(), 1, "the message was queued and not begun");
    /// # Ok(()) }
    /// ```
    pub fn stop(&self) {
        self.cell.request(&Request::Stop(ExitReason::Normal));
    }

    /// Asks it to take no new messages, handle what is queued, and stop.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::TrySendError;
    ///
    /// # struct Printer { pages: u32, done: ActorRef<u32> }
    /// # impl Actor for Printer {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, pages: u32, _: &mut Context<Self>) -> ActorResult { self.pages += pages; Ok(()) }
    /// #     async fn stopped(&mut self, _: &ExitReason, _: &mut Context<Self>) { drop(self.done.send(self.pages).await) }
    /// # }
    /// # struct Expect(u32);
    /// # impl Actor for Expect {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, pages: u32, ctx: &mut Context<Self>) -> ActorResult {
    /// #         assert_eq!(pages, self.0);
    /// #         ctx.stop();
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let done = system.spawn(Expect(3));
    /// # let printer = system.start(Printer { pages: 0, done: done.clone() }).await?;
    /// printer.send(1).await?;
    /// printer.send(2).await?;
    /// printer.drain();
    /// assert!(matches!(printer.try_send(4), Err(TrySendError::Closed(_))));
    /// assert_eq!(printer.wait().await, ExitReason::Normal); // Three pages were printed.
    /// # assert_eq!(done.wait().await, ExitReason::Normal);
    /// # Ok(()) }
    /// ```
    pub fn drain(&self) {
        self.cell.request(&Request::Drain);
    }

    /// Ends it at its next await; `stopped` does not run. A handler that never awaits cannot be killed, unless it lives in a process of
    /// its own.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sleeper;
    /// # impl Actor for Sleeper {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sleeper = system.start(Sleeper).await?;
    /// sleeper.send(()).await?; // Its handler will wait for something that never comes.
    /// sleeper.kill();
    /// assert_eq!(sleeper.wait().await, ExitReason::Killed);
    /// # Ok(()) }
    /// ```
    pub fn kill(&self) {
        self.cell.request(&Request::Kill);
    }

    /// Waits until it has ended for good: after `stopped`, after its children ended, and after its name is free. Any number may wait,
    /// early or late; all get the same reason.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
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
    /// sink.stop();
    /// match sink.wait().await {
    ///     reason if reason.is_failure() => eprintln!("the sink broke: {reason}"),
    ///     reason => assert_eq!(reason, ExitReason::Normal),
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn wait(&self) -> ExitReason {
        self.any().wait().await
    }

    /// The id of the actor.
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
    /// let (first, second) = (system.spawn(Sink), system.spawn(Sink));
    /// assert_ne!(first.id(), second.id());
    /// assert_eq!(first.id(), first.any().id());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.header().id()
    }

    /// Whether it has ended for good.
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
    /// assert!(!sink.is_closed());
    /// sink.stop();
    /// sink.wait().await;
    /// assert!(sink.is_closed());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let mut over = false;
        self.cell.look(&mut |life| over = life.is_over());
        over
    }

    /// How many messages are accepted and not begun. A snapshot: others send and it handles meanwhile.
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
    /// sink.try_send(1)?;
    /// sink.try_send(2)?;
    /// assert_eq!(sink.len(), 2, "it had no chance to begin any");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.cell.len()
    }

    /// Whether no message is waiting to be begun.
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
    /// assert!(sink.is_empty());
    /// sink.try_send(1)?;
    /// assert!(!sink.is_empty());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A reference that does not keep it alive.
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
    /// let weak = sink.downgrade();
    /// drop(sink); // The last reference: the actor ends.
    /// assert!(weak.upgrade().is_none());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn downgrade(&self) -> WeakActorRef<M> {
        WeakActorRef::new(Arc::clone(&self.cell))
    }

    /// The same reference without its message type.
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
    /// # struct Counter { total: u64 }
    /// # enum CounterMsg { Add(u64), Get(Reply<u64>) }
    /// # impl Actor for Counter {
    /// #     type Msg = CounterMsg;
    /// #     async fn handle(&mut self, msg: CounterMsg, _: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             CounterMsg::Add(n) => self.total += n,
    /// #             CounterMsg::Get(reply) => reply.send(self.total),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// // Actors of different types in one list.
    /// let all = [system.spawn(Sink).any(), system.spawn(Counter { total: 0 }).any()];
    /// all.iter().for_each(AnyActorRef::stop);
    /// for actor in &all {
    ///     assert_eq!(actor.wait().await, ExitReason::Normal);
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn any(&self) -> AnyActorRef {
        AnyActorRef::new(Arc::clone(&self.cell) as Arc<dyn AnyCell>)
    }
}

fn let_go(cell: &(impl AnyCell + ?Sized)) {
    if cell.header().drop_ref() {
        cell.unreferenced();
    }
}

impl<M: Send + 'static> Clone for ActorRef<M> {
    fn clone(&self) -> Self {
        ActorRef::new(Arc::clone(&self.cell))
    }
}

impl<M: Send + 'static> Drop for ActorRef<M> {
    fn drop(&mut self) {
        let_go(&*self.cell);
    }
}

impl<M: Send + 'static> PartialEq for ActorRef<M> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
    }
}

impl<M: Send + 'static> Eq for ActorRef<M> {}

impl<M: Send + 'static> Hash for ActorRef<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.cell.address().hash(state);
    }
}

fn describe(f: &mut fmt::Formatter<'_>, what: &str, cell: &dyn AnyCell) -> fmt::Result {
    match cell.name() {
        Some(name) => write!(
            f,
            "{what}({} {name:?}, {})",
            cell.header().id(),
            cell.message_type()
        ),
        None => write!(f, "{what}({}, {})", cell.header().id(), cell.message_type()),
    }
}

impl<M: Send + 'static> fmt::Debug for ActorRef<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "ActorRef", &*self.cell)
    }
}

/// A reference that does not keep its actor alive.
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
/// let weak: WeakActorRef<u32> = sink.downgrade();
/// if let Some(sink) = weak.upgrade() {
///     sink.send(1).await?;
/// }
/// # Ok(()) }
/// ```
pub struct WeakActorRef<M: Send + 'static> {
    cell: Arc<Cell<M>>,
}

impl<M: Send + 'static> WeakActorRef<M> {
    pub(crate) fn new(cell: Arc<Cell<M>>) -> Self {
        WeakActorRef { cell }
    }

    /// A reference that counts; `None` when no other is left and the actor takes no more messages. While others hold references, it may
    /// be one to an actor that has ended.
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
    /// let weak = sink.downgrade();
    /// assert_eq!(weak.upgrade().as_ref(), Some(&sink));
    /// drop(sink);
    /// assert_eq!(weak.upgrade(), None);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<ActorRef<M>> {
        self.cell
            .revive()
            .then(|| ActorRef::from_counted(Arc::clone(&self.cell)))
    }

    /// The id of the actor.
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
    /// assert_eq!(sink.downgrade().id(), sink.id());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.header().id()
    }
}

impl<M: Send + 'static> Clone for WeakActorRef<M> {
    fn clone(&self) -> Self {
        WeakActorRef::new(Arc::clone(&self.cell))
    }
}

impl<M: Send + 'static> fmt::Debug for WeakActorRef<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "WeakActorRef", &*self.cell)
    }
}

/// A reference without a message type: for monitors, names, and stopping.
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
/// let any: AnyActorRef = sink.any();
/// system.register("sink", &any)?;
/// any.stop();
/// assert_eq!(any.wait().await, ExitReason::Normal);
/// # Ok(()) }
/// ```
pub struct AnyActorRef {
    cell: Arc<dyn AnyCell>,
}

impl AnyActorRef {
    pub(crate) fn new(cell: Arc<dyn AnyCell>) -> Self {
        cell.header().add_ref();
        AnyActorRef { cell }
    }

    pub(crate) fn from_counted(cell: Arc<dyn AnyCell>) -> Self {
        AnyActorRef { cell }
    }

    pub(crate) fn cell(&self) -> &Arc<dyn AnyCell> {
        &self.cell
    }

    /// The id of the actor.
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
    /// assert_eq!(sink.any().id(), sink.id());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.header().id()
    }

    /// The type of its messages.
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
    /// assert_eq!(system.spawn(Sink).any().message_type(), "u32");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn message_type(&self) -> &'static str {
        self.cell.message_type()
    }

    /// Its name, if it has one.
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
    /// let sink = system.start_named("sink", Sink).await?;
    /// assert_eq!(sink.any().name().as_deref(), Some("sink"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.cell.name().map(|name| name.to_string())
    }

    /// The typed reference, if the actor takes messages of type `M`.
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
    /// let any = system.spawn(Sink).any();
    /// assert!(any.typed::<String>().is_none());
    /// if let Some(sink) = any.typed::<u32>() {
    ///     sink.send(1).await?;
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn typed<M: Send + 'static>(&self) -> Option<ActorRef<M>> {
        Arc::clone(&self.cell)
            .as_any()
            .downcast::<Cell<M>>()
            .ok()
            .map(ActorRef::new)
    }

    /// See [`ActorRef::stop`].
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
    /// let any = system.spawn(Sink).any();
    /// any.stop();
    /// assert_eq!(any.wait().await, ExitReason::Normal);
    /// # Ok(()) }
    /// ```
    pub fn stop(&self) {
        self.cell.request(&Request::Stop(ExitReason::Normal));
    }

    /// See [`ActorRef::drain`].
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
    /// sink.send(1).await?;
    /// sink.any().drain();
    /// assert_eq!(sink.wait().await, ExitReason::Normal);
    /// assert_eq!(system.dead_letter_count(), 0, "what was queued has been handled");
    /// # Ok(()) }
    /// ```
    pub fn drain(&self) {
        self.cell.request(&Request::Drain);
    }

    /// See [`ActorRef::kill`].
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
    /// let any = system.spawn(Sink).any();
    /// any.kill();
    /// assert_eq!(any.wait().await, ExitReason::Killed);
    /// # Ok(()) }
    /// ```
    pub fn kill(&self) {
        self.cell.request(&Request::Kill);
    }

    /// Whether it has ended for good.
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
    /// let any = system.spawn(Sink).any();
    /// assert!(!any.is_closed());
    /// any.kill();
    /// any.wait().await;
    /// assert!(any.is_closed());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let mut over = false;
        self.cell.look(&mut |life| over = life.is_over());
        over
    }

    /// See [`ActorRef::wait`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
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
    /// let any = system.spawn(Sink).any();
    /// any.stop();
    /// // As often as one likes, early or late.
    /// assert_eq!(any.wait().await, ExitReason::Normal);
    /// assert_eq!(any.wait().await, ExitReason::Normal);
    /// # Ok(()) }
    /// ```
    pub async fn wait(&self) -> ExitReason {
        until(&self.cell, |life| match &life.phase {
            Phase::Ended(reason) => Some(reason.clone()),
            _ => None,
        })
        .await
    }
}

impl Clone for AnyActorRef {
    fn clone(&self) -> Self {
        AnyActorRef::new(Arc::clone(&self.cell))
    }
}

impl Drop for AnyActorRef {
    fn drop(&mut self) {
        let_go(&*self.cell);
    }
}

impl PartialEq for AnyActorRef {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
    }
}

impl Eq for AnyActorRef {}

impl fmt::Debug for AnyActorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "AnyActorRef", &*self.cell)
    }
}

/// A place in the line, given up on drop.
struct Place<'a, M: Send + 'static> {
    cell: &'a Arc<Cell<M>>,
    ticket: Option<Ticket>,
}

impl<M: Send + 'static> Drop for Place<'_, M> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.cell.leave_line(ticket);
        }
    }
}

/// Room for one message, kept until it is used or dropped.
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
/// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
/// let permit = sink.reserve().await?;
/// drop(permit); // Not needed after all: the next in line has the room.
/// sink.try_send(1)?;
/// # Ok(()) }
/// ```
pub struct Permit<'a, M: Send + 'static> {
    place: Place<'a, M>,
}

impl<M: Send + 'static> Permit<'_, M> {
    /// Sends the message into the room that was kept.
    ///
    /// # Errors
    ///
    /// The actor takes no more messages since; the message comes back, and trying again is useless.
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
    /// let permit = sink.reserve().await?;
    /// sink.stop();
    /// sink.wait().await;
    /// let error = permit.send(7).unwrap_err();
    /// assert_eq!(error.into_message(), 7);
    /// # Ok(()) }
    /// ```
    pub fn send(mut self, message: M) -> Result<(), SendError<M>> {
        let Some(ticket) = self.place.ticket.take() else {
            return Err(SendError::Closed(Returned::new(message)));
        };
        self.place
            .cell
            .push_reserved(ticket, message)
            .map_err(|message| SendError::Closed(Returned::new(message)))
    }
}

impl<M: Send + 'static> fmt::Debug for Permit<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "Permit", &**self.place.cell)
    }
}

/// The future of [`ActorRef::send`].
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
/// // It fits wherever a future does, under a time limit, say. Dropped before it completes, it has not sent.
/// tokio::time::timeout(Duration::from_secs(1), sink.send(1)).await??;
/// # Ok(()) }
/// ```
#[must_use = "nothing is sent before it is awaited"]
pub struct SendFuture<'a, M: Send + 'static> {
    cell: &'a Arc<Cell<M>>,
    message: Option<M>,
    ticket: Option<Ticket>,
}

// The message is never pinned; it is moved into the mailbox.
impl<M: Send + 'static> Unpin for SendFuture<'_, M> {}

impl<M: Send + 'static> Future for SendFuture<'_, M> {
    type Output = Result<(), SendError<M>>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.ticket.is_none() {
            let message = this
                .message
                .take()
                .expect("a send is not polled after it completed");
            match this.cell.try_push(message) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(Refused::Closed(message)) => {
                    return Poll::Ready(Err(SendError::Closed(Returned::new(message))));
                }
                Err(Refused::Full(message)) if current_actor() == this.cell.address() => {
                    return Poll::Ready(Err(SendError::WouldDeadlock(Returned::new(message))));
                }
                Err(Refused::Full(message)) => this.message = Some(message),
            }
        }
        this.poll_in_line(cx)
    }
}

impl<M: Send + 'static> SendFuture<'_, M> {
    #[cold]
    fn poll_in_line(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<M>>> {
        self.cell
            .poll_push(&mut self.message, &mut self.ticket, cx)
            .map(|pushed| match (pushed, self.message.take()) {
                (Err(()), Some(message)) => Err(SendError::Closed(Returned::new(message))),
                _ => Ok(()),
            })
    }
}

impl<M: Send + 'static> Drop for SendFuture<'_, M> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.cell.leave_line(ticket);
        }
    }
}
