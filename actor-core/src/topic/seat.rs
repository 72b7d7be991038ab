//! The place of one subscriber in a topic: where publishers put items and the subscriber takes them out.
//!
//! Called by publishers, by subscriptions and by forwarders. Items and wakers are dropped, and wakers called, without its lock.

use std::task::{Context, Poll, Waker};

use super::ring::{Pushed, Ring};
use super::{Delivery, TopicCore, TopicPolicy};
use crate::sync::{Arc, Mutex, MutexGuard, lock};

struct State<T> {
    ring: Ring<T>,
    waker: Option<Waker>,
    /// Nothing more is put in.
    is_closed: bool,
}

/// What publishers see of a subscriber.
pub(super) struct Seat<T> {
    state: Mutex<State<T>>,
}

impl<T> Seat<T> {
    pub(super) fn new(bound: usize, policy: TopicPolicy) -> Self {
        Seat {
            state: Mutex::new(State {
                ring: Ring::new(bound, policy),
                waker: None,
                is_closed: false,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }

    /// Puts an item in. Returns whether the subscriber will get it, as far as can be told now.
    pub(super) fn put(&self, item: T) -> bool {
        let mut state = self.lock();
        if state.is_closed {
            return false;
        }
        // Whoever waits found nothing to take.
        let waker = if state.ring.is_ready() {
            None
        } else {
            state.waker.take()
        };
        let pushed = state.ring.push(item);
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        // What was dropped may run its owner's code; here it runs in the poll of the publisher, who chose to publish it.
        !matches!(pushed, Pushed::Refused(_))
    }

    /// Takes the next thing out.
    pub(super) fn take(&self) -> Option<Delivery<T>> {
        self.lock().ring.pop()
    }

    /// Whether there is something to take; `Ready(false)` when there never will be again.
    pub(super) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut waker = Some(cx.waker().clone());
        let mut state = self.lock();
        let ready = match (state.ring.is_ready(), state.is_closed) {
            (true, _) => Poll::Ready(true),
            (false, true) => Poll::Ready(false),
            (false, false) => {
                std::mem::swap(&mut state.waker, &mut waker);
                Poll::Pending
            }
        };
        drop(state);
        ready
    }

    /// Whether it was closed.
    pub(super) fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut waker = Some(cx.waker().clone());
        let mut state = self.lock();
        let is_closed = state.is_closed;
        if !is_closed {
            std::mem::swap(&mut state.waker, &mut waker);
        }
        drop(state);
        if is_closed {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    pub(super) fn missed(&self) -> u64 {
        self.lock().ring.missed()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// See [`Ring::widen_gap`].
    pub(super) fn widen_gap(&self, gap: u64, newly_missed: u64) {
        self.lock().ring.widen_gap(gap, newly_missed);
    }

    /// Lets nothing more in; what is in can still be taken.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Closes it and throws away what is in.
    fn clear(&self) {
        self.close();
        let items = self.lock().ring.take_all();
        drop(items);
    }
}

/// A seat and where it stands. Whoever takes it leaves it when all is over; several may, since leaving twice is leaving once.
pub(super) struct Seated<T: Send + 'static> {
    pub(super) topic: Arc<TopicCore<T>>,
    pub(super) key: u64,
    pub(super) seat: Arc<Seat<T>>,
}

impl<T: Send + 'static> Seated<T> {
    /// After this nothing more is published to it, and what was not received is gone.
    pub(super) fn leave(&self) {
        self.topic.remove(self.key);
        self.seat.clear();
    }
}
