//! D: restarts.

use actor_core::prelude::*;
use actor_core::{DeadLetterReason, SupervisorBuilder};
use tests::puppet::{Event, Events, Puppet, act_now, answer, fail, hold, note};
use tests::stage::{Job, Order, Stage};
use tests::{in_every_placement, soon, system};

in_every_placement!(
    a_restarted_child_keeps_its_queue_in_order_and_loses_the_message_in_hand,
    references_and_names_survive_a_restart,
    a_restart_makes_a_fresh_state_without_the_old_timers,
    children_of_the_old_incarnation_stop_before_the_new_one_starts,
    monitors_hear_of_the_final_stop_only,
    a_mailbox_accepts_messages_before_the_first_start,
    a_mailbox_accepts_messages_while_the_child_waits_for_its_restart,
    at_the_final_stop_the_queue_is_dead_lettered_and_its_asks_resolve,
    a_kept_reply_of_a_failed_incarnation_is_failed,
);

const HOUR: Duration = Duration::from_secs(3600);

fn supervisor() -> SupervisorBuilder {
    Supervisor::builder(Strategy::OneForOne).intensity(10, HOUR)
}

// D1
async fn a_restarted_child_keeps_its_queue_in_order_and_loses_the_message_in_hand(
    placement: Placement,
) {
    for end in [Job::Fail, Job::Panic, Job::Stop] {
        let system = system();
        let mut stage = Stage::new(&system);
        let (spec, child) = stage.worker(placement, "a").build();
        let supervisor = supervisor().child(spec).start(&system).await.unwrap();
        stage.expect(&["a starts"]).await;
        child.send(Job::Hold).await.unwrap();
        stage.expect(&["a holds"]).await;

        // Some of these are drawn together with the one that ends it.
        child.send(end).await.unwrap();
        for number in 0..50 {
            child.send(Job::Do(number)).await.unwrap();
        }
        stage.release("a");

        assert!(stage.next().await.starts_with("a stopped"));
        stage.expect(&["a starts"]).await;
        for number in 0..50 {
            stage.expect(&[&format!("a did {number}")]).await;
        }
        supervisor.stop();
        supervisor.wait().await;
        assert_eq!(system.dead_letter_count(), 0);
    }
}

// D1
async fn references_and_names_survive_a_restart(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").name("name").build();
    supervisor().child(spec).start(&system).await.unwrap();
    let id = child.id();

    for number in 0..5 {
        child.send(Job::Fail).await.unwrap();
        let echo = |reply| Job::Echo(number, reply);
        assert_eq!(child.ask(echo).await, Ok(number));
        let found: ActorRef<Job> = system.lookup("name").unwrap();
        assert_eq!(found, child);
        assert_eq!(found.id(), id);
    }
}

// D2
async fn a_restart_makes_a_fresh_state_without_the_old_timers(placement: Placement) {
    let system = system();
    let (sender, mut events) = Events::channel();
    let (spec, child) = ChildSpec::new("child", move || {
        Puppet::telling(&sender).on_start(act_now(|puppet, ctx| {
            puppet.note(puppet_size(puppet));
            puppet.note(u64::from(ctx.incarnation()));
            Ok(())
        }))
    })
    .placement(placement)
    .build();
    supervisor().child(spec).start(&system).await.unwrap();

    child
        .send(act_now(|puppet, ctx| {
            puppet.kept.push(Box::new(1));
            ctx.send_after("old", Duration::from_millis(20), note(99));
            ctx.send_interval("older", Duration::from_millis(20), || note(99));
            ctx.stop();
            Ok(())
        }))
        .await
        .unwrap();
    // The second incarnation is given time enough for a tick of the first to arrive.
    let later = |_: &mut Puppet, ctx: &mut Context<Puppet>| -> ActorResult {
        ctx.send_after("new", Duration::from_millis(60), note(3));
        Ok(())
    };
    child.send(act_now(later)).await.unwrap();

    for expected in [0, 1] {
        assert_eq!(events.next().await, Event::Note(expected));
    }
    assert_eq!(events.next().await, Event::Stopped(ExitReason::Normal));
    for expected in [0, 2, 3] {
        assert_eq!(events.next().await, Event::Note(expected));
    }
}

fn puppet_size(puppet: &Puppet) -> u64 {
    puppet.kept.len() as u64
}

// D2
async fn children_of_the_old_incarnation_stop_before_the_new_one_starts(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").build();
    supervisor().child(spec).start(&system).await.unwrap();
    child.send(Job::Spawn("a1".into())).await.unwrap();
    child.send(Job::Spawn("a2".into())).await.unwrap();
    child.send(Job::Fail).await.unwrap();

    stage
        .expect(&[
            "a starts",
            "a1 starts",
            "a2 starts",
            "a2 stopped: shutdown",
            "a1 stopped: shutdown",
            "a stopped: failed: told to fail",
            "a starts",
        ])
        .await;
}

// D2
#[tokio::test]
async fn a_stop_or_drain_of_an_old_incarnation_does_not_reach_the_new_one() {
    let system = system();
    let mut stage = Stage::new(&system);
    let (spec, child) = stage.worker(Placement::Task, "a").build();
    supervisor().child(spec).start(&system).await.unwrap();

    child.stop();
    stage.until("a stopped: normal").await;
    stage.expect(&["a starts"]).await;
    assert_eq!(child.ask(|reply| Job::Echo(1, reply)).await, Ok(1));
    child.drain();
    stage.until("a stopped: normal").await;
    stage.expect(&["a starts"]).await;
    assert_eq!(child.ask(|reply| Job::Echo(2, reply)).await, Ok(2));
    child.kill();
    stage.expect(&["a starts"]).await;
    assert_eq!(child.ask(|reply| Job::Echo(3, reply)).await, Ok(3));
}

// D3
async fn monitors_hear_of_the_final_stop_only(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").build();
    let supervisor = supervisor().child(spec).start(&system).await.unwrap();
    let (puppet, mut events) = Puppet::new();
    let watcher = system.spawn(puppet);
    let watched = child.any();
    watcher
        .send(act_now(move |_, ctx| {
            ctx.monitor(&watched);
            Ok(())
        }))
        .await
        .unwrap();
    watcher.ask(|reply| answer(reply, 1)).await.unwrap();

    for end in [Job::Fail, Job::Panic, Job::Stop] {
        child.send(end).await.unwrap();
    }
    child.ask(|reply| Job::Echo(1, reply)).await.unwrap();
    for _ in 0..4 {
        stage.until("a starts").await;
    }
    watcher.ask(|reply| answer(reply, 1)).await.unwrap();
    assert_eq!(events.try_next(), None);
    supervisor.terminate_child("a").await.unwrap();

    let Event::Signal(Signal::Down(down)) = events.next().await else {
        panic!("a signal");
    };
    assert_eq!(down.actor, child.id());
    assert_eq!(down.reason, ExitReason::Shutdown);
}

// D4
async fn a_mailbox_accepts_messages_before_the_first_start(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let worker = stage.worker(placement, "a").mailbox(Mailbox::bounded(3));
    let (spec, child) = worker.build();
    for number in 0..3 {
        child.try_send(Job::Do(number)).unwrap();
    }
    assert!(child.try_send(Job::Do(3)).unwrap_err().is_full());

    supervisor().child(spec).start(&system).await.unwrap();

    stage
        .expect(&["a starts", "a did 0", "a did 1", "a did 2"])
        .await;
}

// D4
#[tokio::test]
async fn a_specification_that_is_dropped_ends_its_actor() {
    let system = system();
    let stage = Stage::new(&system);
    let (spec, child) = stage.worker(Placement::Task, "a").build();
    let asking = {
        let child = child.clone();
        tokio::spawn(async move { child.ask(|reply| Job::Echo(1, reply)).await })
    };
    while child.is_empty() {
        tokio::task::yield_now().await;
    }

    drop(spec);

    let reason = ExitReason::Shutdown;
    assert_eq!(child.wait().await, reason);
    let begun = false;
    let stopped = AskError::Stopped { reason, begun };
    assert_eq!(asking.await.unwrap(), Err(stopped));
}

// D4
async fn a_mailbox_accepts_messages_while_the_child_waits_for_its_restart(placement: Placement) {
    let system = system();
    let mut stage = Stage::new(&system);
    let worker = stage
        .worker(placement, "a")
        .mailbox(Mailbox::bounded(3))
        .backoff(Backoff::constant(Duration::from_millis(20)));
    let (spec, child) = worker.build();
    supervisor().child(spec).start(&system).await.unwrap();
    stage.order("a", &[Order::Fail; 3]);
    child.send(Job::Fail).await.unwrap();
    stage.until("a stopped: failed: told to fail").await;

    for number in 0..3 {
        child.try_send(Job::Do(number)).unwrap();
    }
    assert!(child.try_send(Job::Do(3)).unwrap_err().is_full());

    stage
        .expect(&[
            "a starts", "a starts", "a starts", "a starts", "a did 0", "a did 1", "a did 2",
        ])
        .await;
}

// D5
async fn at_the_final_stop_the_queue_is_dead_lettered_and_its_asks_resolve(placement: Placement) {
    let system = system();
    let mut letters = system.dead_letters();
    let mut stage = Stage::new(&system);
    let worker = stage.worker(placement, "a").restart(Restart::Transient);
    let (spec, child) = worker.build();
    supervisor().child(spec).start(&system).await.unwrap();
    child.send(Job::Hold).await.unwrap();
    stage.until("a holds").await;
    child.send(Job::Do(1)).await.unwrap();
    let asking = {
        let child = child.clone();
        tokio::spawn(async move { child.ask(|reply| Job::Echo(1, reply)).await })
    };
    while child.len() < 2 {
        tokio::task::yield_now().await;
    }

    child.stop();
    stage.release("a");
    child.wait().await;

    let reason = ExitReason::Normal;
    for _ in 0..2 {
        let letter = letters.try_recv().unwrap();
        assert_eq!(letter.reason, DeadLetterReason::Stopped(reason.clone()));
        assert_eq!(letter.target, child.id());
        assert_eq!(letter.sender, None, "the supervisor sent nothing");
    }
    assert_eq!(letters.try_recv(), None);
    let begun = false;
    let stopped = AskError::Stopped { reason, begun };
    assert_eq!(asking.await.unwrap(), Err(stopped));
    assert!(child.try_send(Job::Do(2)).is_err());
}

// D6
#[tokio::test]
async fn a_name_stays_reserved_over_the_whole_chain_of_incarnations() {
    let system = system();
    let mut stage = Stage::new(&system);
    let worker = stage.worker(Placement::Task, "a").name("name");
    let (spec, child) = worker.backoff(Backoff::constant(HOUR)).build();
    let supervisor = supervisor().child(spec).start(&system).await.unwrap();
    let (puppet, _events) = Puppet::new();
    let rival = system.spawn(puppet);
    child.send(Job::Fail).await.unwrap();
    stage.until("a stopped: failed: told to fail").await;

    // It waits for its restart, for an hour.
    for _ in 0..10 {
        assert!(matches!(
            system.register("name", &rival.any()),
            Err(actor_core::RegisterError::Taken(taken)) if taken.holder == child.id()
        ));
        tokio::task::yield_now().await;
    }
    supervisor.terminate_child("a").await.unwrap();

    system.register("name", &rival.any()).unwrap();
}

// B2, D2
async fn a_kept_reply_of_a_failed_incarnation_is_failed(placement: Placement) {
    let system = system();
    let stage = Stage::new(&system);
    let (spec, child) = stage.worker(placement, "a").build();
    supervisor().child(spec).start(&system).await.unwrap();
    let asking = {
        let child = child.clone();
        tokio::spawn(async move { child.ask_within(HOUR, Job::Keep).await })
    };
    // Asked again once the first was taken: its task may not have run yet.
    tokio::task::yield_now().await;
    while !child.is_empty() {
        tokio::task::yield_now().await;
    }
    child.ask(|reply| Job::Echo(1, reply)).await.unwrap();

    let mut failing = Box::pin(asking);
    // Until the ask has reached the worker, a failure may come before it; then it is kept by the next incarnation.
    let asked = loop {
        child.send(Job::Fail).await.unwrap();
        child.ask(|reply| Job::Echo(1, reply)).await.unwrap();
        if failing.is_finished() {
            break soon("the ask resolves", &mut failing).await.unwrap();
        }
    };

    let reason = ExitReason::Failed("told to fail".into());
    assert_eq!(asked, Err(AskError::Failed { reason }));
}

// D1: the queue of a child that is killed while a message is in hand.
#[tokio::test]
async fn a_killed_child_loses_only_the_message_in_hand() {
    let system = system();
    let (sender, mut events) = Events::channel();
    let (spec, child) = ChildSpec::new("child", move || Puppet::telling(&sender)).build();
    supervisor().child(spec).start(&system).await.unwrap();
    let (holding, mut gate) = hold();
    child.send(holding).await.unwrap();
    for number in 0..3 {
        child.send(note(number)).await.unwrap();
    }
    child.send(fail("over")).await.unwrap();
    child.send(note(3)).await.unwrap();
    gate.begun().await;

    child.kill();

    for number in 0..3 {
        assert_eq!(events.next().await, Event::Note(number));
    }
    let over = ExitReason::Failed("over".into());
    assert_eq!(events.next().await, Event::Stopped(over));
    assert_eq!(events.next().await, Event::Note(3));
    assert_eq!(system.dead_letter_count(), 0);
}
