//! A gap between a snapshot and a subscription: a view that stays out of date for ever.
//!
//! The view asks for the prices as they are, and then for every change from now on. What changes in between it never hears of. A plain run
//! never shows it, since the market has opened long before the first price changes.
//!
//! Corrected: one message that answers with the snapshot and subscribes, in one handler. (A group's watcher does that, H2.)

use actor_core::prelude::*;
use actor_core::testing::TestSystem;

use super::{Exhibit, Version, exhibit};

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "subscription_gap",
    symptom: "out of date",
    play: |system, version| Box::pin(play(system, version)),
};

#[test]
fn a_view_misses_what_changes_between_its_snapshot_and_its_subscription() {
    exhibit(&EXHIBIT);
}

enum MarketMsg {
    Set(u64),
    Snapshot(Reply<u64>),
    Subscribe(ActorRef<ViewMsg>),
    Join(ActorRef<ViewMsg>, Reply<u64>),
}

#[derive(Default)]
struct Market {
    price: u64,
    views: Vec<ActorRef<ViewMsg>>,
}

impl Actor for Market {
    type Msg = MarketMsg;

    async fn handle(&mut self, msg: MarketMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            MarketMsg::Set(price) => {
                self.price = price;
                for view in &self.views {
                    view.send(ViewMsg::Changed(price)).await?;
                }
            }
            MarketMsg::Snapshot(reply) => reply.send(self.price),
            MarketMsg::Subscribe(view) => self.views.push(view),
            MarketMsg::Join(view, reply) => {
                self.views.push(view);
                reply.send(self.price);
            }
        }
        Ok(())
    }
}

enum ViewMsg {
    Changed(u64),
    Shown(Reply<u64>),
}

struct View {
    market: ActorRef<MarketMsg>,
    shown: u64,
    version: Version,
}

impl Actor for View {
    type Msg = ViewMsg;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        let view = ctx.actor_ref();
        self.shown = match self.version {
            Version::Buggy => {
                let shown = self.market.ask(MarketMsg::Snapshot).await?;
                self.market.send(MarketMsg::Subscribe(view)).await?;
                shown
            }
            Version::Corrected => {
                let join = |reply| MarketMsg::Join(view, reply);
                self.market.ask(join).await?
            }
        };
        Ok(())
    }

    async fn handle(&mut self, msg: ViewMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            ViewMsg::Changed(price) => self.shown = price,
            ViewMsg::Shown(reply) => reply.send(self.shown),
        }
        Ok(())
    }
}

/// Thinks for a while, and then sets a price.
struct Trader {
    market: ActorRef<MarketMsg>,
}

impl Actor for Trader {
    type Msg = u32;

    async fn handle(&mut self, thoughts: u32, ctx: &mut Context<Self>) -> ActorResult {
        match thoughts.checked_sub(1) {
            Some(rest) => ctx.actor_ref().send(rest).await?,
            None => self.market.send(MarketMsg::Set(42)).await?,
        }
        Ok(())
    }
}

async fn play(system: TestSystem, version: Version) {
    let market = system.spawn(Market::default());
    let trader = system.spawn(Trader {
        market: market.clone(),
    });
    let view = system.spawn(View {
        market: market.clone(),
        shown: 0,
        version,
    });

    trader.send(8).await.expect("it lives");
    system.settle().await;

    let shown = view.ask(ViewMsg::Shown).await.expect("it lives");
    assert_eq!(shown, 42, "out of date");
    // The market and its views hold each other.
    market.stop();
}
