//! What a supervisor is told about a child.

use std::fmt;
use std::time::Duration;

use super::{Backoff, Restart, StartChild, TaskChild};
use crate::cell::{AnyCell, Cell};
use crate::kind::Kind;
use crate::link::Port;
use crate::mailbox::order::Key;
use crate::spawn::START_TIMEOUT;
use crate::sync::{Arc, Mutex};
use crate::{Actor, ActorRef, ExitReason, Mailbox, Placement, Shutdown};

/// How to start, restart and stop one child.
///
/// Its actor exists from the moment the specification is built: the reference takes messages, which wait for the first start, and
/// stays valid over every restart. A specification that is dropped without being started ends its actor.
///
/// # Examples
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
    /// What it is, for snapshots.
    pub(crate) kind: Kind,
}

impl ChildSpec {
    /// A child whose state is made anew by `factory` for every incarnation.
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
    /// let mut made = 0;
    /// let (spec, flaky) = ChildSpec::new("flaky", move || {
    ///     made += 1; // Runs for every incarnation.
    ///     println!("state number {made}");
    ///     Flaky
    /// })
    /// .build();
    /// flaky.try_send(Msg::Fail)?; // Waits for the first start.
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// assert_eq!(flaky.ask(Msg::Runs).await?, 2);
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
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
            Kind::of::<A>,
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::{ExitSink, StartChild, link::{Outlet, Port, Ready}};
    /// # use std::{future::poll_fn, sync::{Arc, Mutex}};
    /// # /// Its messages are consumed by a task of its own; it could as well be another program.
    /// # struct Elsewhere { port: Port<u32>, got: Arc<Mutex<Vec<u32>>> }
    /// #
    /// # #[actor_core::async_trait]
    /// # impl StartChild for Elsewhere {
    /// #     async fn start(&self, exits: ExitSink) -> Result<(), ExitReason> {
    /// #         let mut outlet = self.port.begin(exits).ok_or(ExitReason::Killed)?;
    /// #         outlet.started();
    /// #         let got = Arc::clone(&self.got);
    /// #         tokio::spawn(async move {
    /// #             let reason = loop {
    /// #                 match poll_fn(|cx| outlet.poll_ready(cx, true)).await {
    /// #                     Ready::Items => while let Some(out) = outlet.next_out() {
    /// #                         if let actor_core::link::Outgoing::Message(n) = out {
    /// #                             got.lock().expect("no panic under this lock").push(n);
    /// #                             outlet.begun(1);
    /// #                         }
    /// #                     },
    /// #                     Ready::Drained => break ExitReason::Normal,
    /// #                     Ready::Stop(reason) => break reason,
    /// #                     _ => break ExitReason::Killed,
    /// #                 }
    /// #             };
    /// #             outlet.end(reason);
    /// #         });
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let got = Arc::new(Mutex::new(Vec::new()));
    /// # let kept = Arc::clone(&got);
    /// let (spec, actor) = ChildSpec::custom("elsewhere", move |port, _start_timeout| Elsewhere { port, got }).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// actor.send(7).await?;
    /// # while kept.lock().expect("no panic under this lock").is_empty() { tokio::task::yield_now().await; }
    /// # assert_eq!(*kept.lock().expect("no panic under this lock"), [7]);
    /// # sup.stop();
    /// # assert_eq!(actor.wait().await, ExitReason::Shutdown);
    /// # Ok(()) }
    /// ```
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
            |_| Kind::ELSEWHERE,
            Box::new(move |cell, _placement, start_timeout| {
                Arc::new(start(Port::new(cell), start_timeout))
            }),
        )
    }

    /// The id, unique within its supervisor.
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
    /// let (spec, _flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// assert_eq!(spec.id(), "flaky");
    /// # Ok(()) }
    /// ```
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
pub struct ChildBuilder<M: Send + 'static> {
    id: String,
    name: Option<String>,
    restart: Restart,
    shutdown: Shutdown,
    backoff: Option<Backoff>,
    mailbox: Mailbox,
    priority: Option<Key<M>>,
    placement: Placement,
    start_timeout: Duration,
    make: MakeStart<M>,
    kind: fn(Placement) -> Kind,
}

impl<M: Send + 'static> ChildBuilder<M> {
    fn new(id: String, kind: fn(Placement) -> Kind, make: MakeStart<M>) -> Self {
        ChildBuilder {
            id,
            name: None,
            restart: Restart::default(),
            shutdown: Shutdown::default(),
            backoff: None,
            mailbox: Mailbox::default(),
            priority: None,
            placement: Placement::default(),
            start_timeout: START_TIMEOUT,
            make,
            kind,
        }
    }

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
    pub fn build(self) -> (ChildSpec, ActorRef<M>) {
        let one_at_a_time = self.placement == Placement::Thread;
        let cell = Cell::new(self.mailbox, self.priority, one_at_a_time);
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
            kind: (self.kind)(self.placement),
        };
        (spec, actor)
    }
}
