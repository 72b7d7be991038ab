//! How a pool comes to be.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actor_core::link::on_end;
use actor_core::{
    ActorRef, ActorSystem, AnyActorRef, Backoff, ChildSpec, ExitReason, Mailbox, Placement,
    Restart, Shutdown, StartError, Strategy, Supervisor, SupervisorRef,
};
use actor_remote::Node;

use crate::dispatch::WorkerId;
use crate::join::join_all;
use crate::keeper::{Crew, Keeper, KeeperMsg};
use crate::pool::Inner;
use crate::process::{Agent, AgentMsg, Desk, Plan, ProcessOptions};
use crate::shared::{Bell, Shared};
use crate::thread::{ThreadWorker, Work};
use crate::{Jobs, Pool, PoolError, WorkerKind};

/// How many jobs wait in a pool's queue at most, unless it is said otherwise: as many as messages in a mailbox.
const CAPACITY: usize = 1024;
/// The largest argument and the largest result of a process worker, unless it is said otherwise: 256 MiB.
const PAYLOAD_MAX: usize = 256 * 1024 * 1024;
/// What a frame can hold, with room for its head and a name.
const PAYLOAD_CEILING: usize = (u32::MAX - 128 * 1024) as usize;

/// Options for a pool; made by [`Pool::builder`].
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// # use actor_pool::{Job, Pool};
/// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let pool = Pool::builder().threads(2).capacity(64).name("squares").start(&system).await?;
/// assert_eq!(&*pool.workers()[0].name, "squares.thread-1");
/// # Ok(()) }
/// ```
#[must_use = "nothing starts before `start`"]
#[derive(Debug)]
pub struct PoolBuilder {
    threads: usize,
    processes: usize,
    source: Option<(Node, Jobs)>,
    options: ProcessOptions,
    capacity: usize,
    name: Option<String>,
}

type Threads = Vec<(WorkerId, ActorRef<Work>)>;
type Agents = Vec<(WorkerId, ActorRef<AgentMsg>, Arc<Desk>)>;

impl PoolBuilder {
    pub(crate) fn new() -> Self {
        PoolBuilder {
            threads: 0,
            processes: 0,
            source: None,
            options: ProcessOptions {
                binary: None,
                arguments: Vec::new(),
                environment: Vec::new(),
                directory: None,
                result_max: PAYLOAD_MAX,
                argument_max: PAYLOAD_MAX,
                jobs_max: None,
                memory_max: None,
                time_max: None,
            },
            capacity: CAPACITY,
            name: None,
        }
    }

    /// Workers on threads of this process; none by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// # use actor_pool::{Job, Pool};
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let cores = std::thread::available_parallelism()?.get();
    /// let pool = Pool::builder().threads(cores).start(&system).await?;
    /// # assert_eq!(pool.workers().len(), cores);
    /// # Ok(()) }
    /// ```
    pub fn threads(mut self, workers: usize) -> Self {
        self.threads = workers;
        self
    }

    /// Workers in child processes; none by default. They can run the jobs of this list, which `node`'s registry has to know: see
    /// [`Jobs::register`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use actor_pool::{Job, Jobs, Pool};
    /// use actor_remote::{Node, Registry};
    ///
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), actor_core::BoxError> {
    /// let jobs = Jobs::builder().job(SQUARE).build()?;
    /// let registry = jobs.register(Registry::builder()).build()?;
    /// actor_remote::init(&registry); // A worker process goes no further than this.
    ///
    /// let system = actor_core::ActorSystem::new("demo");
    /// let node = Node::new(registry);
    /// let pool = Pool::builder().processes(4, &node, &jobs).start(&system).await?;
    /// assert_eq!(pool.submit(&SQUARE, 3).await?.await?, 9);
    /// # Ok(()) }
    /// ```
    pub fn processes(mut self, workers: usize, node: &Node, jobs: &Jobs) -> Self {
        self.processes = workers;
        self.source = Some((node.clone(), jobs.clone()));
        self
    }

    /// The program of the process workers, instead of the current executable. Its `main` begins with [`actor_remote::init`] and the
    /// same jobs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// let builder = Pool::builder().processes(2, node, jobs).process_binary("/usr/lib/demo/worker");
    /// # drop(builder); }
    /// ```
    pub fn process_binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.binary = Some(path.into());
        self
    }

    /// Adds an argument for the program of the process workers.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// let builder = Pool::builder().processes(2, node, jobs).process_arg("--verbose");
    /// # drop(builder); }
    /// ```
    pub fn process_arg(mut self, argument: impl Into<OsString>) -> Self {
        self.options.arguments.push(argument.into());
        self
    }

    /// Sets a variable in the environment of the process workers, which inherit the others.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// let builder = Pool::builder().processes(2, node, jobs).process_env("LOG", "debug");
    /// # drop(builder); }
    /// ```
    pub fn process_env(
        mut self,
        variable: impl Into<OsString>,
        value: impl Into<OsString>,
    ) -> Self {
        self.options
            .environment
            .push((variable.into(), value.into()));
        self
    }

    /// Starts the process workers in this folder.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// let builder = Pool::builder().processes(2, node, jobs).process_dir("/var/tmp");
    /// # drop(builder); }
    /// ```
    pub fn process_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.directory = Some(folder.into());
        self
    }

    /// The largest encoded result that is accepted from a process worker, in bytes; 256 MiB by default, below 4 GiB. A larger one fails its
    /// job with [`JobError::TooLarge`](crate::JobError::TooLarge).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// let builder = Pool::builder().processes(2, node, jobs).result_max(256 * 1024 * 1024);
    /// # drop(builder); }
    /// ```
    pub fn result_max(mut self, bytes: usize) -> Self {
        self.options.result_max = bytes.min(PAYLOAD_CEILING);
        self
    }

    /// The largest encoded argument that is carried to a process worker, in bytes; 256 MiB by default, below 4 GiB. A larger one fails its
    /// job with [`JobError::TooLarge`](crate::JobError::TooLarge).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// let builder = Pool::builder().processes(2, node, jobs).argument_max(1024 * 1024);
    /// # drop(builder); }
    /// ```
    pub fn argument_max(mut self, bytes: usize) -> Self {
        self.options.argument_max = bytes.min(PAYLOAD_CEILING);
        self
    }

    /// Replaces a process worker after so many jobs, at least one; never by default. What it does for memory that is never given back, it
    /// does without losing a job.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// let builder = Pool::builder().processes(2, node, jobs).process_jobs_max(10_000);
    /// # drop(builder); }
    /// ```
    #[doc(alias = "maxtasksperchild")]
    pub fn process_jobs_max(mut self, jobs: u64) -> Self {
        self.options.jobs_max = Some(jobs.max(1));
        self
    }

    /// Replaces a process worker whose resident size is above so many bytes after a job; no limit by default. Linux only: elsewhere the
    /// size is not known, and nothing is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// let builder = Pool::builder().processes(2, node, jobs).memory_limit(512 * 1024 * 1024);
    /// # drop(builder); }
    /// ```
    #[doc(alias = "max_memory_per_child")]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.options.memory_max = Some(bytes);
        self
    }

    /// Kills a process worker whose job runs longer than this, whatever it is doing; the job fails with
    /// [`JobError::TimeLimit`](crate::JobError::TimeLimit) and is not run again. No limit by default. A job of a chunk counts with its chunk.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # use std::time::Duration;
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// let builder = Pool::builder().processes(2, node, jobs).time_limit(Duration::from_secs(30));
    /// # drop(builder); }
    /// ```
    #[doc(alias = "timeout")]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.options.time_max = Some(limit);
        self
    }

    /// How many jobs may wait for a worker; 1,024 by default. `submit` waits when there are as many.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// # use actor_pool::{Job, Pool};
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// use actor_pool::Refusal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let pool = Pool::builder().threads(1).capacity(2).start(&system).await?;
    /// # let (open, opened) = std::sync::mpsc::channel::<()>();
    /// # let slow = pool.submit_fn(move || drop(opened.recv())).await?;
    /// let refused = loop {
    ///     if let Err(error) = pool.try_submit(&SQUARE, 3) {
    ///         break error;
    ///     }
    /// };
    /// assert_eq!(refused.refusal(), &Refusal::Full);
    /// # drop(open);
    /// # Ok(()) }
    /// ```
    pub fn capacity(mut self, jobs: usize) -> Self {
        self.capacity = jobs;
        self
    }

    /// Comes before the names of the workers, as in `name.thread-1`; for logs with several pools.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// # use actor_pool::{Job, Pool};
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let pool = Pool::builder().threads(1).name("squares").start(&system).await?;
    /// assert_eq!(&*pool.workers()[0].name, "squares.thread-1");
    /// # Ok(()) }
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Starts the pool and waits until all its workers have started.
    ///
    /// # Errors
    ///
    /// [`PoolError`] says why there is no pool; nothing is left running then.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped, what was started is stopped, at the latest with the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{ActorSystem, BoxError};
    /// # use actor_pool::{Job, Pool};
    /// # const SQUARE: Job<u64, u64> = Job::new("example.square/v1", |number| number * number);
    /// use actor_pool::PoolError;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// match Pool::builder().threads(0).start(&system).await {
    ///     Err(PoolError::NoWorkers) => {} // A mistake in the program.
    ///     Err(PoolError::Worker { name, reason }) => eprintln!("{name} did not start: {reason}"),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn start(self, system: &ActorSystem) -> Result<Pool, PoolError> {
        self.check()?;
        let shared = Arc::new(Shared::new(self.capacity));
        let (supervisor, threads) = self.start_threads(system, &shared).await?;
        let mut begun = Begun {
            supervisor: supervisor.clone(),
            agents: Vec::new(),
            is_kept: false,
        };
        let agents = self.spawn_agents(system, &shared, &supervisor);
        begun.agents = agents.iter().map(|(_, agent, _)| agent.any()).collect();
        if let Err(error) = start_processes(&shared, &agents).await {
            begun.stop();
            supervisor.wait().await;
            return Err(error);
        }

        let bells = threads.iter().map(|(_, worker)| bell(worker, || Work));
        let bells = bells.chain(agents.iter().map(|(_, _, desk)| desk_bell(desk)));
        let bells = bells.collect();
        let crew = Crew {
            supervisor,
            threads,
            agents: begun.keep(),
        };
        Ok(self.start_keeper(system, shared, crew, bells))
    }

    fn check(&self) -> Result<(), PoolError> {
        if self.threads + self.processes == 0 {
            return Err(PoolError::NoWorkers);
        }
        if self.capacity == 0 {
            return Err(PoolError::NoCapacity);
        }
        Ok(())
    }

    fn worker_name(&self, kind: WorkerKind, number: usize) -> String {
        match &self.name {
            Some(pool) => format!("{pool}.{kind}-{number}"),
            None => format!("{kind}-{number}"),
        }
    }

    /// The supervisor of all workers, with those that are threads.
    async fn start_threads(
        &self,
        system: &ActorSystem,
        shared: &Arc<Shared>,
    ) -> Result<(SupervisorRef, Threads), PoolError> {
        // A pool heals for ever: how often workers are replaced is limited by their backoff, never by giving up.
        let mut supervisor =
            Supervisor::builder(Strategy::OneForOne).intensity(u32::MAX, Duration::from_secs(1));
        let mut threads = Vec::new();
        for number in 1..=self.threads {
            let name = self.worker_name(WorkerKind::Thread, number);
            let id = shared.add_worker(&name, WorkerKind::Thread, 1);
            let state = Arc::clone(shared);
            let child = ChildSpec::new(name, move || ThreadWorker::new(Arc::clone(&state), id))
                .placement(Placement::Thread)
                .restart(Restart::Permanent)
                .backoff(Backoff::exponential(
                    Duration::from_millis(10),
                    Duration::from_secs(5),
                ))
                // Nothing to be polite about: the keeper has waited for what was in hand, unless the time was up.
                .shutdown(Shutdown::Kill);
            let (spec, worker) = child.build();
            supervisor = supervisor.child(spec);
            threads.push((id, worker));
        }
        let supervisor = supervisor.start(system).await.map_err(refused)?;
        for (id, worker) in &threads {
            let (shared, id) = (Arc::clone(shared), *id);
            // Also when it is given up: then it has not been dropped, and a job is still in its hands.
            on_end(&worker.any(), move |down| shared.gone(id, &down.reason));
        }
        Ok((supervisor, threads))
    }

    /// Those who carry jobs to the process workers, and start them when they are told to.
    fn spawn_agents(
        &self,
        system: &ActorSystem,
        shared: &Arc<Shared>,
        supervisor: &SupervisorRef,
    ) -> Agents {
        let Some((node, _)) = &self.source else {
            return Vec::new();
        };
        let plan = Arc::new(Plan {
            node: node.clone(),
            options: self.options.clone(),
        });
        let agent = |number| {
            let name = self.worker_name(WorkerKind::Process, number);
            let id = shared.add_worker(&name, WorkerKind::Process, 1);
            let (shared, plan) = (Arc::clone(shared), Arc::clone(&plan));
            let desk = Arc::new(Desk::new(Arc::clone(&shared), id, &self.options));
            let agent = Agent::new(shared, Arc::clone(&desk), name, plan, supervisor.clone());
            // The keeper stops before it and waits for what is in hand, so there is nothing to be polite about.
            let agent = system.actor(agent).shutdown(Shutdown::Kill).spawn();
            (id, agent, desk)
        };
        (1..=self.processes).map(agent).collect()
    }

    fn start_keeper(
        self,
        system: &ActorSystem,
        shared: Arc<Shared>,
        crew: Crew,
        bells: Vec<Bell>,
    ) -> Pool {
        let has_threads = !crew.threads.is_empty();
        let has_processes = !crew.agents.is_empty();
        let keeper = Keeper::new(Arc::clone(&shared), crew);
        let keeper = system
            .actor(keeper)
            .mailbox(Mailbox::unbounded())
            // When the system shuts down it waits for what is in hand; the system's own deadline is the limit.
            .shutdown(Shutdown::Wait)
            .spawn();
        shared.set_bells(bells, bell(&keeper, || KeeperMsg::Drained));
        Pool::new(Inner {
            shared,
            keeper,
            has_threads,
            jobs: self.source.filter(|_| has_processes).map(|(_, jobs)| jobs),
        })
    }
}

/// Starts all processes at once.
async fn start_processes(shared: &Shared, agents: &Agents) -> Result<(), PoolError> {
    let failure = Mutex::new(None);
    let starting = agents.iter().map(|(id, agent, _)| {
        let failure = &failure;
        let start: crate::join::Pending<'_> = Box::pin(async move {
            let asked = agent.ask_within(Duration::MAX, AgentMsg::Start).await;
            if let Err(reason) = asked.unwrap_or(Err(ExitReason::Shutdown)) {
                let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                failure.get_or_insert((*id, reason));
            }
        });
        start
    });
    join_all(starting.collect()).await;
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        None => Ok(()),
        Some((id, reason)) => Err(PoolError::Worker {
            name: shared.info(id).name.to_string(),
            reason,
        }),
    }
}

/// Rings by sending a message. Its mailbox holds at most one for each time that it rested; who has ended needs none.
fn bell<M: Send + 'static>(actor: &ActorRef<M>, message: fn() -> M) -> Bell {
    let actor = actor.clone();
    Box::new(move || drop(actor.try_send(message())))
}

/// Not kept: the desk knows of what keeps the bell.
fn desk_bell(desk: &Arc<Desk>) -> Bell {
    let desk = Arc::downgrade(desk);
    Box::new(move || {
        if let Some(desk) = desk.upgrade() {
            desk.ring();
        }
    })
}

fn refused(error: StartError) -> PoolError {
    match error {
        StartError::Child { id, reason } => PoolError::Worker { name: id, reason },
        other => PoolError::System(other.to_string()),
    }
}

/// Stops what was begun of a pool that does not come to be, also when its start is dropped half-way.
struct Begun {
    supervisor: SupervisorRef,
    agents: Vec<AnyActorRef>,
    is_kept: bool,
}

impl Begun {
    fn stop(&self) {
        self.agents.iter().for_each(AnyActorRef::kill);
        self.supervisor.stop();
    }

    /// The pool has come to be.
    fn keep(mut self) -> Vec<AnyActorRef> {
        self.is_kept = true;
        std::mem::take(&mut self.agents)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.is_kept {
            self.stop();
        }
    }
}
