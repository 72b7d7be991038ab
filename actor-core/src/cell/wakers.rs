//! Whom to wake after the lock.

use std::task::Waker;

/// How many wakers need no heap: more senders than this seldom get room at once.
const FEW: usize = 8;

/// Wakers that were collected under a lock. Ordinarily few, and then nothing is allocated: this happens every few messages.
#[derive(Default)]
pub(super) struct Wakers {
    few: [Option<Waker>; FEW],
    count: usize,
    more: Vec<Waker>,
}

impl Wakers {
    /// Wakes them in the order in which they came. Not under the lock.
    pub(super) fn wake(self) {
        self.few.into_iter().flatten().for_each(Waker::wake);
        self.more.into_iter().for_each(Waker::wake);
    }
}

impl Extend<Waker> for Wakers {
    fn extend<I: IntoIterator<Item = Waker>>(&mut self, wakers: I) {
        for waker in wakers {
            match self.few.get_mut(self.count) {
                Some(place) => {
                    *place = Some(waker);
                    self.count += 1;
                }
                None => self.more.push(waker),
            }
        }
    }
}
