//! kameo 0.22: bounded mailboxes of 64 by default, no deadline on an ask unless given.

use std::convert::Infallible;

use kameo::prelude::{Actor, ActorRef, Context, Message, Spawn, mailbox};

use crate::local::contender::{
    Address, Behaviour, Bounded, Contender, CounterRef, Stage, note_start,
};

/// The subject.
pub(crate) struct Kameo;

pub(crate) struct Counter {
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

    fn world() -> Self::World {}

    async fn spawn(_world: &()) -> Self::Ref {
        Counter::spawn(())
    }

    async fn unbounded(_world: &()) -> Self::Ref {
        Counter::spawn_with_mailbox((), mailbox::unbounded())
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

/// An actor that does as a behaviour says.
pub(crate) struct Player<B>(B);

impl<B: Behaviour> Actor for Player<B> {
    type Args = B;
    type Error = Infallible;

    async fn on_start(behaviour: B, _myself: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self(behaviour))
    }
}

/// What a player is told.
struct Told<M>(M);

impl<B: Behaviour> Message<Told<B::Msg>> for Player<B> {
    type Reply = ();

    async fn handle(&mut self, msg: Told<B::Msg>, ctx: &mut Context<Self, ()>) {
        if self.0.handle(msg.0).await.is_break() {
            ctx.stop();
        }
    }
}

impl Stage for Kameo {
    type Addr<B: Behaviour> = ActorRef<Player<B>>;

    async fn cast<B: Behaviour>(_world: &(), behaviour: B) -> Self::Addr<B> {
        Player::spawn_with_mailbox(behaviour, mailbox::unbounded())
    }
}

impl<B: Behaviour> Address<B::Msg> for ActorRef<Player<B>> {
    async fn tell(&self, msg: B::Msg) {
        let sent = self.tell(Told(msg)).send().await;
        assert!(sent.is_ok(), "the actor lives");
    }
}
