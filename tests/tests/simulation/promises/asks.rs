//! B: asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actor_core::prelude::*;

use super::cast::{
    Act, Diary, Player, act, act_now, answer, beside, keep, letters, millis, rest, turn, turns,
};
use super::in_simulation;

// B1
#[test]
fn a_reply_needs_no_room_and_one_that_is_late_is_dropped_silently() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let server = system.spawn(Player::new("server", &diary));
        let asker = Player::new("asker", &diary);
        let asker = system.actor(asker).mailbox(Mailbox::bounded(1)).spawn();
        let patience = millis(10);

        let asked = server.clone();
        let ask = act(move |player, _| {
            Box::pin(async move {
                let late = asked.ask_within(patience, late).await;
                player.note(&format!("{:?}", late.is_err()));
                let value = asked.ask(|reply| answer(7, reply)).await?;
                player.note(&value.to_string());
                Ok(())
            })
        });
        asker.send(ask).await.unwrap();
        // While it waits its mailbox is full.
        for n in [1, 2] {
            asker.send(super::cast::note(n)).await.unwrap();
        }
        system.advance(millis(50)).await;

        let own = |line: &String| line.starts_with("asker") && !line.contains("start");
        let lines: Vec<_> = diary.take().into_iter().filter(own).collect();
        assert_eq!(lines, ["asker true", "asker 7", "asker 1", "asker 2"]);
        assert_eq!(
            letters(&system, asker.id()) + letters(&system, server.id()),
            0
        );
    });
}

/// Answers after the deadline.
fn late(reply: Reply<u64>) -> Act {
    act(move |_, _| {
        Box::pin(async move {
            tokio::time::sleep(millis(20)).await;
            reply.send(1);
            Ok(())
        })
    })
}

/// What became of the requests that were begun.
type Fates = Arc<Mutex<BTreeMap<u64, &'static str>>>;

/// A request that ends in one of many ways.
fn request(fates: &Fates, n: u64, kind: u64, slowness: u64, reply: Reply<u64>) -> Act {
    let fates = Arc::clone(fates);
    act(move |player, _| {
        fates.lock().unwrap().insert(n, "begun");
        Box::pin(async move {
            turns(slowness).await;
            let (fate, result): (_, ActorResult) = match kind {
                0 => {
                    drop(reply);
                    ("dropped", Ok(()))
                }
                1 => {
                    player.kept.push(reply);
                    ("kept", Ok(()))
                }
                2 => {
                    player.kept.push(reply);
                    ("kept", Err("told to fail".into()))
                }
                3 => {
                    fates.lock().unwrap().insert(n, "failed");
                    let _in_hand = reply;
                    return Err("told to fail".into());
                }
                4 => {
                    fates.lock().unwrap().insert(n, "failed");
                    let _in_hand = reply;
                    panic!("told to panic");
                }
                _ => {
                    reply.send(n);
                    ("answered", Ok(()))
                }
            };
            fates.lock().unwrap().insert(n, fate);
            result
        })
    })
}

/// Whether an outcome is one that the fate of the request allows.
fn is_right(outcome: &Result<u64, AskError>, n: u64, fate: Option<&'static str>) -> bool {
    let may_have_run = |error: &AskError| error.may_have_run();
    match (outcome, fate) {
        (Ok(value), Some("answered")) => *value == n,
        // Killed between its last word and the end of its handler.
        (Err(AskError::NoReply), Some("dropped")) => true,
        (Err(AskError::Failed { .. }), Some("failed" | "kept")) => true,
        (Err(AskError::Stopped { begun: true, .. }), Some("begun" | "kept" | "failed")) => true,
        (Err(AskError::Stopped { begun: false, .. } | AskError::Closed), None) => true,
        (Err(error), None) => !may_have_run(error),
        _ => false,
    }
}

// B2, B3
#[test]
fn every_ask_resolves_at_once_when_its_actor_ends_and_says_what_became_of_it() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let (spec, child) = Player::child("child", &diary)
            .mailbox(Mailbox::bounded(2))
            .build();
        let supervisor = Supervisor::builder(Strategy::OneForOne)
            .intensity(100, Duration::from_secs(1))
            .child(spec)
            .start(&system)
            .await
            .unwrap();
        system.expect_failure(&child);
        let fates = Fates::default();
        let outcomes = Arc::new(Mutex::new(Vec::new()));

        for asker in 0..3 {
            let (child, fates) = (child.clone(), Arc::clone(&fates));
            let outcomes = Arc::clone(&outcomes);
            let mut rng = system.rng(&format!("asker {asker}"));
            beside(&system, async move {
                for n in asker * 10..asker * 10 + 4 {
                    let (kind, slowness) = (rng.below(10), rng.below(3));
                    let request = |reply| request(&fates, n, kind, slowness, reply);
                    let outcome = child.ask(request).await;
                    outcomes.lock().unwrap().push((n, outcome));
                }
            });
        }
        let mut rng = system.rng("disturber");
        for _ in 0..4 {
            turns(rng.below(15)).await;
            match rng.below(2) {
                0 => child.kill(),
                _ => child.stop(),
            }
        }
        system.settle().await;
        supervisor.stop();
        supervisor.wait().await;
        system.settle().await;

        assert!(system.elapsed().is_zero(), "one waited for its deadline");
        let fates = fates.lock().unwrap();
        let outcomes = outcomes.lock().unwrap();
        assert_eq!(outcomes.len(), 12, "each resolves, and once");
        for (n, outcome) in outcomes.iter() {
            let fate = fates.get(n).copied();
            assert!(is_right(outcome, *n, fate), "{n}: {fate:?}, {outcome:?}");
        }
    });
}

// B4
#[test]
fn deadlines_are_exact_and_cover_the_wait_for_room() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let mut rng = system.rng("times");
        for n in 0..4 {
            let server = Player::new("server", &diary);
            let server = system.actor(server).mailbox(Mailbox::bounded(1)).spawn();
            let [busy, queued, takes] = [rng.below(20), rng.below(20), rng.below(20)];
            let patience = rng.below(60);
            server.send(rest(millis(busy))).await.unwrap();
            // Behind this one there is no room.
            server.send(rest(millis(queued))).await.unwrap();
            let (here, since) = (system.clone(), system.elapsed());

            beside(&system, async move {
                let request = |reply| slow_answer(takes, n, reply);
                let answered = server.ask_within(millis(patience), request).await;

                let passed = here.elapsed() - since;
                match answered {
                    Ok(value) => {
                        assert_eq!((value, passed), (n, millis(busy + queued + takes)));
                        assert!(passed <= millis(patience), "behind the deadline");
                    }
                    Err(AskError::Timeout { accepted, after }) => {
                        assert_eq!((after, passed), (millis(patience), millis(patience)));
                        // At the very instant at which there is room it is either.
                        assert!(accepted == (patience > busy) || patience == busy);
                        assert!(patience <= busy + queued + takes);
                    }
                    Err(other) => panic!("{other:?}"),
                }
            });
        }
        system.advance(millis(100)).await;
    });
}

/// Answers after so many milliseconds, if anybody waits then.
fn slow_answer(takes: u64, n: u64, reply: Reply<u64>) -> Act {
    act(move |_, _| {
        Box::pin(async move {
            tokio::time::sleep(millis(takes)).await;
            reply.send(n);
            Ok(())
        })
    })
}

// B5
#[test]
fn who_asks_itself_is_told_at_once_while_others_ask_it_too() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let player = system.spawn(Player::new("narcissus", &diary));
        let other = player.clone();
        let admirer = beside(&system, async move {
            for n in 0..3 {
                let answered = other.ask(|reply| answer(n, reply)).await;
                assert_eq!(answered, Ok(n));
            }
        });

        for _ in 0..3 {
            let oneself = act(|player, ctx| {
                let me = ctx.actor_ref();
                Box::pin(async move {
                    turn().await;
                    let asked = me.ask(|reply| answer(1, reply)).await;
                    player.note(&format!("{asked:?}"));
                    Ok(())
                })
            });
            player.send(oneself).await.unwrap();
        }
        admirer.wait().await;
        system.settle().await;

        assert_eq!(diary.count("narcissus Err(WouldDeadlock)"), 3);
        assert!(system.elapsed().is_zero());
    });
}

// B6
#[test]
fn a_reply_that_wanders_through_others_and_over_the_end_of_some_is_answered() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let last = system.spawn(Player::new("last", &diary));
        let middle = system.spawn(Player::new("middle", &diary));
        let first = system.spawn(Player::new("first", &diary));

        let (to_middle, to_last) = (middle.clone(), last.clone());
        let asked = first.ask(move |reply| {
            act_now(move |_, ctx| {
                let on = act_now(move |_, ctx| {
                    let send = async move { to_last.send(answer(7, reply)).await.ok() };
                    // Beside the actor, which goes on.
                    ctx.pipe(send, |_| super::cast::note(1));
                });
                to_middle.try_send(on).expect("there is room");
                ctx.stop();
            })
        });

        assert_eq!(asked.await, Ok(7));
        assert_eq!(first.wait().await, ExitReason::Normal);
    });
}

// B3
#[test]
fn a_reply_that_an_actor_kept_resolves_when_it_ends_and_not_at_the_deadline() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let keeper = system.spawn(Player::new("keeper", &diary));
        let asked = keeper.clone();
        let asker = beside(&system, async move {
            let kept = asked.ask(keep).await;
            let is_told = matches!(kept, Err(AskError::Stopped { .. } | AskError::Closed));
            assert!(is_told, "{kept:?}");
        });
        turns(system.rng("end").below(8)).await;
        match system.rng("how").below(2) {
            0 => keeper.kill(),
            _ => keeper.stop(),
        }
        asker.wait().await;

        assert!(system.elapsed().is_zero());
    });
}
