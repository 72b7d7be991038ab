//! The workers of `primes` and `wordcount`: a pool over processes and threads, and one way to spread a list over it.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use actor_core::ActorSystem;
use actor_pool::{
    Completed, Job, JobError, JobHandle, JobOptions, Pool, Refusal, ShutdownMode, WorkerKind,
    WorkerState,
};
use actor_remote::Node;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::topology::Stage;
use crate::worker_program;
use crate::workers::Crew;

/// Jobs under way per worker: one in hand, and enough behind it that nobody waits for the runner.
const AHEAD: usize = 4;
/// How long the workers may take to leave.
const LEAVE: Duration = Duration::from_secs(10);

/// A pool that runs, and the system it belongs to.
pub(crate) struct Fleet {
    system: ActorSystem,
    pool: Pool,
    ahead: usize,
    is_simulated: bool,
}

/// The work of a fleet, as a job, and as what it is in a simulation: a span of virtual time, and then the result.
pub(crate) struct Work<Arg: 'static, Out: 'static> {
    /// For workers on threads and in processes.
    pub(crate) job: &'static Job<Arg, Out>,
    /// What the job does.
    pub(crate) function: fn(Arg) -> Out,
    /// How long it takes, about.
    pub(crate) span: fn(&Arg) -> Duration,
}

impl Fleet {
    /// Starts the workers.
    ///
    /// # Errors
    /// If a worker cannot be started; none is left then.
    pub(crate) async fn start(name: &str, crew: Crew, stage: &Stage) -> Result<Self, Failure> {
        let system = ActorSystem::new(name);
        let node = Node::new(worker_program::registry());
        let jobs = worker_program::jobs();
        let pool = Pool::builder().name(name);
        let pool = if stage.is_simulated {
            // Nothing blocks there, so tasks do for all workers.
            pool.tasks(crew.threads + crew.processes)
        } else {
            pool.threads(crew.threads)
                .processes(crew.processes, &node, &jobs)
        };
        let pool = pool
            .start(&system)
            .await
            .map_err(|error| Failure::machinery("starting the workers", error))?;
        Ok(Fleet {
            system,
            pool,
            ahead: AHEAD * (crew.processes + crew.threads),
            is_simulated: stage.is_simulated,
        })
    }

    /// Runs one job per item, in the order given, and tells each outcome as it comes. The job must bear to run again: if a worker dies
    /// with it, it does. Returns how many items were never begun, because Ctrl-C came first.
    pub(crate) async fn spread<Arg, Out>(
        &self,
        work: &Work<Arg, Out>,
        items: impl IntoIterator<Item = (usize, Arg)>,
        interrupt: &Interrupt,
        mut tell: impl FnMut(usize, Result<Completed<Out>, JobError>),
    ) -> usize
    where
        Arg: Serialize + DeserializeOwned + Clone + Send + 'static,
        Out: Serialize + DeserializeOwned + Send + 'static,
    {
        let mut items = items.into_iter();
        let mut under_way: Vec<(usize, JobHandle<Out>)> = Vec::new();
        let mut not_begun = 0;
        loop {
            while under_way.len() < self.ahead && !interrupt.is_requested() {
                let Some((item, argument)) = items.next() else {
                    break;
                };
                match self.submit(work, argument).await {
                    Ok(handle) => under_way.push((item, handle)),
                    Err(refusal) => tell(item, Err(JobError::from(refusal))),
                }
            }
            if under_way.is_empty() {
                break;
            }
            let finished = tokio::select! { biased;
                finished = any(&mut under_way) => Some(finished),
                () = interrupt.requested(), if !interrupt.is_requested() => None,
            };
            match finished {
                Some((item, outcome)) => tell(item, outcome),
                // What has not begun never will; what is in hand is finished.
                None => under_way.retain(|(_, handle)| {
                    let cancelled = handle.cancel();
                    not_begun += usize::from(cancelled);
                    !cancelled
                }),
            }
        }
        not_begun + items.count()
    }

    async fn submit<Arg, Out>(
        &self,
        work: &Work<Arg, Out>,
        argument: Arg,
    ) -> Result<JobHandle<Out>, Refusal>
    where
        Arg: Serialize + DeserializeOwned + Clone + Send + 'static,
        Out: Serialize + DeserializeOwned + Send + 'static,
    {
        if self.is_simulated {
            let (function, span) = (work.function, (work.span)(&argument));
            let working = move || async move {
                tokio::time::sleep(span).await;
                function(argument)
            };
            let submitted = self.pool.submit_async(working).await;
            return submitted.map_err(|refused| refused.refusal().clone());
        }
        let options = JobOptions::new().retryable();
        let submitted = self.pool.submit_with(work.job, argument, options).await;
        submitted.map_err(|refused| refused.refusal().clone())
    }

    /// Sends SIGKILL to a process worker that is at work. Completes when one was, with its process.
    pub(crate) async fn kill_one_at_work(&self) -> u32 {
        let mut look = tokio::time::interval(Duration::from_millis(1));
        loop {
            look.tick().await;
            let at_work = self.pool.workers().into_iter().find_map(|worker| {
                let busy = worker.kind == WorkerKind::Process && worker.state == WorkerState::Busy;
                worker.pid.filter(|_| busy)
            });
            if let Some(pid) = at_work
                && kill(pid)
            {
                return pid;
            }
        }
    }

    /// How often workers were started again.
    pub(crate) fn restarts(&self) -> u64 {
        self.pool
            .workers()
            .iter()
            .map(|worker| u64::from(worker.restarts))
            .sum()
    }

    /// Lets the workers leave; they are gone when this returns.
    pub(crate) async fn close(self) {
        self.pool.shutdown(ShutdownMode::Drain, LEAVE).await;
        self.system.shutdown(LEAVE).await;
    }
}

/// The first of the handles that is done, taken out of the list.
async fn any<Out>(
    under_way: &mut Vec<(usize, JobHandle<Out>)>,
) -> (usize, Result<Completed<Out>, JobError>) {
    poll_fn(|cx| {
        for place in 0..under_way.len() {
            if let Poll::Ready(outcome) = under_way[place].1.poll_outcome(cx) {
                let (item, _) = under_way.swap_remove(place);
                return Poll::Ready((item, outcome));
            }
        }
        Poll::Pending
    })
    .await
}

fn kill(pid: u32) -> bool {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok())
}
