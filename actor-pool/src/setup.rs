//! What a worker is made with: its initializer, and the state that this makes for the jobs of this worker.
//!
//! The state is found through the thread: on a thread or in a process it stays there, a task carries it along from poll to poll.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actor_core::BoxError;
use actor_core::panic::{catch, discard};

use crate::WorkerInfo;

/// The pause before the second attempt; it doubles from there.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How often a worker is tried to be started, unless it is said otherwise.
pub(crate) const ATTEMPTS: u32 = 3;

/// The state of one worker.
pub(crate) type WorkerBox = Box<dyn Any + Send>;

type Make = dyn Fn(&WorkerInfo) -> Result<WorkerBox, BoxError> + Send + Sync;

/// Makes the state of a worker.
#[derive(Clone)]
pub(crate) struct Initializer {
    make: Arc<Make>,
}

impl fmt::Debug for Initializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Initializer")
    }
}

impl Initializer {
    pub(crate) fn new<S: Send + 'static>(
        make: impl Fn(&WorkerInfo) -> Result<S, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Initializer {
            make: Arc::new(move |worker| Ok(Box::new(make(worker)?))),
        }
    }

    /// A panic is an error like any other.
    pub(crate) fn run(&self, worker: &WorkerInfo) -> Result<WorkerBox, BoxError> {
        match catch(|| (self.make)(worker)) {
            Ok(made) => made,
            Err(panic) => Err(format!("the initializer panicked: {}", panic.text).into()),
        }
    }
}

/// How long to wait before the next attempt, after so many.
pub(crate) fn pause(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    PAUSE_FIRST.saturating_mul(1 << doublings).min(PAUSE_MAX)
}

thread_local! {
    static STATE: RefCell<Option<WorkerBox>> = const { RefCell::new(None) };
}

/// Gives the thread the state of a worker, and takes back what it had.
pub(crate) fn swap(state: Option<WorkerBox>) -> Option<WorkerBox> {
    STATE.replace(state)
}

/// The thread has no worker any more. The state is user data.
pub(crate) fn forget() {
    discard(STATE.take());
}

/// Lets a job use the state of its worker, which its [initializer](crate::PoolBuilder::initializer) has made: a connection, a cache, a
/// model that took long to load. `None` when there is none, or one of another type; also within itself.
///
/// # Examples
///
/// ```
/// # use actor_core::{ActorSystem, BoxError};
/// use actor_pool::{Job, Pool, with_state};
///
/// const COUNT: Job<(), u64> = Job::new("example.count/v1", |()| {
///     with_state(|count: &mut u64| { *count += 1; *count }).expect("the initializer makes one")
/// });
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let pool = Pool::builder().threads(1).initializer(|_worker| Ok(100u64)).start(&system).await?;
/// assert_eq!(pool.apply(&COUNT, ()).await?, 101);
/// assert_eq!(pool.apply(&COUNT, ()).await?, 102);
/// # Ok(()) }
/// ```
pub fn with_state<S: 'static, R>(use_it: impl FnOnce(&mut S) -> R) -> Option<R> {
    /// Puts the state back, also when the job panics.
    struct Lent(Option<WorkerBox>);

    impl Drop for Lent {
        fn drop(&mut self) {
            STATE.set(self.0.take());
        }
    }

    let mut lent = Lent(Some(STATE.take()?));
    let state = lent.0.as_mut()?.downcast_mut::<S>()?;
    Some(use_it(state))
}
