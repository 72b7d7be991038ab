//! How one run of a job is asked for: its urgency, its time, what to do when it fails, what it must wait for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dispatch::{LEVELS, NORMAL, Rare, RetryPlan, Terms};
use crate::runtime::Clock;
use crate::{JobError, Refusal};

/// Options for one run of a job.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use actor_pool::{JobOptions, Retry};
///
/// let options = JobOptions::new()
///     .priority(9)
///     .within(Duration::from_secs(30))
///     .retry(Retry::times(3).backoff(Duration::from_millis(100), Duration::from_secs(5)))
///     .key("account-17")
///     .name("nightly report");
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct JobOptions {
    priority: Option<u8>,
    deadline: Option<Deadline>,
    delay: Option<Duration>,
    retry: Option<Retry>,
    key: Option<Arc<str>>,
    name: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug)]
enum Deadline {
    At(Instant),
    Within(Duration),
}

impl JobOptions {
    /// The least urgent.
    pub const LOWEST: u8 = 0;
    /// What a job has that does not say: 4.
    pub const NORMAL: u8 = NORMAL;
    /// The most urgent: 9.
    pub const HIGHEST: u8 = LEVELS as u8 - 1;

    /// The defaults: of normal urgency, at any time, and not run again when its worker is lost.
    ///
    /// # Examples
    ///
    /// See [`JobOptions`].
    pub const fn new() -> Self {
        JobOptions {
            priority: None,
            deadline: None,
            delay: None,
            retry: None,
            key: None,
            name: None,
        }
    }

    /// From 0 to 9, the greatest first; 4 when it is not said. Jobs of one priority begin in the order in which they were accepted. A
    /// number out of range is refused with [`Refusal::Priority`].
    ///
    /// # Examples
    ///
    /// See [`JobOptions`].
    pub const fn priority(mut self, priority: u8) -> Self {
        self.priority = Some(priority);
        self
    }

    /// It is not begun after this moment; it fails with [`JobError::Expired`] then. A moment in the past is refused with
    /// [`Refusal::Expired`]. What has begun in time goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use actor_pool::JobOptions;
    ///
    /// let options = JobOptions::new().deadline(Instant::now() + Duration::from_secs(30));
    /// # let _ = options;
    /// ```
    #[doc(alias = "expires")]
    pub const fn deadline(mut self, at: Instant) -> Self {
        self.deadline = Some(Deadline::At(at));
        self
    }

    /// A [`deadline`](JobOptions::deadline), counted from when the job is handed in. Zero is in the past.
    ///
    /// # Examples
    ///
    /// See [`JobOptions`].
    #[doc(alias = "time_to_live")]
    pub const fn within(mut self, limit: Duration) -> Self {
        self.deadline = Some(Deadline::Within(limit));
        self
    }

    /// It is not begun before so much time has passed since it was handed in. It is pending meanwhile, and takes up room.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use actor_pool::JobOptions;
    ///
    /// let options = JobOptions::new().delay(Duration::from_secs(60));
    /// # let _ = options;
    /// ```
    #[doc(alias = "countdown")]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// It may run more than once without harm: when its worker is lost it is run again on another one, in its old place in the
    /// queue. A job that loses three workers in a row fails with [`JobError::Quarantined`](crate::JobError::Quarantined).
    ///
    /// A panic is an answer and is not tried again; see [`retry`](JobOptions::retry) for that.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// # use actor_pool::{Job, Pool};
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// use actor_pool::JobOptions;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let pool = Pool::builder().threads(1).start(&system).await?;
    /// // Computing a square twice harms nobody, so the loss of a worker need not be an error.
    /// let nine = pool.submit_with(&SQUARE, 3, JobOptions::new().retryable()).await?;
    /// assert_eq!(nine.await?, 9);
    /// # Ok(()) }
    /// ```
    pub const fn retryable(mut self) -> Self {
        self.retry = Some(Retry::when_lost());
        self
    }

    /// When it is run again. Only for registered jobs: a closure can run once, and is refused with [`Refusal::OnlyOnce`].
    ///
    /// # Examples
    ///
    /// See [`Retry`].
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Jobs with the same key run one after the other, in the order in which they were accepted, whatever their priorities; one that
    /// is to be tried again holds those behind it up.
    ///
    /// # Examples
    ///
    /// See [`JobOptions`].
    pub fn key(mut self, key: impl Into<Arc<str>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// What it is called in [`Pool::workers`](crate::Pool::workers), instead of the name of its function.
    ///
    /// # Examples
    ///
    /// See [`JobOptions`].
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether it may be run again after an error, so that its argument must be kept.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.retry.is_some_and(|retry| retry.plan.on.is_some())
    }

    pub(crate) fn is_retryable(&self) -> bool {
        self.retry.is_some()
    }

    /// The terms on which the dispatcher takes the job.
    pub(crate) fn terms(&self, clock: &Clock) -> Result<Terms, Refusal> {
        let priority = self.priority.unwrap_or(NORMAL);
        if priority > Self::HIGHEST {
            return Err(Refusal::Priority { priority });
        }
        Ok(Terms {
            priority,
            rare: self.rare(clock)?,
        })
    }

    fn rare(&self, clock: &Clock) -> Result<Option<Box<Rare>>, Refusal> {
        let is_plain = self.deadline.is_none()
            && self.delay.is_none()
            && self.retry.is_none()
            && self.key.is_none()
            && self.name.is_none();
        if is_plain {
            return Ok(None);
        }
        let now = clock.now();
        let deadline = self.deadline.map(|deadline| match deadline {
            Deadline::At(at) => clock.moment(at),
            Deadline::Within(limit) => now.plus(limit),
        });
        let not_before = self.delay.map(|delay| now.plus(delay));
        if deadline.is_some_and(|deadline| deadline <= not_before.unwrap_or(now)) {
            return Err(Refusal::Expired);
        }
        Ok(Some(Box::new(Rare {
            deadline,
            not_before,
            retry: self.retry.map(|retry| retry.plan),
            key: self.key.clone(),
            label: self.name.clone(),
        })))
    }
}

/// When a job is run again: only what may run more than once without harm is marked with one.
///
/// A lost worker is always a reason; which errors are, says [`on`](Retry::on). A job that loses three workers in a row fails with
/// [`JobError::Quarantined`], whatever is left of its times.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
/// use actor_pool::{JobOptions, Retry};
///
/// static TRIES: AtomicU32 = AtomicU32::new(0);
/// const FLAKY: Job<u64, u64> = Job::new("example.flaky/v1", |number| match TRIES.fetch_add(1, Ordering::Relaxed) {
///     0 | 1 => panic!("not yet"),
///     _ => number,
/// });
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// let retry = Retry::times(5).backoff(Duration::from_millis(1), Duration::from_secs(1)).jitter(0.2);
/// let job = pool.submit_with(&FLAKY, 7, JobOptions::new().retry(retry)).await?;
/// assert_eq!(job.await?, 7);
/// assert_eq!(pool.stats().retried, 2);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Retry {
    plan: RetryPlan,
}

impl Retry {
    /// So many times after the first, at most: after a lost worker and after a panic, without a pause.
    ///
    /// # Examples
    ///
    /// See [`Retry`].
    #[doc(alias = "max_retries")]
    pub const fn times(times: u32) -> Self {
        Retry {
            plan: RetryPlan {
                times,
                first: Duration::ZERO,
                cap: Duration::ZERO,
                jitter: 0.0,
                on: Some(panicked),
            },
        }
    }

    const fn when_lost() -> Self {
        let mut retry = Retry::times(u32::MAX);
        retry.plan.on = None;
        retry
    }

    /// A pause before each time: `first`, then twice as long, and so on up to `cap`. None by default.
    ///
    /// # Examples
    ///
    /// See [`Retry`].
    pub const fn backoff(mut self, first: Duration, cap: Duration) -> Self {
        self.plan.first = first;
        self.plan.cap = cap;
        self
    }

    /// Makes the pauses shorter by up to this share of them (0 to 1), by chance, so that jobs which failed together are not tried
    /// together. 0 by default.
    ///
    /// # Examples
    ///
    /// See [`Retry`].
    pub const fn jitter(mut self, share: f64) -> Self {
        self.plan.jitter = share;
        self
    }

    /// After which errors: those for which this says `true`, beside a lost worker. A panic by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::{JobError, Retry};
    ///
    /// let retry = Retry::times(3).on(|error| matches!(error, JobError::Panicked(panic) if panic.text.contains("busy")));
    /// # let _ = retry;
    /// ```
    #[doc(alias = "retry_on")]
    pub const fn on(mut self, decides: fn(&JobError) -> bool) -> Self {
        self.plan.on = Some(decides);
        self
    }
}

fn panicked(error: &JobError) -> bool {
    matches!(error, JobError::Panicked(_))
}
