//! Who this process is to others.

use actor_core::BoxError;
use serde::Serialize;
use uuid::Uuid;

use crate::factory::{Factory, Registry};
use crate::session::{Hello, Role};
use crate::worker::WorkerBuilder;

/// The identity of this process on its links: a node, this start of it, and what it has registered.
#[derive(Clone, Debug)]
pub struct Node {
    id: Uuid,
    incarnation: Uuid,
    registry: Registry,
}

impl Node {
    /// A node with fresh identities.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Node {
            id: Uuid::new_v4(),
            incarnation: Uuid::new_v4(),
            registry,
        }
    }

    /// The node.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// This start of the node; never the same twice, so an address of an earlier one reaches nobody.
    #[must_use]
    pub fn incarnation(&self) -> Uuid {
        self.incarnation
    }

    /// What it has registered.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A worker process whose root actor is made by `factory` from `args`. By default it runs the current executable, whose `main`
    /// begins with [`init`](crate::init).
    ///
    /// # Errors
    ///
    /// The arguments could not be encoded.
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

    pub(crate) fn hello(&self, role: Role, window: u32, max_frame: u32) -> Hello {
        let mut hello =
            Hello::new(role, self.id, self.incarnation).with_registry(self.registry.names());
        hello.credits = window;
        hello.max_frame = max_frame;
        hello
    }
}
