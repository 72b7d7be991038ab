//! F1–F4 over a link, for actors that a worker lends and for actors that are lent to it.

use actor_core::prelude::*;
use actor_core::snapshot::{ActorState, Site};
use rustix::process::Signal as Sig;
use tests::soon;
use tests::workers::RigMsg;

use crate::bench::{Bench, Heard, LONG, Listener, ask_aside, signal};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_tells_process_children_and_lent_actors() {
    let bench = Bench::new().await;
    let lent = bench.rig.ask_within(LONG, RigMsg::Lend).await.unwrap();

    let snapshot = bench.system.snapshot();

    let rig = snapshot.get(bench.rig.id()).unwrap();
    assert_eq!((rig.site, rig.state), (Site::Process, ActorState::Running));
    assert_eq!((rig.depth, &rig.in_hand), (1, &None));
    let last = snapshot.actors.last().unwrap();
    assert_eq!((last.id, last.site), (lent.id(), Site::Elsewhere));
    lent.send(u64::MAX).await.unwrap();
    lent.wait().await;
    bench.end().await;
    let totals = bench.system.snapshot().totals;
    assert_eq!((totals.actors, totals.monitors), (0, 0));
}

// F1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_monitor_of_a_lent_actor_hears_its_end() {
    let bench = Bench::new().await;
    let (ear, mut heard) = Listener::new(&bench.system);
    let lent = bench.rig.ask_within(LONG, RigMsg::Lend).await.unwrap();
    for _ in 0..3 {
        heard.watch(&ear, &lent.any()).await;
    }

    lent.send(u64::MAX).await.unwrap();

    let failed = || Heard::Down(ExitReason::Failed("told to fail".into()));
    for _ in 0..3 {
        assert_eq!(heard.next().await, failed());
    }
    assert_eq!(lent.wait().await, ExitReason::Failed("told to fail".into()));
    heard.watch(&ear, &lent.any()).await;
    assert_eq!(
        heard.next().await,
        Heard::Down(ExitReason::NoActor),
        "it is dead by now"
    );
    bench.end().await;
}

// F1, R1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn monitors_of_lent_actors_hear_no_connection_once_when_the_worker_is_lost() {
    let bench = Bench::new().await;
    let (ear, mut heard) = Listener::new(&bench.system);
    let one = bench.rig.ask_within(LONG, RigMsg::Lend).await.unwrap();
    let other = bench.rig.ask_within(LONG, RigMsg::Lend).await.unwrap();
    heard.watch(&ear, &one.any()).await;
    heard.watch(&ear, &other.any()).await;
    heard.watch(&ear, &other.any()).await;
    let pid = bench.ask_pid().await;

    signal(pid, Sig::KILL);

    for _ in 0..3 {
        assert_eq!(heard.next().await, Heard::Down(ExitReason::NoConnection));
    }
    bench.restarted(pid).await;
    assert_eq!(one.wait().await, ExitReason::NoConnection);
    assert!(one.send(1).await.is_err(), "it is closed");
    bench.end().await;
    assert!(heard.is_quiet(), "once each");
}

// F2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lent_actor_sent_before_its_death_is_handled_before_its_down() {
    let bench = Bench::new().await;
    for round in 0..50 {
        let (ear, mut heard) = Listener::new(&bench.system);
        let feed = ear.clone();
        let speaker = bench
            .rig
            .ask_within(LONG, |reply| RigMsg::LendRepeater(feed, reply))
            .await
            .unwrap();
        heard.watch(&ear, &speaker.any()).await;

        // More than the window of the ear over the link.
        for number in (0..200).rev() {
            speaker.send(number).await.unwrap();
        }

        for number in (0..200).rev() {
            assert_eq!(heard.next().await, Heard::Number(number), "round {round}");
        }
        assert_eq!(heard.next().await, Heard::Down(ExitReason::Normal));
    }
    bench.end().await;
}

// F2, for the root of the worker
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_worker_sent_before_its_end_is_handled_before_its_down() {
    for _ in 0..5 {
        let bench = Bench::temporary().await;
        let (ear, mut heard) = Listener::new(&bench.system);
        heard.watch(&ear, &bench.rig.any()).await;

        bench
            .rig
            .send(RigMsg::SayAndStop(ear.clone(), 5))
            .await
            .unwrap();

        assert_eq!(heard.next().await, Heard::Number(5));
        assert_eq!(heard.next().await, Heard::Down(ExitReason::Normal));
        bench.end().await;
    }
}

// F1: a monitor on a reference that arrives dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_to_an_actor_that_is_dead_already_is_found_dead() {
    let bench = Bench::new().await;
    let (dead, _) = Listener::new(&bench.system);
    dead.stop();
    soon("the end", dead.wait()).await;
    bench.rig.send(RigMsg::Hold(dead.clone())).await.unwrap();

    let end = bench.rig.ask_within(LONG, RigMsg::AwaitHeld).await;

    assert_eq!(end, Ok(ExitReason::Normal));
    bench.end().await;
}

// F1: and one that arrives dead inside an answer, which no queue holds back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_to_a_dead_actor_inside_an_answer_is_found_dead() {
    let bench = Bench::new().await;
    for _ in 0..50 {
        let first = bench.rig.ask_within(LONG, RigMsg::Lend).await.unwrap();
        first.send(0).await.unwrap();
        // The answer and the death race.
        let again = bench.rig.ask_within(LONG, RigMsg::LendAgain).await;

        if let Ok(again) = again {
            assert_eq!(soon("the end", again.wait()).await, ExitReason::Normal);
        } else {
            assert_eq!(again, Err(AskError::NoReply), "it was gone");
        }
        assert_eq!(soon("the end", first.wait()).await, ExitReason::Normal);
    }
    bench.end().await;
}

// F1, F4, for an actor of the parent that the worker watches
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_hears_the_end_of_an_actor_that_was_lent_to_it() {
    let bench = Bench::new().await;
    let (ear, _heard) = Listener::new(&bench.system);
    bench.system.register("ear", &ear.any()).unwrap();
    bench.rig.send(RigMsg::Hold(ear.clone())).await.unwrap();
    let end = ask_aside(&bench.rig, RigMsg::AwaitHeld);
    bench.ask_pid().await;

    ear.stop();

    assert_eq!(soon("the end", end).await.unwrap(), Ok(ExitReason::Normal));
    assert!(
        bench.system.lookup::<u64>("ear").is_err(),
        "its name is free by then"
    );
    bench.end().await;
}

// F3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_of_a_lent_actor_that_was_taken_back_is_not_heard() {
    struct Fickle(
        ActorRef<u64>,
        tokio::sync::mpsc::UnboundedSender<&'static str>,
    );
    impl Actor for Fickle {
        type Msg = Reply<()>;
        async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
            let kept = ctx.monitor(&self.0.any());
            let taken_back = ctx.monitor(&self.0.any());
            ctx.demonitor(taken_back);
            assert_ne!(kept, taken_back);
            Ok(())
        }
        async fn handle(&mut self, reply: Reply<()>, _ctx: &mut Context<Self>) -> ActorResult {
            reply.send(());
            Ok(())
        }
        async fn signal(&mut self, _signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
            self.1.send("down")?;
            Ok(())
        }
    }
    let bench = Bench::new().await;
    let lent = bench.rig.ask_within(LONG, RigMsg::Lend).await.unwrap();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let fickle = bench
        .system
        .start(Fickle(lent.clone(), tell))
        .await
        .unwrap();

    lent.send(0).await.unwrap();
    assert_eq!(lent.wait().await, ExitReason::Normal);

    assert_eq!(soon("the one", told.recv()).await, Some("down"));
    fickle.ask(|reply| reply).await.unwrap();
    assert!(told.try_recv().is_err(), "and no other");
    bench.end().await;
}
