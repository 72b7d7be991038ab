//! Actors that are blocks of methods, in processes of their own.

use actor_core::prelude::*;
use actor_remote::Node;
use tests::ledger::{LEDGER, LedgerRef};
use tests::soon;
use tests::workers::registry;

use crate::bench::WORKER;

// R1 (A1, B1)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_actor_that_is_a_block_of_methods_works_in_a_process_of_its_own() {
    let system = ActorSystem::new("ledger");
    let node = Node::new(registry());
    let worker = node
        .worker("ledger", LEDGER, vec!["one".to_owned()])
        .unwrap();
    let (spec, ledger) = worker.binary(WORKER).child().build();
    let sup = Supervisor::builder(Strategy::OneForOne).child(spec);
    let sup = sup.start(&system).await.unwrap();

    let next = tokio::join!(ledger.next_entry(), ledger.enter("two".to_owned()));

    assert_eq!(next.0.unwrap(), "two");
    next.1.unwrap();
    assert_eq!(ledger.entries().await.unwrap(), ["one", "two"]);
    sup.stop();
    assert_eq!(soon("the end", sup.wait()).await, ExitReason::Normal);
}
