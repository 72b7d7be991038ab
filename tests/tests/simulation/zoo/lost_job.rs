//! A pool that loses the job of a dying worker.
//!
//! Workers say when they begin with a job and when they are done. When one ends, the pool gives out again what that one had begun. But a job
//! that was sent to it and not begun is in nobody's hands: it died in the mailbox. A plain run never shows it, since the health check stops
//! the worker when it has nothing to do.
//!
//! Corrected: what was sent and is not done is given out again. That a message was accepted does not mean that it is handled (A2).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use actor_core::ActorId;
use actor_core::prelude::*;
use actor_core::testing::TestSystem;

use super::{Exhibit, Version, exhibit};

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "lost_job",
    symptom: "jobs are lost",
    play: |system, version| Box::pin(play(system, version)),
};

#[test]
fn a_job_that_was_sent_to_a_dying_worker_is_lost() {
    exhibit(&EXHIBIT);
}

const JOBS: u32 = 4;
const WORKERS: usize = 2;

struct Worker {
    pool: ActorRef<PoolMsg>,
}

impl Actor for Worker {
    type Msg = u32;

    async fn handle(&mut self, job: u32, ctx: &mut Context<Self>) -> ActorResult {
        self.pool.send(PoolMsg::Begun(ctx.id(), job)).await?;
        self.pool.send(PoolMsg::Done(ctx.id(), job)).await?;
        Ok(())
    }
}

enum PoolMsg {
    Submit(u32),
    Begun(ActorId, u32),
    Done(ActorId, u32),
    /// One that looks unwell.
    Unwell,
    Report(Reply<BTreeSet<u32>>),
}

#[derive(Default)]
struct Seat {
    worker: Option<ActorRef<u32>>,
    sent: Option<u32>,
    begun: Option<u32>,
}

struct Pool {
    version: Version,
    waiting: VecDeque<u32>,
    seats: BTreeMap<ActorId, Seat>,
    done: BTreeSet<u32>,
}

impl Actor for Pool {
    type Msg = PoolMsg;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        (0..WORKERS).for_each(|_| self.hire(ctx));
        Ok(())
    }

    async fn handle(&mut self, msg: PoolMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            PoolMsg::Submit(job) => self.waiting.push_back(job),
            PoolMsg::Begun(worker, job) => {
                if let Some(seat) = self.seats.get_mut(&worker) {
                    seat.begun = Some(job);
                }
            }
            PoolMsg::Done(worker, job) => {
                self.done.insert(job);
                if let Some(seat) = self.seats.get_mut(&worker) {
                    (seat.sent, seat.begun) = (None, None);
                }
            }
            PoolMsg::Unwell => {
                let worker = self.seats.values().next();
                if let Some(worker) = worker.and_then(|seat| seat.worker.as_ref()) {
                    worker.stop();
                }
            }
            PoolMsg::Report(reply) => reply.send(self.done.clone()),
        }
        self.give_out();
        Ok(())
    }

    async fn signal(&mut self, signal: Signal, ctx: &mut Context<Self>) -> ActorResult {
        let Signal::Down(down) = signal else {
            return Ok(());
        };
        let seat = self.seats.remove(&down.actor).unwrap_or_default();
        let job = match self.version {
            Version::Buggy => seat.begun,
            Version::Corrected => seat.sent,
        };
        self.waiting.extend(job);
        self.hire(ctx);
        self.give_out();
        Ok(())
    }
}

impl Pool {
    fn hire(&mut self, ctx: &mut Context<Self>) {
        let worker = ctx.system().spawn(Worker {
            pool: ctx.actor_ref(),
        });
        ctx.monitor(&worker.any());
        let seat = self.seats.entry(worker.id()).or_default();
        seat.worker = Some(worker);
    }

    fn give_out(&mut self) {
        for seat in self.seats.values_mut() {
            let Some(worker) = seat.worker.as_ref().filter(|_| seat.sent.is_none()) else {
                continue;
            };
            let Some(job) = self.waiting.pop_front() else {
                return;
            };
            match worker.try_send(job) {
                Ok(()) => seat.sent = Some(job),
                // It has ended; its `Down` is under way.
                Err(back) => self.waiting.push_front(back.into_message()),
            }
        }
    }
}

/// Looks at this and that, and then at a worker.
struct HealthCheck {
    pool: ActorRef<PoolMsg>,
}

impl Actor for HealthCheck {
    type Msg = u32;

    async fn handle(&mut self, looks: u32, ctx: &mut Context<Self>) -> ActorResult {
        match looks.checked_sub(1) {
            Some(rest) => ctx.actor_ref().send(rest).await?,
            None => self.pool.send(PoolMsg::Unwell).await?,
        }
        Ok(())
    }
}

async fn play(system: TestSystem, version: Version) {
    let pool = system.spawn(Pool {
        version,
        waiting: VecDeque::new(),
        seats: BTreeMap::new(),
        done: BTreeSet::new(),
    });
    let check = system.spawn(HealthCheck { pool: pool.clone() });

    for job in 0..JOBS {
        pool.send(PoolMsg::Submit(job)).await.expect("it lives");
    }
    check.send(25).await.expect("it lives");
    system.settle().await;

    let done = pool.ask(PoolMsg::Report).await.expect("it lives");
    let lost: Vec<u32> = (0..JOBS).filter(|job| !done.contains(job)).collect();
    assert!(lost.is_empty(), "jobs are lost: {lost:?}");
    // Pool and workers hold each other.
    pool.stop();
}
