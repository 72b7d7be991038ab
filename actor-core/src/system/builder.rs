//! The options of a system, and how it comes to be.

use std::time::Duration;

use super::{ASK_TIMEOUT, ActorSystem, SystemCore};
use crate::children::Children;
use crate::dead_letter::DeadLetterOffice;
use crate::registry::Registry;
use crate::runtime::Runtime;
use crate::sync::{Arc, AtomicBool, AtomicU64, AtomicUsize, Mutex, OnceLock};
use crate::tally::Gauge;
use crate::timekeeper::{Timekeeper, Timekeeping};
use crate::watchdog::Watchdog;

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
    pub(super) fn new(name: String) -> Self {
        SystemBuilder {
            name,
            ask_timeout: ASK_TIMEOUT,
            timekeeping: Timekeeping::default(),
            panic_hook: true,
            watchdog: None,
        }
    }

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
