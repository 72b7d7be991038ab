//! Faults with given chances, decided by the seed. The choosing is pure.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use super::table::Decision;
use super::{Crash, Interception};
use crate::ActorRef;
use crate::testing::{Rng, TestSystem};

/// With which chance which fault meets a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Odds {
    pub(super) crash: f64,
    pub(super) drop: f64,
    pub(super) delay: f64,
    pub(super) delays: Range<Duration>,
    pub(super) duplicate: f64,
}

/// A decision of the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    Deliver,
    Crash,
    Drop,
    Duplicate,
    Delay(Duration),
}

impl Odds {
    fn total(&self) -> f64 {
        self.crash + self.drop + self.delay + self.duplicate
    }

    /// Takes two numbers in any case, so that one chance shifts nothing of the others.
    pub(super) fn choose(&self, rng: &mut Rng) -> Chosen {
        let share = rng.below(1 << 53) as f64 / (1_u64 << 53) as f64;
        let part = rng.next_u64();
        let mut bound = self.crash;
        if share < bound {
            return Chosen::Crash;
        }
        bound += self.drop;
        if share < bound {
            return Chosen::Drop;
        }
        bound += self.duplicate;
        if share < bound {
            return Chosen::Duplicate;
        }
        bound += self.delay;
        if share < bound {
            return Chosen::Delay(self.delay_at(part));
        }
        Chosen::Deliver
    }

    /// Some delay of the range, in whole milliseconds where there are any: the clock knows nothing finer.
    fn delay_at(&self, part: u64) -> Duration {
        let Range { start, end } = self.delays;
        let millis = u64::try_from((end - start).as_millis()).unwrap_or(u64::MAX);
        let added = (u128::from(part) * u128::from(millis)) >> 64;
        start + Duration::from_millis(added as u64)
    }
}

/// Faults that the seed decides, for [`TestSystem::faults_on`].
///
/// Chances are from 0 to 1, and all of them together come to 1 at most. Crashes meet every message that an actor handles; the others meet
/// those that were sent to it, and not its own timers.
///
/// # Examples
///
/// ```
/// use actor_core::testing::Faults;
/// use std::time::Duration;
///
/// let bad_line = Faults::<String>::new()
///     .drop(0.01)
///     .delay(0.1, Duration::from_millis(1)..Duration::from_millis(50))
///     .duplicate(0.01);
/// # drop(bad_line);
/// ```
#[must_use = "nothing happens before they are set on an actor"]
pub struct Faults<M> {
    odds: Odds,
    copy: Option<fn(&M) -> M>,
}

impl<M> Clone for Faults<M> {
    fn clone(&self) -> Self {
        Faults {
            odds: self.odds.clone(),
            copy: self.copy,
        }
    }
}

impl<M> fmt::Debug for Faults<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Faults").field(&self.odds).finish()
    }
}

impl<M> Default for Faults<M> {
    fn default() -> Self {
        Faults::new()
    }
}

impl<M> Faults<M> {
    /// None.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Faults;
    ///
    /// let none = Faults::<u32>::new();
    /// # drop(none);
    /// ```
    pub fn new() -> Self {
        Faults {
            odds: Odds::default(),
            copy: None,
        }
    }

    #[track_caller]
    fn with(mut self, set: impl FnOnce(&mut Odds)) -> Self {
        set(&mut self.odds);
        let Odds {
            crash,
            drop,
            delay,
            duplicate,
            ..
        } = self.odds;
        let are_chances = [crash, drop, delay, duplicate].iter().all(|p| *p >= 0.0);
        let total = self.odds.total();
        assert!(
            are_chances && total <= 1.0,
            "chances are numbers from 0 to 1 that come to 1 at most in all; these come to {total}"
        );
        self
    }

    /// A message makes the actor fail, with an error, with this chance. It is not handled.
    ///
    /// # Panics
    ///
    /// If this is no chance, or all together come to more than 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Faults;
    ///
    /// let shaky = Faults::<u32>::new().crash(0.01);
    /// # drop(shaky);
    /// ```
    #[track_caller]
    pub fn crash(self, chance: f64) -> Self {
        self.with(|odds| odds.crash = chance)
    }

    /// A message is lost with this chance: it becomes a [dead letter](crate::DeadLetterReason::Intercepted).
    ///
    /// # Panics
    ///
    /// If this is no chance, or all together come to more than 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Faults;
    ///
    /// let lossy = Faults::<u32>::new().drop(0.1);
    /// # drop(lossy);
    /// ```
    #[track_caller]
    pub fn drop(self, chance: f64) -> Self {
        self.with(|odds| odds.drop = chance)
    }

    /// A message is held up with this chance, for some time of this range, so that others overtake it.
    ///
    /// # Panics
    ///
    /// If this is no chance, all together come to more than 1, or the range is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Faults;
    /// use std::time::Duration;
    ///
    /// let slow = Faults::<u32>::new().delay(0.1, Duration::from_millis(1)..Duration::from_millis(50));
    /// # drop(slow);
    /// ```
    #[track_caller]
    pub fn delay(self, chance: f64, delays: Range<Duration>) -> Self {
        assert!(
            !delays.is_empty(),
            "the range of delays {delays:?} is empty"
        );
        self.with(|odds| {
            odds.delay = chance;
            odds.delays = delays;
        })
    }

    /// A message is handled twice with this chance.
    ///
    /// # Panics
    ///
    /// If this is no chance, or all together come to more than 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Faults;
    ///
    /// let twice = Faults::<u32>::new().duplicate(0.1);
    /// # drop(twice);
    /// ```
    #[track_caller]
    pub fn duplicate(mut self, chance: f64) -> Self
    where
        M: Clone,
    {
        self.copy = Some(M::clone);
        self.with(|odds| odds.duplicate = chance)
    }
}

impl TestSystem {
    /// From here on the seed decides which messages to this actor meet a fault. All such decisions are events, and part of the digest.
    ///
    /// # Panics
    ///
    /// Outside of its simulation, and for an actor that no test can intercept: see [`intercept`](TestSystem::intercept).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{Faults, Simulation};
    ///
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let sink = system.spawn(Sink);
    ///     let lost = system.faults_on(&sink, Faults::new().drop(0.5));
    ///     for n in 0..100 {
    ///         sink.send(n).await.expect("it lives");
    ///     }
    ///     system.settle().await;
    ///     assert!((30..70).contains(&lost.count()));
    ///     assert_eq!(system.dead_letters().len() as u64, lost.count());
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn faults_on<M: Send + 'static>(
        &self,
        actor: &ActorRef<M>,
        faults: Faults<M>,
    ) -> Interception {
        let Faults { odds, copy } = faults;
        self.set_fault(
            actor,
            Box::new(move |message: &M, is_sent, sim| {
                match (sim.faults.choose(&odds, is_sent), copy) {
                    (Chosen::Crash, _) => {
                        Decision::Crash(Crash::Error("a fault of the test".into()))
                    }
                    (Chosen::Drop, _) => Decision::Drop,
                    (Chosen::Delay(by), _) => Decision::Delay(by),
                    (Chosen::Duplicate, Some(copy)) => Decision::Duplicate(copy(message)),
                    (Chosen::Duplicate, None) | (Chosen::Deliver, _) => Decision::Deliver,
                }
            }),
        )
    }
}

#[cfg(test)]
mod tests;
