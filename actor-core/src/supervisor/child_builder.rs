//! The options of a child, in steps.

use std::time::Duration;

use super::message::SupervisorMsg;
use super::spec::Spec;
use super::{Backoff, ChildSpec, Restart, StartChild, Supervisor, SupervisorRef};
use crate::cell::{AnyCell, Cell, Role};
use crate::kind::Kind;
use crate::mailbox::order::Key;
use crate::spawn::START_TIMEOUT;
use crate::sync::Arc;
use crate::{ActorRef, Mailbox, Placement, Shutdown};

/// Makes what starts the child, once its mailbox and its options are known.
pub(super) type MakeStart<M> =
    Box<dyn FnOnce(Arc<Cell<M>>, Placement, Duration) -> Arc<dyn StartChild> + Send>;

/// Options of a child.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
/// # struct Flaky;
/// # impl Actor for Flaky {
/// #     type Msg = Msg;
/// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
/// #         match msg {
/// #             Msg::Fail => return Err("as asked".into()),
/// #             Msg::Stop => ctx.stop(),
/// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let (spec, flaky) = ChildSpec::new("flaky", || Flaky)
///     .name("flaky")
///     .restart(Restart::Transient)
///     .shutdown(Shutdown::Within(Duration::from_secs(1)))
///     .backoff(Backoff::constant(Duration::from_millis(100)))
///     .build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
/// # sup.stop(); sup.wait().await;
/// # Ok(()) }
/// ```
#[must_use = "nothing is specified before `build`"]
pub struct ChildBuilder<M: Send + 'static, R = ActorRef<M>> {
    id: String,
    name: Option<String>,
    restart: Restart,
    shutdown: Shutdown,
    backoff: Option<Backoff>,
    significant: bool,
    is_supervisor: bool,
    mailbox: Mailbox,
    priority: Option<Key<M>>,
    placement: Placement,
    start_timeout: Duration,
    make: MakeStart<M>,
    kind: fn(Placement) -> Kind,
    wrap: fn(ActorRef<M>) -> R,
}

impl<M: Send + 'static> ChildBuilder<M> {
    pub(super) fn new(id: String, kind: fn(Placement) -> Kind, make: MakeStart<M>) -> Self {
        ChildBuilder {
            id,
            name: None,
            restart: Restart::default(),
            shutdown: Shutdown::default(),
            backoff: None,
            significant: false,
            is_supervisor: false,
            mailbox: Mailbox::default(),
            priority: None,
            placement: Placement::default(),
            start_timeout: START_TIMEOUT,
            make,
            kind,
            wrap: |actor| actor,
        }
    }
}

impl ChildBuilder<SupervisorMsg, SupervisorRef> {
    /// A child that is a supervisor: it is given all the time that its own children need, to start and to stop.
    pub(super) fn supervisor(id: String, make: MakeStart<SupervisorMsg>) -> Self {
        ChildBuilder {
            id,
            name: None,
            restart: Restart::default(),
            shutdown: Shutdown::Wait,
            backoff: None,
            significant: false,
            is_supervisor: true,
            mailbox: Mailbox::default(),
            priority: None,
            placement: Placement::default(),
            start_timeout: Duration::MAX,
            make,
            kind: Kind::of::<Supervisor>,
            wrap: SupervisorRef::new,
        }
    }
}

impl<M: Send + 'static, R> ChildBuilder<M, R> {
    /// Says that a [custom](ChildSpec::custom) child lives in a process of its own, so that snapshots can tell. It changes nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::{ExitSink, StartChild, link::Port};
    /// # struct Process { port: Port<u32> }
    /// # #[actor_core::async_trait]
    /// # impl StartChild for Process {
    /// #     async fn start(&self, _exits: ExitSink) -> Result<(), ExitReason> { Err(ExitReason::NoConnection) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (spec, _actor) = ChildSpec::custom("worker", |port: Port<u32>, _| Process { port }).in_process().build();
    /// # }
    /// ```
    pub fn in_process(mut self) -> Self {
        self.kind = |_| Kind::PROCESS;
        self
    }

    /// The name under which others look it up, reserved over every restart.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).name("flaky").build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// assert_eq!(system.lookup::<Msg>("flaky")?, flaky);
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// When it is restarted; always by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).restart(Restart::Temporary).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// flaky.send(Msg::Fail).await?;
    /// assert_eq!(flaky.wait().await, ExitReason::Failed("as asked".to_owned()), "it is not restarted");
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// Whether its end may be the end of its supervisor: see [`AutoShutdown`](crate::AutoShutdown). Not by default.
    ///
    /// A significant child is transient or temporary, and its supervisor shuts itself down automatically; anything else is an error when
    /// the child is started.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// use actor_core::AutoShutdown;
    ///
    /// let temporary = |id| ChildSpec::new(id, || Flaky).restart(Restart::Temporary).significant(true).build();
    /// let ((first, a), (second, b)) = (temporary("a"), temporary("b"));
    /// let sup = Supervisor::builder(Strategy::OneForOne).auto_shutdown(AutoShutdown::All);
    /// let sup = sup.child(first).child(second).start(&system).await?;
    /// a.send(Msg::Stop).await?;
    /// b.send(Msg::Fail).await?; // However it ends: it was the last one.
    /// assert_eq!(sup.wait().await, ExitReason::Shutdown);
    /// # Ok(()) }
    /// ```
    pub fn significant(mut self, significant: bool) -> Self {
        self.significant = significant;
        self
    }

    /// How long it is given to stop; 5 seconds by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).shutdown(Shutdown::Kill).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// sup.stop();
    /// assert_eq!(flaky.wait().await, ExitReason::Killed);
    /// # Ok(()) }
    /// ```
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// How long to wait before each restart; not at all by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let short = Backoff::constant(Duration::from_millis(5));
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).backoff(short).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// flaky.send(Msg::Fail).await?;
    /// assert_eq!(flaky.ask(Msg::Runs).await?, 2, "asks wait with the mailbox for the restart");
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// Its mailbox; 1,024 messages by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).mailbox(Mailbox::bounded(1)).build();
    /// flaky.try_send(Msg::Stop)?;
    /// assert!(flaky.try_send(Msg::Stop).is_err(), "the bound holds before the first start, too");
    /// # drop(spec);
    /// # Ok(()) }
    /// ```
    pub fn mailbox(mut self, mailbox: Mailbox) -> Self {
        self.mailbox = mailbox;
        self
    }

    /// Messages with a lower key are handled first; equal ones in the order in which they came. See
    /// [`SpawnBuilder::priority`](crate::SpawnBuilder::priority).
    ///
    /// # Panics
    ///
    /// `build` panics if the mailbox is last-in-first-out as well.
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
    /// // Small numbers first.
    /// let (spec, sink) = ChildSpec::new("sink", || Sink).priority(|n| i64::from(*n)).build();
    /// # drop(spec);
    /// ```
    pub fn priority(mut self, key: fn(&M) -> i64) -> Self {
        self.priority = Some(key);
        self
    }

    /// Where it runs; a task by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).placement(Placement::Thread).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// assert_eq!(flaky.ask(Msg::Runs).await?, 1);
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// How long its `started` may take; 30 seconds by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::StartError;
    ///
    /// # struct Stuck;
    /// # impl Actor for Stuck {
    /// #     type Msg = ();
    /// #     async fn started(&mut self, _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, _stuck) = ChildSpec::new("stuck", || Stuck).start_timeout(Duration::from_millis(20)).build();
    /// let started = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await;
    /// let reason = ExitReason::StartTimeout;
    /// assert_eq!(started.unwrap_err(), StartError::Child { id: "stuck".to_owned(), reason });
    /// # Ok(()) }
    /// ```
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// The specification, and the reference that stays valid over every restart.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// flaky.try_send(Msg::Stop)?; // Nobody has started it yet; the message waits.
    /// drop(spec); // Nobody ever will.
    /// assert_eq!(flaky.wait().await, ExitReason::Shutdown);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn build(self) -> (ChildSpec, R) {
        self.build_with(Role::Plain)
    }

    /// The same for a worker of a router. The backoff holds unless it has one of its own.
    pub(crate) fn build_in_role(mut self, role: Role<M>, backoff: Backoff) -> (ChildSpec, R) {
        self.backoff.get_or_insert(backoff);
        self.build_with(role)
    }

    fn build_with(self, role: Role<M>) -> (ChildSpec, R) {
        let one_at_a_time = self.placement == Placement::Thread;
        let cell = Cell::with_role(self.mailbox, self.priority, one_at_a_time, role);
        let any: Arc<dyn AnyCell> = Arc::clone(&cell) as Arc<dyn AnyCell>;
        any.set_supervised();
        // The specification, and later the supervisor, keeps it alive.
        any.header().add_ref();
        let actor = ActorRef::new(Arc::clone(&cell));
        let spec = ChildSpec::from_inner(Spec {
            id: self.id,
            name: self.name,
            restart: self.restart,
            shutdown: self.shutdown,
            backoff: self.backoff,
            significant: self.significant,
            is_supervisor: self.is_supervisor,
            cell: any,
            start: (self.make)(cell, self.placement, self.start_timeout),
            kind: (self.kind)(self.placement),
        });
        (spec, (self.wrap)(actor))
    }
}
