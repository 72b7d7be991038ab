//! Pools whose workers are threads of this process.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::ActorSystem;
use actor_pool::{
    Job, JobError, JobHandle, JobOptions, JobStatus, Pool, PoolError, Refusal, Retry, ShutdownMode,
    WorkerKind, WorkerState,
};

const LONG: Duration = Duration::from_secs(60);
const SQUARE: Job<u64, u64> = Job::new("test.square/v1", |number| number * number);
const PANIC: Job<u64, u64> = Job::new("test.panic/v1", |number| {
    if number == 3 {
        panic!("three is right out")
    }
    number
});

async fn pool(threads: usize) -> (ActorSystem, Pool) {
    let system = ActorSystem::new("test");
    let pool = Pool::builder()
        .threads(threads)
        .start(&system)
        .await
        .unwrap();
    (system, pool)
}

/// Keeps a worker busy until it is opened or dropped.
struct Gate {
    open: mpsc::Sender<()>,
    entered: tokio::sync::oneshot::Receiver<()>,
    job: JobHandle<()>,
}

impl Gate {
    fn set_up(pool: &Pool) -> Self {
        let (open, opened) = mpsc::channel();
        let (enter, entered) = tokio::sync::oneshot::channel();
        let work = move || {
            enter.send(()).ok();
            opened.recv().ok();
        };
        let job = pool.try_submit_fn(work).unwrap();
        Gate { open, entered, job }
    }

    /// A worker stands in the gate when this returns.
    async fn block(pool: &Pool) -> Self {
        let mut gate = Gate::set_up(pool);
        (&mut gate.entered).await.unwrap();
        gate
    }

    async fn open(self) {
        self.open.send(()).unwrap();
        self.job.await.unwrap();
    }
}

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

    let Err(JobError::Panicked { text, location }) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(text, "three is right out");
    assert!(location.unwrap().contains("threads.rs:"));
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
async fn map_gives_results_in_the_order_of_the_arguments() {
    // P2
    let (_system, pool) = pool(3).await;

    let results = pool.map(&SQUARE, 0..500).collect().await;

    let squares: Vec<_> = (0..500).map(|number| Ok(number * number)).collect();
    assert_eq!(results, squares);
}

#[tokio::test]
async fn map_unordered_gives_every_result_once_with_its_place() {
    // P2
    let (_system, pool) = pool(3).await;

    let mut results = pool.map_unordered(&SQUARE, 0..500).collect().await;

    results.sort_by_key(|(place, _)| *place);
    let squares: Vec<_> = (0..500).map(|n| (n as usize, Ok(n * n))).collect();
    assert_eq!(results, squares);
}

#[tokio::test]
async fn map_unordered_gives_a_fast_result_before_a_slow_one() {
    // P2
    let (_system, pool) = pool(2).await;
    static HELD: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);
    const SLOW_ZERO: Job<u64, u64> = Job::new("test.slow_zero/v1", |number| {
        if number == 0 {
            let held = HELD.lock().unwrap().take().unwrap();
            held.recv().unwrap();
        }
        number
    });
    let (open, opened) = mpsc::channel();
    *HELD.lock().unwrap() = Some(opened);
    let mut results = pool.map_unordered(&SLOW_ZERO, 0..2);

    assert_eq!(results.next().await, Some((1, Ok(1))));
    open.send(()).unwrap();
    assert_eq!(results.next().await, Some((0, Ok(0))));
    assert_eq!(results.next().await, None);
}

#[tokio::test]
async fn map_draws_an_endless_input_only_a_bounded_number_ahead() {
    // P2
    let (_system, pool) = pool(2).await;
    let drawn = Arc::new(Mutex::new(0u64));
    let counter = Arc::clone(&drawn);
    let endless = std::iter::from_fn(move || {
        let mut drawn = counter.lock().unwrap();
        *drawn += 1;
        Some(*drawn)
    });
    let mut results = pool.map(&SQUARE, endless).look_ahead(5);
    assert_eq!(
        *drawn.lock().unwrap(),
        0,
        "nothing happens before it is asked"
    );

    for number in 1..=20 {
        assert_eq!(results.next().await, Some(Ok(number * number)));
        let drawn = *drawn.lock().unwrap();
        assert!(drawn <= number + 5, "{drawn} drawn for {number} results");
    }
}

#[tokio::test]
async fn one_failure_of_a_map_fails_its_own_item() {
    // P2
    let (_system, pool) = pool(2).await;

    let results = pool.map(&PANIC, 1..=5).collect().await;

    assert_eq!(results.len(), 5);
    for (number, result) in (1..).zip(results) {
        match number {
            3 => assert!(matches!(result, Err(JobError::Panicked { .. }))),
            other => assert_eq!(result, Ok(other)),
        }
    }
}

#[tokio::test]
async fn a_dropped_map_cancels_what_it_had_handed_in_ahead() {
    // P2
    let (_system, pool) = pool(1).await;
    let gate = Gate::block(&pool).await;
    let mut results = pool.map(&SQUARE, 0..);
    let first = tokio::select! { biased;
        first = results.next() => first,
        () = std::future::ready(()) => None,
    };
    assert_eq!(first, None);
    assert!(pool.pending() > 1);

    drop(results);

    assert_eq!(pool.pending(), 0);
    gate.open().await;
}

#[tokio::test]
async fn a_next_that_is_dropped_has_lost_nothing() {
    // P2
    let (_system, pool) = pool(1).await;
    let gate = Gate::block(&pool).await;
    let mut results = pool.map(&SQUARE, 0..10).look_ahead(2);
    for _ in 0..3 {
        tokio::select! { biased;
            _ = results.next() => panic!("the worker stands in the gate"),
            () = std::future::ready(()) => {}
        }
    }

    gate.open().await;

    let squares: Vec<_> = (0..10).map(|number| Ok(number * number)).collect();
    assert_eq!(results.collect().await, squares);
}

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
            lost,
            Err(JobError::WorkerLost {
                maybe_ran: true,
                reason: actor_core::ExitReason::Unresponsive,
            })
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

#[tokio::test]
async fn a_map_that_is_not_polled_does_not_hold_up_other_submitters() {
    // P8
    let system = ActorSystem::new("test");
    let pool = Pool::builder()
        .threads(1)
        .capacity(1)
        .start(&system)
        .await
        .unwrap();

    let mut in_order = pool.map(&SQUARE, 0..20);
    let mut seen = 0;
    while let Some(result) = in_order.next().await {
        assert_eq!(result, Ok(seen * seen));
        assert_eq!(pool.submit(&SQUARE, 3).await.unwrap().await, Ok(9));
        seen += 1;
    }
    assert_eq!(seen, 20);

    let mut unordered = pool.map_unordered(&SQUARE, 0..20);
    let mut seen = 0;
    while let Some((place, result)) = unordered.next().await {
        assert_eq!(result, Ok((place * place) as u64));
        assert_eq!(pool.submit(&SQUARE, 3).await.unwrap().await, Ok(9));
        seen += 1;
    }
    assert_eq!(seen, 20);
}

#[tokio::test]
async fn two_maps_and_a_submitter_share_a_small_queue() {
    // P8
    let system = ActorSystem::new("test");
    let pool = Pool::builder()
        .threads(1)
        .capacity(2)
        .start(&system)
        .await
        .unwrap();
    let mut first = pool.map(&SQUARE, 0..20);
    let mut second = pool.map_unordered(&SQUARE, 0..20);

    for number in 0..20 {
        assert_eq!(first.next().await, Some(Ok(number * number)));
        assert!(second.next().await.is_some());
        assert_eq!(pool.submit(&SQUARE, 3).await.unwrap().await, Ok(9));
    }

    assert_eq!(first.next().await, None);
    assert!(second.next().await.is_none());
}

#[tokio::test]
async fn a_next_that_is_dropped_while_it_waits_leaves_the_line() {
    // P8
    let system = ActorSystem::new("test");
    let pool = Pool::builder()
        .threads(1)
        .capacity(1)
        .start(&system)
        .await
        .unwrap();
    let gate = Gate::block(&pool).await;
    let mut map = pool.map(&SQUARE, 0..3);
    let mut other = pool.map_unordered(&SQUARE, 0..3);
    for _ in 0..2 {
        tokio::select! { biased;
            _ = map.next() => panic!("the only worker is busy"),
            _ = other.next() => panic!("the only worker is busy"),
            () = std::future::ready(()) => {}
        }
    }

    gate.open().await;

    // Both maps had their place in the line and are not polled now.
    assert_eq!(pool.submit(&SQUARE, 3).await.unwrap().await, Ok(9));
    assert_eq!(map.collect().await, [Ok(0), Ok(1), Ok(4)]);
    assert_eq!(other.collect().await.len(), 3);
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
