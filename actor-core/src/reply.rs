//! The one-shot slot of an ask: the asker holds an [`Answer`], the message carries a [`Reply`].
//!
//! | state | by | then |
//! |---|---|---|
//! | `Waiting` | the ask | the first of the following wins |
//! | `Linked` | a link that carries the reply: from then on it answers for it | the same |
//! | `Done(Ok)` | `Reply::send` | the asker takes it |
//! | `Done(Err)` | a dropped reply, the deadline, a lost link | the asker takes it |
//! | `Closed` | the asker took it, or went away | later replies are dropped silently |
//!
//! A reply never passes through a mailbox, so nothing late can arrive there (OTP's aliases, for every ask).

use std::fmt;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::AskError;
use crate::observe;
use crate::reply_scope::{self, Orphan};
use crate::sync::{Arc, AtomicU64, Mutex, Ordering, lock};
use crate::timekeeper::deadlines::Key;
use crate::timekeeper::{Expire, Timekeeper};

enum State<T> {
    Waiting(Waker),
    Linked(Box<(Waker, OnClose)>),
    Done(Result<T, Box<AskError>>),
    Closed,
}

/// Called when the asker stops waiting while a link holds the reply.
pub(crate) type OnClose = Box<dyn FnOnce() + Send>;

/// See the module's header.
pub(crate) struct Slot<T> {
    state: Mutex<State<T>>,
    after: Duration,
    /// The deadline's key, and the address of the timekeeper that knows it.
    key: AtomicU64,
    keeper: usize,
}

const NO_KEY: u64 = u64::MAX;

impl<T: Send + 'static> Slot<T> {
    /// A slot for the task of `waker`.
    pub(crate) fn new(after: Duration, keeper: Option<&Timekeeper>, waker: &Waker) -> Arc<Self> {
        Arc::new(Slot {
            state: Mutex::new(State::Waiting(waker.clone())),
            after,
            key: AtomicU64::new(NO_KEY),
            keeper: keeper.map_or(0, Timekeeper::address),
        })
    }

    pub(crate) fn fulfil(&self, result: Result<T, AskError>) {
        if let Some((waker, _)) = self.replace(result.map_err(Box::new), true) {
            waker.wake();
        }
    }

    /// Returns whom to wake, and what a link left for the case that the asker goes away first.
    fn replace(
        &self,
        result: Result<T, Box<AskError>>,
        also_linked: bool,
    ) -> Option<(Waker, Option<OnClose>)> {
        let mut state = lock(&self.state);
        match &*state {
            State::Waiting(_) => {}
            State::Linked(..) if also_linked => {}
            _ => {
                // What is not used is dropped after the lock.
                drop(state);
                drop(result);
                return None;
            }
        }
        let before = std::mem::replace(&mut *state, State::Done(result));
        drop(state);
        match before {
            State::Waiting(waker) => Some((waker, None)),
            State::Linked(linked) => {
                let (waker, on_close) = *linked;
                Some((waker, Some(on_close)))
            }
            _ => None,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        !matches!(*lock(&self.state), State::Waiting(_) | State::Linked(..))
    }

    /// From here on a link answers for the reply. `on_close` is called if the asker goes away first.
    #[cfg_attr(
        not(any(feature = "serde", test)),
        expect(dead_code, reason = "only links use it")
    )]
    pub(crate) fn hand_over(&self, on_close: OnClose) {
        // Made before the lock. What is not used, and what was there before, is for after it.
        let mut linked = Box::new((Waker::noop().clone(), on_close));
        let mut state = lock(&self.state);
        let is_late = match std::mem::replace(&mut *state, State::Closed) {
            State::Waiting(waker) => {
                linked.0 = waker;
                *state = State::Linked(linked);
                return;
            }
            // Another link answers now.
            State::Linked(mut old) => {
                std::mem::swap(&mut linked.0, &mut old.0);
                *state = State::Linked(std::mem::replace(&mut linked, old));
                false
            }
            over => {
                *state = over;
                true
            }
        };
        drop(state);
        if is_late {
            (linked.1)();
        }
    }

    /// How long the asker still waits. `keeper` is that of the link's system; to another one the deadline is not known, and the whole of
    /// it is the upper bound.
    #[cfg_attr(
        not(feature = "serde"),
        expect(dead_code, reason = "only links use it")
    )]
    pub(crate) fn remaining(&self, keeper: Option<&Timekeeper>) -> Duration {
        match (keeper, self.key.load(Ordering::Relaxed)) {
            (Some(keeper), key) if key != NO_KEY && keeper.address() == self.keeper => {
                keeper.remaining(Key::from_bits(key))
            }
            _ => self.after,
        }
    }
}

impl<T: Send + 'static> Orphan for Slot<T> {
    fn orphaned(&self, why: AskError) {
        // Dropping the local half of what a link carries means nothing.
        if let Some((waker, _)) = self.replace(Err(Box::new(why)), false) {
            waker.wake();
        }
    }
}

impl<T: Send + 'static> Expire for Slot<T> {
    fn expire(&self) {
        let late = AskError::Timeout {
            accepted: true,
            after: self.after,
        };
        if let Some((waker, on_close)) = self.replace(Err(Box::new(late)), true) {
            // The link knows before the asker does.
            on_close.into_iter().for_each(|on_close| on_close());
            waker.wake();
        }
    }
}

/// The asker's half: completes with the answer, or with the reason why there is none. Dropping it closes the slot.
pub(crate) struct Answer<'a, T: Send + 'static> {
    slot: Arc<Slot<T>>,
    /// Without one the caller watches the deadline.
    keeper: Option<&'a Timekeeper>,
    key: u64,
    taken: bool,
}

impl<'a, T: Send + 'static> Answer<'a, T> {
    /// The asker's half of a slot that was made in this very poll.
    #[inline]
    pub(crate) fn new(slot: Arc<Slot<T>>, keeper: Option<&'a Timekeeper>) -> Self {
        Answer {
            slot,
            keeper,
            key: NO_KEY,
            taken: false,
        }
    }

    /// Starts the deadline, once. Whoever asks does so when the question is sent: it is seldom answered before.
    #[inline]
    pub(crate) fn arm(&mut self) {
        if let Some(keeper) = self.keeper
            && self.key == NO_KEY
        {
            let target: Arc<dyn Expire> = Arc::clone(&self.slot) as Arc<dyn Expire>;
            let key = keeper.watch(self.slot.after, target);
            self.key = key.to_bits();
            self.slot.key.store(self.key, Ordering::Relaxed);
        }
    }

    /// Takes the answer, or sees to it that the caller is woken when it comes or its time is over.
    #[inline]
    pub(crate) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Box<AskError>>> {
        let mut state = lock(&self.slot.state);
        let waiting = match &mut *state {
            State::Done(_) | State::Closed => {
                let done = std::mem::replace(&mut *state, State::Closed);
                drop(state);
                self.taken = true;
                return Poll::Ready(match done {
                    State::Done(result) => result,
                    _ => Err(Box::new(AskError::NoReply)),
                });
            }
            State::Waiting(waker) => waker,
            State::Linked(linked) => &mut linked.0,
        };
        // Dropped after the lock.
        let old = if waiting.will_wake(cx.waker()) {
            None
        } else {
            Some(std::mem::replace(waiting, cx.waker().clone()))
        };
        drop(state);
        drop(old);
        self.arm();
        Poll::Pending
    }
}

impl<T: Send + 'static> Drop for Answer<'_, T> {
    fn drop(&mut self) {
        if self.key != NO_KEY
            && let Some(keeper) = self.keeper
        {
            keeper.forget(Key::from_bits(self.key));
        }
        if self.taken {
            return;
        }
        let old = std::mem::replace(&mut *lock(&self.slot.state), State::Closed);
        if let State::Linked(linked) = old {
            (linked.1)();
        }
    }
}

/// Where the answer to an ask goes: a one-shot slot carried inside the message.
///
/// It may be answered at once, kept for later, or moved to another task, thread or process. Dropping it without an answer tells the
/// asker at once: `Failed` when the handler that held it failed, `Stopped` when the actor ended, `NoReply` otherwise.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// /// Answers only when there is something to take.
/// #[derive(Default)]
/// struct Shelf { items: Vec<u32>, waiting: Vec<Reply<u32>> }
///
/// enum ShelfMsg { Put(u32), Take(Reply<u32>) }
///
/// impl Actor for Shelf {
///     type Msg = ShelfMsg;
///
///     async fn handle(&mut self, msg: ShelfMsg, _ctx: &mut Context<Self>) -> ActorResult {
///         match msg {
///             ShelfMsg::Put(item) => self.items.push(item),
///             ShelfMsg::Take(reply) => self.waiting.push(reply),
///         }
///         while !self.items.is_empty() && !self.waiting.is_empty() {
///             self.waiting.remove(0).send(self.items.remove(0));
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let shelf = system.spawn(Shelf::default());
/// let (item, sent) = tokio::join!(shelf.ask(ShelfMsg::Take), shelf.send(ShelfMsg::Put(7)));
/// sent?;
/// assert_eq!(item?, 7);
/// # Ok(()) }
/// ```
#[must_use = "dropping a reply tells the asker that there is no answer"]
pub struct Reply<T: Send + 'static> {
    route: Option<Route<T>>,
}

pub(crate) enum Route<T: Send + 'static> {
    Local(Arc<Slot<T>>),
    #[cfg_attr(
        not(feature = "serde"),
        expect(dead_code, reason = "only links use it")
    )]
    // Boxed, so that a reply is as small as its local half.
    Link(Box<Arc<dyn LinkReply<T>>>),
}

/// A reply whose asker is on the other side of a link.
#[cfg_attr(
    not(feature = "serde"),
    expect(dead_code, reason = "only links use it")
)]
pub(crate) trait LinkReply<T>: Orphan {
    fn send(&self, value: T);
    fn fail(&self, why: AskError);
    /// Another link answers for it from here on.
    fn hand_over(&self);
    /// How long the asker still waited when the reply arrived.
    fn remaining(&self) -> Duration;
    fn is_closed(&self) -> bool;
}

impl<T: Send + 'static> Reply<T> {
    /// The half of a slot that the message carries.
    #[inline]
    pub(crate) fn new(slot: &Arc<Slot<T>>) -> Self {
        Reply {
            route: Some(Route::Local(Arc::clone(slot))),
        }
    }

    #[cfg(feature = "serde")]
    pub(crate) fn from_route(route: Route<T>) -> Self {
        Reply { route: Some(route) }
    }

    #[cfg(feature = "serde")]
    pub(crate) fn route(&self) -> Option<&Route<T>> {
        self.route.as_ref()
    }

    /// Answers. If the asker no longer waits, the value is dropped silently.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// struct Squares;
    ///
    /// impl Actor for Squares {
    ///     type Msg = (u64, Reply<u64>);
    ///
    ///     async fn handle(&mut self, (n, reply): Self::Msg, _ctx: &mut Context<Self>) -> ActorResult {
    ///         // The work goes on in a task of its own, and the actor to its next message.
    ///         tokio::spawn(async move { reply.send(n * n) });
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let squares = system.spawn(Squares);
    /// assert_eq!(squares.ask(|reply| (7, reply)).await?, 49);
    /// # Ok(()) }
    /// ```
    pub fn send(mut self, value: T) {
        observe::replied::<T>();
        match self.route.take() {
            Some(Route::Local(slot)) => slot.fulfil(Ok(value)),
            Some(Route::Link(reply)) => reply.send(value),
            None => {}
        }
    }

    /// Whether the asker no longer waits: its deadline passed, or it went away. Work for it can be skipped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// struct Careful;
    ///
    /// impl Actor for Careful {
    ///     type Msg = Reply<u32>;
    ///
    ///     async fn handle(&mut self, reply: Reply<u32>, _ctx: &mut Context<Self>) -> ActorResult {
    ///         if !reply.is_closed() {
    ///             reply.send(expensive());
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # fn expensive() -> u32 { 7 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let careful = system.spawn(Careful);
    /// assert_eq!(careful.ask(|reply| reply).await?, 7);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        match &self.route {
            Some(Route::Local(slot)) => slot.is_closed(),
            Some(Route::Link(reply)) => reply.is_closed(),
            None => true,
        }
    }
}

impl<T: Send + 'static> Drop for Reply<T> {
    fn drop(&mut self) {
        match self.route.take() {
            Some(Route::Local(slot)) => reply_scope::orphan(slot),
            Some(Route::Link(reply)) => reply_scope::orphan(*reply),
            None => {}
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply<{}>", std::any::type_name::<T>())
    }
}

#[cfg(test)]
mod models;
