//! What has arrived at a probe, by which rules it is treated, and who waits for it.
//!
//! The rules are the user's code: they run in the probe's actor, under no lock.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use crate::cell::AnyCell;
use crate::sync::{Arc, Mutex, Weak, lock};
use crate::{ActorId, ActorRef, ExitReason};

/// What arrives.
pub(super) enum Item<M> {
    Message(M),
    /// The end of a watched actor, by the address of its cell: one that waits for its first start has no id yet.
    Stopped {
        watched: usize,
        actor: ActorId,
        reason: ExitReason,
    },
}

/// Treats a message; what it gives back is for the next rule, and in the end for the test.
type Rule<M> = Box<dyn FnMut(M) -> Option<M> + Send>;

struct State<M: Send + 'static> {
    items: VecDeque<Item<M>>,
    rules: Vec<Rule<M>>,
    forward: Option<ActorRef<M>>,
    waiting: Vec<Waker>,
    /// Cells of whose end it will hear, or has heard and not told yet. They live as long as they would; only their address is not given to
    /// another one meanwhile.
    watched: Vec<Weak<dyn AnyCell>>,
}

/// See the module's header.
pub(super) struct Kept<M: Send + 'static> {
    state: Mutex<State<M>>,
}

impl<M: Send + 'static> Default for Kept<M> {
    fn default() -> Self {
        Kept {
            state: Mutex::new(State {
                items: VecDeque::new(),
                rules: Vec::new(),
                forward: None,
                waiting: Vec::new(),
                watched: Vec::new(),
            }),
        }
    }
}

impl<M: Send + 'static> Kept<M> {
    pub(super) fn add_rule(&self, rule: impl FnMut(M) -> Option<M> + Send + 'static) {
        lock(&self.state).rules.push(Box::new(rule));
    }

    pub(super) fn forward_to(&self, to: ActorRef<M>) {
        let before = lock(&self.state).forward.replace(to);
        drop(before);
    }

    /// A message has come. What is to be passed on comes back, with whom to.
    pub(super) fn take_in(&self, message: M) -> Option<(M, ActorRef<M>)> {
        let mut rules = std::mem::take(&mut lock(&self.state).rules);
        let mut left = Some(message);
        for rule in &mut rules {
            left = left.and_then(rule);
        }
        let mut state = lock(&self.state);
        // Those that were added by a rule meanwhile come last.
        rules.append(&mut state.rules);
        state.rules = rules;
        let forward = state.forward.clone();
        drop(state);
        match (left?, forward) {
            (message, Some(to)) => Some((message, to)),
            (message, None) => {
                self.put(Item::Message(message));
                None
            }
        }
    }

    pub(super) fn put(&self, item: Item<M>) {
        let mut state = lock(&self.state);
        state.items.push_back(item);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Takes the first item that is wanted, or waits for one.
    pub(super) fn poll_take(
        &self,
        cx: &mut Context<'_>,
        is_wanted: impl Fn(&Item<M>) -> bool,
    ) -> Poll<Item<M>> {
        let mut state = lock(&self.state);
        if let Some(place) = state.items.iter().position(is_wanted) {
            let item = state.items.remove(place);
            return Poll::Ready(item.expect("it was found at this place"));
        }
        state.waiting.push(cx.waker().clone());
        Poll::Pending
    }

    /// Ready when anything is there.
    pub(super) fn poll_any(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if !state.items.is_empty() {
            return Poll::Ready(());
        }
        state.waiting.push(cx.waker().clone());
        Poll::Pending
    }

    /// Notes that the end of this cell will be heard of. `false` if that was so before.
    pub(super) fn begin_watch(&self, cell: &Arc<dyn AnyCell>) -> bool {
        let watched = &mut lock(&self.state).watched;
        let is_news = !watched.iter().any(|known| is_at(known, address(cell)));
        if is_news {
            watched.push(Arc::downgrade(cell));
        }
        is_news
    }

    /// Its end was told.
    pub(super) fn end_watch(&self, ended: usize) {
        let watched = &mut lock(&self.state).watched;
        watched.retain(|known| !is_at(known, ended));
    }

    /// Puts a message back to the front, for whom it was not.
    pub(super) fn put_back(&self, message: M) {
        lock(&self.state).items.push_front(Item::Message(message));
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.state).items.len()
    }

    /// What is kept, shown by `show`.
    pub(super) fn shown(&self, show: &dyn Fn(&M) -> String) -> Vec<String> {
        // The user's `Debug` shall not run under the lock.
        let items = std::mem::take(&mut lock(&self.state).items);
        let shown = items.iter().map(|item| match item {
            Item::Message(message) => show(message),
            Item::Stopped { actor, reason, .. } => format!("the end of {actor}: {reason}"),
        });
        let shown = shown.collect();
        let mut state = lock(&self.state);
        let newer = std::mem::replace(&mut state.items, items);
        state.items.extend(newer);
        shown
    }
}

/// What tells a cell from every other one, for as long as there is a strong or a weak pointer to it.
pub(super) fn address(cell: &Arc<dyn AnyCell>) -> usize {
    Arc::as_ptr(cell).addr()
}

fn is_at(cell: &Weak<dyn AnyCell>, address: usize) -> bool {
    cell.as_ptr().addr() == address
}
