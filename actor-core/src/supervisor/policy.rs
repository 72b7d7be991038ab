//! What a supervisor decides: whether a child is restarted, whether that was once too often, how long to wait. Pure; time is an
//! argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::ExitReason;

/// When a child is restarted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// On every exit.
    #[default]
    Permanent,
    /// Only after a failure ([`ExitReason::is_failure`]).
    Transient,
    /// Never; its specification is forgotten when it ends.
    Temporary,
}

impl Restart {
    /// Whether a child of this type is restarted after such an end.
    pub(crate) fn wants(self, reason: &ExitReason) -> bool {
        match self {
            Restart::Permanent => true,
            Restart::Transient => reason.is_failure(),
            Restart::Temporary => false,
        }
    }
}

/// Which children are restarted when one of them fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// Only the one that failed.
    #[default]
    OneForOne,
}

/// How many failures within how long are too many: one sliding window per supervisor.
#[derive(Clone, Debug)]
pub(crate) struct Intensity {
    max: u32,
    period: Duration,
    failures: VecDeque<Instant>,
}

impl Intensity {
    pub(crate) fn new(max: u32, period: Duration) -> Self {
        Intensity {
            max,
            period,
            failures: VecDeque::new(),
        }
    }

    /// Notes a failure. Returns whether a restart is still within the limit.
    ///
    /// A failure exactly at the edge of the period still counts.
    pub(crate) fn handle_failure(&mut self, now: Instant) -> bool {
        while self
            .failures
            .front()
            .is_some_and(|then| now.duration_since(*then) > self.period)
        {
            self.failures.pop_front();
        }
        self.failures.push_back(now);
        self.failures.len() <= self.max as usize
    }
}

/// How long to wait before a child that keeps failing is started again. Siblings and calls do not wait with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
    factor: f64,
    jitter: f64,
    reset_after: Duration,
}

impl Backoff {
    /// Waits `first` before the first restart and twice as long before each further one, at most `cap`. After the child has run for
    /// `cap` without a failure it starts over with `first`.
    ///
    /// # Panics
    ///
    /// If `first` is longer than `cap`.
    #[must_use]
    pub fn exponential(first: Duration, cap: Duration) -> Self {
        assert!(first <= cap, "a backoff cannot begin above its cap");
        Backoff {
            first,
            cap,
            factor: 2.0,
            jitter: 0.0,
            reset_after: cap,
        }
    }

    /// Waits the same time before each restart.
    #[must_use]
    pub fn constant(delay: Duration) -> Self {
        Backoff {
            factor: 1.0,
            ..Backoff::exponential(delay, delay)
        }
    }

    /// By how much each delay grows; 2 by default.
    ///
    /// # Panics
    ///
    /// If the factor is below 1 or no number.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        assert!(factor >= 1.0, "a backoff that shrinks is none");
        self.factor = factor;
        self
    }

    /// Varies each delay at random by up to this share of it, up or down, so that many children do not restart in step.
    ///
    /// # Panics
    ///
    /// If the share is not between 0 and 1.
    #[must_use]
    pub fn jitter(mut self, share: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&share),
            "jitter is a share between 0 and 1"
        );
        self.jitter = share;
        self
    }

    /// After how long without a failure the delays start over.
    #[must_use]
    pub fn reset_after(mut self, healthy: Duration) -> Self {
        self.reset_after = healthy;
        self
    }

    /// The delay before the restart that follows so many failures in a row (0 for the first). `random` is between 0 and 1.
    pub(crate) fn delay(&self, failures_before: u32, random: f64) -> Duration {
        let cap = self.cap.as_secs_f64();
        let exponent = i32::try_from(failures_before).unwrap_or(i32::MAX);
        let plain = (self.first.as_secs_f64() * self.factor.powi(exponent)).min(cap);
        let varied = plain * (1.0 + self.jitter * (2.0 * random - 1.0));
        Duration::from_secs_f64(varied.clamp(0.0, cap))
    }

    /// Whether a child that ran this long counts as healthy again.
    pub(crate) fn is_reset_by(&self, ran: Duration) -> bool {
        ran >= self.reset_after
    }
}

#[cfg(test)]
mod tests;
