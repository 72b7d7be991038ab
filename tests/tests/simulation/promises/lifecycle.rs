//! C: lifecycles.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actor_core::prelude::*;
use actor_core::testing::TestSystem;
use actor_core::{ChildState, StartError};

use super::cast::{
    Clerk, Diary, Ledger, Player, Start, act, act_now, answer, beside, fail, letters, millis, note,
    note_after, rest, turn, turns,
};
use super::in_simulation;

// C1
#[test]
fn started_completes_before_the_first_message() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let player = system.spawn(Player::new("player", &diary));
        for n in 0..3 {
            let sender = player.clone();
            beside(&system, async move { sender.send(note(n)).await.unwrap() });
        }
        system.settle().await;

        let lines = diary.lines();
        assert_eq!(lines[..2], ["player starts", "player started"]);
        assert_eq!(lines.len(), 5);
    });
}

// C1
#[test]
fn a_start_that_fails_is_told_and_the_name_is_free_and_nothing_was_handled() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let failing = Player::new("failing", &diary).plan(|_| Start::Fail);
        let here = system.clone();
        let sender = beside(&system, async move {
            // It can be found while it starts.
            while let Ok(found) = here.lookup::<super::cast::Act>("name") {
                found.send(note(1)).await.ok();
                turn().await;
            }
        });

        let started = system.start_named("name", failing).await;

        assert!(
            matches!(started, Err(StartError::Failed { .. })),
            "{started:?}"
        );
        let next = system
            .start_named("name", Player::new("next", &diary))
            .await;
        assert!(next.is_ok(), "{next:?}");
        next.unwrap().stop();
        sender.wait().await;
        assert!(!diary.has("failing 1"));
    });
}

/// Sends for as long as it goes; how many were accepted.
fn sender(
    system: &TestSystem,
    to: &ActorRef<(usize, u64)>,
    number: usize,
    accepted: &Arc<AtomicU64>,
) -> ActorRef<()> {
    let (to, accepted) = (to.clone(), Arc::clone(accepted));
    beside(system, async move {
        for n in 0..8 {
            if to.send((number, n)).await.is_ok() {
                accepted.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
}

// C2
#[test]
fn drain_handles_what_was_accepted_and_stop_leaves_it_as_dead_letters() {
    in_simulation(|system| async move {
        for is_drain in [true, false] {
            let ledger = Ledger::default();
            let clerk = Clerk {
                ledger: ledger.clone(),
                slowness: 1,
            };
            let clerk = system.actor(clerk).mailbox(Mailbox::bounded(3)).spawn();
            let accepted = Arc::new(AtomicU64::new(0));
            let senders = [0, 1].map(|n| sender(&system, &clerk, n, &accepted));
            turns(system.rng("end").below(30)).await;
            match is_drain {
                true => clerk.drain(),
                false => clerk.stop(),
            }
            assert_eq!(clerk.wait().await, ExitReason::Normal);
            for sender in senders {
                sender.wait().await;
            }

            let dead = letters(&system, clerk.id()) as u64;
            let handled = ledger.all().len() as u64;
            assert_eq!(handled + dead, accepted.load(Ordering::Relaxed));
            assert!(!is_drain || dead == 0, "{dead} dead letters of a drain");
        }
    });
}

// C2, C3
#[test]
fn stopped_runs_once_unless_the_actor_is_killed_however_many_ends_race() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let player = system.spawn(Player::new("player", &diary).slow_stop(millis(5)));
        system.expect_failure(&player);
        let mut rng = system.rng("ends");
        for n in 0..3 {
            let (player, delay, way) = (player.clone(), rng.below(6), rng.below(5));
            beside(&system, async move {
                turns(delay).await;
                match way {
                    0 => player.kill(),
                    1 => player.stop(),
                    2 => player.drain(),
                    3 => drop(player.send(fail()).await),
                    _ => drop(player.send(note_after(2, n)).await),
                }
            });
        }
        system.settle().await;
        player.stop();
        let reason = player.wait().await;
        system.settle().await;

        let stopped = diary.count("player stopped");
        match reason {
            // A kill during the hook ends it.
            ExitReason::Killed => assert_eq!(stopped, 0),
            // Whoever fails to start has nothing to stop.
            _ => assert_eq!(stopped, diary.count("player started")),
        }
        let last = diary.lines().pop();
        assert!(stopped == 0 || last.as_deref() == Some("player stopped"));
    });
}

// C4
#[test]
fn a_panic_harms_nobody_else() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let calm = system.spawn(Player::new("calm", &diary));
        let mut rng = system.rng("when");
        for _ in 0..3 {
            let (friend, delay) = (calm.clone(), rng.below(5));
            let nervous = system.spawn(Player::new("nervous", &diary));
            system.expect_failure(&nervous);
            let panic = act(move |_, _| {
                Box::pin(async move {
                    turns(delay).await;
                    let asked = friend.ask(|reply| {
                        act(move |_, _| {
                            Box::pin(async move {
                                turns(2).await;
                                reply.send(1);
                                Ok(())
                            })
                        })
                    });
                    asked.await?;
                    panic!("told to panic")
                })
            });
            nervous.send(panic).await.unwrap();
        }
        for n in 0..5 {
            assert_eq!(calm.ask(|reply| answer(n, reply)).await, Ok(n));
        }
        system.settle().await;

        assert!(!calm.is_closed());
    });
}

// C5, C11
#[test]
fn everybody_who_waits_hears_the_same_reason_when_name_and_children_are_gone() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let parent = Player::new("parent", &diary);
        let parent = system.start_named("parent", parent).await.unwrap();
        system.expect_failure(&parent);
        let (child_diary, family) = (diary.clone(), system.clone());
        let spawn = act_now(move |_, ctx| {
            let child = Player::new("child", &child_diary).slow_stop(millis(3));
            let child = ctx.child(child).name("child").spawn();
            family.expect_failure(&child);
        });
        parent.send(spawn).await.unwrap();
        system.settle().await;

        let heard = Ledger::default();
        let reasons = Arc::new(std::sync::Mutex::new(Vec::new()));
        for n in 0..4 {
            let (parent, here, heard) = (parent.clone(), system.clone(), heard.clone());
            let (reasons, delay) = (Arc::clone(&reasons), 2 * n);
            beside(&system, async move {
                turns(delay).await;
                let reason = parent.wait().await;
                assert!(here.lookup_any("parent").is_none(), "the name is taken");
                assert!(here.lookup_any("child").is_none(), "the child runs");
                reasons.lock().unwrap().push(reason);
                heard.enter(0, n);
            });
        }
        let mut rng = system.rng("ends");
        for _ in 0..2 {
            match rng.below(3) {
                0 => parent.kill(),
                1 => parent.stop(),
                _ => drop(parent.try_send(fail())),
            }
            turns(rng.below(3)).await;
        }
        parent.stop();
        parent.wait().await;
        system.advance(millis(10)).await;

        let reasons = reasons.lock().unwrap();
        assert_eq!(heard.all().len(), 4);
        assert!(
            reasons.iter().all(|reason| *reason == reasons[0]),
            "{reasons:?}"
        );
    });
}

// C6
#[test]
fn children_stop_in_the_reverse_order_of_their_start_before_their_parent_however_it_ends() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let parent = system.spawn(Player::new("parent", &diary));
        system.expect_failure(&parent);
        let notes = diary.clone();
        let spawn = act(move |_, ctx| {
            Box::pin(async move {
                for name in ["a", "b", "c"] {
                    let child = Player::new(name, &notes);
                    ctx.child(child).start().await?;
                }
                Ok(())
            })
        });
        parent.send(spawn).await.unwrap();
        system.run_until(|| diary.has("c started")).await;
        turns(system.rng("when").below(5)).await;

        let end = system.rng("end").below(3);
        match end {
            0 => parent.kill(),
            1 => parent.stop(),
            _ => parent.try_send(fail()).unwrap(),
        }
        parent.wait().await;

        let lines = diary.lines();
        let stops: Vec<_> = lines
            .iter()
            .filter(|line| line.ends_with("stopped"))
            .collect();
        match end {
            0 => assert_eq!(stops, ["c stopped", "b stopped", "a stopped"]),
            // The hook of the parent runs first; it has stopped when the children have.
            _ => assert!(
                stops
                    .windows(3)
                    .any(|three| three == ["c stopped", "b stopped", "a stopped"]),
                "{stops:?}"
            ),
        }
    });
}

// C7
#[test]
fn an_actor_without_references_handles_what_was_sent_and_ends() {
    in_simulation(|system| async move {
        let ledger = Ledger::default();
        let clerk = system.spawn(Clerk {
            ledger: ledger.clone(),
            slowness: 1,
        });
        let mut deaths = system.rng("upgrade");
        let weak = clerk.downgrade();
        let any = clerk.id();
        for sender in 0..3 {
            let clerk = clerk.clone();
            beside(&system, async move {
                for n in 0..3 {
                    clerk.send((sender, n)).await.unwrap();
                }
            });
        }
        drop(clerk);
        let upgrades = beside(&system, async move {
            // Whoever gets hold of it again may send, or finds it closed.
            for n in 0..4 {
                turns(deaths.below(6)).await;
                let Some(again) = weak.upgrade() else { return };
                if again.send((3, n)).await.is_err() {
                    return;
                }
            }
        });
        upgrades.wait().await;
        system.settle().await;

        assert!(system.snapshot().get(any).is_none(), "it runs");
        for sender in 0..3 {
            assert_eq!(ledger.of(sender), [0, 1, 2]);
        }
        assert_eq!(letters(&system, any), 0);
    });
}

// C8
#[test]
fn shutdown_stops_everything_within_its_deadline_and_names_who_had_to_be_killed() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let other = ActorSystem::new("other");
        let mut rng = system.rng("load");
        let quick: Vec<_> = ["a", "b", "c"]
            .map(|name| other.spawn(Player::new(name, &diary)))
            .into();
        for player in &quick {
            for n in 0..rng.below(4) {
                player.send(note_after(1, n)).await.unwrap();
            }
        }
        let is_slow = rng.below(2) == 1;
        let slow = other.spawn(Player::new("slow", &diary));
        if is_slow {
            slow.send(rest(Duration::from_secs(60))).await.unwrap();
            system.settle().await;
        }
        let late = quick[0].clone();
        beside(&system, async move {
            for _ in 0..20 {
                late.send(note(9)).await.ok();
            }
        });

        let report = other.shutdown(millis(100)).await;

        assert_eq!(report.is_clean(), !is_slow, "{report:?}");
        assert!(system.elapsed() <= millis(100), "{:?}", system.elapsed());
        assert_eq!(other.live_actors(), 0);
        assert!(quick.iter().all(ActorRef::is_closed) && slow.is_closed());
    });
}

// C9
#[test]
fn a_start_that_hangs_is_ended_by_its_deadline_or_a_kill() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let hanging = Player::new("hanging", &diary).plan(|_| Start::Hang);
        let limit = millis(50);
        let hanging = system.actor(hanging).start_timeout(limit).spawn();
        system.expect_failure(&hanging);
        let kill_at = 25 * system.rng("kill").below(4);
        let killer = hanging.clone();
        beside(&system, async move {
            tokio::time::sleep(millis(kill_at)).await;
            killer.kill();
        });

        let reason = hanging.wait().await;

        let expected = millis(kill_at).min(limit);
        assert_eq!(system.elapsed(), expected);
        match kill_at {
            0..50 => assert_eq!(reason, ExitReason::Killed),
            // At one instant it is either.
            50 => assert!([ExitReason::Killed, ExitReason::StartTimeout].contains(&reason)),
            _ => assert_eq!(reason, ExitReason::StartTimeout),
        }
    });
}

// C10
#[test]
fn dropping_the_last_handle_of_a_system_resolves_all_that_was_asked() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let other = ActorSystem::new("other");
        let server = other.spawn(Player::new("server", &diary));
        let askers: Vec<_> = (0..4)
            .map(|n| {
                let server = server.clone();
                let mut rng = system.rng(&format!("asker {n}"));
                beside(&system, async move {
                    turns(rng.below(5)).await;
                    let asked = server
                        .ask(|reply| {
                            act(move |_, _| {
                                Box::pin(async move {
                                    turns(3).await;
                                    reply.send(n);
                                    Ok(())
                                })
                            })
                        })
                        .await;
                    let ended = matches!(asked, Err(AskError::Stopped { .. } | AskError::Closed));
                    assert!(ended || asked == Ok(n), "{asked:?}");
                })
            })
            .collect();
        turns(system.rng("end").below(25)).await;
        drop(other);
        for asker in askers {
            asker.wait().await;
        }

        server.wait().await;
        assert!(system.elapsed().is_zero());
    });
}

// C5
#[test]
fn a_permanent_child_that_is_stopped_by_reference_restarts_and_who_waits_goes_on_waiting() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let (spec, child) = Player::child("child", &diary).build();
        let supervisor = Supervisor::builder(Strategy::OneForOne)
            .intensity(10, Duration::from_secs(1))
            .child(spec)
            .start(&system)
            .await
            .unwrap();
        let (waited, over) = (child.clone(), diary.clone());
        let waiter = beside(&system, async move {
            waited.wait().await;
            over.note("over");
        });
        for _ in 0..3 {
            child.stop();
            turns(system.rng("pause").below(10)).await;
        }
        system.settle().await;
        assert!(!diary.has("over"));
        let children = supervisor.which_children().await.unwrap();
        assert_eq!(children[0].state, ChildState::Running);

        supervisor.terminate_child("child").await.unwrap();
        waiter.wait().await;
        assert!(diary.has("over"));
        supervisor.stop();
    });
}
