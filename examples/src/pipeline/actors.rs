//! The three stages. Each sends to the next with `send`, which waits for room: that is all there is to back-pressure.

use std::sync::Arc;

use actor_core::prelude::*;

use super::arrivals::Arrivals;
use super::gauge::{Gauge, Item};

/// Items that are made between two looks at whether to stop.
const BURST: u64 = 8;

/// The first stage: makes items, as fast as there is room for them.
pub(super) struct Producer {
    /// Where to.
    pub(super) next: ActorRef<MiddleMsg>,
    /// The number of the next item.
    pub(super) number: u64,
    /// How many there are to be.
    pub(super) items: u64,
    /// Where it writes how long the queue before the next stage is.
    pub(super) gauge: Arc<Gauge>,
}

/// Go on.
pub(super) struct Turn;

impl Actor for Producer {
    type Msg = Turn;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        ctx.actor_ref().try_send(Turn)?;
        Ok(())
    }

    async fn handle(&mut self, Turn: Turn, ctx: &mut Context<Self>) -> ActorResult {
        for _ in 0..BURST.min(self.items - self.number) {
            let item = Item::new(self.number, &self.gauge);
            self.number += 1;
            // Waits while the middle has all it may have.
            self.next.send(MiddleMsg(item)).await?;
            self.gauge.saw_queue(self.next.len());
        }
        if self.number == self.items {
            ctx.stop();
        } else {
            ctx.actor_ref().try_send(Turn)?;
        }
        Ok(())
    }
}

/// The second stage: slow.
pub(super) struct Middle {
    /// Where to.
    pub(super) next: ActorRef<CollectorMsg>,
    /// How long it takes for an item.
    pub(super) pause: Duration,
    /// Where it writes how long the queue before the next stage is.
    pub(super) gauge: Arc<Gauge>,
}

/// An item to work on.
pub(super) struct MiddleMsg(pub(super) Item);

impl Actor for Middle {
    type Msg = MiddleMsg;

    async fn handle(
        &mut self,
        MiddleMsg(mut item): MiddleMsg,
        _ctx: &mut Context<Self>,
    ) -> ActorResult {
        item.invert();
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        self.next.send(CollectorMsg::Arrived(item)).await?;
        self.gauge.saw_queue(self.next.len());
        Ok(())
    }
}

/// The last stage: looks at what comes out, and lets go of it.
#[derive(Default)]
pub(super) struct Collector {
    arrivals: Arrivals,
}

/// What a collector is told and asked.
pub(super) enum CollectorMsg {
    /// An item came through.
    Arrived(Item),
    /// Answers with what came so far.
    SoFar(Reply<Arrivals>),
}

impl Actor for Collector {
    type Msg = CollectorMsg;

    async fn handle(&mut self, msg: CollectorMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            CollectorMsg::Arrived(item) => self.arrivals.handle_item(&item),
            CollectorMsg::SoFar(reply) => reply.send(self.arrivals.clone()),
        }
        Ok(())
    }
}
