//! Hands jobs in to one pool, does to them what their manner says, and writes down what becomes of each.
//!
//! One of these runs for each pool, until the pool refuses its jobs.

use std::sync::Arc;
use std::time::Duration;

use actor_pool::{
    Completed, JobError, JobHandle, JobOptions, JobStatus, Pool, Refusal, Retry, SubmitError,
    WorkerKind,
};
use tokio::task::JoinSet;

use super::jobs::{DO, Order, Parcel};
use super::ledger::{Entry, Kind, Told};
use super::round::Shared;
use super::script::{DEEDS, Deck, Deed, Dice, MANNERS, Manner};

/// One job in so many is followed by a break.
const BREAKS: u64 = 100;
/// How long it takes.
const BREAK: Duration = Duration::from_millis(60);
/// How often one who aborts a job looks whether it runs, a millisecond apart.
const ABORT_LOOKS: u32 = 50;

/// Feeds a pool.
pub(super) struct Feeder {
    name: &'static str,
    pool: Pool,
    next: u64,
    dice: Dice,
    shared: Arc<Shared>,
    deeds: Deck<Deed>,
    manners: Deck<Manner>,
}

/// What comes of a job, whatever it was: the number that came back.
pub(super) type Outcome = Result<u64, JobError>;

impl Feeder {
    pub(super) fn new(
        name: &'static str,
        pool: Pool,
        first: u64,
        dice: Dice,
        shared: &Arc<Shared>,
    ) -> Self {
        Feeder {
            name,
            pool,
            next: first,
            dice,
            shared: Arc::clone(shared),
            deeds: Deck::new(DEEDS),
            manners: Deck::new(MANNERS),
        }
    }

    /// Hands in jobs until the pool takes no more; completes when each has an outcome.
    pub(super) async fn feed(mut self) {
        let mut watching = JoinSet::new();
        let is_async = self
            .pool
            .workers()
            .iter()
            .all(|worker| worker.kind == WorkerKind::Task);
        loop {
            let (deed, manner) = (
                self.deeds.deal(&mut self.dice),
                self.manners.deal(&mut self.dice),
            );
            let job = self.next;
            self.next += 1;
            let is_open = if is_async {
                self.hand_in_async(job, deed, manner, &mut watching).await
            } else {
                self.hand_in(job, deed, manner, &mut watching).await
            };
            if !is_open {
                break;
            }
            while watching.try_join_next().is_some() {}
            if self.dice.below(BREAKS) == 0 {
                // Long enough for workers to go that have nothing to do.
                tokio::time::sleep(BREAK).await;
            }
        }
        while watching.join_next().await.is_some() {}
    }

    /// A registered job. `false`: the pool takes no more.
    async fn hand_in(
        &mut self,
        job: u64,
        deed: Deed,
        manner: Manner,
        watching: &mut JoinSet<()>,
    ) -> bool {
        let options = self.options(deed, manner);
        self.enter(job, deed, manner, &options);
        let order = Order::new(job, deed, &self.shared.notes, self.dice.millis(3, 30));
        // One in four is not patient.
        let handed_in = if self.dice.below(4) == 0 {
            let tried = self.pool.try_submit_with(&DO, order, options.job);
            tokio::task::yield_now().await;
            tried
        } else {
            self.pool.submit_with(&DO, order, options.job).await
        };
        self.watch(
            job,
            manner,
            handed_in,
            |parcel: &Parcel| parcel.job,
            watching,
        )
    }

    /// An async closure, for pools of tasks.
    async fn hand_in_async(
        &mut self,
        job: u64,
        deed: Deed,
        manner: Manner,
        watching: &mut JoinSet<()>,
    ) -> bool {
        // A closure can be run once.
        let deed = match deed {
            Deed::Flaky | Deed::Poison | Deed::BigArgument | Deed::BigResult | Deed::Garbled => {
                Deed::Slow
            }
            // Nothing ends it but an abort, since there is no limit on its time.
            Deed::Stuck if manner != Manner::Abort => Deed::Slow,
            deed => deed,
        };
        let manner = match manner {
            Manner::Retryable => Manner::Plain,
            manner => manner,
        };
        let options = self.options(deed, manner);
        self.enter(job, deed, manner, &options);
        let (span, shared) = (self.dice.millis(1, 10), Arc::clone(&self.shared));
        let working = move || async move {
            shared.ledger(|ledger| ledger.begin(job));
            match deed {
                Deed::Quick | Deed::Bulk => {}
                Deed::Panic | Deed::Exit | Deed::Abort => {
                    std::panic::resume_unwind(Box::new(format!("{deed} on purpose")))
                }
                Deed::Stuck => std::future::pending().await,
                _ => tokio::time::sleep(span).await,
            }
            job
        };
        let handed_in = self.pool.submit_async_with(working, options.job).await;
        self.watch(job, manner, handed_in, |job: &u64| *job, watching)
    }

    fn enter(&self, job: u64, deed: Deed, manner: Manner, options: &Options) {
        let entry = Entry {
            pool: self.name,
            deed,
            is_repeatable: options.is_repeatable,
            is_called_off: matches!(manner, Manner::Cancel | Manner::Abort),
            is_awaited: manner != Manner::Forget,
            has_callback: true,
            expires: manner == Manner::Expiring,
            key: options.key,
        };
        self.shared.ledger(|ledger| ledger.enter(job, entry));
    }

    fn options(&mut self, deed: Deed, manner: Manner) -> Options {
        let job = JobOptions::new();
        let key = match manner {
            Manner::Keyed => Some(["odd", "even"][self.dice.below(2) as usize]),
            _ => None,
        };
        let job = key.into_iter().fold(job, JobOptions::key);
        let job = match manner {
            Manner::Retryable => job.retryable(),
            Manner::Urgent => job.priority(JobOptions::HIGHEST),
            Manner::Delayed => job.delay(self.dice.millis(1, 50)),
            Manner::Expiring => job.within(self.dice.millis(1, 30)),
            Manner::Plain | Manner::Keyed | Manner::Cancel | Manner::Abort | Manner::Forget => job,
        };
        let (job, is_repeatable) = match deed {
            Deed::Poison => (job.retryable(), true),
            Deed::Flaky => {
                let retry =
                    Retry::times(2).backoff(Duration::from_millis(1), Duration::from_millis(10));
                (job.retry(retry), true)
            }
            _ => (job, manner == Manner::Retryable),
        };
        Options {
            job,
            key,
            is_repeatable,
        }
    }

    /// Sees to it that the outcome is written down. `false`: the pool takes no more.
    fn watch<Arg, Out: Send + 'static>(
        &mut self,
        job: u64,
        manner: Manner,
        handed_in: Result<JobHandle<Out>, SubmitError<Arg>>,
        number: fn(&Out) -> u64,
        watching: &mut JoinSet<()>,
    ) -> bool {
        let handle = match handed_in {
            Ok(handle) => handle,
            Err(refused) => {
                let refusal = refused.refusal().clone();
                let is_open = refusal != Refusal::Closed;
                self.tell(job, Err(JobError::Refused(refusal)));
                return is_open;
            }
        };
        let shared = Arc::clone(&self.shared);
        handle.on_done(move |result| {
            let kind = kind_of(result.map(|_| ()));
            shared.ledger(|ledger| ledger.call(job, kind));
        });
        if manner == Manner::Forget {
            return true;
        }
        let shared = Arc::clone(&self.shared);
        let pause = self.dice.millis(0, 12);
        watching.spawn(async move {
            call_off(job, manner, pause, &handle, &shared).await;
            let outcome = handle.outcome().await;
            let outcome = outcome.map(|Completed { value, .. }| number(&value));
            let told = told(job, outcome);
            shared.ledger(|ledger| ledger.tell(job, told));
        });
        true
    }

    fn tell(&self, job: u64, outcome: Outcome) {
        let told = told(job, outcome);
        self.shared.ledger(|ledger| ledger.tell(job, told));
    }
}

struct Options {
    job: JobOptions,
    key: Option<&'static str>,
    is_repeatable: bool,
}

async fn call_off<Out>(
    job: u64,
    manner: Manner,
    pause: Duration,
    handle: &JobHandle<Out>,
    shared: &Shared,
) {
    match manner {
        Manner::Cancel => {
            tokio::time::sleep(pause).await;
            let is_cancelled = handle.cancel();
            shared.ledger(|ledger| ledger.cancelled(job, is_cancelled));
            shared.tally(|tally| tally.cancels += u64::from(is_cancelled));
        }
        Manner::Abort => {
            // What is pending would only be cancelled.
            for _ in 0..ABORT_LOOKS {
                if handle.status() != JobStatus::Pending {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(pause / 4).await;
            let is_aborted = handle.abort();
            shared.tally(|tally| tally.aborts += u64::from(is_aborted));
        }
        _ => {}
    }
}

pub(super) fn told(job: u64, outcome: Outcome) -> Told {
    let kind = match &outcome {
        Ok(number) if *number != job => Kind::Strange,
        Ok(_) => Kind::Done,
        Err(error) => kind_of(Err::<(), _>(error)),
    };
    Told {
        kind,
        may_have_run: outcome
            .as_ref()
            .map_or_else(JobError::may_have_run, |_| true),
        text: match outcome {
            Ok(number) => format!("the result of job {number}"),
            Err(error) => error.to_string(),
        },
    }
}

fn kind_of(result: Result<(), &JobError>) -> Kind {
    match result {
        Ok(()) => Kind::Done,
        Err(JobError::Refused(Refusal::Closed | Refusal::Full | Refusal::Expired)) => Kind::Refused,
        Err(JobError::Cancelled) => Kind::Cancelled,
        Err(JobError::Shutdown) => Kind::Shutdown,
        Err(JobError::Expired) => Kind::Expired,
        Err(JobError::Aborted) => Kind::Aborted,
        Err(JobError::GivenUp) => Kind::GivenUp,
        Err(JobError::Panicked { .. }) => Kind::Panicked,
        Err(JobError::WorkerLost { .. }) => Kind::WorkerLost,
        Err(JobError::Quarantined { .. }) => Kind::Quarantined,
        Err(JobError::TimeLimit { .. }) => Kind::TimeLimit,
        Err(JobError::Codec { .. }) => Kind::Codec,
        Err(JobError::TooLarge { .. }) => Kind::TooLarge,
        Err(JobError::Link { .. }) => Kind::Link,
        Err(_) => Kind::Strange,
    }
}
