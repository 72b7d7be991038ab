//! This actor system, as its README shows it: default deadline on asks, panic capture, signals and all.

use actor_core::prelude::*;

use crate::local::contender::{
    Address, Behaviour, Bounded, Contender, CounterRef, Stage, note_start,
};

/// The subject.
pub(crate) struct Ours;

struct Counter {
    total: u64,
}

pub(crate) enum Msg {
    Add(u64),
    Total(Reply<u64>),
}

impl Actor for Counter {
    type Msg = Msg;

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        note_start();
        Ok(())
    }

    async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            Msg::Add(number) => self.total += number,
            Msg::Total(reply) => reply.send(self.total),
        }
        Ok(())
    }
}

impl Contender for Ours {
    type World = ActorSystem;
    type Ref = ActorRef<Msg>;

    fn world() -> Self::World {
        ActorSystem::new("benches")
    }

    async fn spawn(system: &ActorSystem) -> Self::Ref {
        system.spawn(Counter { total: 0 })
    }

    async fn unbounded(system: &ActorSystem) -> Self::Ref {
        let counter = system.actor(Counter { total: 0 });
        counter.mailbox(Mailbox::unbounded()).spawn()
    }
}

impl Bounded for Ours {
    type BoundedRef = ActorRef<Msg>;

    async fn bounded(system: &ActorSystem, capacity: usize) -> Self::BoundedRef {
        let counter = system.actor(Counter { total: 0 });
        counter.mailbox(Mailbox::bounded(capacity)).spawn()
    }
}

impl CounterRef for ActorRef<Msg> {
    async fn add(&self, number: u64) {
        let sent = self.send(Msg::Add(number)).await;
        sent.expect("the counter lives");
    }

    async fn total(&self) -> u64 {
        let answer = self.ask(Msg::Total).await;
        answer.expect("the counter answers")
    }

    async fn end(self) {
        self.stop();
        self.wait().await;
    }
}

/// An actor that does as a behaviour says.
pub(crate) struct Player<B>(B);

impl<B: Behaviour> Actor for Player<B> {
    type Msg = B::Msg;

    async fn handle(&mut self, msg: B::Msg, ctx: &mut Context<Self>) -> ActorResult {
        if self.0.handle(msg).await.is_break() {
            ctx.stop();
        }
        Ok(())
    }
}

impl Stage for Ours {
    type Addr<B: Behaviour> = ActorRef<B::Msg>;

    async fn cast<B: Behaviour>(system: &ActorSystem, behaviour: B) -> ActorRef<B::Msg> {
        let player = system.actor(Player(behaviour));
        player.mailbox(Mailbox::unbounded()).spawn()
    }
}

impl<M: Send + 'static> Address<M> for ActorRef<M> {
    async fn tell(&self, msg: M) {
        assert!(self.send(msg).await.is_ok(), "the actor lives");
    }
}
