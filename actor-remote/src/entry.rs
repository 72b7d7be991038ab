//! The worker's side: what a process does that was started as a worker.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use actor_core::ActorSystem;
use tokio::sync::mpsc::unbounded_channel;

use crate::factory::{Registry, RootError};
use crate::frame::SpawnFailure;
use crate::link::{Link, LinkEvent, connect};
use crate::node::Node;
use crate::session::{HANDSHAKE_TIMEOUT, HandshakeError, Role};
use crate::transport::{SocketPair, Transport};
use crate::worker::DEFAULT_WINDOW;
use crate::worker_guard::{
    EXIT_PARENT_GONE, PARENT_GONE_GRACE, ParentWatch, die_with_parent, is_worker, take_socket,
};

/// Exit code of a worker whose root ended in whatever way: its reason went over the link.
const EXIT_DONE: i32 = 0;
/// Exit code of a worker that could not start its root; the parent was told why.
const EXIT_NO_ROOT: i32 = 112;
/// Exit code of a worker that could not take up its work; standard error says why.
const EXIT_NO_LINK: i32 = 113;
/// How long other actors of the worker may take to stop after its root.
const SHUTDOWN: Duration = Duration::from_secs(2);
/// Threads of the worker's runtime: one can run the root while the other serves the link.
const THREADS: usize = 2;

/// Makes this program able to be its own worker: call it at the top of `main`.
///
/// In an ordinary process it returns at once. In a process that a supervisor started as a worker it runs the worker, on a runtime of its
/// own, and never returns; so it works under `#[tokio::main]` as well.
///
/// # Examples
///
/// ```no_run
/// use actor_remote::Registry;
///
/// #[tokio::main]
/// async fn main() -> Result<(), actor_core::BoxError> {
///     let registry = Registry::builder().build()?;
///     actor_remote::init(&registry);
///     // From here on this is the parent.
///     Ok(())
/// }
/// ```
pub fn init(registry: &Registry) {
    if is_worker() {
        let code = match take_up() {
            Ok((socket, watch)) => run(registry.clone(), socket, watch),
            Err(error) => complain(&error.to_string()),
        };
        std::process::exit(code);
    }
}

/// Before anything else: die with the parent, and take the socket. On the main thread, to which the death signal belongs.
fn take_up() -> Result<(UnixStream, ParentWatch), crate::worker_guard::GuardError> {
    die_with_parent()?;
    let socket = take_socket()?;
    crate::side::receive(&socket).map_err(crate::worker_guard::GuardError::NoSideChannel)?;
    let watch = ParentWatch::new(&socket)?;
    Ok((socket, watch))
}

/// Says on standard error, which the parent collects, why there is no worker.
fn complain(why: &str) -> i32 {
    use std::io::Write;
    // Nobody to tell if this fails too.
    drop(writeln!(std::io::stderr(), "worker: {why}"));
    EXIT_NO_LINK
}

/// Everything runs on the runtime's threads: what the link hears is acted upon without a change of threads. This one, which may run a
/// runtime of the program's already, watches the parent. Returns only if there is no runtime.
fn run(registry: Registry, socket: UnixStream, watch: ParentWatch) -> i32 {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("worker-runtime")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("no runtime: {error}")),
    };
    let serving = watch.clone();
    runtime.spawn(async move {
        let mut leaving = Leaving(EXIT_NO_LINK);
        leaving.0 = serve(registry, socket, &serving).await;
    });
    watch.keep(PARENT_GONE_GRACE);
    loop {
        // It is leaving by itself, which ends this thread too.
        std::thread::park();
    }
}

/// Ends the process when it is dropped, which a panic does too. A handler that blocks does not keep it.
struct Leaving(i32);

impl Drop for Leaving {
    fn drop(&mut self) {
        std::process::exit(self.0);
    }
}

async fn serve(registry: Registry, socket: UnixStream, watch: &ParentWatch) -> i32 {
    let system = ActorSystem::new(format!("worker-{}", std::process::id()));
    let transport = Box::new(SocketPair::from_stream(socket));
    match work(registry, &system, transport, || watch.disarm()).await {
        Ok(code) => code,
        Err(error) => complain(&format!("no link to the parent: {error}")),
    }
}

/// The life of a worker over a connection to its parent; its exit code. `leaves` is called when it leaves by itself.
pub(crate) async fn work(
    registry: Registry,
    system: &ActorSystem,
    transport: Box<dyn Transport>,
    leaves: impl FnOnce(),
) -> Result<i32, HandshakeError> {
    let node = Node::new(registry);
    // How long messages may be is the parent's choice.
    let hello = node.hello(Role::Worker, DEFAULT_WINDOW, u32::MAX);
    let connected = connect(transport, hello, Vec::new(), HANDSHAKE_TIMEOUT).await?;
    let (tell, mut events) = unbounded_channel();
    let link = Link::start(
        connected,
        node.clone(),
        system,
        DEFAULT_WINDOW,
        None,
        move |event| {
            drop(tell.send(event));
        },
    );
    let mut has_root = false;
    let code = loop {
        tokio::select! { biased;
            event = events.recv() => match event {
                Some(LinkEvent::Spawn { request, window, factory, args }) => {
                    if std::mem::replace(&mut has_root, true) {
                        link.send_spawn_failed(request, SpawnFailure::Refused, "this worker has its root already");
                    } else if !start_root(&link, &node, system, request, window, &factory, &args).await {
                        break EXIT_NO_ROOT;
                    }
                }
                Some(LinkEvent::Ended(_)) => break EXIT_DONE,
                _ => {}
            },
            _ = link.lost() => return Ok(EXIT_PARENT_GONE),
        }
    };
    leaves();
    system.shutdown(SHUTDOWN).await;
    link.finish();
    // The parent closes its end when it has read everything.
    drop(tokio::time::timeout(SHUTDOWN, link.lost()).await);
    Ok(code)
}

async fn start_root(
    link: &Arc<Link>,
    node: &Node,
    system: &ActorSystem,
    request: u64,
    window: u32,
    factory: &str,
    args: &[u8],
) -> bool {
    let started = match node.registry().factory(factory) {
        Some(entry) => entry.start(system, args).await,
        None => Err(RootError {
            cause: SpawnFailure::UnknownFactory,
            text: format!("no factory is registered under the name {factory:?} in the worker"),
        }),
    };
    match started {
        Ok(root) => {
            // In this order: the parent may send as soon as it hears of the start.
            link.export_root(&root.actor, root.inlet, window);
            link.send_spawned(request, crate::link::ROOT);
            true
        }
        Err(RootError { cause, mut text }) => {
            if cause == SpawnFailure::BadArguments {
                text =
                    format!("the arguments for factory {factory:?} could not be decoded: {text}");
            }
            link.send_spawn_failed(request, cause, &text);
            false
        }
    }
}
