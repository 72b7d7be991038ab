//! A: messages.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use actor_core::prelude::*;
use actor_core::testing::{EventKind, TestSystem};
use actor_core::{ActorId, DeadLetterReason, Overflow, TrySendError};
use tests::poll_once;

use super::cast::{
    Act, Clerk, Diary, Ledger, Player, act, beside, fail, letters, note_after, stop, turn, turns,
};
use super::in_simulation;

const SENDERS: usize = 3;
const EACH: u64 = 6;

fn clerk(system: &TestSystem, ledger: &Ledger, mailbox: Mailbox) -> ActorRef<(usize, u64)> {
    let clerk = Clerk {
        ledger: ledger.clone(),
        slowness: system.rng("slowness").below(3),
    };
    system.actor(clerk).mailbox(mailbox).spawn()
}

// A1
#[test]
fn messages_of_one_sender_keep_their_order_among_many_senders_and_over_a_full_mailbox() {
    in_simulation(|system| async move {
        let ledger = Ledger::default();
        let clerk = clerk(&system, &ledger, Mailbox::bounded(2));

        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let clerk = clerk.clone();
                beside(&system, async move {
                    for n in 0..EACH {
                        // Whoever finds no room at once waits for it.
                        if let Err(back) = clerk.try_send((sender, n)) {
                            clerk.send(back.into_message()).await.unwrap();
                        }
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.wait().await;
        }
        system.settle().await;

        for sender in 0..SENDERS {
            assert_eq!(ledger.of(sender), (0..EACH).collect::<Vec<_>>());
        }
    });
}

// A2
#[test]
fn an_accepted_message_is_handled_or_a_dead_letter_over_failures_stops_and_kills() {
    in_simulation(|system| async move {
        let ledger = Ledger::default();
        let diary = Diary::default();
        let (spec, child) = Player::child("child", &diary)
            .mailbox(Mailbox::bounded(4))
            .build();
        let supervisor = Supervisor::builder(Strategy::OneForOne)
            .intensity(100, Duration::from_secs(1))
            .child(spec)
            .start(&system)
            .await
            .unwrap();
        system.expect_failure(&child);
        let accepted = Arc::new(AtomicU64::new(0));

        for sender in 0..SENDERS {
            let (child, ledger) = (child.clone(), ledger.clone());
            let accepted = Arc::clone(&accepted);
            let mut rng = system.rng(&format!("sender {sender}"));
            beside(&system, async move {
                for n in 0..EACH {
                    let message = entry(&ledger, sender, n, rng.below(6));
                    if child.send(message).await.is_ok() {
                        accepted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let mut rng = system.rng("disturber");
        let disturbed = child.clone();
        let disturber = beside(&system, async move {
            for _ in 0..4 {
                turns(rng.below(8)).await;
                match rng.below(3) {
                    0 => disturbed.kill(),
                    1 => disturbed.stop(),
                    _ => disturbed.drain(),
                }
            }
        });
        disturber.wait().await;
        turns(system.rng("end").below(30)).await;
        supervisor.stop();
        supervisor.wait().await;
        system.settle().await;

        let handled = ledger.all();
        let dead = letters(&system, child.id());
        let mut once = handled.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), handled.len(), "one was handled twice");
        let accepted = accepted.load(Ordering::Relaxed);
        assert_eq!(accepted, (handled.len() + dead) as u64);
    });
}

/// Is entered when it begins; then it may wait, fail, or panic.
fn entry(ledger: &Ledger, sender: usize, n: u64, kind: u64) -> Act {
    let ledger = ledger.clone();
    act(move |_, _| {
        ledger.enter(sender, n);
        Box::pin(async move {
            match kind {
                0 => Err("told to fail".into()),
                1 => panic!("told to panic"),
                kind => {
                    turns(kind - 2).await;
                    Ok(())
                }
            }
        })
    })
}

// A3
#[test]
fn a_send_that_fails_gives_the_message_back() {
    in_simulation(|system| async move {
        let ledger = Ledger::default();
        let clerk = clerk(&system, &ledger, Mailbox::bounded(1));
        let back = Arc::new(Mutex::new(Vec::new()));

        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (clerk, back) = (clerk.clone(), Arc::clone(&back));
                beside(&system, async move {
                    for n in 0..EACH {
                        let message = (sender, n);
                        let refused = match n % 2 {
                            0 => clerk.send(message).await.map_err(|e| e.into_message()),
                            _ => clerk.try_send(message).map_err(|e| e.into_message()),
                        };
                        if let Err(refused) = refused {
                            assert_eq!(refused, message);
                            back.lock().unwrap().push(refused);
                        }
                    }
                })
            })
            .collect();
        turns(system.rng("end").below(20)).await;
        clerk.stop();
        for sender in senders {
            sender.wait().await;
        }
        system.settle().await;

        let mut all = ledger.all();
        all.append(&mut back.lock().unwrap());
        let dead = letters(&system, clerk.id());
        assert_eq!(all.len() + dead, SENDERS * EACH as usize);
        let closed = clerk.try_send((9, 9)).unwrap_err();
        assert!(matches!(&closed, TrySendError::Closed(_)));
        assert_eq!(closed.into_message(), (9, 9));
    });
}

/// The largest number of messages that were accepted and not begun, at any event.
fn most_waiting(system: &TestSystem, actor: ActorId) -> usize {
    let (mut waiting, mut most) = (0usize, 0);
    for event in system.events() {
        if event.actor != actor {
            continue;
        }
        match event.kind {
            EventKind::Sent { .. } => waiting += 1,
            EventKind::Begun { .. } | EventKind::DeadLetter { .. } => waiting -= 1,
            _ => {}
        }
        most = most.max(waiting);
    }
    most
}

// A4
#[test]
fn no_more_than_the_capacity_is_accepted_and_not_begun_at_any_event() {
    in_simulation(|system| async move {
        let capacity = 1 + system.rng("capacity").below(4) as usize;
        let diary = Diary::default();
        let (spec, child) = Player::child("child", &diary)
            .mailbox(Mailbox::bounded(capacity))
            .build();
        let supervisor = Supervisor::builder(Strategy::OneForOne)
            .intensity(100, Duration::from_secs(1))
            .child(spec)
            .start(&system)
            .await
            .unwrap();
        system.expect_failure(&child);

        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let child = child.clone();
                let mut rng = system.rng(&format!("sender {sender}"));
                beside(&system, async move {
                    for n in 0..EACH {
                        // What is drawn counts as well, also over a restart.
                        let message = match rng.below(8) {
                            0 => fail(),
                            slowness => note_after(slowness % 3, n),
                        };
                        child.send(message).await.unwrap();
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.wait().await;
        }
        system.settle().await;

        assert_eq!(most_waiting(&system, child.id()), capacity);
        supervisor.stop();
    });
}

async fn flood(system: &TestSystem, policy: Overflow) -> (Ledger, ActorRef<(usize, u64)>) {
    let ledger = Ledger::default();
    let mailbox = Mailbox::bounded(2).overflow(policy);
    let clerk = clerk(system, &ledger, mailbox);
    for sender in 0..SENDERS {
        let clerk = clerk.clone();
        let mut rng = system.rng(&format!("sender {sender}"));
        beside(system, async move {
            for n in 0..EACH {
                turns(rng.below(3)).await;
                clerk.send((sender, n)).await.unwrap();
            }
        });
    }
    system.settle().await;
    (ledger, clerk)
}

// A5
#[test]
fn what_a_policy_drops_is_a_dead_letter_and_the_rest_is_handled_in_order() {
    in_simulation(|system| async move {
        for policy in [Overflow::DropNewest, Overflow::DropOldest] {
            let (ledger, clerk) = flood(&system, policy).await;

            let all = system.dead_letters();
            let dropped = all.iter().filter(|letter| letter.target == clerk.id());
            let dropped: Vec<_> = dropped.map(|letter| &letter.reason).collect();
            assert!(
                dropped
                    .iter()
                    .all(|why| **why == DeadLetterReason::Overflow)
            );
            let sent = SENDERS * EACH as usize;
            assert_eq!(ledger.all().len() + dropped.len(), sent, "{policy:?}");
            for sender in 0..SENDERS {
                assert!(ledger.of(sender).is_sorted(), "{policy:?}");
            }
            if policy == Overflow::DropOldest {
                // It is told that the new one came, and then which one gave way.
                assert!(most_waiting(&system, clerk.id()) <= 3);
            }
        }
    });
}

// A6
#[test]
fn senders_are_served_in_the_order_in_which_they_came_and_nobody_overtakes() {
    in_simulation(|system| async move {
        let ledger = Ledger::default();
        let clerk = clerk(&system, &ledger, Mailbox::bounded(1));
        // In the order in which they came.
        let sent = Ledger::default();

        for sender in 0..SENDERS {
            let (clerk, sent) = (clerk.clone(), sent.clone());
            let mut rng = system.rng(&format!("sender {sender}"));
            beside(&system, async move {
                for n in 0..EACH {
                    turns(rng.below(4)).await;
                    match rng.below(3) {
                        0 if clerk.try_send((sender, n)).is_ok() => sent.enter(sender, n),
                        0 => {}
                        1 => {
                            // One that is given up has not sent.
                            let mut given_up = clerk.send((sender, n));
                            if poll_once(&mut given_up).is_some() {
                                sent.enter(sender, n);
                            }
                        }
                        _ => {
                            sent.enter(sender, n);
                            clerk.send((sender, n)).await.unwrap();
                        }
                    }
                }
            });
        }
        system.settle().await;

        assert_eq!(ledger.all(), sent.all());
    });
}

/// What is in the mailbox, in the order of arrival: key and number.
type Model = Arc<Mutex<Vec<(i64, u64)>>>;

/// Checks that each message is the one whose turn it is.
struct Sorter {
    model: Model,
    next: fn(&[(i64, u64)]) -> usize,
}

impl Actor for Sorter {
    type Msg = (i64, u64);

    async fn handle(&mut self, msg: (i64, u64), _ctx: &mut Context<Self>) -> ActorResult {
        {
            let mut model = self.model.lock().unwrap();
            let place = (self.next)(&model);
            assert_eq!(model.remove(place), msg);
        }
        turn().await;
        Ok(())
    }
}

async fn sort(system: TestSystem, mailbox: Mailbox, next: fn(&[(i64, u64)]) -> usize) {
    let model = Model::default();
    let sorter = Sorter {
        model: Arc::clone(&model),
        next,
    };
    let key: fn(&(i64, u64)) -> i64 = |message| message.0;
    let is_by_priority = next(&[(1, 0), (0, 1), (1, 2)]) == 1;
    let builder = system.actor(sorter).mailbox(mailbox);
    let sorter = match is_by_priority {
        true => builder.priority(key).spawn(),
        false => builder.spawn(),
    };
    for sender in 0..SENDERS as u64 {
        let (sorter, model) = (sorter.clone(), Arc::clone(&model));
        let mut rng = system.rng(&format!("sender {sender}"));
        beside(&system, async move {
            for n in 0..EACH {
                turns(rng.below(2)).await;
                let message = (rng.below(3) as i64, sender * EACH + n);
                sorter.try_send(message).unwrap();
                model.lock().unwrap().push(message);
            }
        });
    }
    system.settle().await;
    assert!(model.lock().unwrap().is_empty());
}

// A7
#[test]
fn the_message_with_the_lowest_key_begins_and_of_equals_the_first() {
    in_simulation(|system| {
        sort(system, Mailbox::default(), |model| {
            let least = model.iter().map(|message| message.0).min().unwrap();
            let is_first = |message: &(i64, u64)| message.0 == least;
            model.iter().position(is_first).unwrap()
        })
    });
}

// A7
#[test]
fn the_last_message_begins_first_where_that_is_the_discipline() {
    in_simulation(|system| sort(system, Mailbox::default().lifo(), |model| model.len() - 1));
}

/// One at a time holds it.
struct Exclusive(Arc<AtomicBool>);

impl Exclusive {
    fn take(flag: &Arc<AtomicBool>) -> Self {
        assert!(!flag.swap(true, Ordering::Relaxed), "two handlers at once");
        Exclusive(Arc::clone(flag))
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

// A8
#[test]
fn one_message_is_handled_at_a_time_over_awaits_and_restarts() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let (spec, child) = Player::child("child", &diary).build();
        let supervisor = Supervisor::builder(Strategy::OneForOne)
            .intensity(100, Duration::from_secs(1))
            .child(spec)
            .start(&system)
            .await
            .unwrap();
        system.expect_failure(&child);
        let flag = Arc::new(AtomicBool::new(false));

        let mut rng = system.rng("disturber");
        for n in 0..10 {
            let (flag, slowness) = (Arc::clone(&flag), rng.below(4));
            let exclusive = act(move |player, _| {
                Box::pin(async move {
                    let _one = Exclusive::take(&flag);
                    turns(slowness).await;
                    player.note(&n.to_string());
                    Ok(())
                })
            });
            child.send(exclusive).await.unwrap();
            turns(rng.below(4)).await;
            match rng.below(8) {
                0 => child.kill(),
                1 => child.send(fail()).await.unwrap(),
                _ => {}
            }
        }
        system.settle().await;

        // A panic of the handler would be a failure, which it is not told to have.
        assert!(!flag.load(Ordering::Relaxed));
        let failed = system.events().iter().any(|event| {
            matches!(&event.kind, EventKind::Failed { reason, .. } if matches!(**reason, ExitReason::Panicked { .. }))
        });
        assert!(!failed, "two handlers at once");
        supervisor.stop();
    });
}

// A10
#[test]
fn a_down_and_a_stop_need_no_room_in_a_full_mailbox() {
    in_simulation(|system| async move {
        let diary = Diary::default();
        let target = system.spawn(Player::new("target", &diary));
        let watcher = Player::new("watcher", &diary).on_signal(|signal, player, _| {
            let Signal::Down(_) = signal else { return };
            player.note("heard");
        });
        let watcher = system.actor(watcher).mailbox(Mailbox::bounded(1)).spawn();
        let watched = target.any();
        let monitor = act(move |_, ctx| {
            ctx.monitor(&watched);
            Box::pin(async { Ok(()) })
        });
        watcher.send(monitor).await.unwrap();

        // More than there is room for, all the time.
        let sender = watcher.clone();
        beside(&system, async move {
            for n in 0..10 {
                // It may have been stopped meanwhile.
                sender.send(note_after(1, n)).await.ok();
            }
        });
        target.send(stop()).await.unwrap();
        target.wait().await;
        system.run_until(|| diary.has("watcher heard")).await;
        watcher.stop();

        assert_eq!(watcher.wait().await, ExitReason::Normal);
        assert_eq!(diary.count("watcher heard"), 1);
    });
}
