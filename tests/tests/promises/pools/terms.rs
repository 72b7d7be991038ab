//! On what terms jobs run: their urgency, their time, what happens when they fail, what there is no room for.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use actor_core::Overflow;
use actor_pool::{Job, JobError, JobOptions, JobStatus, Pool, Refusal, Retry};
use tokio::time::Instant as Clock;

use super::{Gate, Log, PICKY, SQUARE, start};

const MS: Duration = Duration::from_millis(1);

#[tokio::test]
async fn the_urgent_begin_first() {
    // P8
    let (_system, pool) = start(Pool::tasks(1)).await;
    let (gate, log) = (Gate::set_up(&pool).await, Log::default());

    let mut last = Vec::new();
    for (number, priority) in [(1, 4), (2, 0), (3, 9), (4, 4)] {
        let options = JobOptions::new().priority(priority);
        let job = pool.submit_async_with(log.noting(number), options);
        last.push(job.await.unwrap());
    }
    gate.open().await;
    for job in last {
        job.await.unwrap();
    }

    assert_eq!(log.read(), [3, 1, 4, 2]);
}

#[tokio::test]
async fn a_priority_out_of_range_and_a_deadline_in_the_past_are_refused_and_give_the_argument_back()
{
    // P8
    let (_system, pool) = start(Pool::tasks(1)).await;
    let past = Instant::now() - Duration::from_secs(1);
    let refusals = [
        (
            JobOptions::new().priority(10),
            Refusal::Priority { priority: 10 },
        ),
        (JobOptions::new().within(Duration::ZERO), Refusal::Expired),
        (JobOptions::new().deadline(past), Refusal::Expired),
        (JobOptions::new().within(MS).delay(2 * MS), Refusal::Expired),
    ];

    for (options, expected) in refusals {
        let refused = pool.submit_with(&SQUARE, 3, options.clone()).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.refusal(), &expected);
        assert_eq!(refused.into_argument(), 3);
        let refused = pool.try_submit_with(&SQUARE, 4, options).unwrap_err();
        assert_eq!(refused.into_argument(), 4);
    }
    assert_eq!(pool.stats().queued, 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_has_expired_is_not_started() {
    // P8
    let (_system, pool) = start(Pool::tasks(1)).await;
    let (gate, log) = (Gate::set_up(&pool).await, Log::default());
    let options = JobOptions::new().within(10 * MS);
    let begun = Clock::now();

    let late = pool.submit_async_with(log.noting(1), options.clone());
    let late = late.await.unwrap().await;

    assert_eq!(late, Err(JobError::Expired));
    assert!(begun.elapsed() >= 10 * MS && begun.elapsed() < 20 * MS);
    gate.open().await;
    let in_time = pool.submit_async_with(log.noting(2), options);
    assert_eq!(in_time.await.unwrap().await, Ok(()));
    assert_eq!(log.read(), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_job_is_pending_until_its_time_and_can_be_cancelled() {
    // P8
    let (_system, pool) = start(Pool::tasks(1)).await;
    let options = JobOptions::new().delay(50 * MS);
    let begun = Clock::now();

    let job = pool.submit_with(&SQUARE, 3, options.clone()).await.unwrap();
    let never = pool.submit_with(&SQUARE, 3, options).await.unwrap();
    assert_eq!((job.status(), pool.pending()), (JobStatus::Pending, 2));
    assert!(never.cancel());

    assert_eq!(job.await, Ok(9));
    assert!(begun.elapsed() >= 50 * MS);
    assert_eq!(never.await, Err(JobError::Cancelled));
}

static TRIES: AtomicU32 = AtomicU32::new(0);
const THIRD_TIME_LUCKY: Job<String, String> = Job::new("test.third_time/v1", |text| {
    assert!(TRIES.fetch_add(1, Ordering::SeqCst) >= 2, "not yet");
    text
});

#[tokio::test(start_paused = true)]
async fn a_job_that_failed_is_tried_again_after_growing_pauses() {
    // P8
    let (_system, pool) = start(Pool::tasks(2)).await;
    let retry = Retry::times(2).backoff(10 * MS, Duration::from_secs(1));
    let begun = Clock::now();

    let options = JobOptions::new().retry(retry);
    let job = pool.submit_with(&THIRD_TIME_LUCKY, "again".to_owned(), options);

    assert_eq!(job.await.unwrap().await, Ok("again".to_owned()));
    assert!(begun.elapsed() >= 30 * MS, "10 and 20");
    let stats = pool.stats();
    assert_eq!((stats.retried, stats.done, stats.failed), (2, 1, 0));
}

#[tokio::test]
async fn a_job_is_tried_again_only_as_often_and_after_such_errors_as_it_says() {
    // P8
    let (_system, pool) = start(Pool::tasks(1).threads(1)).await;
    let twice = Retry::times(2);
    let never = Retry::times(2).on(|error| !matches!(error, JobError::Panicked { .. }));
    let confused = Retry::times(2).on(|_| panic!("what was the question?"));

    for (retry, retried) in [(twice, 2), (never, 2), (confused, 2)] {
        let options = JobOptions::new().retry(retry);
        let job = pool.submit_with(&PICKY, 3, options).await.unwrap();
        assert!(matches!(job.await, Err(JobError::Panicked { .. })));
        assert_eq!(pool.stats().retried, retried, "in all");
    }
    assert_eq!(pool.stats().failed, 3);
}

#[tokio::test]
async fn a_closure_cannot_be_tried_again_and_is_given_back() {
    // P8
    let (_system, pool) = start(Pool::tasks(1).threads(1)).await;
    let options = JobOptions::new().retryable();

    let refused = pool
        .submit_fn_with(|| 1, options.clone())
        .await
        .unwrap_err();
    assert_eq!(refused.refusal(), &Refusal::OnlyOnce);
    let refused = pool.submit_async_with(|| async { 1 }, options).await;
    assert_eq!(refused.unwrap_err().refusal(), &Refusal::OnlyOnce);
}

#[tokio::test]
async fn jobs_with_one_key_run_in_order_whatever_their_priorities() {
    // P8, P11
    let (_system, pool) = start(Pool::tasks(4)).await;
    let log = Log::default();
    let mut jobs = Vec::new();
    for number in 0..40 {
        let log = log.clone();
        let options = JobOptions::new()
            .key(format!("account-{}", number % 2))
            .priority((number % 10) as u8);
        let job = move || async move {
            tokio::task::yield_now().await;
            log.note(number);
        };
        jobs.push(pool.submit_async_with(job, options).await.unwrap());
    }
    for job in jobs {
        job.await.unwrap();
    }

    let noted = log.read();
    for account in 0..2 {
        let of_account: Vec<_> = noted.iter().filter(|n| *n % 2 == account).collect();
        assert!(of_account.is_sorted(), "{of_account:?}");
    }
    assert_eq!(noted.len(), 40);
}

#[tokio::test(start_paused = true)]
async fn jobs_begin_no_faster_than_the_rate_of_their_pool() {
    // P8
    let (_system, pool) = start(Pool::tasks(8).rate(100, Duration::from_secs(1))).await;
    let begun = Clock::now();

    let finished = pool.for_each(&SQUARE, 1..=11).await;

    assert_eq!(finished.done, 11);
    assert!(begun.elapsed() >= 100 * MS, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn without_room_the_newest_is_given_back_or_the_oldest_gives_way() {
    // P8
    let (_system, newest) = start(Pool::tasks(1).capacity(1).overflow(Overflow::DropNewest)).await;
    let gate = Gate::set_up(&newest).await;
    let kept = newest.submit(&SQUARE, 1).await.unwrap();
    let refused = newest.submit(&SQUARE, 2).await.unwrap_err();
    assert_eq!(
        (refused.refusal(), refused.to_string().is_empty()),
        (&Refusal::Full, false)
    );
    assert_eq!(refused.into_argument(), 2);
    gate.open().await;
    assert_eq!(kept.await, Ok(1));

    let (_system, oldest) = start(Pool::tasks(1).capacity(1).overflow(Overflow::DropOldest)).await;
    let gate = Gate::set_up(&oldest).await;
    let dropped = oldest.submit(&SQUARE, 1).await.unwrap();
    let kept = oldest.submit(&SQUARE, 2).await.unwrap();
    let less_urgent = oldest
        .submit_with(&SQUARE, 3, JobOptions::new().priority(0))
        .await;
    assert_eq!(less_urgent.unwrap_err().refusal(), &Refusal::Full);
    gate.open().await;
    assert_eq!(dropped.await, Err(JobError::Dropped));
    assert_eq!(kept.await, Ok(4));
}
