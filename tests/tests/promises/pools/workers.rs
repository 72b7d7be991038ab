//! Workers: their initializers and state, their replacement, their end, and the figures of a pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actor_core::{ActorSystem, ExitReason};
use actor_pool::{Job, JobOptions, Pool, PoolBuilder, PoolError, Refusal, with_state};

use super::{Gate, PICKY, SQUARE, start};

const COUNT: Job<(), u64> = Job::new("test.count/v1", |()| {
    let next = |count: &mut u64| {
        *count += 1;
        *count
    };
    with_state(next).unwrap()
});

fn both() -> [PoolBuilder; 2] {
    [Pool::threads(1), Pool::tasks(1)]
}

#[tokio::test]
async fn jobs_use_the_state_that_the_initializer_of_their_worker_made() {
    // P6
    for builder in both() {
        let (_system, pool) = start(builder.initializer(|_| Ok(100u64))).await;

        assert_eq!(pool.apply(&COUNT, ()).await, Ok(101));
        assert_eq!(pool.apply(&COUNT, ()).await, Ok(102));
    }
    assert_eq!(with_state(|_: &mut u64| ()), None, "here is no worker");
}

#[tokio::test]
async fn an_initializer_knows_its_worker() {
    let (_system, pool) =
        start(Pool::threads(1).initializer(|info| Ok(info.name.to_string()))).await;

    let name = pool.submit_fn(|| with_state(|name: &mut String| name.clone()));
    assert_eq!(name.await.unwrap().await, Ok(Some("thread-1".to_owned())));
    let other_type = pool.submit_fn(|| with_state(|_: &mut u64| ()));
    assert_eq!(other_type.await.unwrap().await, Ok(None));
}

#[tokio::test]
async fn an_initializer_that_fails_makes_the_start_fail_after_bounded_attempts() {
    // P6
    for panics in [false, true] {
        for builder in both() {
            let attempts = Arc::new(AtomicU64::new(0));
            let counter = Arc::clone(&attempts);
            let builder = builder.initializer(move |_| {
                counter.fetch_add(1, Ordering::SeqCst);
                assert!(!panics, "no licence");
                Err::<(), _>("no licence".into())
            });
            let system = ActorSystem::new("test");

            let failed = builder.start_attempts(2).start(&system).await;

            match failed.unwrap_err() {
                PoolError::Worker {
                    reason: ExitReason::StartFailed(text),
                    ..
                } => assert!(text.contains("no licence"), "{text}"),
                other => panic!("{other:?}"),
            }
            assert_eq!(attempts.load(Ordering::SeqCst), 2);
            system.shutdown(Duration::from_secs(60)).await;
            assert_eq!(system.live_actors(), 0);
        }
    }
}

#[tokio::test]
async fn an_initializer_that_fails_once_is_tried_again() {
    // P6
    let attempts = AtomicU64::new(0);
    let initializer = move |_: &_| match attempts.fetch_add(1, Ordering::SeqCst) {
        0 => Err("not yet".into()),
        attempt => Ok(attempt),
    };
    let (_system, pool) = start(Pool::threads(1).initializer(initializer)).await;

    assert_eq!(pool.apply(&COUNT, ()).await, Ok(2));
}

#[tokio::test]
async fn a_worker_is_replaced_after_so_many_jobs_and_loses_none() {
    // P7
    for builder in both() {
        let builder = builder.initializer(|_| Ok(0u64)).max_jobs_per_worker(3);
        let (_system, pool) = start(builder).await;

        let counts = pool.map(&COUNT, [(); 8]).collect().await;

        let counts: Vec<_> = counts.into_iter().map(Result::unwrap).collect();
        assert_eq!(counts, [1, 2, 3, 1, 2, 3, 1, 2]);
        assert_eq!(pool.workers()[0].restarts, 2);
    }
}

#[tokio::test]
async fn limits_of_zero_are_refused() {
    let system = ActorSystem::new("test");
    let second = Duration::from_secs(1);
    let cases = [
        (Pool::tasks(0), PoolError::NoWorkers),
        (Pool::tasks(1).capacity(0), PoolError::NoCapacity),
        (
            Pool::tasks(1).max_jobs_per_worker(0),
            PoolError::NoJobsPerWorker,
        ),
        (Pool::tasks(1).rate(0, second), PoolError::NoRate),
        (Pool::tasks(1).rate(1, Duration::ZERO), PoolError::NoRate),
    ];
    for (builder, expected) in cases {
        assert_eq!(builder.start(&system).await.unwrap_err(), expected);
    }
    assert_eq!(system.live_actors(), 0);
}

#[tokio::test]
async fn the_figures_of_a_pool_say_what_waits_runs_and_ran() {
    let (_system, pool) = start(Pool::tasks(1)).await;
    drop(pool.for_each(&PICKY, 1..=5).await);
    let gate = Gate::set_up(&pool).await;
    let options = JobOptions::new().name("the one that waits");
    let waiting = pool.submit_with(&SQUARE, 3, options).await.unwrap();

    let stats = pool.stats();
    assert_eq!((stats.queued, stats.running), (1, 1));
    assert_eq!((stats.done, stats.failed, stats.retried), (4, 1, 0));
    assert_eq!(stats.queueing_time.count(), 6);
    assert_eq!(stats.running_time.count(), 5);
    assert!(stats.running_time.p50() <= stats.running_time.p99());
    assert_eq!(stats.workers[0].pid, Some(std::process::id()));

    gate.open().await;
    waiting.await.unwrap();
}

#[tokio::test]
async fn the_snapshot_of_the_system_shows_its_pools() {
    let system = ActorSystem::new("test");
    let pool = Pool::threads(1)
        .name("squares")
        .start(&system)
        .await
        .unwrap();
    let other = Pool::tasks(1).start(&system).await.unwrap();
    pool.apply(&SQUARE, 3).await.unwrap();

    let notes = system.snapshot().notes;

    assert_eq!((&*notes[0].name, &*notes[1].name), ("pool squares", "pool"));
    assert!(notes[0].figures.contains(&("done".to_owned(), 1)));
    assert!(notes[1].figures.contains(&("done".to_owned(), 0)));
    drop((pool, other));
    system.shutdown(Duration::from_secs(60)).await;
    assert_eq!(system.snapshot().notes, [], "what is gone says nothing");
}

#[tokio::test]
async fn workers_name_the_job_that_they_have_in_hand() {
    let (_system, pool) = start(Pool::tasks(1)).await;
    let (open, opened) = tokio::sync::oneshot::channel::<()>();
    let (enter, entered) = tokio::sync::oneshot::channel();
    let job = move || async move {
        enter.send(()).unwrap();
        opened.await.ok();
    };
    let options = JobOptions::new().name("nightly report");
    let job = pool.submit_async_with(job, options).await.unwrap();
    entered.await.unwrap();

    assert_eq!(pool.workers()[0].job.as_deref(), Some("nightly report"));

    drop(open);
    job.await.unwrap();
    assert_eq!(pool.workers()[0].job, None);
}

#[tokio::test]
async fn an_interruption_drains_a_pool_that_asked_for_it() {
    // P9
    // The handler is in place from here on, so the signal ends nobody.
    let mut seen = Box::pin(tokio::signal::ctrl_c());
    tokio::select! {
        biased;
        _ = &mut seen => unreachable!("nobody has pressed anything"),
        () = std::future::ready(()) => {}
    }
    let (_system, pool) = start(Pool::tasks(1).drain_on_ctrl_c(Duration::from_secs(60))).await;
    let gate = Gate::set_up(&pool).await;
    let accepted = pool.submit(&SQUARE, 3).await.unwrap();

    let refusal = loop {
        let this = rustix::process::getpid();
        rustix::process::kill_process(this, rustix::process::Signal::INT).unwrap();
        tokio::task::yield_now().await;
        if let Err(error) = pool.try_submit(&SQUARE, 1) {
            break error.refusal().clone();
        }
    };

    assert_eq!(refusal, Refusal::Closed);
    gate.open().await;
    assert_eq!(accepted.await, Ok(9), "what was accepted is finished");
}
