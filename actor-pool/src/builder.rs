//! How a pool comes to be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::{
    ActorRef, ActorSystem, Backoff, ChildSpec, ExitReason, Mailbox, Placement, Restart, Shutdown,
    StartError, Strategy, Supervisor, SupervisorRef,
};

use crate::dispatch::WorkerId;
use crate::keeper::{Crew, Keeper, KeeperMsg};
use crate::pool::Inner;
use crate::shared::{Bell, Shared};
use crate::thread::{ThreadWorker, Work};
use crate::{Pool, PoolError, WorkerKind};

/// How many jobs wait in a pool's queue at most, unless it is said otherwise: as many as messages in a mailbox.
const CAPACITY: usize = 1024;

/// Options for a pool; made by [`Pool::builder`].
#[must_use = "nothing starts before `start`"]
#[derive(Debug)]
pub struct PoolBuilder {
    threads: usize,
    capacity: usize,
    name: Option<String>,
    panic_hook: bool,
}

impl PoolBuilder {
    pub(crate) fn new() -> Self {
        PoolBuilder {
            threads: 0,
            capacity: CAPACITY,
            name: None,
            panic_hook: true,
        }
    }

    /// Workers on threads of this process; none by default.
    pub fn threads(mut self, workers: usize) -> Self {
        self.threads = workers;
        self
    }

    /// How many jobs may wait for a worker; 1,024 by default. `submit` waits when there are as many.
    pub fn capacity(mut self, jobs: usize) -> Self {
        self.capacity = jobs;
        self
    }

    /// Comes before the names of the workers, as in `name.thread-1`; for logs with several pools.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether to install the panic hook that notes where a panic happened and then calls the hook that was there before. On by
    /// default; without it [`JobError::Panicked`](crate::JobError::Panicked) has no location.
    pub fn panic_hook(mut self, install: bool) -> Self {
        self.panic_hook = install;
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
    /// Cancel safe: when it is dropped, what was started is stopped.
    pub async fn start(self, system: &ActorSystem) -> Result<Pool, PoolError> {
        self.check()?;
        if self.panic_hook {
            crate::panics::install_hook();
        }
        let shared = Arc::new(Shared::new(self.capacity));
        let (supervisor, threads) = self.start_threads(system, &shared).await?;
        let started = Started::new(supervisor);

        let bells = threads.iter().map(|(_, worker)| bell(worker)).collect();
        let crew = Crew {
            supervisor: started.keep(),
            threads,
            agents: Vec::new(),
        };
        self.start_keeper(system, shared, crew, bells)
    }

    fn check(&self) -> Result<(), PoolError> {
        if self.threads == 0 {
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
    ) -> Result<(SupervisorRef, Vec<(WorkerId, ActorRef<Work>)>), PoolError> {
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
                // Nothing to be polite about: a kill takes effect when the job in hand returns, and so would a stop.
                .shutdown(Shutdown::Kill);
            let (spec, worker) = child.build();
            supervisor = supervisor.child(spec);
            threads.push((id, worker));
        }
        let supervisor = supervisor.start(system).await.map_err(refused)?;
        Ok((supervisor, threads))
    }

    fn start_keeper(
        self,
        system: &ActorSystem,
        shared: Arc<Shared>,
        crew: Crew,
        bells: Vec<Bell>,
    ) -> Result<Pool, PoolError> {
        let last_report = Arc::new(Mutex::new(None));
        let has_threads = !crew.threads.is_empty();
        let keeper = Keeper::new(Arc::clone(&shared), crew, Arc::clone(&last_report));
        let keeper = system
            .actor(keeper)
            .mailbox(Mailbox::unbounded())
            .spawn();
        let told = keeper.clone();
        let drained = Box::new(move || drop(told.try_send(KeeperMsg::Drained)));
        shared.set_bells(bells, drained);
        Ok(Pool::new(Inner {
            shared,
            keeper,
            last_report,
            has_threads,
            jobs: None,
        }))
    }
}

fn bell(worker: &ActorRef<Work>) -> Bell {
    let worker = worker.clone();
    // Its mailbox holds at most one for each time that it rested; a worker that ended needs none.
    Box::new(move || drop(worker.try_send(Work)))
}

fn refused(error: StartError) -> PoolError {
    match error {
        StartError::Child { id, reason } => PoolError::Worker { name: id, reason },
        StartError::DuplicateChild(name) => PoolError::Worker {
            name,
            reason: ExitReason::StartFailed("two workers have this name".to_owned()),
        },
        other => PoolError::System(other.to_string()),
    }
}

/// Stops what was started of a pool that does not come to be.
struct Started {
    supervisor: Option<SupervisorRef>,
}

impl Started {
    fn new(supervisor: SupervisorRef) -> Self {
        Started {
            supervisor: Some(supervisor),
        }
    }

    /// The pool has come to be.
    fn keep(mut self) -> SupervisorRef {
        self.supervisor.take().expect("it is kept once")
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(supervisor) = &self.supervisor {
            supervisor.stop();
        }
    }
}
