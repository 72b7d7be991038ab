//! E6 and D over several levels: supervisors that are children, of supervisors and of other actors.

use super::*;
use actor_core::DeadLetterReason;
use tests::random::Random;

// E16: one scenario per claim, for children of every kind.
in_every_placement!(
    a_supervisor_is_an_ordinary_child,
    over_its_limit_a_supervisor_is_restarted_by_the_one_above,
    grandchildren_keep_queue_name_and_monitors_over_a_restart_of_their_supervisor,
    a_transient_supervisor_over_its_limit_is_not_restarted,
    a_restarted_supervisor_begins_with_all_its_specifications,
    a_supervisor_of_an_actor_ends_with_it,
);

/// A supervisor over one that gives up at its first failure.
fn inner(strategy: Strategy) -> SupervisorBuilder {
    Supervisor::builder(strategy).intensity(0, HOUR)
}

// E1, E2
async fn a_supervisor_is_an_ordinary_child(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let worker = |id: &str| stage.worker(placement, id).build().0;
    let middle = inner(Strategy::OneForOne)
        .child(worker("b"))
        .child(worker("c"));
    let (middle, middle_ref) = middle.name("middle").into_spec("middle");
    let builder = supervisor()
        .child(worker("a"))
        .child(middle)
        .child(worker("d"));
    let outer = builder.start(&system).await.unwrap();
    stage
        .expect(&["a starts", "b starts", "c starts", "d starts"])
        .await;
    assert_eq!(system.lookup_any("middle"), Some(middle_ref.any()));
    let info = &outer.which_children().await.unwrap()[1];
    assert_eq!(
        (info.id.as_str(), info.actor),
        ("middle", middle_ref.any().id())
    );

    outer.stop();

    soon("the end", outer.wait()).await;
    stage
        .expect(&[
            "d stopped: shutdown",
            "c stopped: shutdown",
            "b stopped: shutdown",
            "a stopped: shutdown",
        ])
        .await;
    assert_eq!(middle_ref.wait().await, ExitReason::Shutdown);
    assert_eq!(system.live_actors(), 1, "the stage");
}

// E6, E3
async fn over_its_limit_a_supervisor_is_restarted_by_the_one_above(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (a, _) = stage.worker(placement, "a").build();
    let (b, failing) = stage.worker(placement, "b").build();
    let (below, below_ref) = inner(Strategy::OneForOne)
        .child(a)
        .child(b)
        .into_spec("below");
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(1, HOUR);
    let outer = builder.child(below).start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts"]).await;

    failing.send(Job::Fail).await.unwrap();
    stage
        .expect(&[
            "b stopped: failed: told to fail",
            "a stopped: shutdown",
            "a starts",
            "b starts",
        ])
        .await;
    assert_eq!(failing.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
    assert_eq!(below_ref.count_children().await.unwrap().active, 2);
    failing.send(Job::Fail).await.unwrap();

    // Once more than the outer one takes: it ends, and with it all that is below.
    assert_eq!(soon("the end", outer.wait()).await, ExitReason::Shutdown);
    assert_eq!(below_ref.wait().await, ExitReason::Shutdown);
    assert!(failing.wait().await.is_failure());
    assert_eq!(system.live_actors(), 1, "the stage");
}

// D1, D3, D6, E6
async fn grandchildren_keep_queue_name_and_monitors_over_a_restart_of_their_supervisor(
    placement: Placement,
) {
    let system = system();
    let mut stage = Stage::new(&system);
    // Killed at once when they are to stop, so that nothing queued is handled in between.
    let worker = |id| stage.worker(placement, id).shutdown(Shutdown::Kill);
    let (a, failing) = worker("a").build();
    let (b, kept) = worker("b").name("kept").build();
    let (below, _) = inner(Strategy::OneForOne)
        .child(a)
        .child(b)
        .into_spec("below");
    let outer = supervisor().child(below).start(&system).await.unwrap();
    stage.expect(&["a starts", "b starts"]).await;
    let (puppet, mut events) = Puppet::new();
    let watcher = system.spawn(puppet);
    let target = kept.any();
    let watching = act_now(move |_, ctx| {
        ctx.monitor(&target);
        Ok(())
    });
    watcher.send(watching).await.unwrap();
    watcher.ask(|reply| answer(reply, 1)).await.unwrap();
    let (id, live) = (kept.id(), system.live_actors());
    kept.send(Job::Hold).await.unwrap();
    stage.expect(&["b holds"]).await;
    for number in 0..20 {
        kept.send(Job::Do(number)).await.unwrap();
    }

    failing.send(Job::Fail).await.unwrap();

    stage
        .expect(&["a stopped: failed: told to fail", "a starts", "b starts"])
        .await;
    for number in 0..20 {
        stage.expect(&[&format!("b did {number}")]).await;
    }
    assert_eq!((kept.id(), system.live_actors()), (id, live));
    assert_eq!(system.lookup_any("kept"), Some(kept.any()));
    assert_eq!(events.try_next(), None, "it has not ended");
    assert_eq!(system.dead_letter_count(), 0);

    // Only the end of their supervisor for good is theirs. Here it comes while one stands still, and its elder sibling starts.
    stage.order("a", &[Order::Hang]);
    failing.send(Job::Fail).await.unwrap();
    stage
        .expect(&["a stopped: failed: told to fail", "a starts"])
        .await;
    kept.send(Job::Do(99)).await.unwrap();
    let mut letters = system.dead_letters();
    soon("the end", outer.terminate_child("below"))
        .await
        .unwrap();
    assert_eq!(kept.wait().await, ExitReason::Killed);
    let Event::Signal(Signal::Down(down)) = events.next().await else {
        panic!("a signal");
    };
    assert_eq!((down.actor, down.reason), (id, ExitReason::Killed));
    let stopped = DeadLetterReason::Stopped(ExitReason::Killed);
    assert_eq!(letters.try_recv().unwrap().reason, stopped);
    assert!(system.lookup_any("kept").is_none());
    assert_eq!(system.live_actors(), live - 3);
}

// E6, E3
async fn a_transient_supervisor_over_its_limit_is_not_restarted(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (a, failing) = stage.worker(placement, "a").build();
    let below = inner(Strategy::OneForOne).child(a).into_child("below");
    let (below, below_ref) = below.restart(Restart::Transient).build();
    let outer = supervisor().child(below).start(&system).await.unwrap();

    failing.send(Job::Fail).await.unwrap();

    assert_eq!(
        soon("the end", below_ref.wait()).await,
        ExitReason::Shutdown
    );
    assert!(failing.wait().await.is_failure());
    wait_for_state(&outer, 0, ChildState::Stopped).await;
    stage.until("a stopped: failed: told to fail").await;
    assert_eq!(stage.rest().await, [""; 0]);
    // It can be started again by a call, with its children.
    outer.restart_child("below").await.unwrap();
    assert_eq!(failing.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
    assert_eq!(below_ref.count_children().await.unwrap().active, 1);
    outer.stop();
    soon("the end", outer.wait()).await;
    assert_eq!(failing.wait().await, ExitReason::Shutdown);
    assert_eq!(system.live_actors(), 1, "the stage");
}

// E3, E11: as in Erlang/OTP it starts from the beginning.
async fn a_restarted_supervisor_begins_with_all_its_specifications(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let restarts = [Restart::Permanent, Restart::Transient, Restart::Temporary];
    let (mut builder, mut workers) = (inner(Strategy::OneForOne), Vec::new());
    for (id, restart) in ["a", "b", "c"].into_iter().zip(restarts) {
        let worker = stage.worker(placement, id).name(id).restart(restart);
        let (spec, worker) = worker.build();
        builder = builder.child(spec);
        workers.push(worker);
    }
    let (below, below_ref) = builder.into_spec("below");
    let outer = supervisor().child(below).start(&system).await.unwrap();
    // One was stopped by a call, one has ended, one was temporary, and one was added.
    workers[1].send(Job::Stop).await.unwrap();
    workers[2].send(Job::Stop).await.unwrap();
    workers[1].wait().await;
    workers[2].wait().await;
    below_ref.terminate_child("a").await.unwrap();
    below_ref.delete_child("a").await.unwrap();
    let (spec, added) = stage.worker(placement, "d").build();
    below_ref.start_child(spec).await.unwrap();

    below_ref.kill();

    assert_eq!(soon("the end", added.wait()).await, ExitReason::Shutdown);
    for (worker, id) in workers.iter().zip(["a", "b", "c"]) {
        let answered = async {
            while worker.ask(|reply| Job::Echo(1, reply)).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        soon("an answer", answered).await;
        assert_eq!(system.lookup_any(id), Some(worker.any()));
    }
    let running: Vec<_> = ["a", "b", "c"]
        .map(|id| (id.to_owned(), ChildState::Running))
        .into();
    assert_eq!(states(&below_ref).await, running);
    outer.stop();
    outer.wait().await;
    assert_eq!(system.live_actors(), 1, "the stage");
}

// C6, C7
async fn a_supervisor_of_an_actor_ends_with_it(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").build();
    let (puppet, _events) = Puppet::new();
    let parent = system.spawn(puppet);
    let (tell, told) = tokio::sync::oneshot::channel();
    let starting = act(move |_, ctx| {
        let starting = supervisor().child(spec).start_in(ctx);
        Box::pin(async move {
            tell.send(starting.await?).unwrap();
            Ok(())
        })
    });
    parent.send(starting).await.unwrap();
    let below = soon("the start", told).await.unwrap();
    child.send(Job::Fail).await.unwrap();
    assert_eq!(child.ask(|reply| Job::Echo(1, reply)).await, Ok(1));

    parent.kill();

    assert_eq!(parent.wait().await, ExitReason::Killed);
    assert_eq!(below.wait().await, ExitReason::Shutdown);
    assert_eq!(child.wait().await, ExitReason::Shutdown);
    stage.until("a stopped: shutdown").await;
}

// E2
#[tokio::test]
async fn a_nested_supervisor_that_does_not_start_says_which_child_it_was() {
    let system = system();
    let stage = Stage::new(&system);
    stage.order("b", &[Order::Fail]);
    let (a, first) = stage.worker(Placement::Task, "a").build();
    let (b, second) = stage.worker(Placement::Task, "b").build();
    let (below, below_ref) = inner(Strategy::OneForOne)
        .child(a)
        .child(b)
        .into_spec("below");

    let error = supervisor().child(below).start(&system).await.unwrap_err();

    let StartError::Child { id, reason } = error else {
        panic!("{error:?}");
    };
    assert_eq!(id, "below");
    assert!(reason.to_string().contains(r#"child "b""#), "{reason}");
    assert!(below_ref.wait().await.is_failure());
    assert_eq!(first.wait().await, ExitReason::Shutdown);
    assert!(second.wait().await.is_failure());
    assert_eq!(system.live_actors(), 1, "the stage");
}

// E15, D1: events, starts and stops of an earlier incarnation of the supervisor itself change nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn supervisors_that_are_killed_at_any_moment_come_back_with_all_their_children() {
    let seed = Random::fresh_seed();
    let mut random = Random::seeded(seed);
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        let system = system();
        let builder = Supervisor::builder(strategy).intensity(u32::MAX, HOUR);
        let (mut builder, mut children) = (builder, Vec::new());
        for id in ["a", "b", "c"] {
            let (spec, child) = ChildSpec::new(id, || Puppet::new().0).name(id).build();
            builder = builder.child(spec);
            children.push(child);
        }
        let (below, below_ref) = builder.into_spec("below");
        let outer = Supervisor::builder(Strategy::OneForOne).intensity(u32::MAX, HOUR);
        let outer = outer.child(below).start(&system).await.unwrap();
        let live = system.live_actors();

        for _ in 0..300 {
            match random.below(6) {
                0 | 1 => below_ref.kill(),
                place => children[place as usize % 3].kill(),
            }
            for _ in 0..random.below(8) {
                tokio::task::yield_now().await;
            }
        }

        let rests = async {
            while states_or_none(&below_ref).await != [ChildState::Running; 3] {
                tokio::task::yield_now().await;
            }
        };
        soon(&format!("PROMISES_SEED={seed} {strategy:?}: rest"), rests).await;
        for child in &children {
            assert_eq!(child.ask(|reply| answer(reply, 1)).await, Ok(1), "{seed}");
        }
        assert_eq!(system.live_actors(), live, "PROMISES_SEED={seed}");
        outer.stop();
        soon("the end", outer.wait()).await;
        assert_eq!(system.live_actors(), 0, "PROMISES_SEED={seed}");
    }
}

async fn states_or_none(supervisor: &SupervisorRef) -> Vec<ChildState> {
    let children = supervisor.which_children().await.unwrap_or_default();
    children.into_iter().map(|child| child.state).collect()
}
