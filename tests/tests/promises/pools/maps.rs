//! One job over many arguments: chunks, streams, tuples.

use std::pin::Pin;
use std::task::{Context, Poll};

use actor_core::Stream;
use actor_pool::{Job, JobError, JobOptions, Pool, Refusal};
use tokio::sync::mpsc;

use super::{PICKY, SQUARE, start};

#[tokio::test]
async fn chunks_give_results_in_input_order_and_fail_their_items_alone() {
    // P2
    let (_system, pool) = start(Pool::tasks(1).threads(2)).await;

    let results = pool.map(&PICKY, 0..10).chunk(4).collect().await;

    for (place, result) in (0..).zip(results) {
        match result {
            Ok(number) => assert_eq!(number, place),
            Err(JobError::Panicked { .. }) => assert_eq!(place, 3),
            Err(other) => panic!("{other}"),
        }
    }
    let stats = pool.stats();
    assert_eq!((stats.done, stats.failed), (9, 1), "items are counted");
    assert_eq!(
        stats.running_time.count(),
        3,
        "two chunks of four and one of two"
    );
}

#[tokio::test]
async fn only_retryable_jobs_go_in_automatic_chunks() {
    // P2
    let (_system, pool) = start(Pool::threads(2)).await;

    assert_eq!(pool.map(&SQUARE, 0..100).collect().await.len(), 100);
    assert_eq!(pool.stats().running_time.count(), 100);
    let options = JobOptions::new().retryable();
    let squares = pool
        .map(&SQUARE, 0..100u64)
        .options(options)
        .collect()
        .await;

    assert!(
        squares
            .into_iter()
            .eq((0..100).map(|number| Ok(number * number)))
    );
    assert!(pool.stats().running_time.count() <= 110);
}

#[tokio::test]
async fn unordered_chunks_give_every_result_once_with_its_place() {
    // P2
    let (_system, pool) = start(Pool::threads(2)).await;

    let mut squares = pool
        .map_unordered(&SQUARE, 0..1_000)
        .chunk(7)
        .collect()
        .await;

    squares.sort_by_key(|(place, _)| *place);
    let expected = (0..1_000).map(|number| (number as usize, Ok(number * number)));
    assert!(squares.into_iter().eq(expected));
}

#[tokio::test]
async fn a_chunk_of_zero_is_an_error() {
    // P2
    let (_system, pool) = start(Pool::threads(1)).await;

    let results = pool.map(&SQUARE, [1, 2]).chunk(0).collect().await;

    let refused = Err(JobError::Refused(Refusal::NoChunk));
    assert_eq!(results, [refused.clone(), refused]);
}

#[tokio::test]
async fn chunks_draw_an_endless_input_only_a_bounded_number_ahead() {
    // P2
    let (_system, pool) = start(Pool::threads(2)).await;
    let mut drawn = 0;

    let mut squares = pool
        .map(&SQUARE, (0..).inspect(|_| drawn += 1))
        .chunk(8)
        .look_ahead(20);
    for number in 0..100 {
        assert_eq!(squares.next().await, Some(Ok(number * number)));
    }
    drop(squares);

    assert!(drawn <= 100 + 20, "{drawn}");
}

#[tokio::test]
async fn tuples_are_the_arguments_of_jobs_of_several() {
    const ADD: Job<(u64, u64), u64> = Job::new("test.add/v1", |(a, b)| a + b);
    let (_system, pool) = start(Pool::threads(1)).await;

    let sums = pool.starmap(&ADD, [(1, 2), (3, 4)]).collect().await;

    assert_eq!(sums, [Ok(3), Ok(7)]);
}

#[tokio::test]
async fn for_each_counts_and_names_the_first_failure() {
    let (_system, pool) = start(Pool::threads(1)).await;

    let finished = pool.for_each(&PICKY, 1..=5).await;

    assert_eq!((finished.done, finished.failed), (4, 1));
    let (place, error) = finished.first_failure.unwrap();
    assert!(place == 2 && matches!(error, JobError::Panicked { .. }));
}

struct Received(mpsc::UnboundedReceiver<u64>);

impl Stream for Received {
    type Item = u64;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        self.0.poll_recv(cx)
    }
}

#[tokio::test]
async fn a_stream_is_drawn_as_it_comes_and_holds_no_room_while_it_has_nothing() {
    // P2
    let (_system, pool) = start(Pool::tasks(1).capacity(1)).await;
    let (send, receive) = mpsc::unbounded_channel();
    let mut squares = pool.map_stream(&SQUARE, Received(receive)).chunk(4);

    send.send(2).unwrap();
    send.send(3).unwrap();
    assert_eq!(
        squares.next().await,
        Some(Ok(4)),
        "it does not wait for a whole chunk"
    );
    assert_eq!(squares.next().await, Some(Ok(9)));
    let nothing = tokio::select! {
        biased;
        square = squares.next() => Err(square),
        result = pool.apply(&SQUARE, 5) => Ok(result),
    };
    assert_eq!(nothing, Ok(Ok(25)), "others have the room");

    send.send(4).unwrap();
    drop(send);
    assert_eq!(squares.collect().await, [Ok(16)]);
}
