//! This actor system, as its README shows it: default deadline on asks, panic capture, signals and all.

use std::sync::Arc;

use actor_core::prelude::*;
use tokio::sync::Notify;

use super::contender::{Bounded, Contender, CounterRef, note_start};

/// The subject.
pub(super) struct Ours;

struct Counter {
    total: u64,
}

pub(super) enum Msg {
    Add(u64),
    Total(Reply<u64>),
}

impl Actor for Counter {
    type Msg = Msg;

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        note_start();
        Ok(())
    }

    async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            Msg::Add(number) => self.total += number,
            Msg::Total(reply) => reply.send(self.total),
        }
        Ok(())
    }
}

impl Contender for Ours {
    type World = ActorSystem;
    type Ref = ActorRef<Msg>;
    type Node = ActorRef<NodeMsg>;

    fn world() -> Self::World {
        ActorSystem::new("benches")
    }

    async fn spawn(system: &ActorSystem) -> Self::Ref {
        system.spawn(Counter { total: 0 })
    }

    async fn unbounded(system: &ActorSystem) -> Self::Ref {
        let counter = system.actor(Counter { total: 0 });
        counter.mailbox(Mailbox::unbounded()).spawn()
    }

    async fn ring(system: &ActorSystem, actors: usize, done: Arc<Notify>) -> Vec<Self::Node> {
        let nodes: Vec<_> = (0..actors)
            .map(|_| {
                let (next, done) = (None, done.clone());
                let node = system.actor(Node { next, done });
                node.mailbox(Mailbox::unbounded()).spawn()
            })
            .collect();
        for (index, node) in nodes.iter().enumerate() {
            let next = nodes[(index + 1) % actors].clone();
            let sent = node.send(NodeMsg::Link(next)).await;
            sent.expect("the node lives");
        }
        nodes
    }

    async fn pass(node: &Self::Node, hops: u64) {
        let sent = node.send(NodeMsg::Token(hops)).await;
        sent.expect("the node lives");
    }

    async fn end_node(node: Self::Node) {
        node.stop();
        node.wait().await;
    }
}

impl Bounded for Ours {
    type BoundedRef = ActorRef<Msg>;

    async fn bounded(system: &ActorSystem, capacity: usize) -> Self::BoundedRef {
        let counter = system.actor(Counter { total: 0 });
        counter.mailbox(Mailbox::bounded(capacity)).spawn()
    }
}

impl CounterRef for ActorRef<Msg> {
    async fn add(&self, number: u64) {
        let sent = self.send(Msg::Add(number)).await;
        sent.expect("the counter lives");
    }

    async fn total(&self) -> u64 {
        let answer = self.ask(Msg::Total).await;
        answer.expect("the counter answers")
    }

    async fn end(self) {
        self.stop();
        self.wait().await;
    }
}

struct Node {
    next: Option<ActorRef<NodeMsg>>,
    done: Arc<Notify>,
}

pub(super) enum NodeMsg {
    Link(ActorRef<NodeMsg>),
    Token(u64),
}

impl Actor for Node {
    type Msg = NodeMsg;

    async fn handle(&mut self, msg: NodeMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            NodeMsg::Link(node) => self.next = Some(node),
            NodeMsg::Token(0) => self.done.notify_one(),
            NodeMsg::Token(hops) => {
                let next = self.next.as_ref();
                let next = next.expect("the ring is closed before a token comes");
                next.send(NodeMsg::Token(hops - 1)).await?;
            }
        }
        Ok(())
    }
}
