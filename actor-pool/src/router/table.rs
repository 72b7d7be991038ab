//! What senders see of a router: its workers, and who owns which keys; and how they read it.
//!
//! A table never changes; whoever changes the workers publishes a new one. Senders hold the present one while they choose and push, so
//! when a new one is published, no push by an old one is under way: that is what the order of messages with a key rests on.
//!
//! Reading must cost next to nothing and keep no sender from another one, so there are several copies of the pointer to the table, each
//! behind a lock of its own and on a cache line of its own, and each thread has its favourite. A free lock costs one read-modify-write of
//! a line that stays in the thread's cache; if it is taken, by another thread or by a push that this very one is in the middle of, the
//! next one will do. Who publishes takes each once. (A big-reader lock; an `Arc` that is cloned would cost two writes to a line that all
//! senders share.)

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spin::mutex::{SpinMutex, SpinMutexGuard};

use super::seat::Seat;

/// In place of a worker: the slot is held.
pub(super) const HELD: u16 = u16::MAX;

/// See the module's header.
pub(super) struct Table<M: Send + 'static> {
    pub(super) version: u64,
    pub(super) seats: Vec<Arc<Seat<M>>>,
    /// The places of the owners in `seats`, by slot; nothing where there are no keys.
    pub(super) slots: Vec<u16>,
    /// Those that get nothing more, but still have something.
    pub(super) leaving: Vec<Arc<Seat<M>>>,
}

impl<M: Send + 'static> Table<M> {
    pub(super) fn empty() -> Self {
        Table {
            version: 0,
            seats: Vec::new(),
            slots: Vec::new(),
            leaving: Vec::new(),
        }
    }

    /// The owner of a slot, unless it is held.
    #[inline]
    pub(super) fn owner(&self, slot: usize) -> Option<&Arc<Seat<M>>> {
        match self.slots.get(slot) {
            None | Some(&HELD) => None,
            Some(&place) => self.seats.get(usize::from(place)),
        }
    }
}

const COPIES: usize = 8;
/// How often a reader goes round before it takes a pointer of its own instead.
const ROUNDS: usize = 1_000;

#[repr(align(128))]
struct Copy<T>(SpinMutex<Arc<T>>);

/// See the module's header.
pub(super) struct Published<T> {
    copies: [Copy<T>; COPIES],
    /// Held only to clone it.
    latest: Mutex<Arc<T>>,
}

impl<T> Published<T> {
    pub(super) fn new(first: T) -> Self {
        let first = Arc::new(first);
        Published {
            copies: std::array::from_fn(|_| Copy(SpinMutex::new(Arc::clone(&first)))),
            latest: Mutex::new(first),
        }
    }

    /// Reads the present one. While `read` runs, nothing else is published, as long as no more than a few of them run inside one another.
    #[inline]
    pub(super) fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        let favourite = favourite();
        if let Some(present) = self.copies[favourite].0.try_lock() {
            return read(&present);
        }
        self.with_another(favourite, read)
    }

    #[cold]
    fn with_another<R>(&self, favourite: usize, read: impl FnOnce(&T) -> R) -> R {
        for next in 1..COPIES * ROUNDS {
            if let Some(present) = self.copies[(favourite + next) % COPIES].0.try_lock() {
                return read(&present);
            }
            std::hint::spin_loop();
        }
        // Each copy is in the hands of a push that this one is in the middle of: better late than never.
        let present = Arc::clone(&lock(&self.latest));
        read(&present)
    }

    /// Makes this the present one. When it returns, nobody reads an older one any more.
    pub(super) fn publish(&self, next: T) {
        let next = Arc::new(next);
        let before = std::mem::replace(&mut *lock(&self.latest), Arc::clone(&next));
        for copy in &self.copies {
            let old = std::mem::replace(&mut *patiently(&copy.0), Arc::clone(&next));
            // After the lock: it may be the last one.
            drop(old);
        }
        drop(before);
    }
}

/// Readers may be in the middle of a push, and that in the drop of a message.
fn patiently<T>(mutex: &SpinMutex<T>) -> SpinMutexGuard<'_, T> {
    loop {
        if let Some(guard) = mutex.try_lock() {
            return guard;
        }
        std::thread::yield_now();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic is done under it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The copy that this thread looks at first.
#[inline]
fn favourite() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % COPIES;
    }
    // A thread that is ending has none any more.
    MINE.try_with(|mine| *mine).unwrap_or(0)
}
