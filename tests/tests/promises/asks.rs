//! B: asks.

use actor_core::prelude::*;
use tests::puppet::{Act, Event, Puppet, act, act_now, answer, hold, note};
use tests::{in_every_placement, paused_system, poll_once, soon, system};

in_every_placement!(
    an_ask_whose_handler_fails_is_failed,
    an_ask_whose_handler_panics_is_failed,
    an_ask_in_the_hands_of_a_killed_actor_is_stopped,
    an_ask_that_was_queued_at_the_end_is_stopped_and_has_not_run,
    a_kept_reply_resolves_when_its_actor_ends,
    a_reply_that_moved_to_another_task_lives_on,
);

fn keep(reply: Reply<u64>) -> Act {
    act_now(move |puppet, _| {
        puppet.kept.push(Box::new(reply));
        Ok(())
    })
}

fn spawn(system: &ActorSystem, placement: Placement) -> ActorRef<Act> {
    system.actor(Puppet::new().0).placement(placement).spawn()
}

/// Asks from a task of its own, so that the request is sent even though nobody waits for the answer yet.
fn ask_aside(
    actor: &ActorRef<Act>,
    message: impl FnOnce(Reply<u64>) -> Act + Send + 'static,
) -> tokio::task::JoinHandle<Result<u64, AskError>> {
    let actor = actor.clone();
    tokio::spawn(async move { actor.ask_within(Duration::from_secs(3600), message).await })
}

// B1
#[tokio::test]
async fn the_reply_does_not_pass_through_a_mailbox() {
    let system = system();
    let callee = spawn(&system, Placement::Task);
    let (puppet, mut events) = Puppet::new();
    let caller = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    let (holding, mut gate) = hold();
    caller.send(holding).await.unwrap();
    gate.begun().await;
    caller
        .send(act(move |puppet, ctx| {
            Box::pin(async move {
                let own = ctx.actor_ref();
                own.try_send(note(2))?;
                assert!(own.try_send(note(3)).is_err(), "the mailbox is full");
                puppet.note(callee.ask(|reply| answer(reply, 1)).await?);
                Ok(())
            })
        }))
        .await
        .unwrap();

    gate.open();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(events.next().await, Event::Note(2));
}

// B1
#[tokio::test(start_paused = true)]
async fn a_reply_after_the_deadline_is_dropped_silently() {
    struct Loud(std::sync::Arc<std::sync::atomic::AtomicBool>);
    impl Drop for Loud {
        fn drop(&mut self) {
            self.0.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    }
    let system = paused_system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.spawn(puppet);
    let dropped = std::sync::Arc::default();
    let value = Loud(std::sync::Arc::clone(&dropped));

    let asked = actor
        .ask_within(Duration::from_secs(1), |reply| {
            act(move |puppet, _| {
                Box::pin(async move {
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    assert!(reply.is_closed());
                    reply.send(value);
                    puppet.note(1);
                    Ok(())
                })
            })
        })
        .await;

    assert!(matches!(
        asked,
        Err(AskError::Timeout { accepted: true, .. })
    ));
    assert!(asked.err().unwrap().may_have_run());
    assert_eq!(events.next().await, Event::Note(1));
    assert!(dropped.load(std::sync::atomic::Ordering::SeqCst));
    actor.stop();
    assert_eq!(actor.wait().await, ExitReason::Normal);
    assert_eq!(system.dead_letter_count(), 0);
}

// B2
#[tokio::test]
async fn an_ask_resolves_with_the_value() {
    let system = system();
    let actor = spawn(&system, Placement::Task);

    assert_eq!(actor.ask(|reply| answer(reply, 42)).await, Ok(42));
}

// B2
#[tokio::test]
async fn an_ask_of_a_closed_actor_was_never_accepted() {
    let system = system();
    let actor = spawn(&system, Placement::Task);
    actor.stop();
    actor.wait().await;

    let asked = actor.ask(|reply| answer(reply, 1)).await;

    assert_eq!(asked, Err(AskError::Closed));
    assert!(!asked.unwrap_err().may_have_run());
}

// B2
#[tokio::test]
async fn an_ask_that_waits_for_room_when_the_actor_closes_was_never_accepted() {
    let system = system();
    let actor = system
        .actor(Puppet::new().0)
        .mailbox(Mailbox::bounded(1))
        .spawn();
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    actor.send(note(1)).await.unwrap();
    let mut asking = Box::pin(actor.ask(|reply| answer(reply, 1)));
    assert!(poll_once(&mut asking).is_none());

    actor.stop();

    assert_eq!(asking.await, Err(AskError::Closed));
}

// B2
#[tokio::test]
async fn an_ask_whose_reply_is_dropped_has_no_reply() {
    let system = system();
    let actor = spawn(&system, Placement::Task);

    let asked: Result<u64, _> = actor
        .ask(|reply| {
            act_now(move |_, _| {
                drop(reply);
                Ok(())
            })
        })
        .await;

    assert_eq!(asked, Err(AskError::NoReply));
    assert!(asked.unwrap_err().may_have_run());
}

// B2, B3
async fn an_ask_whose_handler_fails_is_failed(placement: Placement) {
    let system = system();
    let actor = spawn(&system, placement);

    let asked: Result<u64, _> = actor
        .ask_within(Duration::from_secs(3600), |reply| {
            act_now(move |_, _| {
                let _held = reply;
                Err("broken".into())
            })
        })
        .await;

    let reason = ExitReason::Failed("broken".into());
    assert_eq!(asked, Err(AskError::Failed { reason }));
    assert!(asked.unwrap_err().may_have_run());
}

// B2, B3
async fn an_ask_whose_handler_panics_is_failed(placement: Placement) {
    let system = system();
    let actor = spawn(&system, placement);

    let asked: Result<u64, _> = actor
        .ask_within(Duration::from_secs(3600), |reply| {
            act(move |_, _| {
                Box::pin(async move {
                    let _held = reply;
                    tokio::task::yield_now().await;
                    panic!("broken");
                })
            })
        })
        .await;

    let Err(error @ AskError::Failed { .. }) = asked else {
        panic!("{asked:?}");
    };
    let AskError::Failed { reason } = &error else {
        unreachable!();
    };
    assert!(matches!(reason, ExitReason::Panicked { text, .. } if text == "broken"));
    assert!(error.may_have_run());
}

// B2, B3
async fn an_ask_in_the_hands_of_a_killed_actor_is_stopped(placement: Placement) {
    let system = system();
    let actor = spawn(&system, placement);
    let (began, begun) = tokio::sync::oneshot::channel();
    let asking = ask_aside(&actor, |reply| {
        act(move |_, _| {
            Box::pin(async move {
                let _held = reply;
                began.send(()).unwrap();
                std::future::pending().await
            })
        })
    });
    begun.await.unwrap();

    actor.kill();

    let asked = soon("the ask resolves", asking).await.unwrap();
    let stopped = AskError::Stopped {
        reason: ExitReason::Killed,
        begun: true,
    };
    assert_eq!(asked, Err(stopped));
    assert!(asked.unwrap_err().may_have_run());
}

// B2, B3
async fn an_ask_that_was_queued_at_the_end_is_stopped_and_has_not_run(placement: Placement) {
    let system = system();
    for end in [ActorRef::stop, ActorRef::kill] {
        let actor = spawn(&system, placement);
        let (holding, mut gate) = hold();
        actor.send(holding).await.unwrap();
        gate.begun().await;
        let asking: Vec<_> = (0..3)
            .map(|value| ask_aside(&actor, move |reply| answer(reply, value)))
            .collect();
        while actor.len() < 3 {
            tokio::task::yield_now().await;
        }

        end(&actor);
        gate.open();

        let reason = actor.wait().await;
        for asking in asking {
            let asked = soon("the ask resolves", asking).await.unwrap();
            let stopped = AskError::Stopped {
                reason: reason.clone(),
                begun: false,
            };
            assert_eq!(asked, Err(stopped));
            assert!(!asked.unwrap_err().may_have_run());
        }
    }
}

// B2, B3
async fn a_kept_reply_resolves_when_its_actor_ends(placement: Placement) {
    let system = system();
    let failed = ExitReason::Failed("broken".into());
    let stopped = |reason| AskError::Stopped {
        reason,
        begun: true,
    };
    type End = fn(&ActorRef<Act>);
    let ends: [(End, AskError); 4] = [
        (ActorRef::stop, stopped(ExitReason::Normal)),
        (ActorRef::drain, stopped(ExitReason::Normal)),
        (ActorRef::kill, stopped(ExitReason::Killed)),
        (
            |actor| actor.try_send(tests::puppet::fail("broken")).unwrap(),
            AskError::Failed { reason: failed },
        ),
    ];
    for (end, expected) in ends {
        let actor = spawn(&system, placement);
        let asking = ask_aside(&actor, keep);
        // Another ask is answered after the first was taken into the state.
        while actor
            .ask(|reply| {
                act_now(move |puppet, _| {
                    reply.send(puppet.kept.len() as u64);
                    Ok(())
                })
            })
            .await
            != Ok(1)
        {}

        end(&actor);

        let asked = soon("the ask resolves", asking).await.unwrap();
        assert_eq!(asked, Err(expected));
        assert!(asked.unwrap_err().may_have_run());
    }
}

// B2, B3
#[tokio::test]
async fn a_kept_reply_that_is_dropped_later_has_no_reply() {
    let system = system();
    let actor = spawn(&system, Placement::Task);
    let asking = ask_aside(&actor, keep);
    tokio::task::yield_now().await;

    actor
        .send(act_now(|puppet, _| {
            puppet.kept.clear();
            Ok(())
        }))
        .await
        .unwrap();

    assert_eq!(asking.await.unwrap(), Err(AskError::NoReply));
}

// B3
#[tokio::test]
async fn a_reply_dropped_before_a_later_failure_of_the_same_poll_has_no_reply() {
    let system = system();
    let actor = spawn(&system, Placement::Task);
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    let first = ask_aside(&actor, |reply| {
        act_now(move |_, _| {
            drop(reply);
            Ok(())
        })
    });
    tokio::task::yield_now().await;
    let second = ask_aside(&actor, |reply| {
        act_now(move |_, _| {
            drop(reply);
            panic!("broken")
        })
    });
    while actor.len() < 2 {
        tokio::task::yield_now().await;
    }

    // Both are handled in one poll.
    gate.open();

    assert_eq!(first.await.unwrap(), Err(AskError::NoReply));
    assert!(matches!(
        second.await.unwrap(),
        Err(AskError::Failed { .. })
    ));
}

// B3
#[tokio::test]
async fn a_reply_dropped_in_a_poll_that_pends_has_no_reply_at_once() {
    let system = system();
    let actor = spawn(&system, Placement::Task);

    let asked: Result<u64, _> = actor
        .ask_within(Duration::from_secs(3600), |reply| {
            act(move |_, _| {
                Box::pin(async move {
                    drop(reply);
                    std::future::pending().await
                })
            })
        })
        .await;

    assert_eq!(asked, Err(AskError::NoReply));
    actor.kill();
}

// B3
#[tokio::test]
async fn a_reply_dropped_in_the_stopped_hook_resolves() {
    let system = system();
    let (puppet, _events) = Puppet::new();
    let actor = system.spawn(puppet.on_stopped(act_now(|puppet, _| {
        puppet.kept.clear();
        Ok(())
    })));
    let asking = ask_aside(&actor, keep);
    tokio::task::yield_now().await;

    actor.drain();

    let asked = soon("the ask resolves", asking).await.unwrap();
    assert!(asked.unwrap_err().may_have_run());
}

// B3, B6
async fn a_reply_that_moved_to_another_task_lives_on(placement: Placement) {
    let system = system();
    let actor = spawn(&system, placement);
    let (go, went) = tokio::sync::oneshot::channel::<()>();
    let (moved, has_moved) = tokio::sync::oneshot::channel();
    let asking = ask_aside(&actor, |reply| {
        act_now(move |_, _| {
            tokio::spawn(async move {
                went.await.unwrap();
                reply.send(7);
            });
            moved.send(()).unwrap();
            Ok(())
        })
    });
    has_moved.await.unwrap();

    actor.kill();
    actor.wait().await;
    go.send(()).unwrap();

    assert_eq!(soon("the ask resolves", asking).await.unwrap(), Ok(7));
}

// B6
#[tokio::test]
async fn a_reply_may_be_sent_from_another_thread() {
    let system = system();
    let actor = spawn(&system, Placement::Task);

    let asked = actor
        .ask(|reply| {
            act_now(move |_, _| {
                std::thread::spawn(move || reply.send(7));
                Ok(())
            })
        })
        .await;

    assert_eq!(asked, Ok(7));
}

// B4
#[tokio::test(start_paused = true)]
async fn every_ask_has_a_deadline() {
    let default = paused_system();
    let other = ActorSystem::builder("other")
        .timekeeping(actor_core::Timekeeping::Runtime)
        .ask_timeout(Duration::from_secs(2))
        .build();
    for (system, seconds) in [(&*default, 5), (&other, 2)] {
        let actor = spawn(system, Placement::Task);
        let began = tokio::time::Instant::now();

        let asked = actor.ask(keep).await;

        let after = Duration::from_secs(seconds);
        let accepted = true;
        assert_eq!(asked, Err(AskError::Timeout { accepted, after }));
        assert_eq!(began.elapsed().as_millis(), after.as_millis());
    }
}

// B4
#[tokio::test(start_paused = true)]
async fn the_deadline_covers_waiting_for_room() {
    let system = paused_system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    actor.send(note(1)).await.unwrap();
    let began = tokio::time::Instant::now();

    let after = Duration::from_secs(3);
    let asked = actor
        .ask_within(after, |reply| {
            act_now(move |puppet, _| {
                puppet.note(99);
                reply.send(1);
                Ok(())
            })
        })
        .await;

    let accepted = false;
    assert_eq!(asked, Err(AskError::Timeout { accepted, after }));
    assert!(!asked.unwrap_err().may_have_run());
    assert_eq!(began.elapsed().as_secs(), 3);
    gate.open();
    drop(actor);
    assert_eq!(events.rest_of_notes().await, [1]);
}

// B4
#[tokio::test]
async fn a_deadline_is_never_early_on_the_real_clock() {
    let system = system();
    let actor = spawn(&system, Placement::Task);
    for millis in [1, 5, 20] {
        let began = std::time::Instant::now();

        let asked = actor.ask_within(Duration::from_millis(millis), keep).await;

        assert!(matches!(asked, Err(AskError::Timeout { .. })));
        assert!(began.elapsed() >= Duration::from_millis(millis));
    }
}

// B4
#[tokio::test(start_paused = true)]
async fn the_callee_sees_that_nobody_waits_any_more() {
    let system = paused_system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.spawn(puppet);
    let look = |reply: Reply<u64>| {
        act(move |puppet, _| {
            Box::pin(async move {
                puppet.note(u64::from(reply.is_closed()));
                tokio::time::sleep(Duration::from_secs(2)).await;
                puppet.note(u64::from(reply.is_closed()));
                Ok(())
            })
        })
    };

    let after = Duration::from_secs(1);
    let accepted = true;
    let asked = actor.ask_within(after, look).await;
    assert_eq!(asked, Err(AskError::Timeout { accepted, after }));
    assert_eq!(events.next().await, Event::Note(0));
    assert_eq!(events.next().await, Event::Note(1));

    let mut asking = Box::pin(actor.ask_within(Duration::from_secs(3600), look));
    assert!(poll_once(&mut asking).is_none());
    drop(asking);
    assert_eq!(events.next().await, Event::Note(1));
}

// B5
#[tokio::test(start_paused = true)]
async fn an_actor_that_asks_itself_gets_would_deadlock_at_once() {
    async fn ask_oneself(
        puppet: &mut Puppet,
        ctx: &mut Context<Puppet>,
        number: u64,
    ) -> ActorResult {
        let asked = ctx.actor_ref().ask(|reply| answer(reply, 1)).await;
        assert_eq!(asked, Err(AskError::WouldDeadlock));
        assert!(!asked.unwrap_err().may_have_run());
        puppet.note(number);
        Ok(())
    }
    let system = paused_system();
    let began = tokio::time::Instant::now();
    let (puppet, mut events) = Puppet::new();
    let puppet = puppet
        .on_start(act(|puppet, ctx| Box::pin(ask_oneself(puppet, ctx, 1))))
        .on_signal(act(|puppet, ctx| Box::pin(ask_oneself(puppet, ctx, 3))))
        .on_stopped(act(|puppet, ctx| Box::pin(ask_oneself(puppet, ctx, 4))));
    let actor = system.spawn(puppet);
    let dead = spawn(&system, Placement::Task).any();

    actor
        .send(act(move |puppet, ctx| {
            Box::pin(async move {
                ask_oneself(puppet, ctx, 2).await?;
                ctx.monitor(&dead);
                Ok(())
            })
        }))
        .await
        .unwrap();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(events.next().await, Event::Note(2));
    assert!(matches!(events.next().await, Event::Signal(_)));
    assert_eq!(events.next().await, Event::Note(3));
    actor.stop();
    assert!(matches!(events.next().await, Event::Stopped(_)));
    assert_eq!(events.next().await, Event::Note(4));
    assert!(began.elapsed().is_zero());
}

// B5
#[tokio::test(start_paused = true)]
async fn a_self_ask_from_a_spawned_task_is_ended_by_its_deadline() {
    let system = paused_system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.spawn(puppet);

    actor
        .send(act(|puppet, ctx| {
            Box::pin(async move {
                let own = ctx.actor_ref();
                let asking = tokio::spawn(async move { own.ask(|reply| answer(reply, 1)).await });
                let asked = asking.await.unwrap();
                assert!(matches!(asked, Err(AskError::Timeout { .. })));
                puppet.note(1);
                Ok(())
            })
        }))
        .await
        .unwrap();

    assert_eq!(events.next().await, Event::Note(1));
}

// B5
#[tokio::test]
async fn a_self_send_that_would_wait_for_room_gets_would_deadlock() {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();

    actor
        .send(act(|puppet, ctx| {
            Box::pin(async move {
                let own = ctx.actor_ref();
                own.send(note(2)).await?;
                let refused = own.send(note(3)).await;
                assert!(matches!(
                    refused,
                    Err(actor_core::SendError::WouldDeadlock(_))
                ));
                assert!(matches!(
                    own.reserve().await,
                    Err(actor_core::SendError::WouldDeadlock(_))
                ));
                puppet.note(1);
                Ok(())
            })
        }))
        .await
        .unwrap();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(events.next().await, Event::Note(2));
}
