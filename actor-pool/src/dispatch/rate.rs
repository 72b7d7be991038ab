//! How often jobs may begin: evenly spaced, so that no window of time sees more than it should.
//!
//! The source is the generic cell rate algorithm, with a burst of one.

use std::time::Duration;

use super::Moment;

/// See the module's header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    interval: u64,
    next: Moment,
}

impl Rate {
    /// At most so many jobs in any `per`. Both are more than zero.
    pub(crate) fn new(jobs: u32, per: Duration) -> Self {
        let nanos = u64::try_from(per.as_nanos()).unwrap_or(u64::MAX);
        Rate {
            interval: nanos.div_ceil(u64::from(jobs.max(1))),
            next: Moment::START,
        }
    }

    /// When the next job may begin, if that is not now.
    pub(super) fn wait(&self, now: Moment) -> Option<Moment> {
        (self.next > now).then_some(self.next)
    }

    /// So many jobs begin.
    pub(super) fn begin(&mut self, jobs: u32, now: Moment) {
        let from = self.next.max(now);
        self.next = from.plus_nanos(self.interval.saturating_mul(u64::from(jobs)));
    }
}
