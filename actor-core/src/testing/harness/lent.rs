//! The state of an actor that a test may look at between two messages.
//!
//! The incarnation lays its state on the [`Desk`] when it has nothing in hand, and takes it back before the next hook or handler: the
//! test and the actor never have it both. By the same desk a test reaches what is inside of the incarnation: its timers, and its loop.
//!
//! | on the desk | because |
//! |---|---|
//! | `InHand` | a hook or a handler has it, maybe in the middle of an await |
//! | `Here` | the actor waits for its next message |
//! | `Over` | the actor has ended |

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::super::Crash;
use crate::inbox::{Inbox, Next};
use crate::incarnation::Home;
use crate::sync::{Arc, Mutex, MutexGuard, lock};
use crate::{Actor, BoxError, ExitReason, TimerKey};

pub(super) enum Place<A> {
    InHand,
    Here(A),
    Over,
}

/// What a test and an incarnation share.
pub(super) struct Desk<A> {
    on_it: Mutex<OnDesk<A>>,
}

pub(super) struct OnDesk<A> {
    pub(super) place: Place<A>,
    /// The timers that were set when the state was laid down.
    pub(super) timers: Vec<TimerKey>,
    hastened: Option<TimerKey>,
    strike: Option<Crash>,
    waker: Option<Waker>,
}

impl<A> Desk<A> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Desk {
            on_it: Mutex::new(OnDesk {
                place: Place::InHand,
                timers: Vec::new(),
                hastened: None,
                strike: None,
                waker: None,
            }),
        })
    }

    pub(super) fn look(&self) -> MutexGuard<'_, OnDesk<A>> {
        lock(&self.on_it)
    }

    /// Lets a timer be due at once.
    pub(super) fn hasten(&self, key: TimerKey) {
        self.look().hastened = Some(key);
        self.wake();
    }

    /// Ends the loop in an error or a panic.
    pub(super) fn strike(&self, strike: Crash) {
        self.look().strike = Some(strike);
        self.wake();
    }

    /// Whether the loop has begun.
    pub(super) fn is_running(&self) -> bool {
        self.look().waker.is_some()
    }

    fn wake(&self) {
        let waker = self.look().waker.clone();
        waker.into_iter().for_each(Waker::wake);
    }
}

/// A state that is laid on a desk; the home of the actor of a harness.
pub(super) struct Lent<A> {
    here: Option<A>,
    desk: Arc<Desk<A>>,
}

impl<A> Lent<A> {
    pub(super) fn new(actor: A, desk: Arc<Desk<A>>) -> Self {
        let here = Some(actor);
        Lent { here, desk }
    }

    fn take_back(&mut self) {
        let mut desk = self.desk.look();
        if let Place::Here(actor) = std::mem::replace(&mut desk.place, Place::InHand) {
            self.here = Some(actor);
        }
    }

    fn lay_down(&mut self, timers: Vec<TimerKey>) {
        let mut desk = self.desk.look();
        if let Some(actor) = self.here.take() {
            desk.place = Place::Here(actor);
        }
        desk.timers = timers;
    }
}

impl<A> Drop for Lent<A> {
    fn drop(&mut self) {
        // The state itself goes after the lock.
        self.take_back();
        self.desk.look().place = Place::Over;
    }
}

impl<A: Actor> Home for Lent<A> {
    type Actor = A;
    type Door = Arc<Desk<A>>;

    fn actor(&mut self) -> &mut A {
        if self.here.is_none() {
            self.take_back();
        }
        let here = self.here.as_mut();
        here.expect("it is either here or on the desk")
    }

    fn poll_next(&mut self, inbox: &mut Inbox<A::Msg>, cx: &mut Context<'_>) -> Poll<Next> {
        let hastened = self.desk.look().hastened.take();
        if let (Some(key), Some(rare)) = (hastened, inbox.rare_if_any()) {
            rare.timers.hasten(&key);
        }
        let next = inbox.poll_next(cx);
        match next {
            Poll::Pending => {
                let timers = inbox.rare_if_any().map(|rare| rare.timers.keys());
                self.lay_down(timers.unwrap_or_default());
            }
            Poll::Ready(_) => self.take_back(),
        }
        next
    }

    fn door(&self) -> Arc<Desk<A>> {
        Arc::clone(&self.desk)
    }

    fn exposed<F>(
        door: Arc<Desk<A>>,
        run: F,
    ) -> impl Future<Output = Result<ExitReason, BoxError>> + Send
    where
        F: Future<Output = Result<ExitReason, BoxError>> + Send,
    {
        let run = Some(run);
        Exposed { run, door }
    }
}

pin_project! {
    /// A loop that a test can strike.
    struct Exposed<F, A> {
        #[pin]
        run: Option<F>,
        door: Arc<Desk<A>>,
    }
}

impl<F, A> Future for Exposed<F, A>
where
    F: Future<Output = Result<ExitReason, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let strike = {
            let mut desk = this.door.look();
            desk.waker = Some(cx.waker().clone());
            desk.strike.take()
        };
        match strike {
            None => {}
            // Nothing of the handler is left when the replies in it resolve. A panic drops it as it unwinds.
            Some(Crash::Error(text)) => {
                this.run.set(None);
                return Poll::Ready(Err(text.into()));
            }
            Some(Crash::Panic(text)) => {
                this.run.set(None);
                std::panic::panic_any(text)
            }
            Some(Crash::Kill) => {}
        }
        match this.run.as_pin_mut() {
            Some(run) => run.poll(cx),
            None => Poll::Pending,
        }
    }
}
