//! D: restarts.

use actor_core::prelude::*;
use actor_core::testing::TestSystem;
use actor_core::{ActorId, ChildState, DeadLetterReason};

use super::cast::{
    Act, Clerk, Diary, Ledger, Player, act, act_now, answer, beside, fail, letters, millis, note,
    turns,
};
use super::in_simulation;

async fn supervised(system: &TestSystem, spec: ChildSpec) -> SupervisorRef {
    let supervisor = Supervisor::builder(Strategy::OneForOne)
        .intensity(100, Duration::from_secs(1))
        .child(spec);
    supervisor.start(system).await.expect("it starts")
}

/// Is entered when it begins, and then may fail.
fn entry(ledger: &Ledger, sender: usize, n: u64, fails: bool) -> Act {
    let ledger = ledger.clone();
    act(move |_, _| {
        ledger.enter(sender, n);
        Box::pin(async move {
            turns(n % 3).await;
            match fails {
                true => Err("told to fail".into()),
                false => Ok(()),
            }
        })
    })
}

// D1, D4
#[test]
fn what_was_not_begun_survives_restarts_in_order_and_comes_in_while_there_is_none() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let patience = Backoff::constant(millis(system.rng("backoff").below(3)));
        let (spec, child) = Player::child("child", &diary)
            .mailbox(Mailbox::bounded(3))
            .backoff(patience)
            .build();
        let ledger = Ledger::default();
        for sender in 0..3 {
            let (child, ledger) = (child.clone(), ledger.clone());
            let mut rng = system.rng(&format!("sender {sender}"));
            beside(&system, async move {
                for n in 0..6 {
                    let fails = rng.below(4) == 0;
                    // Also before its first start.
                    let sent = child.send(entry(&ledger, sender, n, fails)).await;
                    sent.expect("it takes messages");
                }
            });
        }
        turns(system.rng("start").below(10)).await;
        assert!(child.len() <= 3);
        let supervisor = supervised(&system, spec).await;
        system.expect_failure(&child);
        system.advance(millis(100)).await;

        for sender in 0..3 {
            assert_eq!(ledger.of(sender), [0, 1, 2, 3, 4, 5]);
        }
        assert_eq!(letters(&system, child.id()), 0);
        supervisor.stop();
    });
}

// D2
#[test]
fn timers_and_pipes_of_an_old_incarnation_never_reach_the_new_one() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let (spec, child) = Player::child("child", &diary).build();
        let supervisor = supervised(&system, spec).await;
        system.expect_failure(&child);
        let mine = |incarnation: u32| {
            act_now(move |player, ctx| {
                assert_eq!(ctx.incarnation(), incarnation, "of an old incarnation");
                player.note("ticks");
            })
        };
        let mut rng = system.rng("delays");
        for _ in 0..4 {
            let (timer, pipe) = (rng.below(3), rng.below(3));
            let set = act_now(move |_, ctx| {
                let own = ctx.incarnation();
                ctx.send_after("timer", millis(timer), mine(own));
                let later = tokio::time::sleep(millis(pipe));
                ctx.pipe(later, move |()| mine(own));
            });
            child.send(set).await.unwrap();
            tokio::time::sleep(millis(rng.below(3))).await;
            match rng.below(3) {
                0 => child.kill(),
                1 => child.stop(),
                _ => child.send(fail()).await.unwrap(),
            }
        }
        system.advance(millis(20)).await;

        // It would have panicked.
        let failed = system.events().into_iter().find(|event| {
            let text = event.to_string();
            text.contains("failed") && text.contains("old incarnation")
        });
        assert_eq!(failed, None);
        supervisor.stop();
    });
}

// D2
#[test]
fn what_was_stashed_returns_to_its_place_over_restarts() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let (spec, child) = Player::child("child", &diary).build();
        let supervisor = supervised(&system, spec).await;
        system.expect_failure(&child);
        let ledger = Ledger::default();
        let mut rng = system.rng("load");
        for n in 0..8 {
            let ledger = ledger.clone();
            let stashes = rng.below(2) == 0;
            let message = act_now(move |_, ctx| {
                let enter = act_now(move |_, _| ledger.enter(0, n));
                match stashes && ctx.incarnation() == 1 {
                    true => ctx.stash(enter).expect("there is room"),
                    false => drop(ctx.actor_ref().try_send(enter)),
                }
            });
            child.send(message).await.unwrap();
            turns(rng.below(3)).await;
        }
        child.send(fail()).await.unwrap();
        system.settle().await;

        let mut all = ledger.of(0);
        all.sort_unstable();
        assert_eq!(all, (0..8).collect::<Vec<_>>(), "each is handled once");
        supervisor.stop();
    });
}

/// Writes down what it hears of another.
struct Watcher {
    target: AnyActorRef,
    diary: Diary,
}

impl Actor for Watcher {
    type Msg = ();

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        ctx.monitor_restarts(&self.target);
        Ok(())
    }

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }

    async fn signal(&mut self, signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
        match signal {
            Signal::Restarted(restarted) => self.diary.note(restarted.incarnation.to_string()),
            Signal::Down(_) => self.diary.note("down"),
            _ => {}
        }
        Ok(())
    }
}

// D3
#[test]
fn monitors_hear_of_the_final_stop_once_and_of_restarts_in_order_before_it() {
    in_simulation(|system| async move {
        let (diary, heard) = (Diary::default(), Diary::default());
        let (spec, child) = Player::child("child", &diary).build();
        let supervisor = supervised(&system, spec).await;
        system.expect_failure(&child);
        let watcher = Watcher {
            target: child.any(),
            diary: heard.clone(),
        };
        let _watcher = system.start(watcher).await.unwrap();
        let mut rng = system.rng("ends");
        for _ in 0..4 {
            match rng.below(3) {
                0 => child.kill(),
                1 => child.stop(),
                _ => drop(child.send(fail()).await),
            }
            turns(rng.below(12)).await;
        }
        if rng.below(2) == 0 {
            system.settle().await;
        }
        supervisor.terminate_child("child").await.unwrap();
        system.settle().await;

        let mut lines = heard.take();
        assert_eq!(lines.pop().as_deref(), Some("down"));
        let numbers: Vec<u32> = lines.iter().map(|line| line.parse().unwrap()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        supervisor.stop();
    });
}

fn dead_of(system: &TestSystem, actor: ActorId) -> Vec<DeadLetterReason> {
    let all = system.dead_letters().into_iter();
    let own = all.filter(|letter| letter.target == actor);
    own.map(|letter| letter.reason).collect()
}

// D5
#[test]
fn at_the_final_stop_what_is_queued_is_dead_and_its_asks_resolve() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let (spec, child) = Player::child("child", &diary).build();
        let supervisor = supervised(&system, spec).await;
        system.expect_failure(&child);
        child.send(super::cast::note_after(5, 0)).await.unwrap();
        let askers: Vec<_> = (0..4)
            .map(|n| {
                let child = child.clone();
                beside(&system, async move {
                    let asked = child.ask(|reply| answer(n, reply)).await;
                    let is_told = matches!(
                        asked,
                        Err(AskError::Stopped { begun: false, .. } | AskError::Closed)
                    );
                    assert!(is_told || asked == Ok(n), "{asked:?}");
                })
            })
            .collect();
        turns(system.rng("end").below(12)).await;
        supervisor.terminate_child("child").await.unwrap();
        for asker in askers {
            asker.wait().await;
        }

        assert!(system.elapsed().is_zero());
        let reasons = dead_of(&system, child.id());
        let is_final =
            |why: &DeadLetterReason| *why == DeadLetterReason::Stopped(ExitReason::Shutdown);
        assert!(reasons.iter().all(is_final), "{reasons:?}");
        supervisor.stop();
    });
}

// D6
#[test]
fn a_name_is_taken_over_the_whole_chain_of_incarnations() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let (spec, child) = Player::child("child", &diary).name("name").build();
        let supervisor = supervised(&system, spec).await;
        system.expect_failure(&child);
        let rival = system.spawn(Clerk {
            ledger: Ledger::default(),
            slowness: 0,
        });
        let (here, other) = (system.clone(), rival.any());
        let over = diary.clone();
        let registers = beside(&system, async move {
            while here.register("name", &other).is_err() {
                assert!(!over.has("the end"), "the name is not free");
                turns(1).await;
            }
            assert!(over.has("the end is near"), "the name was free in between");
        });
        let mut rng = system.rng("ends");
        for _ in 0..3 {
            match rng.below(3) {
                0 => child.kill(),
                1 => child.stop(),
                _ => child.send(fail()).await.unwrap(),
            }
            turns(rng.below(12)).await;
        }
        diary.note("the end is near");
        supervisor.terminate_child("child").await.unwrap();
        registers.wait().await;

        let children = supervisor.which_children().await.unwrap();
        assert_eq!(children[0].state, ChildState::Stopped);
        child.send(note(1)).await.unwrap_err();
        supervisor.stop();
    });
}
