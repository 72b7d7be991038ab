//! Who this process is to others.

use actor_core::BoxError;
use serde::Serialize;
use uuid::Uuid;

use crate::factory::{Factory, Registry};
use crate::session::{Hello, Role};
use crate::worker::WorkerBuilder;

/// The identity of this process on its links: a node, this start of it, and what it has registered.
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
/// let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
/// let (spec, sink) = node.worker("sink", SINK, ())?.child().build();
/// # drop(spec);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Node {
    id: Uuid,
    incarnation: Uuid,
    registry: Registry,
}

impl Node {
    /// A node with fresh identities.
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
    /// let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Node {
            id: Uuid::new_v4(),
            incarnation: Uuid::new_v4(),
            registry,
        }
    }

    /// The node.
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
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// assert_eq!(node.id(), node.clone().id());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// This start of the node; never the same twice, so an address of an earlier one reaches nobody.
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
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// let again = Node::new(node.registry().clone());
    /// assert_ne!(again.incarnation(), node.incarnation());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn incarnation(&self) -> Uuid {
        self.incarnation
    }

    /// What it has registered.
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
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// let second = Node::new(node.registry().clone());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A worker process whose root actor is made by `factory` from `args`. By default it runs the current executable, whose `main`
    /// begins with [`init`](crate::init).
    ///
    /// # Errors
    ///
    /// The arguments could not be encoded. A retry with the same ones is useless.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// #[tokio::main]
    /// async fn main() -> Result<(), BoxError> {
    ///     let registry = Registry::builder().factory(SINK, |()| Sink).build()?;
    ///     actor_remote::init(&registry);
    ///
    ///     let system = ActorSystem::new("demo");
    ///     let node = Node::new(registry);
    ///     let (spec, sink) = node.worker("sink", SINK, ())?.child().restart(Restart::Transient).build();
    ///     let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    ///     sink.send(7).await?; // Handled in the other process.
    ///     sup.stop();
    ///     sup.wait().await;
    ///     Ok(())
    /// }
    /// ```
    pub fn worker<Args, M>(
        &self,
        id: impl Into<String>,
        factory: Factory<Args, M>,
        args: Args,
    ) -> Result<WorkerBuilder<M>, BoxError>
    where
        Args: Serialize,
        M: Serialize + Send + 'static,
    {
        let mut encoded = Vec::new();
        actor_core::wire::encode(&args, &mut encoded)?;
        Ok(WorkerBuilder::new(
            self.clone(),
            id.into(),
            factory.name(),
            encoded,
        ))
    }

    pub(crate) fn hello(&self, role: Role, window: u32, max_message: u32) -> Hello {
        let mut hello =
            Hello::new(role, self.id, self.incarnation).with_registry(self.registry.names());
        hello.credits = window;
        // A limit below one frame is one for frames, too.
        hello.max_frame = hello.max_frame.min(max_message);
        hello.max_message = max_message;
        hello
    }
}
