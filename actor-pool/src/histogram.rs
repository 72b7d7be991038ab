//! How long things took, in a few hundred counters: each duration is counted in a bucket whose bounds are at most a quarter apart.
//!
//! Pure. Recording is one addition. The source is the log-linear histogram of HDR histograms, with four steps per power of two.

use std::time::Duration;

/// Steps per power of two, as a power of two.
const STEPS_LOG: u32 = 2;
const STEPS: u64 = 1 << STEPS_LOG;
/// Enough for every number of nanoseconds that fits into 64 bits.
const BUCKETS: usize = ((64 - STEPS_LOG as usize) + 1) << STEPS_LOG;

/// How long jobs took: how many, and which share took how long at most.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// pool.map(&SQUARE, 1..=10).collect().await;
/// let running = pool.stats().running_time;
/// assert_eq!(running.count(), 10);
/// println!("half took at most {:?}, nearly all {:?}", running.p50(), running.p99());
/// assert!(running.p50() <= running.p99());
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64; BUCKETS]>,
    count: u64,
    total: u128,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Histogram {
            counts: Box::new([0; BUCKETS]),
            count: 0,
            total: 0,
        }
    }

    pub(crate) fn record(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanos)] += 1;
        self.count += 1;
        self.total += u128::from(nanos);
    }

    /// How many were counted.
    ///
    /// # Examples
    ///
    /// See [`Histogram`].
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean; zero when nothing was counted.
    ///
    /// # Examples
    ///
    /// See [`Histogram`].
    #[must_use]
    pub fn mean(&self) -> Duration {
        let mean = self.total.checked_div(u128::from(self.count)).unwrap_or(0);
        Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX))
    }

    /// What so large a share (0 to 1) took at most, a quarter too long at worst; zero when nothing was counted.
    ///
    /// # Examples
    ///
    /// See [`Histogram`].
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = (share.clamp(0.0, 1.0) * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_nanos(upper(place));
            }
        }
        Duration::ZERO
    }

    /// What half of them took at most.
    ///
    /// # Examples
    ///
    /// See [`Histogram`].
    #[must_use]
    pub fn p50(&self) -> Duration {
        self.quantile(0.5)
    }

    /// What 99 of 100 took at most.
    ///
    /// # Examples
    ///
    /// See [`Histogram`].
    #[must_use]
    pub fn p99(&self) -> Duration {
        self.quantile(0.99)
    }
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count)
            .field("p50", &self.p50())
            .field("p99", &self.p99())
            .finish()
    }
}

fn bucket(nanos: u64) -> usize {
    if nanos < STEPS {
        return nanos as usize;
    }
    let log = nanos.ilog2();
    let step = (nanos >> (log - STEPS_LOG)) & (STEPS - 1);
    (((log - STEPS_LOG + 1) as usize) << STEPS_LOG) + step as usize
}

/// The largest number of nanoseconds in a bucket.
fn upper(place: usize) -> u64 {
    let place = place as u64;
    if place < STEPS {
        return place;
    }
    let shift = (place >> STEPS_LOG) - 1;
    let first = (STEPS + (place & (STEPS - 1))) << shift;
    first + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests;
