//! The options of a supervisor, in steps, and its start: at the top of a system, under an actor, or under another supervisor.

use std::future::Future;
use std::time::Duration;

use super::config::Config;
use super::message::SupervisorMsg;
use super::{
    AutoShutdown, ChildBuilder, ChildSpec, Strategy, Supervisor, SupervisorRef, TaskChild,
};
use crate::spawn::SpawnBuilder;
use crate::sync::{Arc, SleepingMutex, lock};
use crate::{Actor, ActorRef, ActorSystem, Context, Shutdown, StartError};

/// Options of a supervisor.
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
/// let sup = Supervisor::builder(Strategy::OneForOne)
///     .name("workers")
///     .intensity(10, Duration::from_secs(60))
///     .child(spec)
///     .start(&system)
///     .await?;
/// # sup.stop(); sup.wait().await;
/// # Ok(()) }
/// ```
#[must_use = "nothing starts before `start`"]
#[derive(Debug)]
pub struct SupervisorBuilder {
    config: Config,
    specs: Vec<ChildSpec>,
    name: Option<String>,
}

impl SupervisorBuilder {
    pub(super) fn new(strategy: Strategy) -> Self {
        SupervisorBuilder {
            config: Config::new(strategy),
            specs: Vec::new(),
            name: None,
        }
    }

    /// How many failures within `period` are tolerated; one more ends the supervisor. Every end that asks for a restart counts as one. 1 in
    /// 5 seconds by default, as in Erlang/OTP.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
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
    /// let sup = Supervisor::builder(Strategy::OneForOne)
    ///     .intensity(2, Duration::from_secs(60))
    ///     .child(spec)
    ///     .start(&system)
    ///     .await?;
    /// for _ in 0..3 {
    ///     flaky.send(Msg::Fail).await?; // The third within a minute is too many.
    /// }
    /// assert_eq!(sup.wait().await, ExitReason::Shutdown);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn intensity(mut self, max: u32, period: Duration) -> Self {
        assert!(!period.is_zero(), "an intensity needs a period above zero");
        self.config.intensity = (max, period);
        self
    }

    /// Whether it ends when its significant children have; never by default.
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
    /// let worker = ChildSpec::new("a", || Flaky).restart(Restart::Temporary).significant(true);
    /// let (spec, flaky) = worker.build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).auto_shutdown(AutoShutdown::Any);
    /// let sup = sup.child(spec).start(&system).await?;
    /// flaky.send(Msg::Stop).await?;
    /// assert_eq!(sup.wait().await, ExitReason::Shutdown);
    /// # Ok(()) }
    /// ```
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.config.auto_shutdown = auto_shutdown;
        self
    }

    /// How many children it takes at most, running or not; any number by default.
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
    /// use actor_core::SupervisorError;
    ///
    /// let sup = Supervisor::builder(Strategy::OneForOne).max_children(1).start(&system).await?;
    /// let ((first, _a), (second, _b)) = (ChildSpec::new("a", || Flaky).build(), ChildSpec::new("b", || Flaky).build());
    /// sup.start_child(first).await?;
    /// assert_eq!(sup.start_child(second).await, Err(SupervisorError::MaxChildren(1)));
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn max_children(mut self, max: usize) -> Self {
        self.config.max_children = max;
        self
    }

    /// Adds a child. Children start in the order in which they are added.
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
    /// let (first, a) = ChildSpec::new("a", || Flaky).build();
    /// let (second, b) = ChildSpec::new("b", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(first).child(second).start(&system).await?;
    /// let children = sup.which_children().await?;
    /// assert_eq!((children[0].actor, children[1].actor), (a.id(), b.id()));
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn child(mut self, spec: ChildSpec) -> Self {
        self.specs.push(spec);
        self
    }

    /// The name of the supervisor.
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
    /// let sup = Supervisor::builder(Strategy::OneForOne).name("workers").start(&system).await?;
    /// assert_eq!(system.lookup_any("workers"), Some(sup.any()));
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Starts the supervisor and its children, one after the other, each when the one before has started. The supervisor belongs to
    /// the system: it lives on without references.
    ///
    /// # Errors
    ///
    /// [`StartError::Child`] names the child that did not start; those before it were stopped again in reverse order. Otherwise two
    /// children have one id, there are more of them than are allowed, a significant one makes no sense, or the name is taken, and nothing
    /// was started. In each case the actors of all the specifications have ended:
    /// a retry needs new ones.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the supervisor may start all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::StartError;
    ///
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
    /// # struct Broken;
    /// # impl Actor for Broken {
    /// #     type Msg = ();
    /// #     async fn started(&mut self, _: &mut Context<Self>) -> ActorResult { Err("no configuration".into()) }
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (first, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let (second, _broken) = ChildSpec::new("broken", || Broken).build(); // Its `started` fails.
    /// match Supervisor::builder(Strategy::OneForOne).child(first).child(second).start(&system).await {
    ///     Err(StartError::Child { id, reason }) => {
    ///         assert_eq!((id.as_str(), reason.to_string().as_str()), ("broken", "failed to start: no configuration"));
    ///     }
    ///     other => panic!("{other:?}"),
    /// }
    /// assert_eq!(flaky.wait().await, ExitReason::Shutdown, "it had started, and was stopped again");
    /// # Ok(()) }
    /// ```
    pub async fn start(self, system: &ActorSystem) -> Result<SupervisorRef, StartError> {
        let (supervisor, name) = self.into_supervisor()?;
        let actor = launch(name, system.actor(supervisor)).await?;
        // It belongs to the system.
        actor.cell().header().add_ref();
        Ok(SupervisorRef::new(actor))
    }

    /// The same as a child of an actor: it is stopped before that actor has ended, and it is not restarted.
    ///
    /// # Errors
    ///
    /// As for [`start`](SupervisorBuilder::start).
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the supervisor may start all the same; it ends with its parent.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::prelude::*;
    ///
    /// struct Echo;
    /// impl Actor for Echo {
    ///     type Msg = Reply<u32>;
    ///     async fn handle(&mut self, reply: Reply<u32>, _ctx: &mut Context<Self>) -> ActorResult {
    ///         reply.send(7);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// struct Session { echo: Option<ActorRef<Reply<u32>>> }
    /// impl Actor for Session {
    ///     type Msg = Reply<u32>;
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         let (spec, echo) = ChildSpec::new("echo", || Echo).build();
    ///         Supervisor::builder(Strategy::OneForOne).child(spec).start_in(ctx).await?;
    ///         self.echo = Some(echo);
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, reply: Reply<u32>, _ctx: &mut Context<Self>) -> ActorResult {
    ///         let echo = self.echo.as_ref().ok_or("not started")?;
    ///         Ok(echo.send(reply).await?)
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let session = system.start(Session { echo: None }).await?;
    /// assert_eq!(session.ask(|reply| reply).await?, 7);
    /// # Ok(()) }
    /// ```
    pub fn start_in<A: Actor>(
        self,
        ctx: &Context<A>,
    ) -> impl Future<Output = Result<SupervisorRef, StartError>> + Send + use<A> {
        let prepared = self.into_supervisor();
        let prepared = prepared.map(|(supervisor, name)| (name, ctx.child(supervisor)));
        async move {
            let (name, builder) = prepared?;
            Ok(SupervisorRef::new(launch(name, builder).await?))
        }
    }

    /// A supervisor as the child of another, with the options of any child: permanent, and given all the time that its own children need,
    /// by default.
    ///
    /// When it is restarted, or over its limit, its children are stopped with it, and the next incarnation starts those of its
    /// specifications again. They are the same actors: references, monitors, names and queues survive, as they do when a child itself is
    /// restarted. Children that were added by [`SupervisorRef::start_child`] end for good with the incarnation.
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
    /// let inner = Supervisor::builder(Strategy::OneForOne).intensity(0, Duration::from_secs(1)).child(spec);
    /// let (inner, inner_ref) = inner.into_child("inner").restart(Restart::Permanent).build();
    /// let outer = Supervisor::builder(Strategy::OneForOne).child(inner).start(&system).await?;
    ///
    /// flaky.send(Msg::Fail).await?; // Once too often for the inner supervisor; the outer one restarts it.
    /// assert_eq!(flaky.ask(Msg::Runs).await?, 2, "and with it its child");
    /// assert_eq!(inner_ref.which_children().await?[0].actor, flaky.id());
    /// # outer.stop(); outer.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn into_child(self, id: impl Into<String>) -> ChildBuilder<SupervisorMsg, SupervisorRef> {
        let name = self.name.clone();
        let config = Arc::new(self.into_config(true));
        let child = ChildBuilder::supervisor(
            id.into(),
            Box::new(move |cell, placement, start_timeout| {
                let factory = move || Supervisor::new(Arc::clone(&config));
                Arc::new(TaskChild::<Supervisor, _> {
                    cell,
                    factory: Arc::new(SleepingMutex::new(factory)),
                    placement,
                    start_timeout,
                })
            }),
        );
        match name {
            Some(name) => child.name(name),
            None => child,
        }
    }

    /// The same with the options left as they are.
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
    /// let (inner, inner_ref) = Supervisor::builder(Strategy::OneForAll).into_spec("inner");
    /// let outer = Supervisor::builder(Strategy::OneForOne).child(inner).start(&system).await?;
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// inner_ref.start_child(spec).await?;
    /// assert_eq!(outer.count_children().await?.supervisors, 1);
    /// # outer.stop(); outer.wait().await;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn into_spec(self, id: impl Into<String>) -> (ChildSpec, SupervisorRef) {
        self.into_child(id).build()
    }

    fn into_config(self, keeps_children: bool) -> Config {
        Config {
            specs: self.specs.into_iter().map(ChildSpec::into_inner).collect(),
            keeps_children,
            ..self.config
        }
    }

    /// The supervisor for a start at the top or under an actor, and its name.
    fn into_supervisor(self) -> Result<(Supervisor, Option<String>), StartError> {
        let name = self.name.clone();
        let config = Arc::new(self.into_config(false));
        config.check()?;
        Ok((Supervisor::new(config), name))
    }
}

async fn launch(
    name: Option<String>,
    builder: SpawnBuilder<Supervisor>,
) -> Result<ActorRef<SupervisorMsg>, StartError> {
    let first_failure = builder.state().first_failure();
    // Its children have start-up deadlines of their own.
    let mut builder = builder
        .start_timeout(Duration::MAX)
        .shutdown(Shutdown::Wait);
    if let Some(name) = name {
        builder = builder.name(name);
    }
    let started = builder.start().await;
    // What became of the child is more precise than that its supervisor did not start.
    started.map_err(|error| lock(&first_failure).take().unwrap_or(error))
}
