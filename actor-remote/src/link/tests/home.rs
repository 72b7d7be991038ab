//! References to actors of the other side that go back there.

use actor_core::wire::{LinkHook, encode, with_link};

use super::*;
use crate::link::hook::Codec;

// C7, A2
#[tokio::test]
async fn a_reference_that_goes_home_is_not_released_before_its_message_is_with_the_writer() {
    for pair in pairs().await {
        let ear = pair.echo.ask_within(LONG, EchoMsg::Lend).await;
        let ear = ear.expect("answers");
        let id = lock(&pair.link.tables).import_by_address[&actor_core::link::address(&ear.any())];
        let is_known = || lock(&pair.link.tables).imports.contains_key(&id);

        // As a forwarder does it: encoded, dropped, and given to the writer together with others.
        let codec = Codec::new(&pair.link);
        let hook: Arc<dyn LinkHook> = codec.clone();
        let mut message = Vec::new();
        let encoded = with_link(&hook, || encode(&ear, &mut message));
        encoded.expect("it has come from there");
        let committed = codec.commit();
        drop(ear);
        // Its local half ends, and its forwarder would release it in the same step.
        while pair.here.snapshot().totals.actors > 1 {
            tokio::task::yield_now().await;
        }
        assert!(is_known());

        drop(committed);
        soon(async {
            while is_known() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

// C7, A2: as above, as it happens by itself when there are several threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn references_that_go_home_with_the_last_of_them_are_still_known_there() {
    for pair in pairs().await {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let echo = pair.echo.clone();
                tokio::spawn(async move {
                    for _ in 0..500 {
                        let ear = echo.ask_within(LONG, EchoMsg::Lend).await;
                        let ear = ear.expect("answers");
                        let back = echo.ask_within(LONG, |reply| EchoMsg::Back(ear, reply));
                        back.await.expect("it is still there");
                    }
                })
            })
            .collect();
        for task in tasks {
            soon(task).await.expect("it does not panic");
        }
    }
}
