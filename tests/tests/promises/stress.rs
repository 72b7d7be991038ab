//! A2 under load: every accepted message is accounted for exactly once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use actor_core::prelude::*;
use tests::random::Random;
use tests::{soon, system};

const SENDERS: u64 = 64;
const EACH: u64 = 3_125;
const TARGETS: u64 = 24;

/// Notes which messages were begun.
struct Target {
    begun: Arc<Vec<AtomicU8>>,
}

impl Actor for Target {
    type Msg = u64;

    async fn handle(&mut self, number: u64, _ctx: &mut Context<Self>) -> ActorResult {
        self.begun[number as usize].fetch_add(1, Ordering::Relaxed);
        match number % 256 {
            0 => tokio::task::yield_now().await,
            1 => return Err("now and then".into()),
            // A panic without the noise of the hook.
            2 => std::panic::resume_unwind(Box::new("now and then")),
            _ => {}
        }
        Ok(())
    }
}

// A2, D5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_accepted_message_is_handled_or_a_dead_letter_under_random_stops() {
    let seed = Random::fresh_seed();
    account_for_everything(seed).await;
}

async fn account_for_everything(seed: u64) {
    let again =
        format!("replay with PROMISES_SEED={seed} cargo test -p tests --test promises stress");
    let system = system();
    let begun: Arc<Vec<AtomicU8>> =
        Arc::new((0..SENDERS * EACH).map(|_| AtomicU8::new(0)).collect());
    let mut builder = Supervisor::builder(Strategy::OneForOne).intensity(u32::MAX, HOUR);
    let mut targets = Vec::new();
    for number in 0..TARGETS {
        let placement = if number % 8 == 0 {
            Placement::Thread
        } else {
            Placement::Task
        };
        let mailbox = [
            Mailbox::bounded(1),
            Mailbox::bounded(64),
            Mailbox::unbounded(),
        ];
        let mailbox = mailbox[number as usize % 3];
        let begun = Arc::clone(&begun);
        if number % 2 == 0 {
            let make = move || Target {
                begun: Arc::clone(&begun),
            };
            let child = ChildSpec::new(number.to_string(), make);
            let (spec, target) = child.placement(placement).mailbox(mailbox).build();
            builder = builder.child(spec);
            targets.push(target);
        } else {
            let target = system.actor(Target { begun });
            targets.push(target.placement(placement).mailbox(mailbox).spawn());
        }
    }
    let supervisor = builder.start(&system).await.unwrap();
    let targets = Arc::new(targets);
    let accepted = Arc::new(AtomicU64::new(0));

    let sending: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (targets, accepted) = (Arc::clone(&targets), Arc::clone(&accepted));
            let begun = Arc::clone(&begun);
            tokio::spawn(async move {
                let mut random = Random::seeded(seed ^ sender);
                let mut refused = Vec::new();
                for number in sender * EACH..(sender + 1) * EACH {
                    let target = &targets[random.below(TARGETS) as usize];
                    let sent = match random.below(3) {
                        0 => target.try_send(number).is_ok(),
                        _ => target.send(number).await.is_ok(),
                    };
                    if sent {
                        accepted.fetch_add(1, Ordering::Relaxed);
                    } else {
                        refused.push(number);
                    }
                    // Those without a supervisor end for good, so they are hit seldom and late.
                    match random.below(4_000) {
                        0 => target.stop(),
                        1 => target.drain(),
                        2 => target.kill(),
                        _ => {}
                    }
                }
                // What was given back was not handled.
                for number in refused {
                    assert_eq!(begun[number as usize].load(Ordering::Relaxed), 0);
                }
            })
        })
        .collect();
    for sender in sending {
        soon("a sender ends", sender).await.expect(&again);
    }
    supervisor.stop();
    soon("the supervisor ends", supervisor.wait()).await;
    soon("the shutdown", system.shutdown(HOUR)).await;

    let twice = begun
        .iter()
        .filter(|times| times.load(Ordering::Relaxed) > 1);
    assert_eq!(twice.count(), 0, "handled twice; {again}");
    let handled = begun
        .iter()
        .filter(|times| times.load(Ordering::Relaxed) == 1);
    let handled = handled.count() as u64;
    assert_eq!(
        handled + system.dead_letter_count(),
        accepted.load(Ordering::Relaxed),
        "{handled} were handled; {again}"
    );
    assert_eq!(system.live_actors(), 0);
}

const HOUR: Duration = Duration::from_secs(3600);

// A2, D1: the same for restarts alone, where nothing may be lost but what was in hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_over_a_hundred_restarts() {
    const MESSAGES: u64 = 20_000;
    let system = system();
    let begun: Arc<Vec<AtomicU8>> = Arc::new((0..MESSAGES).map(|_| AtomicU8::new(0)).collect());
    let numbers = Arc::clone(&begun);
    let make = move || Target {
        begun: Arc::clone(&numbers),
    };
    let (spec, target) = ChildSpec::new("target", make)
        .mailbox(Mailbox::bounded(32))
        .build();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(u32::MAX, HOUR);
    let supervisor = builder.child(spec).start(&system).await.unwrap();

    for number in 0..MESSAGES {
        // Neither errors nor panics, only stops and kills from outside.
        let number = if matches!(number % 256, 1 | 2) {
            begun[number as usize].fetch_add(1, Ordering::Relaxed);
            continue;
        } else {
            number
        };
        target.send(number).await.unwrap();
        match number % 200 {
            0 => target.stop(),
            100 => target.kill(),
            _ => {}
        }
    }
    let begun_all = async {
        while begun.iter().any(|times| times.load(Ordering::Relaxed) != 1) {
            tokio::task::yield_now().await;
        }
    };
    soon("every message is handled once", begun_all).await;
    supervisor.stop();
    supervisor.wait().await;

    assert_eq!(system.dead_letter_count(), 0);
}
