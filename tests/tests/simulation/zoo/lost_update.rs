//! A lost update over a restart: a counter starts again before its last save has arrived.
//!
//! The counter saves each total through a journal, which passes it on to the store; it loads from the store when it starts. Then it fails on
//! a bad message and is restarted. The load goes straight to the store, so it may overtake the last save, and what was counted and
//! acknowledged is gone. A plain run never shows it: the journal is idle, and a restart takes longer than a save.
//!
//! Corrected: the load goes the way of the saves. Two messages keep their order if they go the same way, and not otherwise (A1).

use actor_core::prelude::*;
use actor_core::testing::TestSystem;

use super::{Exhibit, Version, exhibit};

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "lost_update",
    symptom: "an acknowledged update is lost",
    play: |system, version| Box::pin(play(system, version)),
};

#[test]
fn a_restarted_counter_loads_what_its_last_save_has_not_reached() {
    exhibit(&EXHIBIT);
}

enum StoreMsg {
    Save(u64),
    Load(Reply<u64>),
}

#[derive(Default)]
struct Store {
    total: u64,
}

impl Actor for Store {
    type Msg = StoreMsg;

    async fn handle(&mut self, msg: StoreMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            StoreMsg::Save(total) => self.total = total,
            StoreMsg::Load(reply) => reply.send(self.total),
        }
        Ok(())
    }
}

/// Writes down what goes to the store, and passes it on.
struct Journal {
    store: ActorRef<StoreMsg>,
}

impl Actor for Journal {
    type Msg = StoreMsg;

    async fn handle(&mut self, msg: StoreMsg, _ctx: &mut Context<Self>) -> ActorResult {
        Ok(self.store.send(msg).await?)
    }
}

enum CounterMsg {
    Add(u64, Reply<()>),
    Total(Reply<u64>),
    /// Which it cannot read.
    Garbage,
}

struct Counter {
    total: u64,
    journal: ActorRef<StoreMsg>,
    store: ActorRef<StoreMsg>,
    version: Version,
}

impl Actor for Counter {
    type Msg = CounterMsg;

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        let way = match self.version {
            Version::Buggy => &self.store,
            Version::Corrected => &self.journal,
        };
        self.total = way.ask(StoreMsg::Load).await?;
        Ok(())
    }

    async fn handle(&mut self, msg: CounterMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            CounterMsg::Add(n, reply) => {
                self.total += n;
                self.journal.send(StoreMsg::Save(self.total)).await?;
                reply.send(());
            }
            CounterMsg::Total(reply) => reply.send(self.total),
            CounterMsg::Garbage => return Err("not a message of mine".into()),
        }
        Ok(())
    }
}

async fn play(system: TestSystem, version: Version) {
    let store = system.spawn(Store::default());
    let journal = system.spawn(Journal {
        store: store.clone(),
    });
    let factory = move || Counter {
        total: 0,
        journal: journal.clone(),
        store: store.clone(),
        version,
    };
    let (spec, counter) = ChildSpec::new("counter", factory).build();
    let supervisor = Supervisor::builder(Strategy::OneForOne).child(spec);
    let _supervisor = supervisor.start(&system).await.expect("it starts");
    system.expect_failure(&counter);

    for _ in 0..3 {
        let added = counter.ask(|reply| CounterMsg::Add(1, reply)).await;
        added.expect("it counts");
    }
    counter.send(CounterMsg::Garbage).await.expect("it lives");
    let total = counter.ask(CounterMsg::Total).await;

    let total = total.expect("it is restarted");
    assert_eq!(total, 3, "an acknowledged update is lost");
}
