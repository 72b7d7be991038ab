//! Several things to wait for, of which only those are looked at that asked for it.
//!
//! Each has a waker of its own that notes its place, so waiting for the first of n costs as much as has happened, not n.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
struct Woken {
    places: VecDeque<usize>,
    waker: Option<Waker>,
}

struct Bell {
    woken: Arc<Mutex<Woken>>,
    place: usize,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        woken.places.push_back(self.place);
        let waker = woken.waker.take();
        drop(woken);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// See the module's header.
pub(crate) struct ReadyList<T> {
    woken: Arc<Mutex<Woken>>,
    places: Vec<(Option<T>, Waker)>,
    free: Vec<usize>,
}

impl<T> ReadyList<T> {
    pub(crate) fn new() -> Self {
        ReadyList {
            woken: Arc::new(Mutex::new(Woken::default())),
            places: Vec::new(),
            free: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().filter_map(|(item, _)| item.as_ref())
    }

    /// Adds something, to be looked at once in any case.
    pub(crate) fn push(&mut self, item: T) {
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                let place = self.places.len();
                let bell = Bell {
                    woken: Arc::clone(&self.woken),
                    place,
                };
                self.places.push((None, Waker::from(Arc::new(bell))));
                place
            }
        };
        self.places[place].0 = Some(item);
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        woken.places.push_back(place);
    }

    /// The first that is ready, which is then removed. Pending also when there is nothing.
    pub(crate) fn poll_any<R>(
        &mut self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut T, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        loop {
            let place = {
                let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
                match woken.places.pop_front() {
                    Some(place) => place,
                    None => {
                        let old = woken.waker.replace(cx.waker().clone());
                        drop(woken);
                        drop(old);
                        return Poll::Pending;
                    }
                }
            };
            let (item, waker) = &mut self.places[place];
            // A place may have been woken for something that was there before.
            let Some(present) = item else { continue };
            if let Poll::Ready(result) = poll(present, &mut Context::from_waker(waker)) {
                *item = None;
                self.free.push(place);
                return Poll::Ready(result);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Counting(AtomicUsize);

    impl Wake for Counting {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn only_what_was_woken_is_looked_at_again() {
        let mut list = ReadyList::new();
        (0..3).for_each(|item| list.push(item));
        let counting = Arc::new(Counting(AtomicUsize::new(0)));
        let outer = Waker::from(Arc::clone(&counting));
        let mut cx = Context::from_waker(&outer);
        let mut wakers = Vec::new();
        let first = list.poll_any(&mut cx, |item, cx| {
            wakers.push((*item, cx.waker().clone()));
            Poll::<()>::Pending
        });
        assert!(first.is_pending());

        wakers[1].1.wake_by_ref();

        assert_eq!(counting.0.load(Ordering::SeqCst), 1);
        let second = list.poll_any(&mut cx, |item, _| Poll::Ready(*item));
        assert_eq!(second, Poll::Ready(1));
        assert_eq!(list.len(), 2);
        let third = list.poll_any(&mut cx, |item, _| Poll::Ready(*item));
        assert!(third.is_pending(), "the others did not ask for it");
    }

    #[test]
    fn a_wake_for_what_is_gone_is_ignored() {
        let mut list = ReadyList::new();
        list.push('a');
        let mut cx = Context::from_waker(Waker::noop());
        let mut waker = None;
        let gone = list.poll_any(&mut cx, |item, cx| {
            waker = Some(cx.waker().clone());
            Poll::Ready(*item)
        });
        assert_eq!(gone, Poll::Ready('a'));

        waker.expect("it was polled").wake();

        assert!(
            list.poll_any(&mut cx, |item, _| Poll::Ready(*item))
                .is_pending()
        );
    }
}
