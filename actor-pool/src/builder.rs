//! The options of a pool.

mod start;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use actor_core::{BoxError, Overflow};
use actor_remote::Node;

use crate::process::ProcessOptions;
use crate::setup::{ATTEMPTS, Initializer};
use crate::thread::LocalOptions;
use crate::{Jobs, WorkerInfo};

/// How many jobs wait in a pool's queue at most, unless it is said otherwise: as many as messages in a mailbox.
const CAPACITY: usize = 1024;

/// The largest argument and the largest result of a process worker, unless it is said otherwise: 256 MiB.
const PAYLOAD_MAX: usize = 256 * 1024 * 1024;

/// What a frame can hold, with room for its head and a name.
const PAYLOAD_CEILING: usize = (u32::MAX - 128 * 1024) as usize;

/// Options for a pool; made by [`Pool::builder`](crate::Pool::builder).
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
    tasks: usize,
    threads: usize,
    processes: usize,
    local: LocalOptions,
    source: Option<(Node, Jobs)>,
    options: ProcessOptions,
    capacity: usize,
    overflow: Overflow,
    rate: Option<(u32, Duration)>,
    on_interrupt: Option<Duration>,
    name: Option<String>,
}

impl PoolBuilder {
    pub(crate) fn new() -> Self {
        PoolBuilder {
            tasks: 0,
            threads: 0,
            processes: 0,
            local: LocalOptions {
                initializer: None,
                attempts: ATTEMPTS,
                jobs_max: None,
            },
            source: None,
            options: ProcessOptions {
                binary: None,
                arguments: Vec::new(),
                environment: Vec::new(),
                directory: None,
                result_max: PAYLOAD_MAX,
                argument_max: PAYLOAD_MAX,
                memory_max: None,
                time_max: None,
                attempts: ATTEMPTS,
                jobs_max: None,
                idle_max: None,
                pre_start: None,
            },
            capacity: CAPACITY,
            overflow: Overflow::Wait,
            rate: None,
            on_interrupt: None,
            name: None,
        }
    }

    /// Workers on tasks of the runtime; none by default. They run async closures, and functions too if no other worker is idle: a
    /// function that blocks or computes for long holds up a thread of the runtime then.
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
    /// let pool = Pool::builder().tasks(2).threads(1).start(&system).await?;
    /// assert_eq!(pool.submit_async(|| async { 1 }).await?.await?, 1);
    /// assert_eq!(pool.submit_fn(|| 2).await?.await?, 2);
    /// # Ok(()) }
    /// ```
    pub fn tasks(mut self, workers: usize) -> Self {
        self.tasks = workers;
        self
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
    /// A result of 1 MiB and more lies in a buffer that the pool keeps for the next one when the last part of the result is let go of: one
    /// buffer per worker process, for one second. [`Blob`](crate::Blob)s in a result share it, and a buffer is at most twice as large as
    /// what is in it.
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
    /// [`JobError::TimeLimit`](crate::JobError::TimeLimit), and is run again only if its [`Retry`](crate::Retry) says so. No limit by default. A
    /// chunk counts as one job.
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

    /// What becomes of a job for which there is no room: by default [`submit`](crate::Pool::submit) waits. With [`Overflow::DropNewest`] it
    /// gives the job back with [`Refusal::Full`](crate::Refusal::Full) at once; with [`Overflow::DropOldest`] the oldest of the least
    /// urgent jobs that wait for a worker fails with [`JobError::Dropped`](crate::JobError::Dropped) instead, unless all of them are
    /// more urgent than the new one. A map waits for room in any case.
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
    /// use actor_core::Overflow;
    /// use actor_pool::JobError;
    ///
    /// let pool = Pool::threads(1).capacity(1).overflow(Overflow::DropOldest).start(&system).await?;
    /// # let (open, opened) = std::sync::mpsc::channel::<()>();
    /// # let (enter, entered) = tokio::sync::oneshot::channel();
    /// # let slow = pool.submit_fn(move || { enter.send(()).ok(); drop(opened.recv()) }).await?;
    /// # entered.await?;
    /// let older = pool.submit(&SQUARE, 3).await?; // The only worker is busy with a slow one.
    /// let newer = pool.submit(&SQUARE, 4).await?;
    /// assert_eq!(older.await, Err(JobError::Dropped));
    /// # drop(open);
    /// assert_eq!(newer.await?, 16);
    /// # Ok(()) }
    /// ```
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// At most so many jobs begin in any such time, evenly spaced; no limit by default. A chunk counts as many as it holds.
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
    /// use std::time::Duration;
    ///
    /// // Whoever is asked allows 50 requests per second.
    /// let pool = Pool::tasks(8).rate(50, Duration::from_secs(1)).start(&system).await?;
    /// # assert_eq!(pool.apply(&SQUARE, 3).await?, 9);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "rate_limit")]
    pub fn rate(mut self, jobs: u32, per: Duration) -> Self {
        self.rate = Some((jobs, per));
        self
    }

    /// Runs when a worker on a thread or a task starts, before its first job. What it returns is the state of this worker, which its
    /// jobs use through [`with_state`](crate::with_state). If it fails, or panics, it is tried again after a pause, and after three
    /// attempts the pool does not start. Process workers have theirs in [`JobsBuilder::initializer`](crate::JobsBuilder::initializer).
    ///
    /// # Examples
    ///
    /// See [`with_state`](crate::with_state).
    pub fn initializer<S: Send + 'static>(
        mut self,
        make: impl Fn(&WorkerInfo) -> Result<S, BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.local.initializer = Some(Initializer::new(make));
        self
    }

    /// How often a worker whose initializer fails is tried before the pool does not start; 3 by default. A worker that is replaced later
    /// is tried for ever, after growing pauses.
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
    /// use actor_pool::PoolError;
    ///
    /// let broken = Pool::threads(1).initializer(|_| Err::<(), _>("no license".into())).start_attempts(1);
    /// match broken.start(&system).await {
    ///     Err(PoolError::Worker { name, reason }) => println!("{name}: {reason}"),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok(()) }
    /// ```
    pub fn start_attempts(mut self, attempts: u32) -> Self {
        self.local.attempts = attempts.max(1);
        self.options.attempts = attempts.max(1);
        self
    }

    /// Replaces each worker after so many jobs; never by default. It is for functions that leak. A process ends and another one takes
    /// its place; a worker on a thread or a task drops its state and makes it anew.
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
    /// let pool = Pool::threads(1).max_jobs_per_worker(100).start(&system).await?;
    /// # assert_eq!(pool.apply(&SQUARE, 3).await?, 9);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "maxtasksperchild")]
    #[doc(alias = "max_tasks_per_child")]
    pub fn max_jobs_per_worker(mut self, jobs: u64) -> Self {
        self.local.jobs_max = Some(jobs);
        self.options.jobs_max = Some(jobs);
        self
    }

    /// Ends a process that has had nothing to do for so long; it is started again when there is work for it. Never by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// use std::time::Duration;
    ///
    /// let builder = Pool::processes(8, node, jobs).idle_timeout(Duration::from_secs(60));
    /// # drop(builder); }
    /// ```
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.options.idle_max = Some(limit);
        self
    }

    /// How many processes are started with the pool; all by default. The others are started when there is work for them.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_pool::{Jobs, Pool};
    /// # fn builder(node: &actor_remote::Node, jobs: &Jobs) {
    /// let builder = Pool::processes(8, node, jobs).pre_start(2);
    /// # drop(builder); }
    /// ```
    pub fn pre_start(mut self, processes: usize) -> Self {
        self.options.pre_start = Some(processes);
        self
    }

    /// On Ctrl-C the pool takes no more jobs, finishes what it has accepted, and ends, within so much time. The signal does not end the
    /// program any more then; whoever holds the pool learns of it by [`Refusal::Closed`](crate::Refusal::Closed).
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
    /// use std::time::Duration;
    ///
    /// let pool = Pool::threads(1).drain_on_ctrl_c(Duration::from_secs(30)).start(&system).await?;
    /// # assert_eq!(pool.apply(&SQUARE, 3).await?, 9);
    /// # Ok(()) }
    /// ```
    pub fn drain_on_ctrl_c(mut self, limit: Duration) -> Self {
        self.on_interrupt = Some(limit);
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
}
