//! How a pool ends.

use std::time::Duration;

use actor_core::ActorSystem;
use actor_pool::{JobError, Pool, Refusal, ShutdownMode};

use crate::rig::{Gate, LONG, SQUARE, pool};

#[tokio::test]
async fn a_drain_finishes_what_was_accepted_and_ends_every_worker() {
    // P9
    let (system, pool) = pool(2).await;
    let handles: Vec<_> = (0..100)
        .map(|number| pool.try_submit(&SQUARE, number).unwrap())
        .collect();

    let report = pool.shutdown(ShutdownMode::Drain, LONG).await;

    assert!(report.is_clean());
    assert_eq!((report.finished, report.cancelled), (100, 0));
    for (number, handle) in (0..).zip(handles) {
        assert!(handle.is_finished());
        assert_eq!(handle.await, Ok(number * number));
    }
    let again = pool.shutdown(ShutdownMode::Drain, LONG).await;
    assert_eq!(again, report);
    // The pool's last actor is the one that wrote the report.
    let left = system.shutdown(LONG).await;
    assert!(left.is_clean());
    assert_eq!(system.live_actors(), 0);
}

#[tokio::test]
async fn a_cancellation_fails_the_pending_and_finishes_what_is_in_hand() {
    // P9
    let (_system, pool) = pool(1).await;
    let gate = Gate::block(&pool).await;
    let pending: Vec<_> = (0..3)
        .map(|n| pool.try_submit(&SQUARE, n).unwrap())
        .collect();
    let ending = pool.clone();
    let ended = tokio::spawn(async move { ending.shutdown(ShutdownMode::Cancel, LONG).await });

    for handle in pending {
        assert_eq!(handle.await, Err(JobError::Shutdown));
    }
    gate.open().await;

    let report = ended.await.unwrap();
    assert_eq!((report.finished, report.cancelled), (1, 3));
    assert!(report.is_clean());
}

#[tokio::test]
async fn after_a_shutdown_submitting_is_an_error_that_gives_everything_back() {
    // P9
    let (_system, pool) = pool(1).await;
    pool.shutdown(ShutdownMode::Drain, LONG).await;

    let refused = pool.submit(&SQUARE, 5).await.unwrap_err();
    assert_eq!(refused.refusal(), &Refusal::Closed);
    assert_eq!(refused.into_argument(), 5);
    assert_eq!(pool.try_submit(&SQUARE, 6).unwrap_err().into_argument(), 6);
    let closure = pool.submit_fn(|| 7).await.unwrap_err().into_argument();
    assert_eq!(closure(), 7);
    let results = pool.map(&SQUARE, 0..2).collect().await;
    assert_eq!(results, [Err(JobError::Shutdown), Err(JobError::Shutdown)]);
}

#[tokio::test]
async fn a_shutdown_tells_those_who_wait_for_room() {
    // P9
    let system = ActorSystem::new("test");
    let pool = Pool::builder()
        .threads(1)
        .capacity(1)
        .start(&system)
        .await
        .unwrap();
    let gate = Gate::block(&pool).await;
    let _full = pool.try_submit(&SQUARE, 1).unwrap();
    let waiting = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.submit(&SQUARE, 2).await })
    };
    let ended = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.shutdown(ShutdownMode::Drain, LONG).await })
    };

    let refused = waiting.await.unwrap().unwrap_err();

    assert_eq!(refused.refusal(), &Refusal::Closed);
    assert_eq!(refused.into_argument(), 2);
    gate.open().await;
    assert_eq!(ended.await.unwrap().finished, 2);
}

#[tokio::test]
async fn a_thread_that_is_stuck_in_a_job_is_reported_and_abandoned() {
    // P9
    let (_system, pool) = pool(2).await;
    let stuck = Gate::block(&pool).await;
    let pending = pool.submit(&SQUARE, 2).await.unwrap();
    assert_eq!(pending.await, Ok(4), "the other thread does it");

    let report = pool.shutdown(ShutdownMode::Drain, Duration::ZERO).await;

    assert!(!report.is_clean());
    assert_eq!(report.abandoned.len(), 1);
    let Gate { open, job, .. } = stuck;
    let lost = job.await;
    assert!(
        matches!(
            lost,
            Err(JobError::WorkerLost {
                maybe_ran: true,
                ..
            })
        ),
        "{lost:?}"
    );
    open.send(()).unwrap();
}

#[tokio::test]
async fn a_cancellation_cuts_a_drain_short() {
    // P9
    let (_system, pool) = pool(1).await;
    let gate = Gate::block(&pool).await;
    let pending = pool.submit(&SQUARE, 2).await.unwrap();
    let drained = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.shutdown(ShutdownMode::Drain, LONG).await })
    };
    let cancelled = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.shutdown(ShutdownMode::Cancel, LONG).await })
    };

    assert_eq!(pending.await, Err(JobError::Shutdown));
    gate.open().await;

    let report = drained.await.unwrap();
    assert_eq!(report, cancelled.await.unwrap());
    assert_eq!((report.finished, report.cancelled), (1, 1));
}

#[tokio::test]
async fn a_pool_whose_last_handle_is_dropped_finishes_what_it_accepted() {
    // P9
    let (system, pool) = pool(1).await;
    let handles: Vec<_> = (0..10)
        .map(|n| pool.try_submit(&SQUARE, n).unwrap())
        .collect();

    drop(pool);

    for (number, handle) in (0..).zip(handles) {
        assert_eq!(handle.await, Ok(number * number));
    }
    let report = system.shutdown(LONG).await;
    assert!(report.is_clean());
}

#[tokio::test]
async fn jobs_of_a_pool_whose_system_shuts_down_all_resolve() {
    // P9
    let (system, pool) = pool(1).await;
    let gate = Gate::block(&pool).await;
    let pending = pool.submit(&SQUARE, 2).await.unwrap();
    let ending = tokio::spawn(async move { system.shutdown(LONG).await });

    assert_eq!(pending.await, Err(JobError::Shutdown));
    gate.open().await;

    assert!(ending.await.unwrap().is_clean());
    let refused = pool.try_submit(&SQUARE, 1).unwrap_err();
    assert_eq!(refused.refusal(), &Refusal::Closed);
}

#[tokio::test]
async fn a_thread_that_is_stuck_when_its_system_shuts_down_is_reported_and_its_job_lost() {
    // P1, P9
    let (system, pool) = pool(1).await;
    let Gate { open, job, .. } = Gate::block(&pool).await;
    let pending = pool.submit(&SQUARE, 2).await.unwrap();

    let ended = system.shutdown(Duration::from_millis(100)).await;

    assert!(!ended.is_clean());
    let lost = job.await;
    assert!(
        matches!(
            &lost,
            Err(JobError::WorkerLost {
                maybe_ran: true,
                reason,
            }) if **reason == actor_core::ExitReason::Unresponsive
        ),
        "{lost:?}"
    );
    assert_eq!(pending.await, Err(JobError::Shutdown));
    let report = pool.shutdown(ShutdownMode::Drain, LONG).await;
    assert_eq!(report.abandoned.len(), 1);
    assert_eq!(&*report.abandoned[0].name, "thread-1");
    assert_eq!((report.finished, report.cancelled), (0, 1));
    open.send(()).unwrap();
}

#[tokio::test]
async fn a_job_in_hand_has_as_long_as_the_shutdown_of_its_system() {
    // P9
    let (system, pool) = pool(2).await;
    let gates = [Gate::block(&pool).await, Gate::block(&pool).await];
    let pending = pool.submit(&SQUARE, 2).await.unwrap();
    tokio::time::pause();
    let ending = tokio::spawn(async move { system.shutdown(LONG).await });
    assert_eq!(pending.await, Err(JobError::Shutdown));

    tokio::time::sleep(LONG / 2).await;
    tokio::time::resume();
    for gate in gates {
        gate.open().await;
    }

    assert!(ending.await.unwrap().is_clean());
}

#[test]
fn jobs_resolve_when_the_runtime_goes_away() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (gate, pending, pool) = runtime.block_on(async {
        let (_system, pool) = pool(1).await;
        let gate = Gate::block(&pool).await;
        let pending = pool.submit(&SQUARE, 2).await.unwrap();
        (gate, pending, pool)
    });

    runtime.shutdown_background();
    gate.open.send(()).unwrap();

    let waiting = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    // The system's last handle went first, so it may have been begun or not; what matters is that nobody waits for ever.
    let result = waiting.block_on(pending);
    assert!(
        matches!(result, Ok(4) | Err(JobError::Shutdown)),
        "{result:?}"
    );
    drop(pool);
}
