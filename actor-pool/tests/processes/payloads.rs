//! Arguments and results that cannot travel. Each fails its own job, and the worker lives on.

use std::sync::atomic::Ordering;

use actor_core::ActorSystem;
use actor_pool::{JobError, Payload, Pool};

use crate::rig::{
    BLOB, BYTES, Counted, ENCODED, GIVE, LENGTH, MEASURE, SQUARE, TAKE, Trouble, WEIGH, When,
    builder, pids, pool,
};
#[cfg(target_os = "linux")]
use crate::rig::{LONG, Rest, sigcont, sigstop};

#[track_caller]
fn check(error: JobError, wanted: Payload, says: &str) {
    match &error {
        JobError::Codec { payload, text } => {
            assert_eq!(*payload, wanted, "{error}");
            assert!(text.contains(says), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

async fn take(pool: &Pool, when: When) -> JobError {
    pool.submit(&TAKE, Trouble(when))
        .await
        .unwrap()
        .await
        .unwrap_err()
}

async fn give(pool: &Pool, when: When) -> JobError {
    pool.submit(&GIVE, when).await.unwrap().await.unwrap_err()
}

#[tokio::test]
async fn what_cannot_be_encoded_or_decoded_fails_its_own_job_at_every_stage() {
    // P10
    let (_system, pool) = pool(1).await;
    let before = pids(&pool);

    check(
        take(&pool, When::Encode).await,
        Payload::Argument,
        "could not be encoded",
    );
    check(
        take(&pool, When::EncodePanics).await,
        Payload::Argument,
        "lost for words",
    );
    check(
        take(&pool, When::Decode).await,
        Payload::Argument,
        "could not be decoded",
    );
    check(
        take(&pool, When::DecodePanics).await,
        Payload::Argument,
        "out of its senses",
    );
    check(
        give(&pool, When::Encode).await,
        Payload::Result,
        "could not be encoded",
    );
    check(
        give(&pool, When::EncodePanics).await,
        Payload::Result,
        "lost for words",
    );
    check(
        give(&pool, When::Decode).await,
        Payload::Result,
        "could not be decoded",
    );
    check(
        give(&pool, When::DecodePanics).await,
        Payload::Result,
        "out of its senses",
    );

    let fine = pool.submit(&GIVE, When::Never).await.unwrap().await;
    assert_eq!(fine, Ok(Trouble(When::Never)));
    assert_eq!(pids(&pool), before, "no worker was lost over it");
}

#[tokio::test]
async fn an_argument_that_is_too_large_fails_its_own_job() {
    // P10
    let system = ActorSystem::new("test");
    let pool = builder(1)
        .argument_max(1 << 20)
        .start(&system)
        .await
        .unwrap();
    let before = pids(&pool);

    let large = pool.submit(&LENGTH, vec![0; 2 << 20]).await.unwrap().await;

    let Err(JobError::TooLarge {
        payload: Payload::Argument,
        bytes,
        limit,
    }) = large
    else {
        panic!("{large:?}")
    };
    assert!(bytes > limit);
    let fits = usize::try_from(limit).unwrap() - 16;
    assert_eq!(
        pool.submit(&LENGTH, vec![0; fits]).await.unwrap().await,
        Ok(fits)
    );
    assert_eq!(pids(&pool), before);
}

#[tokio::test]
async fn a_chunk_is_encoded_only_as_far_as_it_can_be_sent() {
    // P10: what is too large takes no more memory than what is not.
    let system = ActorSystem::new("test");
    let (items, size, limit) = (1_000, 1_000, 10_000);
    let pool = builder(1).argument_max(limit).start(&system).await.unwrap();

    let arguments = (0..items).map(|_| Counted(vec![0; size]));
    let sizes = pool.map(&MEASURE, arguments).chunk(items).collect().await;

    assert!(sizes.into_iter().all(|each| each == Ok(size)));
    // The first few together, until they are too many; then each alone.
    let encoded = ENCODED.load(Ordering::Relaxed) as usize;
    assert!(encoded <= limit / size + 1 + items, "{encoded}");
}

#[tokio::test]
async fn a_result_that_is_too_large_fails_its_own_job() {
    // P10
    let system = ActorSystem::new("test");
    let pool = builder(1).result_max(100_000).start(&system).await.unwrap();
    let before = pids(&pool);

    let large = pool.submit(&BYTES, 100_001).await.unwrap().await;

    assert!(
        matches!(
            large,
            Err(JobError::TooLarge {
                payload: Payload::Result,
                limit: 100_000,
                ..
            })
        ),
        "{large:?}"
    );
    assert_eq!(
        pool.submit(&BYTES, 99_990).await.unwrap().await,
        Ok(vec![7; 99_990])
    );
    assert_eq!(pids(&pool), before);
}

#[tokio::test]
async fn a_result_much_larger_than_a_socket_buffer_comes_back_whole() {
    let (_system, pool) = pool(1).await;
    let size = 20 << 20;

    let handle = pool.submit(&BYTES, size).await.unwrap();
    let small = pool.submit(&SQUARE, 2).await.unwrap();

    assert_eq!(handle.await.map(|bytes| bytes.len()), Ok(size));
    assert_eq!(small.await, Ok(4));
}

#[tokio::test]
async fn a_hundred_mebibytes_travel_as_a_blob_there_and_back() {
    // P10, R7
    let (_system, pool) = pool(1).await;
    let size = 100 << 20;

    let there = pool.submit(&WEIGH, vec![1; size].into()).await.unwrap();
    let back = pool.submit(&BLOB, size).await.unwrap();
    let small = pool.submit(&BLOB, 3).await.unwrap();

    assert_eq!(there.await, Ok(size));
    let back = back.await.unwrap();
    assert_eq!(back.len(), size);
    assert!(back.iter().all(|byte| *byte == 5));
    assert_eq!(small.await, Ok(vec![5; 3].into()));
}

#[tokio::test]
async fn a_blob_beyond_the_limit_fails_its_own_job() {
    // P10
    let system = ActorSystem::new("test");
    let pool = builder(1).result_max(1 << 20).start(&system).await.unwrap();

    let large = pool.submit(&BLOB, 2 << 20).await.unwrap().await;

    assert!(
        matches!(
            large,
            Err(JobError::TooLarge {
                payload: Payload::Result,
                ..
            })
        ),
        "{large:?}"
    );
    assert_eq!(pool.submit(&SQUARE, 2).await.unwrap().await, Ok(4));
}

#[tokio::test]
async fn the_results_of_a_chunk_may_each_be_as_large_as_the_limit() {
    // P2, P10
    let system = ActorSystem::new("test");
    let pool = builder(1).result_max(100_000).start(&system).await.unwrap();
    let before = pids(&pool);
    let sizes = [60_000, 60_000, 1, 99_990, 100_001, 99_990, 2];

    let results = pool.map(&BYTES, sizes).chunk(7).collect().await;

    let lengths: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().map(Vec::len))
        .collect();
    for (size, length) in sizes.into_iter().zip(lengths) {
        match size {
            100_001 => assert!(
                matches!(length, Err(JobError::TooLarge { .. })),
                "{length:?}"
            ),
            _ => assert_eq!(length, Ok(size)),
        }
    }
    assert_eq!(pids(&pool), before);
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_stopped_worker_does_not_read_keeps_no_thread_busy() {
    // R3. A thread that is kept busy never comes to any deadline, so this is another one.
    let rest = Rest::default();
    let resting = rest.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .on_thread_park(move || resting.begin())
        .build()
        .unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime.block_on(async {
            let (_system, pool) = pool(1).await;
            let pid = pids(&pool)[0];
            sigstop(pid);
            let length = pool.try_submit(&LENGTH, vec![0; 8 << 20]).unwrap();

            rest.comes().await;

            sigcont(pid);
            tell.send(length.await).unwrap();
        });
    });

    assert_eq!(told.recv_timeout(LONG), Ok(Ok(8 << 20)));
}
