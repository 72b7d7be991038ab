//! E13: children whose end is the end of their supervisor.

use super::*;
use actor_core::AutoShutdown;

// E16: one scenario per claim, for children of every kind.
in_every_placement!(
    the_first_significant_end_is_the_end_of_the_supervisor,
    the_last_significant_end_is_the_end_of_the_supervisor,
    an_end_that_the_supervisor_caused_is_never_its_own,
    a_significant_child_that_is_restarted_has_not_ended,
);

fn significant(stage: &Stage, placement: Placement, id: &str, restart: Restart) -> Worker {
    let worker = stage.worker(placement, id);
    worker.restart(restart).significant(true).build()
}

type Worker = (ChildSpec, ActorRef<Job>);

// E13
async fn the_first_significant_end_is_the_end_of_the_supervisor(placement: Placement) {
    for (restart, end) in [
        (Restart::Transient, Job::Stop),
        (Restart::Temporary, Job::Fail),
    ] {
        let system = system();
        let mut stage = Stage::new(&system);
        let (a, _) = stage.worker(placement, "a").build();
        let (b, _) = significant(&stage, placement, "b", restart);
        let (c, ending) = significant(&stage, placement, "c", restart);
        let builder = supervisor().auto_shutdown(AutoShutdown::Any);
        let supervisor = builder.child(a).child(b).child(c);
        let supervisor = supervisor.start(&system).await.unwrap();
        stage.expect(&["a starts", "b starts", "c starts"]).await;

        ending.send(end).await.unwrap();

        let ended = soon("the end", supervisor.wait()).await;
        assert_eq!(ended, ExitReason::Shutdown);
        assert!(stage.next().await.starts_with("c stopped"));
        stage
            .expect(&["b stopped: shutdown", "a stopped: shutdown"])
            .await;
    }
}

// E13
async fn the_last_significant_end_is_the_end_of_the_supervisor(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (a, _) = stage.worker(placement, "a").build();
    let (b, first) = significant(&stage, placement, "b", Restart::Temporary);
    let (c, last) = significant(&stage, placement, "c", Restart::Transient);
    let builder = supervisor().auto_shutdown(AutoShutdown::All);
    let supervisor = builder.child(a).child(b).child(c);
    let supervisor = supervisor.start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts", "c starts"]).await;

    first.send(Job::Fail).await.unwrap();
    first.wait().await;
    assert_eq!(last.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
    while supervisor.count_children().await.unwrap().specs > 2 {}
    last.send(Job::Stop).await.unwrap();

    let ended = soon("the end", supervisor.wait()).await;
    assert_eq!(ended, ExitReason::Shutdown);
    stage.until("a stopped: shutdown").await;
}

// E13
async fn an_end_that_the_supervisor_caused_is_never_its_own(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let (a, failing) = stage.worker(placement, "a").build();
    let (b, terminated) = significant(&stage, placement, "b", Restart::Transient);
    let (c, temporary) = significant(&stage, placement, "c", Restart::Temporary);
    let builder = Supervisor::builder(Strategy::OneForAll).intensity(10, HOUR);
    let builder = builder.auto_shutdown(AutoShutdown::Any);
    let supervisor = builder.child(a).child(b).child(c);
    let supervisor = supervisor.start(&system).await.unwrap();

    supervisor.terminate_child("b").await.unwrap();
    assert_eq!(terminated.wait().await, ExitReason::Shutdown);
    failing.send(Job::Fail).await.unwrap();

    assert_eq!(
        temporary.wait().await,
        ExitReason::Shutdown,
        "its sibling's strategy"
    );
    assert_eq!(failing.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
    let left = [
        ("a".into(), ChildState::Running),
        ("b".into(), ChildState::Stopped),
    ];
    wait_for_state(&supervisor, 0, ChildState::Running).await;
    assert_eq!(states(&supervisor).await, left);
}

// E13
async fn a_significant_child_that_is_restarted_has_not_ended(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let (spec, child) = significant(&stage, placement, "a", Restart::Transient);
    let builder = supervisor().auto_shutdown(AutoShutdown::Any);
    let supervisor = builder.child(spec).start(&system).await.unwrap();

    child.send(Job::Fail).await.unwrap();

    assert_eq!(child.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
    supervisor.which_children().await.unwrap();
}

// E13
#[tokio::test]
async fn a_supervisor_that_ends_for_its_children_is_no_failure_to_its_own() {
    let system = system();
    let stage = Stage::new(&system);
    let (spec, child) = significant(&stage, Placement::Task, "a", Restart::Transient);
    let inner = supervisor().auto_shutdown(AutoShutdown::All).child(spec);
    let (inner, inner_ref) = inner
        .into_child("inner")
        .restart(Restart::Transient)
        .build();
    let outer = Supervisor::builder(Strategy::OneForOne).intensity(0, HOUR);
    let outer = outer.child(inner).start(&system).await.unwrap();

    child.send(Job::Stop).await.unwrap();

    assert_eq!(
        soon("the end", inner_ref.wait()).await,
        ExitReason::Shutdown
    );
    wait_for_state(&outer, 0, ChildState::Stopped).await;
    assert_eq!(child.wait().await, ExitReason::Normal);
}
