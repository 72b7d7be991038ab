//! Promises about processes and links, with real processes and real signals.

use actor_core::prelude::*;
use actor_remote::Node;
use tests::workers::{RIG, RigArgs, RigMsg, registry};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smoke() {
    let system = ActorSystem::new("t");
    let node = Node::new(registry());
    let (spec, rig) = node
        .worker("rig", RIG, RigArgs::Works)
        .unwrap()
        .binary(env!("CARGO_BIN_EXE_test-worker"))
        .child()
        .build();
    let sup = Supervisor::builder(Strategy::OneForOne)
        .child(spec)
        .start(&system)
        .await
        .unwrap();
    for n in 0..10_000u64 {
        rig.send(RigMsg::Add(n)).await.unwrap();
    }
    assert_eq!(rig.ask(RigMsg::Total).await.unwrap(), 49_995_000);
    let pid = rig.ask(RigMsg::Pid).await.unwrap();
    assert_ne!(pid, std::process::id());
    assert_eq!(rig.ask(RigMsg::Drop).await, Err(AskError::NoReply));
    let lent = rig.ask(RigMsg::Lend).await.unwrap();
    lent.send(1).await.unwrap();
    lent.send(0).await.unwrap();
    assert_eq!(lent.wait().await, ExitReason::Normal);
    sup.stop();
    assert_eq!(sup.wait().await, ExitReason::Normal);
}
