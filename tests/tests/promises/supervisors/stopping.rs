//! E10, E12, C6: how children are stopped.

use super::*;

// E16: one scenario per claim, for children of every kind.
in_every_placement!(
    a_supervisor_that_is_killed_stops_its_children_in_order,
    a_child_that_ends_otherwise_while_it_is_stopped_is_not_restarted,
    a_child_stopped_through_the_supervisor_is_not_restarted,
    a_termination_that_races_with_a_restart_stops_the_child_in_peace,
);

// C6, E1
async fn a_supervisor_that_is_killed_stops_its_children_in_order(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let builder = supervisor()
        .child(stage.worker(placement, "a").build().0)
        .child(stage.worker(placement, "b").build().0);
    let supervisor = builder.start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts"]).await;

    supervisor.kill();

    assert_eq!(supervisor.wait().await, ExitReason::Killed);
    stage
        .expect(&["b stopped: shutdown", "a stopped: shutdown"])
        .await;
}

// E10
#[tokio::test(start_paused = true)]
async fn each_child_is_given_its_own_allowance_and_then_killed() {
    let system = paused_system();
    let seconds = Duration::from_secs;
    let allowances = [
        (Shutdown::Kill, 0, ExitReason::Killed),
        (Shutdown::Within(seconds(7)), 7, ExitReason::Killed),
        (Shutdown::default(), 5, ExitReason::Killed),
        (Shutdown::Wait, 100, ExitReason::Shutdown),
    ];
    let mut builder = supervisor();
    let mut children = Vec::new();
    for (number, (allowance, ..)) in allowances.iter().enumerate() {
        let (spec, child) = ChildSpec::new(number.to_string(), || Puppet::new().0)
            .shutdown(*allowance)
            .build();
        builder = builder.child(spec);
        children.push(child);
    }
    let supervisor = builder.start(&system).await.unwrap();

    for (number, (_, lasts, reason)) in allowances.into_iter().enumerate() {
        let child = &children[number];
        let (began, begun) = tokio::sync::oneshot::channel();
        child
            .send(tests::puppet::act(move |_, _| {
                Box::pin(async move {
                    began.send(()).unwrap();
                    tokio::time::sleep(seconds(100)).await;
                    Ok(())
                })
            }))
            .await
            .unwrap();
        begun.await.unwrap();
        let began = tokio::time::Instant::now();

        supervisor
            .terminate_child(&number.to_string())
            .await
            .unwrap();

        assert_eq!(began.elapsed().as_secs(), lasts);
        assert_eq!(child.wait().await, reason);
    }
}

// E10
async fn a_child_that_ends_otherwise_while_it_is_stopped_is_not_restarted(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").build();
    let (other, _) = stage.worker(placement, "b").build();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(0, HOUR);
    let builder = builder.child(spec).child(other);
    let supervisor = builder.start(&system).await.unwrap();
    child.send(Job::Hold).await.unwrap();
    stage.until("a holds").await;
    let terminating = {
        let supervisor = supervisor.clone();
        tokio::spawn(async move { supervisor.terminate_child("a").await })
    };
    wait_for_state(&supervisor, 0, ChildState::Stopping).await;

    child.kill();

    soon("the stop", terminating).await.unwrap().unwrap();
    assert_eq!(child.wait().await, ExitReason::Killed);
    // With an intensity of none, a failure that counted would have ended the supervisor.
    let expected = [
        ("a".into(), ChildState::Stopped),
        ("b".into(), ChildState::Running),
    ];
    assert_eq!(states(&supervisor).await, expected);
}

// E10: the one test that waits out the real five seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_ignores_its_kill_is_abandoned_and_its_late_end_ignored() {
    let system = system();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (puppet, mut events) = Puppet::new();
    let mut puppet = Some(puppet.telling_its_drop());
    let (spec, stuck) = ChildSpec::new("stuck", move || puppet.take().unwrap())
        .placement(Placement::Thread)
        .shutdown(Shutdown::Kill)
        .build();
    let (other, sibling) = ChildSpec::new("other", || Puppet::new().0).build();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(1, HOUR);
    let supervisor = builder.child(spec).child(other);
    let supervisor = supervisor.start(&system).await.unwrap();
    let (began, begun) = tokio::sync::oneshot::channel();
    stuck
        .send(act_now(move |_, _| {
            began.send(()).unwrap();
            released.recv().ok();
            Ok(())
        }))
        .await
        .unwrap();
    begun.await.unwrap();
    let asking = {
        let stuck = stuck.clone();
        tokio::spawn(async move { stuck.ask_within(HOUR, |reply| answer(reply, 1)).await })
    };
    while stuck.is_empty() {
        tokio::task::yield_now().await;
    }

    supervisor.terminate_child("stuck").await.unwrap();

    let reason = ExitReason::Unresponsive;
    assert_eq!(stuck.wait().await, reason);
    let begun = false;
    let stopped = AskError::Stopped { reason, begun };
    assert_eq!(asking.await.unwrap(), Err(stopped));
    assert_eq!(system.dead_letter_count(), 1);
    let expected = [
        ("stuck".into(), ChildState::Stopped),
        ("other".into(), ChildState::Running),
    ];
    assert_eq!(states(&supervisor).await, expected);
    // Its late end runs no hook and tells nobody.
    release.send(()).unwrap();
    assert_eq!(events.next().await, Event::Dropped);
    assert_eq!(states(&supervisor).await, expected);
    // Being abandoned was the one failure that is tolerated; the next is too many.
    sibling.kill();
    assert_eq!(supervisor.wait().await, ExitReason::Shutdown);
}

// E12
async fn a_child_stopped_through_the_supervisor_is_not_restarted(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").name("name").build();
    let worker = stage.worker(placement, "b").restart(Restart::Temporary);
    let (temporary, _) = worker.build();
    let builder = supervisor().child(spec).child(temporary);
    let supervisor = builder.start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts"]).await;

    supervisor.terminate_child("a").await.unwrap();
    supervisor.terminate_child("b").await.unwrap();

    stage
        .expect(&["a stopped: shutdown", "b stopped: shutdown"])
        .await;
    assert_eq!(child.wait().await, ExitReason::Shutdown);
    assert!(system.lookup_any("name").is_none());
    assert_eq!(
        states(&supervisor).await,
        [("a".into(), ChildState::Stopped)]
    );
    supervisor.terminate_child("a").await.unwrap();
    assert_eq!(
        supervisor.terminate_child("b").await,
        Err(SupervisorError::NotFound("b".into()))
    );
    assert_eq!(stage.rest().await, [""; 0]);
}

// E12
#[tokio::test]
async fn a_child_that_waits_for_its_restart_can_be_terminated() {
    let system = system();
    let mut stage = Stage::new(&system);
    let worker = stage.worker(Placement::Task, "a");
    let (spec, child) = worker.backoff(Backoff::constant(HOUR)).build();
    let supervisor = supervisor().child(spec).start(&system).await.unwrap();
    child.send(Job::Fail).await.unwrap();
    stage.until("a stopped: failed: told to fail").await;
    wait_for_state(&supervisor, 0, ChildState::Restarting).await;
    child.send(Job::Do(1)).await.unwrap();

    supervisor.terminate_child("a").await.unwrap();

    assert!(child.is_closed());
    assert_eq!(
        states(&supervisor).await,
        [("a".into(), ChildState::Stopped)]
    );
    assert_eq!(system.dead_letter_count(), 1);
}

// E10
async fn a_termination_that_races_with_a_restart_stops_the_child_in_peace(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let supervisor = Supervisor::builder(Strategy::OneForOne).intensity(1_000, HOUR);
    let supervisor = supervisor.start(&system).await.unwrap();
    for number in 0..200 {
        let id = number.to_string();
        let (spec, child) = stage.worker(placement, &id).build();
        supervisor.start_child(spec).await.unwrap();
        child.send(Job::Fail).await.unwrap();
        let mut stops = 0;
        if number % 2 == 0 {
            stage
                .until(&format!("{id} stopped: failed: told to fail"))
                .await;
            stops = 1;
        }

        supervisor.terminate_child(&id).await.unwrap();

        let said = stage.rest().await;
        stops += said.iter().filter(|said| said.contains("stopped")).count();
        let mut starts = said.iter().filter(|said| said.contains("starts")).count();
        starts += usize::from(number % 2 == 0);
        // Whatever began to start was stopped, and not killed.
        let reason = child.wait().await;
        assert_eq!(starts, stops, "{reason}, {said:?}");
    }
    assert_eq!(system.live_actors(), 2, "the stage and the supervisor");
}

// C8, E1
#[tokio::test]
async fn the_shutdown_of_the_system_stops_supervisors_in_order() {
    let system = system();
    let mut stage = Stage::new(&system);
    let builder = supervisor()
        .child(stage.worker(Placement::Task, "a").build().0)
        .child(stage.worker(Placement::Thread, "b").build().0);
    let supervisor = builder.start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts"]).await;

    let report = system.shutdown(Duration::from_secs(30)).await;

    assert!(report.is_clean(), "{report:?}");
    assert_eq!(supervisor.wait().await, ExitReason::Shutdown);
    stage
        .expect(&["b stopped: shutdown", "a stopped: shutdown"])
        .await;
    assert_eq!(
        supervisor.which_children().await,
        Err(SupervisorError::Unavailable)
    );
}

// C8, E10
#[tokio::test(start_paused = true)]
async fn the_shutdown_of_the_system_names_a_child_that_had_to_be_killed() {
    let system = paused_system();
    let mut stage = Stage::new(&system);
    let worker = stage.worker(Placement::Task, "a").name("slow");
    let (spec, child) = worker.build();
    supervisor().child(spec).start(&system).await.unwrap();
    child.send(Job::Hold).await.unwrap();
    stage.until("a holds").await;

    let report = system.shutdown(Duration::from_secs(60)).await;

    assert_eq!(report.casualties.len(), 1, "{report:?}");
    assert_eq!(report.casualties[0].name.as_deref(), Some("slow"));
    assert_eq!(report.casualties[0].fate, Fate::Killed);
}

// C6
#[tokio::test(start_paused = true)]
async fn a_kill_ends_the_wait_of_a_parent_for_a_child_that_is_given_all_the_time() {
    let system = paused_system();
    let (spec, child) = ChildSpec::new("a", || Puppet::new().0)
        .shutdown(Shutdown::Wait)
        .build();
    let (inner, inner_ref) = supervisor().child(spec).into_spec("inner");
    let outer = supervisor().child(inner).start(&system).await.unwrap();
    let (holding, mut gate) = tests::puppet::hold();
    child.send(holding).await.unwrap();
    gate.begun().await;
    outer.stop();
    // It waits for the inner one, and that for its child, as long as it takes: here a day, with nothing else to do.
    tokio::time::sleep(24 * HOUR).await;
    assert!(!child.is_closed());

    outer.kill();

    assert_eq!(soon("the end", outer.wait()).await, ExitReason::Killed);
    assert_eq!(inner_ref.wait().await, ExitReason::Killed);
    assert_eq!(child.wait().await, ExitReason::Killed);
}
