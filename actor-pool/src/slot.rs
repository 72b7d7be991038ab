//! Where the outcome of one job is put, and where its handle finds it. The first outcome counts; later ones are dropped.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::task::Settle;
use crate::{Completed, JobError};
use actor_core::panic::discard;

pub(crate) type Outcome<Out> = Result<Completed<Out>, JobError>;

enum State<Out> {
    Waiting(Option<Waker>),
    Done(Outcome<Out>),
    Taken,
}

/// See the module's header.
pub(crate) struct Slot<Out> {
    state: Mutex<State<Out>>,
}

impl<Out> Slot<Out> {
    pub(crate) fn new() -> Self {
        Slot {
            state: Mutex::new(State::Waiting(None)),
        }
    }

    // No user code runs under this lock, so a panic cannot leave it half-changed.
    fn lock(&self) -> MutexGuard<'_, State<Out>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn complete(&self, outcome: Outcome<Out>) {
        let mut state = self.lock();
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Done(outcome);
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        } else {
            drop(state);
            discard(outcome);
        }
    }

    /// The outcome of a worker: it counts if the worker still had the job.
    pub(crate) fn settle(&self, outcome: Outcome<Out>, settle: Settle<'_>) {
        if settle() {
            self.complete(outcome);
        } else {
            discard(outcome);
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        !matches!(*self.lock(), State::Waiting(_))
    }

    /// # Panics
    ///
    /// If the outcome was taken already.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Outcome<Out>> {
        let mut state = self.lock();
        match &mut *state {
            State::Waiting(Some(waker)) if waker.will_wake(cx.waker()) => Poll::Pending,
            State::Waiting(waker) => {
                let old = waker.replace(cx.waker().clone());
                drop(state);
                drop(old);
                Poll::Pending
            }
            _ => match std::mem::replace(&mut *state, State::Taken) {
                State::Done(outcome) => Poll::Ready(outcome),
                _ => panic!("the outcome of a job is there once; its handle was polled again"),
            },
        }
    }
}
