//! How a pool starts: its workers, those who carry jobs to them, and its keeper; or none of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actor_core::link::{annotate, on_end};
use actor_core::{
    ActorRef, ActorSystem, AnyActorRef, Backoff, ChildSpec, ExitReason, Mailbox, Placement,
    Restart, Shutdown, StartError, Strategy, Supervisor, SupervisorRef,
};

use super::PoolBuilder;
use crate::dispatch::{Rate, WorkerId};
use crate::join::join_all;
use crate::keeper::{Crew, Keeper, KeeperMsg};
use crate::pool::Inner;
use crate::process::{Agent, AgentMsg, Desk, Listener, Plan};
use crate::shared::{Bell, KeeperBells, Limits, Shared};
use crate::thread::{LocalWorker, Work};
use crate::{Pool, PoolError, WorkerKind};

type Locals = Vec<(WorkerId, ActorRef<Work>)>;

type Agents = Vec<(WorkerId, ActorRef<AgentMsg>, Arc<Desk>)>;

impl PoolBuilder {
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
        let shared = Arc::new(Shared::new(self.limits()));
        let (supervisor, locals) = self.start_locals(system, &shared).await?;
        let mut begun = Begun {
            supervisor: supervisor.clone(),
            agents: Vec::new(),
            is_kept: false,
        };
        let (agents, others) = self.spawn_agents(system, &shared, &supervisor);
        let all = agents.iter().map(|(_, agent, _)| agent.any());
        begun.agents = all.chain(others).collect();
        if let Err(error) = start_processes(&shared, &agents, self.pre_started()).await {
            begun.stop();
            supervisor.wait().await;
            return Err(error);
        }

        let bells = locals.iter().map(|(_, worker)| bell(worker, || Work));
        let bells = bells.chain(agents.iter().map(|(_, agent, desk)| desk_bell(agent, desk)));
        let bells = bells.collect();
        let crew = Crew {
            supervisor,
            locals,
            agents: begun.keep(),
        };
        Ok(self.start_keeper(system, shared, crew, bells))
    }

    fn check(&self) -> Result<(), PoolError> {
        if self.tasks + self.threads + self.processes == 0 {
            return Err(PoolError::NoWorkers);
        }
        if self.local.jobs_max == Some(0) {
            return Err(PoolError::NoJobsPerWorker);
        }
        if self
            .rate
            .is_some_and(|(jobs, per)| jobs == 0 || per.is_zero())
        {
            return Err(PoolError::NoRate);
        }
        if self.capacity == 0 {
            return Err(PoolError::NoCapacity);
        }
        Ok(())
    }

    /// Shows the pool in the snapshots of its system.
    fn annotate(&self, system: &ActorSystem, shared: &Arc<Shared>) {
        let name = match &self.name {
            Some(name) => format!("pool {name}"),
            None => "pool".to_owned(),
        };
        let shared = Arc::downgrade(shared);
        annotate(system, move || Some(shared.upgrade()?.stats().note(&name)));
    }

    fn limits(&self) -> Limits {
        Limits {
            capacity: self.capacity,
            overflow: self.overflow,
            rate: self.rate.map(|(jobs, per)| Rate::new(jobs, per)),
        }
    }

    /// How many processes start with the pool.
    fn pre_started(&self) -> usize {
        self.options.pre_start.unwrap_or(self.processes)
    }

    fn worker_name(&self, kind: WorkerKind, number: usize) -> String {
        match &self.name {
            Some(pool) => format!("{pool}.{kind}-{number}"),
            None => format!("{kind}-{number}"),
        }
    }

    /// The supervisor of all workers, with those of this process.
    async fn start_locals(
        &self,
        system: &ActorSystem,
        shared: &Arc<Shared>,
    ) -> Result<(SupervisorRef, Locals), PoolError> {
        // A pool heals for ever: how often workers are replaced is limited by their backoff, never by giving up.
        let mut supervisor =
            Supervisor::builder(Strategy::OneForOne).intensity(u32::MAX, Duration::from_secs(1));
        let mut locals = Vec::new();
        let threads = (1..=self.threads).map(|number| (WorkerKind::Thread, number));
        let tasks = (1..=self.tasks).map(|number| (WorkerKind::Task, number));
        for (kind, number) in threads.chain(tasks) {
            let name = self.worker_name(kind, number);
            let id = shared.add_worker(&name, kind, 1);
            let (state, options) = (Arc::clone(shared), self.local.clone());
            let make = move || LocalWorker::new(Arc::clone(&state), id, options.clone());
            let child = ChildSpec::new(name, make)
                .placement(match kind {
                    WorkerKind::Thread => Placement::Thread,
                    _ => Placement::Task,
                })
                .restart(Restart::Permanent)
                .backoff(Backoff::exponential(
                    Duration::from_millis(10),
                    Duration::from_secs(5),
                ))
                // Nothing to be polite about: the keeper has waited for what was in hand, unless the time was up.
                .shutdown(Shutdown::Kill);
            let (spec, worker) = child.build();
            supervisor = supervisor.child(spec);
            locals.push((id, worker));
        }
        let supervisor = supervisor.start(system).await.map_err(refused)?;
        for (id, worker) in &locals {
            let (shared, id) = (Arc::clone(shared), *id);
            // Also when it is given up: then it has not been dropped, and a job is still in its hands.
            on_end(&worker.any(), move |down| shared.gone(id, &down.reason));
        }
        Ok((supervisor, locals))
    }

    /// Those who carry jobs to the process workers, and start them when they are told to; and who hears how far the jobs are.
    fn spawn_agents(
        &self,
        system: &ActorSystem,
        shared: &Arc<Shared>,
        supervisor: &SupervisorRef,
    ) -> (Agents, Option<AnyActorRef>) {
        let Some((node, _)) = &self.source else {
            return (Vec::new(), None);
        };
        let listener = system.spawn(Listener::new(Arc::clone(shared)));
        let plan = Arc::new(Plan {
            node: node.clone(),
            options: self.options.clone(),
        });
        let agent = |number| {
            let name = self.worker_name(WorkerKind::Process, number);
            let id = shared.add_worker(&name, WorkerKind::Process, 1);
            let (shared, plan) = (Arc::clone(shared), Arc::clone(&plan));
            let desk = Arc::new(Desk::new(Arc::clone(&shared), id, &self.options));
            let kept = Arc::clone(&desk);
            let agent = Agent::new(
                shared,
                kept,
                name,
                plan,
                supervisor.clone(),
                listener.clone(),
            );
            // The keeper stops before it and waits for what is in hand, so there is nothing to be polite about.
            let agent = system.actor(agent).shutdown(Shutdown::Kill).spawn();
            (id, agent, desk)
        };
        let agents = (1..=self.processes).map(agent).collect();
        (agents, Some(listener.any()))
    }

    fn start_keeper(
        self,
        system: &ActorSystem,
        shared: Arc<Shared>,
        crew: Crew,
        bells: Vec<Bell>,
    ) -> Pool {
        let (has_threads, has_tasks) = (self.threads > 0, self.tasks > 0);
        let has_processes = !crew.agents.is_empty();
        let keeper = Keeper::new(Arc::clone(&shared), crew, self.on_interrupt);
        let keeper = system
            .actor(keeper)
            .mailbox(Mailbox::unbounded())
            // When the system shuts down it waits for what is in hand; the system's own deadline is the limit.
            .shutdown(Shutdown::Wait)
            .spawn();
        let keepers = KeeperBells {
            drained: bell(&keeper, || KeeperMsg::Drained),
            sooner: bell(&keeper, || KeeperMsg::Time),
        };
        shared.set_bells(bells, keepers);
        self.annotate(system, &shared);
        Pool::new(Inner {
            shared,
            keeper,
            has_threads,
            has_tasks,
            jobs: self.source.filter(|_| has_processes).map(|(_, jobs)| jobs),
        })
    }
}

/// Starts processes, all of them at once; those that are to wait for work only get ready.
async fn start_processes(
    shared: &Shared,
    agents: &Agents,
    at_once: usize,
) -> Result<(), PoolError> {
    let failure = Mutex::new(None);
    let starting = agents.iter().enumerate().map(|(place, (id, agent, _))| {
        let failure = &failure;
        let start = move |reply| AgentMsg::Start(place < at_once, reply);
        let started: crate::join::Pending<'_> = Box::pin(async move {
            let asked = agent.ask_within(Duration::MAX, start).await;
            if let Err(reason) = asked.unwrap_or(Err(ExitReason::Shutdown)) {
                let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                failure.get_or_insert((*id, reason));
            }
        });
        started
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

/// Work goes to the desk of a process, and to its agent when there is none. The desk is not kept: it knows of what keeps the bell.
fn desk_bell(agent: &ActorRef<AgentMsg>, desk: &Arc<Desk>) -> Bell {
    let (agent, desk) = (agent.clone(), Arc::downgrade(desk));
    Box::new(move || {
        let is_taken = desk.upgrade().is_none_or(|desk| desk.ring());
        if !is_taken {
            // An error means that the pool has ended, or that it was told already.
            drop(agent.try_send(AgentMsg::Work));
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
