//! The two kinds of actors: a publisher that counts, and readers that subscribe.

use actor_core::prelude::*;
use actor_core::{ActorSubscription, Delivery, TopicPolicy};

use super::Args;
use super::tally::Tally;

/// Numbers that are published in one turn.
const BURST: u64 = 32;
/// From turn to turn.
const TURN: Duration = Duration::from_millis(1);

/// Publishes the numbers from 0 on, some in every turn.
pub(super) struct Publisher {
    /// Where to.
    pub(super) numbers: Topic<u64>,
    /// What comes next.
    pub(super) next: u64,
    /// How many there are.
    pub(super) items: u64,
}

/// The next numbers are due.
pub(super) struct Turn;

impl Actor for Publisher {
    type Msg = Turn;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        ctx.send_after("turn", TURN, Turn);
        Ok(())
    }

    async fn handle(&mut self, Turn: Turn, ctx: &mut Context<Self>) -> ActorResult {
        for _ in 0..BURST.min(self.items - self.next) {
            // However slow a reader may be, this does not wait for it.
            self.numbers.publish(self.next);
            self.next += 1;
        }
        if self.next == self.items {
            ctx.stop();
        } else {
            ctx.send_after("turn", TURN, Turn);
        }
        Ok(())
    }
}

/// Reads the numbers until it has accounted for all of them, and then leaves the group.
pub(super) struct Reader {
    args: Args,
    is_slow: bool,
    numbers: Topic<u64>,
    readers: Group<ReaderMsg>,
    subscription: Option<ActorSubscription<u64>>,
    tally: Tally,
}

/// What a reader is told and asked.
pub(super) enum ReaderMsg {
    /// The topic has something.
    Numbers(Delivery<u64>),
    /// Answers with what it has heard.
    SoFar(Reply<Tally>),
}

impl Reader {
    /// A reader that will subscribe to that topic and join that group.
    pub(super) fn new(
        args: &Args,
        is_slow: bool,
        numbers: &Topic<u64>,
        readers: &Group<ReaderMsg>,
    ) -> Self {
        Reader {
            args: args.clone(),
            is_slow,
            numbers: numbers.clone(),
            readers: readers.clone(),
            subscription: None,
            tally: Tally::default(),
        }
    }
}

impl Actor for Reader {
    type Msg = ReaderMsg;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        let me = ctx.actor_ref();
        let bound = self.args.bound.into();
        let subscription = self.numbers.subscribe_actor(
            &me,
            bound,
            TopicPolicy::DropOldest,
            ReaderMsg::Numbers,
        )?;
        self.subscription = Some(subscription);
        self.readers.join(&me)?;
        Ok(())
    }

    async fn handle(&mut self, msg: ReaderMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            ReaderMsg::Numbers(delivery) => {
                self.tally.handle_delivery(&delivery);
                if self.tally.accounted() == self.args.items {
                    self.readers.leave(&ctx.actor_ref());
                } else if self.is_slow {
                    tokio::time::sleep(self.args.pause()).await;
                }
            }
            ReaderMsg::SoFar(reply) => reply.send(self.tally.clone()),
        }
        Ok(())
    }
}
