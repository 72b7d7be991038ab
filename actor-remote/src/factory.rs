//! What a worker process can start, and which messages may travel: typed names, registered on both sides.
//!
//! A [`Factory`] is a stable name together with the types that stand behind it, so that the side that asks for an actor and the side
//! that makes it cannot disagree. Names are the user's, never Rust's: `type_name` and `TypeId` change between compilations.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use actor_core::wire::{self, Inlet};
use actor_core::{Actor, ActorSystem, AnyActorRef, ExitReason, Placement, StartError};
use async_trait::async_trait;
use serde::de::DeserializeOwned;

use crate::frame::SpawnFailure;
use crate::registry::{Registry as Names, RegistryBuilder as NamesBuilder, RegistryError};

/// The stable name of an actor factory, and the types that belong to it: what it is given, and what its actor is sent.
///
/// # Examples
///
/// ```
/// use actor_remote::Factory;
///
/// pub const ECHO: Factory<u32, String> = Factory::new("demo.Echo/v1");
/// assert_eq!(ECHO.name(), "demo.Echo/v1");
/// ```
pub struct Factory<Args, M> {
    name: &'static str,
    types: PhantomData<fn(Args, M)>,
}

impl<Args, M> Factory<Args, M> {
    /// Names a factory, by convention `crate.Type/v1`. Change the version when the arguments or the messages change.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_remote::Factory;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// pub struct Limits { lines: u32 }
    ///
    /// #[derive(Serialize, Deserialize)]
    /// pub enum TallyMsg { Line(String) }
    ///
    /// /// Makes an actor from `Limits` that takes `TallyMsg`.
    /// pub const TALLY: Factory<Limits, TallyMsg> = Factory::new("demo.Tally/v1");
    /// ```
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Factory {
            name,
            types: PhantomData,
        }
    }

    /// The name.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_remote::Factory;
    ///
    /// const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// assert_eq!(SINK.name(), "demo.Sink/v1");
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<Args, M> Clone for Factory<Args, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Args, M> Copy for Factory<Args, M> {}

impl<Args, M> fmt::Debug for Factory<Args, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Factory({})", self.name)
    }
}

/// An actor that was started for the other side.
pub(crate) struct Root {
    pub(crate) actor: AnyActorRef,
    pub(crate) inlet: Arc<dyn Inlet>,
}

/// Why it was not.
pub(crate) struct RootError {
    pub(crate) cause: SpawnFailure,
    pub(crate) text: String,
}

/// Starts an actor from encoded arguments.
#[async_trait]
pub(crate) trait StartRoot: Send + Sync {
    async fn start(&self, system: &ActorSystem, args: &[u8]) -> Result<Root, RootError>;
}

struct Typed<Args, F> {
    make: F,
    placement: Placement,
    args: PhantomData<fn(Args)>,
}

#[async_trait]
impl<Args, A, F> StartRoot for Typed<Args, F>
where
    Args: DeserializeOwned + 'static,
    A: Actor<Msg: DeserializeOwned>,
    F: Fn(Args) -> A + Send + Sync,
{
    async fn start(&self, system: &ActorSystem, args: &[u8]) -> Result<Root, RootError> {
        let actor = {
            let args = wire::decode(args).map_err(|text| RootError {
                cause: SpawnFailure::BadArguments,
                text,
            })?;
            let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.make)(args)));
            made.map_err(|_| RootError {
                cause: SpawnFailure::StartFailed,
                text: "the factory panicked".into(),
            })?
        };
        let failed = |error: StartError| RootError {
            cause: SpawnFailure::StartFailed,
            text: match error {
                StartError::Failed(ExitReason::StartFailed(text)) => text,
                other => other.to_string(),
            },
        };
        let root = system
            .actor(actor)
            .placement(self.placement)
            .start()
            .await
            .map_err(failed)?;
        Ok(Root {
            inlet: wire::inlet(&root),
            actor: root.any(),
        })
    }
}

type Entry = Arc<dyn StartRoot>;

/// The factories that a worker may be asked for, and the message types whose references may travel.
///
/// Both sides of a link build the same registry; the handshake compares their names. It is a value: nothing is registered behind the
/// program's back.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # use actor_remote::{Factory, Node, Registry};
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
/// # fn main() -> Result<(), BoxError> {
/// /// One function, called by the parent and by the worker, so that both have the same names.
/// fn registry() -> Result<Registry, BoxError> {
///     Ok(Registry::builder().factory(SINK, |()| Sink).message::<u32>("demo.Number/v1").build()?)
/// }
///
/// let node = Node::new(registry()?);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Registry {
    names: Arc<Names<Entry>>,
}

impl Registry {
    /// An empty registry to fill.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// let registry = Registry::builder().factory(SINK, |()| Sink).build()?;
    /// # Ok(()) }
    /// ```
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder {
            names: Names::builder(),
        }
    }

    pub(crate) fn names(&self) -> &Names<Entry> {
        &self.names
    }

    pub(crate) fn factory(&self, name: &str) -> Option<Entry> {
        self.names.factory(name).cloned()
    }

    /// The hash of the stable name of a message type, as references to its actors carry it.
    pub(crate) fn message_hash(&self, message: TypeId) -> Option<u64> {
        self.names
            .message_name_of(message)
            .map(crate::registry::hash_name)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.names.fmt(f)
    }
}

/// Collects factories and message types.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # use actor_remote::{Factory, Node, Registry};
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
/// # fn main() -> Result<(), BoxError> {
/// let registry = Registry::builder().factory(SINK, |()| Sink).message::<u32>("demo.Number/v1").build()?;
/// # Ok(()) }
/// ```
#[must_use = "nothing is registered before `build`"]
pub struct RegistryBuilder {
    names: NamesBuilder<Entry>,
}

impl RegistryBuilder {
    /// Registers how a worker makes the actor of this factory; the actor runs as a task of the worker's runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_remote::{Factory, Registry};
    ///
    /// struct Adder { step: u64, total: u64 }
    /// # impl Actor for Adder {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { self.total += self.step; Ok(()) }
    /// # }
    ///
    /// const ADDER: Factory<u64, ()> = Factory::new("demo.Adder/v1");
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// let registry = Registry::builder().factory(ADDER, |step| Adder { step, total: 0 }).build()?;
    /// # Ok(()) }
    /// ```
    pub fn factory<Args, A>(
        self,
        factory: Factory<Args, A::Msg>,
        make: impl Fn(Args) -> A + Send + Sync + 'static,
    ) -> Self
    where
        Args: DeserializeOwned + 'static,
        A: Actor<Msg: DeserializeOwned>,
    {
        self.add(factory.name, make, Placement::Task)
    }

    /// The same for an actor whose handlers may block: it gets a thread of its own, so that the worker keeps answering.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// // Its handlers compute for minutes, say.
    /// let registry = Registry::builder().factory_on_thread(SINK, |()| Sink).build()?;
    /// # Ok(()) }
    /// ```
    pub fn factory_on_thread<Args, A>(
        self,
        factory: Factory<Args, A::Msg>,
        make: impl Fn(Args) -> A + Send + Sync + 'static,
    ) -> Self
    where
        Args: DeserializeOwned + 'static,
        A: Actor<Msg: DeserializeOwned>,
    {
        self.add(factory.name, make, Placement::Thread)
    }

    fn add<Args, A>(
        mut self,
        name: &str,
        make: impl Fn(Args) -> A + Send + Sync + 'static,
        placement: Placement,
    ) -> Self
    where
        Args: DeserializeOwned + 'static,
        A: Actor<Msg: DeserializeOwned>,
    {
        self.names = self.names.factory(
            name,
            Arc::new(Typed {
                make,
                placement,
                args: PhantomData,
            }) as Entry,
        );
        self
    }

    /// Registers a message type, so that references to actors that take it may travel. Messages that are nested more than 128 levels
    /// deep, as of a type that contains itself, are refused by the side that decodes them.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// use actor_remote::Registry;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Progress { percent: u8 }
    ///
    /// /// The worker gets a reference to an actor of its parent, and sends it `Progress`.
    /// #[derive(Serialize, Deserialize)]
    /// enum WorkMsg { Begin(ActorRef<Progress>) }
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// let registry = Registry::builder().message::<Progress>("demo.Progress/v1").build()?;
    /// # Ok(()) }
    /// ```
    pub fn message<M: 'static>(mut self, name: impl Into<String>) -> Self {
        self.names = self.names.message::<M>(name);
        self
    }

    /// Checks the names.
    ///
    /// # Errors
    ///
    /// Names that were used twice or are no names; all of them are listed. It is a mistake in the program: a retry is useless.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// use actor_remote::registry::RegistryError;
    ///
    /// match Registry::builder().factory(SINK, |()| Sink).factory(SINK, |()| Sink).build() {
    ///     Err(RegistryError::DuplicateNames(names)) => assert_eq!(names, ["demo.Sink/v1"]), // A mistake in the program.
    ///     other => panic!("{other:?}"),
    /// }
    /// ```
    pub fn build(self) -> Result<Registry, RegistryError> {
        Ok(Registry {
            names: Arc::new(self.names.build()?),
        })
    }
}

impl fmt::Debug for RegistryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.names.fmt(f)
    }
}
