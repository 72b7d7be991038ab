//! ractor 0.16: unbounded mailboxes only, no deadline on a call unless given.

use std::marker::PhantomData;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use crate::local::contender::{Address, Behaviour, Contender, CounterRef, Stage, note_start};

/// The subject.
pub(crate) struct Ractor;

struct Counter;

pub(crate) enum Msg {
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

/// An actor that does as a behaviour, its state, says.
struct Player<B>(PhantomData<fn(B)>);

impl<B: Behaviour> Actor for Player<B> {
    type Msg = B::Msg;
    type State = B;
    type Arguments = B;

    async fn pre_start(
        &self,
        _myself: ActorRef<B::Msg>,
        behaviour: B,
    ) -> Result<B, ActorProcessingErr> {
        Ok(behaviour)
    }

    async fn handle(
        &self,
        myself: ActorRef<B::Msg>,
        msg: B::Msg,
        behaviour: &mut B,
    ) -> Result<(), ActorProcessingErr> {
        if behaviour.handle(msg).await.is_break() {
            myself.stop(None);
        }
        Ok(())
    }
}

impl Stage for Ractor {
    type Addr<B: Behaviour> = ActorRef<B::Msg>;

    async fn cast<B: Behaviour>(_world: &(), behaviour: B) -> ActorRef<B::Msg> {
        let (actor, _task) = Actor::spawn(None, Player(PhantomData), behaviour)
            .await
            .expect("the actor starts");
        actor
    }
}

impl<M: Send + 'static> Address<M> for ActorRef<M> {
    async fn tell(&self, msg: M) {
        assert!(self.cast(msg).is_ok(), "the actor lives");
    }
}
