//! The system: a value that owns actors, names, dead letters and the time. Several live in one process without knowing each other.

use std::fmt;
use std::time::Duration;

use crate::cell::{AnyCell, Cell, until};
use crate::children::{Casualty, Children, Fate, give_up, stop_all, within};
use crate::dead_letter::{DeadLetterOffice, DeadLetters};
use crate::directory::Directory;
use crate::lifecycle::{Phase, Request};
use crate::registry::Registry;
use crate::runtime::{Runtime, What};
use crate::snapshot::Snapshot;
use crate::spawn::SpawnBuilder;
use crate::sync::{Arc, AtomicBool, AtomicU64, AtomicUsize, Mutex, OnceLock, Ordering, lock};
use crate::tally::Gauge;
use crate::timekeeper::{Timekeeper, Timekeeping};
use crate::watchdog::Watchdog;
use crate::{Actor, ActorRef, AnyActorRef, ExitReason, LookupError, RegisterError, StartError};

/// The deadline of an ask that sets none.
pub(crate) const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// What cells hold of their system.
pub(crate) struct SystemCore {
    pub(crate) name: String,
    pub(crate) runtime: Runtime,
    pub(crate) timekeeper: Arc<Timekeeper>,
    pub(crate) registry: Registry,
    pub(crate) groups: Arc<Directory>,
    pub(crate) topics: Arc<Directory>,
    pub(crate) roots: Children,
    pub(crate) dead_letters: DeadLetterOffice,
    pub(crate) ask_timeout: Duration,
    /// Actors of other places that are known here; nobody here stops them.
    pub(crate) foreign: Children,
    pub(crate) timers: Gauge,
    pub(crate) monitors: Gauge,
    pub(crate) watchdog: OnceLock<Arc<Watchdog>>,
    /// What is more than one actor, and says so in snapshots.
    pub(crate) notes: crate::snapshot::Notes,
    next_id: AtomicU64,
    live: AtomicUsize,
    handles: AtomicUsize,
    runtime_watched: AtomicBool,
    /// Filled while the system shuts down.
    casualties: Mutex<Option<Vec<Casualty>>>,
}

impl SystemCore {
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn actor_began(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn actor_ended(&self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether there is a watchdog.
    pub(crate) fn is_watched(&self) -> bool {
        self.watchdog.get().is_some()
    }

    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    pub(crate) fn note_casualty(&self, casualty: Casualty) {
        if let Some(casualties) = &mut *lock(&self.casualties) {
            casualties.push(casualty);
        }
    }

    /// Makes sure that actors on threads hear of it when the runtime goes away; tasks notice by being dropped.
    pub(crate) fn watch_runtime(self: &Arc<Self>) {
        if self.runtime_watched.swap(true, Ordering::Relaxed) {
            return;
        }
        struct RuntimeGone(std::sync::Weak<SystemCore>);
        impl Drop for RuntimeGone {
            fn drop(&mut self) {
                if let Some(core) = self.0.upgrade() {
                    core.roots.close();
                    core.tree()
                        .iter()
                        .for_each(|cell| cell.request(&Request::Kill));
                }
            }
        }
        let guard = RuntimeGone(Arc::downgrade(self));
        drop(
            self.runtime
                .spawn(What::Part("the watch over the runtime"), async move {
                    let _guard = guard;
                    std::future::pending::<()>().await;
                }),
        );
    }

    /// Every actor below the top, parents before their children. Iterative: trees may be deep.
    pub(crate) fn tree(&self) -> Vec<Arc<dyn AnyCell>> {
        let mut found: Vec<Arc<dyn AnyCell>> = self
            .roots
            .list()
            .into_iter()
            .map(|child| child.cell)
            .collect();
        let mut next = 0;
        while next < found.len() {
            let below = found[next]
                .header()
                .children_if_any()
                .map(Children::list)
                .unwrap_or_default();
            found.extend(below.into_iter().map(|child| child.cell));
            next += 1;
        }
        found
    }
}

/// A system of actors.
///
/// Clones are handles to the same system. Dropping the last handle stops every actor without waiting; [`shutdown`](Self::shutdown)
/// stops them in order and waits.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use actor_core::prelude::*;
///
/// let system = ActorSystem::new("demo");
/// let report = system.shutdown(Duration::from_secs(5)).await;
/// assert!(report.is_clean());
/// # }
/// ```
pub struct ActorSystem {
    core: Arc<SystemCore>,
}

/// Options for a system.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let system = ActorSystem::builder("demo").ask_timeout(Duration::from_secs(1)).build();
/// assert_eq!(system.name(), "demo");
/// # Ok(()) }
/// ```
#[must_use = "nothing is built before `build`"]
pub struct SystemBuilder {
    name: String,
    ask_timeout: Duration,
    timekeeping: Timekeeping,
    panic_hook: bool,
    watchdog: Option<Duration>,
}

impl SystemBuilder {
    /// The deadline of asks that set none; 5 seconds by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let system = ActorSystem::builder("demo").ask_timeout(Duration::from_millis(20)).build();
    /// # struct Sleeper;
    /// # impl Actor for Sleeper {
    /// #     type Msg = Reply<()>;
    /// #     async fn handle(&mut self, _reply: Reply<()>, _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
    /// # }
    /// # let sleeper = system.spawn(Sleeper);
    /// let answer = sleeper.ask(|reply| reply).await; // Its handler never returns.
    /// assert!(matches!(answer, Err(AskError::Timeout { after, .. }) if after == Duration::from_millis(20)));
    /// # Ok(()) }
    /// ```
    pub fn ask_timeout(mut self, timeout: Duration) -> Self {
        self.ask_timeout = timeout;
        self
    }

    /// Who keeps the time; a thread by default. Choose [`Timekeeping::Runtime`] in tests that pause the clock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::Timekeeping;
    ///
    /// # struct Sleeper;
    /// # impl Actor for Sleeper {
    /// #     type Msg = Reply<()>;
    /// #     async fn handle(&mut self, _reply: Reply<()>, _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
    /// # }
    /// #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// async fn main() {
    ///     let system = ActorSystem::builder("demo").timekeeping(Timekeeping::Runtime).build();
    ///     let sleeper = system.spawn(Sleeper);
    ///     let begin = tokio::time::Instant::now();
    ///     let answer = sleeper.ask_within(Duration::from_secs(3_600), |reply| reply).await; // Takes no time at all.
    ///     assert!(matches!(answer, Err(AskError::Timeout { .. })));
    ///     assert_eq!(begin.elapsed(), Duration::from_secs(3_600));
    /// }
    /// ```
    pub fn timekeeping(mut self, timekeeping: Timekeeping) -> Self {
        self.timekeeping = timekeeping;
        self
    }

    /// Whether to install the panic hook that notes where a panic happened and then calls the hook that was there before. On by
    /// default; without it exit reasons have no location.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Clumsy;
    /// # impl Actor for Clumsy {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { panic!("oops") }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let system = ActorSystem::builder("demo").panic_hook(false).build();
    /// let clumsy = system.spawn(Clumsy); // Panics at its first message.
    /// clumsy.send(()).await?;
    /// let reason = clumsy.wait().await;
    /// assert_eq!(reason, ExitReason::Panicked { text: "oops".to_owned(), location: None });
    /// # Ok(()) }
    /// ```
    pub fn panic_hook(mut self, install: bool) -> Self {
        self.panic_hook = install;
        self
    }

    /// Names handlers that run for longer than `limit`: in a warning of `tracing`, and in the [`snapshot`](ActorSystem::snapshot).
    ///
    /// Off by default, since its price depends on the system: four times within the limit it looks at every live actor, which takes
    /// the time that a lock takes for each, a few thousand at a time. A message costs nothing. A limit of some seconds is a good one:
    /// handlers that wait for something slow on purpose stay below it, those that hang do not. It does not depend on the workers of
    /// the runtime, so it also sees handlers that block all of them. An actor is warned of once the message has been in hand for the
    /// limit, a quarter of it later at most as long as the looking itself is quick, and again whenever the time has doubled; start-ups and
    /// `stopped` hooks count as messages do. See the [module on snapshots](crate::snapshot).
    ///
    /// # Panics
    ///
    /// With a limit of zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::Timekeeping;
    ///
    /// struct Slow;
    ///
    /// impl Actor for Slow {
    ///     type Msg = ();
    ///
    ///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
    ///         std::future::pending().await // A server that never answers, say.
    ///     }
    /// }
    ///
    /// #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// async fn main() -> Result<(), BoxError> {
    ///     let system = ActorSystem::builder("demo")
    ///         .timekeeping(Timekeeping::Runtime) // Virtual time, for the test.
    ///         .watchdog(Duration::from_secs(10))
    ///         .build();
    ///     let slow = system.spawn(Slow);
    ///     slow.send(()).await?;
    ///     tokio::time::sleep(Duration::from_secs(15)).await;
    ///
    ///     let snapshot = system.snapshot();
    ///     let overdue: Vec<_> = snapshot.overdue().map(|actor| actor.id).collect();
    ///     assert_eq!(overdue, [slow.id()]);
    ///     Ok(())
    /// }
    /// ```
    #[track_caller]
    pub fn watchdog(mut self, limit: Duration) -> Self {
        assert!(!limit.is_zero(), "a watchdog needs a limit above zero");
        self.watchdog = Some(limit);
        self
    }

    /// Builds the system on the runtime that the caller runs on.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime: call it from `#[tokio::main]`, or inside `Runtime::block_on`.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ActorSystem;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// let system = runtime.block_on(async { ActorSystem::builder("demo").build() });
    /// assert_eq!(system.live_actors(), 0);
    /// # Ok(()) }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn build(self) -> ActorSystem {
        let runtime = Runtime::current()
            .expect("an ActorSystem is built inside a tokio runtime: call it from #[tokio::main] or Runtime::block_on");
        if self.panic_hook {
            crate::panic::install_hook();
        }
        // A simulation has no other clock, and no threads.
        let timekeeping = match runtime.is_simulated() {
            true => Timekeeping::Runtime,
            false => self.timekeeping,
        };
        let core = SystemCore {
            name: self.name,
            timekeeper: Arc::new(Timekeeper::new(timekeeping, runtime.clone())),
            runtime,
            registry: Registry::default(),
            groups: Arc::default(),
            topics: Arc::default(),
            roots: Children::default(),
            dead_letters: DeadLetterOffice::new(),
            ask_timeout: self.ask_timeout,
            foreign: Children::default(),
            timers: Gauge::default(),
            monitors: Gauge::default(),
            watchdog: OnceLock::new(),
            next_id: AtomicU64::new(1),
            live: AtomicUsize::new(0),
            handles: AtomicUsize::new(0),
            runtime_watched: AtomicBool::new(false),
            notes: crate::snapshot::Notes::default(),
            casualties: Mutex::new(None),
        };
        let core = Arc::new(core);
        crate::observe::built(&core);
        if let Some(limit) = self.watchdog {
            Watchdog::start(&core, limit);
        }
        ActorSystem::from_core(core)
    }
}

impl ActorSystem {
    /// A system with the default options.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let system = ActorSystem::new("demo");
    /// assert_eq!(system.name(), "demo");
    /// # Ok(()) }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        Self::builder(name).build()
    }

    /// Options for a system.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let system = ActorSystem::builder("demo").ask_timeout(Duration::from_secs(30)).build();
    /// # Ok(()) }
    /// ```
    pub fn builder(name: impl Into<String>) -> SystemBuilder {
        SystemBuilder {
            name: name.into(),
            ask_timeout: ASK_TIMEOUT,
            timekeeping: Timekeeping::default(),
            panic_hook: true,
            watchdog: None,
        }
    }

    pub(crate) fn from_core(core: Arc<SystemCore>) -> Self {
        core.handles.fetch_add(1, Ordering::Relaxed);
        ActorSystem { core }
    }

    /// A handle, if there are others.
    pub(crate) fn from_live_core(core: Arc<SystemCore>) -> Option<Self> {
        let rise = |handles| {
            if handles == 0 {
                None
            } else {
                Some(handles + 1)
            }
        };
        core.handles
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, rise)
            .ok()?;
        Some(ActorSystem { core })
    }

    pub(crate) fn core(&self) -> &Arc<SystemCore> {
        &self.core
    }

    /// The name of the system, for logs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// assert_eq!(ActorSystem::new("demo").name(), "demo");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// Starts an actor and returns its reference at once. A failing `started` is then its exit reason.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// sink.send(1).await?; // Handled as soon as it has started.
    /// # Ok(()) }
    /// ```
    pub fn spawn<A: Actor>(&self, actor: A) -> ActorRef<A::Msg> {
        self.actor(actor).spawn()
    }

    /// Starts an actor and waits until its `started` has completed.
    ///
    /// # Errors
    ///
    /// See [`SpawnBuilder::start`].
    ///
    /// # Cancel safety
    ///
    /// See [`SpawnBuilder::start`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::StartError;
    ///
    /// struct Broken;
    ///
    /// impl Actor for Broken {
    ///     type Msg = ();
    ///
    ///     async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
    ///         Err("no configuration".into())
    ///     }
    ///
    ///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// match system.start(Broken).await {
    ///     Err(StartError::Failed(reason)) => assert_eq!(reason.to_string(), "failed to start: no configuration"),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn start<A: Actor>(&self, actor: A) -> Result<ActorRef<A::Msg>, StartError> {
        self.actor(actor).start().await
    }

    /// Starts an actor under a name and waits until its `started` has completed.
    ///
    /// # Errors
    ///
    /// See [`SpawnBuilder::start`].
    ///
    /// # Cancel safety
    ///
    /// See [`SpawnBuilder::start`].
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.start_named("sink", Sink).await?;
    /// assert_eq!(system.lookup::<u32>("sink")?, sink);
    /// # Ok(()) }
    /// ```
    pub async fn start_named<A: Actor>(
        &self,
        name: impl Into<String>,
        actor: A,
    ) -> Result<ActorRef<A::Msg>, StartError> {
        self.actor(actor).name(name).start().await
    }

    /// Options for one actor: name, mailbox, placement, allowances.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.actor(Sink).name("sink").mailbox(Mailbox::bounded(8)).start().await?;
    /// sink.send(1).await?;
    /// # Ok(()) }
    /// ```
    pub fn actor<A: Actor>(&self, actor: A) -> SpawnBuilder<A> {
        SpawnBuilder::new(Arc::clone(&self.core), None, actor)
    }

    /// Gives a running actor a name.
    ///
    /// # Errors
    ///
    /// Somebody holds the name, the actor has one already, or it has ended. Nothing was changed. Only a name that is taken may become free
    /// again.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (sink, spare) = (system.spawn(Sink), system.spawn(Sink));
    /// system.register("sink", &sink.any())?;
    /// if let Err(error) = system.register("sink", &spare.any()) {
    ///     assert_eq!(error.to_string(), format!("the name \"sink\" belongs to actor {}", sink.id()));
    /// }
    ///
    /// // The name is free when its holder has ended.
    /// sink.stop();
    /// sink.wait().await;
    /// system.register("sink", &spare.any())?;
    /// # Ok(()) }
    /// ```
    pub fn register(&self, name: &str, actor: &AnyActorRef) -> Result<(), RegisterError> {
        let home = actor.cell().header().system();
        if !home.is_some_and(|home| Arc::ptr_eq(home, &self.core)) {
            return Err(RegisterError::NotHere);
        }
        self.core.registry.register(name, actor.cell())
    }

    /// The actor of that name.
    ///
    /// # Errors
    ///
    /// Nobody holds the name, or the holder takes messages of another type.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::LookupError;
    ///
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink: ActorRef<u32> = match system.lookup("sink") {
    ///     Ok(sink) => sink,
    ///     Err(LookupError::NotFound(name)) => system.start_named(name, Sink).await?,
    ///     Err(wrong_type) => return Err(wrong_type.into()),
    /// };
    /// sink.send(1).await?;
    /// # Ok(()) }
    /// ```
    pub fn lookup<M: Send + 'static>(&self, name: &str) -> Result<ActorRef<M>, LookupError> {
        let not_found = || LookupError::NotFound(name.to_owned());
        let cell = self.core.registry.find(name).ok_or_else(not_found)?;
        let found = cell.message_type();
        let typed = cell
            .as_any()
            .downcast::<Cell<M>>()
            .map_err(|_| LookupError::WrongType {
                name: name.to_owned(),
                wanted: std::any::type_name::<M>(),
                found,
            })?;
        if typed.revive() {
            Ok(ActorRef::from_counted(typed))
        } else {
            Err(not_found())
        }
    }

    /// Whoever holds that name, untyped.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.start_named("sink", Sink).await?;
    /// assert_eq!(system.lookup_any("sink"), Some(sink.any()));
    /// assert_eq!(system.lookup_any("source"), None);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn lookup_any(&self, name: &str) -> Option<AnyActorRef> {
        self.core.registry.find(name).map(AnyActorRef::new)
    }

    /// A subscription to dead letters from now on. Subscribing never slows the delivery of messages.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let mut letters = system.dead_letters();
    /// let sink = system.spawn(Sink);
    /// sink.try_send(1)?;
    /// sink.stop();
    /// sink.wait().await;
    /// assert_eq!(letters.try_recv().map(|letter| letter.target), Some(sink.id()));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters {
        self.core.dead_letters.subscribe()
    }

    /// How many messages became dead letters so far.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// sink.try_send(1)?;
    /// sink.stop();
    /// sink.wait().await;
    /// assert_eq!(system.dead_letter_count(), 1);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn dead_letter_count(&self) -> u64 {
        self.core.dead_letters.count()
    }

    /// How many actors have not ended.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// assert_eq!(system.live_actors(), 1);
    /// sink.stop();
    /// sink.wait().await;
    /// assert_eq!(system.live_actors(), 0);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn live_actors(&self) -> usize {
        self.core.live()
    }

    /// What there is at this moment: the tree of actors, and what each is doing. See the [module on snapshots](crate::snapshot).
    ///
    /// Takes the time of one short lock per actor; no actor is kept from its work for longer.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.start_named("sink", Sink).await?;
    /// sink.send(1).await?;
    ///
    /// let snapshot = system.snapshot();
    /// assert_eq!(snapshot.totals.actors, 1);
    /// assert_eq!(snapshot.find("sink").map(|actor| actor.id), Some(sink.id()));
    /// println!("{snapshot}");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        crate::snapshot::take(&self.core)
    }

    /// Stops everything in the reverse order of its start, each actor within its own allowance and all within `deadline`. What has not
    /// stopped shortly before the deadline is killed; what does not answer the kill is given up and named in the report.
    ///
    /// Returns in time also when handlers never yield, on a multi-thread runtime. No actor can be started afterwards.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the system takes no new actors, what was asked to stop stops, and it may be called again.
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sink = system.spawn(Sink);
    /// let report = system.shutdown(Duration::from_secs(5)).await;
    /// for casualty in &report.casualties {
    ///     eprintln!("{:?} did not stop: {:?}", casualty.name, casualty.fate);
    /// }
    /// assert!(report.is_clean());
    /// assert_eq!(sink.wait().await, ExitReason::Shutdown);
    /// # Ok(()) }
    /// ```
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let core = &self.core;
        core.roots.close();
        lock(&core.casualties).get_or_insert_default();
        // The last quarter of the time, at most a second of it, is for killing.
        let last = (deadline / 4).min(Duration::from_secs(1));
        let orderly = stop_all(core, &core.roots, &ExitReason::Shutdown);
        if within(core, Some(deadline - last), orderly).await.is_none() {
            kill_all(core, last).await;
        }
        let casualties = lock(&core.casualties).clone().unwrap_or_default();
        ShutdownReport { casualties }
    }
}

/// Kills whatever is left, and gives up what does not answer.
async fn kill_all(core: &Arc<SystemCore>, grace: Duration) {
    let left = core.tree();
    left.iter().for_each(|cell| cell.request(&Request::Kill));
    let all_over = async {
        for cell in &left {
            until(cell, |life| (!life.is_alive()).then_some(())).await;
        }
    };
    // A little of the grace is kept for the giving up itself.
    within(core, Some(grace - grace / 8), all_over).await;
    for cell in left.iter().rev() {
        let mut alive = false;
        cell.look(&mut |life| alive = life.is_alive());
        if alive {
            give_up(core, cell);
            cell.finish(ExitReason::Unresponsive);
        } else {
            core.note_casualty(Casualty::of(cell, Fate::Killed));
            cell.finish(ExitReason::Killed);
        }
    }
}

/// Who did not stop in peace.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let report = system.shutdown(Duration::from_secs(5)).await;
/// assert_eq!(report.casualties, []);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Those who had to be killed or given up, with name and message type.
    pub casualties: Vec<Casualty>,
}

impl ShutdownReport {
    /// Whether every actor stopped by itself in time.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    ///
    /// # struct Sleeper;
    /// # impl Actor for Sleeper {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sleeper = system.start_named("sleeper", Sleeper).await?;
    /// sleeper.send(()).await?;
    /// # while !sleeper.is_empty() { tokio::task::yield_now().await; }
    /// // Its handler never returns, so it does not stop in time.
    /// let report = system.shutdown(Duration::from_millis(40)).await;
    /// assert!(!report.is_clean());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.casualties.is_empty()
    }
}

impl Clone for ActorSystem {
    fn clone(&self) -> Self {
        ActorSystem::from_core(Arc::clone(&self.core))
    }
}

impl Drop for ActorSystem {
    fn drop(&mut self) {
        if self.core.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.core.roots.close();
            let roots = self.core.roots.list();
            for child in roots.iter().rev() {
                let mut waiting = false;
                child
                    .cell
                    .look(&mut |life| waiting = life.phase == Phase::Waiting);
                if waiting {
                    child.cell.finish(ExitReason::Shutdown);
                } else {
                    child.cell.request(&Request::Stop(ExitReason::Shutdown));
                }
            }
        }
    }
}

impl fmt::Debug for ActorSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorSystem")
            .field("name", &self.core.name)
            .field("live", &self.live_actors())
            .finish()
    }
}
