//! On what terms a job is accepted: moments, retries, and what few jobs ask for.

use std::sync::Arc;
use std::time::Duration;

use crate::JobError;

/// A moment on the clock of the pool, in nanoseconds since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) const START: Moment = Moment(0);

    pub(crate) fn after_start(since: Duration) -> Self {
        Moment(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(crate) fn plus(self, later: Duration) -> Self {
        self.plus_nanos(u64::try_from(later.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(super) fn plus_nanos(self, nanos: u64) -> Self {
        Moment(self.0.saturating_add(nanos))
    }

    /// How long it was since an earlier one.
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Which urgency a job has when it does not say.
pub(crate) const NORMAL: u8 = 4;

/// On what terms a job is accepted.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// 0 to 9; the greatest first.
    pub(crate) priority: u8,
    pub(crate) rare: Option<Box<Rare>>,
}

impl Default for Terms {
    fn default() -> Self {
        Terms {
            priority: NORMAL,
            rare: None,
        }
    }
}

impl Terms {
    /// Whether a job asks for nothing that others do not.
    pub(crate) fn are_usual(&self) -> bool {
        self.rare.is_none() && self.priority == NORMAL
    }
}

/// What most jobs do without.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rare {
    /// It is not begun afterwards.
    pub(crate) deadline: Option<Moment>,
    /// It is not begun before.
    pub(crate) not_before: Option<Moment>,
    pub(crate) retry: Option<RetryPlan>,
    /// Jobs with the same key run one after the other.
    pub(crate) key: Option<Arc<str>>,
    /// What it is called in listings.
    pub(crate) label: Option<Arc<str>>,
}

/// When a job is run again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPlan {
    /// How often, at most, after the first time.
    pub(crate) times: u32,
    pub(crate) first: Duration,
    pub(crate) cap: Duration,
    /// The part of the pause that is left to chance, 0 to 1.
    pub(crate) jitter: f64,
    /// After which errors; `None`: when its worker was lost.
    pub(crate) on: Option<fn(&JobError) -> bool>,
}

impl RetryPlan {
    /// The pause before the `attempt`-th repetition, counted from 1. `seed` is the chance.
    pub(crate) fn pause(&self, attempt: u32, seed: u64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let full = self.first.saturating_mul(1 << doublings).min(self.cap);
        if self.jitter <= 0.0 {
            return full;
        }
        let chance = (scramble(seed ^ u64::from(attempt)) >> 11) as f64 / (1u64 << 53) as f64;
        full.mul_f64(1.0 - self.jitter.min(1.0) * chance)
    }
}

/// The finaliser of SplitMix64: every bit of the result depends on every bit of the number.
fn scramble(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
