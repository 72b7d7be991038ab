//! Faults that a test sets on actors, and stand-ins for children.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use actor_core::prelude::*;
use actor_core::testing::{
    Crash, EventKind, Fate, Fault, Faults, Schedule, Simulation, TestSystem, When, Which,
};
use actor_core::{DeadLetterReason, StartError};

type Diary = Arc<Mutex<Vec<u32>>>;

enum Msg {
    Note(u32),
    Tick,
    Ask(u32, Reply<u32>),
    Keep(u32),
    Unkeep,
}

/// Writes down what it handles.
struct Scribe {
    diary: Diary,
}

impl Scribe {
    fn note(&self, n: u32) {
        self.diary.lock().unwrap().push(n);
    }
}

impl Actor for Scribe {
    type Msg = Msg;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        if ctx.incarnation() == 1 {
            ctx.send_after("tick", Duration::from_secs(60), Msg::Tick);
        }
        Ok(())
    }

    async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            Msg::Note(n) => self.note(n),
            Msg::Tick => self.note(1_000),
            Msg::Ask(n, reply) => {
                self.note(n);
                reply.send(ctx.incarnation());
            }
            Msg::Keep(n) => {
                if self.diary.lock().unwrap().contains(&0) {
                    self.note(n);
                } else {
                    ctx.stash(Msg::Keep(n))?;
                }
            }
            Msg::Unkeep => {
                self.note(0);
                ctx.unstash_all();
            }
        }
        Ok(())
    }
}

fn scribe(system: &TestSystem) -> (ActorRef<Msg>, Diary) {
    let diary = Diary::default();
    let scribe = Scribe {
        diary: Arc::clone(&diary),
    };
    (system.spawn(scribe), diary)
}

/// One that is restarted.
async fn supervised(system: &TestSystem) -> (ActorRef<Msg>, Diary) {
    let diary = Diary::default();
    let written = Arc::clone(&diary);
    let factory = move || Scribe {
        diary: Arc::clone(&written),
    };
    let (spec, scribe) = ChildSpec::new("scribe", factory).build();
    let sup = Supervisor::builder(Strategy::OneForOne).intensity(1_000, Duration::from_secs(1));
    sup.child(spec).start(system).await.unwrap();
    (scribe, diary)
}

fn read(diary: &Diary) -> Vec<u32> {
    diary.lock().unwrap().clone()
}

fn number(msg: &Msg) -> u32 {
    match msg {
        Msg::Note(n) | Msg::Ask(n, _) | Msg::Keep(n) => *n,
        Msg::Tick => 1_000,
        Msg::Unkeep => 0,
    }
}

async fn send(actor: &ActorRef<Msg>, numbers: impl IntoIterator<Item = u32>) {
    for n in numbers {
        actor.send(Msg::Note(n)).await.unwrap();
    }
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn each_fate_is_what_becomes_of_the_message_and_the_others_keep_their_order() {
    let ran = Simulation::new().run(|system| async move {
        let (scribe, diary) = scribe(&system);
        let set = system.intercept(&scribe, |msg| match number(msg) {
            1 => Fate::Drop,
            2 => Fate::Delay(5 * MS),
            3 => Fate::Duplicate(Msg::Note(3)),
            4 => Fate::Replace(Msg::Note(40)),
            _ => Fate::Deliver,
        });

        send(&scribe, 1..=6).await;
        system.settle().await;
        assert_eq!(read(&diary), [3, 3, 40, 5, 6]);
        system.advance(5 * MS).await;

        assert_eq!(read(&diary), [3, 3, 40, 5, 6, 2]);
        assert_eq!(set.count(), 4);
        let faults: Vec<Fault> = system
            .events()
            .into_iter()
            .filter_map(|event| match event.kind {
                EventKind::Fault { fault, .. } => Some(fault),
                _ => None,
            })
            .collect();
        let expected = [
            Fault::Dropped,
            Fault::Delayed { by: 5 * MS },
            Fault::Duplicated,
            Fault::Replaced,
        ];
        assert_eq!(faults, expected);
    });
    ran.unwrap();
}

// F3
#[test]
fn a_dropped_message_is_a_dead_letter_and_its_reply_resolves_as_lost_on_its_way() {
    let ran = Simulation::new().run(|system| async move {
        let (scribe, _) = scribe(&system);
        system.intercept(&scribe, |_| Fate::Drop);

        let answer = scribe.ask(|reply| Msg::Ask(1, reply)).await;

        let lost = AskError::Disconnected {
            may_have_run: false,
        };
        assert_eq!(answer, Err(lost));
        let letters = system.dead_letters();
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].reason, DeadLetterReason::Intercepted);
        assert_eq!(letters[0].target, scribe.id());
    });
    ran.unwrap();
}

#[test]
fn a_dropped_message_gives_its_room_back() {
    let ran = Simulation::new().run(|system| async move {
        let diary = Diary::default();
        let scribe = system.actor(Scribe {
            diary: Arc::clone(&diary),
        });
        let scribe = scribe.mailbox(Mailbox::bounded(2)).spawn();
        system.intercept(&scribe, |msg| match number(msg) % 2 {
            0 => Fate::Drop,
            _ => Fate::Delay(MS),
        });

        send(&scribe, 0..20).await;
        system.advance(MS).await;

        let mut handled = read(&diary);
        handled.sort_unstable();
        assert_eq!(handled, (0..20).filter(|n| n % 2 == 1).collect::<Vec<_>>());
        assert_eq!(scribe.len(), 0);
    });
    ran.unwrap();
}

#[test]
fn a_removed_interception_changes_nothing_and_the_others_stay() {
    let ran = Simulation::new().run(|system| async move {
        let (scribe, diary) = scribe(&system);
        let drops = system.intercept(&scribe, |_| Fate::Drop);
        let replaces = system.intercept(&scribe, |_| Fate::Replace(Msg::Note(9)));

        send(&scribe, [1]).await;
        system.settle().await;
        drops.remove();
        send(&scribe, [2]).await;
        system.settle().await;
        replaces.remove();
        send(&scribe, [3]).await;
        system.settle().await;

        assert_eq!(read(&diary), [9, 3]);
        assert_eq!((drops.count(), replaces.count()), (1, 1));
    });
    ran.unwrap();
}

#[test]
fn a_timer_is_intercepted_like_a_message() {
    let ran = Simulation::new().run(|system| async move {
        let (scribe, diary) = scribe(&system);
        system.intercept(&scribe, |msg| match msg {
            Msg::Tick => Fate::Replace(Msg::Note(7)),
            _ => Fate::Deliver,
        });

        system.advance(Duration::from_secs(60)).await;

        assert_eq!(read(&diary), [7]);
    });
    ran.unwrap();
}

#[test]
fn a_message_from_the_stash_is_not_looked_at_again() {
    let ran = Simulation::new().run(|system| async move {
        let (scribe, diary) = scribe(&system);
        let looks = Diary::default();
        let looked = Arc::clone(&looks);
        system.intercept(&scribe, move |msg| {
            looked.lock().unwrap().push(number(msg));
            Fate::Deliver
        });

        scribe.send(Msg::Keep(1)).await.unwrap();
        scribe.send(Msg::Unkeep).await.unwrap();
        system.settle().await;

        assert_eq!(read(&diary), [0, 1]);
        assert_eq!(read(&looks), [1, 0]);
    });
    ran.unwrap();
}

#[test]
fn a_delayed_message_keeps_its_actor_alive_and_dies_with_one_that_stops() {
    let ran = Simulation::new().run(|system| async move {
        let (kept, diary) = scribe(&system);
        system.intercept(&kept, |_| Fate::Delay(5 * MS));
        send(&kept, [1]).await;
        system.settle().await;
        drop(kept);
        system.advance(5 * MS).await;
        assert_eq!(read(&diary), [1]);

        let (stopped, diary) = scribe(&system);
        system.intercept(&stopped, |_| Fate::Delay(5 * MS));
        send(&stopped, [1]).await;
        system.settle().await;
        stopped.stop();
        system.advance(5 * MS).await;
        assert_eq!(read(&diary), []);
        let reasons: Vec<_> = system.dead_letters();
        assert_eq!(
            reasons[0].reason,
            DeadLetterReason::Stopped(ExitReason::Normal)
        );
    });
    ran.unwrap();
}

#[test]
fn a_crash_at_the_nth_message_restarts_the_actor_and_loses_that_message_only() {
    let crashes = [
        Crash::Error("broken".into()),
        Crash::Panic("broken".into()),
        Crash::Kill,
    ];
    for crash in crashes {
        let ran = Simulation::new().run(|system| async move {
            let (scribe, diary) = supervised(&system).await;
            system.crash_next(&scribe, When::nth(3), crash);

            send(&scribe, 1..=5).await;
            system.settle().await;

            assert_eq!(read(&diary), [1, 2, 4, 5]);
            let asked = scribe.ask(|reply| Msg::Ask(6, reply)).await;
            assert_eq!(asked, Ok(2), "it is the second incarnation");
            assert!(system.dead_letters().is_empty());
        });
        // That it failed is no failure of the test.
        ran.unwrap();
    }
}

#[test]
fn a_crash_tells_its_reason_to_whoever_asked_and_waits() {
    let reasons = [
        (
            Crash::Error("broken".into()),
            ExitReason::Failed("broken".into()),
        ),
        (
            Crash::Panic("broken".into()),
            ExitReason::Panicked {
                text: "broken".into(),
                location: None,
            },
        ),
        (Crash::Kill, ExitReason::Killed),
    ];
    for (crash, reason) in reasons {
        let ran = Simulation::new().run(|system| async move {
            let (scribe, _) = scribe(&system);
            system.crash_next(
                &scribe,
                When::message(|msg| matches!(msg, Msg::Ask(..))),
                crash,
            );

            send(&scribe, [1, 2]).await;
            let answer = scribe.ask(|reply| Msg::Ask(3, reply)).await;

            let expected = match reason {
                ExitReason::Killed => AskError::Stopped {
                    reason: reason.clone(),
                    begun: true,
                },
                _ => AskError::Failed {
                    reason: reason.clone(),
                },
            };
            assert_eq!(answer, Err(expected));
            assert_eq!(scribe.wait().await, reason);
        });
        ran.unwrap();
    }
}

#[test]
fn a_failure_that_the_test_did_not_inject_still_fails_it() {
    let ran = Simulation::new().run(|system| async move {
        let (scribe, _) = supervised(&system).await;
        system.crash_next(&scribe, When::next(), Crash::Error("injected".into()));
        system.intercept(&scribe, |msg| match number(msg) {
            2 => panic!("a fault in the interception itself"),
            _ => Fate::Deliver,
        });
        send(&scribe, [1, 2]).await;
        system.settle().await;
    });
    let text = ran.unwrap_err().to_string();
    assert!(
        text.contains("a fault in the interception itself"),
        "{text}"
    );
}

/// A hundred messages through an actor that everything may happen to; what it handled.
async fn through_faults(system: TestSystem) -> Vec<u32> {
    #[derive(Clone)]
    struct Packet(u32);
    struct Receiver(Diary);
    impl Actor for Receiver {
        type Msg = Packet;
        async fn handle(&mut self, packet: Packet, _: &mut Context<Self>) -> ActorResult {
            self.0.lock().unwrap().push(packet.0);
            Ok(())
        }
    }

    let diary = Diary::default();
    let written = Arc::clone(&diary);
    let factory = move || Receiver(Arc::clone(&written));
    let (spec, receiver) = ChildSpec::new("receiver", factory).build();
    let sup = Supervisor::builder(Strategy::OneForOne).intensity(1_000, Duration::from_secs(1));
    sup.child(spec).start(&system).await.unwrap();
    let faults = Faults::new()
        .crash(0.05)
        .drop(0.1)
        .delay(0.2, MS..50 * MS)
        .duplicate(0.1);
    system.faults_on(&receiver, faults);
    for n in 0..100 {
        receiver.send(Packet(n)).await.unwrap();
    }
    system.advance(50 * MS).await;
    read(&diary)
}

#[test]
fn the_seed_decides_the_faults_and_they_are_part_of_the_digest() {
    let run = |seed| {
        let report = Simulation::new().seed(seed).run(through_faults).unwrap();
        (report.digest, report.output)
    };

    for seed in 0..20 {
        assert_eq!(run(seed), run(seed));
    }
    let distinct: BTreeSet<_> = (0..20).map(run).collect();
    assert_eq!(distinct.len(), 20);
}

#[test]
fn random_faults_lose_double_and_reorder_but_never_invent() {
    let simulation = Simulation::new().schedule(Schedule::Fifo);
    let handled = simulation.run(through_faults).unwrap().output;

    let distinct: BTreeSet<u32> = handled.iter().copied().collect();
    assert!(distinct.len() < 100, "some were lost");
    assert!(handled.len() > distinct.len(), "some were doubled");
    assert!(!handled.is_sorted(), "some were overtaken");
    assert!(distinct.iter().all(|n| *n < 100));
}

#[test]
fn a_stand_in_is_started_and_restarted_in_the_place_of_a_child() {
    struct Fake;
    impl Actor for Fake {
        type Msg = Msg;
        async fn handle(&mut self, msg: Msg, _: &mut Context<Self>) -> ActorResult {
            match msg {
                Msg::Ask(_, reply) => reply.send(77),
                _ => return Err("as the stand-in wants".into()),
            }
            Ok(())
        }
    }
    for which in [Which::child("scribe"), Which::actor::<Scribe>()] {
        let ran = Simulation::new().run(|system| async move {
            system.replace_factory(which, || Fake);
            let (scribe, diary) = supervised(&system).await;
            system.expect_failure(&scribe);

            assert_eq!(scribe.ask(|reply| Msg::Ask(1, reply)).await, Ok(77));
            send(&scribe, [1]).await;
            assert_eq!(scribe.ask(|reply| Msg::Ask(2, reply)).await, Ok(77));
            assert_eq!(read(&diary), []);
        });
        ran.unwrap();
    }
}

#[test]
fn a_stand_in_for_other_messages_is_told() {
    struct Other;
    impl Actor for Other {
        type Msg = u32;
        async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult {
            Ok(())
        }
    }
    let ran = Simulation::new().run(|system| async move {
        system.replace_factory(Which::child("scribe"), || Other);
        let (spec, _scribe) = ChildSpec::new("scribe", || Scribe {
            diary: Diary::default(),
        })
        .build();
        let started = Supervisor::builder(Strategy::OneForOne).child(spec);
        let Err(StartError::Child { reason, .. }) = started.start(&system).await else {
            panic!("it started");
        };
        assert!(reason.to_string().contains("that takes u32"), "{reason}");
    });
    ran.unwrap();
}

#[test]
#[should_panic(expected = "set this on that one")]
fn a_mapping_reference_is_not_intercepted() {
    let ran = Simulation::new().run(|system| async move {
        let (scribe, _) = scribe(&system);
        let mapped: ActorRef<u32> = scribe.map(Msg::Note);
        system.intercept(&mapped, |_| Fate::Drop);
    });
    ran.unwrap();
}

#[test]
#[should_panic(expected = "come to 1 at most")]
fn chances_above_one_are_told() {
    let _ = Faults::<u32>::new().drop(0.6).crash(0.6);
}
