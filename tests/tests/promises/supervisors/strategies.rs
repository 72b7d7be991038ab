//! E4, E9: what happens to the siblings of a child that fails.

use super::*;
use actor_core::AnyActorRef;

// E16: one scenario per claim, for children of every kind.
in_every_placement!(
    one_for_all_stops_the_others_in_reverse_and_starts_all_in_order,
    rest_for_one_restarts_the_failed_child_and_those_after_it,
    siblings_that_are_restarted_keep_queue_name_and_monitors,
    temporary_siblings_end_for_good,
    a_group_restart_is_one_failure,
    a_later_child_that_fails_to_start_stops_those_of_its_attempt,
    a_group_that_never_starts_again_is_tried_as_often_as_the_intensity_allows,
    a_failure_during_the_restart_of_its_group_begins_another_one,
    a_supervisor_answers_calls_while_a_group_waits_for_its_restart,
    a_supervisor_can_be_stopped_in_the_middle_of_a_group_restart,
    a_terminated_sibling_stays_stopped,
    children_that_are_added_during_a_group_restart_wait_for_their_turn,
);

/// A supervisor with workers of these ids, all started.
struct Group {
    system: tests::CheckedSystem,
    stage: Stage,
    supervisor: SupervisorRef,
    workers: Vec<ActorRef<Job>>,
}

impl Group {
    async fn start(builder: SupervisorBuilder, placement: Placement, ids: &[&str]) -> Group {
        let system = system();
        let mut stage = Stage::new(&system);
        let (mut builder, mut workers) = (builder, Vec::new());
        for id in ids {
            let (spec, worker) = stage.worker(placement, id).build();
            builder = builder.child(spec);
            workers.push(worker);
        }
        let supervisor = builder.start(&system).await.unwrap();
        for id in ids {
            stage.expect(&[&format!("{id} starts")]).await;
        }
        Group {
            system,
            stage,
            supervisor,
            workers,
        }
    }

    async fn fail(&mut self, place: usize, id: &str) {
        self.workers[place].send(Job::Fail).await.unwrap();
        self.stage
            .expect(&[&format!("{id} stopped: failed: told to fail")])
            .await;
    }

    /// Waits until all answer.
    async fn all_run(&self) {
        for worker in &self.workers {
            let answer = worker.ask_within(HOUR, |reply| Job::Echo(1, reply));
            assert_eq!(soon("an answer", answer).await, Ok(1));
        }
    }
}

fn builder(strategy: Strategy) -> SupervisorBuilder {
    Supervisor::builder(strategy).intensity(10, HOUR)
}

// E4
async fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order(placement: Placement) {
    let ids = ["a", "b", "c"];
    let mut group = Group::start(builder(Strategy::OneForAll), placement, &ids).await;

    group.fail(1, "b").await;

    group
        .stage
        .expect(&[
            "c stopped: shutdown",
            "a stopped: shutdown",
            "a starts",
            "b starts",
            "c starts",
        ])
        .await;
    group.all_run().await;
    assert_eq!(group.stage.rest().await, [""; 0]);
}

// E4
async fn rest_for_one_restarts_the_failed_child_and_those_after_it(placement: Placement) {
    let ids = ["a", "b", "c", "d"];
    let mut group = Group::start(builder(Strategy::RestForOne), placement, &ids).await;

    group.fail(1, "b").await;

    group
        .stage
        .expect(&[
            "d stopped: shutdown",
            "c stopped: shutdown",
            "b starts",
            "c starts",
            "d starts",
        ])
        .await;
    group.all_run().await;
    assert_eq!(group.stage.rest().await, [""; 0]);
    let children = group.supervisor.which_children().await.unwrap();
    let restarts: Vec<u32> = children.iter().map(|child| child.restarts).collect();
    assert_eq!(restarts, [0, 1, 1, 1]);
}

async fn watch(system: &ActorSystem, target: AnyActorRef) -> Events {
    let (puppet, events) = Puppet::new();
    let watcher = system.actor(puppet).name("watcher").spawn();
    let watching = act_now(move |_, ctx| {
        ctx.monitor(&target);
        Ok(())
    });
    watcher.send(watching).await.unwrap();
    watcher.ask(|reply| answer(reply, 1)).await.unwrap();
    events
}

// E4, D1, D3, D6
async fn siblings_that_are_restarted_keep_queue_name_and_monitors(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (first, failing) = stage.worker(placement, "a").build();
    let (second, sibling) = stage.worker(placement, "b").name("b").build();
    let builder = builder(Strategy::OneForAll).child(first).child(second);
    let supervisor = builder.start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts"]).await;
    let mut events = watch(&system, sibling.any()).await;
    let id = sibling.id();
    sibling.send(Job::Hold).await.unwrap();
    stage.expect(&["b holds"]).await;
    for number in 0..20 {
        sibling.send(Job::Do(number)).await.unwrap();
    }

    failing.send(Job::Fail).await.unwrap();
    stage.expect(&["a stopped: failed: told to fail"]).await;
    wait_for_state(&supervisor, 1, ChildState::Stopping).await;
    assert_eq!(system.lookup_any("b"), Some(sibling.any()));
    sibling.try_send(Job::Do(20)).unwrap();
    stage.release("b");

    stage
        .expect(&["b stopped: shutdown", "a starts", "b starts"])
        .await;
    for number in 0..=20 {
        stage.expect(&[&format!("b did {number}")]).await;
    }
    assert_eq!(sibling.id(), id);
    assert_eq!(system.lookup_any("b"), Some(sibling.any()));
    assert_eq!(events.try_next(), None, "it has not ended");
    assert_eq!(system.dead_letter_count(), 0);
}

// E3, E4
async fn temporary_siblings_end_for_good(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (first, failing) = stage.worker(placement, "a").build();
    let worker = stage.worker(placement, "b").name("b");
    let (second, temporary) = worker.restart(Restart::Temporary).build();
    let builder = builder(Strategy::OneForAll).child(first).child(second);
    let supervisor = builder.start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts"]).await;
    temporary.send(Job::Hold).await.unwrap();
    stage.expect(&["b holds"]).await;
    temporary.send(Job::Do(1)).await.unwrap();

    failing.send(Job::Fail).await.unwrap();
    stage.expect(&["a stopped: failed: told to fail"]).await;
    wait_for_state(&supervisor, 1, ChildState::Stopping).await;
    stage.release("b");

    stage.expect(&["b stopped: shutdown", "a starts"]).await;
    assert_eq!(temporary.wait().await, ExitReason::Shutdown);
    assert!(system.lookup_any("b").is_none());
    assert_eq!(system.dead_letter_count(), 1);
    let left: Vec<_> = states(&supervisor).await;
    assert_eq!(left.len(), 1, "its specification is forgotten: {left:?}");
}

// E5, E6
async fn a_group_restart_is_one_failure(placement: Placement) {
    let builder = Supervisor::builder(Strategy::OneForAll).intensity(2, HOUR);
    let mut group = Group::start(builder, placement, &["a", "b", "c"]).await;
    for _ in 0..2 {
        group.fail(2, "c").await;
        group
            .stage
            .expect(&["b stopped: shutdown", "a stopped: shutdown"])
            .await;
        group
            .stage
            .expect(&["a starts", "b starts", "c starts"])
            .await;
    }

    group.fail(0, "a").await;

    let ended = soon("the end", group.supervisor.wait()).await;
    assert_eq!(ended, ExitReason::Shutdown);
    group
        .stage
        .expect(&["c stopped: shutdown", "b stopped: shutdown"])
        .await;
    assert_eq!(group.system.live_actors(), 1, "the stage");
}

// E5
#[tokio::test]
async fn siblings_that_fail_in_the_same_moment_are_one_failure() {
    let builder = Supervisor::builder(Strategy::OneForAll).intensity(1, HOUR);
    let ids = ["a", "b", "c", "d"];
    let group = Group::start(builder, Placement::Task, &ids).await;

    // Nothing else runs before all have been told.
    group.workers.iter().for_each(ActorRef::kill);

    let runs = async {
        while states(&group.supervisor).await != ids.map(|id| (id.into(), ChildState::Running)) {
            tokio::task::yield_now().await;
        }
    };
    soon("the restart", runs).await;
    group.all_run().await;
}

// E9, E7
async fn a_later_child_that_fails_to_start_stops_those_of_its_attempt(placement: Placement) {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let builder = Supervisor::builder(strategy).intensity(2, HOUR);
        let mut group = Group::start(builder, placement, &["a", "b", "c"]).await;
        group.stage.order("c", &[Order::Fail]);

        group.fail(0, "a").await;

        group
            .stage
            .expect(&[
                "c stopped: shutdown",
                "b stopped: shutdown",
                "a starts",
                "b starts",
                "c starts",
                "b stopped: shutdown",
                "a stopped: shutdown",
                "a starts",
                "b starts",
                "c starts",
            ])
            .await;
        group.all_run().await;
        // The attempt was counted: two failures so far, and the third is too many.
        group.workers[1].send(Job::Fail).await.unwrap();
        let ended = soon("the end", group.supervisor.wait()).await;
        assert_eq!(ended, ExitReason::Shutdown);
    }
}

// E7, E9
async fn a_group_that_never_starts_again_is_tried_as_often_as_the_intensity_allows(
    placement: Placement,
) {
    let builder = Supervisor::builder(Strategy::OneForAll).intensity(3, HOUR);
    let mut group = Group::start(builder, placement, &["a", "b"]).await;
    group.stage.order("b", &[Order::Fail; 20]);

    group.fail(1, "b").await;

    group.stage.expect(&["a stopped: shutdown"]).await;
    for _ in 0..3 {
        group
            .stage
            .expect(&["a starts", "b starts", "a stopped: shutdown"])
            .await;
    }
    assert_eq!(group.supervisor.wait().await, ExitReason::Shutdown);
    assert_eq!(group.stage.rest().await, [""; 0]);
}

// E4, E5
async fn a_failure_during_the_restart_of_its_group_begins_another_one(placement: Placement) {
    let builder = Supervisor::builder(Strategy::OneForAll).intensity(2, HOUR);
    let mut group = Group::start(builder, placement, &["a", "b"]).await;
    // The second hangs in its start; what it waits for may be the first.
    group.stage.order("b", &[Order::Hang]);
    group.fail(1, "b").await;
    group
        .stage
        .expect(&["a stopped: shutdown", "a starts", "b starts"])
        .await;

    group.workers[0].kill();

    // The hanging start is stopped within its allowance, which is five seconds, and killed then.
    group.stage.expect(&["a starts", "b starts"]).await;
    group.all_run().await;
    group.workers[0].kill();
    let ended = soon("the end", group.supervisor.wait()).await;
    assert_eq!(ended, ExitReason::Shutdown, "the third failure");
}

// E7, E8
async fn a_supervisor_answers_calls_while_a_group_waits_for_its_restart(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let slow = Backoff::constant(HOUR);
    let (a, _) = stage.worker(placement, "a").build();
    let (b, failing) = stage.worker(placement, "b").backoff(slow).build();
    let (c, younger) = stage.worker(placement, "c").build();
    let builder = builder(Strategy::RestForOne).child(a).child(b).child(c);
    let supervisor = builder.start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts", "c starts"]).await;
    failing.send(Job::Fail).await.unwrap();
    stage
        .expect(&["b stopped: failed: told to fail", "c stopped: shutdown"])
        .await;
    wait_for_state(&supervisor, 2, ChildState::Restarting).await;

    // Its mailbox is open meanwhile, and a child can be added.
    younger.try_send(Job::Do(7)).unwrap();
    let (d, added) = stage.worker(placement, "d").build();
    soon("a start", supervisor.start_child(d)).await.unwrap();
    assert_eq!(added.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
    stage.expect(&["d starts"]).await;
    let busy = Err(SupervisorError::Restarting("c".into()));
    assert_eq!(supervisor.restart_child("c").await, busy);
    assert_eq!(supervisor.delete_child("c").await, busy);
    supervisor.terminate_child("b").await.unwrap();
    assert!(failing.is_closed());

    supervisor.stop();
    soon("the stop", supervisor.wait()).await;
    stage
        .expect(&["d stopped: shutdown", "a stopped: shutdown"])
        .await;
    assert!(younger.is_closed());
}

// E7
async fn a_supervisor_can_be_stopped_in_the_middle_of_a_group_restart(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (a, failing) = stage.worker(placement, "a").build();
    let worker = stage.worker(placement, "b").shutdown(Shutdown::Kill);
    let (b, hanging) = worker.build();
    let builder = builder(Strategy::OneForAll).child(a).child(b);
    let supervisor = builder.start(&system).await.unwrap();
    stage.order("b", &[Order::Hang]);
    failing.send(Job::Fail).await.unwrap();
    stage.until("a starts").await;
    stage.until("a starts").await;
    stage.expect(&["b starts"]).await;

    supervisor.stop();

    soon("the stop", supervisor.wait()).await;
    assert_eq!(hanging.wait().await, ExitReason::Killed);
    stage.expect(&["a stopped: shutdown"]).await;
    assert_eq!(system.live_actors(), 1, "the stage");
}

// E12, E4
async fn a_terminated_sibling_stays_stopped(placement: Placement) {
    let mut group = Group::start(builder(Strategy::OneForAll), placement, &["a", "b", "c"]).await;
    group.supervisor.terminate_child("b").await.unwrap();
    group.stage.expect(&["b stopped: shutdown"]).await;

    group.fail(0, "a").await;

    group
        .stage
        .expect(&["c stopped: shutdown", "a starts", "c starts"])
        .await;
    assert!(group.workers[1].is_closed());
    assert_eq!(group.stage.rest().await, [""; 0]);
}

// E11, E4
async fn children_that_are_added_during_a_group_restart_wait_for_their_turn(placement: Placement) {
    let mut group = Group::start(builder(Strategy::OneForAll), placement, &["a", "b"]).await;
    group.workers[1].send(Job::Hold).await.unwrap();
    group.stage.expect(&["b holds"]).await;
    group.fail(0, "a").await;
    wait_for_state(&group.supervisor, 1, ChildState::Stopping).await;

    let (spec, added) = group.stage.worker(placement, "c").build();
    let adding = {
        let supervisor = group.supervisor.clone();
        tokio::spawn(async move { supervisor.start_child(spec).await })
    };
    while group.supervisor.count_children().await.unwrap().specs < 3 {}
    wait_for_state(&group.supervisor, 2, ChildState::Starting).await;
    group.stage.release("b");

    soon("the start", adding).await.unwrap().unwrap();
    group
        .stage
        .expect(&["b stopped: shutdown", "a starts", "b starts", "c starts"])
        .await;
    assert_eq!(added.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
}

// E10, E4
#[tokio::test(start_paused = true)]
async fn a_sibling_that_does_not_stop_in_time_is_killed_and_started_again() {
    let system = paused_system();
    let seconds = Duration::from_secs;
    let (sender, mut events) = Events::channel();
    let teller = sender.clone();
    let (a, failing) = ChildSpec::new("a", move || Puppet::telling(&teller)).build();
    let worker = ChildSpec::new("b", move || Puppet::telling(&sender));
    let (b, slow) = worker.shutdown(Shutdown::Within(seconds(7))).build();
    let builder = builder(Strategy::OneForAll).child(a).child(b);
    builder.start(&system).await.unwrap();
    let (hold, mut gate) = tests::puppet::hold();
    slow.send(hold).await.unwrap();
    slow.send(note(1)).await.unwrap();
    gate.begun().await;
    let began = tokio::time::Instant::now();

    failing.send(tests::puppet::fail("over")).await.unwrap();

    let over = ExitReason::Failed("over".into());
    assert_eq!(events.next().await, Event::Stopped(over));
    assert_eq!(events.next().await, Event::Note(1), "the next incarnation");
    assert_eq!(began.elapsed().as_secs(), 7);
    assert_eq!(system.dead_letter_count(), 0);
}
