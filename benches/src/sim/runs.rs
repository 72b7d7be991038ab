//! How the simulations are run.

use std::time::{Duration, Instant};

use actor_core::prelude::*;
use actor_core::testing::{Schedule, Simulation};
use tokio::runtime::Runtime;

use crate::{
    harness::{Role, Run, Subject},
    workload::Workload,
};

const RING: usize = 100;
/// Nearly every actor is ready at any time, so the schedule has a choice in every step.
const TOKENS: u64 = 90;
const CLOCKS: usize = 100;

pub(crate) fn subjects(_: &Runtime) -> Vec<Subject> {
    let ours = Subject::new("ours", Role::Ours)
        .with(Workload::SimSteps, steps(Schedule::default()))
        .with(Workload::SimHour, hour());
    let extra =
        |name, schedule| Subject::new(name, Role::Extra).with(Workload::SimSteps, steps(schedule));
    vec![
        ours,
        extra("fifo", Schedule::Fifo),
        extra("random", Schedule::Random),
        extra("pct", Schedule::Pct { depth: 3 }),
    ]
}

enum Token {
    Join(ActorRef<Token>),
    Hop(u64),
}

/// Passes a number on until it is zero.
struct Link {
    next: Option<ActorRef<Token>>,
}

impl Actor for Link {
    type Msg = Token;

    async fn handle(&mut self, token: Token, _ctx: &mut Context<Self>) -> ActorResult {
        match (token, &self.next) {
            (Token::Join(next), _) => self.next = Some(next),
            (Token::Hop(left), Some(next)) if left > 0 => next.send(Token::Hop(left - 1)).await?,
            (Token::Hop(_), _) => {}
        }
        Ok(())
    }
}

fn steps(schedule: Schedule) -> Run {
    Box::new(move |sizes| {
        let hops = sizes.sim_hops / TOKENS;
        let simulation = Simulation::new()
            .schedule(schedule.clone())
            .length(hops * TOKENS)
            .step_limit(u64::MAX);
        let begin = Instant::now();
        let report = simulation
            .run(|system| async move {
                let spawn = |_| system.spawn(Link { next: None });
                let links: Vec<_> = (0..RING).map(spawn).collect();
                for (at, link) in links.iter().enumerate() {
                    let next = links[(at + 1) % RING].clone();
                    link.send(Token::Join(next)).await.expect("it lives");
                }
                system.settle().await;
                for link in links.iter().take(TOKENS as usize) {
                    link.send(Token::Hop(hops)).await.expect("it lives");
                }
                system.settle().await;
                // The ring holds itself.
                links.iter().for_each(ActorRef::kill);
            })
            .expect("nothing fails");
        assert!(report.steps >= hops * TOKENS, "hops were lost");
        (begin.elapsed().as_nanos() as f64 / report.steps as f64).into()
    })
}

struct Clock {
    ticks: u64,
    until: u64,
}

impl Actor for Clock {
    type Msg = ();

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        ctx.send_interval("tick", Duration::from_secs(1), || ());
        Ok(())
    }

    async fn handle(&mut self, (): (), ctx: &mut Context<Self>) -> ActorResult {
        self.ticks += 1;
        if self.ticks == self.until {
            ctx.stop();
        }
        Ok(())
    }
}

fn hour() -> Run {
    Box::new(|sizes| {
        let until = sizes.sim_seconds;
        let begin = Instant::now();
        let report = Simulation::new()
            .run(|system| async move {
                let spawn = |_| system.spawn(Clock { ticks: 0, until });
                let clocks: Vec<_> = (0..CLOCKS).map(spawn).collect();
                system.advance(Duration::from_secs(until)).await;
                assert!(clocks.iter().all(ActorRef::is_closed), "ticks were lost");
            })
            .expect("nothing fails");
        assert_eq!(report.elapsed, Duration::from_secs(until));
        (begin.elapsed().as_secs_f64() * 1e3).into()
    })
}
