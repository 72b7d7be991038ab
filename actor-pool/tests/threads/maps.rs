//! Maps: order, look-ahead, and what is left when one is dropped.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use actor_core::ActorSystem;
use actor_pool::{Job, JobError, Pool};

use crate::rig::{Gate, PANIC, SQUARE, pool};

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
