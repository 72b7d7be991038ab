//! E3, E5 to E8: which children are restarted, how often, and when.

use super::*;

// E16: one scenario per claim, for children of every kind.
in_every_placement!(
    permanent_children_restart_on_every_exit,
    transient_children_restart_after_a_failure_only,
    temporary_children_are_never_restarted_and_forgotten,
    over_the_limit_the_supervisor_ends_with_shutdown,
    a_child_that_never_starts_again_is_tried_once_and_three_times_more,
    a_supervisor_answers_calls_between_attempts,
);

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
