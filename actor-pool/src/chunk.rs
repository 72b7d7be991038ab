//! Several arguments of one job on their way together: one place in the queue, one way to a worker and back, an outcome for each item.
//!
//! Items are run one after the other; one that fails fails itself only. A chunk that loses its worker is split: its items that have no
//! result become jobs of their own ([`Part`]), which bring their outcomes back here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use actor_core::panic::{catch, discard};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pack;
use crate::slot::{Outcome, Slot};
use crate::task::{
    Promise, Report, Settle, Settled, Task, decode, encode, encode_into, gone, lock, outcome,
    stays_here,
};
use crate::{Completed, Job, JobError, Payload, Progress, WorkerInfo};

/// The outcomes of a chunk, one for each item, in order. Nothing in them is shared: who lets go of items on one core is not in the way of
/// who makes the next ones on another.
pub(crate) struct Outcomes<Out> {
    pub(crate) results: Vec<Result<Out, JobError>>,
    /// Who found each of them, of a chunk that was split; else empty, and one worker has found them all.
    pub(crate) workers: Vec<WorkerInfo>,
}

/// See the module's header.
pub(crate) struct Chunk<Arg, Out> {
    job: Job<Arg, Out>,
    items: u32,
    /// Those that are not drawn yet: all, or the last of them.
    arguments: Mutex<VecDeque<Arg>>,
    parts: Mutex<Parts<Out>>,
    slot: Slot<Outcomes<Out>>,
}

/// What the items of a chunk that was split have brought back.
struct Parts<Out> {
    outcomes: Vec<Option<Outcome<Out>>>,
    left: usize,
    /// The places of those that could not be encoded, in order, and why.
    unsent: Vec<(usize, JobError)>,
}

impl<Arg, Out> Chunk<Arg, Out> {
    pub(crate) fn new(job: Job<Arg, Out>, arguments: Vec<Arg>) -> Self {
        Chunk {
            job,
            items: u32::try_from(arguments.len()).unwrap_or(u32::MAX),
            arguments: Mutex::new(arguments.into()),
            parts: Mutex::new(Parts {
                outcomes: Vec::new(),
                left: 0,
                unsent: Vec::new(),
            }),
            slot: Slot::new(),
        }
    }

    fn settle(&self, results: Vec<Result<Out, JobError>>, worker: &WorkerInfo, settle: Settle<'_>) {
        let failed = results.iter().filter(|result| result.is_err()).count();
        let report = Report {
            failed: u32::try_from(failed).unwrap_or(u32::MAX),
            error: None,
        };
        if settle(&report) == Settled::Counts {
            self.complete(results, Vec::new(), worker.clone());
        } else {
            discard(results);
        }
    }

    fn complete(
        &self,
        results: Vec<Result<Out, JobError>>,
        workers: Vec<WorkerInfo>,
        worker: WorkerInfo,
    ) {
        let value = Outcomes { results, workers };
        self.slot.complete(Ok(Completed { value, worker }));
    }

    fn forget(&self) {
        let arguments = std::mem::take(&mut *lock(&self.arguments));
        arguments.into_iter().for_each(discard);
    }

    /// One of its parts has an outcome.
    fn bring(&self, index: usize, outcome: Outcome<Out>) {
        let mut parts = lock(&self.parts);
        if parts.outcomes[index].is_some() {
            drop(parts);
            return discard(outcome);
        }
        parts.outcomes[index] = Some(outcome);
        parts.left -= 1;
        if parts.left > 0 {
            return;
        }
        let outcomes = std::mem::take(&mut parts.outcomes);
        drop(parts);
        let nobody = WorkerInfo::nobody();
        let apart = |outcome: Option<Outcome<Out>>| match outcome.unwrap_or_else(|| Err(gone())) {
            Ok(completed) => (Ok(completed.value), completed.worker),
            Err(error) => (Err(error), nobody.clone()),
        };
        let (results, workers) = outcomes.into_iter().map(apart).unzip();
        self.complete(results, workers, nobody.clone());
    }
}

impl<Arg, Out> Task for Chunk<Arg, Out>
where
    Arg: Serialize + DeserializeOwned + Send + 'static,
    Out: DeserializeOwned + Send + 'static,
{
    fn name(&self) -> Option<&'static str> {
        Some(self.job.name())
    }

    fn items(&self) -> u32 {
        self.items
    }

    fn run(&self, worker: &WorkerInfo, settle: Settle<'_>) {
        let run = self.job.function();
        let one = |_| {
            let argument = lock(&self.arguments).pop_front();
            let argument = argument.ok_or_else(gone)?;
            Ok(catch(move || run(argument))?)
        };
        let results = (0..self.items as usize).map(one).collect();
        self.settle(results, worker, settle);
    }

    fn encode(&self) -> Result<Vec<u8>, JobError> {
        Err(stays_here())
    }

    fn complete(&self, _result: &[u8], _worker: &WorkerInfo, _settle: Settle<'_>) {}

    fn complete_failed(&self, error: JobError, settle: Settle<'_>) {
        let report = Report {
            failed: self.items,
            error: None,
        };
        if settle(&report) == Settled::Counts {
            self.fail(error);
        }
    }

    fn encode_items(&self, limit: usize) -> Vec<u8> {
        let mut packed = Vec::new();
        let mut unsent = Vec::new();
        for (place, argument) in lock(&self.arguments).iter().enumerate() {
            let encoded = pack::push_with(&mut packed, |packed| {
                encode_into(Payload::Argument, argument, packed)
            });
            unsent.extend(encoded.err().map(|error| (place, error)));
            if packed.len() > limit {
                break;
            }
        }
        lock(&self.parts).unsent = unsent;
        packed
    }

    fn complete_items(
        &self,
        results: &mut dyn Iterator<Item = Result<&[u8], JobError>>,
        worker: &WorkerInfo,
        settle: Settle<'_>,
    ) {
        let unsent = std::mem::take(&mut lock(&self.parts).unsent);
        let mut unsent = unsent.into_iter().peekable();
        let one = |place| {
            if let Some((_, error)) = unsent.next_if(|(unsent, _)| *unsent == place) {
                return Err(error);
            }
            decode(
                Payload::Result,
                results.next().unwrap_or_else(|| Err(gone()))?,
            )
        };
        let results = (0..self.items as usize).map(one).collect();
        self.settle(results, worker, settle);
        self.forget();
    }

    fn split(self: Arc<Self>) -> Vec<Arc<dyn Task>> {
        let arguments = std::mem::take(&mut *lock(&self.arguments));
        let items = self.items as usize;
        let mut parts = lock(&self.parts);
        parts.outcomes = (0..items).map(|_| None).collect();
        parts.left = items;
        drop(parts);
        // Those at the front were drawn, and are gone with whoever drew them.
        let drawn = (arguments.len()..items).map(|_| None);
        let arguments = drawn.chain(arguments.into_iter().map(Some));
        let part = |(index, argument)| {
            let chunk = Arc::clone(&self);
            let argument = Mutex::new(argument);
            Arc::new(Part {
                chunk,
                index,
                argument,
            }) as Arc<dyn Task>
        };
        arguments.enumerate().map(part).collect()
    }

    fn fail(&self, error: JobError) {
        self.slot.complete(Err(error));
        self.forget();
    }

    fn progress(&self, progress: Progress) {
        self.slot.set_progress(progress);
    }
}

impl<Arg: Send, Out: Send> Promise<Outcomes<Out>> for Chunk<Arg, Out> {
    fn slot(&self) -> &Slot<Outcomes<Out>> {
        &self.slot
    }
}

/// One item of a chunk that was split.
struct Part<Arg, Out> {
    chunk: Arc<Chunk<Arg, Out>>,
    index: usize,
    argument: Mutex<Option<Arg>>,
}

impl<Arg, Out> Part<Arg, Out> {
    fn settle(&self, outcome: Outcome<Out>, settle: Settle<'_>) {
        let report = Report {
            failed: u32::from(outcome.is_err()),
            error: None,
        };
        if settle(&report) == Settled::Counts {
            self.chunk.bring(self.index, outcome);
            discard(lock(&self.argument).take());
        } else {
            discard(outcome);
        }
    }
}

impl<Arg, Out> Task for Part<Arg, Out>
where
    Arg: Serialize + DeserializeOwned + Send + 'static,
    Out: DeserializeOwned + Send + 'static,
{
    fn name(&self) -> Option<&'static str> {
        Some(self.chunk.job.name())
    }

    fn run(&self, worker: &WorkerInfo, settle: Settle<'_>) {
        let argument = lock(&self.argument).take();
        let run = self.chunk.job.function();
        let outcome = argument
            .ok_or_else(gone)
            .and_then(|argument| outcome(worker, move || run(argument)));
        self.settle(outcome, settle);
    }

    fn encode(&self) -> Result<Vec<u8>, JobError> {
        encode(
            Payload::Argument,
            lock(&self.argument).as_ref().ok_or_else(gone)?,
        )
    }

    fn complete(&self, result: &[u8], worker: &WorkerInfo, settle: Settle<'_>) {
        let outcome = decode(Payload::Result, result).map(|value| Completed {
            value,
            worker: worker.clone(),
        });
        self.settle(outcome, settle);
    }

    fn complete_failed(&self, error: JobError, settle: Settle<'_>) {
        self.settle(Err(error), settle);
    }

    fn fail(&self, error: JobError) {
        self.chunk.bring(self.index, Err(error));
        discard(lock(&self.argument).take());
    }

    fn progress(&self, progress: Progress) {
        self.chunk.progress(progress);
    }
}
