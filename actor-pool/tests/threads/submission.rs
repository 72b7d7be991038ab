//! Room: who waits for it, and who gets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actor_core::ActorSystem;
use actor_pool::{JobError, Pool, PoolError, Refusal, ShutdownMode};

use crate::rig::{Gate, LONG, SQUARE, pool};

#[tokio::test]
async fn a_full_queue_makes_submitters_wait_and_gives_the_argument_back() {
    // P8
    let system = ActorSystem::new("test");
    let pool = Pool::builder()
        .threads(1)
        .capacity(2)
        .start(&system)
        .await
        .unwrap();
    let gate = Gate::block(&pool).await;
    let first = pool.try_submit(&SQUARE, 1).unwrap();
    let _second = pool.try_submit(&SQUARE, 2).unwrap();

    let refused = pool.try_submit(&SQUARE, 3).unwrap_err();
    assert_eq!(refused.refusal(), &Refusal::Full);
    assert_eq!(refused.into_argument(), 3);
    let mut waiting = Box::pin(pool.submit(&SQUARE, 4));
    tokio::select! { biased;
        _ = &mut waiting => panic!("there is no room"),
        () = std::future::ready(()) => {}
    }
    assert!(first.cancel());
    assert_eq!(
        pool.try_submit(&SQUARE, 5).unwrap_err().refusal(),
        &Refusal::Full,
        "nobody overtakes the one who waits"
    );
    let third = waiting.await.unwrap();

    gate.open().await;
    assert_eq!(third.await, Ok(16));
}

#[tokio::test]
async fn who_waits_gets_the_room_that_a_cancelled_job_leaves_though_all_workers_are_busy() {
    // P8
    let system = ActorSystem::new("test");
    let pool = Pool::builder()
        .threads(1)
        .capacity(8)
        .start(&system)
        .await
        .unwrap();
    let gate = Gate::block(&pool).await;
    let accepted: Vec<_> = (0..8)
        .map(|number| pool.try_submit(&SQUARE, number).unwrap())
        .collect();
    let mut waiting: Vec<_> = (8..11)
        .map(|number| Box::pin(pool.submit(&SQUARE, number)))
        .collect();

    // One at a time, so that there is never much room.
    for (job, waiting) in accepted.iter().zip(&mut waiting) {
        tokio::select! { biased;
            _ = &mut *waiting => panic!("there is no room"),
            () = std::future::ready(()) => {}
        }
        assert!(job.cancel());
        drop(waiting.await.unwrap());
    }

    assert_eq!(pool.pending(), 8);
    gate.open().await;
}

#[tokio::test]
async fn a_submission_that_is_dropped_while_it_waits_leaves_its_place() {
    // P8
    let system = ActorSystem::new("test");
    let pool = Pool::builder()
        .threads(1)
        .capacity(1)
        .start(&system)
        .await
        .unwrap();
    let gate = Gate::block(&pool).await;
    let first = pool.try_submit(&SQUARE, 1).unwrap();
    let mut waiting = Box::pin(pool.submit(&SQUARE, 2));
    tokio::select! { biased;
        _ = &mut waiting => panic!("there is no room"),
        () = std::future::ready(()) => {}
    }

    drop(waiting);
    assert!(first.cancel());

    assert_eq!(pool.pending(), 0);
    let next = pool.try_submit(&SQUARE, 3).unwrap();
    gate.open().await;
    assert_eq!(next.await, Ok(9));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_submitters_lose_and_double_nothing() {
    // P3, P8
    let system = ActorSystem::new("test");
    let pool = Pool::builder()
        .threads(3)
        .capacity(8)
        .start(&system)
        .await
        .unwrap();
    let submitters: Vec<_> = (0..4u64)
        .map(|submitter| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let mut sum = 0;
                for number in 0..500u64 {
                    let handle = pool
                        .submit_fn(move || submitter * 1000 + number)
                        .await
                        .unwrap();
                    sum += handle.await.unwrap();
                }
                sum
            })
        })
        .collect();

    let mut sum = 0;
    for submitter in submitters {
        sum += submitter.await.unwrap();
    }

    assert_eq!(
        sum,
        (0..4).map(|s| 500 * 1000 * s + 499 * 500 / 2).sum::<u64>()
    );
    assert_eq!(pool.finished(), 2000);
}

#[tokio::test]
async fn zero_workers_and_zero_room_are_refused() {
    let system = ActorSystem::new("test");

    let no_workers = Pool::builder().start(&system).await.unwrap_err();
    let no_room = Pool::builder()
        .threads(1)
        .capacity(0)
        .start(&system)
        .await
        .unwrap_err();

    assert_eq!(no_workers, PoolError::NoWorkers);
    assert_eq!(no_room, PoolError::NoCapacity);
    assert_eq!(system.live_actors(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_in_the_rush_is_true_only_for_what_never_runs() {
    // P1
    const EACH: usize = 5_000;
    let (_system, pool) = pool(2).await;
    let ran: Arc<Vec<AtomicBool>> = Arc::new((0..2 * EACH).map(|_| false.into()).collect());
    let submitters = (0..2).map(|submitter| {
        let (pool, ran) = (pool.clone(), Arc::clone(&ran));
        tokio::spawn(async move {
            let mut jobs = Vec::new();
            for number in submitter * EACH..(submitter + 1) * EACH {
                let mine = Arc::clone(&ran);
                let work = move || assert!(!mine[number].swap(true, Ordering::SeqCst));
                let job = pool.submit_fn(work).await.unwrap();
                let is_cancelled = number % 3 == 0 && job.cancel();
                jobs.push((number, job, is_cancelled));
            }
            jobs
        })
    });
    let submitters: Vec<_> = submitters.collect();

    for submitter in submitters {
        for (number, job, is_cancelled) in submitter.await.unwrap() {
            let expected = if is_cancelled {
                Err(JobError::Cancelled)
            } else {
                Ok(())
            };
            assert_eq!(job.await, expected);
            assert_eq!(ran[number].load(Ordering::SeqCst), !is_cancelled);
        }
    }
    assert_eq!(pool.stats().queued, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_in_the_rush_leaves_no_job_without_an_outcome() {
    // P9
    for mode in [ShutdownMode::Drain, ShutdownMode::Cancel] {
        let (_system, pool) = pool(2).await;
        let (begin, begun) = tokio::sync::oneshot::channel();
        let submitter = {
            let pool = pool.clone();
            tokio::spawn(async move {
                let mut begin = Some(begin);
                let mut jobs = Vec::new();
                while let Ok(job) = pool.submit_fn(|| ()).await {
                    jobs.push(job);
                    if jobs.len() == 1_000 {
                        begin.take().unwrap().send(()).unwrap();
                    }
                }
                jobs
            })
        };
        begun.await.unwrap();

        let report = pool.shutdown(mode, LONG).await;

        let (mut finished, mut cancelled) = (0, 0);
        for job in submitter.await.unwrap() {
            match job.await {
                Ok(()) => finished += 1,
                other => {
                    assert_eq!(
                        (other, mode),
                        (Err(JobError::Shutdown), ShutdownMode::Cancel)
                    );
                    cancelled += 1;
                }
            }
        }
        assert_eq!((report.finished, report.cancelled), (finished, cancelled));
    }
}
