//! What cannot be: each is a typed error or a documented panic at construction, and nothing is lost by it.

use super::*;
use actor_core::{AutoShutdown, InvalidChild};

// E11
#[tokio::test]
async fn two_children_with_one_id_do_not_start() {
    let system = system();
    let stage = Stage::new(&system);
    let twice = ["a", "a"].map(|id| stage.worker(Placement::Task, id).build());
    let [(first, one), (second, other)] = twice;

    let started = supervisor().child(first).child(second).start(&system).await;

    let error = StartError::DuplicateChild("a".into());
    assert_eq!(started.unwrap_err(), error);
    assert_eq!(one.wait().await, ExitReason::Shutdown);
    assert_eq!(other.wait().await, ExitReason::Shutdown);
    assert_eq!(system.live_actors(), 1, "the stage");
}

// E5
#[test]
#[should_panic = "an intensity needs a period above zero"]
fn an_intensity_without_a_period_is_a_panic() {
    let _ = supervisor().intensity(1, Duration::ZERO);
}

// E11
#[tokio::test]
async fn more_children_than_are_taken_do_not_start() {
    let system = system();
    let stage = Stage::new(&system);
    let builder = supervisor().max_children(1);
    let (first, one) = stage.worker(Placement::Task, "a").build();
    let (second, _) = stage.worker(Placement::Task, "b").build();

    let started = builder.child(first).child(second).start(&system).await;

    assert_eq!(started.unwrap_err(), StartError::MaxChildren(1));
    assert_eq!(one.wait().await, ExitReason::Shutdown);
}

// E13
#[tokio::test]
async fn a_significant_child_that_cannot_be_is_refused() {
    let system = system();
    let stage = Stage::new(&system);
    let spec = |restart| {
        let worker = stage.worker(Placement::Task, "a").restart(restart);
        worker.significant(true).build().0
    };
    let refused = |problem| StartError::InvalidChild {
        id: "a".into(),
        problem,
    };

    let any = supervisor().auto_shutdown(AutoShutdown::Any);
    let started = any.child(spec(Restart::Permanent)).start(&system).await;
    assert_eq!(
        started.unwrap_err(),
        refused(InvalidChild::SignificantPermanent)
    );
    let never = supervisor().child(spec(Restart::Transient));
    let started = never.start(&system).await;
    assert_eq!(
        started.unwrap_err(),
        refused(InvalidChild::SignificantNever)
    );
    let running = supervisor().start(&system).await.unwrap();
    let added = running.start_child(spec(Restart::Temporary)).await;
    let problem = InvalidChild::SignificantNever;
    assert_eq!(added, Err(SupervisorError::Invalid("a".into(), problem)));
    assert_eq!(running.count_children().await.unwrap().specs, 0);
}

// E11
#[tokio::test]
async fn a_supervisor_does_not_come_to_supervise_itself() {
    let system = system();
    let refused = |id: &str| Err(SupervisorError::WouldSuperviseItself(id.into()));

    let (own, own_ref) = supervisor().into_spec("own");
    assert_eq!(own_ref.start_child(own).await, refused("own"));
    assert_eq!(own_ref.wait().await, ExitReason::Shutdown);

    // In a circle: neither has been started, so each could still be put under the other.
    let (first, first_ref) = supervisor().into_spec("first");
    let (second, second_ref) = supervisor().into_spec("second");
    assert_eq!(first_ref.start_child(second).await, refused("second"));
    assert_eq!(second_ref.wait().await, ExitReason::Shutdown);

    let outer = supervisor().child(first).start(&system).await.unwrap();
    let (third, third_ref) = supervisor().into_spec("third");
    first_ref.start_child(third).await.unwrap();
    third_ref.which_children().await.unwrap();
    outer.stop();
    outer.wait().await;
}

// B5
#[tokio::test]
async fn a_child_that_asks_for_its_own_end_is_told_so_at_once() {
    let system = system();
    let (spec, child) = ChildSpec::new("a", || Puppet::new().0).build();
    let (inner, inner_ref) = supervisor().child(spec).into_spec("inner");
    let outer = supervisor().child(inner).start(&system).await.unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();

    let asking = act(move |_, _| {
        Box::pin(async move {
            let own = inner_ref.terminate_child("a").await;
            let above = outer.terminate_child("inner").await;
            // What does not concern it is done.
            let others = outer.terminate_child("nobody").await;
            tell.send((own, above, others)).unwrap();
            Ok(())
        })
    });
    child.send(asking).await.unwrap();

    let (own, above, others) = soon("the answers", told).await.unwrap();
    assert_eq!(own, Err(SupervisorError::WouldDeadlock));
    assert_eq!(above, Err(SupervisorError::WouldDeadlock));
    assert_eq!(others, Err(SupervisorError::NotFound("nobody".into())));
    assert_eq!(child.ask(|reply| answer(reply, 1)).await, Ok(1));
}

// B5
#[tokio::test]
async fn a_child_that_calls_its_supervisor_while_both_start_is_told_so_at_once() {
    let system = system();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (own, known) = tokio::sync::watch::channel(None::<SupervisorRef>);
    let (spec, _child) = ChildSpec::new("a", move || {
        let (tell, known) = (tell.clone(), known.clone());
        Puppet::new().0.on_start(act(move |_, _| {
            Box::pin(async move {
                let supervisor = known.borrow().clone().unwrap();
                tell.send(supervisor.count_children().await).unwrap();
                Ok(())
            })
        }))
    })
    .build();
    let (inner, inner_ref) = supervisor().child(spec).into_spec("inner");
    own.send(Some(inner_ref.clone())).unwrap();

    let outer = supervisor().child(inner).start(&system).await.unwrap();

    assert_eq!(told.recv().await, Some(Err(SupervisorError::WouldDeadlock)));
    assert_eq!(inner_ref.count_children().await.unwrap().active, 1);
    outer.stop();
    outer.wait().await;
}
