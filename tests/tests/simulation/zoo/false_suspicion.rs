//! A false suspicion: a member that was merely slow is taken for dead, and its shard has two owners.
//!
//! Members beat, and the observer takes one for dead when another is many beats ahead of it. Then it gives away the shard of that one. A
//! plain run never shows it, and a random one seldom: somebody must stand still while another one beats many times in a row. This is
//! the exhibit for schedules with priorities, for which one low priority is enough.
//!
//! Corrected: the shard is given away when its owner has given it up. To be slow and to be dead look the same from outside.

use actor_core::prelude::*;
use actor_core::testing::TestSystem;

use super::{Exhibit, Version, exhibit};

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "false_suspicion",
    symptom: "two owners",
    play: |system, version| Box::pin(play(system, version)),
};

#[test]
fn a_member_that_was_taken_for_dead_still_writes_to_its_shard() {
    exhibit(&EXHIBIT);
}

/// By how many beats another one must be ahead of the dead.
const SUSPICIOUS: u32 = 7;
const BEATS: u32 = 20;

enum ShardMsg {
    Write { owner: usize },
    Owners(Reply<Vec<usize>>),
}

#[derive(Default)]
struct Shard {
    owners: Vec<usize>,
}

impl Actor for Shard {
    type Msg = ShardMsg;

    async fn handle(&mut self, msg: ShardMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            ShardMsg::Write { owner } if self.owners.last() == Some(&owner) => {}
            ShardMsg::Write { owner } => self.owners.push(owner),
            ShardMsg::Owners(reply) => reply.send(self.owners.clone()),
        }
        Ok(())
    }
}

enum MemberMsg {
    Beat(u32),
    TakeOver,
    GiveUp(Reply<()>),
}

struct Member {
    number: usize,
    observer: ActorRef<ObserverMsg>,
    shard: ActorRef<ShardMsg>,
    is_owner: bool,
}

impl Actor for Member {
    type Msg = MemberMsg;

    async fn handle(&mut self, msg: MemberMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            MemberMsg::Beat(0) => {}
            MemberMsg::Beat(rest) => {
                self.observer.send(ObserverMsg::Beat(self.number)).await?;
                if self.is_owner {
                    let owner = self.number;
                    self.shard.send(ShardMsg::Write { owner }).await?;
                }
                ctx.actor_ref().send(MemberMsg::Beat(rest - 1)).await?;
            }
            MemberMsg::TakeOver => self.is_owner = true,
            MemberMsg::GiveUp(done) => {
                self.is_owner = false;
                done.send(());
            }
        }
        Ok(())
    }
}

enum ObserverMsg {
    Members([ActorRef<MemberMsg>; 2]),
    Beat(usize),
}

/// The first member owns the shard, until it is taken for dead.
struct Observer {
    members: Option<[ActorRef<MemberMsg>; 2]>,
    beats: [u32; 2],
    version: Version,
}

impl Actor for Observer {
    type Msg = ObserverMsg;

    async fn handle(&mut self, msg: ObserverMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            ObserverMsg::Members(members) => self.members = Some(members),
            ObserverMsg::Beat(member) => self.beats[member] += 1,
        }
        let [owner, other] = self.beats;
        if other < owner + SUSPICIOUS {
            return Ok(());
        }
        let Some([owner, other]) = self.members.take() else {
            return Ok(());
        };
        if self.version == Version::Corrected {
            owner.ask(MemberMsg::GiveUp).await?;
        }
        Ok(other.send(MemberMsg::TakeOver).await?)
    }
}

async fn play(system: TestSystem, version: Version) {
    let shard = system.spawn(Shard::default());
    let observer = system.spawn(Observer {
        members: None,
        beats: [0, 0],
        version,
    });
    let member = |number| {
        system.spawn(Member {
            number,
            observer: observer.clone(),
            shard: shard.clone(),
            is_owner: number == 0,
        })
    };
    let members = [member(0), member(1)];
    let known = observer.send(ObserverMsg::Members(members.clone())).await;
    known.expect("it lives");

    for member in &members {
        let beats = member.send(MemberMsg::Beat(BEATS)).await;
        beats.expect("it lives");
    }
    system.settle().await;

    let owners = shard.ask(ShardMsg::Owners).await.expect("it lives");
    assert!(
        [vec![0], vec![0, 1]].contains(&owners),
        "two owners: {owners:?}"
    );
    // The observer and the members hold each other.
    observer.stop();
}
