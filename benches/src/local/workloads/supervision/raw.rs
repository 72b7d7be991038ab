//! The hand-written keeper: a task that awaits the loop and spawns it again over the same receiver, without limit, backoff or a fate
//! for what was in hand.

use std::{sync::Arc, time::Instant};

use tokio::sync::{
    mpsc::{self, UnboundedReceiver, UnboundedSender},
    oneshot,
};

use super::super::nanos_per;
use crate::sizes::Sizes;

enum Msg {
    Fail,
    Incarnation(oneshot::Sender<u32>),
}

/// The loop. A failure gives the receiver back.
async fn serve(
    mut receiver: UnboundedReceiver<Msg>,
    incarnation: u32,
) -> Result<(), UnboundedReceiver<Msg>> {
    while let Some(msg) = receiver.recv().await {
        match msg {
            Msg::Fail => return Err(receiver),
            Msg::Incarnation(reply) => {
                let _ = reply.send(incarnation);
            }
        }
    }
    Ok(())
}

/// Starts a loop and its keeper, which ends with the last sender.
fn keep() -> UnboundedSender<Msg> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut incarnation = 1;
        loop {
            let served = tokio::spawn(serve(receiver, incarnation)).await;
            match served.expect("the loop does not panic") {
                Ok(()) => break,
                Err(back) => receiver = back,
            }
            incarnation += 1;
        }
    });
    sender
}

/// One loop that fails again and again; each time its next incarnation answers.
pub(crate) async fn restart(_world: Arc<()>, sizes: Sizes) -> f64 {
    let child = keep();
    let begin = Instant::now();
    for restart in 1..=sizes.restarts {
        assert!(child.send(Msg::Fail).is_ok(), "the keeper keeps it");
        assert_eq!(incarnation(&child).await, restart + 1, "it was restarted");
    }
    nanos_per(begin, u64::from(sizes.restarts))
}

/// Many loops, each with a queue of failures.
pub(crate) async fn storm(_world: Arc<()>, sizes: Sizes) -> f64 {
    let children: Vec<_> = (0..sizes.storm_children).map(|_| keep()).collect();
    let begin = Instant::now();
    for _ in 0..sizes.storm_failures {
        for child in &children {
            assert!(child.send(Msg::Fail).is_ok(), "the keeper keeps it");
        }
    }
    for child in &children {
        let last = incarnation(child).await;
        assert_eq!(last, sizes.storm_failures + 1, "each failure is a restart");
    }
    begin.elapsed().as_nanos() as f64 / 1e6
}

async fn incarnation(child: &UnboundedSender<Msg>) -> u32 {
    let (reply, answer) = oneshot::channel();
    assert!(
        child.send(Msg::Incarnation(reply)).is_ok(),
        "the keeper keeps it"
    );
    answer.await.expect("the next incarnation answers")
}
