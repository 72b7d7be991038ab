//! The typed reference: one pointer wide, and the same type whatever the actor is and wherever it lives.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use super::send::send_within;
use super::{AnyActorRef, Permit, SendFuture, WeakActorRef};
use crate::cell::{AnyCell, Cell, Refused};
use crate::error::Returned;
use crate::lifecycle::Request;
use crate::sync::Arc;
use crate::{ActorId, ExitReason, SendError, SendTimeoutError, TrySendError};

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
        SendFuture::new(&self.cell, message)
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

    /// Sends a message, waiting for room at most so long. Like a [`send`](ActorRef::send) that waits, it is served in order of arrival.
    ///
    /// The limit is never early and at most 10 ms late, also when the runtime is stuck. A message that finds room at once sets no
    /// timer. To wait for an answer as well, use [`ask_within`](ActorRef::ask_within).
    ///
    /// # Errors
    ///
    /// [`SendTimeoutError`] gives the message back: there was no room in time, the actor takes no more messages, or an actor would have
    /// waited for itself. Only the first is worth another try.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, it has not sent; the message is dropped with it, and the place in the line is given up.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::SendTimeoutError;
    ///
    /// # struct Stuck;
    /// # impl Actor for Stuck {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let stuck = system.actor(Stuck).mailbox(Mailbox::bounded(1)).spawn();
    /// let limit = Duration::from_millis(20);
    /// stuck.send_timeout(1, limit).await?;
    /// stuck.send_timeout(2, limit).await?; // The first one has begun by now, and never ends.
    /// match stuck.send_timeout(3, limit).await {
    ///     Err(SendTimeoutError::Timeout(message)) => assert_eq!(message.into_inner(), 3),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn send_timeout(
        &self,
        message: M,
        limit: Duration,
    ) -> Result<(), SendTimeoutError<M>> {
        send_within(&self.cell, message, limit).await
    }

    /// Waits for room and keeps it, so that the message can be made when it is certain to be accepted. It waits under any
    /// [overflow policy](crate::Overflow), and what is sent into room that was kept makes nothing give way.
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
        Permit::reserve(&self.cell).await
    }

    /// Asks it to stop after the message in hand. What is queued becomes dead letters, unless a supervisor restarts it.
    ///
    /// Like [`drain`](ActorRef::drain) and [`kill`](ActorRef::kill) it concerns one incarnation: while a supervised actor is not started
    /// yet, or waits for its restart, the next one. To end a permanent child, ask its supervisor.
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
        self.cell.face().request(&Request::Stop(ExitReason::Normal));
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
        self.cell.face().request(&Request::Drain);
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
        self.cell.face().request(&Request::Kill);
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
        self.cell.actor_id()
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
        self.cell.face().look(&mut |life| over = life.is_over());
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
        AnyActorRef::new(self.cell.face())
    }
}

pub(super) fn let_go(cell: &(impl AnyCell + ?Sized)) {
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

pub(super) fn describe(f: &mut fmt::Formatter<'_>, what: &str, cell: &dyn AnyCell) -> fmt::Result {
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
        describe(f, "ActorRef", &*self.cell.face())
    }
}
