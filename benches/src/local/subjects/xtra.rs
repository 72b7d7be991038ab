//! xtra 0.6: unbounded mailboxes in its first example, no deadline on an ask. A one-way message is a detached send. Its spans per
//! message (`instrumentation`) are off.
//!
//! Its queue is a binary heap by priority, which does not keep the order of messages of one priority. So numbers have a higher
//! priority than the default, that the ask that comes last may not overtake them.

use xtra::{Actor, Address as Addr, Context, Handler, Mailbox};

use crate::local::contender::{
    Address, Behaviour, Bounded, Contender, CounterRef, Stage, note_start,
};

/// The subject.
pub(crate) struct Xtra;

pub(crate) struct Counter {
    total: u64,
}

struct Add(u64);
struct Total;
struct Stop;

impl Actor for Counter {
    type Stop = ();

    async fn started(&mut self, _mailbox: &Mailbox<Self>) -> Result<(), ()> {
        note_start();
        Ok(())
    }

    async fn stopped(self) {}
}

impl Handler<Add> for Counter {
    type Return = ();

    async fn handle(&mut self, msg: Add, _ctx: &mut Context<Self>) {
        self.total += msg.0;
    }
}

impl Handler<Total> for Counter {
    type Return = u64;

    async fn handle(&mut self, _msg: Total, _ctx: &mut Context<Self>) -> u64 {
        self.total
    }
}

impl Handler<Stop> for Counter {
    type Return = ();

    async fn handle(&mut self, _msg: Stop, ctx: &mut Context<Self>) {
        ctx.stop_self();
    }
}

impl Contender for Xtra {
    type World = ();
    type Ref = Addr<Counter>;

    fn world() -> Self::World {}

    async fn spawn(world: &()) -> Self::Ref {
        Self::unbounded(world).await
    }

    async fn unbounded(_world: &()) -> Self::Ref {
        xtra::spawn_tokio(Counter { total: 0 }, Mailbox::unbounded())
    }
}

impl Bounded for Xtra {
    type BoundedRef = Addr<Counter>;

    async fn bounded(_world: &(), capacity: usize) -> Self::BoundedRef {
        xtra::spawn_tokio(Counter { total: 0 }, Mailbox::bounded(capacity))
    }
}

impl CounterRef for Addr<Counter> {
    async fn add(&self, number: u64) {
        let sent = self.send(Add(number)).priority(1).detach().await;
        assert!(sent.is_ok(), "the counter lives");
    }

    async fn total(&self) -> u64 {
        self.send(Total).await.expect("the counter answers")
    }

    async fn end(self) {
        let gone = self.join();
        let _ = self.send(Stop).await;
        gone.await;
    }
}

/// An actor that does as a behaviour says.
pub(crate) struct Player<B>(B);

impl<B: Behaviour> Actor for Player<B> {
    type Stop = ();

    async fn stopped(self) {}
}

/// What a player is told.
struct Told<M>(M);

impl<B: Behaviour> Handler<Told<B::Msg>> for Player<B> {
    type Return = ();

    async fn handle(&mut self, msg: Told<B::Msg>, ctx: &mut Context<Self>) {
        if self.0.handle(msg.0).await.is_break() {
            ctx.stop_self();
        }
    }
}

impl Stage for Xtra {
    type Addr<B: Behaviour> = Addr<Player<B>>;

    async fn cast<B: Behaviour>(_world: &(), behaviour: B) -> Self::Addr<B> {
        xtra::spawn_tokio(Player(behaviour), Mailbox::unbounded())
    }
}

impl<B: Behaviour> Address<B::Msg> for Addr<Player<B>> {
    async fn tell(&self, msg: B::Msg) {
        let sent = self.send(Told(msg)).detach().await;
        assert!(sent.is_ok(), "the actor lives");
    }
}
