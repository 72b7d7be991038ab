//! F5, F2 and D3 for actors that live in worker processes.

use std::sync::{Arc, Mutex};

use actor_core::prelude::*;
use actor_core::{ChildBuilder, Exit, Restarted};
use rustix::process::Signal as Sig;
use tests::puppet::{Act, Event, Events, Puppet, act_now, answer, fail};
use tests::soon;
use tests::workers::{RigArgs, RigMsg};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::bench::{Bench, LONG, signal};

/// An actor of the parent that is linked with another, and may trap exits.
async fn linked_with(
    system: &ActorSystem,
    target: &AnyActorRef,
    traps: bool,
) -> (ActorRef<Act>, Events) {
    let (puppet, events) = Puppet::new();
    let target = target.clone();
    let linking = act_now(move |_, ctx| {
        ctx.trap_exits(traps);
        ctx.link(&target);
        Ok(())
    });
    let actor = system.start(puppet.on_start(linking)).await.unwrap();
    (actor, events)
}

async fn lend(bench: &Bench) -> ActorRef<u64> {
    bench.rig.ask_within(LONG, RigMsg::Lend).await.unwrap()
}

async fn exit(events: &mut Events) -> Exit {
    match events.next().await {
        Event::Signal(Signal::Exit(exit)) => exit,
        other => panic!("{other:?} is no exit"),
    }
}

fn linked(cause: &str) -> ExitReason {
    ExitReason::Linked {
        cause: cause.to_owned(),
    }
}

// F5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_failure_of_a_lent_actor_reaches_those_linked_with_it() {
    let bench = Bench::new().await;
    let lent = lend(&bench).await;
    let (one, _events) = linked_with(&bench.system, &lent.any(), false).await;
    let (_trapper, mut events) = linked_with(&bench.system, &lent.any(), true).await;

    lent.send(u64::MAX).await.unwrap();

    let cause = "failed: told to fail";
    assert_eq!(soon("the end", one.wait()).await, linked(cause));
    let reason = ExitReason::Failed("told to fail".into());
    let actor = lent.id();
    assert_eq!(exit(&mut events).await, Exit { actor, reason });
    bench.end().await;
}

// F5, R1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loss_of_a_worker_is_a_failure_to_those_linked_with_its_actors() {
    let bench = Bench::new().await;
    let lent = lend(&bench).await;
    let (one, _events) = linked_with(&bench.system, &lent.any(), false).await;
    let (_trapper, mut events) = linked_with(&bench.system, &lent.any(), true).await;
    let pid = bench.ask_pid().await;

    signal(pid, Sig::KILL);

    let cause = ExitReason::NoConnection.to_string();
    assert_eq!(soon("the end", one.wait()).await, linked(&cause));
    assert_eq!(exit(&mut events).await.reason, ExitReason::NoConnection);
    // And who links or monitors it afterwards hears the same at once.
    let (late, _events) = linked_with(&bench.system, &lent.any(), false).await;
    assert_eq!(soon("the end", late.wait()).await, linked(&cause));
    bench.restarted(pid).await;
    bench.end().await;
}

// F1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_of_a_lost_actor_hears_no_connection_at_once() {
    let bench = Bench::new().await;
    let lent = lend(&bench).await;
    let pid = bench.ask_pid().await;
    signal(pid, Sig::KILL);
    assert_eq!(
        soon("the loss", lent.wait()).await,
        ExitReason::NoConnection
    );

    let (puppet, mut events) = Puppet::new();
    let target = lent.any();
    let monitoring = act_now(move |_, ctx| {
        ctx.monitor(&target);
        Ok(())
    });
    let _watcher = bench.system.spawn(puppet.on_start(monitoring));

    let Event::Signal(Signal::Down(down)) = events.next().await else {
        panic!("a down");
    };
    assert_eq!(down.reason, ExitReason::NoConnection);
    bench.restarted(pid).await;
    bench.end().await;
}

// F5: the link is known on this side; over there it is a stop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lent_actor_is_stopped_with_the_one_that_is_linked_with_it() {
    let bench = Bench::new().await;
    let lent = lend(&bench).await;
    let (one, _events) = linked_with(&bench.system, &lent.any(), false).await;

    one.send(fail("no")).await.unwrap();

    assert_eq!(soon("the end", lent.wait()).await, linked("failed: no"));
    let there = bench.rig.ask_within(LONG, RigMsg::AwaitLent).await;
    assert_eq!(there, Ok(ExitReason::Normal));
    bench.end().await;
}

/// Tells what it hears, and traps the exit of the actor that it is told to be linked with.
struct Ear {
    tell: UnboundedSender<Result<u64, ExitReason>>,
    to_link: Arc<Mutex<Option<AnyActorRef>>>,
}

impl Actor for Ear {
    type Msg = u64;

    async fn handle(&mut self, number: u64, ctx: &mut Context<Self>) -> ActorResult {
        match self.to_link.lock().unwrap().take() {
            Some(target) => {
                ctx.trap_exits(true);
                ctx.link(&target);
            }
            None => self.tell.send(Ok(number))?,
        }
        Ok(())
    }

    async fn signal(&mut self, signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
        if let Signal::Exit(exit) = signal {
            self.tell.send(Err(exit.reason))?;
        }
        Ok(())
    }
}

// F2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lent_actor_sent_before_its_death_is_handled_before_its_exit() {
    let bench = Bench::new().await;
    for round in 0..50 {
        let (tell, mut heard) = unbounded_channel();
        let to_link = Arc::new(Mutex::new(None));
        let ear = bench.system.spawn(Ear {
            tell,
            to_link: Arc::clone(&to_link),
        });
        let feed = ear.clone();
        let speaker = bench
            .rig
            .ask_within(LONG, |reply| RigMsg::LendRepeater(feed, reply))
            .await
            .unwrap();
        *to_link.lock().unwrap() = Some(speaker.any());
        ear.send(0).await.unwrap();

        // More than the window of the ear over the link.
        for number in (0..200).rev() {
            speaker.send(number).await.unwrap();
        }

        for number in (0..200).rev() {
            let next = soon("a number", heard.recv()).await;
            assert_eq!(next, Some(Ok(number)), "round {round}");
        }
        let last = soon("the exit", heard.recv()).await;
        assert_eq!(last, Some(Err(ExitReason::Normal)));
    }
    bench.end().await;
}

// F5, E16: a linked worker ends like a linked task, so a transient one is restarted; D3: who asks hears of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_linked_worker_ends_with_its_sibling_and_is_restarted() {
    let transient = |child: ChildBuilder<RigMsg>| child.restart(Restart::Transient);
    let bench = Bench::with(RigArgs::Works, |worker| worker, transient).await;
    let pid = bench.ask_pid().await;
    let (one, _events) = linked_with(&bench.system, &bench.rig.any(), false).await;
    let (puppet, mut events) = Puppet::new();
    let target = bench.rig.any();
    let monitoring = act_now(move |_, ctx| {
        ctx.monitor_restarts(&target);
        Ok(())
    });
    let watcher = bench.system.spawn(puppet.on_start(monitoring));
    watcher.ask(|reply| answer(reply, 1)).await.unwrap();

    one.send(fail("no")).await.unwrap();

    let Event::Signal(Signal::Restarted(news)) = events.next().await else {
        panic!("news of a restart");
    };
    let expected = Restarted {
        monitor: news.monitor,
        actor: bench.rig.id(),
        incarnation: 2,
        cause: linked("failed: no"),
    };
    assert_eq!(news, expected);
    assert_ne!(bench.ask_pid().await, pid);
    bench.end().await;
}
