//! How fast a simulation is: `cargo run --release -p tests --example simulation_speed`. For a look; nothing is asserted.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for a look"
)]

use std::time::Instant;

use actor_core::prelude::*;
use actor_core::testing::{Schedule, Simulation};

const RING: usize = 100;
const HOPS: u64 = 3_000_000;
const SECOND: Duration = Duration::from_secs(1);

/// Passes a number on until it is zero.
struct Link {
    next: Option<ActorRef<Token>>,
}

enum Token {
    Join(ActorRef<Token>),
    Hop(u64),
}

impl Actor for Link {
    type Msg = Token;

    async fn handle(&mut self, token: Token, ctx: &mut Context<Self>) -> ActorResult {
        match (token, &self.next) {
            (Token::Join(next), _) => self.next = Some(next),
            (Token::Hop(0), _) => ctx.stop(),
            (Token::Hop(left), Some(next)) => next.send(Token::Hop(left - 1)).await?,
            (Token::Hop(_), None) => {}
        }
        Ok(())
    }
}

struct Clock;

impl Actor for Clock {
    type Msg = ();

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        ctx.send_interval("tick", SECOND, || ());
        Ok(())
    }

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }
}

fn ring(schedule: Schedule, tokens: u64) {
    let begin = Instant::now();
    let simulation = Simulation::new()
        .schedule(schedule.clone())
        .step_limit(u64::MAX);
    let report = simulation.run(|system| async move {
        let links: Vec<_> = (0..RING)
            .map(|_| system.spawn(Link { next: None }))
            .collect();
        for (at, link) in links.iter().enumerate() {
            let next = links[(at + 1) % RING].clone();
            link.send(Token::Join(next)).await.unwrap();
        }
        for token in 0..tokens as usize {
            links[token % RING]
                .send(Token::Hop(HOPS / tokens))
                .await
                .unwrap();
        }
        links[0].wait().await;
        links.iter().for_each(ActorRef::kill);
        system.settle().await;
    });
    let (took, steps) = (begin.elapsed(), report.unwrap().steps);
    let rate = steps as f64 / took.as_secs_f64() / 1e6;
    println!(
        "ring of {RING}, {tokens} tokens, {schedule:?}: {steps} steps in {took:?}, {rate:.2} M/s"
    );
}

fn hour() {
    let begin = Instant::now();
    let report = Simulation::new().run(|system| async move {
        let _clocks: Vec<_> = (0..100).map(|_| system.spawn(Clock)).collect();
        system.advance(3_600 * SECOND).await;
    });
    let report = report.unwrap();
    println!(
        "an hour of 100 intervals: {} steps in {:?}",
        report.steps,
        begin.elapsed()
    );
}

fn seeds() {
    let begin = Instant::now();
    let explored = Simulation::new().seeds(0..10_000, |system| async move {
        let link = system.spawn(Link { next: None });
        link.send(Token::Hop(0)).await.unwrap();
        link.wait().await;
    });
    println!(
        "10,000 small runs: {} steps in {:?}",
        explored.unwrap().steps,
        begin.elapsed()
    );
}

fn main() {
    for schedule in [Schedule::Fifo, Schedule::Random, Schedule::Pct { depth: 3 }] {
        ring(schedule.clone(), 1);
        ring(schedule, 90);
    }
    hour();
    seeds();
}
