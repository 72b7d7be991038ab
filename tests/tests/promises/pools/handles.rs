//! Handles: aborts, progress, callbacks, and waiting for several of them.

use std::sync::mpsc;
use std::time::Duration;

use actor_pool::{JobError, JobSet, JobStatus, Pool, Until, as_completed, report_progress, wait};
use tokio::sync::oneshot;

use super::{Gate, PICKY, SQUARE, start};

#[tokio::test]
async fn an_abort_drops_the_future_of_a_running_job_at_its_await() {
    // P1
    let (_system, pool) = start(Pool::tasks(1)).await;
    let (dropped, hears_drop) = oneshot::channel::<()>();
    let (enter, entered) = oneshot::channel();
    let endless = move || async move {
        let _dropped = dropped;
        enter.send(()).unwrap();
        std::future::pending::<()>().await;
    };
    let job = pool.submit_async(endless).await.unwrap();
    entered.await.unwrap();
    assert_eq!(job.status(), JobStatus::Running);
    assert!(!job.cancel(), "it is in hand");

    assert!(job.abort());

    assert_eq!(job.await, Err(JobError::Aborted));
    assert!(hears_drop.await.is_err());
    assert_eq!(pool.apply(&SQUARE, 3).await, Ok(9), "the worker goes on");
}

#[tokio::test]
async fn an_abort_cancels_what_is_pending_and_cannot_end_a_thread() {
    // P1
    let (_system, pool) = start(Pool::threads(1)).await;
    let (open, opened) = mpsc::channel::<()>();
    let (enter, entered) = oneshot::channel();
    let slow = pool.submit_fn(move || {
        enter.send(()).unwrap();
        opened.recv().ok();
    });
    let slow = slow.await.unwrap();
    entered.await.unwrap();
    let pending = pool.submit(&SQUARE, 3).await.unwrap();

    assert!(pending.abort());
    assert!(!slow.abort());
    drop(open);

    assert_eq!(pending.await, Err(JobError::Cancelled));
    assert_eq!(slow.await, Ok(()));
}

#[tokio::test]
async fn a_running_job_says_how_far_it_is() {
    let (_system, pool) = start(Pool::tasks(1).threads(1)).await;
    report_progress(1, 1); // Outside of a job it is nothing.

    let (go_on, gone_on) = oneshot::channel::<()>();
    let (said, hear) = oneshot::channel();
    let on_task = pool.submit_async(move || async move {
        report_progress(1, 4);
        tokio::task::yield_now().await;
        report_progress(2, 4);
        said.send(()).unwrap();
        gone_on.await.ok();
    });
    let on_task = on_task.await.unwrap();
    hear.await.unwrap();
    let progress = on_task.progress().unwrap();
    assert_eq!((progress.done, progress.total), (2, 4));
    drop(go_on);
    on_task.await.unwrap();

    let mut on_thread = pool.submit_fn(|| report_progress(5, 0)).await.unwrap();
    (&mut on_thread).await.unwrap();
    assert_eq!(on_thread.progress().unwrap().done, 5, "the last word stays");
}

#[tokio::test]
async fn callbacks_run_once_in_the_order_in_which_they_were_added() {
    // P12
    let (_system, pool) = start(Pool::tasks(1)).await;
    let gate = Gate::set_up(&pool).await;
    let (told, heard) = mpsc::channel();
    let job = pool.submit(&SQUARE, 3).await.unwrap();
    for number in 0..3 {
        let told = told.clone();
        job.on_done(move |result| told.send((number, result.copied().ok())).unwrap());
    }
    gate.open().await;
    while !job.is_finished() {
        tokio::task::yield_now().await;
    }
    job.on_done(move |result| told.send((3, result.copied().ok())).unwrap());

    assert_eq!(job.await, Ok(9));
    let expected = (0..4).map(|number| (number, Some(9)));
    assert_eq!(
        heard.iter().collect::<Vec<_>>(),
        expected.collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_callback_hears_of_a_cancellation() {
    // P12
    let (_system, pool) = start(Pool::tasks(1)).await;
    let _gate = Gate::set_up(&pool).await;
    let (told, heard) = mpsc::channel();
    let job = pool.submit(&SQUARE, 3).await.unwrap();
    job.on_done(move |result| told.send(result.copied().unwrap_err().clone()).unwrap());

    assert!(job.cancel());

    assert_eq!(heard.try_recv(), Ok(JobError::Cancelled));
}

#[tokio::test]
async fn waiting_for_the_first_leaves_the_others() {
    // P12
    let (_system, pool) = start(Pool::tasks(2)).await;
    let gate = Gate::set_up(&pool).await;
    let quick = pool.submit_async(|| async {}).await.unwrap();

    let (done, mut left) = wait([gate.job, quick], Until::First, None).await;

    assert_eq!(done, [(1, Ok(()))]);
    assert_eq!(left.len(), 1);
    gate.open.send(()).unwrap();
    assert_eq!(left.next().await, Some((0, Ok(()))));
    assert_eq!(left.next().await, None);
}

#[tokio::test]
async fn waiting_for_the_first_failure_takes_all_without_one() {
    // P12
    let (_system, pool) = start(Pool::tasks(1)).await;
    let mut jobs = JobSet::new();
    for number in [1, 2] {
        jobs.insert(pool.submit(&PICKY, number).await.unwrap());
    }
    let done = jobs.wait(Until::FirstFailure, None).await;
    assert_eq!(done, [(0, Ok(1)), (1, Ok(2))]);

    jobs.insert(pool.submit(&PICKY, 3).await.unwrap());
    let gate = Gate::set_up(&pool).await;
    jobs.insert(pool.submit(&PICKY, 4).await.unwrap());
    let done = jobs.wait(Until::FirstFailure, None).await;
    assert!(
        matches!(&done[..], [(2, Err(JobError::Panicked { .. }))]),
        "{done:?}"
    );

    gate.open().await;
    assert_eq!(jobs.wait(Until::All, None).await, [(3, Ok(4))]);
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_its_time_and_keeps_what_is_left() {
    // P12
    let (_system, pool) = start(Pool::tasks(2)).await;
    let gate = Gate::set_up(&pool).await;
    let quick = pool.submit_async(|| async {}).await.unwrap();
    let limit = Some(Duration::from_millis(10));

    let (done, left) = wait([gate.job, quick], Until::All, limit).await;

    assert_eq!((done, left.len()), (vec![(1, Ok(()))], 1));
    assert_eq!((left.cancel(), left.abort()), (0, 1));
}

#[tokio::test]
async fn outcomes_come_as_their_jobs_complete() {
    // P12
    let (_system, pool) = start(Pool::tasks(3)).await;
    let (mut openers, mut jobs) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let gate = Gate::set_up(&pool).await;
        openers.push(Some(gate.open));
        jobs.push(gate.job);
    }
    let mut completed = as_completed(jobs);

    for place in [2, 0, 1] {
        openers[place].take().unwrap().send(()).unwrap();
        assert_eq!(completed.next().await, Some((place, Ok(()))));
    }
    assert_eq!(completed.next().await, None);
}
