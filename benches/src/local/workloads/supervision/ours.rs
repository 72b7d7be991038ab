//! Supervised restarts and dynamic children of ours.

use std::{sync::Arc, time::Instant};

use actor_core::prelude::*;

use super::super::nanos_per;
use crate::{harness::Figures, sizes::Sizes};

/// No number of failures is too many here, and the window stays short.
fn lenient() -> actor_core::SupervisorBuilder {
    Supervisor::builder(Strategy::OneForOne).intensity(u32::MAX, Duration::from_millis(1))
}

/// Fails when told to.
struct Fragile;

enum Msg {
    Fail,
    Incarnation(Reply<u32>),
}

impl Actor for Fragile {
    type Msg = Msg;

    async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            Msg::Fail => return Err("as told".into()),
            Msg::Incarnation(reply) => reply.send(ctx.incarnation()),
        }
        Ok(())
    }
}

fn fragile(number: usize) -> (ChildSpec, ActorRef<Msg>) {
    let child = ChildSpec::new(format!("fragile-{number}"), || Fragile);
    child.mailbox(Mailbox::unbounded()).build()
}

/// One child that fails again and again; each time its next incarnation answers.
pub(crate) async fn restart(system: Arc<ActorSystem>, sizes: Sizes) -> f64 {
    let (spec, child) = fragile(0);
    let supervisor = lenient().child(spec).start(&system).await;
    let supervisor = supervisor.expect("the child starts");
    let begin = Instant::now();
    for restart in 1..=sizes.restarts {
        child.send(Msg::Fail).await.expect("its mailbox stays");
        assert_eq!(incarnation(&child).await, restart + 1, "it was restarted");
    }
    let figure = nanos_per(begin, u64::from(sizes.restarts));
    supervisor.stop();
    supervisor.wait().await;
    figure
}

/// Many children, each with a queue of failures.
pub(crate) async fn storm(system: Arc<ActorSystem>, sizes: Sizes) -> f64 {
    let (specs, children): (Vec<_>, Vec<_>) = (0..sizes.storm_children).map(fragile).unzip();
    let supervisor = specs
        .into_iter()
        .fold(lenient(), |all, spec| all.child(spec));
    let supervisor = supervisor.start(&system).await.expect("the children start");
    let begin = Instant::now();
    for _ in 0..sizes.storm_failures {
        for child in &children {
            child.send(Msg::Fail).await.expect("its mailbox stays");
        }
    }
    for child in &children {
        let last = incarnation(child).await;
        assert_eq!(last, sizes.storm_failures + 1, "each failure is a restart");
    }
    let figure = begin.elapsed().as_nanos() as f64 / 1e6;
    supervisor.stop();
    supervisor.wait().await;
    figure
}

async fn incarnation(child: &ActorRef<Msg>) -> u32 {
    // The default deadline is no part of a storm.
    let patience = Duration::from_secs(600);
    let answer = child.ask_within(patience, Msg::Incarnation).await;
    answer.expect("the next incarnation answers")
}

/// Dynamic children: the cost of each among many, among few, and the one over the other.
pub(crate) async fn children(system: Arc<ActorSystem>, sizes: Sizes) -> Figures {
    let many = per_child(&system, sizes.children_many).await;
    let few = per_child(&system, sizes.children_few).await;
    [many, few, many / few].into()
}

/// All are started one after the other, then all terminated in an order that is neither theirs nor its reverse.
async fn per_child(system: &ActorSystem, number: usize) -> f64 {
    /// A prime that divides no number of children here, so that its multiples reach each child once.
    const STRIDE: usize = 7_919;
    let supervisor = lenient().start(system).await;
    let supervisor = supervisor.expect("a supervisor without children starts");
    let mut children = Vec::with_capacity(number);
    let begin = Instant::now();
    for child in 0..number {
        let spec = ChildSpec::new(child.to_string(), || Fragile).restart(Restart::Temporary);
        let (spec, actor) = spec.build();
        let started = supervisor.start_child(spec).await;
        started.expect("its id is new and it starts");
        children.push(actor);
    }
    for turn in 0..number {
        let id = (turn * STRIDE % number).to_string();
        let terminated = supervisor.terminate_child(&id).await;
        terminated.expect("each child is terminated once");
    }
    let figure = nanos_per(begin, number as u64);
    assert!(children.iter().all(ActorRef::is_closed), "all have ended");
    supervisor.stop();
    supervisor.wait().await;
    figure
}
