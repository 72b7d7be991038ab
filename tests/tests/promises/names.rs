//! H: names and dead letters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actor_core::prelude::*;
use actor_core::{DeadLetterReason, LookupError, RegisterError, StartError};
use tests::puppet::{Act, Puppet, answer, hold, note};
use tests::{paused_system, soon, system};

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

// H4
#[tokio::test]
async fn a_dead_letter_names_target_type_and_reason() {
    let system = system();
    let mut letters = system.dead_letters();
    let (puppet, _events) = Puppet::new();
    let actor = system.start_named("name", puppet).await.unwrap();
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    actor.send(note(1)).await.unwrap();

    actor.kill();

    let letter = soon("a letter", letters.recv()).await.unwrap();
    assert_eq!(letter.target, actor.id());
    assert_eq!(letter.name.as_deref(), Some("name"));
    assert!(letter.message_type.ends_with("Act"));
    assert_eq!(letter.reason, DeadLetterReason::Stopped(ExitReason::Killed));
}

// H4
#[tokio::test]
async fn whoever_ends_an_actor_is_not_taken_for_the_sender() {
    let system = system();
    let mut letters = system.dead_letters();
    let (spec, child) = ChildSpec::new("child", || Puppet::new().0).build();
    child.send(note(1)).await.unwrap();
    let ender = spawn(&system);

    // The specification is dropped, and the actor ended, in the poll of another actor.
    ender
        .send(tests::puppet::act_now(move |_, _| {
            drop(spec);
            Ok(())
        }))
        .await
        .unwrap();
    child.wait().await;
    // An actor that no system has adopted has no dead letters; one of a supervisor has.
    assert_eq!(letters.try_recv(), None);
    let backoff = Backoff::constant(Duration::from_secs(3600));
    let (spec, child) = ChildSpec::new("child", || Puppet::new().0)
        .backoff(backoff)
        .build();
    let builder = Supervisor::builder(Strategy::OneForOne).child(spec);
    let supervisor = builder.start(&system).await.unwrap();
    child.kill();
    while supervisor.which_children().await.unwrap()[0].state != actor_core::ChildState::Restarting
    {
        tokio::task::yield_now().await;
    }
    child.send(note(2)).await.unwrap();
    supervisor.terminate_child("child").await.unwrap();

    let letter = letters.try_recv().unwrap();
    assert_eq!((letter.target, letter.sender), (child.id(), None));
}

// H4
#[tokio::test]
async fn a_slow_subscriber_misses_letters_and_hears_how_many() {
    let system = system();
    let mut slow = system.dead_letters();
    let actor = system
        .actor(Puppet::new().0)
        .mailbox(Mailbox::unbounded())
        .spawn();
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    for number in 0..5_000 {
        actor.try_send(note(number)).unwrap();
    }

    // Nobody waits for the subscriber, which does not read at all meanwhile.
    actor.kill();
    soon("the end", actor.wait()).await;

    assert_eq!(system.dead_letter_count(), 5_000);
    let mut received = 0;
    while slow.try_recv().is_some() {
        received += 1;
    }
    assert!(received > 0 && slow.missed() > 0);
    assert_eq!(received + slow.missed(), 5_000);
}

// H4
#[tokio::test(start_paused = true)]
async fn logging_of_dead_letters_is_rate_limited() {
    /// Counts the events that a library logs.
    struct Counting(Arc<AtomicU64>);
    impl tracing::Subscriber for Counting {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            metadata.target().starts_with("actor_core::dead_letter")
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, _: &tracing::Event<'_>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }
    let logged = Arc::new(AtomicU64::new(0));
    let _logging = tracing::subscriber::set_default(Counting(Arc::clone(&logged)));
    let system = paused_system();

    for second in 1..=3 {
        let actor = spawn(&system);
        let (holding, mut gate) = hold();
        actor.send(holding).await.unwrap();
        gate.begun().await;
        for number in 0..1_000 {
            actor.try_send(note(number)).unwrap();
        }
        actor.kill();
        actor.wait().await;
        assert_eq!(system.dead_letter_count(), 1_000 * second);
        assert_eq!(logged.load(Ordering::SeqCst), 10 * second);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
