//! An actor whose messages have a rank, for the tests of mailboxes: it tells what it handles, in that order.

use actor_core::prelude::*;
use actor_core::{Overflow, SpawnBuilder};
use tokio::sync::mpsc::UnboundedSender;

use crate::puppet::{Event, Events};

/// What a clerk is given.
#[derive(Debug)]
pub enum Slip {
    /// It tells the number; the first field is the rank.
    Note(i64, u64),
    /// It answers with the number.
    Answer(i64, u64, Reply<u64>),
    /// It says that it began, and waits until the sender of the other is dropped. More urgent than anything.
    Hold(
        tokio::sync::oneshot::Sender<()>,
        tokio::sync::oneshot::Receiver<()>,
    ),
    /// It monitors that actor. More urgent than anything.
    Monitor(actor_core::AnyActorRef, Reply<()>),
    /// It fails.
    Fail,
    /// No rank can be computed for it.
    Unrankable,
}

/// The rank of a slip; the lowest is the most urgent.
///
/// # Panics
///
/// For one that is [`Unrankable`](Slip::Unrankable).
#[must_use]
pub fn rank(slip: &Slip) -> i64 {
    match slip {
        Slip::Note(rank, _) | Slip::Answer(rank, ..) => *rank,
        Slip::Hold(..) | Slip::Monitor(..) | Slip::Fail => i64::MIN,
        // A panic without the noise of the hook.
        Slip::Unrankable => std::panic::resume_unwind(Box::new("no rank")),
    }
}

/// Tells what it handles.
#[derive(Debug)]
pub struct Clerk(pub UnboundedSender<Event>);

impl Actor for Clerk {
    type Msg = Slip;

    async fn handle(&mut self, slip: Slip, ctx: &mut Context<Self>) -> ActorResult {
        match slip {
            Slip::Note(_, number) => drop(self.0.send(Event::Note(number))),
            Slip::Answer(_, number, reply) => reply.send(number),
            Slip::Hold(began, opened) => {
                began.send(()).ok();
                opened.await.ok();
            }
            Slip::Monitor(target, reply) => {
                ctx.monitor(&target);
                reply.send(());
            }
            Slip::Fail => return Err("told to fail".into()),
            Slip::Unrankable => {}
        }
        Ok(())
    }

    async fn signal(&mut self, signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
        self.0.send(Event::Signal(signal)).ok();
        Ok(())
    }
}

/// The order in which a mailbox hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discipline {
    /// First in, first out.
    Fifo,
    /// Last in, first out.
    Lifo,
    /// By [`rank`].
    Priority,
}

impl Discipline {
    /// All of them.
    pub const ALL: [Discipline; 3] = [Discipline::Fifo, Discipline::Lifo, Discipline::Priority];

    /// The mailbox of that discipline, but for its key.
    #[must_use]
    pub fn of(self, mailbox: Mailbox) -> Mailbox {
        match self {
            Discipline::Lifo => mailbox.lifo(),
            _ => mailbox,
        }
    }

    /// A clerk with that mailbox, not started yet, and what it will tell.
    pub fn clerk(self, system: &ActorSystem, mailbox: Mailbox) -> (SpawnBuilder<Clerk>, Events) {
        let (sender, events) = Events::channel();
        let builder = system.actor(Clerk(sender)).mailbox(self.of(mailbox));
        match self {
            Discipline::Priority => (builder.priority(rank), events),
            _ => (builder, events),
        }
    }
}

/// All that can become of a message for which there is no room.
pub const POLICIES: [Overflow; 3] = [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest];

/// Keeps a clerk busy until it is dropped.
#[derive(Debug)]
pub struct Busy {
    _open: tokio::sync::oneshot::Sender<()>,
}

/// Waits until the clerk is busy, so that whatever is sent from then on is queued.
///
/// # Panics
///
/// When it does not begin.
pub async fn keep_busy(clerk: &ActorRef<Slip>) -> Busy {
    let (began, begun) = tokio::sync::oneshot::channel();
    let (open, opened) = tokio::sync::oneshot::channel();
    clerk
        .send(Slip::Hold(began, opened))
        .await
        .expect("the clerk lives");
    crate::soon("the clerk is busy", begun)
        .await
        .expect("the clerk lives");
    Busy { _open: open }
}
