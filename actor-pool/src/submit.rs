//! Handing jobs in: room, the queue, and the handle.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::dispatch::Needs;
use crate::line::Ticket;
use crate::shared::{AnyTask, Shared};
use crate::task::{Call, Closure, Promise};
use crate::{Job, JobHandle, JobOptions, Refusal};

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
        options: JobOptions,
    ) -> Result<JobHandle<Out>, Refusal> {
        let ticket = self.ticket.take().ok_or(Refusal::Closed)?;
        let task = Arc::clone(&parcel.task);
        let key = self
            .shared
            .offer_reserved(ticket, task, parcel.needs, options)?;
        Ok(parcel.handle(&self.shared, key))
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
    pub(crate) fn call<Arg>(job: &Job<Arg, Out>, argument: Arg) -> (Self, Arc<Call<Arg, Out>>)
    where
        Arg: Serialize + Send + 'static,
        Out: DeserializeOwned,
    {
        let call = Call::new(*job, argument);
        let parcel = Parcel {
            task: Arc::clone(&call) as AnyTask,
            promise: Arc::clone(&call) as Arc<dyn Promise<Out>>,
            needs: Needs::Any,
        };
        (parcel, call)
    }

    pub(crate) fn closure<F>(work: F) -> (Self, Arc<Closure<F, Out>>)
    where
        F: FnOnce() -> Out + Send + 'static,
    {
        let closure = Closure::new(work);
        let parcel = Parcel {
            task: Arc::clone(&closure) as AnyTask,
            promise: Arc::clone(&closure) as Arc<dyn Promise<Out>>,
            needs: Needs::Thread,
        };
        (parcel, closure)
    }
}

impl<Out> Parcel<Out> {
    fn handle(&self, shared: &Arc<Shared>, key: crate::arena::Key) -> JobHandle<Out> {
        JobHandle::new(Arc::clone(&self.promise), Arc::clone(shared), key)
    }

    pub(crate) fn try_submit(
        &self,
        shared: &Arc<Shared>,
        options: JobOptions,
    ) -> Result<JobHandle<Out>, Refusal> {
        let key = shared.offer(Arc::clone(&self.task), self.needs, options)?;
        Ok(self.handle(shared, key))
    }

    pub(crate) async fn submit(
        &self,
        shared: &Arc<Shared>,
        options: JobOptions,
    ) -> Result<JobHandle<Out>, Refusal> {
        match self.try_submit(shared, options) {
            Err(Refusal::Full) => {}
            other => return other,
        }
        let mut room = Room::new(Arc::clone(shared));
        poll_fn(|cx| room.poll(cx)).await?;
        room.submit(self, options)
    }
}
