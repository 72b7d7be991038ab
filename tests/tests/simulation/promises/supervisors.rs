//! E: what supervisors do when children start and fail. What they do with single children: [`super::children`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actor_core::prelude::*;
use actor_core::testing::TestSystem;
use actor_core::{ChildState, StartError};

use super::cast::{Act, Diary, Player, Start, act, beside, fail, millis, note, stop, turns};
use super::in_simulation;

pub(crate) const NAMES: [&str; 3] = ["a", "b", "c"];

/// A supervisor with a few players, which may fail.
pub(crate) struct Family {
    pub(crate) supervisor: SupervisorRef,
    pub(crate) players: Vec<ActorRef<Act>>,
    pub(crate) diary: Diary,
}

impl Family {
    pub(crate) async fn start(system: &TestSystem, strategy: Strategy, intensity: u32) -> Self {
        let diary = Diary::default();
        let mut builder = Supervisor::builder(strategy).intensity(intensity, millis(100));
        let mut players = Vec::new();
        for name in NAMES {
            let (spec, player) = Player::child(name, &diary).build();
            builder = builder.child(spec);
            players.push(player);
        }
        let supervisor = builder.start(system).await.expect("it starts");
        for player in &players {
            system.expect_failure(player);
        }
        Family {
            supervisor,
            players,
            diary,
        }
    }

    /// Several fail, at any moments, also while others are being restarted.
    async fn suffer(&self, system: &TestSystem) {
        let mut rng = system.rng("failures");
        for _ in 0..1 + rng.below(3) {
            let victim = self.players[rng.below(3) as usize].clone();
            // Who is killed does not write down that it stopped.
            let is_stop = rng.below(2) == 0;
            beside(system, async move {
                match is_stop {
                    true => victim.stop(),
                    false => victim.send(fail()).await.expect("it takes messages"),
                }
            });
            turns(rng.below(20)).await;
        }
        system.settle().await;
    }

    pub(crate) async fn all_run(&self) -> bool {
        let children = self.supervisor.which_children().await;
        let children = children.expect("it answers");
        let runs = children
            .iter()
            .filter(|child| child.state == ChildState::Running);
        runs.count() == NAMES.len()
    }
}

/// Walks through a diary: whoever starts, those before it have completed their start, and those behind it do not run, where it is about groups.
fn check_order(lines: &[String], concerned: fn(usize, usize) -> bool) {
    let (mut has_started, mut runs) = ([false; 3], [false; 3]);
    for line in lines {
        let (name, what) = line.split_once(' ').unwrap();
        let Some(who) = NAMES.iter().position(|known| *known == name) else {
            continue;
        };
        match what {
            "starts" => {
                // One before it may have failed meanwhile, and nobody has heard of it yet.
                let mut earlier = (0..who).filter(|other| concerned(who, *other));
                assert!(
                    earlier.all(|other| has_started[other]),
                    "{line}: {lines:#?}"
                );
                let mut later = (who + 1..3).filter(|other| concerned(who, *other));
                assert!(later.all(|other| !runs[other]), "{line}: {lines:#?}");
                has_started[who] = false;
            }
            "started" => (has_started[who], runs[who]) = (true, true),
            "stopped" => runs[who] = false,
            _ => {}
        }
    }
}

// E1, E2
#[test]
fn children_start_one_by_one_and_stop_in_reverse_also_when_one_does_not_start() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let failing = system.rng("failing").below(4) as usize;
        let mut builder = Supervisor::builder(Strategy::OneForOne);
        for (number, name) in NAMES.into_iter().enumerate() {
            let start = if number == failing {
                Start::Fail
            } else {
                Start::Go
            };
            let child = Player::child_with(name, &diary, move |player| player.plan(move |_| start));
            let (spec, player) = child.build();
            builder = builder.child(spec);
            // In the mailbox before the start.
            player.send(note(1)).await.unwrap();
        }
        let started = builder.start(&system).await;
        if let Ok(supervisor) = &started {
            turns(system.rng("end").below(10)).await;
            supervisor.stop();
            supervisor.wait().await;
        }
        system.settle().await;

        let lines = diary.lines();
        let of = |what: &str| -> Vec<char> {
            let all = lines.iter().filter(|line| line.ends_with(what));
            all.map(|line| line.chars().next().unwrap()).collect()
        };
        let mut ran = of(" started");
        assert_eq!(of(" starts").len(), (failing + 1).min(3));
        assert_eq!(ran, ['a', 'b', 'c'][..failing.min(3)]);
        ran.reverse();
        assert_eq!(of(" stopped"), ran);
        match started {
            Err(StartError::Child { id, .. }) => assert_eq!(id, NAMES[failing]),
            Err(other) => panic!("{other:?}"),
            Ok(_) => assert_eq!(failing, 3),
        }
        check_order(&lines, |_, _| true);
    });
}

// E3
#[test]
fn who_comes_back_is_for_the_restart_type_to_say() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let types = [Restart::Permanent, Restart::Transient, Restart::Temporary];
        let mut builder = Supervisor::builder(Strategy::OneForOne).intensity(9, millis(100));
        let mut players = Vec::new();
        for (name, restart) in NAMES.into_iter().zip(types) {
            let (spec, player) = Player::child(name, &diary).restart(restart).build();
            builder = builder.child(spec);
            players.push(player);
        }
        let supervisor = builder.start(&system).await.unwrap();
        players
            .iter()
            .for_each(|player| system.expect_failure(player));
        let mut rng = system.rng("ends");
        let ends = [0, 1, 2].map(|_| rng.below(3));
        for (player, end) in players.clone().into_iter().zip(ends) {
            beside(&system, async move {
                match end {
                    0 => player.kill(),
                    1 => player.send(stop()).await.unwrap(),
                    _ => player.send(fail()).await.unwrap(),
                }
            });
        }
        system.settle().await;

        let comes_back = [true, ends[1] != 1, false];
        for ((player, name), is_back) in players.iter().zip(NAMES).zip(comes_back) {
            assert_eq!(player.is_closed(), !is_back, "{name}");
            assert_eq!(
                diary.count(&format!("{name} started")),
                1 + usize::from(is_back)
            );
        }
        let children = supervisor.which_children().await.unwrap();
        assert!(
            children.iter().all(|child| child.id != "c"),
            "it is forgotten"
        );
        supervisor.stop();
    });
}

// E4
#[test]
fn one_for_one_restarts_those_that_failed_and_nobody_else() {
    in_simulation(|system| async move {
        let family = Family::start(&system, Strategy::OneForOne, 9).await;
        let victim = system.rng("victim").below(3) as usize;
        family.players[victim].send(fail()).await.unwrap();
        system.settle().await;

        for (number, name) in NAMES.into_iter().enumerate() {
            let expected = if number == victim { 2 } else { 1 };
            assert_eq!(family.diary.count(&format!("{name} started")), expected);
        }
        assert!(family.all_run().await);
        family.supervisor.stop();
    });
}

// E4, E9
#[test]
fn one_for_all_stops_all_and_starts_all_in_order_however_many_fail_at_once() {
    in_simulation(|system| async move {
        let family = Family::start(&system, Strategy::OneForAll, 9).await;
        family.suffer(&system).await;

        check_order(&family.diary.lines(), |_, _| true);
        assert!(family.all_run().await);
        family.supervisor.stop();
    });
}

// E4
#[test]
fn rest_for_one_stops_those_behind_and_starts_them_in_order_however_many_fail_at_once() {
    in_simulation(|system| async move {
        let family = Family::start(&system, Strategy::RestForOne, 9).await;
        let victim = system.rng("victim").below(3) as usize;
        family.players[victim].send(fail()).await.unwrap();
        system.settle().await;
        for (number, name) in NAMES.into_iter().enumerate() {
            let expected = if number < victim { 1 } else { 2 };
            assert_eq!(family.diary.count(&format!("{name} started")), expected);
        }
        family.suffer(&system).await;

        // An elder may fail by itself while its juniors start; they wait for nobody but the ones before them.
        check_order(&family.diary.lines(), |who, other| who < other);
        assert!(family.all_run().await);
        family.supervisor.stop();
    });
}

/// How many failures a window bears: at which of them it is too many.
fn too_many(times: &[u64], max: usize, period: u64) -> Option<usize> {
    (0..times.len()).find(|at| {
        let since = times[*at].saturating_sub(period);
        let within = times[..=*at].iter().filter(|time| **time >= since);
        within.count() > max
    })
}

// E5, E6
#[test]
fn the_window_slides_and_its_edge_counts_and_over_it_the_rest_stop_in_reverse() {
    in_simulation(|system| async move {
        let family = Family::start(&system, Strategy::OneForOne, 2).await;
        let mut rng = system.rng("failures");
        let mut times = Vec::new();
        for _ in 0..6 {
            tokio::time::sleep(millis(25 * rng.below(4))).await;
            let victim = &family.players[rng.below(3) as usize];
            if victim.send(fail()).await.is_err() {
                break;
            }
            times.push(system.elapsed().as_millis() as u64);
            system.settle().await;
            if victim.is_closed() {
                break;
            }
        }

        let expected = too_many(&times, 2, 100);
        let is_over = family.players.iter().all(ActorRef::is_closed);
        assert_eq!(is_over, expected.is_some(), "{times:?}");
        if let Some(last) = expected {
            assert_eq!(last + 1, times.len());
            assert_eq!(family.supervisor.wait().await, ExitReason::Shutdown);
            let lines = family.diary.lines();
            let stops: Vec<_> = lines
                .iter()
                .filter(|line| line.ends_with("stopped"))
                .collect();
            // The one that failed first, and then the others.
            let rest = &stops[stops.len() - 2..];
            assert!(rest[0] > rest[1], "{stops:?}");
        }
        family.supervisor.stop();
    });
}

// E6
#[test]
fn a_transient_supervisor_that_gave_up_is_not_started_again() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let (spec, player) = Player::child("a", &diary).build();
        let inner = Supervisor::builder(Strategy::OneForOne)
            .intensity(1, millis(100))
            .child(spec)
            .into_child("inner");
        let (inner, _inner) = inner.restart(Restart::Transient).build();
        let (sibling, _sibling) = Player::child("b", &diary).build();
        let outer = Supervisor::builder(Strategy::OneForOne)
            .child(inner)
            .child(sibling);
        let outer = outer.start(&system).await.unwrap();
        system.expect_failure(&player);
        for _ in 0..2 {
            player.send(fail()).await.unwrap();
            turns(system.rng("pause").below(10)).await;
        }
        system.settle().await;

        assert!(player.is_closed());
        assert_eq!((diary.count("a started"), diary.count("b started")), (2, 1));
        outer.stop();
    });
}

// E7, E8
#[test]
fn a_child_that_never_starts_again_is_tried_as_often_as_allowed_while_calls_are_answered() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let attempts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&attempts);
        let child = Player::child_with("a", &diary, move |player| {
            let counted = Arc::clone(&counted);
            player.plan(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
                0 => Start::Go,
                _ => Start::Fail,
            })
        });
        let delay = system.rng("delay").below(5);
        let (spec, player) = child.backoff(Backoff::constant(millis(delay))).build();
        let (calm, sibling) = Player::child("b", &diary).build();
        let supervisor = Supervisor::builder(Strategy::OneForOne)
            .intensity(3, millis(100))
            .child(spec)
            .child(calm)
            .start(&system)
            .await
            .unwrap();
        system.expect_failure(&player);
        let calls = supervisor.clone();
        beside(&system, async move {
            // Answered, or the supervisor has ended.
            while calls.which_children().await.is_ok() {
                tokio::time::sleep(millis(1)).await;
            }
        });
        player.send(fail()).await.unwrap();
        // It is not held up.
        let asked = act(|player, _| {
            player.note("is asked");
            Box::pin(async { Ok(()) })
        });
        sibling.send(asked).await.unwrap();
        let reason = supervisor.wait().await;

        assert_eq!(reason, ExitReason::Shutdown);
        assert_eq!(attempts.load(Ordering::Relaxed), 1 + 3);
        assert_eq!(system.elapsed(), millis(3 * delay));
        // Without a delay all may be over before it has a turn.
        assert!(delay == 0 || diary.has("b is asked"));
    });
}
