//! A probe: an actor in the hands of a test, which takes its messages out one by one and says what it expects.
//!
//! It is a real actor with a real mailbox; what it handles it puts where the test looks. Who waits here waits in virtual time, so nothing
//! that fails takes any real time: when all has come to rest the clock jumps to the end of the wait.
//!
//! | file | what is in it |
//! |---|---|
//! | `kept.rs` | what has arrived, the rules by which it is ignored, answered or passed on, and who waits |
//! | `expect.rs` | the methods that expect |
//! | `shown.rs` | `expect!`, and how a message is shown that may have no `Debug` |
//! | `unmet.rs` | the panic of an expectation, at the line of whoever expected |
//!
//! Source of the idea: the test probes of Akka, whose `fishForMessage`, `expectNoMessage` and `watch` are here; theirs wait in real time.

mod expect;
mod kept;
mod shown;
mod unmet;

use std::fmt;
use std::time::Duration;

pub use expect::Fish;
use kept::{Item, Kept};
#[doc(hidden)]
pub use shown::{Shown, ViaDebug, ViaType};
pub(super) use unmet::Unmet;

use super::TestSystem;
use crate::cell::{AnyCell, until};
use crate::sync::Arc;
use crate::{Actor, ActorRef, ActorResult, Context, Mailbox};

/// How long a probe waits unless it is told: as long as an ask does.
const PATIENCE: Duration = Duration::from_secs(5);

/// Stands in for an actor and lets the test see what that gets. See [`TestSystem::probe`].
///
/// A clone is the same probe. What waits does so for 5 seconds of virtual time, or [as long as it is told](Probe::within).
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::testing::{Simulation, expect};
///
/// /// Tells somebody the half of every even number.
/// struct Halver { to: ActorRef<Half> }
/// # #[derive(Debug)]
/// enum Half { Of(u32, u32), Odd }
///
/// impl Actor for Halver {
///     type Msg = u32;
///
///     async fn handle(&mut self, n: u32, _: &mut Context<Self>) -> ActorResult {
///         let answer = if n % 2 == 0 { Half::Of(n, n / 2) } else { Half::Odd };
///         Ok(self.to.send(answer).await?)
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// Simulation::new().run(|system| async move {
///     let probe = system.probe("halves");
///     let halver = system.spawn(Halver { to: probe.actor_ref() });
///
///     halver.send(8).await.expect("it lives");
///     let half = expect!(probe, Half::Of(8, half) => half);
///     assert_eq!(half, 4);
///
///     halver.send(7).await.expect("it lives");
///     expect!(probe, Half::Odd);
///     probe.expect_quiet().await;
/// })?;
/// # Ok(()) }
/// ```
pub struct Probe<M: Send + 'static> {
    name: Arc<str>,
    actor: ActorRef<M>,
    kept: Arc<Kept<M>>,
    system: TestSystem,
    patience: Duration,
}

impl<M: Send + 'static> Clone for Probe<M> {
    fn clone(&self) -> Self {
        Probe {
            name: Arc::clone(&self.name),
            actor: self.actor.clone(),
            kept: Arc::clone(&self.kept),
            system: self.system.clone(),
            patience: self.patience,
        }
    }
}

impl<M: Send + 'static> fmt::Debug for Probe<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("name", &self.name)
            .field("message_type", &std::any::type_name::<M>())
            .field("kept", &self.kept.len())
            .finish()
    }
}

/// The actor of a probe.
struct Face<M: Send + 'static> {
    kept: Arc<Kept<M>>,
}

impl<M: Send + 'static> Actor for Face<M> {
    type Msg = M;

    async fn handle(&mut self, message: M, _ctx: &mut Context<Self>) -> ActorResult {
        // What it passes on waits for room there, so a probe is as slow as whom it passes on to.
        if let Some((message, to)) = self.kept.take_in(message) {
            to.send(message).await?;
        }
        Ok(())
    }
}

impl TestSystem {
    /// A probe for messages of one type. Its actor lives as long as the probe or a reference to it does, under no name.
    ///
    /// # Panics
    ///
    /// Outside of the simulation of this system.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let probe = system.probe("numbers");
    ///     probe.actor_ref().send(7).await.expect("it lives");
    ///     assert_eq!(probe.recv().await, 7);
    /// })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn probe<M: Send + 'static>(&self, name: &str) -> Probe<M> {
        self.check();
        let kept = Arc::new(Kept::default());
        let face = Face {
            kept: Arc::clone(&kept),
        };
        // Whoever tests bounds gives the actor under test one; a probe shall take whatever comes.
        let actor = self.actor(face).mailbox(Mailbox::unbounded()).spawn();
        Probe {
            name: name.into(),
            actor,
            kept,
            system: self.clone(),
            patience: PATIENCE,
        }
    }
}

impl<M: Send + 'static> Probe<M> {
    /// A reference to it, for whoever shall send it something.
    ///
    /// # Examples
    ///
    /// See [`Probe`].
    #[must_use]
    pub fn actor_ref(&self) -> ActorRef<M> {
        self.actor.clone()
    }

    /// The same probe, which waits so long from here on: in virtual time, so it costs none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # use std::time::Duration;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let probe = system.probe("numbers");
    ///     let far = probe.actor_ref();
    ///     tokio::spawn(async move {
    ///         tokio::time::sleep(Duration::from_secs(3_600)).await;
    ///         far.send(1).await
    ///     });
    ///     assert_eq!(probe.within(Duration::from_secs(7_200)).recv().await, 1);
    ///     assert_eq!(system.elapsed(), Duration::from_secs(3_600));
    /// })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        Probe {
            patience: limit,
            ..self.clone()
        }
    }

    /// Ignores the messages of which this holds, from here on. Several rules add up.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let probe = system.probe("odd numbers");
    ///     probe.ignore(|n: &u32| n % 2 == 0);
    ///     for n in 1..=3 { probe.actor_ref().send(n).await.expect("it lives"); }
    ///     assert_eq!(probe.recv_n(2).await, [1, 3]);
    /// })?;
    /// # Ok(()) }
    /// ```
    pub fn ignore(&self, is_ignored: impl Fn(&M) -> bool + Send + 'static) {
        self.kept
            .add_rule(move |message| match is_ignored(&message) {
                true => None,
                false => Some(message),
            });
    }

    /// Answers what it gets, from here on: what the function gives back was not for it, and is kept for the test.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # enum Price { Of(&'static str, Reply<u32>), Shut }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let shop = system.probe("shop");
    ///     shop.auto_reply(|message| match message {
    ///         Price::Of(_, reply) => { reply.send(7); None }
    ///         other => Some(other),
    ///     });
    ///     let price = shop.actor_ref().ask(|reply| Price::Of("tea", reply)).await;
    ///     assert_eq!(price, Ok(7));
    /// #   drop(Price::Shut);
    /// })?;
    /// # Ok(()) }
    /// ```
    pub fn auto_reply(&self, answer: impl FnMut(M) -> Option<M> + Send + 'static) {
        self.kept.add_rule(answer);
    }

    /// Passes everything on to another actor, from here on, in order; what it keeps already stays.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let (front, back) = (system.probe("front"), system.probe("back"));
    ///     front.forward(&back.actor_ref());
    ///     front.actor_ref().send(1).await.expect("it lives");
    ///     assert_eq!(back.recv().await, 1);
    /// })?;
    /// # Ok(()) }
    /// ```
    pub fn forward(&self, to: &ActorRef<M>) {
        self.kept.forward_to(to.clone());
    }

    /// Watches an actor: its end arrives here like a message, for [`expect_stopped`](Probe::expect_stopped).
    ///
    /// # Examples
    ///
    /// See [`expect_stopped`](Probe::expect_stopped).
    pub fn watch<N: Send + 'static>(&self, actor: &ActorRef<N>) {
        let kept = Arc::clone(&self.kept);
        let id = actor.id();
        // No reference, which would keep it alive.
        let watched: Arc<dyn AnyCell> = Arc::clone(actor.cell()) as Arc<dyn AnyCell>;
        let ending = async move {
            let reason = until(&watched, |life| life.ended().cloned()).await;
            kept.put(Item::Stopped(id, reason));
        };
        self.system.spawn_part("the watch of a probe", ending);
    }
}
