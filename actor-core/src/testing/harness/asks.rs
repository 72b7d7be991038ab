//! Asks that are under way: those of the actor, which a test may answer, and those of the test, which the actor may.

use std::any::{Any, type_name};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::reply::{Answer, Reply, Slot};
use crate::sync::Arc;
use crate::{ActorId, AskError};

/// An ask that somebody in a simulation made.
pub(crate) struct OpenAsk {
    pub(super) target: ActorId,
    pub(super) answer: &'static str,
    slot: Box<dyn AnySlot>,
}

impl OpenAsk {
    pub(crate) fn new<T: Send + 'static>(target: ActorId, slot: &Arc<Slot<T>>) -> Self {
        OpenAsk {
            target,
            answer: type_name::<T>(),
            slot: Box::new(Arc::clone(slot)),
        }
    }

    /// Whether somebody still waits.
    pub(super) fn is_open(&self) -> bool {
        self.slot.is_open()
    }

    pub(super) fn takes<T: 'static>(&self) -> bool {
        self.slot.as_any().is::<Arc<Slot<T>>>()
    }

    /// Answers it; the reply in the message comes too late then.
    pub(super) fn complete<T: Send + 'static>(&self, answer: Result<T, AskError>) {
        if let Some(slot) = self.slot.as_any().downcast_ref::<Arc<Slot<T>>>() {
            slot.fulfil(answer);
        }
    }

    /// The same where the type of the answer does not matter.
    pub(super) fn fail(&self, why: AskError) {
        self.slot.fail(why);
    }
}

trait AnySlot: Send {
    fn is_open(&self) -> bool;
    fn fail(&self, why: AskError);
    fn as_any(&self) -> &dyn Any;
}

impl<T: Send + 'static> AnySlot for Arc<Slot<T>> {
    fn is_open(&self) -> bool {
        !self.is_closed()
    }

    fn fail(&self, why: AskError) {
        self.fulfil(Err(why));
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What became of an ask of the test.
pub(super) enum Outcome {
    Replied(Rc<dyn Any>),
    Failed {
        answer: &'static str,
        error: AskError,
    },
}

/// An ask of the test.
pub(super) trait Asked {
    /// What became of it, once something has.
    fn outcome(&mut self) -> Option<Outcome>;
}

/// Both halves of an ask without a deadline.
pub(super) fn open<T: Send + 'static>() -> (Box<dyn Asked>, Reply<T>) {
    let slot = Slot::new(Duration::MAX, None, Waker::noop());
    let reply = Reply::new(&slot);
    (Box::new(Answer::new(slot, None)), reply)
}

impl<T: Send + 'static> Asked for Answer<'static, T> {
    fn outcome(&mut self) -> Option<Outcome> {
        match self.poll_answer(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => None,
            Poll::Ready(Ok(value)) => Some(Outcome::Replied(Rc::new(value))),
            Poll::Ready(Err(error)) => Some(Outcome::Failed {
                answer: type_name::<T>(),
                error: *error,
            }),
        }
    }
}
