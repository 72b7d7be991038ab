//! E1, E2: how a supervisor starts its children.

use super::*;

// E16: one scenario per claim, for children of every kind.
in_every_placement!(
    children_start_in_order_and_stop_in_reverse,
    a_child_that_fails_to_start_stops_those_before_it,
    a_supervisor_can_be_stopped_while_a_child_starts,
    a_child_that_stops_right_after_its_start_has_started,
);

// E1
async fn children_start_in_order_and_stop_in_reverse(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let mut builder = supervisor();
    for id in ["a", "b", "c"] {
        builder = builder.child(stage.worker(placement, id).build().0);
    }

    let supervisor = builder.start(&system).await.unwrap();
    supervisor.stop();
    assert_eq!(supervisor.wait().await, ExitReason::Normal);

    stage
        .expect(&[
            "a starts",
            "b starts",
            "c starts",
            "c stopped: shutdown",
            "b stopped: shutdown",
            "a stopped: shutdown",
        ])
        .await;
}

// E1
#[tokio::test]
async fn each_child_starts_when_the_one_before_has_started() {
    let system = system();
    let mut stage = Stage::new(&system);
    stage.order("b", &[Order::Hang]);
    let specs = ["a", "b", "c"].map(|id| stage.worker(Placement::Task, id).build());
    let mut builder = supervisor();
    let mut children = Vec::new();
    for (spec, child) in specs {
        builder = builder.child(spec);
        children.push(child);
    }
    let starting = {
        let system = system.clone();
        tokio::spawn(async move { builder.start(&system).await })
    };
    stage.expect(&["a starts", "b starts"]).await;

    children[1].kill();

    let error = starting.await.unwrap().err();
    let id = "b".to_owned();
    let reason = ExitReason::Killed;
    assert_eq!(error, Some(StartError::Child { id, reason }));
    stage.expect(&["a stopped: shutdown"]).await;
    assert_eq!(stage.rest().await, [""; 0], "the third was never started");
}

// E2
async fn a_child_that_fails_to_start_stops_those_before_it(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    stage.order("c", &[Order::Fail]);
    let mut builder = supervisor();
    let mut children = Vec::new();
    for id in ["a", "b", "c", "d"] {
        let (spec, child) = stage.worker(placement, id).name(id).build();
        builder = builder.child(spec);
        children.push(child);
    }

    let error = builder.start(&system).await.err();

    let id = "c".to_owned();
    let reason = ExitReason::StartFailed("ordered to fail".into());
    assert_eq!(error, Some(StartError::Child { id, reason }));
    stage
        .expect(&[
            "a starts",
            "b starts",
            "c starts",
            "b stopped: shutdown",
            "a stopped: shutdown",
        ])
        .await;
    assert_eq!(stage.rest().await, [""; 0]);
    for (child, name) in children.iter().zip(["a", "b", "c", "d"]) {
        assert!(child.is_closed());
        assert!(system.lookup_any(name).is_none());
    }
    assert_eq!(system.live_actors(), 1, "the stage");
}

// E7
async fn a_supervisor_can_be_stopped_while_a_child_starts(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    stage.order("a", &[Order::Go, Order::Hang]);
    let worker = stage.worker(placement, "a").shutdown(Shutdown::Kill);
    let (spec, child) = worker.build();
    let supervisor = supervisor().child(spec).start(&system).await.unwrap();
    child.send(Job::Fail).await.unwrap();
    stage.expect(&["a starts"]).await;
    stage.until("a starts").await;

    assert_eq!(
        states(&supervisor).await,
        [("a".into(), ChildState::Starting)]
    );
    supervisor.stop();

    soon("the stop", supervisor.wait()).await;
    assert_eq!(child.wait().await, ExitReason::Killed);
}

// E3
async fn a_child_that_stops_right_after_its_start_has_started(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let supervisor = supervisor().start(&system).await.unwrap();
    for number in 0..200 {
        let id = number.to_string();
        stage.order(&id, &[Order::GoAndStop]);
        let worker = stage.worker(placement, &id).restart(Restart::Temporary);
        let (spec, child) = worker.build();

        assert_eq!(supervisor.start_child(spec).await, Ok(()));

        assert_eq!(soon("the end", child.wait()).await, ExitReason::Normal);
    }
}
