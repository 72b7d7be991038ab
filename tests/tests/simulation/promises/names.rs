//! H: names, groups, topics, dead letters, stashes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actor_core::prelude::*;
use actor_core::{ActorId, DeadLetterReason, Delivery, GroupEvent, LookupError, TopicPolicy};

use super::cast::{Act, Diary, Player, act_now, beside, fail, note, stop, turn, turns};
use super::in_simulation;

// H1
#[test]
fn of_those_that_race_for_a_name_one_gets_it_and_the_others_hear_who() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let holders = Arc::new(AtomicUsize::new(0));
        let racers: Vec<_> = (0..3)
            .map(|_| {
                let player = system.spawn(Player::new("racer", &diary));
                let (here, holders) = (system.clone(), Arc::clone(&holders));
                beside(&system, async move {
                    for _ in 0..3 {
                        match here.register("name", &player.any()) {
                            Ok(()) => {
                                assert_eq!(holders.fetch_add(1, Ordering::Relaxed), 0);
                                turn().await;
                                let found = here.lookup::<Act>("name").unwrap();
                                assert_eq!(found, player);
                                let other = here.lookup::<u32>("name");
                                assert!(matches!(other, Err(LookupError::WrongType { .. })));
                                holders.fetch_sub(1, Ordering::Relaxed);
                                player.stop();
                                player.wait().await;
                                return;
                            }
                            Err(_) => turns(2).await,
                        }
                    }
                    player.stop();
                })
            })
            .collect();
        for racer in racers {
            racer.wait().await;
        }

        assert!(system.lookup_any("name").is_none());
    });
}

// H2
#[test]
fn a_watcher_gets_a_snapshot_and_then_every_change_with_no_gap() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let group = system.group::<Act>("group").unwrap();
        let mut members = Vec::new();
        for n in 0..3 {
            let member = system.spawn(Player::new("member", &diary));
            members.push(member.clone());
            let group = group.clone();
            let mut rng = system.rng(&format!("member {n}"));
            beside(&system, async move {
                for _ in 0..4 {
                    turns(rng.below(3)).await;
                    match rng.below(3) {
                        0 => drop(group.leave(&member)),
                        _ => drop(group.join(&member)),
                    }
                }
                if rng.below(3) == 0 {
                    member.stop();
                }
            });
        }
        turns(system.rng("watch").below(20)).await;
        let mut watcher = group.watch();
        system.settle().await;

        let mut seen: BTreeSet<ActorId> = BTreeSet::new();
        let mut is_first = true;
        while let Some(event) = watcher.try_recv() {
            match event {
                GroupEvent::Members(members) => {
                    assert!(std::mem::take(&mut is_first), "one snapshot");
                    seen = members.iter().map(WeakActorRef::id).collect();
                }
                GroupEvent::Joined(member) => assert!(seen.insert(member.id()), "it is in"),
                GroupEvent::Left(member) => assert!(seen.remove(&member.id()), "it is out"),
                other => panic!("{other:?}"),
            }
        }
        let now: BTreeSet<ActorId> = group.members().iter().map(ActorRef::id).collect();
        assert_eq!(seen, now);
        let is_dead = |member: &ActorRef<Act>| member.is_closed() && now.contains(&member.id());
        assert!(!members.iter().any(is_dead), "the dead leave");
    });
}

// H3
#[test]
fn a_topic_reaches_each_subscriber_in_order_and_tells_a_slow_one_what_it_missed() {
    in_simulation(|system| async move {
        let topic = system.topic::<u64>("topic").unwrap();
        let items = 10;
        let readers: Vec<_> = [2, 100]
            .map(|bound| {
                let mut subscription = topic.subscribe(bound, TopicPolicy::DropOldest);
                let mut rng = system.rng(&format!("reader {bound}"));
                beside(&system, async move {
                    let mut next = 0;
                    while next < items {
                        turns(rng.below(6)).await;
                        match subscription.recv().await {
                            Some(Delivery::Item(item)) => {
                                assert_eq!(item, next, "none twice, and no silent gap");
                                next += 1;
                            }
                            Some(Delivery::Missed(count)) => {
                                assert!(bound == 2, "there was room");
                                next += count;
                            }
                            other => panic!("{other:?}"),
                        }
                    }
                })
            })
            .into();
        let publisher = beside(&system, async move {
            for item in 0..items {
                topic.publish(item);
                turn().await;
            }
        });
        publisher.wait().await;
        for reader in readers {
            assert_eq!(reader.wait().await, ExitReason::Normal);
        }
    });
}

// H4
#[test]
fn a_dead_letter_names_target_type_reason_and_the_sender_of_a_refusal() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let target = system.start_named("target", Player::new("target", &diary));
        let target = target.await.unwrap();
        let mut letters = ActorSystem::dead_letters(&system);
        let accepted = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let (target, accepted) = (target.clone(), Arc::clone(&accepted));
            beside(&system, async move {
                for n in 0..4 {
                    if target.send(note(n)).await.is_ok() {
                        accepted.fetch_add(1, Ordering::Relaxed);
                    }
                    turn().await;
                }
            });
        }
        turns(system.rng("end").below(12)).await;
        target.stop();
        target.wait().await;
        system.settle().await;

        let handled = diary.lines().len()
            - diary.count("target starts")
            - diary.count("target started")
            - diary.count("target stopped");
        let mut dead = 0;
        while let Some(letter) = letters.try_recv() {
            dead += 1;
            assert_eq!(
                (letter.target, letter.name.as_deref()),
                (target.id(), Some("target"))
            );
            assert_eq!(letter.reason, DeadLetterReason::Stopped(ExitReason::Normal));
            assert!(letter.message_type.ends_with("Act"));
            assert_eq!(letter.sender, None, "whoever ends an actor has not sent");
        }
        assert_eq!(handled + dead, accepted.load(Ordering::Relaxed));
    });
}

// H5
#[test]
fn a_stash_is_bounded_and_what_is_in_it_returns_in_order_or_is_dead() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let mailbox = Mailbox::bounded(6).stash(3);
        let player = Player::new("player", &diary);
        let player = system.actor(player).mailbox(mailbox).spawn();
        system.expect_failure(&player);
        let mut rng = system.rng("load");
        let sent = 6;
        for n in 0..sent {
            let stash = act_now(move |player, ctx| match ctx.stash(note(n)) {
                Ok(()) => {}
                Err(full) => {
                    assert_eq!(ctx.stash_len(), 3);
                    drop(full.into_message());
                    player.note(&n.to_string());
                }
            });
            player.send(stash).await.unwrap();
            turns(rng.below(3)).await;
        }
        let returns = rng.below(3);
        let end = match returns {
            0 => act_now(|_, ctx| ctx.unstash_all()),
            1 => stop(),
            _ => fail(),
        };
        player.send(end).await.unwrap();
        system.settle().await;

        let dead = super::cast::letters(&system, player.id()) as u64;
        let own = |line: &String| {
            let n = line.strip_prefix("player ")?;
            n.parse::<u64>().ok()
        };
        let numbers: Vec<u64> = diary.lines().iter().filter_map(own).collect();
        match returns {
            0 => assert_eq!(numbers, [3, 4, 5, 0, 1, 2]),
            _ => assert_eq!((numbers, dead), (vec![3, 4, 5], 3)),
        }
        player.stop();
    });
}
