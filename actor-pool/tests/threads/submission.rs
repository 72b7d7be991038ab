//! Room: who waits for it, and who gets it.

use actor_core::ActorSystem;
use actor_pool::{Pool, PoolError, Refusal};

use crate::rig::{Gate, SQUARE};

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
