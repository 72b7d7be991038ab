//! H1: names.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use actor_core::prelude::*;
use actor_core::{LookupError, RegisterError, StartError};
use tests::puppet::{Act, Puppet, answer};
use tests::{soon, system};

fn spawn(system: &ActorSystem) -> ActorRef<Act> {
    system.spawn(Puppet::new().0)
}

// H1
#[tokio::test]
async fn a_name_that_is_taken_is_refused_with_its_holder() {
    let system = system();
    let (puppet, _events) = Puppet::new();
    let holder = system.start_named("name", puppet).await.unwrap();
    let rival = spawn(&system);

    let refused = system.register("name", &rival.any()).unwrap_err();
    let RegisterError::Taken(taken) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!(taken.holder, holder.id());
    assert_eq!(taken.name, "name");
    assert!(refused.to_string().contains("name"), "{refused}");
    let (puppet, _events) = Puppet::new();
    let started = system.start_named("name", puppet).await;
    assert_eq!(started.err(), Some(StartError::NameTaken(taken.clone())));
    let (puppet, _events) = Puppet::new();
    let spawned = system.actor(puppet).name("name").spawn();
    assert!(matches!(spawned.wait().await, ExitReason::StartFailed(_)));

    assert_eq!(system.lookup("name"), Ok(holder.clone()));
    assert_eq!(
        system.register("second", &holder.any()),
        Err(RegisterError::AlreadyNamed("name".into()))
    );
    rival.stop();
    rival.wait().await;
    assert_eq!(
        system.register("third", &rival.any()),
        Err(RegisterError::Closed)
    );
}

// H1
#[tokio::test]
async fn a_lookup_with_another_message_type_names_both_types() {
    let system = system();
    let (puppet, _events) = Puppet::new();
    system.start_named("name", puppet).await.unwrap();

    let found = system.lookup::<String>("name");

    let Err(error @ LookupError::WrongType { .. }) = found else {
        panic!("{found:?}");
    };
    let text = error.to_string();
    assert!(text.contains("String") && text.contains("Act"), "{text}");
    assert_eq!(
        system.lookup::<Act>("other"),
        Err(LookupError::NotFound("other".into()))
    );
    let any = system.lookup_any("name").unwrap();
    assert!(any.typed::<String>().is_none() && any.typed::<Act>().is_some());
}

// H1
#[tokio::test]
async fn two_systems_do_not_share_names() {
    let (first, second) = (system(), system());
    let (puppet, _events) = Puppet::new();
    first.start_named("name", puppet).await.unwrap();

    assert!(second.lookup_any("name").is_none());
}

// H1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_registrations_have_one_winner() {
    let system = system();
    for round in 0..200 {
        let name = format!("name-{round}");
        let racing: Vec<_> = (0..4)
            .map(|_| {
                let (system, name) = (system.clone(), name.clone());
                tokio::spawn(async move {
                    let actor = spawn(&system);
                    let won = system.register(&name, &actor.any()).is_ok();
                    (won, actor)
                })
            })
            .collect();
        let mut winners = Vec::new();
        for racer in racing {
            let (won, actor) = racer.await.unwrap();
            if won {
                winners.push(actor);
            }
        }
        assert_eq!(winners.len(), 1);
        assert_eq!(system.lookup(&name), Ok(winners.remove(0)));
    }
}

// H1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lookup_may_race_with_starts_and_ends() {
    let system = system();
    let looking = {
        let system = system.clone();
        tokio::spawn(async move {
            let mut answered = 0;
            while answered < 200 {
                // Whoever is found answers, or has ended by then; never is it somebody else or something broken.
                if let Ok(actor) = system.lookup::<Act>("name") {
                    match actor.ask(|reply| answer(reply, 1)).await {
                        Ok(1) => answered += 1,
                        Err(AskError::Closed | AskError::Stopped { .. }) => {}
                        other => panic!("{other:?}"),
                    }
                }
                tokio::task::yield_now().await;
            }
        })
    };
    while !looking.is_finished() {
        let (puppet, _events) = Puppet::new();
        let actor = system.start_named("name", puppet).await.unwrap();
        tokio::task::yield_now().await;
        actor.stop();
        soon("the end", actor.wait()).await;
        assert!(system.lookup_any("name").is_none());
    }
    looking.await.unwrap();
}

/// Runs the same on so many threads, which begin at the same moment; what each returned.
fn at_once<T: Send>(threads: usize, run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads);
    let one = |number| {
        barrier.wait();
        run(number)
    };
    thread::scope(|scope| {
        let one = &one;
        let running: Vec<_> = (0..threads)
            .map(|number| scope.spawn(move || one(number)))
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

// H1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn losers_of_a_race_on_threads_are_told_the_winner() {
    let system = system();
    for round in 0..300 {
        let name = format!("name-{round}");
        let racers: Vec<_> = (0..4).map(|_| spawn(&system)).collect();

        let results = at_once(racers.len(), |number| {
            system.register(&name, &racers[number].any())
        });

        let winner = results.iter().position(Result::is_ok).unwrap();
        for (number, result) in results.iter().enumerate() {
            match result {
                Ok(()) => assert_eq!(number, winner),
                Err(RegisterError::Taken(taken)) => {
                    assert_eq!(taken.holder, racers[winner].id());
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(system.lookup(&name).as_ref(), Ok(&racers[winner]));
    }
}

// H1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_given_to_an_actor_while_it_ends_is_free_afterwards() {
    let system = system();
    let mut given = 0;
    for round in 0..600 {
        let actor = spawn(&system);

        let results = at_once(2, |number| match number {
            0 => Some(system.register("name", &actor.any())),
            _ if round % 2 == 0 => {
                actor.kill();
                None
            }
            _ => {
                actor.stop();
                None
            }
        });
        soon("the end", actor.wait()).await;

        match &results[0] {
            Some(Ok(())) => given += 1,
            Some(Err(RegisterError::Closed)) => {}
            other => panic!("{other:?}"),
        }
        assert!(system.lookup_any("name").is_none(), "round {round}");
    }
    assert!(given > 0, "the race was never won by the name");
    let next = spawn(&system);
    assert_eq!(system.register("name", &next.any()), Ok(()));
}

// H1, D6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_found_at_every_moment_of_a_restart() {
    let system = system();
    let (spec, child) = ChildSpec::new("child", || Puppet::new().0)
        .name("name")
        .build();
    let supervisor = Supervisor::builder(Strategy::OneForOne)
        .intensity(u32::MAX, Duration::from_secs(60))
        .child(spec)
        .start(&system)
        .await
        .unwrap();
    let (done, looked) = (AtomicBool::new(false), AtomicU64::new(0));

    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    assert_eq!(system.lookup("name").as_ref(), Ok(&child));
                    looked.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        // The runtime's own threads go on meanwhile.
        for _ in 0..300 {
            let before = looked.load(Ordering::SeqCst);
            child.kill();
            while looked.load(Ordering::SeqCst) == before {
                thread::yield_now();
            }
            let taken = system.register("name", &supervisor.any());
            assert!(matches!(taken, Err(RegisterError::Taken(_))), "{taken:?}");
        }
        done.store(true, Ordering::SeqCst);
    });
}

// H1, F4: a name of this system would never be free again.
#[tokio::test]
async fn an_actor_of_another_system_or_of_none_takes_no_name_here() {
    let (here, there) = (system(), system());
    let (puppet, _events) = Puppet::new();
    let foreign = there.spawn(puppet);
    let (spec, unstarted) = ChildSpec::new("unstarted", || Puppet::new().0).build();

    let refused = actor_core::RegisterError::NotHere;
    assert_eq!(
        here.register("foreign", &foreign.any()),
        Err(refused.clone())
    );
    assert_eq!(here.register("unstarted", &unstarted.any()), Err(refused));

    assert!(here.lookup_any("foreign").is_none());
    drop(spec);
}
