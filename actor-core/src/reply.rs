//! The one-shot slot of an ask: the asker holds an [`Answer`], the message carries a [`Reply`].
//!
//! | state | by | then |
//! |---|---|---|
//! | `Waiting` | the ask | the first of the following wins |
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
use crate::sync::{Arc, AtomicBool, AtomicU64, Mutex, Ordering, lock};
use crate::timekeeper::deadlines::Key;
use crate::timekeeper::{Expire, Timekeeper};

enum State<T> {
    Waiting(Option<Waker>),
    Done(Result<T, AskError>),
    Closed,
}

/// Called when the asker stops waiting while a link holds the reply.
pub(crate) type OnClose = Box<dyn FnOnce() + Send>;

/// See the module's header.
pub(crate) struct Slot<T> {
    state: Mutex<State<T>>,
    /// Set once a link carries the reply: then the link answers for it, and dropping the local half means nothing.
    handed_over: AtomicBool,
    on_close: Mutex<Option<OnClose>>,
    after: Duration,
    key: AtomicU64,
    keeper: Option<Arc<Timekeeper>>,
}

const NO_KEY: u64 = u64::MAX;

impl<T: Send + 'static> Slot<T> {
    pub(crate) fn fulfil(&self, result: Result<T, AskError>) {
        let (waker, unused) = {
            let mut state = lock(&self.state);
            match &mut *state {
                State::Waiting(waker) => {
                    let waker = waker.take();
                    *state = State::Done(result);
                    (waker, None)
                }
                _ => (None, Some(result)),
            }
        };
        drop(unused);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn is_closed(&self) -> bool {
        !matches!(*lock(&self.state), State::Waiting(_))
    }

    /// From here on a link answers for the reply. `on_close` is called if the asker goes away first.
    #[cfg_attr(
        not(feature = "serde"),
        expect(dead_code, reason = "only links use it")
    )]
    pub(crate) fn hand_over(&self, on_close: OnClose) {
        *lock(&self.on_close) = Some(on_close);
        self.handed_over.store(true, Ordering::Release);
        if self.is_closed() {
            self.closed();
        }
    }

    fn closed(&self) {
        if self.handed_over.load(Ordering::Acquire) {
            let on_close = lock(&self.on_close).take();
            if let Some(on_close) = on_close {
                on_close();
            }
        }
    }

    /// How long the asker still waits.
    #[cfg_attr(
        not(feature = "serde"),
        expect(dead_code, reason = "only links use it")
    )]
    pub(crate) fn remaining(&self) -> Duration {
        match (&self.keeper, self.key.load(Ordering::Relaxed)) {
            (Some(keeper), key) if key != NO_KEY => keeper.remaining(Key::from_bits(key)),
            _ => self.after,
        }
    }
}

impl<T: Send + 'static> Orphan for Slot<T> {
    fn orphaned(&self, why: AskError) {
        if !self.handed_over.load(Ordering::Acquire) {
            self.fulfil(Err(why));
        }
    }
}

impl<T: Send + 'static> Expire for Slot<T> {
    fn expire(&self) {
        self.fulfil(Err(AskError::Timeout {
            accepted: true,
            after: self.after,
        }));
        self.closed();
    }
}

/// The asker's half: completes with the answer, or with the reason why there is none. Dropping it closes the slot.
pub(crate) struct Answer<T: Send + 'static> {
    slot: Arc<Slot<T>>,
}

impl<T: Send + 'static> Answer<T> {
    /// A slot with its two halves. Without a timekeeper the caller watches the deadline.
    pub(crate) fn new(after: Duration, keeper: Option<Arc<Timekeeper>>) -> (Self, Reply<T>) {
        let slot = Arc::new(Slot {
            state: Mutex::new(State::Waiting(None)),
            handed_over: AtomicBool::new(false),
            on_close: Mutex::new(None),
            after,
            key: AtomicU64::new(NO_KEY),
            keeper,
        });
        let reply = Reply {
            route: Some(Route::Local(Arc::clone(&slot))),
        };
        (Answer { slot }, reply)
    }

    /// Starts the deadline, once.
    fn arm(&self) {
        if let Some(keeper) = &self.slot.keeper
            && self.slot.key.load(Ordering::Relaxed) == NO_KEY
        {
            let key = keeper.watch(self.slot.after, Arc::clone(&self.slot) as Arc<dyn Expire>);
            self.slot.key.store(key.to_bits(), Ordering::Relaxed);
        }
    }

    pub(crate) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, AskError>> {
        // Dropped after the lock.
        let mut old = None;
        {
            let mut state = lock(&self.slot.state);
            if let State::Waiting(waker) = &mut *state {
                match waker {
                    Some(waker) if waker.will_wake(cx.waker()) => {}
                    other => old = other.replace(cx.waker().clone()),
                }
            } else {
                return match std::mem::replace(&mut *state, State::Closed) {
                    State::Done(result) => Poll::Ready(result),
                    _ => Poll::Ready(Err(AskError::NoReply)),
                };
            }
        }
        drop(old);
        self.arm();
        Poll::Pending
    }
}

impl<T: Send + 'static> Future for Answer<T> {
    type Output = Result<T, AskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_answer(cx)
    }
}

impl<T: Send + 'static> Drop for Answer<T> {
    fn drop(&mut self) {
        let key = self.slot.key.load(Ordering::Relaxed);
        if key != NO_KEY
            && let Some(keeper) = &self.slot.keeper
        {
            keeper.forget(Key::from_bits(key));
        }
        let old = std::mem::replace(&mut *lock(&self.slot.state), State::Closed);
        drop(old);
        self.slot.closed();
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
