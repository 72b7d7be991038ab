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
pub(super) mod unmet;

use std::fmt;
use std::time::Duration;

pub use expect::Fish;
use kept::{Item, Kept, address};
#[doc(hidden)]
pub use shown::{Shown, ViaDebug, ViaType};

use super::TestSystem;
use crate::cell::{AnyCell, Monitor};
use crate::mailbox::queue::Extra;
use crate::observe;
use crate::sync::{Arc, lock};
use crate::{Actor, ActorRef, ActorResult, Context, Down, ExitReason, Mailbox, MonitorId};

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
    /// None unless the test has said how long.
    patience: Option<Duration>,
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

#[diagnostic::do_not_recommend]
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
        // Its own name is of no meaning to anybody but the test, so only events speak of it.
        let who = observe::who(actor.cell().header());
        lock(&self.sim().log).call(who, name.into());
        Probe {
            name: name.into(),
            actor,
            kept,
            system: self.clone(),
            patience: None,
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
            patience: Some(limit),
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

    /// Watches an actor: its end arrives here like a message, behind those that it had sent to this probe, for
    /// [`expect_stopped`](Probe::expect_stopped).
    ///
    /// # Examples
    ///
    /// See [`expect_stopped`](Probe::expect_stopped).
    pub fn watch<N: Send + 'static>(&self, actor: &ActorRef<N>) {
        let cell = Arc::clone(actor.cell()) as Arc<dyn AnyCell>;
        let watched = address(&cell);
        let Some(system) = self.actor.cell().header().system() else {
            return;
        };
        if !self.kept.begin_watch(&cell) {
            return;
        }
        let (kept, mailbox) = (Arc::clone(&self.kept), Arc::clone(self.actor.cell()));
        // Dropped, and so heard of, when all that came before it has been handled.
        let notify = move |down| {
            let end = Ending {
                kept,
                watched,
                down,
            };
            drop(mailbox.push_extra(Extra::Mark(Box::new(end))));
        };
        let monitor = Monitor {
            id: MonitorId(system.next_id()),
            notify: Box::new(notify),
            tally: Some(system.monitors.tally(1)),
        };
        if let Err(monitor) = cell.add_monitor(monitor) {
            // A test is told how it ended, where an actor would be told that there is none.
            let mut reason = ExitReason::NoActor;
            cell.look(&mut |life| reason = life.ended().cloned().unwrap_or(ExitReason::NoActor));
            let (id, actor) = (monitor.id, cell.header().id());
            (monitor.notify)(Down {
                monitor: id,
                actor,
                reason,
            });
        }
    }
}

/// The end of a watched actor, on its way through the mailbox of the probe.
struct Ending<M: Send + 'static> {
    kept: Arc<Kept<M>>,
    watched: usize,
    down: Down,
}

impl<M: Send + 'static> Drop for Ending<M> {
    fn drop(&mut self) {
        self.kept.put(Item::Stopped {
            watched: self.watched,
            actor: self.down.actor,
            reason: self.down.reason.clone(),
        });
    }
}
