//! What there is in a system and what each actor is doing: for logs, for a console, for tests that look for leaks.
//!
//! [`ActorSystem::snapshot`](crate::ActorSystem::snapshot) gives a [`Snapshot`]: the [totals](Totals) of the system, and one
//! [`ActorSnapshot`] for each actor, parents before their children and siblings in the order of their start. Its `Display` is a table for
//! people; with the feature `serde` it is data. All counters are always on: they are the words by which mailboxes work.
//!
//! ```
//! # use actor_core::prelude::*;
//! struct Clerk;
//!
//! impl Actor for Clerk {
//!     type Msg = &'static str;
//!
//!     async fn handle(&mut self, _: &'static str, _: &mut Context<Self>) -> ActorResult { Ok(()) }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let system = ActorSystem::new("office");
//! let clerk = system.start_named("clerk", Clerk).await?;
//! clerk.send("a letter").await?;
//!
//! println!("{}", system.snapshot());
//! // system office: 1 actor, 0 timers, 0 monitors, 1 name, 0 dead letters
//! // ACTOR       TYPE   PLACE  STATE    RESTARTS  MAILBOX  HANDLED  DROPPED  IN HAND
//! // #1 "clerk"  Clerk  task   running         0  1/1,024        0        0  -
//! # Ok(()) }
//! ```
//!
//! # How far it can be trusted
//!
//! Each [`ActorSnapshot`] is consistent in itself: it was read under the lock of that actor. The actors are looked at one after the
//! other while the system goes on, so two of them are not of the same moment; one that starts or ends meanwhile may be in it or not. When
//! nothing happens any more, the totals are exact: after everything has ended, actors, timers and monitors are zero.
//!
//! # What takes so long?
//!
//! [`in_hand`](ActorSnapshot::in_hand) says whether an actor is in a handler. For how long it has been, nobody knows, since no clock is
//! read per message. With [`SystemBuilder::watchdog`](crate::SystemBuilder::watchdog) somebody looks now and then: then
//! [`InHand::at_least`] is the time between the first and the last look that found the same message in hand, so the truth is at least
//! that, and at most a quarter of the limit more. What is in hand for longer than the limit is [`overdue`](InHand::overdue), and is named in
//! a warning.

mod notes;
mod render;
mod walk;

use std::borrow::Cow;
use std::time::Duration;

use crate::ActorId;

pub(crate) use notes::Notes;
pub(crate) use walk::{Walk, take};

/// Where an actor runs.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::snapshot::Site;
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.actor(Sink).placement(Placement::Thread).start().await?;
/// assert_eq!(system.snapshot().actors[0].site, Site::Thread);
/// # sink.stop(); sink.wait().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Site {
    /// As a task of the runtime.
    Task,
    /// On a thread of its own.
    Thread,
    /// In a child process of its own.
    Process,
    /// Not here: something else consumes its mailbox, such as a link to another process.
    Elsewhere,
}

impl Site {
    pub(crate) fn is_here(self) -> bool {
        matches!(self, Site::Task | Site::Thread)
    }
}

/// What an actor is up to.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::snapshot::ActorState;
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.start(Sink).await?;
/// assert_eq!(system.snapshot().actors[0].state, ActorState::Running);
/// sink.drain();
/// assert_eq!(system.snapshot().actors[0].state, ActorState::Draining);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ActorState {
    /// Between two incarnations, or before the first.
    Waiting,
    /// It was launched, and `started` has not completed.
    Starting,
    /// It handles messages, or waits for one.
    Running,
    /// It handles what is queued and then stops.
    Draining,
    /// It was told to stop or die, stops its children, or runs `stopped`.
    Stopping,
    /// It has ended for good, and will be gone from the next snapshot.
    Ended,
}

/// The kinds of work that can be in hand.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::snapshot::Work;
///
/// struct Opening;
///
/// impl Actor for Opening {
///     type Msg = ();
///     async fn started(&mut self, _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
///     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let opening = system.spawn(Opening);
/// let in_hand = system.snapshot().actors[0].in_hand.clone();
/// assert_eq!(in_hand.map(|in_hand| in_hand.work), Some(Work::Starting));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Work {
    /// The start-up, to the end of `started`.
    Starting,
    /// A message, a tick of a timer or a signal.
    Handling,
    /// The `stopped` hook.
    Stopping,
}

/// What an actor has in hand.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # struct Slow;
/// # impl Actor for Slow {
/// #     type Msg = ();
/// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let slow = system.start(Slow).await?;
/// slow.send(()).await?; // Its handler never returns.
/// # while !slow.is_empty() { tokio::task::yield_now().await; }
/// let in_hand = system.snapshot().actors[0].in_hand.clone().expect("it handles a message");
/// assert_eq!(in_hand.at_least, None, "there is no watchdog");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct InHand {
    /// What kind of work it is.
    pub work: Work,
    /// For how long at least; known when the watchdog has seen it.
    pub at_least: Option<Duration>,
    /// Whether that is longer than the limit of the watchdog.
    pub overdue: bool,
}

/// One actor, at the moment when it was looked at.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.actor(Sink).mailbox(Mailbox::bounded(8)).start().await?;
/// sink.send(1).await?;
/// let actor = &system.snapshot().actors[0];
/// assert_eq!((actor.mailbox_len, actor.mailbox_capacity, actor.message_type.as_ref()), (1, Some(8), "u32"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ActorSnapshot {
    /// Its id.
    pub id: ActorId,
    /// The actor that owns it; none for those at the top.
    pub parent: Option<ActorId>,
    /// How many ancestors it has.
    pub depth: usize,
    /// The name under which others look it up.
    pub name: Option<String>,
    /// The name of its Rust type; not known of actors in other processes.
    pub actor_type: Option<Cow<'static, str>>,
    /// The name of the Rust type of its messages.
    pub message_type: Cow<'static, str>,
    /// Where it runs.
    pub site: Site,
    /// What it is up to.
    pub state: ActorState,
    /// The number of its present or last incarnation, 0 before the first. One that was given up uses up two numbers.
    pub incarnation: u32,
    /// How many times it was started again.
    pub restarts: u32,
    /// Messages accepted and not begun. Of an actor elsewhere, including those on their way.
    pub mailbox_len: usize,
    /// For how many there is room; none if there is no bound.
    pub mailbox_capacity: Option<usize>,
    /// Messages begun, over all its incarnations: the one in hand included, ticks and signals not.
    pub handled: u64,
    /// Messages that the overflow policy of its mailbox dropped.
    pub dropped: u64,
    /// What it has in hand; none if it waits for a message, or lives elsewhere. Without a watchdog it also counts as having something in hand
    /// while it waits for a thread: to begin its start-up, or to go on after a long run of messages.
    pub in_hand: Option<InHand>,
}

/// What there is in a system all together.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::snapshot::Totals;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let system = ActorSystem::new("demo");
/// system.shutdown(Duration::from_secs(5)).await;
/// assert_eq!(system.snapshot().totals, Totals::default(), "nothing leaks");
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Totals {
    /// Actors that have not ended for good, those elsewhere included.
    pub actors: usize,
    /// Timers that actors have set, and deadlines of asks, starts and stops that are still to come.
    pub timers: usize,
    /// Monitors that are set.
    pub monitors: usize,
    /// Names in use.
    pub names: usize,
    /// Dead letters so far.
    pub dead_letters: u64,
}

/// A system at about one moment. See the [module](self).
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.start_named("sink", Sink).await?;
/// let snapshot = system.snapshot();
/// assert!(snapshot.to_string().starts_with("system demo: 1 actor,"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// The name of the system.
    pub system: String,
    /// What there is all together.
    pub totals: Totals,
    /// The actors: each before its children, siblings in the order of their start, actors elsewhere last. A flat list with depths, since
    /// trees may be deeper than a stack.
    pub actors: Vec<ActorSnapshot>,
    /// What others say of themselves, such as pools of jobs, in the order in which they came to be.
    #[cfg_attr(feature = "serde", serde(default))]
    pub notes: Vec<Note>,
}

/// What something that is more than one actor says of itself; see [`link::annotate`](crate::link::annotate).
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::{link::annotate, snapshot::Note};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// annotate(&system, || Some(Note::new("pool reports").figure("queued", 3)));
/// let snapshot = system.snapshot();
/// assert_eq!(snapshot.notes[0].figures, [("queued".to_owned(), 3)]);
/// assert!(snapshot.to_string().ends_with("pool reports: queued 3"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Note {
    /// Who says it.
    pub name: String,
    /// What it says: names and numbers, in an order of its own.
    pub figures: Vec<(String, u64)>,
}

impl Note {
    /// One that says nothing yet.
    ///
    /// # Examples
    ///
    /// See [`Note`].
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Note {
            name: name.into(),
            figures: Vec::new(),
        }
    }

    /// Adds a figure.
    ///
    /// # Examples
    ///
    /// See [`Note`].
    #[must_use]
    pub fn figure(mut self, name: impl Into<String>, number: u64) -> Self {
        self.figures.push((name.into(), number));
        self
    }
}

impl Snapshot {
    /// The actor of this id.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// assert!(system.snapshot().get(sink.id()).is_some());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn get(&self, id: ActorId) -> Option<&ActorSnapshot> {
        self.actors.iter().find(|actor| actor.id == id)
    }

    /// The actor of this name.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// system.start_named("sink", Sink).await?;
    /// assert!(system.snapshot().find("sink").is_some());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&ActorSnapshot> {
        self.actors
            .iter()
            .find(|actor| actor.name.as_deref() == Some(name))
    }

    /// The children of an actor, in the order of their start.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, sink) = ChildSpec::new("sink", || Sink).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// let snapshot = system.snapshot();
    /// let children: Vec<_> = snapshot.children(sup.any().id()).map(|child| child.id).collect();
    /// assert_eq!(children, [sink.id()]);
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn children(&self, id: ActorId) -> impl Iterator<Item = &ActorSnapshot> {
        self.actors
            .iter()
            .filter(move |actor| actor.parent == Some(id))
    }

    /// The actors whose work in hand takes longer than the limit of the watchdog.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let system = ActorSystem::builder("demo").watchdog(Duration::from_secs(10)).build();
    /// for actor in system.snapshot().overdue() {
    ///     println!("{} hangs over a {}", actor.id, actor.message_type);
    /// }
    /// # }
    /// ```
    pub fn overdue(&self) -> impl Iterator<Item = &ActorSnapshot> {
        self.actors
            .iter()
            .filter(|actor| actor.in_hand.as_ref().is_some_and(|work| work.overdue))
    }
}

#[cfg(test)]
mod tests;
