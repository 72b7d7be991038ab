//! Those who wait at a router: in the line of a worker, or at the gate until the workers change; and room that is kept.
//!
//! A place is a number that the waiting future keeps. What it stands for is here, since a worker's own ticket means nothing without the
//! worker. Used by the routes, off the path of a message that finds room.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use actor_core::routing::Place;

use super::seat::Seat;

/// What a place stands for.
pub(super) enum Waits<M: Send + 'static> {
    /// No worker can be waited at: its waker, for when the workers change.
    AtGate(Waker),
    /// In the line of this worker, or with room there.
    At(Arc<Seat<M>>, Place),
    /// With room at some of the workers, or in the line of the last of these, as they were in the table of this version.
    AtAll(u64, Vec<(Arc<Seat<M>>, Place)>),
}

/// See the module's header.
pub(super) struct Places<M: Send + 'static> {
    inner: Mutex<Inner<M>>,
}

struct Inner<M: Send + 'static> {
    places: Vec<Option<Waits<M>>>,
    free: VecDeque<usize>,
}

impl<M: Send + 'static> Places<M> {
    pub(super) fn new() -> Self {
        Places {
            inner: Mutex::new(Inner {
                places: Vec::new(),
                free: VecDeque::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<M>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, waits: Waits<M>) -> Place {
        let mut inner = self.lock();
        let place = match inner.free.pop_front() {
            Some(place) => {
                inner.places[place] = Some(waits);
                place
            }
            None => {
                inner.places.push(Some(waits));
                inner.places.len() - 1
            }
        };
        Place(place as u64)
    }

    pub(super) fn take(&self, place: Place) -> Option<Waits<M>> {
        let mut inner = self.lock();
        let index = usize::try_from(place.0).ok()?;
        let waits = inner.places.get_mut(index)?.take();
        if waits.is_some() {
            inner.free.push_back(index);
        }
        waits
    }

    /// Nobody waits there any longer.
    pub(super) fn leave(&self, place: Place) {
        match self.take(place) {
            Some(Waits::At(seat, inner)) => seat.target.leave(inner),
            Some(Waits::AtAll(_, kept)) => leave_all(kept),
            Some(Waits::AtGate(_)) | None => {}
        }
    }

    /// The workers have changed, or one of them takes messages again.
    pub(super) fn open_gate(&self) {
        let waiting: Vec<Waker> = {
            let inner = self.lock();
            let wakers = inner.places.iter().filter_map(|waits| match waits {
                Some(Waits::AtGate(waker)) => Some(waker.clone()),
                _ => None,
            });
            wakers.collect()
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Gives all of these up.
pub(super) fn leave_all<M: Send + 'static>(kept: Vec<(Arc<Seat<M>>, Place)>) {
    for (seat, place) in kept {
        seat.target.leave(place);
    }
}
