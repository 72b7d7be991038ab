//! How long a child that keeps failing waits for its restart. Pure; the caller brings the dice.
//!
//! Asked by `plan` at every failure. Erlang/OTP has nothing of the kind; the shape is that of exponential backoff everywhere else.

use std::time::Duration;

/// How long to wait before a child that keeps failing is started again. Siblings and calls do not wait with it.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
/// # struct Flaky;
/// # impl Actor for Flaky {
/// #     type Msg = Msg;
/// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
/// #         match msg {
/// #             Msg::Fail => return Err("as asked".into()),
/// #             Msg::Stop => ctx.stop(),
/// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// // 100 ms, 200 ms, 400 ms, … at most 30 s; from the beginning again after ten healthy minutes.
/// let patient = Backoff::exponential(Duration::from_millis(100), Duration::from_secs(30))
///     .jitter(0.1)
///     .reset_after(Duration::from_secs(600));
/// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).backoff(patient).build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
/// # sup.stop(); sup.wait().await;
/// # Ok(()) }
/// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Backoff;
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::exponential(Duration::from_millis(100), Duration::from_secs(30));
    /// assert_ne!(backoff, Backoff::constant(Duration::from_millis(100)));
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Backoff;
    /// use std::time::Duration;
    ///
    /// let every_second = Backoff::constant(Duration::from_secs(1));
    /// assert_eq!(every_second, Backoff::exponential(Duration::from_secs(1), Duration::from_secs(1)).factor(1.0));
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Backoff;
    /// use std::time::Duration;
    ///
    /// // 1 s, 10 s, 60 s, 60 s, …
    /// let steep = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60)).factor(10.0);
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Backoff;
    /// use std::time::Duration;
    ///
    /// // Between 0.8 and 1.2 seconds: a hundred children that lost the same server do not come back in the same instant.
    /// // No delay is longer than the cap, so it lies above them.
    /// let spread = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(2)).factor(1.0).jitter(0.2);
    /// ```
    #[must_use]
    pub fn jitter(mut self, share: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&share),
            "jitter is a share between 0 and 1"
        );
        self.jitter = share;
        self
    }

    /// After how long a run without a failure the delays start over; after the cap by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Backoff;
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::exponential(Duration::from_millis(100), Duration::from_secs(30))
    ///     .reset_after(Duration::from_secs(600));
    /// ```
    #[must_use]
    pub fn reset_after(mut self, healthy: Duration) -> Self {
        self.reset_after = healthy;
        self
    }

    /// The delay before the restart that follows so many failures in a row (0 for the first). `random` is between 0 and 1.
    pub(crate) fn delay(&self, failures_before: u32, random: f64) -> Duration {
        let cap = self.cap.as_secs_f64();
        let exponent = i32::try_from(failures_before).unwrap_or(i32::MAX);
        if self.first.is_zero() {
            return Duration::ZERO;
        }
        let plain = (self.first.as_secs_f64() * self.factor.powi(exponent)).min(cap);
        let varied = plain * (1.0 + self.jitter * (2.0 * random - 1.0));
        // A cap near the end of the range does not survive the way through floating point.
        Duration::try_from_secs_f64(varied.clamp(0.0, cap)).unwrap_or(self.cap)
    }

    /// Whether a child that ran this long counts as healthy again.
    pub(crate) fn is_reset_by(&self, ran: Duration) -> bool {
        ran >= self.reset_after
    }
}

#[cfg(test)]
mod tests;
