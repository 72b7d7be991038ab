//! F5, F6: links; F2 and F3 for them.

mod ends;
mod graphs;
mod pairs;
mod races;
mod restarts;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use actor_core::prelude::*;
use actor_core::{ActorId, Exit, SupervisorBuilder};
use tests::puppet::{Act, Event, Events, Puppet, act, act_now, answer, fail, hold, note, panic};
use tests::random::Random;
use tests::{in_every_placement, soon, system};
use tokio::sync::mpsc::unbounded_channel;

const HOUR: Duration = Duration::from_secs(3600);

fn spawn(system: &ActorSystem, placement: Placement) -> (ActorRef<Act>, Events) {
    let (puppet, events) = Puppet::new();
    (system.actor(puppet).placement(placement).spawn(), events)
}

fn task(system: &ActorSystem) -> (ActorRef<Act>, Events) {
    spawn(system, Placement::Task)
}

fn linking(target: &AnyActorRef) -> Act {
    let target = target.clone();
    act_now(move |_, ctx| {
        ctx.link(&target);
        Ok(())
    })
}

fn unlinking(target: &AnyActorRef) -> Act {
    let target = target.clone();
    act_now(move |_, ctx| {
        ctx.unlink(&target);
        Ok(())
    })
}

fn trapping() -> Act {
    act_now(|_, ctx| {
        ctx.trap_exits(true);
        Ok(())
    })
}

/// Has the actor do it, and waits until it has.
async fn done(actor: &ActorRef<Act>, act: Act) {
    actor.send(act).await.unwrap();
    synced(actor).await;
}

/// Waits until what was sent before is handled.
async fn synced(actor: &ActorRef<Act>) {
    let answered = soon(
        "an answer",
        actor.ask_within(HOUR, |reply| answer(reply, 1)),
    );
    answered.await.unwrap();
}

async fn end(actor: &ActorRef<Act>) -> ExitReason {
    soon("the end", actor.wait()).await
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

fn failed(text: &str) -> ExitReason {
    ExitReason::Failed(text.to_owned())
}

fn supervisor() -> SupervisorBuilder {
    Supervisor::builder(Strategy::OneForOne).intensity(100, HOUR)
}
