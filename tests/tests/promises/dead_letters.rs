//! H4: dead letters.

use std::sync::{Arc, Mutex};

use actor_core::prelude::*;
use actor_core::{DeadLetterReason, Overflow, TrySendError};
use tests::puppet::{Act, Gate, Puppet, act_now, hold, note};
use tests::{paused_system, soon, system};

fn spawn(system: &ActorSystem) -> ActorRef<Act> {
    system.spawn(Puppet::new().0)
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
async fn a_letter_names_the_sender_in_whose_own_poll_it_was_given_up() {
    for (overflow, is_known) in [(Overflow::DropNewest, true), (Overflow::DropOldest, false)] {
        let system = system();
        let mut letters = system.dead_letters();
        let (target, gate) = full(&system, overflow).await;
        let sender = spawn(&system);

        let (told, heard) = tokio::sync::oneshot::channel();
        let to = target.clone();
        let sending = act_now(move |_, ctx| {
            to.try_send(note(2))?;
            told.send(ctx.actor_ref().id()).ok();
            Ok(())
        });
        sender.send(sending).await.unwrap();

        let id = soon("the sender", heard).await.unwrap();
        let letter = soon("a letter", letters.recv()).await.unwrap();
        assert_eq!(id, sender.id());
        assert_eq!(
            (letter.target, letter.reason),
            (target.id(), DeadLetterReason::Overflow)
        );
        // What gave way to a newer message was sent by somebody else.
        assert_eq!(letter.sender, is_known.then_some(id));
        // Outside of any actor there is no sender to name.
        target.try_send(note(3)).unwrap();
        assert_eq!(letters.try_recv().map(|letter| letter.sender), Some(None));
        gate.open();
    }
}

/// An actor that is busy and whose mailbox is full.
async fn full(system: &ActorSystem, overflow: Overflow) -> (ActorRef<Act>, Gate) {
    let target = system
        .actor(Puppet::new().0)
        .mailbox(Mailbox::bounded(1).overflow(overflow))
        .spawn();
    let (holding, mut gate) = hold();
    target.send(holding).await.unwrap();
    gate.begun().await;
    target.try_send(note(1)).unwrap();
    (target, gate)
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
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_that_never_read_hold_up_nobody() {
    let system = system();
    let idle: Vec<_> = (0..50).map(|_| system.dead_letters()).collect();
    let actor = system
        .actor(Puppet::new().0)
        .mailbox(Mailbox::unbounded())
        .spawn();
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    for number in 0..100_000 {
        actor.try_send(note(number)).unwrap();
    }

    actor.kill();
    soon("the end", actor.wait()).await;

    assert_eq!(system.dead_letter_count(), 100_000);
    for mut subscriber in idle {
        let kept = std::iter::from_fn(|| subscriber.try_recv()).count() as u64;
        assert!(kept <= 1_024, "{kept} letters were kept for it");
        assert_eq!(kept + subscriber.missed(), 100_000);
    }
}

// H4, A2
#[tokio::test]
async fn what_is_handled_is_nothing_to_subscribers() {
    let system = system();
    let mut letters = system.dead_letters();
    let (puppet, mut events) = Puppet::new();
    let actor = system.spawn(puppet);
    for number in 0..20_000 {
        actor.send(note(number)).await.unwrap();
    }

    actor.drain();

    assert_eq!(events.rest_of_notes().await.len(), 20_000);
    assert_eq!((letters.try_recv(), letters.missed()), (None, 0));
    assert_eq!(system.dead_letter_count(), 0);
}

// H4, A3
#[tokio::test]
async fn what_is_given_back_is_no_dead_letter() {
    let system = system();
    let mut letters = system.dead_letters();
    let actor = system
        .actor(Puppet::new().0)
        .mailbox(Mailbox::bounded(1))
        .spawn();
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    actor.try_send(note(1)).unwrap();

    assert!(matches!(
        actor.try_send(note(2)),
        Err(TrySendError::Full(_))
    ));
    gate.open();
    actor.drain();
    soon("the end", actor.wait()).await;
    assert!(actor.send(note(3)).await.is_err());

    assert_eq!((letters.try_recv(), system.dead_letter_count()), (None, 0));
}

/// What the library logged about dead letters: how many were left out before each line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u64>>>);

impl Log {
    /// How many lines, and how many letters those lines account for: themselves and those left out. A line that is not about a letter of
    /// its own is about those left out only.
    fn account(&self) -> (usize, u64) {
        let lines = self.0.lock().unwrap();
        (lines.len(), lines.iter().sum())
    }
}

/// Listens until it is dropped.
struct Listening {
    _here: tracing::subscriber::DefaultGuard,
    _spare: tracing::Dispatch,
}

impl Log {
    /// Listens on this thread. With one subscriber in the whole process, tracing would ask whichever thread comes first, which may be that of
    /// a test without any, and then spare all the others the asking; with two it asks them both.
    fn listen(&self) -> Listening {
        Listening {
            _spare: tracing::Dispatch::new(Log::default()),
            _here: tracing::subscriber::set_default(self.clone()),
        }
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("actor_core::dead_letter")
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        /// A line of a letter has a target.
        #[derive(Default)]
        struct Line {
            letters: u64,
        }
        impl tracing::field::Visit for Line {
            fn record_debug(&mut self, field: &tracing::field::Field, _: &dyn std::fmt::Debug) {
                self.letters += u64::from(field.name() == "target");
            }
            fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
                if field.name() == "left_out" {
                    self.letters += value;
                }
            }
        }
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().unwrap().push(line.letters);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// Makes so many dead letters.
async fn make_letters(system: &ActorSystem, count: u64) {
    let before = system.dead_letter_count();
    let actor = system
        .actor(Puppet::new().0)
        .mailbox(Mailbox::unbounded())
        .spawn();
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    for number in 0..count {
        actor.try_send(note(number)).unwrap();
    }
    actor.kill();
    actor.wait().await;
    assert_eq!(system.dead_letter_count(), before + count);
}

// H4
#[tokio::test(start_paused = true)]
async fn logging_of_dead_letters_is_rate_limited() {
    let log = Log::default();
    let _logging = log.listen();
    let system = paused_system();

    for second in 1..=3 {
        make_letters(&system, 1_000).await;
        assert_eq!(log.account().0, 10 * second);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

// H4
#[tokio::test(start_paused = true)]
async fn what_is_left_out_of_the_log_is_counted_in_it() {
    let log = Log::default();
    let _logging = log.listen();
    let system = paused_system().unchecked();

    make_letters(&system, 10_000).await;
    assert_eq!(log.account(), (10, 10));
    tokio::time::sleep(Duration::from_secs(1)).await;
    make_letters(&system, 1).await;
    assert_eq!(log.account(), (11, 10_001));

    // Also what no later letter could tell.
    make_letters(&system, 500).await;
    drop(system);
    while log.account() != (21, 10_501) {
        tokio::task::yield_now().await;
    }
}
