//! kameo 0.22: bounded mailboxes of 64 by default, no deadline on an ask unless given.

use std::{convert::Infallible, sync::Arc};

use kameo::prelude::{Actor, ActorRef, Context, Message, Spawn, mailbox};
use tokio::sync::Notify;

use super::contender::{Bounded, Contender, CounterRef, note_start};

/// The subject.
pub(super) struct Kameo;

pub(super) struct Counter {
    total: u64,
}

struct Add(u64);
struct Total;

impl Actor for Counter {
    type Args = ();
    type Error = Infallible;

    async fn on_start(_args: (), _myself: ActorRef<Self>) -> Result<Self, Infallible> {
        note_start();
        Ok(Self { total: 0 })
    }
}

impl Message<Add> for Counter {
    type Reply = ();

    async fn handle(&mut self, msg: Add, _ctx: &mut Context<Self, ()>) {
        self.total += msg.0;
    }
}

impl Message<Total> for Counter {
    type Reply = u64;

    async fn handle(&mut self, _msg: Total, _ctx: &mut Context<Self, u64>) -> u64 {
        self.total
    }
}

impl Contender for Kameo {
    type World = ();
    type Ref = ActorRef<Counter>;
    type Node = ActorRef<Node>;

    fn world() -> Self::World {}

    async fn spawn(_world: &()) -> Self::Ref {
        Counter::spawn(())
    }

    async fn unbounded(_world: &()) -> Self::Ref {
        Counter::spawn_with_mailbox((), mailbox::unbounded())
    }

    async fn ring(_world: &(), actors: usize, done: Arc<Notify>) -> Vec<Self::Node> {
        let nodes: Vec<_> = (0..actors)
            .map(|_| Node::spawn_with_mailbox(done.clone(), mailbox::unbounded()))
            .collect();
        for (index, node) in nodes.iter().enumerate() {
            let next = nodes[(index + 1) % actors].clone();
            let sent = node.tell(NodeLink(next)).send().await;
            sent.expect("the node lives");
        }
        nodes
    }

    async fn pass(node: &Self::Node, hops: u64) {
        let sent = node.tell(Token(hops)).send().await;
        sent.expect("the node lives");
    }

    async fn end_node(node: Self::Node) {
        node.kill();
        node.wait_for_shutdown().await;
    }
}

impl Bounded for Kameo {
    type BoundedRef = ActorRef<Counter>;

    async fn bounded(_world: &(), capacity: usize) -> Self::BoundedRef {
        Counter::spawn_with_mailbox((), mailbox::bounded(capacity))
    }
}

impl CounterRef for ActorRef<Counter> {
    async fn add(&self, number: u64) {
        let sent = self.tell(Add(number)).send().await;
        sent.expect("the counter lives");
    }

    async fn total(&self) -> u64 {
        let answer = self.ask(Total).send().await;
        answer.expect("the counter answers")
    }

    async fn end(self) {
        self.kill();
        self.wait_for_shutdown().await;
    }
}

pub(super) struct Node {
    next: Option<ActorRef<Node>>,
    done: Arc<Notify>,
}

struct NodeLink(ActorRef<Node>);
struct Token(u64);

impl Actor for Node {
    type Args = Arc<Notify>;
    type Error = Infallible;

    async fn on_start(done: Arc<Notify>, _myself: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self { next: None, done })
    }
}

impl Message<NodeLink> for Node {
    type Reply = ();

    async fn handle(&mut self, msg: NodeLink, _ctx: &mut Context<Self, ()>) {
        self.next = Some(msg.0);
    }
}

impl Message<Token> for Node {
    type Reply = ();

    async fn handle(&mut self, msg: Token, _ctx: &mut Context<Self, ()>) {
        if msg.0 == 0 {
            self.done.notify_one();
            return;
        }
        let next = self.next.as_ref();
        let next = next.expect("the ring is closed before a token comes");
        let sent = next.tell(Token(msg.0 - 1)).send().await;
        sent.expect("the next node lives");
    }
}
