//! Where jobs run, who is refused, how a pool starts.

use actor_core::{ActorSystem, ExitReason};
use actor_pool::{JobError, Pool, PoolError, Refusal, WorkerKind, WorkerState};

use crate::rig::{
    ENV, FEWER, IMPOSTOR, MEET, Meeting, PANIC, PID, SQUARE, STRANGE, builder, pids, pool,
};

#[tokio::test]
async fn a_job_runs_in_another_process_and_its_result_comes_back() {
    let (_system, pool) = pool(1).await;

    let completed = pool
        .submit(&PID, ())
        .await
        .unwrap()
        .outcome()
        .await
        .unwrap();

    assert_ne!(completed.value, std::process::id());
    assert_eq!(completed.worker.kind, WorkerKind::Process);
    assert_eq!(&*completed.worker.name, "process-1");
    assert_eq!(completed.worker.pid, Some(completed.value));
    assert_eq!(pids(&pool), [completed.value]);
}

#[tokio::test]
async fn threads_and_processes_work_from_one_queue() {
    let system = ActorSystem::new("test");
    let pool = builder(1).threads(1).start(&system).await.unwrap();
    let meeting = Meeting::new();
    let first = pool.submit(&MEET, meeting.place.clone()).await.unwrap();
    let second = pool.submit(&MEET, meeting.place.clone()).await.unwrap();

    let guests = [meeting.guest().await, meeting.guest().await];
    let mut met = guests.each_ref().map(|guest| guest.pid);
    for guest in guests {
        guest.let_go().await;
    }

    met.sort_unstable();
    let mut known = pids(&pool);
    known.sort_unstable();
    assert_eq!(met[..], known[..]);
    assert!(met.contains(&std::process::id()), "one of them is this one");
    assert_ne!(first.await.unwrap(), second.await.unwrap());
}

#[tokio::test]
async fn map_over_processes_gives_results_in_the_order_of_the_arguments() {
    // P2
    let (_system, pool) = pool(2).await;

    let results = pool.map(&SQUARE, 0..300).collect().await;

    let squares: Vec<_> = (0..300).map(|number| Ok(number * number)).collect();
    assert_eq!(results, squares);
}

#[tokio::test]
async fn a_panic_in_a_process_fails_its_own_job_and_the_worker_lives_on() {
    // P3, P4
    let (_system, pool) = pool(1).await;
    let before = pids(&pool);

    let failed = pool
        .submit(&PANIC, "oh dear".to_owned())
        .await
        .unwrap()
        .await;

    let Err(JobError::Panicked(panic)) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(panic.text, "oh dear");
    assert!(panic.location.unwrap().contains("rig.rs:"));
    assert_eq!(pool.submit(&SQUARE, 5).await.unwrap().await, Ok(25));
    assert_eq!(pids(&pool), before);
}

#[tokio::test]
async fn jobs_that_processes_do_not_know_are_refused_and_given_back() {
    let (_system, pool) = pool(1).await;

    let strange = pool.submit(&STRANGE, ()).await.unwrap_err();
    assert_eq!(
        strange.refusal(),
        &Refusal::Unregistered {
            job: "test.strange/v1"
        }
    );
    let impostor = pool.submit(&IMPOSTOR, "kept".to_owned()).await.unwrap_err();
    assert_eq!(
        impostor.refusal(),
        &Refusal::Mismatched {
            job: "test.square/v1"
        }
    );
    assert_eq!(impostor.into_argument(), "kept");
    let closure = pool.submit_fn(|| 1).await.unwrap_err();
    assert_eq!(closure.refusal(), &Refusal::NoThreads);
    let mapped = pool.map(&STRANGE, [()]).collect().await;
    assert_eq!(
        mapped,
        [Err(JobError::Refused(Refusal::Unregistered {
            job: "test.strange/v1"
        }))]
    );
}

#[tokio::test]
async fn a_worker_that_does_not_know_a_job_names_it() {
    // P10
    let system = ActorSystem::new("test");
    let pool = builder(1)
        .process_env(FEWER, "1")
        .start(&system)
        .await
        .unwrap();

    let unknown = pool.submit(&SQUARE, 2).await.unwrap().await;

    assert_eq!(
        unknown,
        Err(JobError::Unknown {
            job: "test.square/v1".into()
        })
    );
    let known = pool.submit(&ENV, FEWER.to_owned()).await.unwrap().await;
    assert_eq!(known, Ok(Some("1".to_owned())));
}

#[tokio::test]
async fn a_pool_whose_executable_does_not_exist_names_the_worker_and_leaves_nothing() {
    let system = ActorSystem::new("test");

    let error = builder(2)
        .threads(1)
        .process_binary("/does/not/exist")
        .start(&system)
        .await
        .unwrap_err();

    let PoolError::Worker { name, reason } = error else {
        panic!("{error:?}")
    };
    assert!(name.starts_with("process-"), "{name}");
    assert!(
        matches!(&reason, ExitReason::StartFailed(text) if text.contains("/does/not/exist")),
        "{reason}"
    );
    assert_eq!(system.live_actors(), 0);
}

#[tokio::test]
async fn a_start_that_is_dropped_leaves_nothing() {
    let system = ActorSystem::new("test");
    let mut starting = Box::pin(builder(1).threads(1).start(&system));
    tokio::select! { biased;
        _ = &mut starting => panic!("a process takes longer"),
        () = std::future::ready(()) => {}
    }

    drop(starting);

    assert!(system.shutdown(crate::rig::LONG).await.is_clean());
}

#[tokio::test]
async fn workers_are_listed_with_their_process_and_what_they_do() {
    let (_system, pool) = pool(2).await;
    let meeting = Meeting::new();
    let job = pool.submit(&MEET, meeting.place.clone()).await.unwrap();
    let guest = meeting.guest().await;

    let busy: Vec<_> = Pool::workers(&pool)
        .into_iter()
        .filter(|worker| worker.state == WorkerState::Busy)
        .collect();

    assert_eq!(busy.len(), 1);
    assert_eq!(busy[0].pid, Some(guest.pid));
    assert_eq!(busy[0].kind, WorkerKind::Process);
    guest.let_go().await;
    assert_eq!(job.await, Ok(busy[0].pid.unwrap()));
}
