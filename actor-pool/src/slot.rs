//! Where the outcome of one job is put, and where its handle finds it. The first outcome counts; later ones are dropped.
//!
//! Callbacks run before the handle finds the outcome, in the order in which they were added, on the thread that brings it; one that is
//! added meanwhile runs after them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::task::{Report, Settle, Settled};
use crate::{Completed, JobError, Progress};
use actor_core::panic::{catch, discard};

pub(crate) type Outcome<Out> = Result<Completed<Out>, JobError>;

/// Called with the outcome, once.
pub(crate) type Callback<Out> = Box<dyn FnOnce(&Outcome<Out>) + Send>;

enum State<Out> {
    Waiting(Option<Waker>),
    /// Callbacks run, outside of the lock.
    Calling(Option<Waker>),
    Done(Outcome<Out>),
    Taken,
}

/// What most jobs do without.
struct Extra<Out> {
    callbacks: Vec<Callback<Out>>,
    progress: Option<Progress>,
}

struct Inner<Out> {
    state: State<Out>,
    extra: Option<Box<Extra<Out>>>,
}

/// See the module's header.
pub(crate) struct Slot<Out> {
    inner: Mutex<Inner<Out>>,
}

impl<Out> Inner<Out> {
    fn extra(&mut self) -> &mut Extra<Out> {
        self.extra.get_or_insert_with(|| {
            Box::new(Extra {
                callbacks: Vec::new(),
                progress: None,
            })
        })
    }

    fn take_callbacks(&mut self) -> Vec<Callback<Out>> {
        let extra = self.extra.as_mut();
        extra.map_or_else(Vec::new, |extra| std::mem::take(&mut extra.callbacks))
    }
}

impl<Out> Slot<Out> {
    pub(crate) fn new() -> Self {
        Slot {
            inner: Mutex::new(Inner {
                state: State::Waiting(None),
                extra: None,
            }),
        }
    }

    // No user code runs under this lock, so a panic cannot leave it half-changed.
    fn lock(&self) -> MutexGuard<'_, Inner<Out>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn complete(&self, outcome: Outcome<Out>) {
        let mut inner = self.lock();
        let State::Waiting(waker) = &mut inner.state else {
            drop(inner);
            return discard(outcome);
        };
        let waker = waker.take();
        inner.state = State::Calling(waker);
        self.call_back(inner, outcome);
    }

    /// Runs callbacks until there are none, and then shows the outcome.
    fn call_back<'a>(&'a self, mut inner: MutexGuard<'a, Inner<Out>>, outcome: Outcome<Out>) {
        loop {
            let callbacks = inner.take_callbacks();
            if callbacks.is_empty() {
                let before = std::mem::replace(&mut inner.state, State::Done(outcome));
                drop(inner);
                if let State::Calling(Some(waker)) = before {
                    waker.wake();
                }
                return;
            }
            drop(inner);
            for callback in callbacks {
                if let Err(panic) = catch(|| callback(&outcome)) {
                    tracing::error!(%panic, "a callback of a job panicked");
                }
            }
            inner = self.lock();
        }
    }

    /// Runs a callback when the outcome is there, which may be now.
    ///
    /// # Panics
    ///
    /// If the outcome was taken already.
    pub(crate) fn on_done(&self, callback: Callback<Out>) {
        let mut inner = self.lock();
        assert!(
            !matches!(inner.state, State::Taken),
            "the outcome of a job was taken before a callback was added"
        );
        inner.extra().callbacks.push(callback);
        if !matches!(inner.state, State::Done(_)) {
            return;
        }
        if let State::Done(outcome) = std::mem::replace(&mut inner.state, State::Calling(None)) {
            self.call_back(inner, outcome);
        }
    }

    /// The outcome of a worker: it counts if the worker still had the job, and the job is not run again.
    pub(crate) fn settle(&self, outcome: Outcome<Out>, settle: Settle<'_>) -> Settled {
        let settled = settle(&Report {
            failed: u32::from(outcome.is_err()),
            error: outcome.as_ref().err(),
        });
        match settled {
            Settled::Counts => self.complete(outcome),
            Settled::Again | Settled::Gone => discard(outcome),
        }
        settled
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.lock().state, State::Done(_) | State::Taken)
    }

    pub(crate) fn set_progress(&self, progress: Progress) {
        self.lock().extra().progress = Some(progress);
    }

    pub(crate) fn progress(&self) -> Option<Progress> {
        self.lock().extra.as_ref()?.progress
    }

    /// # Panics
    ///
    /// If the outcome was taken already.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Outcome<Out>> {
        let mut inner = self.lock();
        match &mut inner.state {
            State::Waiting(Some(waker)) if waker.will_wake(cx.waker()) => Poll::Pending,
            State::Waiting(waker) | State::Calling(waker) => {
                let old = waker.replace(cx.waker().clone());
                drop(inner);
                drop(old);
                Poll::Pending
            }
            _ => match std::mem::replace(&mut inner.state, State::Taken) {
                State::Done(outcome) => Poll::Ready(outcome),
                _ => panic!("the outcome of a job is there once; its handle was polled again"),
            },
        }
    }
}

#[cfg(test)]
mod tests;
