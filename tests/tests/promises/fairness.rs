//! Turns: what an actor does next when there is more than one thing, and what bounds a start-up that blocks.

use std::error::Error;
use std::fmt;
use std::sync::mpsc;

use actor_core::prelude::*;
use actor_core::{StartError, SupervisorRef};
use tests::puppet::{Act, Event, Puppet, act, act_now, answer, note};
use tests::{paused_system, soon, system};

const MS: Duration = Duration::from_millis(1);

/// An act that takes its time.
fn wait(time: Duration) -> Act {
    act(move |_, _| {
        Box::pin(async move {
            tokio::time::sleep(time).await;
            Ok(())
        })
    })
}

// A9, A10
#[tokio::test(start_paused = true)]
async fn a_tick_that_takes_longer_than_its_period_starves_nobody() {
    let system = paused_system();
    let (puppet, _events) = Puppet::new();
    let actor = system.spawn(puppet);
    let set = act_now(|_, ctx| {
        ctx.send_interval("slow", 5 * MS, || wait(20 * MS));
        Ok(())
    });
    actor.send(set).await.unwrap();
    tokio::time::sleep(100 * MS).await;

    assert_eq!(actor.ask(|reply| answer(reply, 7)).await, Ok(7));
    actor.drain();
    assert_eq!(
        soon("the drain ends", actor.wait()).await,
        ExitReason::Normal
    );
}

// A9
#[tokio::test(start_paused = true)]
async fn a_timer_waits_for_the_message_in_hand_only() {
    let system = paused_system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.spawn(puppet);
    let set = act_now(|_, ctx| {
        ctx.send_after("due", 30 * MS, note(1));
        Ok(())
    });
    actor.send(set).await.unwrap();
    for _ in 0..50 {
        actor.send(wait(20 * MS)).await.unwrap();
    }
    actor.send(note(2)).await.unwrap();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(events.next().await, Event::Note(2));
}

/// An error whose text panics, and whose drop does.
#[derive(Debug)]
struct Evil;

impl fmt::Display for Evil {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no text")
    }
}

impl Error for Evil {}

// C3, C4
#[tokio::test]
async fn an_error_whose_text_panics_is_a_panic_of_its_actor() {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.spawn(puppet);
    actor
        .send(act_now(|_, _| Err(Box::new(Evil))))
        .await
        .unwrap();

    let reason = actor.wait().await;

    assert!(
        matches!(&reason, ExitReason::Panicked { text, .. } if text == "no text"),
        "{reason}"
    );
    assert_eq!(events.next().await, Event::Stopped(reason));
}

struct Wedged {
    until: Option<mpsc::Receiver<()>>,
}

impl Actor for Wedged {
    type Msg = ();

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        if let Some(until) = self.until.take() {
            until.recv().ok();
        }
        Ok(())
    }

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }
}

// C9
#[tokio::test]
async fn a_start_up_that_blocks_its_thread_ends_at_its_deadline() {
    let system = system();
    let (_release, until) = mpsc::channel();
    let wedged = Wedged { until: Some(until) };
    let builder = system
        .actor(wedged)
        .placement(Placement::Thread)
        .start_timeout(MS)
        .name("wedged");

    let error = soon("the start is given up", builder.start())
        .await
        .unwrap_err();

    assert_eq!(error, StartError::Failed(ExitReason::StartTimeout));
    assert!(system.lookup_any("wedged").is_none());
}

// C9
#[tokio::test]
async fn a_child_whose_start_up_blocks_its_thread_does_not_hang_its_supervisor() {
    let system = system();
    let (release, until) = mpsc::channel();
    let mut until = Some(until);
    let (spec, _) = ChildSpec::new("wedged", move || Wedged {
        until: until.take(),
    })
    .placement(Placement::Thread)
    .start_timeout(MS)
    .build();
    let supervisor = Supervisor::builder(Strategy::OneForOne).child(spec);

    let error = soon("the start is given up", supervisor.start(&system))
        .await
        .unwrap_err();

    let reason = ExitReason::StartTimeout;
    assert_eq!(
        error,
        StartError::Child {
            id: "wedged".into(),
            reason
        }
    );
    drop(release);
}

async fn supervised(system: &ActorSystem, restart: Restart) -> (SupervisorRef, ActorRef<Act>) {
    let backoff = Backoff::constant(Duration::from_secs(1));
    let (spec, actor) = ChildSpec::new("child", || Puppet::new().0)
        .restart(restart)
        .backoff(backoff)
        .build();
    let supervisor = Supervisor::builder(Strategy::OneForOne)
        .intensity(9, 100 * MS)
        .child(spec);
    (supervisor.start(system).await.unwrap(), actor)
}

// A10
#[tokio::test(start_paused = true)]
async fn a_stop_between_two_incarnations_reaches_the_next_one() {
    let system = paused_system();
    let (_supervisor, actor) = supervised(&system, Restart::Transient).await;
    actor
        .send(act_now(|_, _| Err("fails".into())))
        .await
        .unwrap();
    tokio::time::sleep(500 * MS).await;

    actor.stop();

    assert_eq!(soon("it ends", actor.wait()).await, ExitReason::Normal);
}

// C5, F1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_reference_that_goes_with_a_failure_does_not_change_its_reason() {
    let system = system();
    let (watcher, mut events) = Puppet::new();
    let watcher = system.spawn(watcher);
    for _ in 0..2_000 {
        let actor = system.spawn(Puppet::new().0);
        let any = actor.any();
        let watch = |reply: Reply<()>| {
            act_now(move |_, ctx| {
                ctx.monitor(&any);
                drop(any);
                reply.send(());
                Ok(())
            })
        };
        watcher.ask(watch).await.unwrap();
        actor.try_send(act_now(|_, _| Err("fails".into()))).unwrap();
        drop(actor);

        let Event::Signal(Signal::Down(down)) = events.next().await else {
            panic!("only ends are told");
        };
        assert_eq!(down.reason, ExitReason::Failed("fails".into()));
    }
}

/// Starts, unless it hangs.
struct Hangs(bool);

impl Actor for Hangs {
    type Msg = ();

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        if self.0 {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }
}

// C9, E1
#[tokio::test(start_paused = true)]
async fn a_supervisor_can_be_stopped_while_its_first_children_start() {
    let system = paused_system();
    let (healthy, sibling) = ChildSpec::new("healthy", || Hangs(false)).build();
    let (hanging, _) = ChildSpec::new("hanging", || Hangs(true))
        .shutdown(Shutdown::Kill)
        .build();
    let builder = Supervisor::builder(Strategy::OneForOne)
        .child(healthy)
        .child(hanging);
    let starter = system.clone();
    let starting = tokio::spawn(async move { builder.start(&starter).await });
    // The healthy one has started, so the hanging one is next.
    let (watcher, mut events) = Puppet::new();
    let watcher = system.spawn(watcher);
    sibling.send(()).await.unwrap();
    tokio::time::sleep(MS).await;
    watcher.send(note(1)).await.unwrap();
    assert_eq!(events.next().await, Event::Note(1));

    let report = system.shutdown(Duration::from_secs(20)).await;

    assert!(report.is_clean(), "{report:?}");
    assert!(starting.await.unwrap().is_err());
    assert_eq!(sibling.wait().await, ExitReason::Shutdown);
}
