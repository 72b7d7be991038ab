//! An ask cycle: two actors wait for each other until a deadline ends it.
//!
//! Orders asks the stock to set goods aside. When a delivery comes the stock asks orders how many goods are waited for. Each does its own part
//! well; but when both ask at once each waits in its handler for the other, whose handler waits, too. A plain run never shows it: the
//! delivery has to be unloaded first.
//!
//! Corrected: the stock does not wait in its handler. It pipes the answer to itself, and goes on with other messages meanwhile.

use actor_core::prelude::*;
use actor_core::testing::TestSystem;

use super::{Exhibit, Version, exhibit};

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "ask_cycle",
    symptom: "they have waited for each other",
    play: |system, version| Box::pin(play(system, version)),
};

#[test]
fn two_actors_that_ask_each_other_wait_until_the_deadline() {
    exhibit(&EXHIBIT);
}

enum StockMsg {
    /// Whom it may ask.
    Orders(ActorRef<OrdersMsg>),
    SetAside(u64, Reply<bool>),
    Delivery(u64),
    WaitedFor(Option<u64>),
}

struct Stock {
    goods: u64,
    spare: u64,
    orders: Option<ActorRef<OrdersMsg>>,
    version: Version,
}

impl Actor for Stock {
    type Msg = StockMsg;

    async fn handle(&mut self, msg: StockMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            StockMsg::Orders(orders) => self.orders = Some(orders),
            StockMsg::SetAside(count, reply) => {
                let suffices = self.goods >= count;
                if suffices {
                    self.goods -= count;
                }
                reply.send(suffices);
            }
            StockMsg::Delivery(count) => {
                self.goods += count;
                let Some(orders) = self.orders.clone() else {
                    return Ok(());
                };
                let asked = async move { orders.ask(OrdersMsg::WaitedFor).await.ok() };
                match self.version {
                    Version::Buggy => self.note(asked.await),
                    Version::Corrected => {
                        ctx.pipe(asked, StockMsg::WaitedFor);
                    }
                }
            }
            StockMsg::WaitedFor(count) => self.note(count),
        }
        Ok(())
    }
}

impl Stock {
    fn note(&mut self, waited_for: Option<u64>) {
        self.spare = self.goods.saturating_sub(waited_for.unwrap_or(0));
    }
}

enum OrdersMsg {
    Place(u64, Reply<bool>),
    WaitedFor(Reply<u64>),
}

struct Orders {
    stock: ActorRef<StockMsg>,
    waited_for: u64,
}

impl Actor for Orders {
    type Msg = OrdersMsg;

    async fn handle(&mut self, msg: OrdersMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            OrdersMsg::Place(count, reply) => {
                let set_aside = |reply| StockMsg::SetAside(count, reply);
                let is_there = self.stock.ask(set_aside).await.unwrap_or(false);
                if !is_there {
                    self.waited_for += count;
                }
                reply.send(is_there);
            }
            OrdersMsg::WaitedFor(reply) => reply.send(self.waited_for),
        }
        Ok(())
    }
}

/// Unloads a delivery, crate by crate.
struct Ramp {
    stock: ActorRef<StockMsg>,
}

impl Actor for Ramp {
    type Msg = u64;

    async fn handle(&mut self, crates: u64, ctx: &mut Context<Self>) -> ActorResult {
        match crates.checked_sub(1) {
            Some(rest) => ctx.actor_ref().send(rest).await?,
            None => self.stock.send(StockMsg::Delivery(10)).await?,
        }
        Ok(())
    }
}

async fn play(system: TestSystem, version: Version) {
    let stock = system.spawn(Stock {
        goods: 5,
        spare: 0,
        orders: None,
        version,
    });
    let orders = system.spawn(Orders {
        stock: stock.clone(),
        waited_for: 0,
    });
    let ramp = system.spawn(Ramp {
        stock: stock.clone(),
    });
    let known = stock.send(StockMsg::Orders(orders.clone())).await;
    known.expect("the stock lives");

    ramp.send(4).await.expect("the ramp lives");
    let placed = orders.ask(|reply| OrdersMsg::Place(3, reply)).await;
    system.settle().await;

    let waited = system.elapsed();
    assert!(
        placed.is_ok() && waited.is_zero(),
        "they have waited for each other, until {waited:?}: {placed:?}"
    );
    // They know each other, and would keep each other alive.
    stock.stop();
}
