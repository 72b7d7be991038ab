//! E: supervisors.

use actor_core::prelude::*;
use actor_core::{ChildState, Fate, StartError, SupervisorBuilder, SupervisorError};
use tests::puppet::{Event, Puppet, act_now, answer};
use tests::stage::{Job, Order, Stage};
use tests::{in_every_placement, paused_system, soon, system};

// E16: one scenario per claim, for children of every kind.
in_every_placement!(
    children_start_in_order_and_stop_in_reverse,
    a_child_that_fails_to_start_stops_those_before_it,
    permanent_children_restart_on_every_exit,
    transient_children_restart_after_a_failure_only,
    temporary_children_are_never_restarted_and_forgotten,
    a_supervisor_that_is_killed_stops_its_children_in_order,
    over_the_limit_the_supervisor_ends_with_shutdown,
    a_child_that_never_starts_again_is_tried_once_and_three_times_more,
    a_supervisor_answers_calls_between_attempts,
    a_supervisor_can_be_stopped_while_a_child_starts,
    a_child_stopped_through_the_supervisor_is_not_restarted,
    a_child_that_ends_otherwise_while_it_is_stopped_is_not_restarted,
    a_child_that_stops_right_after_its_start_has_started,
    a_termination_that_races_with_a_restart_stops_the_child_in_peace,
    children_are_added_and_refused_by_id,
);

const HOUR: Duration = Duration::from_secs(3600);

fn supervisor() -> SupervisorBuilder {
    Supervisor::builder(Strategy::OneForOne).intensity(10, HOUR)
}

async fn states(supervisor: &SupervisorRef) -> Vec<(String, ChildState)> {
    let children = supervisor.which_children().await.unwrap();
    children
        .into_iter()
        .map(|child| (child.id, child.state))
        .collect()
}

async fn wait_for_state(supervisor: &SupervisorRef, place: usize, state: ChildState) {
    let waiting = async {
        while supervisor.which_children().await.unwrap()[place].state != state {
            tokio::task::yield_now().await;
        }
    };
    soon(&format!("{state:?}"), waiting).await;
}

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

// E3
async fn permanent_children_restart_on_every_exit(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").build();
    let supervisor = supervisor().child(spec).start(&system).await.unwrap();

    for end in [Job::Stop, Job::Fail, Job::Panic] {
        child.send(end).await.unwrap();
    }
    for end in [ActorRef::stop, ActorRef::drain, ActorRef::kill] {
        child.ask(|reply| Job::Echo(1, reply)).await.unwrap();
        end(&child);
        // A drained mailbox is closed until the next start.
        stage.until("a starts").await;
        while child.ask(|reply| Job::Echo(1, reply)).await.is_err() {}
    }

    wait_for_state(&supervisor, 0, ChildState::Running).await;
    assert_eq!(supervisor.which_children().await.unwrap()[0].restarts, 6);
}

// E3
async fn transient_children_restart_after_a_failure_only(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let worker = stage.worker(placement, "a").restart(Restart::Transient);
    let (spec, child) = worker.build();
    let supervisor = supervisor().child(spec).start(&system).await.unwrap();

    child.send(Job::Fail).await.unwrap();
    child.send(Job::Panic).await.unwrap();
    child.ask(|reply| Job::Echo(1, reply)).await.unwrap();
    assert_eq!(supervisor.which_children().await.unwrap()[0].restarts, 2);
    child.send(Job::Stop).await.unwrap();

    assert_eq!(child.wait().await, ExitReason::Normal);
    wait_for_state(&supervisor, 0, ChildState::Stopped).await;
    stage.until("a stopped: normal").await;
    assert_eq!(stage.rest().await, [""; 0]);
}

// E3
async fn temporary_children_are_never_restarted_and_forgotten(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let mut builder = supervisor();
    let mut children = Vec::new();
    for id in ["a", "b", "c"] {
        let worker = stage.worker(placement, id).restart(Restart::Temporary);
        let (spec, child) = worker.build();
        builder = builder.child(spec);
        children.push(child);
    }
    let supervisor = builder.start(&system).await.unwrap();

    children[0].send(Job::Fail).await.unwrap();
    children[1].send(Job::Stop).await.unwrap();
    assert!(children[0].wait().await.is_failure());
    assert!(!children[1].wait().await.is_failure());

    while supervisor.which_children().await.unwrap().len() > 1 {}
    assert_eq!(
        states(&supervisor).await,
        [("c".into(), ChildState::Running)]
    );
}

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

// E5, E6
async fn over_the_limit_the_supervisor_ends_with_shutdown(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (a, _) = stage.worker(placement, "a").build();
    let (b, failing) = stage.worker(placement, "b").build();
    let (c, _) = stage.worker(placement, "c").build();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(2, HOUR);
    let builder = builder.child(a).child(b).child(c);
    let supervisor = builder.start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts", "c starts"]).await;

    for _ in 0..2 {
        failing.send(Job::Fail).await.unwrap();
        stage
            .expect(&["b stopped: failed: told to fail", "b starts"])
            .await;
    }
    failing.send(Job::Fail).await.unwrap();

    assert_eq!(supervisor.wait().await, ExitReason::Shutdown);
    assert!(!ExitReason::Shutdown.is_failure());
    stage
        .expect(&[
            "b stopped: failed: told to fail",
            "c stopped: shutdown",
            "a stopped: shutdown",
        ])
        .await;
    assert_eq!(system.live_actors(), 1);
}

// E5
#[tokio::test(start_paused = true)]
async fn the_window_of_failures_slides() {
    let system = paused_system();
    let stage = Stage::new(&system);
    let (spec, child) = stage.worker(Placement::Task, "a").build();
    let period = Duration::from_secs(10);
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(2, period);
    let supervisor = builder.child(spec).start(&system).await.unwrap();
    let fail = async || {
        child.send(Job::Fail).await.unwrap();
        child.ask(|reply| Job::Echo(1, reply)).await
    };

    // Two within every ten seconds are fine for ever.
    for _ in 0..10 {
        fail().await.unwrap();
        tokio::time::sleep(Duration::from_secs(6)).await;
    }
    assert_eq!(supervisor.which_children().await.unwrap()[0].restarts, 10);
    // The last was six seconds ago, the one before twelve; four seconds later the last is exactly at the edge, and still counts.
    tokio::time::sleep(Duration::from_secs(4)).await;
    fail().await.unwrap();
    fail().await.unwrap_err();

    assert_eq!(supervisor.wait().await, ExitReason::Shutdown);
}

// E7
async fn a_child_that_never_starts_again_is_tried_once_and_three_times_more(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    stage.order("a", &[Order::Go]);
    stage.order("a", &[Order::Fail; 20]);
    let (spec, child) = stage.worker(placement, "a").build();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(3, HOUR);
    let supervisor = builder.child(spec).start(&system).await.unwrap();
    stage.expect(&["a starts"]).await;

    child.send(Job::Fail).await.unwrap();

    assert_eq!(supervisor.wait().await, ExitReason::Shutdown);
    // The failure itself was the first of the four that are too many, so three attempts to start again were made.
    stage
        .expect(&[
            "a stopped: failed: told to fail",
            "a starts",
            "a starts",
            "a starts",
        ])
        .await;
    assert_eq!(stage.rest().await, [""; 0]);
}

// E7, E8
async fn a_supervisor_answers_calls_between_attempts(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    stage.order("a", &[Order::Go, Order::Fail]);
    let backoff = Backoff::exponential(Duration::from_millis(1), HOUR).factor(1e9);
    let (spec, failing) = stage.worker(placement, "a").backoff(backoff).build();
    let (other, sibling) = stage.worker(placement, "b").build();
    let builder = supervisor().child(spec).child(other);
    let supervisor = builder.start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts"]).await;

    // The second attempt fails after a millisecond, the third would come an hour later.
    failing.send(Job::Fail).await.unwrap();
    stage
        .expect(&["a stopped: failed: told to fail", "a starts"])
        .await;
    wait_for_state(&supervisor, 0, ChildState::Restarting).await;

    assert_eq!(sibling.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
    sibling.send(Job::Fail).await.unwrap();
    stage
        .expect(&["b stopped: failed: told to fail", "b starts"])
        .await;
    failing.try_send(Job::Do(1)).unwrap();
    supervisor.stop();
    let ended = soon("the stop", supervisor.wait()).await;
    assert_eq!(ended, ExitReason::Normal);
    assert!(failing.is_closed());
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

// E8
#[tokio::test(start_paused = true)]
async fn backoff_delays_restarts_and_starts_over_after_a_healthy_time() {
    let system = paused_system();
    let mut stage = Stage::new(&system);
    let second = Duration::from_secs(1);
    let backoff = Backoff::exponential(second, 8 * second);
    let (spec, child) = stage.worker(Placement::Task, "a").backoff(backoff).build();
    let (other, sibling) = stage.worker(Placement::Task, "b").build();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(100, second);
    let supervisor = builder.child(spec).child(other);
    let supervisor = supervisor.start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts"]).await;
    let mut pause = async || {
        child.send(Job::Fail).await.unwrap();
        stage.until("a stopped: failed: told to fail").await;
        let began = tokio::time::Instant::now();
        // Neither siblings nor calls wait with it.
        assert_eq!(sibling.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
        supervisor.which_children().await.unwrap();
        assert!(began.elapsed().is_zero());
        stage.expect(&["a starts"]).await;
        began.elapsed().as_secs_f64().round() as u64
    };

    for expected in [1, 2, 4, 8, 8] {
        assert_eq!(pause().await, expected);
    }
    tokio::time::sleep(8 * second).await;
    assert_eq!(pause().await, 1);
}

// E8
#[tokio::test(start_paused = true)]
async fn a_jittered_backoff_stays_within_its_share() {
    let system = paused_system();
    let mut stage = Stage::new(&system);
    let backoff = Backoff::constant(Duration::from_secs(10)).jitter(0.5);
    let (spec, child) = stage.worker(Placement::Task, "a").backoff(backoff).build();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(100, HOUR);
    builder.child(spec).start(&system).await.unwrap();
    stage.expect(&["a starts"]).await;

    for _ in 0..20 {
        child.send(Job::Fail).await.unwrap();
        stage.until("a stopped: failed: told to fail").await;
        let began = tokio::time::Instant::now();
        stage.expect(&["a starts"]).await;
        let paused = began.elapsed().as_secs_f64();
        assert!((4.99..=10.01).contains(&paused), "{paused} s");
    }
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

// E1 (what there is of E11)
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
        Err(SupervisorError::AlreadyPresent("a".into()))
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
