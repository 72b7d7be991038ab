//! One job on its way through the pool: its work, and the slot for its outcome, in one allocation.
//!
//! The dispatcher and the workers see a [`Task`] without types; the handle sees a [`Promise`] of the result. User code (the function,
//! encoding, decoding, dropping) runs only here, and every panic of it is caught here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use actor_core::ExitReason;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::slot::{Outcome, Slot};
use crate::{Completed, Job, JobError, Payload, Progress, WorkerInfo};
use actor_core::panic::{Panic, catch, discard};

/// What came of a job in the hands of a worker.
pub(crate) struct Report<'a> {
    /// How many of its items failed: 0 or 1, or more for a chunk.
    pub(crate) failed: u32,
    /// Why, for a job that may be run again.
    pub(crate) error: Option<&'a JobError>,
}

/// What is to become of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It counts.
    Counts,
    /// The job is run again; its argument must still be there.
    Again,
    /// The job was taken from the worker before; the outcome is of no use.
    Gone,
}

/// Says that the worker is done with the job, before anybody can see the outcome: who has a result finds it counted.
pub(crate) type Settle<'a> = &'a mut dyn FnMut(&Report<'_>) -> Settled;

/// What workers do with a job.
pub(crate) trait Task: Send + Sync {
    /// The name of the job, for another process. `None`: it cannot leave this one.
    fn name(&self) -> Option<&'static str>;

    /// How many jobs it is in one: more than one for a chunk, which travels with [`encode_items`](Task::encode_items).
    fn items(&self) -> u32 {
        1
    }

    /// Does the work on the calling thread.
    fn run(&self, worker: &WorkerInfo, settle: Settle<'_>);

    /// Does the work as part of a task, as far as it goes without waiting.
    fn poll_run(&self, _cx: &mut Context<'_>, worker: &WorkerInfo, settle: Settle<'_>) -> Poll<()> {
        self.run(worker, settle);
        Poll::Ready(())
    }

    /// Lets the work fall at its next await. `false` when it has none.
    fn abort(&self) -> bool {
        false
    }

    /// The encoded argument; the argument stays.
    fn encode(&self) -> Result<Vec<u8>, JobError>;

    /// The work was done elsewhere; this is the encoded result.
    fn complete(&self, result: &[u8], worker: &WorkerInfo, settle: Settle<'_>);

    /// The work was tried elsewhere, and failed; perhaps it is to be tried again.
    fn complete_failed(&self, error: JobError, settle: Settle<'_>);

    /// The encoded arguments of a chunk, but for those that cannot be encoded; each packed by [`pack`](crate::pack). It stops where they are
    /// longer than the limit.
    fn encode_items(&self, _limit: usize) -> Vec<u8> {
        Vec::new()
    }

    /// The chunk was done elsewhere; these are its encoded results, as many as there were packed arguments.
    fn complete_items(
        &self,
        _results: &mut dyn Iterator<Item = Result<&[u8], JobError>>,
        _worker: &WorkerInfo,
        _settle: Settle<'_>,
    ) {
    }

    /// The items of a chunk, each a job of its own.
    fn split(self: Arc<Self>) -> Vec<Arc<dyn Task>> {
        Vec::new()
    }

    /// There is no result.
    fn fail(&self, error: JobError);

    /// The work has come so far.
    fn progress(&self, progress: Progress);
}

/// What the handle of a job holds.
pub(crate) trait Promise<Out>: Send + Sync {
    fn slot(&self) -> &Slot<Out>;
}

/// A registered job.
pub(crate) struct Call<Arg, Out> {
    job: Job<Arg, Out>,
    argument: Mutex<Argument<Arg>>,
    /// It may have to be run again after an error, so its argument is kept, encoded.
    is_repeatable: bool,
    slot: Slot<Out>,
}

enum Argument<Arg> {
    Here(Arg),
    Encoded(Arc<Vec<u8>>),
    Gone,
}

/// A closure.
pub(crate) struct Closure<F, Out> {
    work: Mutex<Option<F>>,
    slot: Slot<Out>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn outcome<Out>(worker: &WorkerInfo, work: impl FnOnce() -> Out) -> Outcome<Out> {
    let value = catch(work)?;
    Ok(Completed {
        value,
        worker: worker.clone(),
    })
}

/// A thread that was given up took the work along.
pub(crate) fn gone() -> JobError {
    JobError::WorkerLost {
        maybe_ran: true,
        reason: Box::new(ExitReason::Unresponsive),
    }
}

impl<Arg, Out> Call<Arg, Out> {
    pub(crate) fn new(job: Job<Arg, Out>, argument: Arg, is_repeatable: bool) -> Self {
        Call {
            job,
            argument: Mutex::new(Argument::Here(argument)),
            is_repeatable,
            slot: Slot::new(),
        }
    }

    /// The argument of a job that was not accepted.
    pub(crate) fn take_back(&self) -> Arg {
        match std::mem::replace(&mut *lock(&self.argument), Argument::Gone) {
            Argument::Here(argument) => argument,
            _ => panic!("a job that was not accepted has its argument"),
        }
    }

    fn forget(&self) {
        let argument = std::mem::replace(&mut *lock(&self.argument), Argument::Gone);
        discard(argument);
    }
}

impl<Arg, Out> Call<Arg, Out>
where
    Arg: Serialize + DeserializeOwned,
{
    /// The argument to run with. One that may be needed again stays behind, encoded.
    fn draw(&self) -> Result<Arg, JobError> {
        let mut argument = lock(&self.argument);
        if !self.is_repeatable {
            return match std::mem::replace(&mut *argument, Argument::Gone) {
                Argument::Here(argument) => Ok(argument),
                Argument::Encoded(bytes) => decode(Payload::Argument, &bytes),
                Argument::Gone => Err(gone()),
            };
        }
        if let Argument::Here(here) = &*argument {
            let bytes = encode(Payload::Argument, here)?;
            let here = std::mem::replace(&mut *argument, Argument::Encoded(Arc::new(bytes)));
            discard(here);
        }
        let bytes = match &*argument {
            Argument::Encoded(bytes) => Arc::clone(bytes),
            _ => return Err(gone()),
        };
        drop(argument);
        decode(Payload::Argument, &bytes)
    }
}

impl<Arg, Out> Task for Call<Arg, Out>
where
    Arg: Serialize + DeserializeOwned + Send + 'static,
    Out: DeserializeOwned + Send + 'static,
{
    fn name(&self) -> Option<&'static str> {
        Some(self.job.name())
    }

    fn run(&self, worker: &WorkerInfo, settle: Settle<'_>) {
        let run = self.job.function();
        let outcome = match self.draw() {
            Ok(argument) => outcome(worker, move || run(argument)),
            Err(error) => Err(error),
        };
        if self.slot.settle(outcome, settle) == Settled::Counts && self.is_repeatable {
            self.forget();
        }
    }

    fn encode(&self) -> Result<Vec<u8>, JobError> {
        // The lock is this job's own, and one worker has it in hand.
        match &*lock(&self.argument) {
            Argument::Here(argument) => encode(Payload::Argument, argument),
            Argument::Encoded(bytes) => Ok(bytes.to_vec()),
            Argument::Gone => Err(gone()),
        }
    }

    fn complete(&self, result: &[u8], worker: &WorkerInfo, settle: Settle<'_>) {
        let outcome = decode(Payload::Result, result).map(|value| Completed {
            value,
            worker: worker.clone(),
        });
        if self.slot.settle(outcome, settle) == Settled::Counts {
            self.forget();
        }
    }

    fn complete_failed(&self, error: JobError, settle: Settle<'_>) {
        if self.slot.settle(Err(error), settle) == Settled::Counts {
            self.forget();
        }
    }

    fn fail(&self, error: JobError) {
        self.slot.complete(Err(error));
        self.forget();
    }

    fn progress(&self, progress: Progress) {
        self.slot.set_progress(progress);
    }
}

impl<Arg: Send, Out: Send> Promise<Out> for Call<Arg, Out> {
    fn slot(&self) -> &Slot<Out> {
        &self.slot
    }
}

impl<F, Out> Closure<F, Out> {
    pub(crate) fn new(work: F) -> Self {
        Closure {
            work: Mutex::new(Some(work)),
            slot: Slot::new(),
        }
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
        Err(stays_here())
    }

    fn complete(&self, _result: &[u8], _worker: &WorkerInfo, _settle: Settle<'_>) {}

    fn complete_failed(&self, error: JobError, settle: Settle<'_>) {
        self.slot.settle(Err(error), settle);
    }

    fn fail(&self, error: JobError) {
        self.slot.complete(Err(error));
        discard(lock(&self.work).take());
    }

    fn progress(&self, progress: Progress) {
        self.slot.set_progress(progress);
    }
}

impl<F: Send, Out: Send> Promise<Out> for Closure<F, Out> {
    fn slot(&self) -> &Slot<Out> {
        &self.slot
    }
}

pub(crate) fn stays_here() -> JobError {
    JobError::Codec {
        payload: Payload::Argument,
        text: "a closure cannot leave its process".into(),
    }
}

/// Encodes; a panic while encoding is an error like any other.
pub(crate) fn encode<T: Serialize>(payload: Payload, value: &T) -> Result<Vec<u8>, JobError> {
    let mut out = Vec::new();
    encode_into(payload, value, &mut out)?;
    Ok(out)
}

/// Appends the encoding. Of one that fails, nothing stays.
pub(crate) fn encode_into<T: Serialize>(
    payload: Payload,
    value: &T,
    out: &mut Vec<u8>,
) -> Result<(), JobError> {
    let before = out.len();
    let error = match catch(|| actor_core::wire::encode(value, out)) {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(why)) => unencodable(payload, &why),
        Err(panic) => encoding_panicked(payload, &panic),
    };
    out.truncate(before);
    Err(error)
}

/// Decodes all of the bytes; a panic while decoding is an error like any other.
pub(crate) fn decode<T: DeserializeOwned>(payload: Payload, bytes: &[u8]) -> Result<T, JobError> {
    // As links decode, which also bounds how deep a value may nest.
    match catch(|| actor_core::wire::decode::<T>(bytes)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(why)) => Err(undecodable(payload, &why)),
        Err(panic) => Err(decoding_panicked(payload, &panic)),
    }
}

fn codec(payload: Payload, what: &str, why: &str) -> JobError {
    JobError::Codec {
        payload,
        text: format!("{what}: {why}").into(),
    }
}

pub(crate) fn unencodable(payload: Payload, why: &str) -> JobError {
    codec(payload, "it could not be encoded", why)
}

pub(crate) fn encoding_panicked(payload: Payload, panic: &Panic) -> JobError {
    codec(payload, "encoding it panicked", &panic.text)
}

pub(crate) fn undecodable(payload: Payload, why: &str) -> JobError {
    codec(payload, "it could not be decoded", why)
}

pub(crate) fn decoding_panicked(payload: Payload, panic: &Panic) -> JobError {
    codec(payload, "decoding it panicked", &panic.text)
}
