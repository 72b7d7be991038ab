//! The hand-written loop: a spawned task over a tokio mpsc channel, tokio oneshot for answers. What a
//! user writes who takes no actor crate, without supervision, deadlines or a fate for lost messages.

use std::time::Duration;

use tokio::sync::{
    mpsc::{self, Sender, UnboundedSender},
    oneshot,
};

use crate::local::contender::{
    Address, Behaviour, Bounded, Contender, CounterRef, Stage, note_start,
};

/// The subject.
pub(crate) struct Raw;

pub(crate) enum Msg {
    Add(u64),
    Total(oneshot::Sender<u64>),
    End,
}

/// What one turn of the loop does with a message; false ends the loop.
#[inline(always)]
fn handle(total: &mut u64, msg: Msg) -> bool {
    match msg {
        Msg::Add(number) => *total += number,
        Msg::Total(reply) => {
            let _ = reply.send(*total);
        }
        Msg::End => return false,
    }
    true
}

impl Contender for Raw {
    type World = ();
    type Ref = UnboundedSender<Msg>;

    fn world() -> Self::World {}

    async fn spawn(world: &()) -> Self::Ref {
        Self::unbounded(world).await
    }

    async fn unbounded(_world: &()) -> Self::Ref {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            note_start();
            let mut total = 0;
            while let Some(msg) = receiver.recv().await {
                if !handle(&mut total, msg) {
                    break;
                }
            }
        });
        sender
    }
}

impl Bounded for Raw {
    type BoundedRef = Sender<Msg>;

    async fn bounded(_world: &(), capacity: usize) -> Self::BoundedRef {
        let (sender, mut receiver) = mpsc::channel(capacity);
        tokio::spawn(async move {
            note_start();
            let mut total = 0;
            while let Some(msg) = receiver.recv().await {
                if !handle(&mut total, msg) {
                    break;
                }
            }
        });
        sender
    }
}

impl CounterRef for UnboundedSender<Msg> {
    async fn add(&self, number: u64) {
        expect_sent(self.send(Msg::Add(number)));
    }

    async fn total(&self) -> u64 {
        let (reply, answer) = oneshot::channel();
        expect_sent(self.send(Msg::Total(reply)));
        answer.await.expect("the loop answers")
    }

    async fn end(self) {
        let _ = self.send(Msg::End);
        self.closed().await;
    }
}

impl CounterRef for Sender<Msg> {
    async fn add(&self, number: u64) {
        expect_sent(self.send(Msg::Add(number)).await);
    }

    async fn total(&self) -> u64 {
        let (reply, answer) = oneshot::channel();
        expect_sent(self.send(Msg::Total(reply)).await);
        answer.await.expect("the loop answers")
    }

    async fn end(self) {
        let _ = self.send(Msg::End).await;
        self.closed().await;
    }
}

/// The same loop, asked under a deadline of the length that ours has by default.
#[derive(Clone)]
pub(crate) struct WithTimeout(pub(crate) UnboundedSender<Msg>);

impl CounterRef for WithTimeout {
    async fn add(&self, number: u64) {
        self.0.add(number).await;
    }

    async fn total(&self) -> u64 {
        let answer = tokio::time::timeout(Duration::from_secs(5), self.0.total());
        answer.await.expect("the loop answers in time")
    }

    async fn end(self) {
        self.0.end().await;
    }
}

impl Stage for Raw {
    type Addr<B: Behaviour> = UnboundedSender<B::Msg>;

    async fn cast<B: Behaviour>(_world: &(), mut behaviour: B) -> UnboundedSender<B::Msg> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(msg) = receiver.recv().await {
                if behaviour.handle(msg).await.is_break() {
                    break;
                }
            }
        });
        sender
    }
}

impl<M: Send + 'static> Address<M> for UnboundedSender<M> {
    async fn tell(&self, msg: M) {
        expect_sent(self.send(msg));
    }
}

/// Every actor outlives its senders here. (Not `expect`: the error holds the message, which is not `Debug`.)
#[inline(always)]
fn expect_sent<T>(sent: Result<(), mpsc::error::SendError<T>>) {
    assert!(sent.is_ok(), "the receiver outlives its senders");
}
