//! Probes, lives, stand-ins and logs: what a test sees, and what it says when an expectation is not met.

use std::time::Duration;

use actor_core::prelude::*;
use actor_core::testing::{
    FailureKind, Fish, Life, Simulation, Stub, TestSystem, actor_test, expect,
};

/// Has no `Debug` and no `PartialEq`.
enum Order {
    Tea { cups: u32 },
    Bill(Reply<u32>),
}

/// Passes numbers on, after a while.
struct Relay {
    to: ActorRef<u32>,
    after: Duration,
}

impl Actor for Relay {
    type Msg = u32;

    async fn handle(&mut self, n: u32, _ctx: &mut Context<Self>) -> ActorResult {
        tokio::time::sleep(self.after).await;
        Ok(self.to.send(n).await?)
    }
}

fn relay(system: &TestSystem, to: ActorRef<u32>, after: Duration) -> ActorRef<u32> {
    system.spawn(Relay { to, after })
}

/// The text of the failure, which must be a panic, and its location.
#[track_caller]
fn unmet<Fut: Future<Output = ()>>(body: impl Fn(TestSystem) -> Fut) -> (String, String) {
    let failure = Simulation::new().seeds(3..4, body).unwrap_err();
    let shown = failure.to_string();
    let FailureKind::Panicked { location, .. } = &failure.kind else {
        panic!("not a panic: {shown}");
    };
    (shown, location.clone().unwrap_or_default())
}

#[actor_test]
async fn a_probe_gets_what_is_sent_to_it_in_order(system: TestSystem) {
    let probe = system.probe("numbers");
    for n in 1..=5 {
        probe.actor_ref().send(n).await.unwrap();
    }

    assert_eq!(probe.recv().await, 1);
    assert_eq!(probe.recv_n(2).await, [2, 3]);
    probe.expect_unordered([5, 4]).await;
    probe.expect_quiet().await;
}

#[actor_test]
async fn expect_binds_and_guards_without_debug(system: TestSystem) {
    let probe = system.probe("orders");
    let orders = probe.actor_ref();
    orders.send(Order::Tea { cups: 3 }).await.unwrap();

    let cups = expect!(probe, Order::Tea { cups } if cups > 2 => cups);
    assert_eq!(cups, 3);

    let guest = tokio::spawn(async move { orders.ask(Order::Bill).await });
    expect!(probe, Order::Bill(reply) => reply).send(7);
    assert_eq!(guest.await.unwrap(), Ok(7));
}

#[test]
fn what_does_not_match_is_shown_with_all_that_is_known_at_the_users_line() {
    let line = line!() + 4;
    let (shown, location) = unmet(|system| async move {
        let probe = system.probe::<u32>("numbers");
        probe.actor_ref().send(8).await.unwrap();
        expect!(probe, 7);
    });

    assert!(
        location.contains(&format!("probes.rs:{line}:")),
        "{location}"
    );
    for part in [
        "probe \"numbers\"",
        "expected: 7",
        "got: 8",
        "in its mailbox:\n    8",
        "the last events:",
        "got u32 from the test",
        "seed 3",
        "ACTOR_TEST_SEED=3 cargo test",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
}

#[test]
fn a_message_without_debug_is_named_by_its_type() {
    let (shown, _) = unmet(|system| async move {
        let probe = system.probe("orders");
        let order = Order::Tea { cups: 1 };
        probe.actor_ref().send(order).await.unwrap();
        expect!(probe, Order::Bill(_));
    });

    assert!(
        shown.contains("Order (derive Debug to see more)"),
        "{shown}"
    );
}

#[test]
fn a_probe_that_waits_when_all_has_come_to_rest_fails_at_once() {
    let line = line!() + 3;
    let (shown, location) = unmet(|system| async move {
        let probe = system.probe::<u32>("numbers");
        probe.within(Duration::from_secs(86_400)).recv().await;
    });

    assert!(
        location.contains(&format!("probes.rs:{line}:")),
        "{location}"
    );
    assert!(shown.contains("all had come to rest"), "{shown}");
    assert!(shown.contains("its mailbox is empty"), "{shown}");
}

#[test]
fn quiet_is_broken_by_what_arrives_while_all_come_to_rest() {
    let (shown, _) = unmet(|system| async move {
        let probe = system.probe("numbers");
        relay(&system, probe.actor_ref(), Duration::ZERO)
            .send(1)
            .await
            .unwrap();
        probe.expect_quiet().await;
    });

    assert!(shown.contains("expected: nothing"), "{shown}");
}

#[actor_test]
async fn quiet_waits_for_no_timer(system: TestSystem) {
    let probe = system.probe("numbers");
    let relay = relay(&system, probe.actor_ref(), Duration::from_secs(1));
    relay.send(1).await.unwrap();

    probe.expect_quiet().await;
    assert_eq!(system.elapsed(), Duration::ZERO);
    probe.expect_eq(1).await;
    assert_eq!(system.elapsed(), Duration::from_secs(1));
}

#[test]
fn what_comes_too_late_is_no_answer() {
    let (shown, _) = unmet(|system| async move {
        let probe = system.probe("numbers");
        let relay = relay(&system, probe.actor_ref(), Duration::from_secs(2));
        relay.send(1).await.unwrap();
        probe.within(Duration::from_secs(1)).expect_eq(1).await;
    });

    assert!(shown.contains("1s of virtual time"), "{shown}");
}

#[actor_test]
async fn fishing_takes_skips_and_ends(system: TestSystem) {
    let probe = system.probe("numbers");
    for n in [1, 20, 3, 40, 99, 5] {
        probe.actor_ref().send(n).await.unwrap();
    }

    let caught = probe
        .fish(|n| match n {
            99 => Fish::Done,
            n if *n >= 10 => Fish::Take,
            _ => Fish::Skip,
        })
        .await;

    assert_eq!(caught, [20, 40, 99]);
    probe.expect_eq(5).await;
}

#[test]
fn fishing_fails_at_what_must_not_come() {
    let (shown, _) = unmet(|system| async move {
        let probe = system.probe("numbers");
        probe.actor_ref().send(0).await.unwrap();
        probe.fish(|_| Fish::Fail).await;
    });

    assert!(shown.contains("must not come"), "{shown}");
}

#[actor_test]
async fn rules_ignore_answer_and_pass_on(system: TestSystem) {
    let (front, back) = (system.probe("front"), system.probe("back"));
    front.ignore(|order| matches!(order, Order::Tea { cups: 0 }));
    front.auto_reply(|order| match order {
        Order::Bill(reply) => {
            reply.send(9);
            None
        }
        other => Some(other),
    });
    front.forward(&back.actor_ref());
    let orders = front.actor_ref();

    orders.send(Order::Tea { cups: 0 }).await.unwrap();
    assert_eq!(orders.ask(Order::Bill).await, Ok(9));
    orders.send(Order::Tea { cups: 2 }).await.unwrap();

    expect!(back, Order::Tea { cups: 2 });
    front.expect_quiet().await;
}

#[actor_test(seeds = 0..50)]
async fn a_watched_end_is_heard_and_keeps_nobody_alive(system: TestSystem) {
    let probe = system.probe::<()>("witness");
    let relay = relay(&system, system.probe("numbers").actor_ref(), Duration::ZERO);
    let weak = relay.downgrade();
    probe.watch(&relay);
    relay.stop();
    assert_eq!(probe.expect_stopped(&relay).await, ExitReason::Normal);

    drop(relay);
    system.settle().await;
    assert!(weak.upgrade().is_none());
}

#[test]
fn an_end_that_does_not_come_is_told_at_the_users_line() {
    let line = line!() + 5;
    let (shown, location) = unmet(|system| async move {
        let probe = system.probe::<()>("witness");
        let relay = relay(&system, system.probe("numbers").actor_ref(), Duration::ZERO);
        probe.watch(&relay);
        probe.expect_stopped(&relay).await;
    });

    assert!(
        location.contains(&format!("probes.rs:{line}:")),
        "{location}"
    );
    assert!(shown.contains("expected: the end of"), "{shown}");
}

#[test]
fn a_probe_of_another_simulation_is_refused() {
    let escaped = std::sync::Mutex::new(None);
    Simulation::new()
        .run(|system| {
            *escaped.lock().unwrap() = Some(system.probe::<u32>("old"));
            async {}
        })
        .unwrap();

    let (shown, _) = unmet(|_| {
        let probe = escaped.lock().unwrap().clone().unwrap();
        async move { probe.expect_quiet().await }
    });

    assert!(
        shown.contains("inside of its own simulation only"),
        "{shown}"
    );
}

struct Fragile;

impl Actor for Fragile {
    type Msg = ();

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        Err("it broke".into())
    }
}

#[actor_test(seeds = 0..50)]
async fn a_life_has_its_starts_restarts_and_end(system: TestSystem) -> Result<(), BoxError> {
    let (spec, fragile) = ChildSpec::new("fragile", || Fragile)
        .restart(Restart::Permanent)
        .build();
    let mut life = system.lifecycle(&fragile);
    system.expect_failure(&fragile);
    let supervisor = Supervisor::builder(Strategy::OneForOne)
        .intensity(1, Duration::from_secs(5))
        .child(spec)
        .start(&system)
        .await?;
    let cause = Some(ExitReason::Failed("it broke".into()));

    life.expect(Life::Started { incarnation: 1 }).await;
    fragile.send(()).await?;
    life.expect(Life::Restarted {
        incarnation: 2,
        cause,
    })
    .await;
    life.expect(Life::Started { incarnation: 2 }).await;
    fragile.send(()).await?;
    let Life::Stopped { reason } = life.next().await else {
        return Err("it should have ended".into());
    };
    assert_eq!(reason, ExitReason::Failed("it broke".into()));
    assert_eq!(supervisor.wait().await, ExitReason::Shutdown);
    let escalated = |event: &actor_core::testing::Event| event.to_string().contains("gives up");
    assert!(system.events().iter().any(escalated));
    Ok(())
}

#[test]
fn a_life_that_goes_otherwise_is_told_at_the_users_line() {
    let line = line!() + 4;
    let (shown, location) = unmet(|system| async move {
        let stub = system.stub(|(): (), _| Ok(()));
        let mut life = system.lifecycle(&stub);
        life.expect(Life::Started { incarnation: 2 }).await;
    });

    assert!(
        location.contains(&format!("probes.rs:{line}:")),
        "{location}"
    );
    assert!(shown.contains("got: Started { incarnation: 1 }"), "{shown}");
}

#[actor_test]
async fn a_stub_stands_in_with_a_context_of_its_own(system: TestSystem) {
    let stub = system.actor(Stub::new(|n: u32, ctx| {
        if n == 0 {
            ctx.stop();
        }
        Ok(())
    }));
    let stub = stub.name("stand-in").spawn();
    stub.send(0).await.unwrap();

    assert_eq!(stub.wait().await, ExitReason::Normal);
}

#[actor_test]
async fn what_is_logged_is_captured_per_simulation(system: TestSystem) {
    tracing::warn!(level = 3, "the water is low");

    system
        .expect_log(tracing::Level::WARN, "the water is low")
        .await;
    system.expect_log(tracing::Level::WARN, "level=3").await;
    assert_eq!(system.logs().len(), 1);
}

#[test]
fn what_was_not_logged_is_told_with_what_was() {
    let (shown, _) = unmet(|system| async move {
        tracing::info!("all is well");
        system.expect_log(tracing::Level::ERROR, "fire").await;
    });

    assert!(shown.contains("expected: ERROR \"fire\""), "{shown}");
    assert!(shown.contains("INFO all is well"), "{shown}");
}

#[actor_test]
#[should_panic(expected = "the test returned an error")]
async fn a_test_that_returns_an_error_fails(_system: TestSystem) -> Result<(), BoxError> {
    Err("no tea".into())
}

#[actor_test(seed = 9, schedule = Fifo, strict)]
async fn options_of_the_attribute_are_those_of_the_simulation(system: TestSystem) {
    assert_eq!(system.seed(), 9);
    // Strict: the probe must not be left behind.
    let probe = system.probe("numbers");
    probe.actor_ref().send(1).await.unwrap();
    probe.expect_eq(1).await;
}
