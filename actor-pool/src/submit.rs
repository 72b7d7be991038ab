//! Handing jobs in: room, the queue, and the handle.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::arena::Key;
use crate::chunk::{Chunk, Outcomes};
use crate::dispatch::{Needs, Offer, Terms};
use crate::future_task::Async;
use crate::line::Ticket;
use crate::shared::{AnyTask, Shared};
use crate::task::{Call, Closure, Promise, Task};
use crate::{Job, JobHandle, JobOptions, Refusal};
use actor_core::Overflow;

/// Room in the queue, or a place in the line for it; given up on drop.
pub(crate) struct Room {
    shared: Arc<Shared>,
    ticket: Option<Ticket>,
}

impl Room {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Room {
            shared,
            ticket: None,
        }
    }

    /// Waits for room; once ready it stays ready until it is used.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        self.shared.poll_reserve(&mut self.ticket, cx)
    }

    /// Gives it up.
    pub(crate) fn release(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.shared.leave(ticket);
        }
    }

    /// Hands a job in. Room can be used once.
    pub(crate) fn submit<Out>(
        &mut self,
        parcel: &Parcel<Out>,
        options: &JobOptions,
    ) -> Result<JobHandle<Out>, Refusal> {
        let ticket = self.ticket.take().ok_or(Refusal::Closed)?;
        let submitted = parcel
            .offer(&self.shared, options)
            .and_then(|offer| self.shared.offer_reserved(ticket, offer));
        if submitted.is_err() {
            self.shared.leave(ticket);
        }
        Ok(parcel.handle(&self.shared, submitted?))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.release();
    }
}

/// A job ready to be handed in, from both of its sides.
pub(crate) struct Parcel<Out> {
    task: AnyTask,
    promise: Arc<dyn Promise<Out>>,
    needs: Needs,
}

impl<Out: Send + 'static> Parcel<Out> {
    fn new<T: Task + Promise<Out> + 'static>(both: T, needs: Needs) -> (Self, Arc<T>) {
        let both = Arc::new(both);
        let parcel = Parcel {
            task: Arc::clone(&both) as AnyTask,
            promise: Arc::clone(&both) as Arc<dyn Promise<Out>>,
            needs,
        };
        (parcel, both)
    }

    pub(crate) fn call<Arg>(
        job: &Job<Arg, Out>,
        argument: Arg,
        options: &JobOptions,
    ) -> (Self, Arc<Call<Arg, Out>>)
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned,
    {
        let call = Call::new(*job, argument, options.is_repeatable());
        Parcel::new(call, Needs::Any)
    }

    pub(crate) fn closure<F>(work: F) -> (Self, Arc<Closure<F, Out>>)
    where
        F: FnOnce() -> Out + Send + 'static,
    {
        Parcel::new(Closure::new(work), Needs::Thread)
    }

    pub(crate) fn future<F, Fut>(work: F) -> (Self, Arc<Async<F, Out>>)
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Out> + Send + 'static,
    {
        Parcel::new(Async::new(work), Needs::Task)
    }
}

impl<Out: Send + 'static> Parcel<Outcomes<Out>> {
    pub(crate) fn chunk<Arg>(job: &Job<Arg, Out>, arguments: Vec<Arg>) -> Self
    where
        Arg: Serialize + DeserializeOwned + Send + 'static,
        Out: DeserializeOwned,
    {
        Parcel::new(Chunk::new(*job, arguments), Needs::Any).0
    }
}

impl<Out> Parcel<Out> {
    fn handle(&self, shared: &Arc<Shared>, key: Key) -> JobHandle<Out> {
        JobHandle::new(Arc::clone(&self.promise), Arc::clone(shared), key)
    }

    fn offer(&self, shared: &Shared, options: &JobOptions) -> Result<Offer<AnyTask>, Refusal> {
        let terms: Terms = options.terms(shared.clock())?;
        Ok(Offer {
            job: Arc::clone(&self.task),
            needs: self.needs,
            terms,
            items: self.task.items(),
        })
    }

    pub(crate) fn try_submit(
        &self,
        shared: &Arc<Shared>,
        options: &JobOptions,
    ) -> Result<JobHandle<Out>, Refusal> {
        let key = shared.offer(self.offer(shared, options)?)?;
        Ok(self.handle(shared, key))
    }

    pub(crate) async fn submit(
        &self,
        shared: &Arc<Shared>,
        options: &JobOptions,
    ) -> Result<JobHandle<Out>, Refusal> {
        match self.try_submit(shared, options) {
            Err(Refusal::Full) if shared.overflow() == Overflow::Wait => {}
            other => return other,
        }
        let mut room = Room::new(Arc::clone(shared));
        poll_fn(|cx| room.poll(cx)).await?;
        room.submit(self, options)
    }
}
