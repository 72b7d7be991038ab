//! Worker processes in simulations: tasks of the same simulation, behind a line in memory, that can be killed, stalled and cut off.
//!
//! Inside of a [simulation](actor_core::testing) a supervisor's worker is no process. Its other side is a task that does what
//! [`init`](crate::init) does in a process: a system of its own, the same registry, the same protocol, over a line in memory. The seed
//! schedules it as all else, and virtual time is its time as well. The program and its arguments, environment and output are not simulated.
//!
//! [`process`] finds the process of a worker, to make it fail.

mod body;
mod line;

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Weak};

pub(crate) use body::{Body, start};

thread_local! {
    /// The simulated processes of this thread, which is that of one simulation at a time.
    static PROCESSES: RefCell<Vec<Weak<Body>>> = const { RefCell::new(Vec::new()) };
}

/// The simulated process of the worker of that id, if it runs. A restart makes another one.
///
/// # Examples
///
/// ```
/// use actor_core::prelude::*;
/// use actor_core::testing::Simulation;
/// use actor_remote::{Factory, Node, Registry};
///
/// # struct Echo;
/// # impl Actor for Echo {
/// #     type Msg = Reply<u32>;
/// #     async fn handle(&mut self, reply: Reply<u32>, _: &mut Context<Self>) -> ActorResult { reply.send(7); Ok(()) }
/// # }
/// const ECHO: Factory<(), Reply<u32>> = Factory::new("demo.Echo/v1");
///
/// # fn main() -> Result<(), BoxError> {
/// Simulation::new().run(|system| async move {
///     let node = Node::new(Registry::builder().factory(ECHO, |()| Echo).build().expect("one name"));
///     let (spec, echo) = node.worker("echo", ECHO, ()).expect("it encodes").child().build();
///     let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await.expect("it starts");
///     assert_eq!(echo.ask(|reply| reply).await, Ok(7));
///
///     system.expect_failure(&echo);
///     actor_remote::testing::process("echo").expect("it runs").kill();
///     system.advance(Duration::from_secs(1)).await;
///     assert_eq!(echo.ask(|reply| reply).await, Ok(7), "from another process");
/// #   sup.stop();
/// #   sup.wait().await;
/// })?;
/// # Ok(()) }
/// ```
#[must_use]
pub fn process(worker: &str) -> Option<SimulatedProcess> {
    let all = PROCESSES.with_borrow(|all| all.iter().filter_map(Weak::upgrade).collect::<Vec<_>>());
    let mut running = all.into_iter().filter(|body| !body.is_over());
    let body = running.rfind(|body| body.name() == worker)?;
    Some(SimulatedProcess { body })
}

/// Notes a process, under a number that no other one has that is still there.
fn enlist(make: impl FnOnce(u32) -> Body) -> Arc<Body> {
    PROCESSES.with_borrow_mut(|all| {
        all.retain(|body| body.strong_count() > 0);
        let last = all.iter().filter_map(Weak::upgrade).map(|body| body.pid());
        let body = Arc::new(make(last.max().unwrap_or(0) + 1));
        all.push(Arc::downgrade(&body));
        body
    })
}

/// A simulated worker process; see [`process`].
#[derive(Clone)]
pub struct SimulatedProcess {
    body: Arc<Body>,
}

impl SimulatedProcess {
    /// Its number, which counts up from 1 in each simulation.
    ///
    /// # Examples
    ///
    /// See [`process`].
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.body.pid()
    }

    /// Whether it has ended.
    ///
    /// # Examples
    ///
    /// See [`process`].
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.body.is_over()
    }

    /// Ends it as `SIGKILL` does: none of its actors has another turn. What it had written before is still read.
    ///
    /// # Examples
    ///
    /// See [`process`].
    pub fn kill(&self) {
        self.body.end_by(9);
    }

    /// From here on neither side hears anything of the other; what is written waits. So a process looks that is stopped, or a line that
    /// carries nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_remote::testing::SimulatedProcess;
    /// async fn hiccup(process: &SimulatedProcess) {
    ///     process.stall();
    ///     tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    ///     process.resume();
    /// }
    /// ```
    pub fn stall(&self) {
        self.body.line().stall();
    }

    /// Both sides hear of each other again, and of all that was written meanwhile.
    ///
    /// # Examples
    ///
    /// See [`stall`](SimulatedProcess::stall).
    pub fn resume(&self) {
        self.body.line().resume();
    }

    /// The line between the two is cut, for good: what is on its way is lost, and each side takes the other for gone.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_remote::testing::SimulatedProcess;
    /// fn part(process: &SimulatedProcess) {
    ///     process.cut();
    /// }
    /// ```
    pub fn cut(&self) {
        self.body.line().cut();
    }
}

impl fmt::Debug for SimulatedProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedProcess")
            .field("worker", &self.body.name())
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}
