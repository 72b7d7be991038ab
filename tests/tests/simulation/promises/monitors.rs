//! F: monitors and links.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use actor_core::MonitorId;
use actor_core::prelude::*;

use super::cast::{Diary, Player, act_now, beside, fail, note, stop, turn, turns};
use super::in_simulation;

type Heard = Arc<Mutex<Vec<(MonitorId, ExitReason)>>>;

/// Monitors what it is sent, and notes what it hears.
struct Watcher {
    heard: Heard,
}

impl Actor for Watcher {
    type Msg = AnyActorRef;

    async fn handle(&mut self, target: AnyActorRef, ctx: &mut Context<Self>) -> ActorResult {
        ctx.monitor(&target);
        Ok(())
    }

    async fn signal(&mut self, signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
        if let Signal::Down(down) = signal {
            self.heard.lock().unwrap().push((down.monitor, down.reason));
        }
        Ok(())
    }
}

// F1
#[test]
fn each_monitor_hears_once_with_an_id_of_its_own_also_of_one_that_is_dead() {
    in_simulation(|system| async move {
        let (diary, heard) = (Diary::default(), Heard::default());
        let target = system.spawn(Player::new("target", &diary));
        system.expect_failure(&target);
        for n in 0..3 {
            let watcher = system.spawn(Watcher {
                heard: Arc::clone(&heard),
            });
            let (target, mut rng) = (target.any(), system.rng(&format!("watcher {n}")));
            let keeper = watcher.clone();
            beside(&system, async move {
                for _ in 0..3 {
                    turns(rng.below(4)).await;
                    watcher.send(target.clone()).await.unwrap();
                }
            });
            // Somebody has to, or it ends with the last message.
            let _named = system.register(&format!("watcher {n}"), &keeper.any());
        }
        let mut rng = system.rng("end");
        turns(rng.below(12)).await;
        match rng.below(3) {
            0 => target.kill(),
            1 => target.stop(),
            _ => target.send(fail()).await.unwrap(),
        }
        let reason = target.wait().await;
        system.settle().await;

        let heard = heard.lock().unwrap();
        let ids: BTreeSet<_> = heard.iter().map(|(id, _)| *id).collect();
        assert_eq!((heard.len(), ids.len()), (9, 9));
        let is_right = |why: &ExitReason| *why == reason || *why == ExitReason::NoActor;
        assert!(heard.iter().all(|(_, why)| is_right(why)), "{heard:?}");
    });
}

// F2, F4
#[test]
fn what_was_sent_before_a_death_is_handled_before_the_down_and_the_name_is_free_then() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let watcher = Player::new("watcher", &diary).on_signal(|_, player, ctx| {
            let is_free = ctx.system().lookup_any("target").is_none();
            assert!(is_free, "the name is taken");
            player.note("down");
        });
        let watcher = system.spawn(watcher);
        let target = Player::new("target", &diary);
        let target = system.start_named("target", target).await.unwrap();
        system.expect_failure(&target);
        let watched = target.any();
        let monitor = act_now(move |_, ctx| {
            ctx.monitor(&watched);
        });
        watcher.send(monitor).await.unwrap();
        system.settle().await;
        let rival = watcher.clone();
        beside(&system, async move {
            for n in 10..14 {
                rival.send(note(n)).await.unwrap();
            }
        });

        let last = watcher.clone();
        let how = system.rng("end").below(3);
        let die = super::cast::act(move |_, ctx| {
            Box::pin(async move {
                for n in 0..3 {
                    last.send(note(n)).await?;
                    turn().await;
                }
                match how {
                    0 => ctx.stop(),
                    1 => return Err("told to fail".into()),
                    _ => ctx.actor_ref().kill(),
                }
                Ok(())
            })
        });
        target.send(die).await.unwrap();
        system.settle().await;

        let down = diary.place("watcher down");
        for n in 0..3 {
            assert!(diary.place(&format!("watcher {n}")) < down, "{n}");
        }
    });
}

// F3
#[test]
fn no_down_is_handled_after_demonitor_also_if_it_was_queued() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let target = system.spawn(Player::new("target", &diary));
        let watcher = Player::new("watcher", &diary).on_signal(|_, player, _| player.note("down"));
        let watcher = system.spawn(watcher);
        let (watched, wait) = (target.any(), system.rng("wait").below(8));
        let monitor = super::cast::act(move |player, ctx| {
            Box::pin(async move {
                let monitor = ctx.monitor(&watched);
                turns(wait).await;
                ctx.demonitor(monitor);
                player.note("demonitored");
                Ok(())
            })
        });
        watcher.send(monitor).await.unwrap();
        turns(system.rng("end").below(6)).await;
        target.send(stop()).await.unwrap();
        target.wait().await;
        system.settle().await;

        assert!(diary.has("watcher demonitored"));
        // Signals are handled between messages, and it was taken back within one.
        assert!(!diary.has("watcher down"));
    });
}

fn link(target: &ActorRef<super::cast::Act>) -> super::cast::Act {
    let target = target.any();
    act_now(move |_, ctx| ctx.link(&target))
}

// F5
#[test]
fn a_failure_takes_those_that_are_linked_along_and_a_normal_end_does_not() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let names = ["a", "b", "c"];
        let [a, b, c] = names.map(|name| system.spawn(Player::new(name, &diary)));
        let trapper = Player::new("trapper", &diary).on_signal(|signal, player, _| {
            if let Signal::Exit(_) = signal {
                player.note("exit");
            }
        });
        let trapper = system.spawn(trapper);
        for player in [&a, &b, &c, &trapper] {
            system.expect_failure(player);
        }
        let traps = act_now(|_, ctx| ctx.trap_exits(true));
        trapper.send(traps).await.unwrap();
        // From both sides: there is one link at most.
        a.send(link(&b)).await.unwrap();
        b.send(link(&a)).await.unwrap();
        b.send(link(&c)).await.unwrap();
        trapper.send(link(&b)).await.unwrap();
        system.settle().await;

        let fails = system.rng("end").below(2) == 0;
        let end = if fails { fail() } else { stop() };
        a.send(end).await.unwrap();
        let busy = c.clone();
        beside(&system, async move {
            for n in 0..3 {
                busy.send(super::cast::note_after(2, n)).await.ok();
            }
        });
        system.settle().await;

        assert!(a.is_closed());
        assert_eq!((b.is_closed(), c.is_closed()), (fails, fails));
        assert!(!trapper.is_closed(), "it traps exits");
        assert_eq!(diary.count("trapper exit"), usize::from(fails));
        if fails {
            let reasons = [b.wait().await, c.wait().await];
            let is_linked = |why: &ExitReason| matches!(why, ExitReason::Linked { .. });
            assert!(reasons.iter().all(is_linked), "{reasons:?}");
        }
    });
}

// F5
#[test]
fn two_that_link_each_other_and_fail_at_once_both_end() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let pair = ["a", "b"].map(|name| system.spawn(Player::new(name, &diary)));
        for player in &pair {
            system.expect_failure(player);
        }
        pair[0].send(link(&pair[1])).await.unwrap();
        pair[1].send(link(&pair[0])).await.unwrap();
        for player in &pair {
            player.try_send(fail()).ok();
        }
        system.settle().await;

        for player in &pair {
            let reason = player.wait().await;
            assert!(reason.is_failure(), "{reason}");
        }
    });
}

// F6
#[test]
fn a_kill_is_not_trapped_and_seen_as_a_kill() {
    in_simulation(|system| async move {
        let (diary, heard) = (Diary::default(), Heard::default());
        let target = system.spawn(Player::new("target", &diary));
        let traps = act_now(|_, ctx| ctx.trap_exits(true));
        target.send(traps).await.unwrap();
        target.send(super::cast::note_after(4, 1)).await.unwrap();
        let watcher = system.spawn(Watcher {
            heard: Arc::clone(&heard),
        });
        watcher.send(target.any()).await.unwrap();
        system.run_until(|| watcher.is_empty()).await;
        turns(system.rng("end").below(8)).await;
        target.kill();
        target.wait().await;
        system.settle().await;

        let reasons: Vec<_> = heard
            .lock()
            .unwrap()
            .drain(..)
            .map(|(_, why)| why)
            .collect();
        let is_kill = reasons == [ExitReason::Killed] || reasons == [ExitReason::NoActor];
        assert!(is_kill, "{reasons:?}");
        assert!(!diary.has("target stopped"));
    });
}
