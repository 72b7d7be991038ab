//! The arguments of a map on their way into the queue, one by one or in chunks.
//!
//! An argument is drawn only when there is room for it, so a future that is dropped half-way has lost nothing. Room is given up while a
//! stream has nothing to give.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::arguments::Arguments;
use crate::chunk::Outcomes;
use crate::slot::Outcome;
use crate::submit::{Parcel, Room};
use crate::{Completed, Job, JobError, JobHandle, JobOptions, Pool, Refusal, WorkerInfo};

/// How many jobs are ahead of the results, beside two for each worker, unless it is said otherwise: enough to hide the way to a worker
/// and back, and few enough that arguments stay lazy.
const AHEAD: usize = 16;
/// The largest automatic chunk: the way to a worker and back is shared by enough.
const CHUNK_MAX: usize = 4096;
/// The automatic chunk when nobody knows how many arguments there are.
const CHUNK_UNKNOWN: usize = 64;
/// How many automatic chunks each worker gets, so that a slow one does not keep all others waiting at the end.
const CHUNKS_PER_WORKER: usize = 4;

/// What was handed in, or was not accepted.
pub(crate) enum Ahead<Out> {
    Accepted(JobHandle<Out>),
    Chunk(JobHandle<Outcomes<Out>>, usize),
    Refused(JobError, usize),
}

/// What came of it: an outcome for each argument, in order.
pub(crate) enum Batch<Out> {
    One(Option<Outcome<Out>>),
    Many {
        results: std::vec::IntoIter<Result<Out, JobError>>,
        /// Who found them all,
        worker: WorkerInfo,
        /// or each of them.
        workers: std::vec::IntoIter<WorkerInfo>,
    },
}

impl<Out> Batch<Out> {
    /// Of arguments for which there is nothing but this error.
    fn failed(error: &JobError, items: usize) -> Self {
        let results = (0..items).map(|_| Err(error.clone())).collect();
        let workers = Vec::new();
        Batch::of(Outcomes { results, workers }, WorkerInfo::nobody())
    }

    fn of(outcomes: Outcomes<Out>, worker: WorkerInfo) -> Self {
        Batch::Many {
            results: outcomes.results.into_iter(),
            worker,
            workers: outcomes.workers.into_iter(),
        }
    }

    /// How many are left.
    pub(crate) fn len(&self) -> usize {
        match self {
            Batch::One(outcome) => usize::from(outcome.is_some()),
            Batch::Many { results, .. } => results.len(),
        }
    }

    /// All that are left, without who found them.
    pub(crate) fn take_results(&mut self) -> std::vec::IntoIter<Result<Out, JobError>> {
        match std::mem::take(self) {
            Batch::One(outcome) => {
                let result = outcome.map(|outcome| outcome.map(|completed| completed.value));
                Vec::from_iter(result).into_iter()
            }
            Batch::Many { results, .. } => results,
        }
    }
}

impl<Out> Default for Batch<Out> {
    fn default() -> Self {
        Batch::One(None)
    }
}

impl<Out> Iterator for Batch<Out> {
    type Item = Outcome<Out>;

    fn next(&mut self) -> Option<Outcome<Out>> {
        match self {
            Batch::One(outcome) => outcome.take(),
            Batch::Many {
                results,
                worker,
                workers,
            } => {
                let (result, by) = (results.next()?, workers.next());
                Some(result.map(|value| Completed {
                    value,
                    worker: by.unwrap_or_else(|| worker.clone()),
                }))
            }
        }
    }
}

impl<Out> Ahead<Out> {
    /// How many arguments it holds.
    pub(crate) fn items(&self) -> usize {
        match self {
            Ahead::Chunk(_, items) | Ahead::Refused(_, items) => *items,
            Ahead::Accepted(_) => 1,
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Batch<Out>> {
        Poll::Ready(match self {
            Ahead::Accepted(handle) => Batch::One(Some(ready!(handle.poll_outcome(cx)))),
            Ahead::Chunk(handle, items) => match ready!(handle.poll_outcome(cx)) {
                Ok(completed) => Batch::of(completed.value, completed.worker),
                Err(error) => Batch::failed(&error, *items),
            },
            Ahead::Refused(error, items) => Batch::failed(error, *items),
        })
    }

    pub(crate) fn cancel(&self) {
        match self {
            Ahead::Accepted(handle) => drop(handle.cancel()),
            Ahead::Chunk(handle, _) => drop(handle.cancel()),
            Ahead::Refused(..) => {}
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
    /// As it was asked for; 1 to begin with, `None`: as large as is good.
    pub(crate) chunk: Chunking,
    pub(crate) look_ahead: Option<usize>,
    /// A chunk that is being gathered.
    gathered: Vec<Arg>,
    workers: usize,
}

/// How many arguments go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunking {
    /// As is good: one by one, unless the jobs are retryable.
    Automatic,
    Given(usize),
}

impl<Arg, Out, I> Feed<Arg, Out, I>
where
    Arg: Serialize + DeserializeOwned + Send + 'static,
    Out: DeserializeOwned + Send + 'static,
    I: Arguments<Item = Arg>,
{
    pub(crate) fn new(pool: Pool, job: Job<Arg, Out>, arguments: I) -> Self {
        let workers = pool.workers().len();
        Feed {
            room: Room::new(Arc::clone(pool.shared())),
            pool,
            job,
            options: JobOptions::new(),
            arguments: Some(arguments),
            chunk: Chunking::Automatic,
            look_ahead: None,
            gathered: Vec::new(),
            workers,
        }
    }

    /// Whether there is place for one more chunk, whole, when so many arguments are ahead of the results.
    pub(crate) fn may_draw(&mut self, ahead: usize) -> bool {
        ahead + self.chunk_size().max(1) <= self.look_ahead()
    }

    /// How many arguments may be ahead of the results.
    fn look_ahead(&mut self) -> usize {
        let usual = AHEAD + 2 * self.workers;
        self.look_ahead.unwrap_or_else(|| match self.chunk_size() {
            0 | 1 => usual,
            chunk => usual.max(chunk * (2 + 2 * self.workers)),
        })
    }

    /// How many arguments go together; settled when the first is drawn.
    fn chunk_size(&mut self) -> usize {
        let chunk = match self.chunk {
            Chunking::Given(chunk) => chunk,
            Chunking::Automatic => {
                let length = self.arguments.as_ref().and_then(Arguments::length);
                let chunk = automatic(&self.options, length, self.workers);
                self.chunk = Chunking::Given(chunk);
                chunk
            }
        };
        // An error concerns one item, so what is tried again after one goes alone.
        let chunk = if self.options.is_repeatable() {
            chunk.min(1)
        } else {
            chunk
        };
        self.look_ahead.map_or(chunk, |ahead| chunk.min(ahead))
    }

    /// The next arguments on their way; `None` when there are no more. Pending while there is no room, or nothing to draw.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ahead<Out>>> {
        let chunk = self.chunk_size();
        if self.arguments.is_none() && self.gathered.is_empty() {
            return Poll::Ready(None);
        }
        let refused = match self.check(chunk) {
            Ok(()) => ready!(self.room.poll(cx)).err(),
            unknown => unknown.err(),
        };
        if !self.gather(chunk, cx) {
            self.room.release();
            return if self.arguments.is_none() {
                Poll::Ready(None)
            } else {
                Poll::Pending
            };
        }
        if let Some(refusal) = refused {
            let items = self.gathered.drain(..).count();
            return Poll::Ready(Some(Ahead::Refused(refusal.into(), items)));
        }
        Poll::Ready(Some(self.hand_in()))
    }

    fn check(&self, chunk: usize) -> Result<(), Refusal> {
        if chunk == 0 {
            return Err(Refusal::NoChunk);
        }
        self.pool.check(&self.job)
    }

    /// Draws as many as go together, or as there are for now. `false` if there is none.
    fn gather(&mut self, chunk: usize, cx: &mut Context<'_>) -> bool {
        while self.gathered.len() < chunk.max(1)
            && let Some(arguments) = &mut self.arguments
        {
            match arguments.poll_next(cx) {
                Poll::Ready(Some(argument)) => self.gathered.push(argument),
                Poll::Ready(None) => self.arguments = None,
                Poll::Pending => break,
            }
        }
        !self.gathered.is_empty()
    }

    fn hand_in(&mut self) -> Ahead<Out> {
        let items = self.gathered.len();
        if items > 1 {
            let capacity = items.min(CHUNK_MAX);
            let arguments = std::mem::replace(&mut self.gathered, Vec::with_capacity(capacity));
            let parcel = Parcel::chunk(&self.job, arguments);
            return match self.room.submit(&parcel, &self.options) {
                Ok(handle) => Ahead::Chunk(handle, items),
                Err(refusal) => Ahead::Refused(refusal.into(), items),
            };
        }
        let argument = self.gathered.pop().expect("it has gathered one at least");
        let (parcel, _call) = Parcel::call(&self.job, argument, &self.options);
        match self.room.submit(&parcel, &self.options) {
            Ok(handle) => Ahead::Accepted(handle),
            Err(refusal) => Ahead::Refused(refusal.into(), items),
        }
    }
}

/// How many arguments go together when nobody has said so. The loss of a worker concerns a whole chunk, so what may not run twice goes
/// alone.
fn automatic(options: &JobOptions, length: Option<usize>, workers: usize) -> usize {
    if !options.is_retryable() {
        return 1;
    }
    let length = length.unwrap_or(CHUNK_UNKNOWN * CHUNKS_PER_WORKER * workers.max(1));
    length
        .div_ceil(CHUNKS_PER_WORKER * workers.max(1))
        .clamp(1, CHUNK_MAX)
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

#[cfg(test)]
mod tests;
