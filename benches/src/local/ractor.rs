//! ractor 0.16: unbounded mailboxes only, no deadline on a call unless given.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::sync::Notify;

use super::contender::{Contender, CounterRef, note_start};

/// The subject.
pub(super) struct Ractor;

struct Counter;

pub(super) enum Msg {
    Add(u64),
    Total(RpcReplyPort<u64>),
}

impl Actor for Counter {
    type Msg = Msg;
    type State = u64;
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ActorRef<Msg>,
        _arguments: (),
    ) -> Result<u64, ActorProcessingErr> {
        note_start();
        Ok(0)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Msg>,
        msg: Msg,
        total: &mut u64,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            Msg::Add(number) => *total += number,
            Msg::Total(reply) => {
                let _ = reply.send(*total);
            }
        }
        Ok(())
    }
}

impl Contender for Ractor {
    type World = ();
    type Ref = ActorRef<Msg>;
    type Node = ActorRef<NodeMsg>;

    fn world() -> Self::World {}

    async fn spawn(_world: &()) -> Self::Ref {
        let (actor, _task) = Actor::spawn(None, Counter, ())
            .await
            .expect("the counter starts");
        actor
    }

    async fn unbounded(world: &()) -> Self::Ref {
        Self::spawn(world).await
    }

    async fn ring(_world: &(), actors: usize, done: Arc<Notify>) -> Vec<Self::Node> {
        let mut nodes = Vec::with_capacity(actors);
        for _ in 0..actors {
            let (node, _task) = Actor::spawn(None, Node, done.clone())
                .await
                .expect("the node starts");
            nodes.push(node);
        }
        for (index, node) in nodes.iter().enumerate() {
            let next = nodes[(index + 1) % actors].clone();
            node.cast(NodeMsg::Link(next)).expect("the node lives");
        }
        nodes
    }

    async fn pass(node: &Self::Node, hops: u64) {
        node.cast(NodeMsg::Token(hops)).expect("the node lives");
    }

    async fn end_node(node: Self::Node) {
        node.stop_and_wait(None, None).await.expect("the node ends");
    }
}

impl CounterRef for ActorRef<Msg> {
    async fn add(&self, number: u64) {
        self.cast(Msg::Add(number)).expect("the counter lives");
    }

    async fn total(&self) -> u64 {
        let answer = self.call(Msg::Total, None).await;
        answer.expect("the counter lives").expect("it answers")
    }

    async fn end(self) {
        self.stop_and_wait(None, None)
            .await
            .expect("the counter ends");
    }
}

struct Node;

pub(super) enum NodeMsg {
    Link(ActorRef<NodeMsg>),
    Token(u64),
}

struct NodeState {
    next: Option<ActorRef<NodeMsg>>,
    done: Arc<Notify>,
}

impl Actor for Node {
    type Msg = NodeMsg;
    type State = NodeState;
    type Arguments = Arc<Notify>;

    async fn pre_start(
        &self,
        _myself: ActorRef<NodeMsg>,
        done: Arc<Notify>,
    ) -> Result<NodeState, ActorProcessingErr> {
        Ok(NodeState { next: None, done })
    }

    async fn handle(
        &self,
        _myself: ActorRef<NodeMsg>,
        msg: NodeMsg,
        state: &mut NodeState,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            NodeMsg::Link(node) => state.next = Some(node),
            NodeMsg::Token(0) => state.done.notify_one(),
            NodeMsg::Token(hops) => {
                let next = state.next.as_ref();
                let next = next.expect("the ring is closed before a token comes");
                next.cast(NodeMsg::Token(hops - 1))?;
            }
        }
        Ok(())
    }
}
