//! Where the buffer of a large result waits for the next one. The carrier sees to the time.
//!
//! The kernel clears the pages of new memory one by one, when each is touched first: for tens of MiB that takes twice as long as the way
//! through the socket. So the buffer in which a large result was read is kept when the last user of the result lets go of it, and the next
//! one is read into it.
//!
//! | bound | |
//! |---|---|
//! | how many | one buffer per worker process |
//! | how large | twice the result that is read into it, at most; results below [`KEPT_MIN`] have their own |
//! | how long | [`KEPT_FOR`] after it came back, and not beyond the worker |
//!
//! Called by the frames and the carrier of one worker, and by whoever drops a result. Never waits, and never allocates.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A smaller buffer is not kept: the allocator has such at hand.
pub(super) const KEPT_MIN: usize = 1024 * 1024;
/// A buffer that nobody has wanted for so long goes back to the system: long enough for one result after the other, too short to be missed.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// A result does not hold on to more than this many times its size.
const EXCESS: usize = 2;

/// See the module's header.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    kept: Mutex<Option<Kept>>,
    /// A buffer has come back.
    pub(super) filled: Notify,
}

#[derive(Debug)]
struct Kept {
    buffer: Vec<u8>,
    until: Instant,
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An empty buffer for so many bytes, if there is one that suits.
    pub(super) fn take(&self, len: usize) -> Option<Vec<u8>> {
        let suits = |kept: &mut Kept| len >= KEPT_MIN && kept.buffer.capacity() / EXCESS <= len;
        self.lock().take_if(suits).map(|kept| kept.buffer)
    }

    /// What was read, for as long as somebody wants it; then the buffer comes back.
    pub(super) fn lend(self: &Arc<Self>, buffer: Vec<u8>) -> Bytes {
        if buffer.capacity() < KEPT_MIN {
            return buffer.into();
        }
        Bytes::from_owner(Lent {
            buffer,
            shelf: Arc::downgrade(self),
        })
    }

    /// When to look at the time again, if there is anything to give up.
    pub(super) fn due(&self) -> Option<Instant> {
        self.lock().as_ref().map(|kept| kept.until)
    }

    /// Gives up what was kept long enough.
    pub(super) fn handle_time(&self, now: Instant) {
        let kept = self.lock().take_if(|kept| kept.until <= now);
        // Outside of the lock: it takes a while.
        drop(kept);
    }

    /// The one that was in use last stays.
    fn put_back(&self, mut buffer: Vec<u8>, now: Instant) {
        buffer.clear();
        let until = now + KEPT_FOR;
        let before = self.lock().replace(Kept { buffer, until });
        drop(before);
        self.filled.notify_one();
    }
}

struct Lent {
    buffer: Vec<u8>,
    /// Gone with the worker.
    shelf: Weak<Shelf>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(shelf) = self.shelf.upgrade() {
            shelf.put_back(std::mem::take(&mut self.buffer), Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(len: usize) -> Vec<u8> {
        vec![7; len]
    }

    #[test]
    fn the_buffer_of_a_result_comes_back_when_its_last_part_is_let_go_of() {
        let shelf = Arc::<Shelf>::default();
        let result = shelf.lend(read(2 * KEPT_MIN));
        let place = result.as_ptr();
        let part = result.slice(100..200);
        drop(result);
        assert!(shelf.take(2 * KEPT_MIN).is_none(), "it is in use");

        drop(part);

        let next = shelf.take(2 * KEPT_MIN).expect("it has come back");
        assert!(next.is_empty());
        assert_eq!(next.as_ptr(), place);
        assert!(shelf.take(2 * KEPT_MIN).is_none(), "it is taken");
    }

    #[test]
    fn one_buffer_is_kept_at_most_and_none_that_is_small() {
        let shelf = Arc::<Shelf>::default();
        let (one, other) = (shelf.lend(read(KEPT_MIN)), shelf.lend(read(KEPT_MIN)));
        let last = other.as_ptr();
        drop(one);
        drop(other);
        drop(shelf.lend(read(KEPT_MIN / 2)));

        assert_eq!(shelf.take(KEPT_MIN).map(|kept| kept.as_ptr()), Some(last));
        assert!(shelf.take(KEPT_MIN).is_none());
    }

    #[test]
    fn a_result_is_not_read_into_a_buffer_of_more_than_twice_its_size() {
        let shelf = Arc::<Shelf>::default();
        drop(shelf.lend(read(4 * KEPT_MIN)));

        assert!(shelf.take(2 * KEPT_MIN - 1).is_none());
        assert!(shelf.take(KEPT_MIN - 1).is_none());
        assert!(shelf.take(2 * KEPT_MIN).is_some());
    }

    #[test]
    fn what_nobody_wants_is_kept_for_a_second() {
        let (shelf, start) = (Shelf::default(), Instant::now());
        shelf.put_back(read(KEPT_MIN), start);
        let due = start + KEPT_FOR;
        assert_eq!(shelf.due(), Some(due));

        shelf.handle_time(due - Duration::from_nanos(1));
        let taken = shelf.take(KEPT_MIN).expect("it is not time yet");
        assert_eq!(shelf.due(), None, "there is nothing to give up");

        shelf.put_back(taken, start);
        shelf.handle_time(due);
        assert!(shelf.take(KEPT_MIN).is_none());
    }

    #[test]
    fn a_result_outlives_its_worker_and_its_buffer_is_not_kept() {
        let shelf = Arc::<Shelf>::default();
        let gone = Arc::downgrade(&shelf);
        let result = shelf.lend(read(KEPT_MIN));

        drop(shelf);

        assert_eq!(result.len(), KEPT_MIN);
        assert!(gone.upgrade().is_none());
    }
}
