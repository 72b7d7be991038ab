//! A supervisor that starts its worker twice.
//!
//! This one is written by hand. It starts a worker if it has none; a start takes a while, since a licence has to be fetched, and so it goes
//! beside the supervisor. Until it is complete there is still no worker, and whoever says "see that it runs" again makes it start another.
//! A plain run never shows it: the patrol comes when the worker runs.
//!
//! Corrected: that a start is under way is a state of its own. (`Supervisor` has it: `ChildState::Starting`.)

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actor_core::prelude::*;
use actor_core::testing::TestSystem;

use super::{Exhibit, Version, exhibit};

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "double_start",
    symptom: "workers run",
    play: |system, version| Box::pin(play(system, version)),
};

#[test]
fn a_supervisor_starts_a_second_worker_while_the_first_one_starts() {
    exhibit(&EXHIBIT);
}

/// Gives out licences.
struct Office;

impl Actor for Office {
    type Msg = Reply<()>;

    async fn handle(&mut self, licence: Reply<()>, _ctx: &mut Context<Self>) -> ActorResult {
        licence.send(());
        Ok(())
    }
}

/// There must be one at most.
struct Worker {
    running: Arc<AtomicU32>,
}

impl Actor for Worker {
    type Msg = ();

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        self.running.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn handle(&mut self, (): (), ctx: &mut Context<Self>) -> ActorResult {
        ctx.stop();
        Ok(())
    }

    async fn stopped(&mut self, _reason: &ExitReason, _ctx: &mut Context<Self>) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }
}

enum KeeperMsg {
    /// See that the worker runs.
    Ensure,
    Started(ActorRef<()>),
    /// It has done its work.
    Retire,
}

enum State {
    Absent,
    Starting,
    Running(ActorRef<()>),
}

struct Keeper {
    office: ActorRef<Reply<()>>,
    running: Arc<AtomicU32>,
    version: Version,
    state: State,
}

impl Actor for Keeper {
    type Msg = KeeperMsg;

    async fn handle(&mut self, msg: KeeperMsg, ctx: &mut Context<Self>) -> ActorResult {
        match (msg, &self.state) {
            (KeeperMsg::Ensure, State::Absent) => self.start(ctx),
            (KeeperMsg::Started(worker), _) => {
                ctx.monitor(&worker.any());
                self.state = State::Running(worker);
            }
            (KeeperMsg::Retire, State::Running(worker)) => worker.send(()).await?,
            (KeeperMsg::Ensure | KeeperMsg::Retire, _) => {}
        }
        Ok(())
    }

    async fn signal(&mut self, _down: Signal, ctx: &mut Context<Self>) -> ActorResult {
        self.start(ctx);
        Ok(())
    }
}

impl Keeper {
    fn start(&mut self, ctx: &mut Context<Self>) {
        self.state = match self.version {
            Version::Buggy => State::Absent,
            Version::Corrected => State::Starting,
        };
        let (office, system) = (self.office.clone(), ctx.system());
        let running = Arc::clone(&self.running);
        let start = async move {
            office.ask(|licence| licence).await.ok();
            system.spawn(Worker { running })
        };
        ctx.pipe(start, KeeperMsg::Started);
    }
}

/// Goes its round, and then has a look at the worker.
struct Patrol {
    keeper: ActorRef<KeeperMsg>,
}

impl Actor for Patrol {
    type Msg = u32;

    async fn handle(&mut self, doors: u32, ctx: &mut Context<Self>) -> ActorResult {
        match doors.checked_sub(1) {
            Some(rest) => ctx.actor_ref().send(rest).await?,
            None => self.keeper.send(KeeperMsg::Ensure).await?,
        }
        Ok(())
    }
}

async fn play(system: TestSystem, version: Version) {
    let running = Arc::new(AtomicU32::new(0));
    let keeper = system.spawn(Keeper {
        office: system.spawn(Office),
        running: Arc::clone(&running),
        version,
        state: State::Absent,
    });
    let patrol = system.spawn(Patrol {
        keeper: keeper.clone(),
    });

    keeper.send(KeeperMsg::Ensure).await.expect("it lives");
    patrol.send(12).await.expect("it lives");
    let check = || {
        let count = running.load(Ordering::Relaxed);
        assert!(count <= 1, "{count} workers run");
    };
    while system.step().await {
        check();
    }
    keeper.send(KeeperMsg::Retire).await.expect("it lives");
    while system.step().await {
        check();
    }
    assert_eq!(running.load(Ordering::Relaxed), 1, "it is replaced");
}
