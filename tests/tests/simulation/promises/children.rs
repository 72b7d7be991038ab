//! E: what supervisors do with single children, when they are asked to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actor_core::prelude::*;
use actor_core::{AutoShutdown, ChildState, SupervisorError};

use super::cast::{Diary, Player, beside, fail, millis, rest, stop, turns};
use super::in_simulation;
use super::supervisors::{Family, NAMES};

// E10
#[test]
fn a_child_that_does_not_stop_is_killed_when_its_allowance_is_over() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let mut rng = system.rng("times");
        let mut builder = Supervisor::builder(Strategy::OneForOne);
        let mut expected = Duration::ZERO;
        let mut killed = Vec::new();
        for name in NAMES {
            let (takes, allowed) = (millis(10 * rng.below(4)), millis(5 + 10 * rng.below(4)));
            let child = Player::child_with(name, &diary, move |player| player.slow_stop(takes));
            let shutdown = match rng.below(3) {
                0 => Shutdown::Kill,
                1 => Shutdown::Wait,
                _ => Shutdown::Within(allowed),
            };
            let is_killed = match shutdown {
                Shutdown::Kill => true,
                Shutdown::Within(_) => {
                    expected += takes.min(allowed);
                    takes > allowed
                }
                _ => {
                    expected += takes;
                    false
                }
            };
            killed.push(is_killed);
            let (spec, _) = child.shutdown(shutdown).build();
            builder = builder.child(spec);
        }
        let supervisor = builder.start(&system).await.unwrap();
        turns(rng.below(5)).await;
        supervisor.stop();
        supervisor.wait().await;

        // One after the other.
        assert_eq!(system.elapsed(), expected);
        for (name, is_killed) in NAMES.into_iter().zip(killed) {
            assert_eq!(
                diary.count(&format!("{name} stopped")),
                usize::from(!is_killed)
            );
        }
    });
}

// E11
#[test]
fn of_those_that_race_to_start_a_child_one_succeeds_and_the_others_hear_why_not() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let supervisor = Supervisor::builder(Strategy::OneForOne).intensity(9, millis(100));
        let supervisor = supervisor.start(&system).await.unwrap();
        let started = Arc::new(AtomicU32::new(0));
        let callers: Vec<_> = (0..3)
            .map(|n| {
                let (supervisor, diary) = (supervisor.clone(), diary.clone());
                let started = Arc::clone(&started);
                let mut rng = system.rng(&format!("caller {n}"));
                beside(&system, async move {
                    for _ in 0..4 {
                        turns(rng.below(4)).await;
                        let (spec, _) = Player::child("child", &diary).build();
                        let result = match rng.below(4) {
                            0 | 1 => supervisor.start_child(spec).await,
                            2 => supervisor.terminate_child("child").await,
                            _ => supervisor.restart_child("child").await,
                        };
                        match result {
                            Ok(()) => drop(started.fetch_add(1, Ordering::Relaxed)),
                            Err(
                                SupervisorError::AlreadyPresent(_)
                                | SupervisorError::AlreadyStarted(_)
                                | SupervisorError::NotFound(_)
                                | SupervisorError::Running(_)
                                // Somebody terminated it while it started.
                                | SupervisorError::StartFailed(ExitReason::Shutdown),
                            ) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.wait().await;
        }
        system.settle().await;

        // One at a time, whoever asked for it.
        let mut runs = false;
        for line in diary.lines() {
            match line.as_str() {
                "child started" => assert!(!std::mem::replace(&mut runs, true), "twice"),
                "child stopped" => assert!(std::mem::replace(&mut runs, false), "twice"),
                _ => {}
            }
        }
        let counts = supervisor.count_children().await.unwrap();
        let children = supervisor.which_children().await.unwrap();
        assert!(children.len() <= 1);
        let is_running = children
            .iter()
            .any(|child| child.state == ChildState::Running);
        assert_eq!(is_running, runs, "{counts:?}");
        supervisor.stop();
    });
}

// E12
#[test]
fn a_child_that_is_terminated_while_it_fails_is_not_started_again() {
    in_simulation(|system| async move {
        let strategies = [
            Strategy::OneForOne,
            Strategy::OneForAll,
            Strategy::RestForOne,
        ];
        let strategy = strategies[system.rng("strategy").below(3) as usize];
        let family = Family::start(&system, strategy, 9).await;
        let mut rng = system.rng("failures");
        let victim = rng.below(3) as usize;
        for n in 0..2 {
            let player = family.players[(victim + n) % 3].clone();
            let delay = rng.below(6);
            beside(&system, async move {
                turns(delay).await;
                player.send(fail()).await.ok();
            });
        }
        turns(rng.below(10)).await;
        let terminated = family.supervisor.terminate_child(NAMES[victim]).await;
        terminated.unwrap();
        let starts = |line: &&String| **line == format!("{} starts", NAMES[victim]);
        let before = family.diary.lines().iter().filter(starts).count();
        assert!(family.players[victim].is_closed());
        system.settle().await;

        assert_eq!(family.diary.lines().iter().filter(starts).count(), before);
        let children = family.supervisor.which_children().await.unwrap();
        for child in children {
            let expected = match child.id == NAMES[victim] {
                true => ChildState::Stopped,
                false => ChildState::Running,
            };
            assert_eq!(child.state, expected, "{}", child.id);
        }
        family.supervisor.stop();
    });
}

// E13
#[test]
fn the_own_end_of_significant_children_ends_their_supervisor_in_order() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let is_any = system.rng("policy").below(2) == 0;
        let policy = if is_any {
            AutoShutdown::Any
        } else {
            AutoShutdown::All
        };
        let mut builder = Supervisor::builder(Strategy::OneForOne).auto_shutdown(policy);
        let mut players = Vec::new();
        for name in NAMES {
            let child = Player::child(name, &diary).restart(Restart::Transient);
            let (spec, player) = child.significant(name != "a").build();
            builder = builder.child(spec);
            players.push(player);
        }
        let supervisor = builder.start(&system).await.unwrap();
        let others = players[1..].to_vec();
        for player in others {
            beside(&system, async move {
                // It may have been stopped by then.
                player.send(stop()).await.ok();
            });
            if is_any || system.rng("both").below(2) == 0 {
                turns(2).await;
            }
        }
        let reason = supervisor.wait().await;

        assert_eq!(reason, ExitReason::Shutdown);
        assert!(players.iter().all(ActorRef::is_closed));
        // The last to stop was the first to start.
        assert_eq!(diary.lines().pop().as_deref(), Some("a stopped"));
    });
}

// E15
#[test]
fn each_end_counts_once_however_many_come_for_one_incarnation() {
    in_simulation(|system| async move {
        let family = Family::start(&system, Strategy::OneForOne, 50).await;
        let player = &family.players[0];
        let (mut rng, mut ends) = (system.rng("ends"), 0);
        for _ in 0..3 {
            let (player, burst) = (player.clone(), 1 + rng.below(3));
            ends += burst as usize;
            beside(&system, async move {
                for n in 0..burst {
                    match n % 3 {
                        0 => drop(player.try_send(fail())),
                        1 => player.kill(),
                        _ => player.stop(),
                    }
                }
            });
            turns(rng.below(10)).await;
        }
        system.settle().await;

        let children = family.supervisor.which_children().await.unwrap();
        let restarts = children[0].restarts as usize;
        assert!(restarts <= ends, "{restarts} restarts after {ends} ends");
        // One that was killed before its start had a turn did not begin it.
        let starts = family.diary.count("a starts");
        assert!(
            starts <= restarts + 1,
            "{starts} starts, {restarts} restarts"
        );
        assert!(family.all_run().await);
        family.supervisor.stop();
    });
}

// E16
#[test]
fn a_child_that_wants_a_thread_is_supervised_like_a_task() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let mut builder = Supervisor::builder(Strategy::OneForAll).intensity(9, millis(100));
        let mut players = Vec::new();
        for (name, placement) in
            NAMES
                .into_iter()
                .zip([Placement::Task, Placement::Thread, Placement::Task])
        {
            let (spec, player) = Player::child(name, &diary).placement(placement).build();
            builder = builder.child(spec);
            players.push(player);
        }
        let supervisor = builder.start(&system).await.unwrap();
        players
            .iter()
            .for_each(|player| system.expect_failure(player));
        let victim = system.rng("victim").below(3) as usize;
        players[victim].send(rest(millis(3))).await.unwrap();
        players[victim].send(fail()).await.unwrap();
        system.advance(millis(10)).await;

        for name in NAMES {
            assert_eq!(diary.count(&format!("{name} started")), 2);
        }
        supervisor.stop();
        supervisor.wait().await;
        let lines = diary.lines();
        assert_eq!(
            lines[lines.len() - 3..],
            ["c stopped", "b stopped", "a stopped"]
        );
    });
}
