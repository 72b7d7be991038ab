//! What a supervisor is told about a child.

use std::fmt;
use std::time::Duration;

use super::{Backoff, Restart, StartChild, TaskChild};
use crate::cell::{AnyCell, Cell};
use crate::link::Port;
use crate::spawn::START_TIMEOUT;
use crate::sync::{Arc, Mutex};
use crate::{Actor, ActorRef, ExitReason, Mailbox, Placement, Shutdown};

/// How to start, restart and stop one child.
///
/// Its actor exists from the moment the specification is built: the reference takes messages, which wait for the first start, and
/// stays valid over every restart. A specification that is dropped without being started ends its actor.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), actor_core::BoxError> {
/// use actor_core::prelude::*;
/// use actor_core::{ChildSpec, Restart, Strategy, Supervisor};
///
/// struct Db;
/// impl Actor for Db {
///     type Msg = Reply<u32>;
///     async fn handle(&mut self, reply: Reply<u32>, _ctx: &mut Context<Self>) -> ActorResult {
///         reply.send(7);
///         Ok(())
///     }
/// }
///
/// let system = ActorSystem::new("demo");
/// let (spec, db) = ChildSpec::new("db", || Db).restart(Restart::Permanent).build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
/// assert_eq!(db.ask(|reply| reply).await?, 7);
/// # sup.stop(); sup.wait().await; Ok(()) }
/// ```
pub struct ChildSpec {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) restart: Restart,
    pub(crate) shutdown: Shutdown,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) cell: Arc<dyn AnyCell>,
    pub(crate) start: Arc<dyn StartChild>,
    /// Set when a supervisor has taken the child over.
    pub(crate) adopted: bool,
}

impl ChildSpec {
    /// A child whose state is made anew by `factory` for every incarnation.
    #[expect(
        clippy::new_ret_no_self,
        reason = "a specification is built in steps, and `build` also gives the reference"
    )]
    pub fn new<A, F>(id: impl Into<String>, factory: F) -> ChildBuilder<A::Msg>
    where
        A: Actor,
        F: FnMut() -> A + Send + 'static,
    {
        ChildBuilder::new(
            id.into(),
            Box::new(move |cell, placement, start_timeout| {
                let factory = Arc::new(Mutex::new(factory));
                Arc::new(TaskChild::<A, F> {
                    cell,
                    factory,
                    placement,
                    start_timeout,
                })
            }),
        )
    }

    /// A child that is started by other means, such as one that lives in a process of its own. `start` receives the mailbox of the child
    /// and the start-up deadline; the placement option has no meaning for it.
    pub fn custom<M, S>(
        id: impl Into<String>,
        start: impl FnOnce(Port<M>, Duration) -> S + Send + 'static,
    ) -> ChildBuilder<M>
    where
        M: Send + 'static,
        S: StartChild,
    {
        ChildBuilder::new(
            id.into(),
            Box::new(move |cell, _placement, start_timeout| {
                Arc::new(start(Port::new(cell), start_timeout))
            }),
        )
    }

    /// The id, unique within its supervisor.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for ChildSpec {
    fn drop(&mut self) {
        if !self.adopted {
            self.cell.finish(ExitReason::Shutdown);
        }
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec")
            .field("id", &self.id)
            .field("restart", &self.restart)
            .finish_non_exhaustive()
    }
}

type MakeStart<M> =
    Box<dyn FnOnce(Arc<Cell<M>>, Placement, Duration) -> Arc<dyn StartChild> + Send>;

/// Options of a child.
#[must_use = "nothing is specified before `build`"]
pub struct ChildBuilder<M: Send + 'static> {
    id: String,
    name: Option<String>,
    restart: Restart,
    shutdown: Shutdown,
    backoff: Option<Backoff>,
    mailbox: Mailbox,
    placement: Placement,
    start_timeout: Duration,
    make: MakeStart<M>,
}

impl<M: Send + 'static> ChildBuilder<M> {
    fn new(id: String, make: MakeStart<M>) -> Self {
        ChildBuilder {
            id,
            name: None,
            restart: Restart::default(),
            shutdown: Shutdown::default(),
            backoff: None,
            mailbox: Mailbox::default(),
            placement: Placement::default(),
            start_timeout: START_TIMEOUT,
            make,
        }
    }

    /// The name under which others look it up, reserved over every restart.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// When it is restarted; always by default.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// How long it is given to stop; 5 seconds by default.
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// How long to wait before each restart; not at all by default.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// Its mailbox; 1,024 messages by default.
    pub fn mailbox(mut self, mailbox: Mailbox) -> Self {
        self.mailbox = mailbox;
        self
    }

    /// Where it runs; a task by default.
    pub fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// How long its `started` may take; 30 seconds by default.
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// The specification, and the reference that stays valid over every restart.
    #[must_use]
    pub fn build(self) -> (ChildSpec, ActorRef<M>) {
        let cell = Cell::new(self.mailbox);
        let any: Arc<dyn AnyCell> = Arc::clone(&cell) as Arc<dyn AnyCell>;
        any.set_supervised();
        // The specification, and later the supervisor, keeps it alive.
        any.header().add_ref();
        let actor = ActorRef::new(Arc::clone(&cell));
        let spec = ChildSpec {
            id: self.id,
            name: self.name,
            restart: self.restart,
            shutdown: self.shutdown,
            backoff: self.backoff,
            cell: any,
            start: (self.make)(cell, self.placement, self.start_timeout),
            adopted: false,
        };
        (spec, actor)
    }
}
