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
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::AskError;
use crate::reply_scope::{self, Orphan};
use crate::sync::{Arc, AtomicU64, Mutex, Ordering, lock};
use crate::timekeeper::deadlines::Key;
use crate::timekeeper::{Expire, Timekeeper};

enum State<T> {
    Waiting(Waker),
    Linked(Waker, OnClose),
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
            State::Linked(waker, on_close) => Some((waker, Some(on_close))),
            _ => None,
        }
    }

    fn is_closed(&self) -> bool {
        !matches!(*lock(&self.state), State::Waiting(_) | State::Linked(..))
    }

    /// From here on a link answers for the reply. `on_close` is called if the asker goes away first.
    #[cfg_attr(
        not(any(feature = "serde", test)),
        expect(dead_code, reason = "only links use it")
    )]
    pub(crate) fn hand_over(&self, on_close: OnClose) {
        let mut state = lock(&self.state);
        let on_close = match std::mem::replace(&mut *state, State::Closed) {
            State::Waiting(waker) => {
                *state = State::Linked(waker, on_close);
                None
            }
            // Another link answers now.
            State::Linked(waker, old) => {
                *state = State::Linked(waker, on_close);
                drop(state);
                drop(old);
                return;
            }
            over => {
                *state = over;
                Some(on_close)
            }
        };
        drop(state);
        if let Some(on_close) = on_close {
            on_close();
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
    /// Its waker is the one that it was made with, in the very poll that goes on.
    fresh: bool,
    taken: bool,
}

impl<'a, T: Send + 'static> Answer<'a, T> {
    /// A slot with its two halves, for the task of `waker`.
    pub(crate) fn new(
        after: Duration,
        keeper: Option<&'a Timekeeper>,
        waker: Waker,
    ) -> (Self, Reply<T>) {
        let slot = Arc::new(Slot {
            state: Mutex::new(State::Waiting(waker)),
            after,
            key: AtomicU64::new(NO_KEY),
            keeper: keeper.map_or(0, Timekeeper::address),
        });
        let reply = Reply {
            route: Some(Route::Local(Arc::clone(&slot))),
        };
        let answer = Answer {
            slot,
            keeper,
            key: NO_KEY,
            fresh: true,
            taken: false,
        };
        (answer, reply)
    }

    /// Starts the deadline, once.
    #[inline]
    fn arm(&mut self) {
        if let Some(keeper) = self.keeper
            && self.key == NO_KEY
        {
            let target: Arc<dyn Expire> = Arc::clone(&self.slot) as Arc<dyn Expire>;
            let key = keeper.watch(self.slot.after, target);
            self.key = key.to_bits();
            self.slot.key.store(self.key, Ordering::Relaxed);
        }
    }

    pub(crate) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, AskError>> {
        if !std::mem::take(&mut self.fresh) {
            // Dropped after the lock.
            let mut old = None;
            let mut state = lock(&self.slot.state);
            match &mut *state {
                State::Waiting(waker) | State::Linked(waker, _) => {
                    if !waker.will_wake(cx.waker()) {
                        old = Some(std::mem::replace(waker, cx.waker().clone()));
                    }
                }
                _ => {
                    let done = std::mem::replace(&mut *state, State::Closed);
                    self.taken = true;
                    return Poll::Ready(match done {
                        State::Done(result) => result.map_err(|why| *why),
                        _ => Err(AskError::NoReply),
                    });
                }
            }
            drop(state);
            drop(old);
        }
        self.arm();
        Poll::Pending
    }
}

impl<T: Send + 'static> Future for Answer<'_, T> {
    type Output = Result<T, AskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_answer(cx)
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
        if let State::Linked(_, on_close) = old {
            on_close();
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
