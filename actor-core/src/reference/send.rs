//! Sending: the future of a send, and room that was reserved.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::typed::describe;
use crate::cell::{Cell, Refused};
use crate::error::Returned;
use crate::mailbox::queue::Ticket;
use crate::runtime::{first, sleep};
use crate::sync::Arc;
use crate::{SendError, SendTimeoutError};

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

impl<'a, M: Send + 'static> Permit<'a, M> {
    /// Waits for room in line.
    pub(crate) async fn reserve(cell: &'a Arc<Cell<M>>) -> Result<Self, SendError<()>> {
        let mut place = Place { cell, ticket: None };
        let got = poll_fn(|cx| {
            let polled = place.cell.poll_reserve(&mut place.ticket, cx);
            if polled.is_pending() && place.cell.would_wait_for_itself(None) {
                return Poll::Ready(Err(SendError::WouldDeadlock(Returned::new(()))));
            }
            polled.map_err(|()| SendError::Closed(Returned::new(())))
        })
        .await;
        got.map(|()| Permit { place })
    }
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
        self.place
            .cell
            .push_reserved(&mut self.place.ticket, message)
            .map_err(|message| SendError::Closed(Returned::new(message)))
    }
}

impl<M: Send + 'static> fmt::Debug for Permit<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "Permit", &*self.place.cell.face())
    }
}

/// The future of [`ActorRef::send`](crate::ActorRef::send).
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
                Err(Refused::Full(message)) if this.cell.would_wait_for_itself(Some(&message)) => {
                    return Poll::Ready(Err(SendError::WouldDeadlock(Returned::new(message))));
                }
                Err(Refused::Full(message)) => this.message = Some(message),
            }
        }
        this.poll_in_line(cx)
    }
}

impl<'a, M: Send + 'static> SendFuture<'a, M> {
    pub(super) fn new(cell: &'a Arc<Cell<M>>, message: M) -> Self {
        SendFuture {
            cell,
            message: Some(message),
            ticket: None,
        }
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

/// Sends, but waits for room at most so long. Only one that has to wait sets a deadline.
pub(super) async fn send_within<M: Send + 'static>(
    cell: &Arc<Cell<M>>,
    message: M,
    limit: Duration,
) -> Result<(), SendTimeoutError<M>> {
    let mut sending = SendFuture::new(cell, message);
    let at_once = poll_fn(|cx| Poll::Ready(Pin::new(&mut sending).poll(cx))).await;
    if let Poll::Ready(sent) = at_once {
        return sent.map_err(SendTimeoutError::from);
    }
    let sent = match cell.header().system() {
        Some(system) => first(&mut sending, system.timekeeper.sleep(limit)).await,
        // The actor of a specification that no supervisor has started yet: the runtime's own timer.
        None => first(&mut sending, sleep(limit)).await,
    };
    match (sent, sending.message.take()) {
        (Some(sent), _) => sent.map_err(SendTimeoutError::from),
        (None, Some(message)) => Err(SendTimeoutError::Timeout(Returned::new(message))),
        (None, None) => Ok(()),
    }
}

impl<M: Send + 'static> Drop for SendFuture<'_, M> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.cell.leave_line(ticket);
        }
    }
}
