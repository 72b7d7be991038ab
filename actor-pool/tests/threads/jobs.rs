//! Jobs: where they run, how they fail, how they are called off.

use std::sync::mpsc;

use actor_core::ActorSystem;
use actor_pool::{
    JobError, JobHandle, JobOptions, JobStatus, Pool, Retry, ShutdownMode, WorkerKind, WorkerState,
};

use crate::rig::{Gate, LONG, PANIC, SQUARE, pool};

#[tokio::test]
async fn a_job_runs_on_a_thread_and_its_result_comes_back() {
    let (_system, pool) = pool(2).await;

    let handle = pool.submit(&SQUARE, 12).await.unwrap();
    let completed = handle.outcome().await.unwrap();

    assert_eq!(completed.value, 144);
    assert_eq!(completed.worker.kind, WorkerKind::Thread);
    assert_eq!(completed.worker.pid, Some(std::process::id()));
    assert!(completed.worker.name.starts_with("thread-"));
}

#[tokio::test]
async fn a_closure_borrows_nothing_and_returns_anything() {
    let (_system, pool) = pool(1).await;
    let text = String::from("moved in");

    let handle = pool
        .submit_fn(move || std::rc::Rc::new(text).len())
        .await
        .unwrap();

    assert_eq!(handle.await, Ok(8));
}

#[tokio::test]
async fn a_panic_fails_its_own_job_and_the_worker_lives_on() {
    // P3, P4
    let (_system, pool) = pool(1).await;

    let failed = pool.submit(&PANIC, 3).await.unwrap().await;
    let other = pool.submit(&PANIC, 4).await.unwrap().await;

    let Err(JobError::Panicked(panic)) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(panic.text, "three is right out");
    assert!(panic.location.unwrap().contains("rig.rs:"));
    assert_eq!(other, Ok(4));
    assert_eq!(pool.workers()[0].restarts, 0);
}

#[tokio::test]
async fn a_panic_in_the_drop_of_a_result_harms_nobody() {
    // P3
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("boom")
            }
        }
    }
    let (_system, pool) = pool(1).await;
    let gate = Gate::block(&pool).await;
    drop(pool.submit_fn(|| Bomb).await.unwrap());
    let held = Bomb;
    let cancelled = pool.submit_fn(move || drop(held)).await.unwrap();
    assert!(cancelled.cancel());
    gate.open().await;

    assert_eq!(pool.submit(&SQUARE, 2).await.unwrap().await, Ok(4));
    assert_eq!(pool.workers()[0].restarts, 0);
}

#[tokio::test]
async fn cancel_is_true_only_while_the_job_is_pending() {
    // P1
    let (_system, pool) = pool(1).await;
    let gate = Gate::block(&pool).await;
    let pending = pool.submit(&SQUARE, 2).await.unwrap();
    assert_eq!(gate.job.status(), JobStatus::Running);
    assert_eq!(pending.status(), JobStatus::Pending);

    assert!(!gate.job.cancel(), "it runs");
    assert!(pending.cancel());
    assert!(!pending.cancel(), "it is cancelled already");

    assert_eq!(pending.status(), JobStatus::Finished);
    assert_eq!(pending.await, Err(JobError::Cancelled));
    let mut finished = pool.submit(&SQUARE, 3).await.unwrap();
    gate.open().await;
    assert_eq!((&mut finished).await, Ok(9));
    assert!(!finished.cancel(), "it is finished");
}

#[tokio::test]
async fn a_cancelled_job_never_runs() {
    // P1
    let (_system, pool) = pool(1).await;
    let gate = Gate::block(&pool).await;
    let (ran, has_run) = mpsc::channel::<()>();
    let cancelled = pool.submit_fn(move || ran.send(())).await.unwrap();

    assert!(cancelled.cancel());
    gate.open().await;
    pool.submit(&SQUARE, 2).await.unwrap().await.unwrap();

    assert_eq!(has_run.try_recv(), Err(mpsc::TryRecvError::Disconnected));
}

#[tokio::test]
async fn a_dropped_handle_does_not_cancel_its_job() {
    // P1
    let (_system, pool) = pool(1).await;
    let gate = Gate::block(&pool).await;
    let (ran, has_run) = mpsc::channel();
    drop(pool.submit_fn(move || ran.send(7).unwrap()).await.unwrap());

    gate.open().await;
    pool.submit(&SQUARE, 2).await.unwrap().await.unwrap();

    assert_eq!(has_run.try_recv(), Ok(7));
}

#[tokio::test]
async fn workers_are_listed_with_what_they_do() {
    let system = ActorSystem::new("test");
    let pool = Pool::builder()
        .name("test")
        .threads(2)
        .start(&system)
        .await
        .unwrap();
    let gate = Gate::block(&pool).await;

    let workers = pool.workers();

    assert_eq!(workers.len(), 2);
    assert_eq!(&*workers[0].name, "test.thread-1");
    assert_eq!(&*workers[1].name, "test.thread-2");
    let busy = workers
        .iter()
        .filter(|worker| worker.state == WorkerState::Busy);
    assert_eq!(busy.count(), 1);
    gate.open().await;
}

#[tokio::test]
async fn a_retryable_job_that_panics_is_not_tried_again() {
    // P3
    let (_system, pool) = pool(1).await;

    let options = JobOptions::new().retryable();
    let result = pool.submit_with(&PANIC, 3, options).await.unwrap().await;

    assert!(matches!(result, Err(JobError::Panicked { .. })));
    assert_eq!(pool.finished(), 1);
}

/// A job that has failed and waits for its next try; so many have by then.
async fn tried(pool: &Pool, tries: u64) -> JobHandle<u64> {
    let retry = Retry::times(1).backoff(LONG, LONG);
    let options = JobOptions::new().retry(retry);
    let job = pool.submit_with(&PANIC, 3, options).await.unwrap();
    while pool.stats().retried < tries {
        tokio::task::yield_now().await;
    }
    job
}

#[tokio::test]
async fn a_job_that_is_called_off_between_two_tries_may_have_run() {
    // P1, P9
    let (_system, pool) = pool(1).await;
    let (cancelled, shut) = (tried(&pool, 1).await, tried(&pool, 2).await);
    assert!(cancelled.cancel());
    pool.shutdown(ShutdownMode::Cancel, LONG).await;

    for job in [cancelled, shut] {
        let error = job.await.unwrap_err();
        assert_eq!(error, JobError::GivenUp);
        assert!(error.may_have_run());
    }
}
