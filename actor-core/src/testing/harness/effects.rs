//! What an actor did when a test did something to it.
//!
//! Gathered from the events of the simulation, in their order. An effect says which types and whom; the values that went to stand-ins and
//! into the test's own asks are kept beside, since a message need be neither `Clone` nor `Debug`.

use std::any::{Any, type_name};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use crate::testing::events::short;
use crate::{ActorId, ActorRef, AnyActorRef, AskError, ExitReason, TimerKey};

/// Another actor, as an effect names it. Two are equal if they are the same actor.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::testing::{Harness, Whom};
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// let mut harness = Harness::new(Sink);
/// let friend = harness.reference::<u32>("friend");
/// assert_eq!(Whom::from(&friend), Whom::from(&friend.any()));
/// ```
#[derive(Clone)]
pub struct Whom {
    id: ActorId,
    label: String,
}

impl Whom {
    pub(super) fn new(id: ActorId, label: String) -> Self {
        Whom { id, label }
    }
}

impl PartialEq for Whom {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Whom {}

impl<M: Send + 'static> From<&ActorRef<M>> for Whom {
    fn from(actor: &ActorRef<M>) -> Self {
        Whom::new(actor.id(), actor.id().to_string())
    }
}

impl From<&AnyActorRef> for Whom {
    fn from(actor: &AnyActorRef) -> Self {
        Whom::new(actor.id(), actor.id().to_string())
    }
}

impl fmt::Debug for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

/// One thing that an actor did; see [`Effects`].
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::testing::{Effect, Harness};
///
/// struct Greeter { printer: ActorRef<String> }
///
/// impl Actor for Greeter {
///     type Msg = &'static str;
///
///     async fn handle(&mut self, name: &'static str, ctx: &mut Context<Self>) -> ActorResult {
///         self.printer.send(format!("hello {name}")).await?;
///         ctx.send_after("again", Duration::from_secs(60), name);
///         Ok(())
///     }
/// }
///
/// let mut harness = Harness::with(|stage| Greeter { printer: stage.reference("printer") });
/// let printer = harness.reference::<String>("printer");
/// let effects = harness.send("Ada");
/// assert_eq!(
///     effects,
///     [Effect::sent(&printer), Effect::timer_set("again", Duration::from_secs(60))],
/// );
/// assert_eq!(effects.sent_to(&printer), ["hello Ada"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// It sent a message, which a mailbox accepted.
    Sent {
        /// To this one.
        to: Whom,
        /// Of this type.
        message: &'static str,
    },
    /// It asked somebody.
    Asked {
        /// This one.
        whom: Whom,
        /// For a value of this type.
        answer: &'static str,
    },
    /// It answered.
    Replied {
        /// With a value of this type.
        answer: &'static str,
    },
    /// An ask of the test ended without an answer.
    NotReplied {
        /// The type that was asked for.
        answer: &'static str,
        /// What the asker was told.
        error: AskError,
    },
    /// It spawned a child.
    Spawned {
        /// Of this type; empty where that is not known.
        actor_type: &'static str,
    },
    /// It monitors another one.
    Monitored {
        /// This one.
        whom: Whom,
    },
    /// It does not monitor another one any more.
    Demonitored {
        /// This one.
        whom: Whom,
    },
    /// It is linked with another one.
    Linked {
        /// With this one.
        with: Whom,
    },
    /// It is not linked with another one any more.
    Unlinked {
        /// With this one.
        with: Whom,
    },
    /// It set a timer.
    TimerSet {
        /// Which.
        key: TimerKey,
        /// When it is due, and then again if it is an interval.
        after: Duration,
    },
    /// It took a timer back.
    TimerCancelled {
        /// Which.
        key: TimerKey,
    },
    /// It ended.
    Stopped {
        /// Why.
        reason: ExitReason,
    },
}

/// Effects as a test writes them down.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::testing::{Effect, Harness};
///
/// struct Doubler;
///
/// impl Actor for Doubler {
///     type Msg = (u32, Reply<u32>);
///
///     async fn handle(&mut self, (n, reply): (u32, Reply<u32>), _ctx: &mut Context<Self>) -> ActorResult {
///         reply.send(2 * n);
///         Ok(())
///     }
/// }
///
/// let effects = Harness::new(Doubler).ask(|reply| (4, reply));
/// assert_eq!(effects, [Effect::replied::<u32>()]);
/// ```
impl Effect {
    /// It sent a message to `to`.
    #[must_use]
    pub fn sent<M: Send + 'static>(to: &ActorRef<M>) -> Self {
        Effect::Sent {
            to: Whom::from(to),
            message: type_name::<M>(),
        }
    }

    /// It asked `whom` for a `T`.
    #[must_use]
    pub fn asked<T>(whom: &ActorRef<impl Send + 'static>) -> Self {
        Effect::Asked {
            whom: Whom::from(whom),
            answer: type_name::<T>(),
        }
    }

    /// It answered with a `T`.
    #[must_use]
    pub fn replied<T>() -> Self {
        Effect::Replied {
            answer: type_name::<T>(),
        }
    }

    /// It spawned an `A`.
    #[must_use]
    pub fn spawned<A>() -> Self {
        Effect::Spawned {
            actor_type: type_name::<A>(),
        }
    }

    /// It monitors `whom`.
    #[must_use]
    pub fn monitored(whom: impl Into<Whom>) -> Self {
        Effect::Monitored { whom: whom.into() }
    }

    /// It is linked with `with`.
    #[must_use]
    pub fn linked(with: impl Into<Whom>) -> Self {
        Effect::Linked { with: with.into() }
    }

    /// It set a timer.
    #[must_use]
    pub fn timer_set(key: impl Into<TimerKey>, after: Duration) -> Self {
        let key = key.into();
        Effect::TimerSet { key, after }
    }

    /// It took a timer back.
    #[must_use]
    pub fn timer_cancelled(key: impl Into<TimerKey>) -> Self {
        Effect::TimerCancelled { key: key.into() }
    }

    /// It ended.
    #[must_use]
    pub fn stopped(reason: ExitReason) -> Self {
        Effect::Stopped { reason }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effect::Sent { to, message } => write!(f, "sends {} to {to:?}", short(message)),
            Effect::Asked { whom, answer } => write!(f, "asks {whom:?} for {}", short(answer)),
            Effect::Replied { answer } => write!(f, "replies with {}", short(answer)),
            Effect::NotReplied { answer, error } => {
                write!(f, "does not reply with {}: {error}", short(answer))
            }
            Effect::Spawned { actor_type } => write!(f, "spawns {}", short(actor_type)),
            Effect::Monitored { whom } => write!(f, "monitors {whom:?}"),
            Effect::Demonitored { whom } => write!(f, "does not monitor {whom:?} any more"),
            Effect::Linked { with } => write!(f, "links with {with:?}"),
            Effect::Unlinked { with } => write!(f, "unlinks from {with:?}"),
            Effect::TimerSet { key, after } => write!(f, "sets timer {key:?}, {after:?}"),
            Effect::TimerCancelled { key } => write!(f, "cancels timer {key:?}"),
            Effect::Stopped { reason } => write!(f, "stops: {reason}"),
        }
    }
}

/// A message that a stand-in got.
#[derive(Clone)]
pub(super) struct Captured {
    pub(super) by: ActorId,
    pub(super) message: Rc<dyn Any>,
}

/// What an actor did from one call of its [`Harness`](super::Harness) to the next, in order; derefs to `[Effect]`.
///
/// It is compared with `assert_eq!` against an array of [`Effect`]s. `Debug` and `Display` print one effect per line.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::testing::Harness;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// let mut harness = Harness::new(Sink);
/// assert!(harness.send(7).is_empty());
/// assert_eq!(harness.stop().to_string(), "stops: normal");
/// ```
#[derive(Clone, Default)]
pub struct Effects {
    pub(super) list: Vec<Effect>,
    pub(super) captured: Vec<Captured>,
    pub(super) stand_ins: Vec<ActorId>,
    pub(super) replies: Vec<Rc<dyn Any>>,
}

impl Effects {
    /// The messages that this stand-in got, in order; none if there were none.
    ///
    /// # Panics
    ///
    /// If the reference is not one of the harness's stand-ins: what others get goes into their mailboxes.
    ///
    /// # Examples
    ///
    /// See [`Effect`].
    #[track_caller]
    #[must_use]
    pub fn sent_to<M: Send + 'static>(&self, stand_in: &ActorRef<M>) -> Vec<&M> {
        let id = stand_in.id();
        assert!(
            self.stand_ins.contains(&id),
            "{id} is no stand-in of this harness, so nobody keeps what it is sent; make one by `harness.reference(name)`"
        );
        let to_it = self.captured.iter().filter(|captured| captured.by == id);
        to_it
            .filter_map(|captured| captured.message.downcast_ref())
            .collect()
    }

    /// The answers of this type to the asks that the test made by [`Harness::ask`](super::Harness::ask).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::Harness;
    ///
    /// # struct Seven;
    /// # impl Actor for Seven {
    /// #     type Msg = Reply<u32>;
    /// #     async fn handle(&mut self, reply: Reply<u32>, _: &mut Context<Self>) -> ActorResult { reply.send(7); Ok(()) }
    /// # }
    /// assert_eq!(Harness::new(Seven).ask(|reply| reply).replies::<u32>(), [&7]);
    /// ```
    #[must_use]
    pub fn replies<T: 'static>(&self) -> Vec<&T> {
        let replies = self.replies.iter();
        replies.filter_map(|reply| reply.downcast_ref()).collect()
    }
}

impl Deref for Effects {
    type Target = [Effect];

    fn deref(&self) -> &[Effect] {
        &self.list
    }
}

/// Equal if the actor did the same; the values are not compared, since they may have no such notion.
impl PartialEq for Effects {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl<const N: usize> PartialEq<[Effect; N]> for Effects {
    fn eq(&self, other: &[Effect; N]) -> bool {
        self.list == other
    }
}

impl PartialEq<Vec<Effect>> for Effects {
    fn eq(&self, other: &Vec<Effect>) -> bool {
        self.list == *other
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.list.fmt(f)
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.list.is_empty() {
            return f.write_str("nothing");
        }
        for (at, effect) in self.list.iter().enumerate() {
            let line = if at == 0 { "" } else { "\n" };
            write!(f, "{line}{effect}")?;
        }
        Ok(())
    }
}
