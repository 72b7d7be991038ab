//! What makes a run fail, and what it says then.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actor_core::prelude::*;
use actor_core::testing::{Failure, FailureKind, Schedule, Simulation, TestSystem};

enum Order {
    Fail,
    Panic,
    Wait,
    Ask(ActorRef<Order>, Reply<()>),
}

/// Does as it is told.
struct Servant;

impl Actor for Servant {
    type Msg = Order;

    async fn handle(&mut self, order: Order, _ctx: &mut Context<Self>) -> ActorResult {
        match order {
            Order::Fail => return Err("as told".into()),
            Order::Panic => panic!("as told"),
            Order::Wait => std::future::pending().await,
            Order::Ask(other, reply) => {
                other.send(Order::Wait).await?;
                reply.send(());
            }
        }
        Ok(())
    }
}

fn failure<T>(simulation: Simulation, body: impl AsyncFn(TestSystem) -> T) -> Box<Failure> {
    let ran = simulation.run(|system| body(system));
    ran.err().expect("the run was to fail")
}

#[test]
fn when_everybody_waits_and_no_timer_is_set_the_run_ends_and_says_who() {
    let failure = failure(Simulation::new(), async |system| {
        let servant = system.start_named("servant", Servant).await.unwrap();
        servant.send(Order::Wait).await.unwrap();
        std::future::pending::<()>().await;
    });

    let FailureKind::Deadlock { waiting } = &failure.kind else {
        panic!("{failure}");
    };
    assert_eq!(waiting[0], "the test");
    assert!(waiting[1].starts_with("servant #1"), "{waiting:?}");
}

#[test]
fn a_deadlock_is_told_behind_the_last_timer() {
    let failure = failure(Simulation::new(), async |system| {
        let servant = system.spawn(Servant);
        servant
            .ask(|reply| Order::Ask(servant.clone(), reply))
            .await
            .unwrap();
        std::future::pending::<()>().await;
    });

    assert!(
        matches!(failure.kind, FailureKind::Deadlock { .. }),
        "{failure}"
    );
}

#[test]
fn an_actor_that_fails_unexpectedly_fails_the_run() {
    for order in [|| Order::Fail, || Order::Panic] {
        let failure = failure(Simulation::new(), async |system| {
            let servant = system.spawn(Servant);
            servant.send(order()).await.unwrap();
            servant.wait().await;
        });

        let FailureKind::Actors { failed } = &failure.kind else {
            panic!("{failure}");
        };
        assert_eq!(failed.len(), 1);
        assert!(failed[0].starts_with("Servant #1: ") && failed[0].contains("as told"));
    }
}

#[test]
fn a_failure_behind_the_back_of_the_test_fails_it_as_well() {
    let failure = failure(Simulation::new(), async |system| {
        let servant = system.start_named("servant", Servant).await.unwrap();
        servant.try_send(Order::Fail).unwrap();
    });

    assert!(
        matches!(failure.kind, FailureKind::Actors { .. }),
        "{failure}"
    );
}

#[test]
fn a_failure_that_is_expected_does_no_harm() {
    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let servants = [system.spawn(Servant), system.spawn(Servant)];
        // Before it happens, and afterwards.
        system.expect_failure(&servants[0]);
        for servant in &servants {
            servant.send(Order::Panic).await.unwrap();
            servant.wait().await;
        }
        assert_eq!(system.unexpected_failures().len(), 1);
        system.expect_failure(&servants[1]);
        assert!(system.unexpected_failures().is_empty());
    });
    report.unwrap();
}

#[test]
fn the_error_of_a_start_is_for_whoever_gets_it() {
    struct Stillborn;
    impl Actor for Stillborn {
        type Msg = ();
        async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
            Err("not today".into())
        }
        async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
            Ok(())
        }
    }

    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        system.start(Stillborn).await.unwrap_err();
        let (spec, _child) = ChildSpec::new("stillborn", || Stillborn).build();
        let supervisor = Supervisor::builder(Strategy::OneForOne).child(spec);
        supervisor.start(&system).await.unwrap_err();
    });
    report.unwrap();
}

#[test]
fn killing_is_no_failure_of_the_test() {
    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let servant = system.spawn(Servant);
        servant.kill();
        assert_eq!(servant.wait().await, ExitReason::Killed);
    });
    report.unwrap();
}

#[test]
fn a_panic_of_the_test_goes_on_with_its_own_payload() {
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let body = |system: TestSystem| async move { panic!("seed {}", system.seed()) as () };
        Simulation::new().seed(7).run(body)
    }));

    let payload = ran.expect_err("the panic goes on");
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "seed 7");
}

#[test]
fn a_failure_shows_the_line_the_seed_the_last_events_and_what_replays_it() {
    let explored = Simulation::new().seeds(3..4, |system| async move {
        let servant = system.start_named("servant", Servant).await.unwrap();
        servant.send(Order::Wait).await.unwrap();
        system.settle().await;
        panic!("no luck");
    });

    let failure = explored.unwrap_err();
    let shown = failure.to_string();
    for told in [
        "the test panicked at tests/tests/simulation/failures.rs:",
        "no luck",
        "servant #1 begins Order",
        "seed 3",
        "again: ACTOR_TEST_SEED=3 cargo test failures::a_failure_shows",
    ] {
        assert!(shown.contains(told), "{told} in\n{shown}");
    }
}

#[test]
fn a_strict_run_leaves_nothing() {
    let failure = failure(Simulation::new().strict(true), async |system| {
        let servant = system.start_named("servant", Servant).await.unwrap();
        servant.send(Order::Wait).await.unwrap();
        servant.send(Order::Wait).await.unwrap();
    });

    let FailureKind::Left {
        alive, unhandled, ..
    } = &failure.kind
    else {
        panic!("{failure}");
    };
    assert_eq!(alive, &["servant #1"]);
    assert_eq!(*unhandled, 1);
}

#[test]
fn an_ordinary_run_reports_what_it_leaves() {
    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let servant = system.start_named("servant", Servant).await.unwrap();
        servant.send(Order::Wait).await.unwrap();
        servant.send(Order::Wait).await.unwrap();
    });

    let report = report.unwrap();
    assert_eq!(report.actors_alive, ["servant #1"]);
    assert_eq!(report.messages_unhandled, 1);
    assert_eq!(report.timers_pending, 0);
}

#[test]
fn a_wake_from_another_thread_is_counted_and_a_strict_run_fails() {
    let body = async |system: TestSystem| {
        let servant = system.start(Servant).await.unwrap();
        system.settle().await;
        let sent = std::thread::spawn(move || servant.try_send(Order::Fail).is_ok());
        // It blocks the simulation, so it is always the same moment.
        assert!(sent.join().unwrap());
        system.settle().await;
    };
    let expecting = async |system: TestSystem| {
        let servant = system.start(Servant).await.unwrap();
        system.expect_failure(&servant);
        system.settle().await;
        std::thread::scope(|scope| {
            scope.spawn(|| servant.try_send(Order::Fail).is_ok());
        });
        system.settle().await;
    };

    assert!(matches!(
        failure(Simulation::new(), body).kind,
        FailureKind::Actors { .. }
    ));
    let report = Simulation::new().run(expecting).unwrap();
    assert_eq!(report.outside_wakes, 1);
    let strict = failure(Simulation::new().strict(true), expecting);
    let FailureKind::Outside { wakes: 1, first } = &strict.kind else {
        panic!("{strict}");
    };
    assert_eq!(first, "Servant #1");
}

#[test]
fn whoever_is_busy_for_ever_ends_the_run() {
    struct Busy;
    impl Actor for Busy {
        type Msg = ();
        async fn handle(&mut self, (): (), ctx: &mut Context<Self>) -> ActorResult {
            ctx.actor_ref().try_send(())?;
            Ok(())
        }
    }

    for schedule in [Schedule::Fifo, Schedule::Random, Schedule::Pct { depth: 3 }] {
        let simulation = Simulation::new().schedule(schedule).step_limit(10_000);
        let failure = failure(simulation, async |system| {
            let busy = system.spawn(Busy);
            busy.send(()).await.unwrap();
            system.settle().await;
        });
        assert_eq!(failure.kind, FailureKind::Endless { steps: 10_000 });
    }
}

#[test]
#[should_panic(expected = "inside of its own simulation only")]
fn a_system_outside_of_its_simulation_says_so() {
    let report = Simulation::new()
        .run(|system| async move { system })
        .unwrap();
    drop(report.output.settle());
}

#[test]
#[should_panic(expected = "brings a runtime of its own")]
fn a_simulation_inside_of_another_says_so() {
    let report = Simulation::new().run(|_| async {
        drop(Simulation::new().run(|_| async {}));
    });
    drop(report);
}

#[test]
#[should_panic(expected = "is empty")]
fn an_empty_range_of_seeds_says_so() {
    drop(Simulation::new().seeds(5..5, |_| async {}));
}

/// The order in which three actors have their only message.
async fn race(system: TestSystem) -> Vec<u32> {
    struct Racer(tokio::sync::mpsc::UnboundedSender<u32>);
    impl Actor for Racer {
        type Msg = u32;
        async fn handle(&mut self, n: u32, _ctx: &mut Context<Self>) -> ActorResult {
            Ok(self.0.send(n)?)
        }
    }

    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    for number in [1, 2, 3] {
        let racer = system.spawn(Racer(sender.clone()));
        racer.send(number).await.unwrap();
    }
    drop(sender);
    let mut order = Vec::new();
    while let Some(number) = receiver.recv().await {
        order.push(number);
    }
    order
}

#[test]
fn the_first_seed_that_fails_is_reported_and_fails_again() {
    let body = async |system| assert_ne!(race(system).await, [3, 2, 1]);

    let failure = Simulation::new().seeds(0..1_000, body).unwrap_err();
    let seed = failure.seed;
    let again = Simulation::new().seeds(seed..seed + 1, body).unwrap_err();

    assert!(matches!(failure.kind, FailureKind::Panicked { .. }));
    assert_eq!((failure.digest, failure.steps), (again.digest, again.steps));
}

#[test]
fn a_failure_in_the_run_that_is_measured_is_told_if_no_seed_fails() {
    let body = async |system| assert_ne!(race(system).await, [1, 2, 3]);

    let failures = (0..50).filter_map(|seed| Simulation::new().seeds(seed..seed + 1, body).err());
    let measured = "ACTOR_TEST_SCHEDULE=fifo ACTOR_TEST_SEED=0 ";
    let (measured, seeds): (Vec<_>, Vec<_>) =
        failures.partition(|failure| failure.command.starts_with(measured));

    // Each of the fifty comes across it, one way or the other.
    assert_eq!(measured.len() + seeds.len(), 50);
    assert!(measured.len() > 25);
    assert!(
        measured
            .iter()
            .all(|failure| failure.schedule == Schedule::Fifo)
    );
}
