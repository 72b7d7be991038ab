//! What an actor can do from the inside.
//!
//! | file | what is in it |
//! |---|---|
//! | `context.rs` | references, children, stopping, simple monitors; how it ends |
//! | `links.rs` | links with other actors |
//! | `monitors.rs` | monitors by name, and of restarts |
//! | `stash.rs` | messages put aside |
//! | `timers.rs` | later messages to oneself |
//! | `work.rs` | futures, streams and blocking calls beside the actor |

mod links;
mod monitors;
mod stash;
mod timers;
mod work;

use crate::cell::{AnyCell, Cell, Monitor, absence};
use crate::children::finish_all;
use crate::guard::caught;
use crate::inbox::Inbox;
use crate::lifecycle::Request;
use crate::mailbox::queue::Extra;
use crate::observe;
use crate::spawn::SpawnBuilder;
use crate::sync::Arc;
use crate::system::SystemCore;
use crate::{
    Actor, ActorId, ActorRef, ActorSystem, AnyActorRef, AskError, Down, ExitReason, MonitorId,
    Signal, WeakActorRef,
};

/// Handed to every handler and hook of an actor: its own reference, its children, monitors, links and timers.
///
/// It belongs to one incarnation; whatever was set through it ends with that incarnation.
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
/// enum HostMsg { Greet, Guests(Reply<usize>) }
///
/// #[derive(Default)]
/// struct Host { guests: Vec<ActorRef<u32>> }
///
/// impl Actor for Host {
///     type Msg = HostMsg;
///
///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
///         ctx.send_after("greet", Duration::from_millis(1), HostMsg::Greet);
///         Ok(())
///     }
///
///     async fn handle(&mut self, msg: HostMsg, ctx: &mut Context<Self>) -> ActorResult {
///         match msg {
///             HostMsg::Greet => self.guests.push(ctx.spawn(Sink)),
///             HostMsg::Guests(reply) => reply.send(self.guests.len()),
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::builder("demo").timekeeping(actor_core::Timekeeping::Runtime).build();
/// let host = system.spawn(Host::default());
/// tokio::time::sleep(Duration::from_millis(5)).await;
/// assert_eq!(host.ask(HostMsg::Guests).await?, 1);
/// # Ok(()) }
/// ```
pub struct Context<A: Actor> {
    pub(crate) inbox: Inbox<A::Msg>,
}

impl<A: Actor> Context<A> {
    pub(crate) fn new(cell: Arc<Cell<A::Msg>>, incarnation: u32, blocking: bool) -> Self {
        Context {
            inbox: Inbox::new(cell, incarnation, blocking),
        }
    }

    pub(crate) fn core(&self) -> &Arc<SystemCore> {
        self.inbox
            .cell
            .header()
            .system()
            .expect("a cell is bound to its system before its first incarnation")
    }

    /// A reference to this actor.
    ///
    /// It counts: an actor that keeps one in its own state never ends for want of references. Keep a [`weak`](Context::weak) one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Loop { left: u32 }
    /// impl Actor for Loop {
    ///     type Msg = ();
    ///
    ///     async fn handle(&mut self, (): (), ctx: &mut Context<Self>) -> ActorResult {
    ///         self.left -= 1;
    ///         match self.left {
    ///             0 => ctx.stop(),
    ///             // `try_send`, since an actor cannot wait for room in its own mailbox.
    ///             _ => ctx.actor_ref().try_send(())?,
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let looping = system.spawn(Loop { left: 3 });
    /// looping.send(()).await?;
    /// assert_eq!(looping.wait().await, ExitReason::Normal);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn actor_ref(&self) -> ActorRef<A::Msg> {
        ActorRef::new(Arc::clone(&self.inbox.cell))
    }

    /// A reference to this actor that does not keep it alive.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// struct Selfish { me: Option<WeakActorRef<Reply<bool>>> }
    ///
    /// impl Actor for Selfish {
    ///     type Msg = Reply<bool>;
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         self.me = Some(ctx.weak()); // For callbacks, say; it does not keep the actor alive.
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, reply: Reply<bool>, _ctx: &mut Context<Self>) -> ActorResult {
    ///         reply.send(self.me.as_ref().is_some_and(|me| me.upgrade().is_some()));
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let selfish = system.spawn(Selfish { me: None });
    /// assert!(selfish.ask(|reply| reply).await?);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn weak(&self) -> WeakActorRef<A::Msg> {
        WeakActorRef::new(Arc::clone(&self.inbox.cell))
    }

    /// The id of this actor. It stays the same over restarts.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::ActorId;
    ///
    /// # struct WhoAmI;
    /// impl Actor for WhoAmI {
    ///     type Msg = Reply<ActorId>;
    ///
    ///     async fn handle(&mut self, reply: Reply<ActorId>, ctx: &mut Context<Self>) -> ActorResult {
    ///         reply.send(ctx.id());
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let actor = system.spawn(WhoAmI);
    /// assert_eq!(actor.ask(|reply| reply).await?, actor.id());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.inbox.cell.header().id()
    }

    /// Which incarnation this is; the first is 1.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Incarnation(Reply<u32>) }
    /// # struct Flaky;
    /// impl Actor for Flaky {
    ///     type Msg = Msg;
    ///
    ///     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             Msg::Fail => Err("as asked".into()),
    ///             Msg::Incarnation(reply) => Ok(reply.send(ctx.incarnation())),
    ///         }
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
    /// flaky.send(Msg::Fail).await?;
    /// assert_eq!(flaky.ask(Msg::Incarnation).await?, 2);
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn incarnation(&self) -> u32 {
        self.inbox.incarnation
    }

    /// The system in which this actor lives.
    ///
    /// It is a handle like any other: an actor that keeps it in its state keeps the system running.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Scout;
    /// impl Actor for Scout {
    ///     type Msg = Reply<bool>;
    ///
    ///     async fn handle(&mut self, reply: Reply<bool>, ctx: &mut Context<Self>) -> ActorResult {
    ///         reply.send(ctx.system().lookup_any("scout").is_some());
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let scout = system.start_named("scout", Scout).await?;
    /// assert!(scout.ask(|reply| reply).await?);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn system(&self) -> ActorSystem {
        ActorSystem::from_core(Arc::clone(self.core()))
    }

    /// Stops this actor after the present message, as [`ActorRef::stop`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Countdown { left: u32 }
    /// impl Actor for Countdown {
    ///     type Msg = ();
    ///
    ///     async fn handle(&mut self, (): (), ctx: &mut Context<Self>) -> ActorResult {
    ///         self.left -= 1;
    ///         if self.left == 0 {
    ///             ctx.stop();
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let countdown = system.spawn(Countdown { left: 1 });
    /// countdown.send(()).await?;
    /// assert_eq!(countdown.wait().await, ExitReason::Normal);
    /// # Ok(()) }
    /// ```
    pub fn stop(&self) {
        self.inbox.cell.request(&Request::Stop(ExitReason::Normal));
    }

    pub(crate) fn stop_with(&self, reason: ExitReason) {
        self.inbox.cell.request(&Request::Stop(reason));
    }

    /// Starts an actor that cannot outlive this one: when this incarnation ends, for whatever reason, its children are stopped first,
    /// in the reverse order of their start.
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
    /// struct Parent;
    ///
    /// impl Actor for Parent {
    ///     type Msg = Reply<ActorRef<u32>>;
    ///
    ///     async fn handle(&mut self, reply: Self::Msg, ctx: &mut Context<Self>) -> ActorResult {
    ///         reply.send(ctx.spawn(Sink));
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let parent = system.spawn(Parent);
    /// let child = parent.ask(|reply| reply).await?;
    /// parent.kill();
    /// parent.wait().await;
    /// assert_eq!(child.wait().await, ExitReason::Shutdown, "its parent stopped it");
    /// # Ok(()) }
    /// ```
    pub fn spawn<B: Actor>(&self, actor: B) -> ActorRef<B::Msg> {
        self.child(actor).spawn()
    }

    /// A child with options; see [`spawn`](Context::spawn).
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
    /// struct Parent { child: Option<ActorRef<u32>> }
    ///
    /// impl Actor for Parent {
    ///     type Msg = ();
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         let child = ctx.child(Sink).mailbox(Mailbox::bounded(16)).shutdown(Shutdown::Kill);
    ///         // If the child does not start, neither does its parent.
    ///         self.child = Some(child.start().await?);
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let parent = system.start(Parent { child: None }).await?;
    /// assert_eq!(system.live_actors(), 2);
    /// # parent.stop(); parent.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn child<B: Actor>(&self, actor: B) -> SpawnBuilder<B> {
        let parent: Arc<dyn AnyCell> = Arc::clone(&self.inbox.cell) as Arc<dyn AnyCell>;
        SpawnBuilder::new(Arc::clone(self.core()), Some(parent), actor)
    }

    /// Asks for a [`Down`] in [`Actor::signal`] when that actor ends for good. At once, with `NoActor`, if it has ended already;
    /// with `NoConnection` if it lived in another process and the link to it was lost.
    ///
    /// The signal comes behind every message that the dead actor had sent to this one (before all messages in a mailbox that is
    /// last-in-first-out or by priority), and needs no room in it. Several monitors on one actor give several signals.
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
    /// struct Watcher { target: AnyActorRef, told: Option<Reply<ExitReason>> }
    ///
    /// impl Actor for Watcher {
    ///     type Msg = Reply<ExitReason>;
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.monitor(&self.target);
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, reply: Self::Msg, _ctx: &mut Context<Self>) -> ActorResult {
    ///         self.target.kill();
    ///         self.told = Some(reply);
    ///         Ok(())
    ///     }
    ///
    ///     async fn signal(&mut self, signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
    ///         if let (Signal::Down(down), Some(reply)) = (signal, self.told.take()) {
    ///             reply.send(down.reason);
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let watcher = system.spawn(Watcher { target: system.spawn(Sink).any(), told: None });
    /// assert_eq!(watcher.ask(|reply| reply).await?, ExitReason::Killed);
    /// # Ok(()) }
    /// ```
    pub fn monitor(&mut self, target: &AnyActorRef) -> MonitorId {
        let watcher = Arc::clone(&self.inbox.cell);
        self.watch(target.cell(), move |down| {
            drop(watcher.push_extra(Extra::Signal(Signal::Down(down))))
        })
    }

    /// Like [`monitor`](Context::monitor), but the end arrives as a message of this actor's own type.
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
    /// enum WatcherMsg { Ended(&'static str, ExitReason) }
    ///
    /// struct Watcher { target: AnyActorRef }
    ///
    /// impl Actor for Watcher {
    ///     type Msg = WatcherMsg;
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.monitor_with(&self.target, |down| WatcherMsg::Ended("sink", down.reason));
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, msg: WatcherMsg, ctx: &mut Context<Self>) -> ActorResult {
    ///         let WatcherMsg::Ended(who, reason) = msg;
    ///         assert_eq!((who, reason), ("sink", ExitReason::Normal));
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// let watcher = system.start(Watcher { target: sink.any() }).await?;
    /// sink.stop();
    /// assert_eq!(watcher.wait().await, ExitReason::Normal);
    /// # Ok(()) }
    /// ```
    pub fn monitor_with(
        &mut self,
        target: &AnyActorRef,
        map: impl FnOnce(Down) -> A::Msg + Send + 'static,
    ) -> MonitorId {
        let watcher = Arc::clone(&self.inbox.cell);
        self.watch(target.cell(), move |down| {
            let id = down.monitor;
            drop(watcher.push_extra(Extra::Mapped(id, map(down))));
        })
    }

    fn new_monitor(&mut self) -> MonitorId {
        let id = MonitorId(self.core().next_id());
        self.inbox.rare().monitors.push(id);
        id
    }

    fn watch(
        &mut self,
        cell: &Arc<dyn AnyCell>,
        notify: impl FnOnce(Down) + Send + 'static,
    ) -> MonitorId {
        let id = self.new_monitor();
        observe::monitored(self.inbox.cell.header(), cell.header().id());
        let tally = Some(self.core().monitors.tally(1));
        let rare = self.inbox.rare();
        // Ended monitors are swept now and then, so that the list does not grow for ever.
        if rare.watched.len() >= 16 && rare.watched.len() >= 2 * rare.monitors.len() {
            let live = &rare.monitors;
            rare.watched.retain(|(id, _)| live.contains(id));
        }
        match cell.add_monitor(Monitor {
            id,
            notify: Box::new(notify),
            tally,
        }) {
            Ok(()) => rare.watched.push((id, Arc::clone(cell))),
            Err(monitor) => {
                (monitor.notify)(Down {
                    monitor: id,
                    actor: cell.header().id(),
                    reason: absence(&**cell),
                });
            }
        }
        id
    }

    /// Takes a monitor back. After this returns its `Down` is not handled, even if it was queued already.
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
    /// struct Watcher { target: AnyActorRef }
    ///
    /// impl Actor for Watcher {
    ///     type Msg = ();
    ///
    ///     async fn handle(&mut self, (): (), ctx: &mut Context<Self>) -> ActorResult {
    ///         let monitor = ctx.monitor(&self.target);
    ///         self.target.kill();
    ///         self.target.wait().await; // The `Down` is queued by now…
    ///         ctx.demonitor(monitor); // …and will not be handled.
    ///         Ok(())
    ///     }
    ///
    ///     async fn signal(&mut self, _signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
    ///         Err("not wanted".into())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let watcher = system.spawn(Watcher { target: system.spawn(Sink).any() });
    /// watcher.send(()).await?;
    /// watcher.drain();
    /// assert_eq!(watcher.wait().await, ExitReason::Normal);
    /// # Ok(()) }
    /// ```
    pub fn demonitor(&mut self, id: MonitorId) {
        let Some(rare) = self.inbox.rare_if_any() else {
            return;
        };
        rare.monitors.retain(|set| *set != id);
        if let Some(place) = rare.watched.iter().position(|(set, _)| *set == id) {
            let cell = rare.watched.swap_remove(place).1;
            cell.remove_monitor(id);
            observe::demonitored(self.inbox.cell.header(), cell.header().id());
        }
    }

    /// The incarnation is over: gives everything back and reports the end.
    pub(crate) fn over(&mut self, reason: ExitReason) {
        self.release(&AskError::of_end(&reason));
        let drawn = self.inbox.take_drawn();
        self.inbox
            .cell
            .end_incarnation(self.inbox.incarnation, reason, drawn);
    }

    /// `why` is what becomes of replies in the work that is ended.
    fn release(&mut self, why: &AskError) {
        let Some(rare) = self.inbox.rare_if_any() else {
            return;
        };
        rare.work.close(why);
        // The messages of timers and the map functions of monitors are user data, whose drop may panic.
        let timers = std::mem::replace(&mut rare.timers, crate::timers::Timers::new());
        let watched = std::mem::take(&mut rare.watched);
        self.dropped(caught(|| drop(timers)));
        for (id, cell) in watched {
            self.dropped(caught(|| cell.remove_monitor(id)));
        }
    }

    fn dropped(&self, outcome: Result<(), ExitReason>) {
        if let Err(reason) = outcome {
            tracing::error!(actor = %self.id(), %reason, "dropping what an actor had set panicked");
        }
    }
}

impl<A: Actor> Drop for Context<A> {
    /// An incarnation that was dropped without its end: its runtime is gone, and with it every chance of a restart.
    fn drop(&mut self) {
        self.release(&AskError::of_end(&ExitReason::Killed));
        let cell = Arc::clone(&self.inbox.cell);
        let is_present = cell.is_present(self.inbox.incarnation);
        if is_present && let Some(children) = cell.header().children_if_any() {
            finish_all(children);
        }
        // Also one that was given up hands back what it had drawn: the asks in it resolve.
        let drawn = self.inbox.take_drawn();
        if is_present || !drawn.is_empty() {
            cell.end_incarnation(self.inbox.incarnation, ExitReason::Killed, drawn);
        }
    }
}
