//! What a supervisor is told about a child.

use std::fmt;
use std::time::Duration;

use super::plan::Facts;
use super::{Backoff, ChildBuilder, Restart, StartChild, TaskChild};
use crate::cell::AnyCell;
use crate::kind::Kind;
use crate::link::Port;
use crate::observe;
use crate::sync::{Arc, SleepingMutex};
use crate::{Actor, ExitReason, Shutdown};

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
    inner: Arc<Spec>,
}

/// What a specification consists of. Shared: a supervisor that is restarted starts its children again from the same.
pub(crate) struct Spec {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) restart: Restart,
    pub(crate) shutdown: Shutdown,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) significant: bool,
    pub(crate) is_supervisor: bool,
    pub(crate) cell: Arc<dyn AnyCell>,
    pub(crate) start: Arc<dyn StartChild>,
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
                let factory = Arc::new(SleepingMutex::new(factory));
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
        &self.inner.id
    }

    pub(super) fn from_inner(inner: Spec) -> Self {
        ChildSpec {
            inner: Arc::new(inner),
        }
    }

    pub(super) fn into_inner(self) -> Arc<Spec> {
        self.inner
    }
}

impl Spec {
    /// What starts an incarnation of it: its own, unless a test has put a stand-in in its place.
    pub(super) fn starter(&self) -> Arc<dyn StartChild> {
        let stand_in = observe::stand_in(&self.id, self.kind, &self.cell);
        stand_in.unwrap_or_else(|| Arc::clone(&self.start))
    }

    /// What of it decides anything.
    pub(super) fn facts(&self) -> Facts {
        Facts {
            id: self.id.clone(),
            restart: self.restart,
            backoff: self.backoff,
            significant: self.significant,
            is_supervisor: self.is_supervisor,
        }
    }
}

impl Drop for Spec {
    fn drop(&mut self) {
        // Once a supervisor has taken the child over, that one ends it.
        if self.cell.header().binding().is_none() {
            self.cell.finish(ExitReason::Shutdown);
        }
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec")
            .field("id", &self.id)
            .field("restart", &self.restart)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec")
            .field("id", &self.inner.id)
            .field("restart", &self.inner.restart)
            .finish_non_exhaustive()
    }
}
