//! What can go wrong when sending, asking, starting and naming. One enum per operation; where a message was involved it comes back.

use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::{ExitReason, InvalidChild};

mod send_timeout;

pub use send_timeout::SendTimeoutError;

/// The error type of handlers and hooks: any error, so that `?` works.
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
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), BoxError> {
///     let system = ActorSystem::new("demo");
///     let sink = system.start(Sink).await?; // `StartError`
///     sink.send("7".parse::<u32>()?).await?; // `ParseIntError` and `SendError`
///     Ok(())
/// }
/// ```
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// A message that came back.
///
/// It stands in a lock so that the error around it is `Sync`, and `?` into [`BoxError`] compiles, for every message that is `Send`.
/// And in a box, so that the result of a send that succeeds is small.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::TrySendError;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
/// sink.try_send(1)?;
/// if let Err(TrySendError::Full(returned)) = sink.try_send(2) {
///     assert_eq!(returned.into_inner(), 2);
/// }
/// # Ok(()) }
/// ```
pub struct Returned<M>(Box<Mutex<M>>);

impl<M> Returned<M> {
    #[cold]
    pub(crate) fn new(message: M) -> Self {
        Returned(Box::new(Mutex::new(message)))
    }

    /// The message.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::SendError;
    ///
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = String;
    /// #     async fn handle(&mut self, _: String, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// sink.kill();
    /// sink.wait().await;
    /// if let Err(SendError::Closed(returned)) = sink.send("hello".to_owned()).await {
    ///     assert_eq!(returned.into_inner(), "hello");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn into_inner(self) -> M {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M> fmt::Debug for Returned<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", type_name::<M>())
    }
}

/// Why [`send`](crate::ActorRef::send) did not accept a message. Nothing was sent; the message is inside.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::SendError;
///
/// struct Generous;
///
/// impl Actor for Generous {
///     type Msg = u32;
///
///     async fn handle(&mut self, n: u32, ctx: &mut Context<Self>) -> ActorResult {
///         for n in 0..n {
///             match ctx.actor_ref().send(n).await {
///                 Ok(()) => {}
///                 Err(SendError::WouldDeadlock(_)) => break, // Its own mailbox is full: leave the rest out.
///                 Err(closed) => return Err(closed.into()),
///             }
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let generous = system.actor(Generous).mailbox(Mailbox::bounded(2)).spawn();
/// generous.send(3).await?;
/// generous.drain();
/// generous.wait().await;
/// # Ok(()) }
/// ```
#[non_exhaustive]
pub enum SendError<M> {
    /// The actor has ended, or takes no more messages. Trying again is useless.
    Closed(Returned<M>),
    /// An actor would have waited for room in its own mailbox, which only it can make. Use `try_send`, a timer or a larger mailbox.
    WouldDeadlock(Returned<M>),
}

impl<M> SendError<M> {
    /// The message that was not sent.
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
    /// let (first, second) = (system.spawn(Sink), system.spawn(Sink));
    /// first.stop();
    /// first.wait().await;
    /// if let Err(error) = first.send(7).await {
    ///     second.send(error.into_message()).await?;
    /// }
    /// assert_eq!(second.len(), 1);
    /// # Ok(()) }
    /// ```
    pub fn into_message(self) -> M {
        match self {
            SendError::Closed(message) | SendError::WouldDeadlock(message) => message.into_inner(),
        }
    }
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Closed(message) => f.debug_tuple("Closed").field(message).finish(),
            SendError::WouldDeadlock(message) => {
                f.debug_tuple("WouldDeadlock").field(message).finish()
            }
        }
    }
}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Closed(_) => write!(
                f,
                "the actor takes no more messages of type {}",
                type_name::<M>()
            ),
            SendError::WouldDeadlock(_) => write!(
                f,
                "an actor cannot wait for room in its own mailbox ({}); use `try_send` or a timer",
                type_name::<M>()
            ),
        }
    }
}

impl<M> Error for SendError<M> {}

/// Why [`try_send`](crate::ActorRef::try_send) did not accept a message. Nothing was sent; the message is inside.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::TrySendError;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
/// let mut left_out = 0;
/// for n in 0..3 {
///     match sink.try_send(n) {
///         Ok(()) => {}
///         Err(TrySendError::Full(_)) => left_out += 1, // A measurement that nobody misses.
///         Err(closed) => return Err(closed.into()),
///     }
/// }
/// assert_eq!(left_out, 2);
/// # Ok(()) }
/// ```
#[non_exhaustive]
pub enum TrySendError<M> {
    /// There is no room, or others wait for it already. A later try can succeed; `send` waits in line.
    Full(Returned<M>),
    /// The actor has ended, or takes no more messages. Trying again is useless.
    Closed(Returned<M>),
}

impl<M> TrySendError<M> {
    /// The message that was not sent.
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
    /// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
    /// sink.try_send(1)?;
    /// if let Err(error) = sink.try_send(2) {
    ///     sink.send(error.into_message()).await?; // Waits in line.
    /// }
    /// # Ok(()) }
    /// ```
    pub fn into_message(self) -> M {
        match self {
            TrySendError::Full(message) | TrySendError::Closed(message) => message.into_inner(),
        }
    }

    /// Whether the mailbox was full, so that a later try can succeed.
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
    /// let sink = system.actor(Sink).mailbox(Mailbox::bounded(1)).spawn();
    /// sink.try_send(1)?;
    /// assert!(sink.try_send(2).is_err_and(|error| error.is_full()));
    /// sink.stop();
    /// sink.wait().await;
    /// assert!(sink.try_send(2).is_err_and(|error| !error.is_full()));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, TrySendError::Full(_))
    }
}

impl<M> fmt::Debug for TrySendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySendError::Full(message) => f.debug_tuple("Full").field(message).finish(),
            TrySendError::Closed(message) => f.debug_tuple("Closed").field(message).finish(),
        }
    }
}

impl<M> fmt::Display for TrySendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySendError::Full(_) => write!(f, "the mailbox is full ({})", type_name::<M>()),
            TrySendError::Closed(_) => write!(
                f,
                "the actor takes no more messages of type {}",
                type_name::<M>()
            ),
        }
    }
}

impl<M> Error for TrySendError<M> {}

/// Why an ask got no answer. [`may_have_run`](AskError::may_have_run) tells whether the work may have been done all the same.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// struct Moody;
///
/// impl Actor for Moody {
///     type Msg = (u32, Reply<u32>);
///
///     async fn handle(&mut self, (n, reply): Self::Msg, _ctx: &mut Context<Self>) -> ActorResult {
///         match n {
///             0 => return Err("zero".into()),
///             1 => drop(reply),
///             n => reply.send(n),
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let moody = system.spawn(Moody);
/// assert_eq!(moody.ask(|reply| (2, reply)).await, Ok(2));
/// assert_eq!(moody.ask(|reply| (1, reply)).await, Err(AskError::NoReply));
/// let reason = ExitReason::Failed("zero".to_owned());
/// assert_eq!(moody.ask(|reply| (0, reply)).await, Err(AskError::Failed { reason }));
/// # moody.wait().await;
/// assert_eq!(moody.ask(|reply| (2, reply)).await, Err(AskError::Closed));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum AskError {
    /// The actor takes no more messages; the request was never accepted. Trying again is useless.
    Closed,
    /// An actor asked itself while it was at work; it could never have answered.
    WouldDeadlock,
    /// The mailbox dropped the request to make room, by its overflow policy. A later try can succeed.
    Overflow,
    /// No answer came within the deadline. The work is not cancelled.
    Timeout {
        /// Whether the request had been accepted by the mailbox when the deadline came; always said of an actor that no supervisor has
        /// started yet.
        accepted: bool,
        /// The deadline that was set.
        after: Duration,
    },
    /// The actor ended for good, or was killed, before it answered.
    Stopped {
        /// Why it ended.
        reason: ExitReason,
        /// Whether the request had begun to be handled.
        begun: bool,
    },
    /// The handler that held the reply ended in an error or a panic, or the state that kept it belonged to an incarnation that failed.
    Failed {
        /// How it failed.
        reason: ExitReason,
    },
    /// The actor dropped the reply without an answer.
    NoReply,
    /// The link or the process was lost.
    Disconnected {
        /// Whether the request may have reached the other side.
        may_have_run: bool,
    },
}

impl AskError {
    /// What becomes of a reply that went down with an incarnation which ended like this.
    pub(crate) fn of_end(reason: &ExitReason) -> Self {
        match reason {
            ExitReason::Failed(_) | ExitReason::Panicked { .. } | ExitReason::StartFailed(_) => {
                AskError::Failed {
                    reason: reason.clone(),
                }
            }
            other => AskError::Stopped {
                reason: other.clone(),
                begun: true,
            },
        }
    }

    /// Whether the request may have been handled, wholly or in part. `false` is certain: it is safe to try again elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Counter { total: u64 }
    /// # enum CounterMsg { Add(u64), Get(Reply<u64>) }
    /// # impl Actor for Counter {
    /// #     type Msg = CounterMsg;
    /// #     async fn handle(&mut self, msg: CounterMsg, _: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             CounterMsg::Add(n) => self.total += n,
    /// #             CounterMsg::Get(reply) => reply.send(self.total),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// /// Asks one after the other, and nobody after one that may have done the work.
    /// async fn ask_any(counters: &[ActorRef<CounterMsg>]) -> Result<u64, AskError> {
    ///     let mut last = AskError::Closed;
    ///     for counter in counters {
    ///         match counter.ask(CounterMsg::Get).await {
    ///             Err(error) if !error.may_have_run() => last = error, // Safe to try the next one.
    ///             done => return done,
    ///         }
    ///     }
    ///     Err(last)
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let counters = [system.spawn(Counter { total: 1 }), system.spawn(Counter { total: 2 })];
    /// counters[0].stop();
    /// # counters[0].wait().await;
    /// assert_eq!(ask_any(&counters).await, Ok(2));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn may_have_run(&self) -> bool {
        match self {
            AskError::Closed | AskError::WouldDeadlock | AskError::Overflow => false,
            AskError::Timeout { accepted, .. } => *accepted,
            AskError::Stopped { begun, .. } => *begun,
            AskError::Failed { .. } | AskError::NoReply => true,
            AskError::Disconnected { may_have_run } => *may_have_run,
        }
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Closed => f.write_str("the actor takes no more messages"),
            AskError::WouldDeadlock => f.write_str("an actor that asks itself would wait for ever"),
            AskError::Overflow => f.write_str("the mailbox dropped the request to make room"),
            AskError::Timeout { after, .. } => write!(f, "no answer within {after:?}"),
            AskError::Stopped { reason, .. } => {
                write!(f, "the actor ended before it answered: {reason}")
            }
            AskError::Failed { reason } => write!(f, "the handler failed: {reason}"),
            AskError::NoReply => f.write_str("the actor dropped the reply without an answer"),
            AskError::Disconnected { .. } => f.write_str("the link to the actor was lost"),
        }
    }
}

impl Error for AskError {}

/// Why [`start`](crate::ActorSystem::start) gave no running actor. No message was handled and its name is free again.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::StartError;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// struct Broken;
///
/// impl Actor for Broken {
///     type Msg = ();
///
///     async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
///         Err("no configuration".into())
///     }
///
///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let failed = system.start(Broken).await.unwrap_err();
/// assert_eq!(failed, StartError::Failed(ExitReason::StartFailed("no configuration".to_owned())));
///
/// let holder = system.start_named("one", Sink).await?;
/// match system.start_named("one", Sink).await {
///     Err(StartError::NameTaken(taken)) => assert_eq!(taken.holder, holder.id()),
///     other => panic!("{other:?}"),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// The name belongs to another actor.
    NameTaken(Taken),
    /// The actor ended before `started` completed.
    Failed(ExitReason),
    /// A supervisor could not start this child; those before it were stopped again.
    Child {
        /// The child's id.
        id: String,
        /// Why it did not start.
        reason: ExitReason,
    },
    /// Two children of one supervisor have this id.
    DuplicateChild(String),
    /// The specification of this child makes no sense under its supervisor.
    InvalidChild {
        /// The child's id.
        id: String,
        /// What is wrong with it.
        problem: InvalidChild,
    },
    /// There are more children than the supervisor takes, which is so many.
    MaxChildren(usize),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::NameTaken(taken) => taken.fmt(f),
            StartError::Failed(reason) => write!(f, "the actor {}", NotStarted(reason)),
            StartError::Child { id, reason } => write!(f, "child {id:?} {}", NotStarted(reason)),
            StartError::DuplicateChild(id) => {
                write!(f, "two children have the id {id:?}; give each its own")
            }
            StartError::InvalidChild { id, problem } => {
                write!(f, "the specification of child {id:?}: {problem}")
            }
            StartError::MaxChildren(max) => {
                write!(f, "the supervisor takes no more than {max} children")
            }
        }
    }
}

impl Error for StartError {}

/// What became of something that did not start, said once: the reason of a failed start says it as well.
pub(crate) struct NotStarted<'a>(pub(crate) &'a ExitReason);

impl fmt::Display for NotStarted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ExitReason::StartTimeout => f.write_str("did not start in time"),
            ExitReason::StartFailed(text) => write!(f, "did not start: {text}"),
            reason => write!(f, "did not start: {reason}"),
        }
    }
}

/// A name could not be registered, since somebody holds it.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::RegisterError;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let (first, second) = (system.spawn(Sink), system.spawn(Sink));
/// system.register("sink", &first.any())?;
/// match system.register("sink", &second.any()) {
///     Err(RegisterError::Taken(taken)) => {
///         assert_eq!((taken.name.as_str(), taken.holder), ("sink", first.id()));
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The name.
    pub name: String,
    /// Who holds it.
    pub holder: crate::ActorId,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the name {:?} belongs to actor {}",
            self.name, self.holder
        )
    }
}

impl Error for Taken {}

/// Why [`register`](crate::ActorSystem::register) refused.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::RegisterError;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.spawn(Sink);
/// system.register("sink", &sink.any())?;
/// let again = system.register("drain", &sink.any());
/// assert_eq!(again, Err(RegisterError::AlreadyNamed("sink".to_owned())));
///
/// sink.stop();
/// sink.wait().await;
/// assert_eq!(system.register("late", &sink.any()), Err(RegisterError::Closed));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// Somebody holds the name.
    Taken(Taken),
    /// The actor already has a name; it keeps that one.
    AlreadyNamed(String),
    /// The actor has ended.
    Closed,
    /// The actor belongs to another system, or has not been started by any yet.
    NotHere,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegisterError::Taken(taken) => taken.fmt(f),
            RegisterError::AlreadyNamed(name) => {
                write!(f, "the actor already has the name {name:?}")
            }
            RegisterError::Closed => f.write_str("an actor that has ended cannot take a name"),
            RegisterError::NotHere => f.write_str(
                "the actor belongs to another system, or has not been started; a child takes its name by `ChildBuilder::name`",
            ),
        }
    }
}

impl Error for RegisterError {}

/// Why [`lookup`](crate::ActorSystem::lookup) found no reference.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::LookupError;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// assert!(matches!(system.lookup::<u32>("sink"), Err(LookupError::NotFound(_))));
///
/// let sink = system.start_named("sink", Sink).await?;
/// match system.lookup::<String>("sink") {
///     Err(LookupError::WrongType { wanted, found, .. }) => {
///         assert_eq!((wanted, found), ("alloc::string::String", "u32"));
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupError {
    /// Nobody holds the name.
    NotFound(String),
    /// The holder takes other messages.
    WrongType {
        /// The name.
        name: String,
        /// The message type that was asked for.
        wanted: &'static str,
        /// The message type that the holder takes.
        found: &'static str,
    },
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupError::NotFound(name) => write!(f, "no actor has the name {name:?}"),
            LookupError::WrongType {
                name,
                wanted,
                found,
            } => {
                write!(
                    f,
                    "actor {name:?} takes messages of type {found}, not {wanted}"
                )
            }
        }
    }
}

impl Error for LookupError {}
