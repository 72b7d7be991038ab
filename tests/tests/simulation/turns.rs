//! Who has a turn, and when.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use actor_core::prelude::*;
use actor_core::testing::{EventKind, Schedule, Simulation, TestSystem};

type Diary = Arc<Mutex<Vec<(&'static str, u32)>>>;

/// Notes what it handles.
pub(crate) struct Scribe {
    name: &'static str,
    diary: Diary,
}

impl Scribe {
    pub(crate) fn spawn(system: &TestSystem, name: &'static str, diary: &Diary) -> ActorRef<u32> {
        let scribe = Scribe {
            name,
            diary: Arc::clone(diary),
        };
        system.actor(scribe).name(name).spawn()
    }
}

impl Actor for Scribe {
    type Msg = u32;

    async fn handle(&mut self, n: u32, _ctx: &mut Context<Self>) -> ActorResult {
        self.diary.lock().unwrap().push((self.name, n));
        Ok(())
    }
}

/// Two actors with three messages each.
async fn six_messages(system: TestSystem) -> Vec<(&'static str, u32)> {
    let diary = Diary::default();
    for name in ["left", "right"] {
        let scribe = Scribe::spawn(&system, name, &diary);
        (1..=3).for_each(|n| scribe.try_send(n).unwrap());
    }
    system.settle().await;
    std::mem::take(&mut *diary.lock().unwrap())
}

#[test]
fn every_message_is_a_choice_of_who_goes_on() {
    let order = |seed| {
        let simulation = Simulation::new().schedule(Schedule::Random).seed(seed);
        let diary = simulation.run(six_messages).unwrap().output;
        let names: Vec<&'static str> = diary.iter().map(|(name, _)| *name).collect();
        names
    };

    let orders: BTreeSet<Vec<&'static str>> = (0..500).map(order).collect();

    // All the ways to put three and three in one line.
    assert_eq!(orders.len(), 20);
}

// A1
#[test]
fn no_order_changes_that_of_one_sender() {
    for seed in 0..100 {
        let diary = Simulation::new()
            .seed(seed)
            .run(six_messages)
            .unwrap()
            .output;
        for name in ["left", "right"] {
            let own: Vec<u32> = diary
                .iter()
                .filter(|(who, _)| *who == name)
                .map(|(_, n)| *n)
                .collect();
            assert_eq!(own, [1, 2, 3]);
        }
    }
}

#[test]
fn settle_lets_everybody_come_to_rest_and_no_time_pass() {
    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let diary = six_messages(system.clone()).await;
        assert_eq!(diary.len(), 6);
        assert_eq!(system.ready(), 0);
    });

    assert_eq!(report.unwrap().elapsed, Duration::ZERO);
}

#[test]
fn a_step_is_one_message_at_most() {
    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let diary = Diary::default();
        let scribe = Scribe::spawn(&system, "left", &diary);
        (1..=3).for_each(|n| scribe.try_send(n).unwrap());

        let mut handled = vec![0];
        while system.step().await {
            handled.push(diary.lock().unwrap().len());
        }

        assert_eq!(system.ready(), 0);
        assert!(
            handled.windows(2).all(|pair| pair[1] - pair[0] <= 1),
            "{handled:?}"
        );
        assert_eq!(handled.last(), Some(&3));
    });
    report.unwrap();
}

#[test]
fn ready_counts_who_could_run() {
    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let diary = Diary::default();
        assert_eq!(system.ready(), 0);
        let scribes = ["a", "b", "c"].map(|name| Scribe::spawn(&system, name, &diary));
        assert_eq!(system.ready(), 3);
        system.settle().await;
        assert_eq!(system.ready(), 0);
        scribes[1].send(1).await.unwrap();
        scribes[2].send(1).await.unwrap();
        assert_eq!(system.ready(), 2);
    });
    report.unwrap();
}

#[test]
fn run_until_stops_at_the_step_after_which_it_holds() {
    for seed in 0..50 {
        let simulation = Simulation::new().seed(seed);
        let report = simulation.run(|system| async move {
            let diary = Diary::default();
            let scribes = ["left", "right"].map(|name| Scribe::spawn(&system, name, &diary));
            for scribe in &scribes {
                (1..=3).for_each(|n| scribe.try_send(n).unwrap());
            }

            system.run_until(|| diary.lock().unwrap().len() == 4).await;

            assert_eq!(diary.lock().unwrap().len(), 4);
        });
        report.unwrap();
    }
}

#[test]
fn tasks_of_a_bare_spawn_have_had_their_turns_when_all_is_settled() {
    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let diary = Diary::default();
        let scribe = Scribe::spawn(&system, "left", &diary);
        tokio::spawn(async move {
            for n in 0..3 {
                tokio::task::yield_now().await;
                scribe.send(n).await.unwrap();
            }
        });

        system.settle().await;

        assert_eq!(diary.lock().unwrap().len(), 3);
    });
    report.unwrap();
}

#[test]
fn events_tell_who_sent_what_to_whom() {
    let simulation = Simulation::new();
    let report = simulation.run(|system| async move {
        let diary = Diary::default();
        let scribe = Scribe::spawn(&system, "left", &diary);
        scribe.send(1).await.unwrap();
        scribe.stop();
        system.settle().await;

        let events = system.events();
        let own = events.iter().filter(|event| event.actor == scribe.id());
        let kinds: Vec<String> = own.map(|event| event.to_string()).collect();
        let told = [
            "Scribe #1 is spawned, for u32",
            "is named \"left\"",
            "left #1 got u32 from the test",
            "left #1 has started",
            "left #1 stopped: ",
        ];
        for told in told {
            let told = told.replace("Scribe", "left");
            assert!(
                kinds.iter().any(|kind| kind.contains(&told)),
                "{told} in {kinds:#?}"
            );
        }
        let begun =
            |event: &&actor_core::testing::Event| matches!(event.kind, EventKind::Begun { .. });
        assert_eq!(
            events.iter().filter(begun).count() + system.dead_letters().len(),
            1
        );
    });
    report.unwrap();
}

#[test]
fn a_test_that_goes_step_by_step_changes_the_order_of_nobody_else() {
    let simulation = Simulation::new().schedule(Schedule::Fifo);
    let report = simulation.run(|system| async move {
        let diary = Diary::default();
        let scribes = ["a", "b", "c"].map(|name| Scribe::spawn(&system, name, &diary));
        for scribe in &scribes {
            (1..=4).for_each(|n| scribe.try_send(n).unwrap());
        }

        while system.step().await {}

        let names: Vec<&str> = diary
            .lock()
            .unwrap()
            .iter()
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(names.concat(), "abcabcabcabc");
    });
    report.unwrap();
}
