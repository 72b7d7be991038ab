//! A worker process as the child of a supervisor: one child, one process, one root actor, whose end and the process's end are one exit.
//!
//! ```text
//! start:  begin the incarnation ─> spawn the process ─> shake hands, and ask for the root with the hello ─> started
//! run:    root ends, then process ends      the root's reason
//!         process ends first                `Process`, with code or signal and the last words
//!         link lost, process stays          it is killed: `NoConnection`
//!         killed by its supervisor          `Killed`
//! stop:   stop frame; killed after that: SIGTERM, and a second later SIGKILL; killed without: SIGKILL
//! ```
//!
//! The supervisor sees none of this: it starts, stops and kills through the child's cell, as it does with tasks and threads.

use std::ffi::OsString;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actor_core::link::{Outlet, Port, Ready};
use actor_core::{ChildBuilder, ChildSpec, ExitReason, ExitSink, StartChild};
use async_trait::async_trait;
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until, timeout};

use crate::frame::{DEFAULT_MAX_MESSAGE, StopHow};
use crate::link::{Link, LinkEvent, Owner, RootImport, connect, early_spawn};
use crate::node::Node;
use crate::process::{
    CommandSpec, Executable, ExitFuture, ProcessExit, ProcessHandle, WorkerProcess, spawn,
};
use crate::session::{HANDSHAKE_TIMEOUT, HandshakeError, Role, SessionError};
use crate::transport::{SocketPair, Transport};
use crate::worker_guard::EXIT_PARENT_GONE;

/// Messages under way to a worker's root: what is lost when the worker dies.
///
/// # Examples
///
/// ```
/// assert_eq!(actor_remote::DEFAULT_WINDOW, 64);
/// ```
pub const DEFAULT_WINDOW: u32 = 64;
/// Between SIGTERM and SIGKILL.
const TERM_GRACE: Duration = Duration::from_secs(1);
/// How long a process may outlive its link or its root.
const LEAVE_GRACE: Duration = Duration::from_secs(5);
/// How long a process may take to end after its link broke by itself: mostly it is ending already.
const LOST_GRACE: Duration = Duration::from_millis(500);
/// What a process wrote before it ended is read for at most this long; its descendants may hold the stream open.
const DRAIN_GRACE: Duration = Duration::from_millis(50);

/// A worker process to be; made by [`Node::worker`]. Give [`child`](WorkerBuilder::child) to a supervisor.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # use actor_remote::{Factory, Node, Registry};
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
/// # fn main() -> Result<(), BoxError> {
/// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
/// let worker = node.worker("sink", SINK, ())?.env("LOG", "debug").window(8);
/// let (spec, sink) = worker.child().backoff(Backoff::constant(Duration::from_secs(1))).build();
/// sink.try_send(7)?; // Waits in this process until a supervisor has started the worker.
/// # drop(spec);
/// # Ok(()) }
/// ```
#[must_use = "nothing is started before a supervisor starts the child"]
pub struct WorkerBuilder<M> {
    id: String,
    config: Config,
    executable: Executable,
    command: Vec<Box<dyn FnOnce(CommandSpec) -> CommandSpec + Send>>,
    types: std::marker::PhantomData<fn(M)>,
}

#[derive(Clone)]
struct Config {
    node: Node,
    factory: &'static str,
    args: Vec<u8>,
    window: u32,
    max_message: u32,
    pid: PidWatch,
}

impl<M: Serialize + Send + 'static> WorkerBuilder<M> {
    pub(crate) fn new(node: Node, id: String, factory: &'static str, args: Vec<u8>) -> Self {
        let max_message = u32::try_from(DEFAULT_MAX_MESSAGE).unwrap_or(u32::MAX);
        let config = Config {
            node,
            factory,
            args,
            window: DEFAULT_WINDOW,
            max_message,
            pid: PidWatch::default(),
        };
        WorkerBuilder {
            id,
            config,
            executable: Executable::Current,
            command: Vec::new(),
            types: std::marker::PhantomData,
        }
    }

    fn command(mut self, change: impl FnOnce(CommandSpec) -> CommandSpec + Send + 'static) -> Self {
        self.command.push(Box::new(change));
        self
    }

    /// Runs this program instead of the current executable. Its `main` begins with [`init`](crate::init) and the same registry.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// let worker = node.worker("sink", SINK, ())?.binary("/usr/lib/demo/worker");
    /// # drop(worker);
    /// # Ok(()) }
    /// ```
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.executable = Executable::Path(path.into());
        self
    }

    /// Adds an argument for the program. Arguments can be read by every user of the machine: pass no secrets.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// let worker = node.worker("sink", SINK, ())?.arg("--verbose");
    /// # drop(worker);
    /// # Ok(()) }
    /// ```
    pub fn arg(self, arg: impl Into<OsString>) -> Self {
        let arg = arg.into();
        self.command(|spec| spec.arg(arg))
    }

    /// Sets a variable in its environment.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// let worker = node.worker("sink", SINK, ())?.env("LOG", "debug");
    /// # drop(worker);
    /// # Ok(()) }
    /// ```
    pub fn env(self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.command(|spec| spec.env(name, value))
    }

    /// Starts it with an empty environment, but for what [`env`](WorkerBuilder::env) sets.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// let worker = node.worker("sink", SINK, ())?.env_clear().env("PATH", "/usr/bin");
    /// # drop(worker);
    /// # Ok(()) }
    /// ```
    pub fn env_clear(self) -> Self {
        self.command(CommandSpec::env_clear)
    }

    /// Starts it in this folder.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// let worker = node.worker("sink", SINK, ())?.current_dir("/var/tmp");
    /// # drop(worker);
    /// # Ok(()) }
    /// ```
    pub fn current_dir(self, dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        self.command(|spec| spec.current_dir(dir))
    }

    /// Allows it to be started by a process that is a worker itself, which is an error otherwise: a program that does not begin with
    /// [`init`](crate::init) would start itself without end.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// // Within a worker, which has a worker of its own:
    /// let worker = node.worker("sink", SINK, ())?.allow_nested();
    /// # drop(worker);
    /// # Ok(()) }
    /// ```
    pub fn allow_nested(self) -> Self {
        self.command(CommandSpec::allow_nested)
    }

    /// How many messages may be under way to the worker and not begun; 64 by default. It is what is lost when the worker dies, and what
    /// hides the way there and back: larger is faster for floods of tiny messages, 1 loses the message in hand only.
    ///
    /// # Panics
    ///
    /// If `window` is zero: nothing could ever be sent.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// let worker = node.worker("sink", SINK, ())?.window(1); // Slower, and at most one message is lost with the process.
    /// # drop(worker);
    /// # Ok(()) }
    /// ```
    pub fn window(mut self, window: u32) -> Self {
        assert!(window > 0, "a window of zero would never send anything");
        self.config.window = window;
        self
    }

    /// The longest message or answer on the link to the worker, in either direction, in bytes with the few of its frame; 256 MiB by
    /// default, at least 4 KiB.
    ///
    /// A longer message becomes a dead letter, and its asks, as those whose answer is longer, resolve with
    /// [`AskError::Failed`](actor_core::AskError::Failed); nothing else is concerned. What is longer than 64 KiB travels in pieces, between
    /// which others pass, four messages at a time. So the limit bounds what a worker that keeps no rule can make this process hold: four
    /// messages of that length, of as much of each as it has sent. It bounds the arguments of the factory, too.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// let worker = node.worker("sink", SINK, ())?.max_message(16 * 1024 * 1024);
    /// # drop(worker);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "max_frame")]
    pub fn max_message(mut self, bytes: u32) -> Self {
        self.config.max_message = bytes.max(crate::session::MAX_FRAME_MIN);
        self
    }

    /// Gives the worker a second connection beside its link. For actor-pool; no part of the contract.
    #[doc(hidden)]
    pub fn side_channel(self, slot: crate::side::SideSlot) -> Self {
        self.command(|spec| spec.side_channel(slot))
    }

    /// The process of the present incarnation, for logs and tools.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// let worker = node.worker("sink", SINK, ())?;
    /// let pid = worker.pid();
    /// let (spec, sink) = worker.child().build();
    /// assert_eq!(pid.current(), None, "nobody has started it yet");
    /// # drop(spec);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn pid(&self) -> PidWatch {
        self.config.pid.clone()
    }

    /// The child, with the options that every child has.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_remote::{Factory, Node, Registry};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
    /// # fn main() -> Result<(), BoxError> {
    /// # let node = Node::new(Registry::builder().factory(SINK, |()| Sink).build()?);
    /// let worker = node.worker("sink", SINK, ())?;
    /// let (spec, sink) = worker.child().name("sink").restart(Restart::Transient).build();
    /// assert_eq!(spec.id(), "sink");
    /// # Ok(()) }
    /// ```
    pub fn child(self) -> ChildBuilder<M> {
        let mut spec = CommandSpec::new(self.id.clone(), self.executable);
        for change in self.command {
            spec = change(spec);
        }
        let config = self.config;
        ChildSpec::custom(self.id, move |port, start_timeout| ProcessChild {
            port,
            config,
            spec,
            start_timeout,
        })
        .in_process()
    }
}

impl<M> fmt::Debug for WorkerBuilder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The process id of a worker's present incarnation.
///
/// # Examples
///
/// ```no_run
/// # use actor_core::prelude::*;
/// # use actor_remote::{Factory, Node, Registry};
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # const SINK: Factory<(), u32> = Factory::new("demo.Sink/v1");
/// # async fn start(system: &ActorSystem, node: &Node) -> Result<(), BoxError> {
/// let worker = node.worker("sink", SINK, ())?;
/// let pid = worker.pid();
/// let (spec, sink) = worker.child().build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(system).await?;
/// println!("the sink runs in process {:?}", pid.current());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct PidWatch {
    pid: Arc<AtomicU32>,
}

impl PidWatch {
    /// The process that runs now, if one does. It may have ended by the time the caller uses it.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_remote::PidWatch;
    ///
    /// assert_eq!(PidWatch::default().current(), None);
    /// ```
    #[must_use]
    pub fn current(&self) -> Option<u32> {
        Some(self.pid.load(Ordering::Relaxed)).filter(|pid| *pid != 0)
    }

    fn set(&self, pid: u32) -> PidMark {
        self.pid.store(pid, Ordering::Relaxed);
        PidMark {
            watch: self.clone(),
            pid,
        }
    }
}

/// Takes the process id back when the process is given up, unless a newer one stands there.
struct PidMark {
    watch: PidWatch,
    pid: u32,
}

impl Drop for PidMark {
    fn drop(&mut self) {
        let (pid, relaxed) = (&self.watch.pid, Ordering::Relaxed);
        // Another process may have taken its place; that one stays.
        pid.compare_exchange(self.pid, 0, relaxed, relaxed).ok();
    }
}

struct ProcessChild<M: Send + 'static> {
    port: Port<M>,
    config: Config,
    spec: CommandSpec,
    start_timeout: Duration,
}

/// A process with its link, before or after its root has started.
struct Running {
    link: Arc<Link>,
    handle: ProcessHandle,
    exit: ExitFuture,
    events: UnboundedReceiver<LinkEvent>,
    _pid: PidMark,
}

#[async_trait]
impl<M: Serialize + Send + 'static> StartChild for ProcessChild<M> {
    async fn start(&self, exits: ExitSink) -> Result<(), ExitReason> {
        let Some(mut outlet) = self.port.begin(exits) else {
            return Err(ExitReason::Killed);
        };
        let started = {
            let starting = timeout(self.start_timeout, self.launch());
            interrupted(&mut outlet, starting).await
        };
        let reason = match started {
            Ok(Ok(Ok(running))) => {
                outlet.started();
                run(running, outlet);
                return Ok(());
            }
            Ok(Ok(Err(reason))) | Err(reason) => reason,
            Ok(Err(_)) => ExitReason::StartTimeout,
        };
        outlet.end(reason.clone());
        Err(reason)
    }
}

/// Completes with the start, or with the reason why it was called off: dropping it kills the process.
async fn interrupted<M: Send + 'static, T>(
    outlet: &mut Outlet<M>,
    starting: impl Future<Output = T>,
) -> Result<T, ExitReason> {
    let request = std::future::poll_fn(|cx| outlet.poll_ready(cx, false));
    tokio::select! { biased;
        started = starting => Ok(started),
        ready = request => Err(match ready {
            Ready::Stop(reason) => reason,
            _ => ExitReason::Killed,
        }),
    }
}

impl<M: Serialize + Send + 'static> ProcessChild<M> {
    /// A process and the connection to it; inside of a simulation one that is simulated.
    async fn begin_process(
        &self,
    ) -> Result<(ProcessHandle, Box<dyn Transport>, ExitFuture), String> {
        #[cfg(feature = "testing")]
        if actor_core::testing::part::is_simulated() {
            let registry = self.config.node.registry().clone();
            return Ok(crate::testing::start(registry, self.spec.name()));
        }
        let WorkerProcess {
            handle,
            stream,
            exit,
        } = spawn(self.spec.clone())
            .await
            .map_err(|error| error.to_string())?;
        Ok((handle, Box::new(SocketPair::from_stream(stream)), exit))
    }

    async fn launch(&self) -> Result<Running, ExitReason> {
        let failed = |text: String| ExitReason::StartFailed(text);
        let (handle, transport, mut exit) = self.begin_process().await.map_err(failed)?;
        let pid = self.config.pid.set(handle.pid());
        let Config {
            node,
            window,
            max_message,
            factory,
            args,
            ..
        } = &self.config;
        let hello = node.hello(Role::Parent, DEFAULT_WINDOW, *max_message);
        // Nothing in it depends on what the worker says of itself, so it need not wait for that.
        let early = early_spawn(*window, self.spec.name(), factory, args);
        let was_sent = early.is_some();
        let request = early.unwrap_or_default();
        let connected = match connect(transport, hello, request, HANDSHAKE_TIMEOUT).await {
            Ok(connected) => connected,
            Err(error) => {
                return Err(failed(explain_no_link(&mut exit, &error).await));
            }
        };
        let (tell, events) = unbounded_channel();
        let system = self.port.system();
        let link = Link::start(
            connected,
            node.clone(),
            &system,
            DEFAULT_WINDOW,
            Some(*window),
            move |event| {
                // The receiver is there as long as the child runs; later events concern nobody.
                drop(tell.send(event));
            },
        );
        if !was_sent && let Err(text) = link.send_spawn(*window, self.spec.name(), factory, args) {
            link.close("there was nothing to start");
            return Err(failed(text));
        }
        let mut running = Running {
            link,
            handle,
            exit,
            events,
            _pid: pid,
        };
        match running.await_root().await {
            Ok(()) => Ok(running),
            Err(text) => {
                running.link.close("the root did not start");
                Err(failed(text))
            }
        }
    }
}

/// Why there is no link to a program that was started. What we know ourselves is more exact than how the program ended of it.
async fn explain_no_link(exit: &mut ExitFuture, error: &HandshakeError) -> String {
    const HINT: &str = "does its `main` begin with `actor_remote::init`?";
    match error {
        HandshakeError::Io(_) | HandshakeError::Session(SessionError::Closed) => {
            let text = explain_early_end(exit, &error.to_string()).await;
            format!("{text}; {HINT}")
        }
        HandshakeError::Frame(_)
        | HandshakeError::Session(SessionError::Deadline | SessionError::Unexpected(_)) => {
            format!("{error}; {HINT}")
        }
        _ => error.to_string(),
    }
}

/// What a worker said when it ended before it was of any use.
async fn explain_early_end(exit: &mut ExitFuture, otherwise: &str) -> String {
    match timeout(LOST_GRACE, exit).await {
        Ok(exit) => format!("the worker ended at its start: {}", core_exit(exit)),
        Err(_) => otherwise.to_owned(),
    }
}

fn core_exit(exit: ProcessExit) -> actor_core::ProcessExit {
    actor_core::ProcessExit {
        code: exit.code,
        signal: exit.signal,
        stderr: exit.stderr,
    }
}

impl Running {
    async fn await_root(&mut self) -> Result<(), String> {
        tokio::select! { biased;
            event = self.events.recv() => match event {
                Some(LinkEvent::Spawned) => Ok(()),
                Some(LinkEvent::SpawnFailed(text)) => Err(text),
                _ => Err("the worker answered out of turn".into()),
            },
            why = self.link.lost() => Err(explain_early_end(&mut self.exit, &why).await),
        }
    }
}

/// Lets an incarnation run: its forwarder and its driver.
fn run<M: Serialize + Send + 'static>(running: Running, outlet: Outlet<M>) {
    let (requests, inbox): (UnboundedSender<Ready>, _) = unbounded_channel();
    // Not kept: a link that held a counted reference to its own root would keep it alive.
    let actor = outlet.actor();
    let root = running
        .link
        .import_root(&actor, Box::new(outlet), Owner::Process(requests));
    drop(actor);
    let driver = Driver {
        running,
        root,
        requests: inbox,
        ended: None,
        was_stopped: false,
        was_killed: false,
        is_lost: false,
        was_cut_off: false,
        is_given_up: false,
        kill_at: None,
    };
    crate::runtime::spawn(driver.drive());
}

/// Brings the end of the root and the end of the process together.
struct Driver {
    running: Running,
    root: RootImport,
    requests: UnboundedReceiver<Ready>,
    /// The root's own reason.
    ended: Option<ExitReason>,
    was_stopped: bool,
    was_killed: bool,
    /// The link is closed.
    is_lost: bool,
    /// It was killed since its link was lost and it stayed.
    was_cut_off: bool,
    /// The forwarder is gone.
    is_given_up: bool,
    kill_at: Option<Instant>,
}

impl Driver {
    async fn drive(mut self) {
        let exit = loop {
            let kill_at = self.kill_at;
            let kill = async {
                match kill_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! { biased;
                exit = &mut self.running.exit => break exit,
                Some(event) = self.running.events.recv() => self.handle_event(event),
                request = self.requests.recv(), if !self.is_given_up => self.handle_request(request),
                why = self.running.link.lost(), if !self.is_lost => self.handle_lost(why),
                () = kill => {
                    self.kill_at = None;
                    if self.is_lost && self.ended.is_none() && !self.was_killed {
                        let pid = self.running.handle.pid();
                        tracing::warn!(pid, "a worker process is killed: its link was lost, and it stays");
                    }
                    self.was_cut_off |= self.is_lost;
                    self.signal(ProcessHandle::kill_group);
                }
            }
        };
        // What it wrote before its end is still on the way.
        drop(timeout(DRAIN_GRACE, self.running.link.lost()).await);
        while let Ok(event) = self.running.events.try_recv() {
            self.handle_event(event);
        }
        self.running.link.close("the worker process has ended");
        let reason = self.reason(exit);
        let Driver { running, root, .. } = self;
        drop(running);
        root.end(reason);
    }

    fn reason(&mut self, exit: ProcessExit) -> ExitReason {
        match self.ended.take() {
            Some(reason) => reason,
            None if self.was_killed => ExitReason::Killed,
            // Either we gave it up, or it saw by itself that we had hung up.
            None if self.was_cut_off
                || self.running.link.is_broken()
                || exit.code == Some(EXIT_PARENT_GONE) =>
            {
                ExitReason::NoConnection
            }
            None => ExitReason::Process(core_exit(exit)),
        }
    }

    fn handle_event(&mut self, event: LinkEvent) {
        if let LinkEvent::Ended(reason) = event {
            self.ended.get_or_insert(reason);
            self.kill_within(LEAVE_GRACE);
        }
    }

    fn handle_request(&mut self, request: Option<Ready>) {
        match request {
            Some(Ready::Stop(reason)) => {
                self.was_stopped = true;
                let how = if reason == ExitReason::Shutdown {
                    StopHow::Shutdown
                } else {
                    StopHow::Stop
                };
                self.running.link.send_stop(how);
            }
            Some(Ready::Drained) => self.running.link.send_stop(StopHow::Drain),
            Some(Ready::Kill) if self.was_stopped && !self.was_killed => {
                self.was_killed = true;
                self.signal(ProcessHandle::terminate_group);
                self.kill_within(TERM_GRACE);
            }
            // Killed at once, or given up by whoever owned it: then no request will follow.
            other => {
                self.was_killed = true;
                self.is_given_up = other.is_none();
                self.signal(ProcessHandle::kill_group);
            }
        }
    }

    fn handle_lost(&mut self, why: String) {
        // Mostly the process is ending already; if not, nobody could reach it any more.
        if self.ended.is_none() {
            let pid = self.running.handle.pid();
            if self.running.link.is_broken() {
                tracing::warn!(pid, why, "a worker process broke its link");
            } else {
                tracing::debug!(pid, why, "the link to a worker process was lost");
            }
            self.kill_within(LOST_GRACE);
        }
        self.is_lost = true;
    }

    fn kill_within(&mut self, grace: Duration) {
        let at = Instant::now() + grace;
        self.kill_at = Some(self.kill_at.map_or(at, |earlier| earlier.min(at)));
    }

    fn signal(&self, send: impl FnOnce(&ProcessHandle) -> std::io::Result<bool>) {
        if let Err(error) = send(&self.running.handle) {
            tracing::error!(pid = self.running.handle.pid(), %error, "a worker process could not be signalled");
        }
    }
}
