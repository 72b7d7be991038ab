//! E11, E14: children that come and go by calls.

use super::*;

// E16: one scenario per claim, for children of every kind.
in_every_placement!(
    children_are_added_and_refused_by_id,
    every_call_knows_where_a_child_stands,
    a_restarted_child_is_the_same_actor_with_an_empty_mailbox,
    a_child_that_does_not_start_again_stays_stopped,
    children_are_counted_and_limited,
    a_child_that_is_terminated_while_it_is_added_is_not,
);

// E1, E11
async fn children_are_added_and_refused_by_id(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let supervisor = supervisor().start(&system).await.unwrap();
    let (spec, child) = stage.worker(placement, "a").build();
    supervisor.start_child(spec).await.unwrap();
    assert_eq!(child.ask(|reply| Job::Echo(1, reply)).await, Ok(1));

    let (again, second) = stage.worker(placement, "a").build();
    assert_eq!(
        supervisor.start_child(again).await,
        Err(SupervisorError::AlreadyStarted("a".into()))
    );
    assert_eq!(second.wait().await, ExitReason::Shutdown);
    stage.order("b", &[Order::Fail]);
    let (failing, third) = stage.worker(placement, "b").name("b").build();
    let reason = ExitReason::StartFailed("ordered to fail".into());
    assert_eq!(
        supervisor.start_child(failing).await,
        Err(SupervisorError::StartFailed(reason.clone()))
    );
    assert_eq!(third.wait().await, reason);
    assert!(system.lookup_any("b").is_none());
    assert_eq!(
        states(&supervisor).await,
        [("a".into(), ChildState::Running)]
    );

    let twice = ["c", "c"].map(|id| stage.worker(placement, id).build().0);
    let [first, again] = twice;
    let builder = Supervisor::builder(Strategy::OneForOne);
    let error = builder.child(first).child(again).start(&system).await.err();
    assert_eq!(error, Some(StartError::DuplicateChild("c".into())));
}

/// What an attempt to use a child that is not there comes to.
fn unknown<T>() -> Result<T, SupervisorError> {
    Err(SupervisorError::NotFound("a".into()))
}

// E11
async fn every_call_knows_where_a_child_stands(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let supervisor = supervisor().start(&system).await.unwrap();
    let again = || stage_worker(&stage, placement);
    assert_eq!(supervisor.terminate_child("a").await, unknown());
    assert_eq!(supervisor.restart_child("a").await, unknown());
    assert_eq!(supervisor.delete_child("a").await, unknown());

    supervisor.start_child(again()).await.unwrap();
    let id = || "a".to_owned();
    let running = Err(SupervisorError::Running(id()));
    let started = Err(SupervisorError::AlreadyStarted(id()));
    assert_eq!(supervisor.start_child(again()).await, started);
    assert_eq!(supervisor.restart_child("a").await, running);
    assert_eq!(supervisor.delete_child("a").await, running);

    supervisor.terminate_child("a").await.unwrap();
    let present = Err(SupervisorError::AlreadyPresent(id()));
    assert_eq!(supervisor.start_child(again()).await, present);
    supervisor.terminate_child("a").await.unwrap();
    supervisor.restart_child("a").await.unwrap();
    assert_eq!(supervisor.restart_child("a").await, running);
    supervisor.terminate_child("a").await.unwrap();
    supervisor.delete_child("a").await.unwrap();
    assert_eq!(supervisor.delete_child("a").await, unknown());

    let waiting = stage
        .worker(placement, "a")
        .backoff(Backoff::constant(HOUR));
    let (spec, child) = waiting.build();
    supervisor.start_child(spec).await.unwrap();
    child.send(Job::Fail).await.unwrap();
    wait_for_state(&supervisor, 0, ChildState::Restarting).await;
    let restarting = Err(SupervisorError::Restarting(id()));
    assert_eq!(supervisor.start_child(again()).await, present);
    assert_eq!(supervisor.restart_child("a").await, restarting);
    assert_eq!(supervisor.delete_child("a").await, restarting);

    supervisor.stop();
    supervisor.wait().await;
    let gone = Err(SupervisorError::Unavailable);
    assert_eq!(supervisor.start_child(again()).await, gone);
    assert_eq!(supervisor.restart_child("a").await, gone);
    assert_eq!(supervisor.terminate_child("a").await, gone);
    assert_eq!(supervisor.delete_child("a").await, gone);
}

fn stage_worker(stage: &Stage, placement: Placement) -> ChildSpec {
    stage.worker(placement, "a").build().0
}

// E11, D5
async fn a_restarted_child_is_the_same_actor_with_an_empty_mailbox(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let worker = stage.worker(placement, "a").name("name");
    let (spec, child) = worker.mailbox(Mailbox::bounded(3)).build();
    let supervisor = supervisor().child(spec).start(&system).await.unwrap();
    let id = child.id();
    child.send(Job::Hold).await.unwrap();
    stage.until("a holds").await;
    for number in 0..3 {
        child.try_send(Job::Do(number)).unwrap();
    }
    let terminating = {
        let supervisor = supervisor.clone();
        tokio::spawn(async move { supervisor.terminate_child("a").await })
    };
    wait_for_state(&supervisor, 0, ChildState::Stopping).await;
    stage.release("a");
    terminating.await.unwrap().unwrap();
    assert_eq!(child.wait().await, ExitReason::Shutdown);
    assert_eq!(system.dead_letter_count(), 3);
    assert!(child.is_closed());
    assert!(system.lookup_any("name").is_none());
    let live = system.live_actors();

    supervisor.restart_child("a").await.unwrap();

    assert_eq!(child.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
    assert_eq!((child.id(), child.is_empty()), (id, true));
    let found: ActorRef<Job> = system.lookup("name").unwrap();
    assert_eq!(found, child);
    assert_eq!(system.live_actors(), live + 1);
    // The room is that of an empty mailbox, also before the next start.
    stage.until("a starts").await;
    child.send(Job::Hold).await.unwrap();
    stage.expect(&["a holds"]).await;
    for number in 0..3 {
        child.try_send(Job::Do(number)).unwrap();
    }
    assert!(child.try_send(Job::Do(3)).unwrap_err().is_full());
    stage.release("a");
    stage.expect(&["a did 0", "a did 1", "a did 2"]).await;
    // And it ends like any other.
    supervisor.stop();
    supervisor.wait().await;
    assert_eq!(child.wait().await, ExitReason::Shutdown);
    assert_eq!(system.live_actors(), live - 1);
}

// E11, C5: whoever waited for the end hears of it, however late it looks.
#[tokio::test]
async fn a_waiter_hears_of_an_end_that_a_restart_has_undone() {
    let system = system();
    let stage = Stage::new(&system);
    let (spec, child) = stage.worker(Placement::Task, "a").build();
    let supervisor = supervisor().child(spec).start(&system).await.unwrap();
    let mut early = Box::pin(child.wait());
    assert_eq!(tests::poll_once(&mut early), None);

    supervisor.terminate_child("a").await.unwrap();
    supervisor.restart_child("a").await.unwrap();

    assert_eq!(tests::poll_once(&mut early), Some(ExitReason::Shutdown));
    let mut late = Box::pin(child.wait());
    assert_eq!(tests::poll_once(&mut late), None, "it lives");
    supervisor.terminate_child("a").await.unwrap();
    assert_eq!(soon("the end", late).await, ExitReason::Shutdown);
}

// E11
async fn a_child_that_does_not_start_again_stays_stopped(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").name("name").build();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(0, HOUR);
    let supervisor = builder.child(spec).start(&system).await.unwrap();
    supervisor.terminate_child("a").await.unwrap();

    stage.order("a", &[Order::Fail]);
    let reason = ExitReason::StartFailed("ordered to fail".into());
    let failed = Err(SupervisorError::StartFailed(reason.clone()));
    assert_eq!(supervisor.restart_child("a").await, failed);
    assert_eq!(child.wait().await, reason);
    assert!(system.lookup_any("name").is_none(), "its name is free");

    let (puppet, _events) = Puppet::new();
    let rival = system.start_named("name", puppet).await.unwrap();
    match supervisor.restart_child("a").await {
        Err(SupervisorError::NameTaken(taken)) => assert_eq!(taken.holder, rival.id()),
        other => panic!("{other:?}"),
    }
    assert!(child.is_closed());
    let stopped = [("a".into(), ChildState::Stopped)];
    assert_eq!(states(&supervisor).await, stopped);
    rival.stop();
    rival.wait().await;
    supervisor.restart_child("a").await.unwrap();
    assert_eq!(child.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
}

// E11
#[tokio::test]
async fn a_name_that_is_taken_refuses_a_new_child() {
    let system = system();
    let stage = Stage::new(&system);
    let (puppet, _events) = Puppet::new();
    let rival = system.start_named("name", puppet).await.unwrap();
    let supervisor = supervisor().start(&system).await.unwrap();
    let (spec, child) = stage.worker(Placement::Task, "a").name("name").build();

    match supervisor.start_child(spec).await {
        Err(SupervisorError::NameTaken(taken)) => assert_eq!(taken.holder, rival.id()),
        other => panic!("{other:?}"),
    }

    assert!(child.wait().await.is_failure());
    assert_eq!(supervisor.count_children().await.unwrap().specs, 0);
}

// E11
async fn children_are_counted_and_limited(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let (nested, _) = Supervisor::builder(Strategy::OneForAll).into_spec("nested");
    let builder = supervisor().max_children(3).child(nested);
    let supervisor = builder.start(&system).await.unwrap();
    let worker = |id: &str| stage.worker(placement, id).build().0;
    supervisor.start_child(worker("a")).await.unwrap();
    supervisor.start_child(worker("b")).await.unwrap();
    let full = Err(SupervisorError::MaxChildren(3));
    assert_eq!(supervisor.start_child(worker("c")).await, full);

    supervisor.terminate_child("a").await.unwrap();
    let counts = supervisor.count_children().await.unwrap();
    assert_eq!((counts.specs, counts.active), (3, 2));
    assert_eq!((counts.supervisors, counts.workers), (1, 2));
    let still_full = supervisor.start_child(worker("c")).await;
    assert_eq!(still_full, full, "its specification is kept");
    supervisor.delete_child("a").await.unwrap();

    supervisor.start_child(worker("c")).await.unwrap();
    assert_eq!(supervisor.count_children().await.unwrap().active, 3);
}

// E11
async fn a_child_that_is_terminated_while_it_is_added_is_not(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let supervisor = supervisor().start(&system).await.unwrap();
    stage.order("a", &[Order::Hang]);
    let worker = stage.worker(placement, "a").shutdown(Shutdown::Kill);
    let (spec, child) = worker.build();
    let adding = {
        let supervisor = supervisor.clone();
        tokio::spawn(async move { supervisor.start_child(spec).await })
    };
    stage.expect(&["a starts"]).await;

    supervisor.terminate_child("a").await.unwrap();

    let reason = ExitReason::Killed;
    let failed = Err(SupervisorError::StartFailed(reason.clone()));
    assert_eq!(soon("the answer", adding).await.unwrap(), failed);
    assert_eq!(child.wait().await, reason);
    assert_eq!(supervisor.count_children().await.unwrap().specs, 0);
}

// E14: the cost for each is measured by a benchmark; here they are only started and stopped in number.
#[tokio::test]
async fn twenty_thousand_children_come_and_go() {
    const MANY: usize = 20_000;
    let system = system();
    let supervisor = supervisor().start(&system).await.unwrap();
    let mut children = Vec::with_capacity(MANY);
    for number in 0..MANY {
        let (spec, child) = ChildSpec::new(number.to_string(), || Puppet::new().0).build();
        supervisor.start_child(spec).await.unwrap();
        children.push(child);
    }
    let counts = supervisor.count_children().await.unwrap();
    assert_eq!((counts.specs, counts.active), (MANY, MANY));
    assert_eq!(children[7].ask(|reply| answer(reply, 1)).await, Ok(1));

    // From the front, from the back and in between.
    for number in 0..MANY / 2 {
        let number = if number % 2 == 0 {
            number
        } else {
            MANY - number
        };
        let id = number.to_string();
        supervisor.terminate_child(&id).await.unwrap();
        supervisor.delete_child(&id).await.unwrap();
    }

    assert_eq!(supervisor.count_children().await.unwrap().specs, MANY / 2);
    supervisor.stop();
    assert_eq!(soon("the end", supervisor.wait()).await, ExitReason::Normal);
    assert_eq!(system.live_actors(), 0);
    assert!(children.iter().all(ActorRef::is_closed));
}
