//! G: timers.

use actor_core::MissedTicks;
use actor_core::prelude::*;
use tests::puppet::{Act, Event, Events, Puppet, act_now, answer, note};
use tests::{in_every_placement, paused_system, system};
use tokio::time::Instant;

in_every_placement!(a_timer_fires_wherever_the_actor_runs);

const SECOND: Duration = Duration::from_secs(1);

fn spawn(system: &ActorSystem) -> (ActorRef<Act>, Events) {
    let (puppet, events) = Puppet::new();
    (system.spawn(puppet), events)
}

/// Does something in the actor and waits until it is done.
async fn inside(
    actor: &ActorRef<Act>,
    deed: impl FnOnce(&mut Puppet, &mut Context<Puppet>) + Send + 'static,
) {
    let asked = actor.ask_within(1_000_000 * SECOND, |reply: Reply<()>| {
        act_now(move |puppet, ctx| {
            deed(puppet, ctx);
            reply.send(());
            Ok(())
        })
    });
    asked.await.unwrap();
}

// G1
async fn a_timer_fires_wherever_the_actor_runs(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).placement(placement).spawn();
    inside(&actor, |_, ctx| {
        ctx.send_after("late", Duration::from_millis(20), note(2));
        ctx.send_after("soon", Duration::from_millis(1), note(1));
    })
    .await;

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(events.next().await, Event::Note(2));
}

// G1
#[tokio::test(start_paused = true)]
async fn the_same_key_replaces_a_timer() {
    let system = paused_system();
    let (actor, mut events) = spawn(&system);
    let began = Instant::now();
    inside(&actor, |_, ctx| {
        ctx.send_after("key", SECOND, note(1));
        ctx.send_interval("key", 2 * SECOND, || note(2));
        ctx.send_after(("key", 1), 4 * SECOND, note(3));
        ctx.send_after("key", 3 * SECOND, note(4));
        ctx.send_after(1, 5 * SECOND, note(5));
    })
    .await;

    for (number, seconds) in [(4, 3), (3, 4), (5, 5)] {
        assert_eq!(events.next().await, Event::Note(number));
        assert_eq!(began.elapsed().as_secs(), seconds);
    }
    drop(actor);
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// G1
#[tokio::test(start_paused = true)]
async fn a_timer_belongs_to_its_actor() {
    let system = paused_system();
    let (first, mut first_events) = spawn(&system);
    let (second, mut second_events) = spawn(&system);
    inside(&first, |_, ctx| ctx.send_after("key", SECOND, note(1))).await;
    inside(&second, |_, ctx| {
        ctx.send_after("key", 2 * SECOND, note(2));
        assert!(!ctx.cancel_timer("other"));
    })
    .await;

    assert_eq!(first_events.next().await, Event::Note(1));
    assert_eq!(second_events.next().await, Event::Note(2));
}

// G1
#[tokio::test(start_paused = true)]
async fn a_timer_ends_with_its_incarnation() {
    let system = paused_system();
    let (sender, mut events) = Events::channel();
    let (spec, child) = ChildSpec::new("child", move || Puppet::telling(&sender)).build();
    let builder = Supervisor::builder(Strategy::OneForOne).child(spec);
    builder.start(&system).await.unwrap();
    inside(&child, |_, ctx| {
        ctx.send_after("once", SECOND, note(1));
        ctx.send_interval("often", SECOND, || note(1));
        ctx.stop();
    })
    .await;
    assert_eq!(events.next().await, Event::Stopped(ExitReason::Normal));

    inside(&child, |_, ctx| ctx.send_after("new", 30 * SECOND, note(2))).await;

    assert_eq!(events.next().await, Event::Note(2));
}

// G2
#[tokio::test(start_paused = true)]
async fn after_cancel_no_tick_is_handled() {
    let system = paused_system();
    let (actor, mut events) = spawn(&system);
    inside(&actor, |_, ctx| {
        ctx.send_after("once", SECOND, note(1));
        ctx.send_interval("often", SECOND, || note(1));
    })
    .await;

    // Both are due when the handler returns, and were cancelled after they had become so.
    actor
        .send(tests::puppet::act(|puppet, ctx| {
            Box::pin(async move {
                tokio::time::sleep(10 * SECOND).await;
                assert!(ctx.cancel_timer("once"));
                assert!(ctx.cancel_timer("often"));
                assert!(!ctx.cancel_timer("often"));
                puppet.note(2);
                Ok(())
            })
        }))
        .await
        .unwrap();
    assert_eq!(events.next().await, Event::Note(2));
    tokio::time::sleep(100 * SECOND).await;

    drop(actor);
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// G3
#[tokio::test(start_paused = true)]
async fn an_interval_does_not_drift() {
    let system = paused_system();
    let (actor, mut events) = spawn(&system);
    let began = Instant::now();
    inside(&actor, |_, ctx| {
        let work = || {
            tests::puppet::act(|puppet, _| {
                Box::pin(async move {
                    puppet.note(1);
                    tokio::time::sleep(SECOND * 9 / 10).await;
                    Ok(())
                })
            })
        };
        ctx.send_interval("tick", SECOND, work);
    })
    .await;

    for tick in 1..=1_000 {
        assert_eq!(events.next().await, Event::Note(1));
        let off = began.elapsed().as_secs_f64() - f64::from(tick);
        assert!((0.0..0.01).contains(&off), "tick {tick} is off by {off} s");
    }
}

/// The seconds at which an interval of one second ticks around a handler that is busy from 0.5 s to 3.7 s.
async fn ticks(missed: Option<MissedTicks>) -> Vec<f64> {
    let system = paused_system();
    let (actor, mut events) = spawn(&system);
    let began = Instant::now();
    inside(&actor, move |_, ctx| match missed {
        Some(missed) => ctx.send_interval_with("tick", SECOND, missed, || note(1)),
        None => ctx.send_interval("tick", SECOND, || note(1)),
    })
    .await;
    tokio::time::sleep(SECOND / 2).await;
    let busy = |_: &mut Puppet, _: &mut Context<Puppet>| -> ActorResult { Ok(()) };
    actor.send(act_now(busy)).await.unwrap();
    actor
        .send(tests::puppet::act(|_, _| {
            Box::pin(async {
                tokio::time::sleep(Duration::from_millis(3_200)).await;
                Ok(())
            })
        }))
        .await
        .unwrap();
    let mut at = Vec::new();
    for _ in 0..5 {
        assert_eq!(events.next().await, Event::Note(1));
        at.push((began.elapsed().as_secs_f64() * 10.0).round() / 10.0);
    }
    at
}

// G3
#[tokio::test(start_paused = true)]
async fn missed_ticks_are_skipped_burst_or_delayed() {
    let skipped = ticks(Some(MissedTicks::Skip)).await;
    assert_eq!(skipped, [3.7, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!(ticks(None).await, skipped, "the default");
    let burst = ticks(Some(MissedTicks::Burst)).await;
    assert_eq!(burst, [3.7, 3.7, 3.7, 4.0, 5.0]);
    let delayed = ticks(Some(MissedTicks::Delay)).await;
    assert_eq!(delayed, [3.7, 4.7, 5.7, 6.7, 7.7]);
}

// G3
#[tokio::test(start_paused = true)]
async fn ticks_need_no_room_in_the_mailbox() {
    let system = paused_system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    inside(&actor, |_, ctx| ctx.send_after("tick", SECOND, note(1))).await;
    let (holding, mut gate) = tests::puppet::hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    actor.send(note(2)).await.unwrap();
    assert!(actor.try_send(note(3)).is_err());

    tokio::time::sleep(2 * SECOND).await;
    gate.open();

    let mut seen = [events.next().await, events.next().await];
    seen.sort_by_key(|event| *event == Event::Note(2));
    assert_eq!(seen, [Event::Note(1), Event::Note(2)]);
    assert_eq!(actor.ask(|reply| answer(reply, 1)).await, Ok(1));
}

// G3
#[tokio::test]
async fn an_interval_without_a_period_is_a_panic_where_it_is_set() {
    let system = system();
    let (actor, _events) = spawn(&system);
    let set = act_now(|_, ctx| {
        ctx.send_interval("tick", Duration::ZERO, || note(1));
        Ok(())
    });
    actor.send(set).await.unwrap();

    let reason = actor.wait().await;

    assert!(
        matches!(&reason, ExitReason::Panicked { text, .. } if text.contains("above zero")),
        "{reason}"
    );
}
