//! An async closure on its way through the pool: a future that a worker on a task drives, and lets fall when it is told to.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use actor_core::panic::{catch, discard};

use crate::slot::{Outcome, Slot};
use crate::task::{Promise, Settle, Task, gone, lock, stays_here};
use crate::{Completed, JobError, Progress, WorkerInfo};

type Running<Out> = Pin<Box<dyn Future<Output = Out> + Send>>;

enum Work<F, Out> {
    Ready(F),
    Running(Running<Out>),
    /// It is being polled, or over.
    Out,
}

struct Inner<F, Out> {
    work: Work<F, Out>,
    waker: Option<Waker>,
    is_aborted: bool,
}

/// See the module's header.
pub(crate) struct Async<F, Out> {
    inner: Mutex<Inner<F, Out>>,
    slot: Slot<Out>,
}

impl<F, Out> Async<F, Out> {
    pub(crate) fn new(work: F) -> Self {
        Async {
            inner: Mutex::new(Inner {
                work: Work::Ready(work),
                waker: None,
                is_aborted: false,
            }),
            slot: Slot::new(),
        }
    }

    /// The closure of a job that was not accepted.
    pub(crate) fn take_back(&self) -> F {
        match self.take() {
            Work::Ready(work) => work,
            _ => panic!("a job that was not accepted has its closure"),
        }
    }

    fn take(&self) -> Work<F, Out> {
        std::mem::replace(&mut lock(&self.inner).work, Work::Out)
    }
}

impl<F, Fut, Out> Async<F, Out>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Out> + Send + 'static,
{
    /// The future, to be polled outside of the lock; `Err` when there is none any more, or none is wanted.
    fn draw(&self, cx: &Context<'_>) -> Result<Running<Out>, JobError> {
        let mut inner = lock(&self.inner);
        if inner.is_aborted {
            return Err(JobError::Aborted);
        }
        let before = inner.waker.replace(cx.waker().clone());
        let work = std::mem::replace(&mut inner.work, Work::Out);
        drop(inner);
        drop(before);
        match work {
            Work::Ready(work) => match catch(work) {
                Ok(future) => Ok(Box::pin(future)),
                Err(panic) => Err(panic.into()),
            },
            Work::Running(future) => Ok(future),
            Work::Out => Err(gone()),
        }
    }

    fn poll_outcome(&self, cx: &mut Context<'_>, worker: &WorkerInfo) -> Poll<Outcome<Out>> {
        let mut future = match self.draw(cx) {
            Ok(future) => future,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let polled = catch(|| future.as_mut().poll(cx));
        let outcome = match polled {
            Ok(Poll::Pending) => {
                lock(&self.inner).work = Work::Running(future);
                return Poll::Pending;
            }
            Ok(Poll::Ready(value)) => Ok(Completed {
                value,
                worker: worker.clone(),
            }),
            Err(panic) => Err(panic.into()),
        };
        discard(future);
        Poll::Ready(outcome)
    }
}

impl<F, Fut, Out> Task for Async<F, Out>
where
    F: FnOnce() -> Fut + Send,
    Fut: Future<Output = Out> + Send + 'static,
    Out: Send,
{
    fn name(&self) -> Option<&'static str> {
        None
    }

    fn run(&self, _worker: &WorkerInfo, settle: Settle<'_>) {
        // The dispatcher gives it to tasks only.
        self.slot.settle(Err(gone()), settle);
    }

    fn poll_run(&self, cx: &mut Context<'_>, worker: &WorkerInfo, settle: Settle<'_>) -> Poll<()> {
        let outcome = match self.poll_outcome(cx, worker) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => return Poll::Pending,
        };
        self.slot.settle(outcome, settle);
        discard(self.take());
        Poll::Ready(())
    }

    fn abort(&self) -> bool {
        let mut inner = lock(&self.inner);
        inner.is_aborted = true;
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
        !self.slot.is_finished()
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
        discard(self.take());
    }

    fn progress(&self, progress: Progress) {
        self.slot.set_progress(progress);
    }
}

impl<F: Send, Out: Send> Promise<Out> for Async<F, Out> {
    fn slot(&self) -> &Slot<Out> {
        &self.slot
    }
}
