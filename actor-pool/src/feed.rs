//! The arguments of a map on their way into the queue.
//!
//! An argument is drawn only when there is room for it, so a future that is dropped half-way has lost nothing.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::slot::Outcome;
use crate::submit::{Parcel, Room};
use crate::{Job, JobError, JobHandle, JobOptions, Pool, Refusal};

/// How many jobs are ahead of the results, beside two for each worker, unless it is said otherwise: enough to hide the way to a worker
/// and back, and few enough that arguments stay lazy.
const AHEAD: usize = 16;

/// A job that was handed in, or was not accepted.
pub(crate) enum Ahead<Out> {
    Accepted(JobHandle<Out>),
    Refused(Option<JobError>),
}

impl<Out> Ahead<Out> {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome<Out>> {
        match self {
            Ahead::Accepted(handle) => handle.poll_outcome(cx),
            Ahead::Refused(error) => Poll::Ready(Err(error.take().unwrap_or(JobError::Shutdown))),
        }
    }

    pub(crate) fn cancel(&self) {
        if let Ahead::Accepted(handle) = self {
            handle.cancel();
        }
    }
}

/// Draws arguments and hands them in.
pub(crate) struct Feed<Arg, Out, I> {
    pool: Pool,
    pub(crate) job: Job<Arg, Out>,
    pub(crate) options: JobOptions,
    /// `None` once there are no more.
    pub(crate) arguments: Option<I>,
    room: Room,
    pub(crate) look_ahead: usize,
}

impl<Arg, Out, I> Feed<Arg, Out, I>
where
    Arg: Serialize + Send + 'static,
    Out: DeserializeOwned + Send + 'static,
    I: Iterator<Item = Arg>,
{
    pub(crate) fn new(pool: Pool, job: Job<Arg, Out>, arguments: I) -> Self {
        let workers = pool.workers().len();
        Feed {
            room: Room::new(Arc::clone(pool.shared())),
            pool,
            job,
            options: JobOptions::new(),
            arguments: Some(arguments),
            look_ahead: AHEAD + 2 * workers,
        }
    }

    /// The next argument on its way; `None` when there are no more. Pending while there is no room for one.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ahead<Out>>> {
        let Some(arguments) = &mut self.arguments else {
            return Poll::Ready(None);
        };
        let refused = match self.pool.check(&self.job) {
            Ok(()) => ready!(self.room.poll(cx)).err(),
            unknown => unknown.err(),
        };
        let Some(argument) = arguments.next() else {
            self.arguments = None;
            self.room.release();
            return Poll::Ready(None);
        };
        if let Some(refusal) = refused {
            return Poll::Ready(Some(Ahead::Refused(Some(refusal.into()))));
        }
        let (parcel, _call) = Parcel::call(&self.job, argument);
        Poll::Ready(Some(match self.room.submit(&parcel, self.options) {
            Ok(handle) => Ahead::Accepted(handle),
            Err(refusal) => Ahead::Refused(Some(refusal.into())),
        }))
    }
}

impl<Arg, Out, I> Feed<Arg, Out, I> {
    /// Gives up the place in the line for room, or the room.
    pub(crate) fn leave_line(&mut self) {
        self.room.release();
    }
}

/// Something that waits in the line for room while it is polled.
pub(crate) trait Queuing {
    fn leave_line(&mut self);
}

/// Leaves the line when it goes: nobody polls then, and a place that nobody looks after would hold up all who wait behind it, among them
/// perhaps the one who is to poll next.
pub(crate) struct Polling<'a, Q: Queuing>(pub(crate) &'a mut Q);

impl<Q: Queuing> Drop for Polling<'_, Q> {
    fn drop(&mut self) {
        self.0.leave_line();
    }
}

impl From<Refusal> for JobError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Closed => JobError::Shutdown,
            other => JobError::Refused(other),
        }
    }
}
