//! How senders read what whoever changes the workers publishes, for next to nothing.
//!
//! When a table is published, nothing comes in by an older one any more: that is what the order of messages with a key rests on. There are
//! two ways to read it.
//!
//! | reader | what it costs | why nothing comes in by an old table |
//! |---|---|---|
//! | [`glance`](Reader::glance): a message that finds room at once | a few loads: each thread keeps the table that it saw last | the mailbox of the worker asks under its lock whether that [is current](Glance::is_current), and who publishes looks at the mailboxes later |
//! | [`with`](Published::with): all others | one read-modify-write | it holds a lock as long as it reads, and who publishes takes all of them |
//!
//! For the second there are several copies of the pointer to the table, each behind a lock of its own and on a cache line of its own, and
//! each thread has its favourite. If it is taken, by another thread or by a push that this very one is in the middle of, the next one will
//! do. (A big-reader lock.)

use std::cell::{Ref, RefCell};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spin::mutex::{SpinMutex, SpinMutexGuard};
use thread_local::ThreadLocal;

const COPIES: usize = 8;
/// How often a reader goes round before it takes a pointer of its own instead.
const ROUNDS: usize = 1_000;

#[repr(align(128))]
struct Copy<T>(SpinMutex<Arc<T>>);

/// See the module's header.
pub(super) struct Published<T> {
    /// Which one is the present one, counted from the first.
    number: AtomicU64,
    copies: [Copy<T>; COPIES],
    /// Held only to clone it.
    latest: Mutex<Arc<T>>,
}

impl<T> Published<T> {
    pub(super) fn new(first: T) -> Self {
        let first = Arc::new(first);
        Published {
            number: AtomicU64::new(0),
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

    /// Makes this the present one. When it returns, nobody reads an older one any more, but for glances, which are not current.
    pub(super) fn publish(&self, next: T) {
        let next = Arc::new(next);
        let before = std::mem::replace(&mut *lock(&self.latest), Arc::clone(&next));
        // Before any mailbox is looked at: see the module's header.
        self.number.fetch_add(1, Ordering::Release);
        for copy in &self.copies {
            let old = std::mem::replace(&mut *patiently(&copy.0), Arc::clone(&next));
            // After the lock: it may be the last one.
            drop(old);
        }
        drop(before);
    }
}

/// The present table, for senders, each thread of which keeps what it saw last: it goes with the reader, not with the thread.
pub(super) struct Reader<T: Send> {
    seen: ThreadLocal<RefCell<Seen<T>>>,
    published: Arc<Published<T>>,
}

struct Seen<T> {
    number: u64,
    table: T,
}

/// A table that is, or a moment ago was, the present one.
pub(super) struct Glance<'a, T> {
    seen: Ref<'a, Seen<T>>,
    number: &'a AtomicU64,
}

impl<T> Glance<'_, T> {
    /// Whether it is. Asked under a lock that whoever publishes takes later, the answer holds until the lock is given up.
    #[inline]
    pub(super) fn is_current(&self) -> bool {
        self.number.load(Ordering::Relaxed) == self.seen.number
    }
}

impl<T> Deref for Glance<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.seen.table
    }
}

impl<T: Clone + Send> Reader<T> {
    pub(super) fn new(published: Arc<Published<T>>) -> Self {
        Reader {
            seen: ThreadLocal::new(),
            published,
        }
    }

    /// See [`Published::with`].
    pub(super) fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.published.with(read)
    }

    /// What this thread saw last, if that is the present one. A thread without it gets it for the next time.
    #[inline]
    pub(super) fn glance(&self) -> Option<Glance<'_, T>> {
        if let Some(seen) = self.seen.get()
            && let Ok(seen) = seen.try_borrow()
        {
            let number = &self.published.number;
            let glance = Glance { seen, number };
            if glance.is_current() {
                return Some(glance);
            }
        }
        self.look_again();
        None
    }

    #[cold]
    fn look_again(&self) {
        // In this order: a table that is newer than its number is looked at once more, one that is older would not be.
        let number = self.published.number.load(Ordering::Acquire);
        let table = T::clone(&lock(&self.published.latest));
        let mut present = Some(Seen { number, table });
        let first = || RefCell::new(present.take().expect("it is made once"));
        // A thread that is ending may have no place of its own any more; the crate panics then.
        let Ok(seen) = catch_unwind(AssertUnwindSafe(|| self.seen.get_or(first))) else {
            return;
        };
        // It is borrowed if this is in the middle of a push on this very thread.
        if let Some(present) = present
            && let Ok(mut seen) = seen.try_borrow_mut()
        {
            let old = std::mem::replace(&mut *seen, present);
            drop(seen);
            // After the borrow: it may be the last hold on workers that are gone.
            drop(old);
        }
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

#[cfg(test)]
mod tests;
