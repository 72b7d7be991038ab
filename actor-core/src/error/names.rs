//! Why a name could not be taken, and why one leads to nobody.

use std::error::Error;
use std::fmt;

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
