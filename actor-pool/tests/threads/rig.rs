//! The jobs, the pool, and a gate that keeps a worker busy.

use std::sync::mpsc;
use std::time::Duration;

use actor_core::ActorSystem;
use actor_pool::{Job, JobHandle, Pool};

pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) const SQUARE: Job<u64, u64> = Job::new("test.square/v1", |number| number * number);

pub(crate) const PANIC: Job<u64, u64> = Job::new("test.panic/v1", |number| {
    if number == 3 {
        panic!("three is right out")
    }
    number
});

pub(crate) async fn pool(threads: usize) -> (ActorSystem, Pool) {
    let system = ActorSystem::new("test");
    let pool = Pool::builder()
        .threads(threads)
        .start(&system)
        .await
        .unwrap();
    (system, pool)
}

/// Keeps a worker busy until it is opened or dropped.
pub(crate) struct Gate {
    pub(crate) open: mpsc::Sender<()>,
    pub(crate) entered: tokio::sync::oneshot::Receiver<()>,
    pub(crate) job: JobHandle<()>,
}

impl Gate {
    pub(crate) fn set_up(pool: &Pool) -> Self {
        let (open, opened) = mpsc::channel();
        let (enter, entered) = tokio::sync::oneshot::channel();
        let work = move || {
            enter.send(()).ok();
            opened.recv().ok();
        };
        let job = pool.try_submit_fn(work).unwrap();
        Gate { open, entered, job }
    }

    /// A worker stands in the gate when this returns.
    pub(crate) async fn block(pool: &Pool) -> Self {
        let mut gate = Gate::set_up(pool);
        (&mut gate.entered).await.unwrap();
        gate
    }

    pub(crate) async fn open(self) {
        self.open.send(()).unwrap();
        self.job.await.unwrap();
    }
}
