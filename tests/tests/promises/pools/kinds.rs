//! Which job runs where.

use std::sync::Arc;
use std::time::Duration;

use actor_pool::{JobError, Pool, Refusal, ShutdownMode, WorkerKind, job};

use super::{PICKY, SQUARE, start};

#[tokio::test]
async fn every_kind_of_job_finds_its_kind_of_worker_in_a_mixed_pool() {
    let (_system, pool) = start(Pool::tasks(2).threads(2)).await;

    let on_task = pool.submit_async(|| async { 1 }).await.unwrap();
    let on_thread = pool.submit_fn(|| 2).await.unwrap();
    let anywhere = pool.submit(&SQUARE, 3).await.unwrap();

    let on_task = on_task.outcome().await.unwrap();
    let on_thread = on_thread.outcome().await.unwrap();
    assert_eq!((on_task.value, on_task.worker.kind), (1, WorkerKind::Task));
    assert_eq!(
        (on_thread.value, on_thread.worker.kind),
        (2, WorkerKind::Thread)
    );
    assert_eq!(anywhere.await, Ok(9));
}

#[tokio::test]
async fn registered_functions_run_on_tasks_too() {
    let (_system, pool) = start(Pool::tasks(1)).await;

    assert_eq!(pool.apply(&SQUARE, 3).await, Ok(9));
    let failed = pool.apply(&PICKY, 3).await.unwrap_err();
    assert!(matches!(failed, JobError::Panicked { .. }), "{failed}");
    assert_eq!(pool.apply(&PICKY, 4).await, Ok(4));
}

#[tokio::test]
async fn a_pool_of_tasks_has_as_many_futures_under_way_as_tasks() {
    let (_system, pool) = start(Pool::tasks(8)).await;
    let barrier = Arc::new(tokio::sync::Barrier::new(8));

    let meet = |_| {
        let barrier = Arc::clone(&barrier);
        pool.try_submit_async(move || async move { barrier.wait().await.is_leader() })
            .unwrap()
    };
    let jobs: Vec<_> = (0..8).map(meet).collect();

    let mut leaders = 0;
    for job in jobs {
        leaders += usize::from(job.await.expect("all eight meet"));
    }
    assert_eq!(leaders, 1);
}

#[tokio::test]
async fn a_panic_of_a_future_fails_its_own_job_before_and_after_an_await() {
    let (_system, pool) = start(Pool::tasks(1)).await;

    let early = pool.submit_async(|| async { panic!("early") });
    let early = early.await.unwrap().await;
    let late = pool.submit_async(|| async {
        tokio::task::yield_now().await;
        panic!("late")
    });
    let late = late.await.unwrap().await;

    for (failed, expected) in [(early, "early"), (late, "late")] {
        match failed {
            Err(JobError::Panicked(panic)) => assert_eq!(panic.text, expected),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pool.apply(&SQUARE, 2).await, Ok(4), "its worker lives on");
}

#[tokio::test]
async fn a_closure_without_its_kind_of_worker_is_given_back() {
    let (_system, threads) = start(Pool::threads(1)).await;
    let (_system, tasks) = start(Pool::tasks(1)).await;

    let refused = threads.submit_async(|| async { 1 }).await.unwrap_err();
    assert_eq!(refused.refusal(), &Refusal::NoTasks);
    let given_back = refused.into_argument();
    assert_eq!(given_back().await, 1);

    let refused = tasks.submit_fn(|| 2).await.unwrap_err();
    assert_eq!(refused.refusal(), &Refusal::NoThreads);
    let given_back = refused.into_argument();
    assert_eq!(given_back(), 2);
}

#[tokio::test]
async fn what_is_applied_after_the_end_fails() {
    // P9
    let (_system, pool) = start(Pool::tasks(1).threads(1)).await;
    let report = pool
        .shutdown(ShutdownMode::Drain, Duration::from_secs(60))
        .await;

    assert!(report.is_clean());
    assert_eq!(pool.apply(&SQUARE, 3).await, Err(JobError::Shutdown));
}

#[tokio::test]
async fn a_drain_waits_for_futures_and_a_cancellation_lets_those_in_hand_end() {
    // P9
    for mode in [ShutdownMode::Drain, ShutdownMode::Cancel] {
        let (_system, pool) = start(Pool::tasks(1)).await;
        let gate = super::Gate::set_up(&pool).await;
        let pending = pool.submit_async(|| async { 7 }).await.unwrap();
        let ending = tokio::spawn({
            let pool = pool.clone();
            async move { pool.shutdown(mode, Duration::from_secs(60)).await }
        });
        while pool.try_submit(&SQUARE, 1).is_ok() {
            tokio::task::yield_now().await;
        }

        gate.open().await;

        let expected = match mode {
            ShutdownMode::Drain => Ok(7),
            _ => Err(JobError::Shutdown),
        };
        assert_eq!(pending.await, expected);
        assert!(ending.await.unwrap().is_clean());
    }
}

#[job]
fn shout(text: String) -> String {
    text.to_uppercase()
}

#[job("test.sum/v1")]
fn sum(a: u64, b: u64, c: u64) -> u64 {
    a + b + c
}

#[job]
fn nothing() {}

#[tokio::test]
async fn a_function_that_is_marked_has_its_job_beside_it() {
    let (_system, pool) = start(Pool::threads(1)).await;

    assert_eq!(
        pool.apply(&SHOUT, "hi".to_owned()).await,
        Ok(shout("hi".to_owned()))
    );
    assert_eq!(pool.apply(&SUM, (1, 2, 3)).await, Ok(sum(1, 2, 3)));
    assert_eq!(pool.apply(&NOTHING, ()).await, Ok(()));
    assert_eq!(SUM.name(), "test.sum/v1");
    assert!(
        SHOUT.name().ends_with("pools::kinds::shout"),
        "{}",
        SHOUT.name()
    );
}
