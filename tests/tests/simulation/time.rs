//! Virtual time.

use std::sync::{Arc, Mutex};

use actor_core::prelude::*;
use actor_core::testing::{Schedule, Simulation};

type Moments = Arc<Mutex<Vec<(u32, Duration)>>>;

/// Notes when it ticks.
struct Clock {
    number: u32,
    period: Duration,
    begin: tokio::time::Instant,
    moments: Moments,
}

impl Actor for Clock {
    type Msg = ();

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        ctx.send_interval("tick", self.period, || ());
        Ok(())
    }

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        let moment = (self.number, self.begin.elapsed());
        self.moments.lock().unwrap().push(moment);
        Ok(())
    }
}

fn clock(number: u32, period: Duration, moments: &Moments) -> Clock {
    Clock {
        number,
        period,
        begin: tokio::time::Instant::now(),
        moments: Arc::clone(moments),
    }
}

const SECOND: Duration = Duration::from_secs(1);

// G3
#[test]
fn advance_goes_timer_by_timer_and_handles_what_is_due_at_its_end() {
    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let moments = Moments::default();
        let _clock = system.spawn(clock(1, SECOND, &moments));

        system.advance(3 * SECOND).await;

        let expected = [1, 2, 3].map(|n| (1, n * SECOND));
        assert_eq!(*moments.lock().unwrap(), expected);
        assert_eq!(system.elapsed(), 3 * SECOND);
    });
    assert_eq!(report.unwrap().elapsed, 3 * SECOND);
}

#[test]
fn the_seed_decides_who_is_first_of_those_that_are_due_at_one_instant() {
    let first = |seed| {
        let simulation = Simulation::new().schedule(Schedule::Random).seed(seed);
        let report = simulation.run(|system| async move {
            let moments = Moments::default();
            let _clocks: Vec<_> = (0..3)
                .map(|number| system.spawn(clock(number, SECOND, &moments)))
                .collect();
            system.advance(SECOND).await;
            moments.lock().unwrap()[0].0
        });
        report.unwrap().output
    };

    let firsts: std::collections::BTreeSet<u32> = (0..50).map(first).collect();

    assert_eq!(firsts.len(), 3);
}

// B4
#[test]
fn deadlines_of_asks_are_exact() {
    struct Mute(Vec<Reply<()>>);
    impl Actor for Mute {
        type Msg = Reply<()>;
        async fn handle(&mut self, reply: Reply<()>, _ctx: &mut Context<Self>) -> ActorResult {
            self.0.push(reply);
            Ok(())
        }
    }

    for seed in 0..50 {
        let report = Simulation::new().seed(seed).run(|system| async move {
            let mute = system.spawn(Mute(Vec::new()));
            let answer = mute.ask_within(2 * SECOND, |reply| reply).await;
            assert!(matches!(answer, Err(AskError::Timeout { .. })));
            assert_eq!(system.elapsed(), 2 * SECOND);
            let answer = mute.ask(|reply| reply).await;
            assert!(matches!(answer, Err(AskError::Timeout { .. })));
        });
        assert_eq!(report.unwrap().elapsed, 7 * SECOND);
    }
}

#[test]
fn run_until_lets_time_pass() {
    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let moments = Moments::default();
        let _clock = system.spawn(clock(1, SECOND, &moments));
        system
            .run_until(|| moments.lock().unwrap().len() == 5)
            .await;
    });

    assert_eq!(report.unwrap().elapsed, 5 * SECOND);
}

#[test]
fn a_blocking_call_and_an_actor_on_a_thread_run_in_virtual_time() {
    struct Worker;
    impl Actor for Worker {
        type Msg = Option<Reply<bool>>;
        async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
            ctx.spawn_blocking(|| std::thread::current().id(), |_| None);
            Ok(())
        }
        async fn handle(&mut self, msg: Self::Msg, _ctx: &mut Context<Self>) -> ActorResult {
            tokio::time::sleep(3_600 * SECOND).await;
            if let Some(reply) = msg {
                reply.send(std::thread::current().name() == Some("worker"));
            }
            Ok(())
        }
    }

    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let worker = system
            .actor(Worker)
            .placement(Placement::Thread)
            .name("worker");
        let worker = worker.start().await.unwrap();
        let asked = worker.ask_within(10_000 * SECOND, Some).await;
        assert_eq!(asked.ok(), Some(false), "it has no thread of its own");
    });

    let report = report.unwrap();
    assert!(report.elapsed <= 7_200 * SECOND);
    assert_eq!(report.outside_wakes, 0);
}

#[test]
fn an_hour_of_a_hundred_intervals_has_every_tick() {
    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let moments = Moments::default();
        let _clocks: Vec<_> = (0..100)
            .map(|number| system.spawn(clock(number, SECOND, &moments)))
            .collect();
        system.advance(3_600 * SECOND).await;
        moments.lock().unwrap().len()
    });

    assert_eq!(report.unwrap().output, 360_000);
}
