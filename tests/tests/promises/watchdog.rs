//! The watchdog: handlers that run for longer than a limit are named.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use actor_core::ActorId;
use actor_core::Timekeeping;
use actor_core::prelude::*;
use actor_core::snapshot::{InHand, Work};
use tests::puppet::{Act, Puppet, act, act_now, answer, hold, note};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

const SECOND: Duration = Duration::from_secs(1);

/// A system in virtual time, whose watchdog barks after eight seconds.
fn virtual_system() -> ActorSystem {
    ActorSystem::builder("watched")
        .timekeeping(Timekeeping::Runtime)
        .watchdog(8 * SECOND)
        .build()
}

/// A system on the real clock with a short limit.
fn real_system() -> ActorSystem {
    ActorSystem::builder("watched")
        .watchdog(Duration::from_millis(20))
        .build()
}

fn in_hand(system: &ActorSystem, id: ActorId) -> Option<InHand> {
    system.snapshot().get(id)?.in_hand.clone()
}

fn overdue(system: &ActorSystem) -> Vec<ActorId> {
    let snapshot = system.snapshot();
    snapshot.overdue().map(|actor| actor.id).collect()
}

/// Blocks the test's own thread, which is no worker, until something holds: with all workers blocked, nothing else would wake it.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < 60 * SECOND, "{what}: not within a minute");
        std::thread::yield_now();
    }
}

/// An act that blocks its thread until the sender is used or dropped; and a way to see that it began.
fn block() -> (Act, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (began, begun) = mpsc::channel();
    let (open, opened) = mpsc::channel();
    let act = act_now(move |_, _| {
        began.send(()).ok();
        opened.recv().ok();
        Ok(())
    });
    (act, begun, open)
}

fn spawn(system: &ActorSystem) -> ActorRef<Act> {
    system.spawn(Puppet::new().0)
}

/// Handles ones that take a while.
fn nap(time: Duration) -> Act {
    act(move |_, _| {
        Box::pin(async move {
            tokio::time::sleep(time).await;
            Ok(())
        })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_that_block_every_worker_are_named() {
    let system = real_system();
    let gates: Vec<_> = (0..2)
        .map(|_| {
            let (act, begun, gate) = block();
            let actor = spawn(&system);
            actor.try_send(act).unwrap();
            (actor, begun, gate)
        })
        .collect();
    for (_, begun, _) in &gates {
        begun.recv_timeout(60 * SECOND).unwrap();
    }

    until("both are overdue", || overdue(&system).len() == 2);

    let limit = Duration::from_millis(20);
    for (actor, ..) in &gates {
        let in_hand = in_hand(&system, actor.id()).unwrap();
        assert_eq!(in_hand.work, Work::Handling);
        assert!(in_hand.at_least.unwrap() >= limit);
    }
    drop(gates);
    until("both came back", || overdue(&system).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_handler_on_a_thread_of_its_own_is_named() {
    let system = real_system();
    let (puppet, _events) = Puppet::new();
    let actor = system.actor(puppet).placement(Placement::Thread).spawn();
    let (act, _begun, gate) = block();
    actor.try_send(act).unwrap();

    until("it is overdue", || overdue(&system) == [actor.id()]);

    drop(gate);
    until("it came back", || overdue(&system).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_waits_for_a_thread_is_not_blamed() {
    let system = real_system();
    let (blocker, victim, sleeper) = (spawn(&system), spawn(&system), spawn(&system));
    let started = sleeper.ask(|reply| answer(reply, 1));
    started.await.unwrap();
    until("it sleeps", || in_hand(&system, sleeper.id()).is_none());
    let (act, begun, gate) = block();
    // The victim handles messages until it gives its thread up, which the blocker then takes.
    let first = blocker.clone();
    victim
        .try_send(act_now(move |_, _| Ok(first.try_send(act)?)))
        .unwrap();
    for number in 0..500 {
        victim.try_send(note(number)).unwrap();
    }
    begun.recv_timeout(60 * SECOND).unwrap();
    // These two get no thread to begin with.
    sleeper.try_send(note(1)).unwrap();
    let newborn = spawn(&system);

    until("the blocker is overdue", || {
        overdue(&system).contains(&blocker.id())
    });

    let snapshot = system.snapshot();
    assert_eq!(overdue(&system), [blocker.id()], "{snapshot}");
    let waiting = snapshot.get(victim.id()).unwrap();
    assert_eq!(waiting.handled + waiting.mailbox_len as u64, 501);
    assert!(waiting.mailbox_len > 0, "{snapshot}");
    assert_eq!(waiting.in_hand, None);
    assert_eq!(in_hand(&system, sleeper.id()), None);
    assert_eq!(in_hand(&system, newborn.id()), None);
    drop(gate);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_awaits_is_named_after_the_limit_and_no_more_when_it_returned() {
    let system = virtual_system();
    let actor = spawn(&system);
    let (act, mut gate) = hold();
    actor.send(act).await.unwrap();
    gate.begun().await;

    tokio::time::sleep(7 * SECOND).await;
    assert_eq!(overdue(&system), []);
    tokio::time::sleep(4 * SECOND).await;
    assert_eq!(overdue(&system), [actor.id()]);
    let elapsed = in_hand(&system, actor.id()).unwrap().at_least.unwrap();
    assert!(
        elapsed >= 9 * SECOND && elapsed <= 11 * SECOND,
        "{elapsed:?}"
    );

    gate.open();
    actor.ask(|reply| answer(reply, 1)).await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(in_hand(&system, actor.id()), None);
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_is_always_busy_with_something_else_is_never_named() {
    let system = virtual_system();
    let (busy, ticking, told) = (spawn(&system), spawn(&system), spawn(&system));
    let mut others = Vec::new();
    for _ in 0..100 {
        busy.try_send(nap(SECOND)).unwrap();
        others.push(spawn(&system));
    }
    // Ticks and the news of ends are no messages of the mailbox.
    let ask = ticking.ask(|reply: Reply<()>| {
        act_now(move |_, ctx| {
            ctx.send_interval("often", SECOND, || nap(SECOND - Duration::from_millis(10)));
            reply.send(());
            Ok(())
        })
    });
    ask.await.unwrap();
    let targets: Vec<_> = others.iter().map(ActorRef::any).collect();
    let ask = told.ask(|reply: Reply<()>| {
        act_now(move |_, ctx| {
            for target in &targets {
                ctx.monitor_with(target, |_| nap(SECOND));
            }
            reply.send(());
            Ok(())
        })
    });
    ask.await.unwrap();
    others.iter().for_each(ActorRef::stop);
    // Everybody in the middle of something at every round.
    tokio::time::sleep(SECOND / 2).await;

    let mut was_busy = [0; 3];
    for _ in 0..90 {
        tokio::time::sleep(SECOND).await;
        assert_eq!(overdue(&system), []);
        for (count, actor) in was_busy.iter_mut().zip([&busy, &ticking, &told]) {
            *count += u32::from(in_hand(&system, actor.id()).is_some());
        }
    }
    assert_eq!(was_busy, [90; 3]);
}

#[tokio::test(start_paused = true)]
async fn start_ups_and_stopped_hooks_are_named_too() {
    let system = virtual_system();
    let (start, mut starting) = hold();
    let (stop, mut stopping) = hold();
    let slow_to_start = system.spawn(Puppet::new().0.on_start(start));
    let parent = spawn(&system);
    let below = Puppet::new().0.on_stopped(stop);
    let ask = parent.ask(|reply: Reply<ActorRef<Act>>| {
        act_now(move |_, ctx| {
            reply.send(ctx.child(below).shutdown(Shutdown::Wait).spawn());
            Ok(())
        })
    });
    let slow_to_stop = ask.await.unwrap();
    parent.stop();
    starting.begun().await;
    stopping.begun().await;

    tokio::time::sleep(11 * SECOND).await;

    assert_eq!(
        overdue(&system),
        [slow_to_start.id(), slow_to_stop.id()],
        "the parent only waits"
    );
    let work = |actor: &ActorRef<Act>| in_hand(&system, actor.id()).unwrap().work;
    assert_eq!(work(&slow_to_start), Work::Starting);
    assert_eq!(work(&slow_to_stop), Work::Stopping);
}

#[tokio::test(start_paused = true)]
async fn a_watchdog_is_no_timer_of_the_system() {
    let system = virtual_system();
    for _ in 0..10 {
        assert_eq!(system.snapshot().totals.timers, 0);
        tokio::time::sleep(SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn warnings_name_the_actor_and_the_message_once_and_then_at_doubling_times() {
    let (log, _listening) = Log::listen();
    let system = virtual_system();
    let (puppet, _events) = Puppet::new();
    let actor = system.start_named("slow", puppet).await.unwrap();
    let (act, mut gate) = hold();
    actor.send(act).await.unwrap();
    gate.begun().await;

    tokio::time::sleep(70 * SECOND).await;

    let warnings = log.take();
    assert_eq!(warnings.len(), 4, "{warnings:#?}");
    for (warning, elapsed) in warnings.iter().zip(["8s", "16s", "32s", "64s"]) {
        for part in [
            "an actor has had a message in hand for too long",
            &format!("actor={}", actor.id()),
            "name=\"slow\"",
            "actor_type=\"tests::puppet::Puppet\"",
            "message_type=\"tests::puppet::Act\"",
            &format!("elapsed={elapsed}"),
            "limit=8s",
        ] {
            assert!(warning.contains(part), "no {part} in {warning}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_herd_of_stuck_actors_is_summed_up() {
    let (log, _listening) = Log::listen();
    let system = virtual_system();
    // More than are looked at in one go.
    let stuck: Vec<_> = (0..5_000)
        .map(|_| {
            let actor = spawn(&system);
            actor.try_send(nap(1_000 * SECOND)).unwrap();
            actor
        })
        .collect();

    tokio::time::sleep(13 * SECOND).await;

    let warnings = log.take();
    assert_eq!(warnings.len(), 17, "{warnings:#?}");
    assert!(warnings[16].contains("left_out=4984"), "{}", warnings[16]);
    assert_eq!(overdue(&system).len(), stuck.len());
}

#[test]
#[should_panic(expected = "a watchdog needs a limit above zero")]
fn a_limit_of_zero_is_refused() {
    drop(ActorSystem::builder("watched").watchdog(Duration::ZERO));
}

/// Keeps the warnings of the watchdog that are logged on the thread of the test.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

/// As long as this lives, the thread that made it logs there.
struct Listening {
    _guard: tracing::subscriber::DefaultGuard,
    _spare: tracing::Dispatch,
}

impl Log {
    fn listen() -> (Self, Listening) {
        let log = Log::default();
        // With one subscriber alone, `tracing` asks the thread that comes by first whether a line is wanted, and that may be the timekeeper
        // of another test, which has none. With two it asks these.
        let spare = tracing::Dispatch::new(Log::default());
        let guard = tracing::subscriber::set_default(log.clone());
        (
            log,
            Listening {
                _guard: guard,
                _spare: spare,
            },
        )
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "actor_core::watchdog"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                write!(self.0, "{field}={value:?} ").unwrap();
            }
        }
        let mut line = Line(format!("{} ", event.metadata().level()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
