//! How far a running job is: said by the job, found by its handle, also from another process.
//!
//! What runs where is noted per thread: whoever runs jobs enters a [`Scope`], so a job needs no argument to say how far it is.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::arena::Key;
use crate::shared::Shared;

/// How far a job is, in steps of its own choice.
///
/// # Examples
///
/// See [`report_progress`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// How many steps are done.
    pub done: u64,
    /// How many there are; 0 if that is not known.
    pub total: u64,
}

/// Says how far the running job is, so that [`JobHandle::progress`](crate::JobHandle::progress) finds it. It may be called from the
/// function of a job, on whatever kind of worker, and from the future of an async closure; anywhere else it does nothing.
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
/// # let pool = Pool::builder().threads(1).start(&system).await?;
/// let (go_on, wait) = std::sync::mpsc::channel::<()>();
/// let (said, hear) = tokio::sync::oneshot::channel();
/// let job = pool.submit_fn(move || {
///     actor_pool::report_progress(1, 2);
///     said.send(()).ok();
///     wait.recv().ok();
/// }).await?;
/// hear.await?;
/// let progress = job.progress().expect("it has said so");
/// assert_eq!((progress.done, progress.total), (1, 2));
/// # drop(go_on); job.await?;
/// # Ok(()) }
/// ```
pub fn report_progress(done: u64, total: u64) {
    let Some(key) = RUNNING.get() else { return };
    let reporter = REPORTER.with_borrow(Clone::clone);
    match reporter.as_deref() {
        Some(Reporter::Here(shared)) => {
            shared.progress(Key::from_bits(key), Progress { done, total });
        }
        Some(Reporter::Far(tell)) => tell(key, Progress { done, total }),
        None => {}
    }
}

/// Where to say it.
pub(crate) enum Reporter {
    /// The pool is in this process.
    Here(Arc<Shared>),
    /// The pool is in another one; this tells it, by the number of the job.
    Far(Box<dyn Fn(u64, Progress) + Send + Sync>),
}

thread_local! {
    static RUNNING: Cell<Option<u64>> = const { Cell::new(None) };
    static REPORTER: RefCell<Option<Arc<Reporter>>> = const { RefCell::new(None) };
}

/// While it lives, jobs run on this thread on behalf of one worker.
pub(crate) struct Scope {
    before: Option<Arc<Reporter>>,
    running: Option<u64>,
}

impl Scope {
    pub(crate) fn enter(reporter: &Arc<Reporter>) -> Self {
        Scope {
            before: REPORTER.replace(Some(Arc::clone(reporter))),
            running: RUNNING.take(),
        }
    }

    /// Which job runs from here on.
    pub(crate) fn run(&self, key: u64) {
        RUNNING.set(Some(key));
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        RUNNING.set(self.running);
        drop(REPORTER.replace(self.before.take()));
    }
}
