//! G: timers.

use actor_core::prelude::*;

use super::cast::{Diary, Player, act, act_now, beside, millis, note, turns};
use super::in_simulation;

// G1
#[test]
fn the_same_key_replaces_also_at_the_instant_at_which_the_former_is_due() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let player = system.spawn(Player::new("player", &diary));
        let first = act_now(|_, ctx| ctx.send_after("key", millis(10), note(1)));
        player.send(first).await.unwrap();
        let mut rng = system.rng("times");
        let at = rng.below(3) * 5;
        tokio::time::sleep(millis(at)).await;
        let second = act_now(|player, ctx| {
            player.note("replaces");
            ctx.send_after("key", millis(10), note(2));
        });
        player.send(second).await.unwrap();
        system.advance(millis(50)).await;

        assert_eq!(diary.count("player 2"), 1);
        let replaced = diary.place("player replaces");
        match diary.count("player 1") {
            0 => {}
            _ => assert!(at == 10 && diary.place("player 1") < replaced),
        }
    });
}

// G2
#[test]
fn no_tick_is_handled_after_cancel_however_busy_the_actor_is() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let player = system.spawn(Player::new("player", &diary));
        let set = act_now(|_, ctx| {
            ctx.send_interval("tick", millis(5), || note(1));
            ctx.send_after("once", millis(20), note(2));
        });
        player.send(set).await.unwrap();
        let busy = player.clone();
        let mut rng = system.rng("load");
        beside(&system, async move {
            for _ in 0..6 {
                let time = millis(rng.below(8));
                busy.send(super::cast::rest(time)).await.unwrap();
            }
        });
        tokio::time::sleep(millis(5 * system.rng("when").below(6))).await;
        let cancel = act(|player, ctx| {
            Box::pin(async move {
                // They may be due meanwhile.
                turns(2).await;
                ctx.cancel_timer("tick");
                ctx.cancel_timer("once");
                player.note("cancelled");
                Ok(())
            })
        });
        player.send(cancel).await.unwrap();
        system.advance(millis(100)).await;

        let cancelled = diary.place("player cancelled");
        let behind = &diary.lines()[cancelled + 1..];
        assert!(behind.is_empty(), "{behind:?}");
    });
}

// G3
#[test]
fn an_interval_does_not_drift_and_skips_what_it_missed() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let player = Player::new("player", &diary);
        // Ticks need no room.
        let player = system.actor(player).mailbox(Mailbox::bounded(1)).spawn();
        let (here, times) = (system.clone(), diary.clone());
        let set = act_now(move |_, ctx| {
            ctx.send_interval("tick", millis(10), move || {
                let (here, times) = (here.clone(), times.clone());
                act_now(move |_, _| times.note(format!("at {}", here.elapsed().as_millis())))
            });
        });
        player.send(set).await.unwrap();
        let busy = player.clone();
        let mut rng = system.rng("load");
        beside(&system, async move {
            for _ in 0..5 {
                let time = millis(rng.below(25));
                busy.send(super::cast::rest(time)).await.unwrap();
            }
        });
        system.advance(millis(300)).await;

        let lines = diary.lines();
        let ticks = lines.iter().filter_map(|line| line.strip_prefix("at "));
        let ticks: Vec<u64> = ticks.map(|at| at.parse().unwrap()).collect();
        // One for each period at most, and when nobody is busy exactly on time.
        let periods: Vec<u64> = ticks.iter().map(|at| at / 10).collect();
        assert!(periods.is_sorted_by(|a, b| a < b), "{ticks:?}");
        let quiet: Vec<u64> = ticks.into_iter().filter(|at| *at > 150).collect();
        assert_eq!(quiet, (16..=30).map(|n| n * 10).collect::<Vec<_>>());
    });
}
