//! The workers of all routers, and the notes they keep together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actor_core::prelude::{Actor, ActorResult, Context};
use tokio::time::Instant;

/// How long a short message takes.
pub(super) const SHORT: Duration = Duration::from_millis(1);
/// How long a long one takes.
pub(super) const LONG: Duration = SHORT.saturating_mul(100);
/// One in so many is long.
const SKEW: u64 = 100;
/// How many keys there are.
const KEYS: u64 = 32;

/// A message.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub(super) number: u64,
    sent: Instant,
}

impl Errand {
    /// The message of that number, sent now.
    pub(super) fn now(number: u64) -> Self {
        Errand {
            number,
            sent: Instant::now(),
        }
    }

    fn is_long(&self) -> bool {
        self.number % SKEW == SKEW / 2
    }

    fn span(&self) -> Duration {
        if self.is_long() { LONG } else { SHORT }
    }
}

/// What messages are told apart by.
pub(super) fn key_of(number: u64) -> u64 {
    number.wrapping_mul(7) % KEYS
}

/// A message that a worker is done with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Done {
    pub(super) number: u64,
    /// Counted from 1.
    pub(super) worker: u32,
    pub(super) is_long: bool,
    /// From its sending to its end.
    pub(super) took: Duration,
}

/// What the workers of a router note, in the order in which it happens.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Arc<Mutex<Noted>>);

/// See [`Notes`].
#[derive(Clone, Debug, Default)]
pub(super) struct Noted {
    pub(super) done: Vec<Done>,
    /// The numbers of messages that a worker failed at.
    pub(super) failed: Vec<u64>,
}

impl Notes {
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Noted) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a worker does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// Takes its time over it.
    Works,
    /// Fails at it.
    Fails,
    /// Ends over it without an error, since a simulation takes every failure for a fault. It is replaced all the same.
    Leaves,
}

/// One of a router.
pub(super) struct Worker {
    pub(super) number: u32,
    pub(super) habit: Habit,
    pub(super) notes: Notes,
}

impl Actor for Worker {
    type Msg = Errand;

    async fn handle(&mut self, errand: Errand, ctx: &mut Context<Self>) -> ActorResult {
        if self.habit != Habit::Works {
            self.notes.with(|noted| noted.failed.push(errand.number));
            if self.habit == Habit::Leaves {
                ctx.stop();
                return Ok(());
            }
            return Err("as always".into());
        }
        tokio::time::sleep(errand.span()).await;
        let done = Done {
            number: errand.number,
            worker: self.number,
            is_long: errand.is_long(),
            took: errand.sent.elapsed(),
        };
        self.notes.with(|noted| noted.done.push(done));
        Ok(())
    }
}
