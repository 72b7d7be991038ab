//! One router under its load: messages at a steady pace, and a look at the queues after each.

use std::time::Duration;

use actor_core::prelude::{ActorRef, ActorSystem, ExitReason, Mailbox};
use actor_core::{Backoff, ChildSpec};
use actor_pool::{Router, RouterError, RoutingPolicy};
use tokio::time::{MissedTickBehavior, interval};

use super::judge::Record;
use super::report::Line;
use super::worker::{Errand, Habit, Notes, Worker, key_of};
use crate::interrupt::Interrupt;

/// A policy, or what shows something about one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    RoundRobin,
    Random,
    LeastLoaded,
    ConsistentHash,
    Broadcast,
    SharedQueue,
    /// Least-loaded with a worker that fails at every message.
    OneFails,
}

/// In the order of the table.
pub(super) const ALL: [Policy; 7] = [
    Policy::RoundRobin,
    Policy::Random,
    Policy::LeastLoaded,
    Policy::ConsistentHash,
    Policy::Broadcast,
    Policy::SharedQueue,
    Policy::OneFails,
];

/// How often a message is sent, or, where each worker gets one, for each of them: four workers are busy for most of the time.
const PACE: Duration = Duration::from_micros(1_500);
/// How soon a worker that fails is there again.
const AGAIN: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(10));

impl Policy {
    /// The word for tables.
    pub(super) fn word(self) -> &'static str {
        match self {
            Policy::RoundRobin => "round_robin",
            Policy::Random => "random",
            Policy::LeastLoaded => "least_loaded",
            Policy::ConsistentHash => "consistent_hash",
            Policy::Broadcast => "broadcast",
            Policy::SharedQueue => "shared_queue",
            Policy::OneFails => "one_fails",
        }
    }

    /// How many workers handle a message.
    pub(super) fn copies(self, workers: u64) -> u64 {
        match self {
            Policy::Broadcast => workers,
            _ => 1,
        }
    }

    fn routing(self) -> RoutingPolicy<Errand> {
        match self {
            Policy::RoundRobin => RoutingPolicy::round_robin(),
            Policy::Random => RoutingPolicy::random(),
            Policy::LeastLoaded | Policy::OneFails => RoutingPolicy::least_loaded(),
            Policy::ConsistentHash => {
                RoutingPolicy::consistent_hash(|errand: &Errand| key_of(errand.number))
            }
            Policy::Broadcast => RoutingPolicy::broadcast(),
            Policy::SharedQueue => RoutingPolicy::shared_queue_in(Mailbox::unbounded()),
        }
    }
}

/// A router, and what its workers note.
pub(super) struct Cage {
    policy: Policy,
    workers: u32,
    router: Router<Errand>,
    actor: ActorRef<Errand>,
    notes: Notes,
}

impl Cage {
    /// Starts a router.
    ///
    /// # Errors
    /// If a worker cannot be started.
    pub(super) async fn open(
        system: &ActorSystem,
        policy: Policy,
        workers: u32,
        is_simulated: bool,
    ) -> Result<Self, RouterError> {
        let notes = Notes::default();
        let kept = notes.clone();
        let make = move |id: actor_pool::WorkerId| {
            let (number, notes) = (id.number(), kept.clone());
            let habit = match policy {
                Policy::OneFails if number == 1 && is_simulated => Habit::Leaves,
                Policy::OneFails if number == 1 => Habit::Fails,
                _ => Habit::Works,
            };
            let worker = ChildSpec::new(id, move || Worker {
                number,
                habit,
                notes: notes.clone(),
            });
            // Room for all: whom a full mailbox turns away is a matter of time, and not of the policy.
            worker
                .mailbox(Mailbox::unbounded())
                .backoff(Backoff::exponential(AGAIN.0, AGAIN.1))
        };
        let builder = Router::builder(policy.routing(), make).workers(workers as usize);
        let router = builder.start(system).await?;
        Ok(Cage {
            policy,
            workers,
            actor: router.actor_ref(),
            router,
            notes,
        })
    }

    /// Sends the messages, or those before Ctrl-C, and waits until they are worked off.
    pub(super) async fn run(
        self,
        messages: u64,
        interrupt: &Interrupt,
        patience: Duration,
        line: &Line,
    ) -> Record {
        let copies = self.policy.copies(self.workers.into());
        let mut pace = interval(PACE.saturating_mul(u32::try_from(copies).unwrap_or(1)));
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (mut sent, mut refused, mut longest) = (0, Vec::new(), 0);
        while sent < messages && !interrupt.is_requested() {
            pace.tick().await;
            if let Err(error) = self.actor.send(Errand::now(sent)).await {
                refused.push(format!("message {sent} was refused: {error}"));
            }
            sent += 1;
            longest = longest.max(self.longest_queue());
            self.notes.with(|noted| line.show(sent, longest, noted));
        }
        let restarts = self
            .router
            .workers()
            .iter()
            .map(|worker| u64::from(worker.restarts))
            .sum();
        let ended = self.router.shutdown(patience).await;
        if ended != ExitReason::Normal {
            refused.push(format!("the router did not work its queues off: {ended}"));
        }
        let noted = self.notes.with(std::mem::take);
        line.end();
        Record {
            policy: self.policy,
            workers: self.workers,
            sent,
            noted,
            longest_queue: longest,
            restarts,
            faults: refused,
        }
    }

    /// Of its workers, or the one that they share.
    fn longest_queue(&self) -> usize {
        if self.policy == Policy::SharedQueue {
            return self.actor.len();
        }
        let own = self.router.workers().into_iter();
        own.map(|worker| worker.queued).max().unwrap_or(0)
    }
}
