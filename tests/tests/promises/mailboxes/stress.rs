//! A2 under load, for every policy and discipline.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use actor_core::prelude::*;
use tests::clerk::{Discipline, POLICIES};
use tests::random::Random;
use tests::{soon, system};

const SENDERS: u64 = 16;
const EACH: u64 = 3_000;
const HOUR: Duration = Duration::from_secs(3600);

/// Notes which messages were begun.
struct Target(Arc<Vec<AtomicU8>>);

impl Actor for Target {
    type Msg = u64;

    async fn handle(&mut self, number: u64, _ctx: &mut Context<Self>) -> ActorResult {
        self.0[number as usize].fetch_add(1, Ordering::Relaxed);
        match number % 128 {
            0 => tokio::task::yield_now().await,
            1 => return Err("now and then".into()),
            _ => {}
        }
        Ok(())
    }
}

fn key(number: &u64) -> i64 {
    (number % 5) as i64
}

// A2, A5: what is dropped is one of the dead letters.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_is_accounted_for_like_everything_else() {
    let seed = Random::fresh_seed();
    let again =
        format!("replay with PROMISES_SEED={seed} cargo test -p tests --test promises mailboxes");
    let system = system();
    let begun: Arc<Vec<AtomicU8>> =
        Arc::new((0..SENDERS * EACH).map(|_| AtomicU8::new(0)).collect());
    let mut builder = Supervisor::builder(Strategy::OneForOne).intensity(u32::MAX, HOUR);
    let mut targets = Vec::new();
    let kinds = POLICIES
        .iter()
        .flat_map(|overflow| Discipline::ALL.map(|discipline| (*overflow, discipline)));
    for (number, (overflow, discipline)) in kinds.enumerate() {
        for placement in [Placement::Task, Placement::Task, Placement::Thread] {
            let mailbox = discipline.of(Mailbox::bounded(1 + number % 4).overflow(overflow));
            let begun = Arc::clone(&begun);
            let child = ChildSpec::new(targets.len().to_string(), move || {
                Target(Arc::clone(&begun))
            });
            let child = child.placement(placement).mailbox(mailbox);
            let (spec, target) = match discipline {
                Discipline::Priority => child.priority(key).build(),
                _ => child.build(),
            };
            builder = builder.child(spec);
            targets.push(target);
        }
    }
    let supervisor = builder.start(&system).await.unwrap();
    let (targets, accepted) = (Arc::new(targets), Arc::new(AtomicU64::new(0)));

    let sending: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (targets, accepted) = (Arc::clone(&targets), Arc::clone(&accepted));
            tokio::spawn(async move {
                let mut random = Random::seeded(seed ^ sender);
                for number in sender * EACH..(sender + 1) * EACH {
                    let target = &targets[random.below(targets.len() as u64) as usize];
                    let sent = match random.below(4) {
                        0 => target.try_send(number).is_ok(),
                        1 => target.send_timeout(number, HOUR).await.is_ok(),
                        2 => match target.reserve().await {
                            Ok(permit) => permit.send(number).is_ok(),
                            Err(_) => false,
                        },
                        _ => target.send(number).await.is_ok(),
                    };
                    accepted.fetch_add(u64::from(sent), Ordering::Relaxed);
                    match random.below(500) {
                        0 => target.stop(),
                        1 => target.drain(),
                        2 => target.kill(),
                        _ => {}
                    }
                }
            })
        })
        .collect();
    for sender in sending {
        soon("a sender ends", sender).await.expect(&again);
    }
    supervisor.stop();
    soon("the supervisor ends", supervisor.wait()).await;

    let times = |count: u8| {
        let exactly = |times: &&AtomicU8| times.load(Ordering::Relaxed) == count;
        begun.iter().filter(exactly).count() as u64
    };
    assert_eq!(
        times(0) + times(1),
        SENDERS * EACH,
        "handled twice; {again}"
    );
    assert_eq!(
        times(1) + system.dead_letter_count(),
        accepted.load(Ordering::Relaxed),
        "{again}"
    );
}
