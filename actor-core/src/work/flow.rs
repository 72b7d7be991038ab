//! What the task of a piece of work shares with the incarnation that started it.

use std::task::{Context, Poll, Waker};

use crate::cell::Cell;
use crate::mailbox::queue::Extra;
use crate::reply_scope::Scope;
use crate::sync::{Arc, Mutex, lock};
use crate::{ActorRef, AskError, ExitReason};

/// See the header of [`work`](crate::work).
pub(crate) struct Flow<M: Send + 'static> {
    id: u64,
    state: Mutex<State<M>>,
}

struct State<M: Send + 'static> {
    stage: Stage<M>,
    /// What is delivered, or was, is the last.
    is_last: bool,
    waker: Option<Waker>,
    /// Work that has not ended keeps its actor alive, until the last result has been handled.
    actor: Option<ActorRef<M>>,
    /// What becomes of replies that are dropped with the work.
    why: AskError,
}

enum Stage<M> {
    Idle,
    Waiting(Taken<M>),
    InHand,
    Closed,
}

/// What a token stood for.
pub(crate) enum Taken<M> {
    Message(M),
    /// The work panicked, and its actor fails.
    Failed(ExitReason),
    Nothing,
}

impl<M: Send + 'static> Flow<M> {
    pub(crate) fn new(id: u64, cell: &Arc<Cell<M>>) -> Arc<Self> {
        Arc::new(Flow {
            id,
            state: Mutex::new(State {
                stage: Stage::Idle,
                is_last: false,
                waker: None,
                actor: Some(ActorRef::new(Arc::clone(cell))),
                why: AskError::NoReply,
            }),
        })
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    // What the task does.

    /// Hands a result over, behind everything that is in the mailbox.
    pub(super) fn deliver(&self, result: Taken<M>, is_last: bool) {
        let mut state = lock(&self.state);
        let Some(actor) = state.actor.clone() else {
            drop(state);
            self.discard(result);
            return;
        };
        state.stage = Stage::Waiting(result);
        state.is_last = is_last;
        drop(state);
        // An actor that has ended has closed this flow, or is about to.
        drop(actor.cell().push_extra(Extra::Work(self.id)));
    }

    /// Waits until the last result has been handled. Returns whether another one is wanted.
    pub(super) fn poll_wanted(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = lock(&self.state);
        let old = match &state.stage {
            Stage::Idle => return Poll::Ready(true),
            Stage::Closed => return Poll::Ready(false),
            Stage::Waiting(_) | Stage::InHand => state.waker.replace(cx.waker().clone()),
        };
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// The task is gone, in whatever way: the runtime may have dropped it.
    pub(super) fn abandoned(&self) {
        let mut state = lock(&self.state);
        state.is_last = true;
        let actor = match &state.stage {
            Stage::Idle => state.actor.take(),
            // Kept until that has been handled.
            _ => None,
        };
        drop(state);
        drop(actor);
    }

    /// Drops what came too late.
    pub(super) fn discard<T>(&self, value: T) {
        let scope = Scope::for_drop();
        crate::panic::discard(value);
        scope.close(|| self.why());
    }

    pub(super) fn why(&self) -> AskError {
        lock(&self.state).why.clone()
    }

    pub(super) fn set_why(&self, why: AskError) {
        lock(&self.state).why = why;
    }

    // What the incarnation does.

    /// Takes the result, and tells whether it was the last.
    pub(super) fn take(&self) -> (Taken<M>, bool) {
        let mut state = lock(&self.state);
        let taken = match std::mem::replace(&mut state.stage, Stage::InHand) {
            Stage::Waiting(taken) => taken,
            other => {
                state.stage = other;
                Taken::Nothing
            }
        };
        (taken, state.is_last)
    }

    /// The result has been handled.
    pub(super) fn handled(&self) {
        let mut state = lock(&self.state);
        if !matches!(state.stage, Stage::InHand) {
            return;
        }
        state.stage = Stage::Idle;
        let waker = state.waker.take();
        let actor = if state.is_last {
            state.actor.take()
        } else {
            None
        };
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        drop(actor);
    }

    /// Nothing of it will be handled any more.
    pub(super) fn close(&self, why: AskError) {
        let mut state = lock(&self.state);
        let stage = std::mem::replace(&mut state.stage, Stage::Closed);
        let waker = state.waker.take();
        let actor = state.actor.take();
        state.why = why;
        drop(state);
        drop(waker);
        self.discard(stage);
        drop(actor);
    }
}
