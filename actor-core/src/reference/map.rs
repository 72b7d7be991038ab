//! Adapter references: those of an actor for messages of another type.

use std::task::{Context, Poll};

use crate::cell::{AnyCell, Cell, Header, Room, Sink};
use crate::mailbox::queue::Ticket;
use crate::sync::{Arc, Mutex, lock};
use crate::{ActorRef, WeakActorRef};

impl<M: Send + 'static> ActorRef<M> {
    /// A reference to the same actor for messages of another type, which `f` turns into its own.
    ///
    /// Everything goes to the actor itself: bound and order are those of its mailbox, `stop`, `wait`, [`id`](ActorRef::id) and
    /// [`any`](ActorRef::any) are the actor's, and it lives as long as the new reference does. The new reference equals its clones only;
    /// it costs two allocations once, and a second lock per message.
    ///
    /// `f` runs in the sender, after room for the message was reserved and outside of any lock. So it never runs for a message that is
    /// given back; should the actor end in the very moment between, the message becomes a dead letter. A panic in `f` is the sender's, and
    /// nothing has been sent.
    ///
    /// A mapped reference cannot travel to another process, since `f` cannot; send the actor's own one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Thermometer { display: ActorRef<f64> }
    /// # impl Actor for Thermometer {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { Ok(self.display.send(21.5).await?) }
    /// # }
    /// enum PanelMsg { Temperature(f64), Read(Reply<f64>) }
    ///
    /// struct Panel { temperature: f64 }
    ///
    /// impl Actor for Panel {
    ///     type Msg = PanelMsg;
    ///
    ///     async fn handle(&mut self, msg: PanelMsg, _ctx: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             PanelMsg::Temperature(value) => self.temperature = value,
    ///             PanelMsg::Read(reply) => reply.send(self.temperature),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let panel = system.spawn(Panel { temperature: 0.0 });
    /// // A thermometer knows nothing of panels.
    /// let thermometer = system.spawn(Thermometer { display: panel.map(PanelMsg::Temperature) });
    /// thermometer.send(()).await?;
    /// # thermometer.drain(); thermometer.wait().await;
    /// assert_eq!(panel.ask(PanelMsg::Read).await?, 21.5);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "recipient")]
    #[doc(alias = "contramap")]
    #[must_use]
    pub fn map<N: Send + 'static>(
        &self,
        f: impl Fn(N) -> M + Send + Sync + 'static,
    ) -> ActorRef<N> {
        let sink = Mapped {
            cell: Arc::clone(self.cell()),
            held: Mutex::new(Some(self.clone())),
            f,
        };
        ActorRef::new(Cell::adapter(Arc::new(sink)))
    }
}

/// The sink of an adapter.
struct Mapped<M: Send + 'static, F> {
    cell: Arc<Cell<M>>,
    /// As long as there are references to the adapter, so that weak ones keep nobody alive.
    held: Mutex<Option<ActorRef<M>>>,
    f: F,
}

/// Room at the target, given back unless it is used: the map function may panic.
struct Promise<'a, M: Send + 'static> {
    cell: &'a Arc<Cell<M>>,
    ticket: Option<Ticket>,
}

impl<M: Send + 'static> Drop for Promise<'_, M> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.cell.leave_line(ticket);
        }
    }
}

impl<M: Send + 'static, N, F: Fn(N) -> M + Send + Sync> Sink<N> for Mapped<M, F> {
    fn try_reserve(&self) -> Room {
        self.cell.try_reserve()
    }

    fn poll_reserve(
        &self,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        self.cell.poll_reserve(ticket, cx)
    }

    fn is_granted(&self, ticket: Ticket) -> bool {
        self.cell.is_granted(ticket)
    }

    fn leave_line(&self, ticket: Ticket) {
        self.cell.leave_line(ticket);
    }

    fn push(&self, ticket: Ticket, message: N) {
        let mut promise = Promise {
            cell: &self.cell,
            ticket: Some(ticket),
        };
        let message = (self.f)(message);
        if let Err(message) = self.cell.push_reserved(&mut promise.ticket, message) {
            self.cell.refuse(message);
        }
    }

    fn len(&self) -> usize {
        self.cell.len()
    }

    fn target(&self) -> Arc<dyn AnyCell> {
        self.cell.face()
    }

    fn let_go(&self, adapter: &Header) {
        let mut held = lock(&self.held);
        // One that was revived meanwhile keeps it.
        let gone = if adapter.has_refs() {
            None
        } else {
            held.take()
        };
        drop(held);
        drop(gone);
    }

    fn revive(&self, adapter: &Header) -> bool {
        let held = lock(&self.held);
        if held.is_some() {
            adapter.add_ref();
            return true;
        }
        drop(held);
        let Some(target) = WeakActorRef::new(Arc::clone(&self.cell)).upgrade() else {
            return false;
        };
        let mut held = lock(&self.held);
        // Somebody else may have been faster.
        let spare = held.replace(target);
        adapter.add_ref();
        drop(held);
        drop(spare);
        true
    }
}
