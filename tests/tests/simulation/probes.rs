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

#[actor_test(seeds = 0..50)]
async fn an_end_comes_behind_the_last_messages_of_whoever_ended(system: TestSystem) {
    let probe = system.probe("numbers");
    let to = probe.actor_ref();
    let speaker = system.stub(move |(), ctx| {
        ctx.stop();
        to.try_send(7).map_err(Into::into)
    });
    probe.watch(&speaker);
    speaker.send(()).await.unwrap();
    assert_eq!(probe.expect_stopped(&speaker).await, ExitReason::Normal);

    // So it is there already.
    probe.within(Duration::ZERO).expect_eq(7).await;
}

#[actor_test(seeds = 0..50)]
async fn an_end_is_told_with_its_true_reason_whether_it_was_watched_or_not(system: TestSystem) {
    let probe = system.probe::<()>("witness");
    let gone = system.stub(|(): (), _| Ok(()));
    gone.kill();
    gone.wait().await;
    assert_eq!(probe.expect_stopped(&gone).await, ExitReason::Killed);

    let (spec, child) = ChildSpec::new("child", || Stub::new(|(): (), _| Ok(()))).build();
    probe.watch(&child);
    let supervisor = Supervisor::builder(Strategy::OneForOne).child(spec);
    let supervisor = supervisor.start(&system).await.unwrap();
    supervisor.stop();
    assert_eq!(probe.expect_stopped(&child).await, ExitReason::Shutdown);
}

#[actor_test]
async fn an_end_that_nobody_took_is_not_that_of_a_newer_actor(system: TestSystem) {
    let probe = system.probe::<()>("witness");
    for _ in 0..20 {
        let forgotten = system.stub(|(): (), _| Ok(()));
        probe.watch(&forgotten);
        forgotten.stop();
        forgotten.wait().await;
        drop(forgotten);
        system.settle().await;

        let newer = system.stub(|(): (), _| Ok(()));
        newer.kill();
        assert_eq!(probe.expect_stopped(&newer).await, ExitReason::Killed);
    }
}

#[test]
fn a_failure_that_a_test_hears_of_is_expected_and_a_further_one_is_not() {
    let run = |failures: usize| {
        Simulation::new().seeds(0..20, move |system| async move {
            let probe = system.probe::<()>("witness");
            let fragile = [system.spawn(Fragile), system.spawn(Fragile)];
            for fragile in &fragile[..failures] {
                fragile.send(()).await.unwrap();
            }
            let reason = probe.expect_stopped(&fragile[0]).await;
            assert_eq!(reason, ExitReason::Failed("it broke".into()));
            system.settle().await;
        })
    };

    run(1).unwrap();
    let failure = run(2).unwrap_err();
    assert!(
        matches!(&failure.kind, FailureKind::Actors { failed } if failed.len() == 1),
        "{failure}"
    );
}

#[test]
fn a_cause_that_is_taken_from_a_life_is_expected_and_a_further_one_is_not() {
    let run = |failures: usize| {
        Simulation::new().seeds(0..20, move |system| async move {
            let (spec, fragile) = ChildSpec::new("fragile", || Fragile).build();
            let mut life = system.lifecycle(&fragile);
            let supervisor = Supervisor::builder(Strategy::OneForOne)
                .intensity(5, Duration::from_secs(5))
                .child(spec);
            let _supervisor = supervisor.start(&system).await.unwrap();
            for _ in 0..failures {
                fragile.send(()).await.unwrap();
            }
            life.expect(Life::Started { incarnation: 1 }).await;
            let restarted = life.next().await;
            assert!(matches!(restarted, Life::Restarted { incarnation: 2, .. }));
            system.settle().await;
        })
    };

    run(1).unwrap();
    let failure = run(2).unwrap_err();
    assert!(
        matches!(&failure.kind, FailureKind::Actors { failed } if failed.len() == 1),
        "{failure}"
    );
}

#[test]
fn quiet_lasts_as_long_as_it_is_told_to() {
    let line = line!() + 7;
    let (shown, location) = unmet(|system| async move {
        let probe = system.probe("numbers");
        let relay = relay(&system, probe.actor_ref(), Duration::from_secs(10));
        relay.send(7).await.unwrap();
        probe.within(Duration::from_secs(9)).expect_quiet().await;
        assert_eq!(system.elapsed(), Duration::from_secs(9));
        probe.within(Duration::from_secs(1)).expect_quiet().await;
    });

    assert!(
        location.contains(&format!("probes.rs:{line}:")),
        "{location}"
    );
    assert!(shown.contains("got: 1 arrived"), "{shown}");
}

#[test]
fn events_call_a_probe_by_its_name() {
    let (shown, _) = unmet(|system| async move {
        let probe = system.probe("numbers");
        probe.actor_ref().send(7).await.unwrap();
        probe.expect_eq(8).await;
    });

    assert!(
        shown.contains("numbers #1 got i32 from the test"),
        "{shown}"
    );
}

#[actor_test]
#[should_panic(expected = "probe \"numbers\"\n  expected: 8\n       got: 7")]
async fn the_panic_of_an_expectation_has_a_text_as_any_other(system: TestSystem) {
    let probe = system.probe("numbers");
    probe.actor_ref().send(7).await.unwrap();
    probe.expect_eq(8).await;
}

#[actor_test]
async fn an_expectation_in_a_handler_fails_the_actor_with_text_and_line(system: TestSystem) {
    struct Tester(actor_core::testing::Probe<u32>);
    impl Actor for Tester {
        type Msg = ();
        async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
            self.0.expect_eq(8).await;
            Ok(())
        }
    }
    let probe = system.probe("numbers");
    probe.actor_ref().send(7).await.unwrap();
    let tester = system.spawn(Tester(probe.clone()));
    tester.send(()).await.unwrap();

    let ExitReason::Panicked { text, location } = probe.expect_stopped(&tester).await else {
        panic!("it should have panicked");
    };
    assert!(text.contains("expected: 8"), "{text}");
    assert!(location.unwrap().contains("simulation/probes.rs:"));
}

#[test]
fn a_subscriber_below_hears_of_every_handle_of_its_spans() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI32, Ordering};

    /// Counts the handles of its spans.
    struct Counts(Arc<AtomicI32>);
    impl tracing::Subscriber for Counts {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            *metadata.level() <= tracing::Level::INFO
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::Id {
            self.0.fetch_add(1, Ordering::Relaxed);
            tracing::Id::from_u64(7)
        }
        fn record(&self, _: &tracing::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::Id, _: &tracing::Id) {}
        fn event(&self, _: &tracing::Event<'_>) {}
        fn enter(&self, _: &tracing::Id) {}
        fn exit(&self, _: &tracing::Id) {}
        fn clone_span(&self, span: &tracing::Id) -> tracing::Id {
            self.0.fetch_add(1, Ordering::Relaxed);
            span.clone()
        }
        fn try_close(&self, _: tracing::Id) -> bool {
            self.0.fetch_sub(1, Ordering::Relaxed) == 1
        }
    }

    let handles = Arc::<AtomicI32>::default();
    let most = tracing::subscriber::with_default(Counts(Arc::clone(&handles)), || {
        let seen = Arc::clone(&handles);
        let run = Simulation::new().run(|_| async move {
            let wanted = tracing::info_span!("wanted");
            let _again = wanted.clone();
            let _unwanted = tracing::debug_span!("unwanted");
            seen.load(Ordering::Relaxed)
        });
        run.unwrap().output
    });

    assert_eq!((most, handles.load(Ordering::Relaxed)), (2, 0));
}
