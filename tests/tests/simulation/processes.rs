//! Worker processes that are simulated: the same protocol over a line in memory, with kill, stall and partition as faults.

use std::collections::BTreeSet;

use actor_core::prelude::*;
use actor_core::testing::{Simulation, TestSystem};
use actor_remote::testing::{SimulatedProcess, process};
use actor_remote::{Factory, Node, Registry};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
enum CounterMsg {
    Add(u64),
    Total(Reply<u64>),
    Tell(u64, ActorRef<u64>),
    Never(Reply<u64>),
}

/// Counts, in a process of its own.
struct Counter {
    total: u64,
    kept: Vec<Reply<u64>>,
}

impl Actor for Counter {
    type Msg = CounterMsg;

    async fn handle(&mut self, msg: CounterMsg, _: &mut Context<Self>) -> ActorResult {
        match msg {
            CounterMsg::Add(n) => self.total += n,
            CounterMsg::Total(reply) => reply.send(self.total),
            CounterMsg::Tell(n, listener) => listener.send(self.total + n).await?,
            CounterMsg::Never(reply) => self.kept.push(reply),
        }
        Ok(())
    }
}

const COUNTER: Factory<u64, CounterMsg> = Factory::new("tests.SimulatedCounter/v1");

struct Started {
    sup: SupervisorRef,
    counters: Vec<ActorRef<CounterMsg>>,
}

impl Started {
    async fn stop(self) {
        self.sup.stop();
        self.sup.wait().await;
    }
}

async fn start(system: &TestSystem, count: u64) -> Started {
    let counter = |total| Counter {
        total,
        kept: Vec::new(),
    };
    let registry = Registry::builder()
        .factory(COUNTER, counter)
        .message::<u64>("tests.number/v1");
    let node = Node::new(registry.build().unwrap());
    let mut sup = Supervisor::builder(Strategy::OneForOne);
    let mut counters = Vec::new();
    for n in 0..count {
        let worker = node.worker(format!("counter-{n}"), COUNTER, 100 * n);
        let (spec, counter) = worker.unwrap().child().build();
        counters.push(counter);
        sup = sup.child(spec);
    }
    let sup = sup.start(system).await.unwrap();
    counters
        .iter()
        .for_each(|counter| system.expect_failure(counter));
    Started { sup, counters }
}

fn the_process(n: u64) -> SimulatedProcess {
    process(&format!("counter-{n}")).unwrap()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_worker_is_simulated_with_its_messages_replies_and_references() {
    struct Listener(tokio::sync::mpsc::UnboundedSender<u64>);
    impl Actor for Listener {
        type Msg = u64;
        async fn handle(&mut self, n: u64, _: &mut Context<Self>) -> ActorResult {
            self.0.send(n).unwrap();
            Ok(())
        }
    }

    let ran = Simulation::new().run(|system| async move {
        let started = start(&system, 1).await;
        let counter = &started.counters[0];
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let listener = system.spawn(Listener(tell));

        for n in 1..=100 {
            counter.send(CounterMsg::Add(n)).await.unwrap();
        }
        assert_eq!(counter.ask(CounterMsg::Total).await, Ok(5_050));
        counter.send(CounterMsg::Tell(1, listener)).await.unwrap();
        assert_eq!(told.recv().await, Some(5_051));

        started.stop().await;
        assert!(process("counter-0").is_none());
    });
    assert_eq!(ran.unwrap().outside_wakes, 0);
}

// E5
#[test]
fn a_killed_process_fails_what_was_asked_of_it_and_another_one_takes_its_place() {
    let ran = Simulation::new().run(|system| async move {
        let started = start(&system, 1).await;
        let counter = &started.counters[0];
        counter.send(CounterMsg::Add(7)).await.unwrap();
        assert_eq!(counter.ask(CounterMsg::Total).await, Ok(7));
        let first = the_process(0);
        let kill = async {
            system.settle().await;
            first.kill();
        };

        let (answer, ()) = tokio::join!(biased; counter.ask(CounterMsg::Never), kill);

        assert!(answer.is_err(), "{answer:?}");
        assert_eq!(counter.ask(CounterMsg::Total).await, Ok(0), "a new one");
        assert!(first.is_over());
        assert_ne!(the_process(0).pid(), first.pid());
        started.stop().await;
    });
    ran.unwrap();
}

#[test]
fn a_stalled_process_is_not_dead_and_loses_nothing() {
    let ran = Simulation::new().run(|system| async move {
        let started = start(&system, 1).await;
        let counter = &started.counters[0];
        the_process(0).stall();

        counter.send(CounterMsg::Add(7)).await.unwrap();
        let asked = counter.ask_within(5 * SECOND, CounterMsg::Total).await;
        assert!(matches!(asked, Err(AskError::Timeout { .. })), "{asked:?}");
        system.advance(3_600 * SECOND).await;
        the_process(0).resume();

        assert_eq!(counter.ask(CounterMsg::Total).await, Ok(7));
        started.stop().await;
    });
    ran.unwrap();
}

#[test]
fn a_process_that_is_cut_off_is_given_up_and_another_one_takes_its_place() {
    let ran = Simulation::new().run(|system| async move {
        let started = start(&system, 2).await;
        let [cut_off, other] = &started.counters[..] else {
            panic!("two were started");
        };
        let first = the_process(0);
        first.cut();
        system.advance(10 * SECOND).await;

        assert!(first.is_over());
        assert_eq!(cut_off.ask(CounterMsg::Total).await, Ok(0));
        assert_eq!(other.ask(CounterMsg::Total).await, Ok(100), "untouched");
        started.stop().await;
    });
    ran.unwrap();
}

/// Kills and stalls at random; what everybody got to hear.
async fn troubled(system: TestSystem) -> Vec<String> {
    let started = start(&system, 3).await;
    let mut rng = system.rng("trouble");
    let mut heard = Vec::new();
    for round in 0..20 {
        let n = rng.below(3);
        if let Some(process) = process(&format!("counter-{n}")) {
            match rng.below(4) {
                0 if round % 5 == 0 => process.kill(),
                1 => process.stall(),
                _ => process.resume(),
            }
        }
        for counter in &started.counters {
            drop(counter.try_send(CounterMsg::Add(1)));
            let asked = counter.ask_within(SECOND, CounterMsg::Total);
            heard.push(format!("{:?}", asked.await));
        }
    }
    for n in 0..3 {
        process(&format!("counter-{n}"))
            .iter()
            .for_each(SimulatedProcess::resume);
    }
    started.stop().await;
    heard
}

#[test]
fn a_seed_decides_all_that_happens_between_processes() {
    for seed in 0..10 {
        let checked = Simulation::new().check_deterministic(seed, troubled);
        checked.unwrap();
    }
    let heard: BTreeSet<Vec<String>> = (0..10)
        .map(|seed| Simulation::new().seed(seed).run(troubled).unwrap().output)
        .collect();
    assert!(heard.len() > 5, "{}", heard.len());
}
