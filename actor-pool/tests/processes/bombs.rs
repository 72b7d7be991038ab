//! Workers that die at every stage of a job, as in the suite of deadlocks of Python's executors: there a pool hangs or is broken for ever.

use actor_core::ExitReason;
use actor_pool::{JobError, JobOptions, ShutdownMode};

use crate::rig::{
    BOMB, BYTES, Bomb, Deed, LENGTH, LONG, SQUARE, Stage, is_gone, pids, pool, sigkill, sigstop,
};

const STAGES: [Stage; 3] = [Stage::DecodeArgument, Stage::Run, Stage::EncodeResult];
const DEEDS: [Deed; 3] = [Deed::Exit, Deed::Abort, Deed::Kill];

#[tokio::test]
async fn a_worker_that_dies_at_any_stage_fails_its_job_and_the_pool_goes_on() {
    // P3, P4
    let (_system, pool) = pool(1).await;
    for stage in STAGES {
        for deed in DEEDS {
            let doomed = pool.submit(&BOMB, Bomb(stage, deed)).await.unwrap();
            let behind = pool.submit(&SQUARE, 5).await.unwrap();

            let error = doomed.await.unwrap_err();

            let JobError::WorkerLost {
                maybe_ran: true,
                reason,
            } = error
            else {
                panic!("{stage:?}, {deed:?}: {error:?}")
            };
            let ExitReason::Process(exit) = *reason else {
                panic!("{stage:?}, {deed:?}: {reason:?}")
            };
            let (code, signal) = match deed {
                Deed::Exit => (Some(9), None),
                Deed::Abort => (None, Some(6)),
                Deed::Kill => (None, Some(9)),
            };
            assert_eq!((exit.code, exit.signal), (code, signal), "{stage:?}");
            assert_eq!(behind.await, Ok(25), "{stage:?}, {deed:?}");
        }
    }
}

#[tokio::test]
async fn a_retryable_job_that_dies_at_any_stage_is_quarantined() {
    // P5
    let (_system, pool) = pool(1).await;
    for stage in STAGES {
        let options = JobOptions::new().retryable();
        let bomb = Bomb(stage, Deed::Exit);
        let poison = pool.submit_with(&BOMB, bomb, options).await.unwrap();

        let error = poison.await.unwrap_err();

        assert!(
            matches!(error, JobError::Quarantined { losses: 3, .. }),
            "{stage:?}: {error:?}"
        );
    }
    assert_eq!(pool.submit(&SQUARE, 2).await.unwrap().await, Ok(4));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_worker_that_is_killed_while_it_is_sent_a_large_argument_had_not_begun() {
    // P3
    let (_system, pool) = pool(1).await;
    let pid = pids(&pool)[0];
    sigstop(pid);
    // Far more than the socket holds, so that the writing side waits in the middle of it.
    let size = 32 << 20;
    let large = pool.submit(&LENGTH, vec![1; size]).await.unwrap();

    sigkill(pid);

    assert_eq!(large.await, Ok(size), "another worker did it");
    assert!(is_gone(pid));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_around_a_large_result_costs_at_most_that_job() {
    // P3
    let (_system, pool) = pool(1).await;
    for _ in 0..5 {
        let pid = pool.submit(&crate::rig::PID, ()).await.unwrap();
        let pid = pid.await.unwrap();
        let large = pool.submit(&BYTES, 24 << 20).await.unwrap();
        let behind = pool.submit(&SQUARE, 3).await.unwrap();

        sigkill(pid);

        match large.await {
            Ok(bytes) => assert_eq!(bytes.len(), 24 << 20),
            Err(JobError::WorkerLost { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        assert_eq!(behind.await, Ok(9));
    }
    let all = pids(&pool);
    let report = pool.shutdown(ShutdownMode::Drain, LONG).await;
    assert!(report.is_clean());
    assert!(all.into_iter().all(is_gone));
}
