//! One job on its way through the pool: its work, and the slot for its outcome, in one allocation.
//!
//! The dispatcher and the workers see a [`Task`] without types; the handle sees a [`Promise`] of the result. User code (the function,
//! encoding, decoding, dropping) runs only here, and every panic of it is caught here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actor_core::ExitReason;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::slot::{Outcome, Slot};
use crate::{Completed, Job, JobError, Payload, WorkerInfo};
use actor_core::panic::{catch, discard};

/// Says that the worker is done with the job, before anybody can see the outcome: who has a result finds it counted. `false` when the
/// job was taken from the worker before; then the outcome is of no use.
pub(crate) type Settle<'a> = &'a mut dyn FnMut() -> bool;

/// What workers do with a job.
pub(crate) trait Task: Send + Sync {
    /// The name of the job, for another process. `None`: it cannot leave this one.
    fn name(&self) -> Option<&'static str>;

    /// Whether the argument is a chunk of arguments, laid out as `process/chunk.rs` says.
    fn is_chunk(&self) -> bool {
        false
    }

    /// Does the work on the calling thread.
    fn run(&self, worker: &WorkerInfo, settle: Settle<'_>);

    /// The encoded argument; the argument stays.
    fn encode(&self) -> Result<Vec<u8>, JobError>;

    /// The work was done elsewhere; this is the encoded result.
    fn complete(&self, result: &[u8], worker: &WorkerInfo, settle: Settle<'_>);

    /// There is no result.
    fn fail(&self, error: JobError);
}

/// What the handle of a job holds.
pub(crate) trait Promise<Out>: Send + Sync {
    fn slot(&self) -> &Slot<Out>;
}

/// A registered job.
pub(crate) struct Call<Arg, Out> {
    job: Job<Arg, Out>,
    argument: Mutex<Option<Arg>>,
    slot: Slot<Out>,
}

/// A closure.
pub(crate) struct Closure<F, Out> {
    work: Mutex<Option<F>>,
    slot: Slot<Out>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn outcome<Out>(worker: &WorkerInfo, work: impl FnOnce() -> Out) -> Outcome<Out> {
    match catch(work) {
        Ok(value) => Ok(Completed {
            value,
            worker: worker.clone(),
        }),
        Err(panic) => Err(JobError::Panicked {
            text: panic.text,
            location: panic.location,
        }),
    }
}

/// A thread that was given up took the work along.
fn gone() -> JobError {
    JobError::WorkerLost {
        maybe_ran: true,
        reason: ExitReason::Unresponsive,
    }
}

impl<Arg, Out> Call<Arg, Out> {
    pub(crate) fn new(job: Job<Arg, Out>, argument: Arg) -> Arc<Self> {
        Arc::new(Call {
            job,
            argument: Mutex::new(Some(argument)),
            slot: Slot::new(),
        })
    }

    /// The argument of a job that was not accepted.
    pub(crate) fn take_back(&self) -> Arg {
        lock(&self.argument)
            .take()
            .expect("a job that was not accepted has its argument")
    }
}

impl<Arg, Out> Task for Call<Arg, Out>
where
    Arg: Serialize + Send + 'static,
    Out: DeserializeOwned + Send + 'static,
{
    fn name(&self) -> Option<&'static str> {
        Some(self.job.name())
    }

    fn run(&self, worker: &WorkerInfo, settle: Settle<'_>) {
        let argument = lock(&self.argument).take();
        let run = self.job.function();
        let outcome = argument.map(|argument| outcome(worker, move || run(argument)));
        self.slot
            .settle(outcome.unwrap_or_else(|| Err(gone())), settle);
    }

    fn encode(&self) -> Result<Vec<u8>, JobError> {
        // The lock is this job's own, and one worker has it in hand.
        let argument = lock(&self.argument);
        encode(Payload::Argument, argument.as_ref().ok_or_else(gone)?)
    }

    fn complete(&self, result: &[u8], worker: &WorkerInfo, settle: Settle<'_>) {
        let outcome = decode(Payload::Result, result).map(|value| Completed {
            value,
            worker: worker.clone(),
        });
        self.slot.settle(outcome, settle);
        discard(lock(&self.argument).take());
    }

    fn fail(&self, error: JobError) {
        self.slot.complete(Err(error));
        discard(lock(&self.argument).take());
    }
}

impl<Arg: Send, Out: Send> Promise<Out> for Call<Arg, Out> {
    fn slot(&self) -> &Slot<Out> {
        &self.slot
    }
}

impl<F, Out> Closure<F, Out> {
    pub(crate) fn new(work: F) -> Arc<Self> {
        Arc::new(Closure {
            work: Mutex::new(Some(work)),
            slot: Slot::new(),
        })
    }

    /// The closure of a job that was not accepted.
    pub(crate) fn take_back(&self) -> F {
        lock(&self.work)
            .take()
            .expect("a job that was not accepted has its closure")
    }
}

impl<F, Out> Task for Closure<F, Out>
where
    F: FnOnce() -> Out + Send,
    Out: Send,
{
    fn name(&self) -> Option<&'static str> {
        None
    }

    fn run(&self, worker: &WorkerInfo, settle: Settle<'_>) {
        let work = lock(&self.work).take();
        let outcome = work.map(|work| outcome(worker, work));
        self.slot
            .settle(outcome.unwrap_or_else(|| Err(gone())), settle);
    }

    fn encode(&self) -> Result<Vec<u8>, JobError> {
        Err(JobError::Codec {
            payload: Payload::Argument,
            text: "a closure cannot leave its process".to_owned(),
        })
    }

    fn complete(&self, _result: &[u8], _worker: &WorkerInfo, _settle: Settle<'_>) {}

    fn fail(&self, error: JobError) {
        self.slot.complete(Err(error));
        discard(lock(&self.work).take());
    }
}

impl<F: Send, Out: Send> Promise<Out> for Closure<F, Out> {
    fn slot(&self) -> &Slot<Out> {
        &self.slot
    }
}

/// Encodes; a panic while encoding is an error like any other.
pub(crate) fn encode<T: Serialize>(payload: Payload, value: &T) -> Result<Vec<u8>, JobError> {
    let text = match catch(|| postcard::to_stdvec(value)) {
        Ok(Ok(bytes)) => return Ok(bytes),
        Ok(Err(error)) => format!("it could not be encoded: {error}"),
        Err(panic) => format!("encoding it panicked: {}", panic.text),
    };
    Err(JobError::Codec { payload, text })
}

/// As [`encode`], with large blobs apart.
pub(crate) fn encode_apart<T: Serialize>(payload: Payload, value: &T) -> Result<Encoded, JobError> {
    let (encoded, blobs) = actor_remote::blob::apart(|| encode(payload, value));
    Ok(Encoded {
        bytes: encoded?,
        blobs,
    })
}

/// A result in pieces that need not be put together before they are written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) blobs: Vec<bytes::Bytes>,
}

impl Encoded {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + self.blobs.iter().map(bytes::Bytes::len).sum::<usize>()
    }
}

/// Decodes all of the bytes; a panic while decoding is an error like any other.
pub(crate) fn decode<T: DeserializeOwned>(payload: Payload, bytes: &[u8]) -> Result<T, JobError> {
    // As links decode, which also bounds how deep a value may nest.
    let text = match catch(|| actor_core::wire::decode::<T>(bytes)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(why)) => format!("it could not be decoded: {why}"),
        Err(panic) => format!("decoding it panicked: {}", panic.text),
    };
    Err(JobError::Codec { payload, text })
}
