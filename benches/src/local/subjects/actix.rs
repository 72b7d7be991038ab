//! actix 0.13: an actor lives on one thread, an arbiter, with a single-threaded runtime of its own. It cannot run on the workers of the
//! runtime that everybody else shares, so it gets two arbiters, as many threads as the others have workers, and runs in the better of two
//! placements:
//!
//! | placement | workloads | actors | senders and askers |
//! |---|---|---|---|
//! | [`Apart`] | one-way messages of one kind of actor | on one arbiter | on the other: both cores work, as with everybody else |
//! | [`Together`] | all others | on one arbiter | on the same: nothing crosses a thread, which is what makes its asks fast |
//!
//! `do_send` takes no notice of a mailbox's capacity, and `send` waits for the answer with the room: there is no send that waits for room
//! alone, so there are no bounded workloads. Mailboxes are unbounded (capacity zero) except where the default, 16, is what is measured.
//! A handler is a plain function; a behaviour here never has to wait, since no mailbox is ever full.

use std::{future::Future, sync::mpsc, thread};

use actix::{Actor, ActorContext, Addr, Arbiter, ArbiterHandle, Context, Handler, Message, System};
use futures_util::FutureExt;
use tokio::runtime::Handle;

use crate::{
    harness::Figures,
    local::contender::{Address, Behaviour, Contender, CounterRef, Stage, note_start},
};

/// Actors on one arbiter, what sends to them on another.
pub(crate) type Apart = Actix<true>;
/// Everything on one arbiter.
pub(crate) type Together = Actix<false>;

/// The subject.
pub(crate) struct Actix<const APART: bool>;

/// A system with two arbiters; ends when dropped.
pub(crate) struct Threads {
    system: System,
    rounds: ArbiterHandle,
    actors: ArbiterHandle,
}

impl Threads {
    fn start() -> Self {
        let (tell, hear) = mpsc::channel();
        thread::spawn(move || {
            let runner = System::new();
            let system = System::current();
            let threads = Threads {
                rounds: system.arbiter().clone(),
                actors: Arbiter::new().handle(),
                system,
            };
            if tell.send(threads).is_ok() {
                runner.run().expect("the arbiters stop when told to");
            }
        });
        hear.recv().expect("the arbiters start")
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.system.stop();
    }
}

/// Starts an actor where the placement says; inside an arbiter.
fn start<A>(threads: &Threads, apart: bool, unbounded: bool, actor: A) -> Addr<A>
where
    A: Actor<Context = Context<A>> + Send,
{
    let create = move |ctx: &mut Context<A>| {
        if unbounded {
            ctx.set_mailbox_capacity(0);
        }
        actor
    };
    if apart {
        A::start_in_arbiter(&threads.actors, create)
    } else {
        A::create(create)
    }
}

pub(crate) struct Counter {
    total: u64,
}

struct Add(u64);

impl Message for Add {
    type Result = ();
}

struct Total;

impl Message for Total {
    type Result = u64;
}

struct Stop;

impl Message for Stop {
    type Result = ();
}

impl Actor for Counter {
    type Context = Context<Self>;

    fn started(&mut self, _ctx: &mut Context<Self>) {
        note_start();
    }
}

impl Handler<Add> for Counter {
    type Result = ();

    fn handle(&mut self, msg: Add, _ctx: &mut Context<Self>) {
        self.total += msg.0;
    }
}

impl Handler<Total> for Counter {
    type Result = u64;

    fn handle(&mut self, _msg: Total, _ctx: &mut Context<Self>) -> u64 {
        self.total
    }
}

impl Handler<Stop> for Counter {
    type Result = ();

    fn handle(&mut self, _msg: Stop, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

impl<const APART: bool> Contender for Actix<APART> {
    type World = Threads;
    type Ref = Addr<Counter>;

    fn world() -> Threads {
        Threads::start()
    }

    fn run(
        threads: &Threads,
        _on: &Handle,
        round: impl Future<Output = Figures> + Send + 'static,
    ) -> Figures {
        let (tell, hear) = mpsc::channel();
        threads.rounds.spawn(async move {
            let _ = tell.send(round.await);
        });
        hear.recv().expect("a round ends without a panic")
    }

    async fn spawn(threads: &Threads) -> Self::Ref {
        start(threads, APART, false, Counter { total: 0 })
    }

    async fn unbounded(threads: &Threads) -> Self::Ref {
        start(threads, APART, true, Counter { total: 0 })
    }
}

impl CounterRef for Addr<Counter> {
    async fn add(&self, number: u64) {
        self.do_send(Add(number));
    }

    async fn total(&self) -> u64 {
        self.send(Total).await.expect("the counter answers")
    }

    async fn end(self) {
        let _ = self.send(Stop).await;
        while self.connected() {
            tokio::task::yield_now().await;
        }
    }
}

/// An actor that does as a behaviour says.
pub(crate) struct Player<B>(B);

impl<B: Behaviour> Actor for Player<B> {
    type Context = Context<Self>;
}

/// What a player is told.
struct Told<M>(M);

impl<M: 'static> Message for Told<M> {
    type Result = ();
}

impl<B: Behaviour> Handler<Told<B::Msg>> for Player<B> {
    type Result = ();

    fn handle(&mut self, msg: Told<B::Msg>, ctx: &mut Context<Self>) {
        let handled = self.0.handle(msg.0).now_or_never();
        if handled.expect("no mailbox is full").is_break() {
            ctx.stop();
        }
    }
}

impl<const APART: bool> Stage for Actix<APART> {
    type Addr<B: Behaviour> = Addr<Player<B>>;

    async fn cast<B: Behaviour>(threads: &Threads, behaviour: B) -> Self::Addr<B> {
        start(threads, APART, true, Player(behaviour))
    }
}

impl<B: Behaviour> Address<B::Msg> for Addr<Player<B>> {
    async fn tell(&self, msg: B::Msg) {
        self.do_send(Told(msg));
    }
}
