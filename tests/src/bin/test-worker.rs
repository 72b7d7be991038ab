//! The program that the tests start as a worker process.
//!
//! | arguments | what it is |
//! |---|---|
//! | none, as a worker | a worker with the registry of the tests |
//! | `rogue CRIME` | a worker that keeps no rule of the protocol |
//! | `other-registry` | a worker that was built with another registry |
//! | `parent` | an ordinary program that starts a worker, tells its process id, and waits |

use actor_core::prelude::*;
use actor_remote::{Node, Registry};
use tests::workers::{BLOCKING_RIG, Rig, RigArgs, RigMsg, registry};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["rogue", crime] => return tests::rogue::play(crime),
        ["other-registry"] => actor_remote::init(&other_registry()),
        _ => actor_remote::init(&registry()),
    }
    match words.as_slice() {
        ["parent", state] => parent(state),
        _ => std::process::exit(9),
    }
}

fn other_registry() -> Registry {
    Registry::builder()
        .factory(BLOCKING_RIG, Rig::new)
        .message::<u64>("tests.u64/v2")
        .build()
        .expect("the names are unique")
}

/// Starts a worker and brings it into a state: `idle`, or `hung` with every thread of its runtime blocked.
#[tokio::main]
async fn parent(state: &str) {
    let system = ActorSystem::new("parent");
    let node = Node::new(registry());
    let worker = node.worker("rig", tests::workers::RIG, RigArgs::Works);
    let (spec, rig) = worker.expect("the arguments encode").child().build();
    let _sup = Supervisor::builder(Strategy::OneForOne)
        .child(spec)
        .start(&system)
        .await
        .expect("the worker starts");
    let pid = rig.ask(RigMsg::Pid).await.expect("the worker answers");
    if state == "hung" {
        let (knocks, mut at_door) = tokio::sync::mpsc::unbounded_channel();
        let door = system.spawn(tests::workers::Door { knocks });
        rig.send(RigMsg::HangAll(door))
            .await
            .expect("the worker lives");
        let knock = at_door.recv().await.expect("the worker knocks");
        knock.send(());
    }
    {
        use std::io::Write;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{pid}").expect("somebody reads");
    }
    std::future::pending::<()>().await;
}
