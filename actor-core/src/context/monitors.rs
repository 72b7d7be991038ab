//! Monitors beyond the plain one: by name, and of restarts.

use super::Context;
use crate::cell::RestartWatcher;
use crate::mailbox::queue::Extra;
use crate::sync::Arc;
use crate::{Actor, ActorId, AnyActorRef, Down, ExitReason, MonitorId, Signal};

impl<A: Actor> Context<A> {
    /// Monitors whoever holds a name at this moment. When nobody does the [`Down`] comes at once, with [`ExitReason::NoActor`] and the
    /// actor [`ActorId::UNBOUND`].
    ///
    /// Otherwise it is [`monitor`](Context::monitor) of that actor; who takes the name after it is not monitored.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// struct Client;
    ///
    /// impl Actor for Client {
    ///     type Msg = ();
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.monitor_name("database");
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
    ///         Ok(())
    ///     }
    ///
    ///     async fn signal(&mut self, signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
    ///         match signal {
    ///             Signal::Down(down) if down.reason == ExitReason::NoActor => Err("no database".into()),
    ///             _ => Ok(()),
    ///         }
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let client = system.spawn(Client);
    /// assert_eq!(client.wait().await, ExitReason::Failed("no database".to_owned()));
    /// # Ok(()) }
    /// ```
    pub fn monitor_name(&mut self, name: &str) -> MonitorId {
        let watcher = Arc::clone(&self.inbox.cell);
        let notify = move |down| drop(watcher.push_extra(Extra::Signal(Signal::Down(down))));
        if let Some(cell) = self.core().registry.find(name) {
            return self.watch(&cell, notify);
        }
        let monitor = self.new_monitor();
        notify(Down {
            monitor,
            actor: ActorId::UNBOUND,
            reason: ExitReason::NoActor,
        });
        monitor
    }

    /// Like [`monitor`](Context::monitor), and also asks for a [`Restarted`](crate::Restarted) in [`Actor::signal`] each time when that
    /// actor has been started again.
    ///
    /// It comes when `started` of the new incarnation is complete. Only restarts in this process are seen: of an actor that lives in
    /// another process and is no child of a supervisor here, only the end is heard. [`demonitor`](Context::demonitor) takes all of it
    /// back.
    ///
    /// # Ordering
    ///
    /// It comes behind what the former incarnations and the `started` of the new one have sent to this actor, and needs no room in the
    /// mailbox.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { Err("disk full".into()) }
    /// # }
    /// struct Log { flaky: AnyActorRef }
    ///
    /// impl Actor for Log {
    ///     type Msg = ();
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.monitor_restarts(&self.flaky);
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
    ///         Ok(())
    ///     }
    ///
    ///     async fn signal(&mut self, signal: Signal, ctx: &mut Context<Self>) -> ActorResult {
    ///         if let Signal::Restarted(news) = signal {
    ///             assert_eq!(news.incarnation, 2);
    ///             assert_eq!(news.cause, ExitReason::Failed("disk full".to_owned()));
    ///             ctx.stop();
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// let log = system.start(Log { flaky: flaky.any() }).await?;
    /// flaky.send(()).await?;
    /// assert_eq!(log.wait().await, ExitReason::Normal);
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn monitor_restarts(&mut self, target: &AnyActorRef) -> MonitorId {
        let id = self.monitor(target);
        let watcher = Arc::clone(&self.inbox.cell);
        target.cell().watch_restarts(RestartWatcher {
            id,
            notify: Arc::new(move |news| {
                drop(watcher.push_extra(Extra::Signal(Signal::Restarted(news))));
            }),
        });
        id
    }
}
