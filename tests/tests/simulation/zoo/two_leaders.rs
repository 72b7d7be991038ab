//! A leader hand-over that leaves two leaders.
//!
//! The coordinator tells the old leader to step down and the new one to lead. Each message arrives, and each is obeyed; but nobody said which
//! first, and until the old one has stepped down both write. A plain run never shows it: the message that was sent first is handled first.
//!
//! Corrected: the coordinator waits until the old leader has said that it stepped down. Between two receivers there is no order but the one
//! that an answer makes.

use actor_core::prelude::*;
use actor_core::testing::TestSystem;

use super::{Exhibit, Version, exhibit};

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "two_leaders",
    symptom: "two leaders",
    play: |system, version| Box::pin(play(system, version)),
};

#[test]
fn the_old_leader_writes_after_the_new_one() {
    exhibit(&EXHIBIT);
}

enum LogMsg {
    /// Of a leader of this term.
    Write {
        term: u64,
    },
    Terms(Reply<Vec<u64>>),
}

#[derive(Default)]
struct Log {
    terms: Vec<u64>,
}

impl Actor for Log {
    type Msg = LogMsg;

    async fn handle(&mut self, msg: LogMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            LogMsg::Write { term } => self.terms.push(term),
            LogMsg::Terms(reply) => reply.send(self.terms.clone()),
        }
        Ok(())
    }
}

enum NodeMsg {
    Lead {
        term: u64,
    },
    StepDown(Option<Reply<()>>),
    /// For the leader to write; who is not passes over it.
    Command,
}

struct Node {
    log: ActorRef<LogMsg>,
    term: Option<u64>,
}

impl Actor for Node {
    type Msg = NodeMsg;

    async fn handle(&mut self, msg: NodeMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match (msg, self.term) {
            (NodeMsg::Lead { term }, _) => self.term = Some(term),
            (NodeMsg::StepDown(done), _) => {
                self.term = None;
                if let Some(done) = done {
                    done.send(());
                }
            }
            (NodeMsg::Command, Some(term)) => self.log.send(LogMsg::Write { term }).await?,
            (NodeMsg::Command, None) => {}
        }
        Ok(())
    }
}

/// Hands over from the first to the second.
struct Coordinator {
    nodes: [ActorRef<NodeMsg>; 2],
    version: Version,
}

impl Actor for Coordinator {
    type Msg = Reply<()>;

    async fn handle(&mut self, done: Reply<()>, _ctx: &mut Context<Self>) -> ActorResult {
        let [old, new] = &self.nodes;
        match self.version {
            Version::Buggy => old.send(NodeMsg::StepDown(None)).await?,
            Version::Corrected => {
                let step_down = |done| NodeMsg::StepDown(Some(done));
                old.ask(step_down).await?;
            }
        }
        new.send(NodeMsg::Lead { term: 2 }).await?;
        done.send(());
        Ok(())
    }
}

/// Does not know who leads, so it tells both.
struct Client {
    nodes: [ActorRef<NodeMsg>; 2],
}

impl Actor for Client {
    type Msg = u32;

    async fn handle(&mut self, commands: u32, ctx: &mut Context<Self>) -> ActorResult {
        for node in &self.nodes {
            node.send(NodeMsg::Command).await?;
        }
        match commands {
            1 => ctx.stop(),
            _ => ctx.actor_ref().send(commands - 1).await?,
        }
        Ok(())
    }
}

async fn play(system: TestSystem, version: Version) {
    let log = system.spawn(Log::default());
    let node = || {
        let log = log.clone();
        system.spawn(Node { log, term: None })
    };
    let nodes = [node(), node()];
    let first = nodes[0].send(NodeMsg::Lead { term: 1 }).await;
    first.expect("it lives");
    let coordinator = system.spawn(Coordinator {
        nodes: nodes.clone(),
        version,
    });
    let client = system.spawn(Client {
        nodes: nodes.clone(),
    });

    client.send(6).await.expect("it lives");
    let handed_over = coordinator.ask(|done| done).await;
    handed_over.expect("it hands over");
    client.wait().await;
    system.settle().await;

    let terms = log.ask(LogMsg::Terms).await.expect("it lives");
    assert!(terms.is_sorted(), "two leaders: {terms:?}");
}
