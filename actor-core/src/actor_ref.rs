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
    /// [`Closed`](SendError::Closed) holds `()`: the actor takes no more messages.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping it gives up the place in the line.
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
    pub fn stop(&self) {
        self.cell.request(&Request::Stop(ExitReason::Normal));
    }

    /// Asks it to take no new messages, handle what is queued, and stop.
    pub fn drain(&self) {
        self.cell.request(&Request::Drain);
    }

    /// Ends it at its next await; `stopped` does not run. A handler that never awaits cannot be killed, unless it lives in a process of
    /// its own.
    pub fn kill(&self) {
        self.cell.request(&Request::Kill);
    }

    /// Waits until it has ended for good: after `stopped`, after its children ended, and after its name is free. Any number may wait,
    /// early or late; all get the same reason.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn wait(&self) -> ExitReason {
        self.any().wait().await
    }

    /// The id of the actor.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.header().id()
    }

    /// Whether it has ended for good.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let mut over = false;
        self.cell.look(&mut |life| over = life.is_over());
        over
    }

    /// How many messages are accepted and not begun. A snapshot: others send and it handles meanwhile.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cell.len()
    }

    /// Whether no message is waiting to be begun.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A reference that does not keep it alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakActorRef<M> {
        WeakActorRef::new(Arc::clone(&self.cell))
    }

    /// The same reference without its message type.
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
pub struct WeakActorRef<M: Send + 'static> {
    cell: Arc<Cell<M>>,
}

impl<M: Send + 'static> WeakActorRef<M> {
    pub(crate) fn new(cell: Arc<Cell<M>>) -> Self {
        WeakActorRef { cell }
    }

    /// A reference that counts; `None` when the actor takes no more messages.
    #[must_use]
    pub fn upgrade(&self) -> Option<ActorRef<M>> {
        self.cell
            .revive()
            .then(|| ActorRef::from_counted(Arc::clone(&self.cell)))
    }

    /// The id of the actor.
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
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.header().id()
    }

    /// The type of its messages.
    #[must_use]
    pub fn message_type(&self) -> &'static str {
        self.cell.message_type()
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.cell.name().map(|name| name.to_string())
    }

    /// The typed reference, if the actor takes messages of type `M`.
    #[must_use]
    pub fn typed<M: Send + 'static>(&self) -> Option<ActorRef<M>> {
        Arc::clone(&self.cell)
            .as_any()
            .downcast::<Cell<M>>()
            .ok()
            .map(ActorRef::new)
    }

    /// See [`ActorRef::stop`].
    pub fn stop(&self) {
        self.cell.request(&Request::Stop(ExitReason::Normal));
    }

    /// See [`ActorRef::drain`].
    pub fn drain(&self) {
        self.cell.request(&Request::Drain);
    }

    /// See [`ActorRef::kill`].
    pub fn kill(&self) {
        self.cell.request(&Request::Kill);
    }

    /// Whether it has ended for good.
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
pub struct Permit<'a, M: Send + 'static> {
    place: Place<'a, M>,
}

impl<M: Send + 'static> Permit<'_, M> {
    /// Sends the message into the room that was kept.
    ///
    /// # Errors
    ///
    /// The actor ended since; the message comes back.
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
