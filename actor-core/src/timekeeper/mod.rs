//! Deadlines that do not depend on the runtime's workers: asks, stop allowances, the shutdown of the system.
//!
//! One plain thread per system, started on first need. A runtime whose workers are stuck cannot run its own timers, and a timer of
//! the runtime per ask costs more than the ask. While a deadline is young the thread sweeps every few milliseconds; with nothing
//! young it sleeps until the next moment that is due, and with nothing at all for good.
//!
//! Under a paused clock ([`Timekeeping::Runtime`]) a task of the runtime takes the thread's place, and moments are exact.

pub(crate) mod deadlines;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::runtime::{Runtime, What, first};
use crate::sync::{Arc, Mutex, OnceLock, Weak, lock};
use deadlines::{Deadlines, Key};

/// Between two looks at deadlines that are not stamped yet; with the time to be scheduled it stays below the promised 10 ms.
const SWEEP: Duration = Duration::from_millis(4);

/// Who keeps the time of a system.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::Timekeeping;
///
/// # struct Alarm;
/// # impl Actor for Alarm {
/// #     type Msg = ();
/// #     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
/// #         ctx.send_after("ring", Duration::from_secs(3_600), ());
/// #         Ok(())
/// #     }
/// #     async fn handle(&mut self, (): (), ctx: &mut Context<Self>) -> ActorResult { ctx.stop(); Ok(()) }
/// # }
/// // A test in virtual time: the hour passes at once.
/// #[tokio::main(flavor = "current_thread", start_paused = true)]
/// async fn main() {
///     let system = ActorSystem::builder("test").timekeeping(Timekeeping::Runtime).build();
///     let alarm = system.spawn(Alarm); // Rings after an hour.
///     assert_eq!(alarm.wait().await, ExitReason::Normal);
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timekeeping {
    /// A plain thread; deadlines come also when every worker of the runtime is stuck.
    #[default]
    Thread,
    /// The runtime's own clock, which a test can pause. Deadlines are exact in virtual time.
    Runtime,
}

/// What is told that its time has passed.
pub(crate) trait Expire: Send + Sync {
    fn expire(&self);
}

type Table = Deadlines<Arc<dyn Expire>>;

struct State {
    table: Table,
    /// Whether the driver looks again within [`SWEEP`] by itself.
    sweeping: bool,
    /// Until when the driver sleeps, if it is a task.
    until: Option<Instant>,
    closed: bool,
}

struct Shared {
    state: Mutex<State>,
    nudge: tokio::sync::Notify,
}

/// Sets and forgets deadlines.
pub(crate) struct Timekeeper {
    shared: Arc<Shared>,
    /// Set on first need; its thread, if it has one.
    driver: OnceLock<Option<Thread>>,
    kind: Timekeeping,
    runtime: Runtime,
}

impl Timekeeper {
    pub(crate) fn new(kind: Timekeeping, runtime: Runtime) -> Self {
        let state = State {
            table: Deadlines::new(),
            sweeping: false,
            until: None,
            closed: false,
        };
        let shared = Shared {
            state: Mutex::new(state),
            nudge: tokio::sync::Notify::new(),
        };
        Timekeeper {
            shared: Arc::new(shared),
            driver: OnceLock::new(),
            kind,
            runtime,
        }
    }

    /// What tells this timekeeper from every other one that is alive.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(&*self.shared).addr()
    }

    /// Expires `target` after `after`, unless it is forgotten before. On a closed timekeeper it expires at once.
    pub(crate) fn watch(&self, after: Duration, target: Arc<dyn Expire>) -> Key {
        let driver = self.driver.get_or_init(|| self.start_driver());
        let mut state = lock(&self.shared.state);
        if state.closed {
            drop(state);
            target.expire();
            return Key::from_bits(u64::MAX);
        }
        let key = state.table.add(after, target);
        if let Some(thread) = driver {
            if !std::mem::replace(&mut state.sweeping, true) {
                drop(state);
                thread.unpark();
            }
        } else {
            // Stamped at once, so that virtual moments are exact; what is due already waits for the driver.
            state.table.stamp(self.runtime.now());
            let is_first = match (state.table.next_due(), state.until) {
                (Some(due), Some(until)) => due < until,
                (due, _) => due.is_some(),
            };
            drop(state);
            // The deadline of nearly every ask is later than one that is set already.
            if is_first {
                self.shared.nudge.notify_one();
            }
        }
        key
    }

    /// Forgets a deadline. Nothing happens when it has passed.
    pub(crate) fn forget(&self, key: Key) {
        let target = lock(&self.shared.state).table.remove(key);
        drop(target);
    }

    /// The present moment of this clock.
    pub(crate) fn now(&self) -> Instant {
        match self.kind {
            Timekeeping::Thread => Instant::now(),
            Timekeeping::Runtime => self.runtime.now(),
        }
    }

    /// How many deadlines are set, apart from this one.
    pub(crate) fn pending(&self, except: Option<Key>) -> usize {
        let table = &lock(&self.shared.state).table;
        table.len() - usize::from(except.is_some_and(|key| table.holds(key)))
    }

    /// How long a deadline has still to go.
    pub(crate) fn remaining(&self, key: Key) -> Duration {
        lock(&self.shared.state)
            .table
            .remaining(key, self.runtime.now())
            .unwrap_or_default()
    }

    /// Completes after `after`. Dropping it forgets the deadline.
    pub(crate) fn sleep(self: &Arc<Self>, after: Duration) -> Sleep {
        Sleep {
            keeper: Arc::clone(self),
            after,
            key: None,
            bell: Arc::new(Bell::default()),
        }
    }

    fn start_driver(&self) -> Option<Thread> {
        let shared = Arc::downgrade(&self.shared);
        match self.kind {
            Timekeeping::Thread => {
                let spawned = std::thread::Builder::new()
                    .name("actor-timekeeper".into())
                    .stack_size(128 * 1024)
                    .spawn(move || run_thread(&shared));
                match spawned {
                    Ok(handle) => Some(handle.thread().clone()),
                    // Without a thread there are no deadlines, which is worse than stopping here.
                    Err(error) => panic!("the timekeeper thread could not be started: {error}"),
                }
            }
            Timekeeping::Runtime => {
                let driver = run_task(shared, self.runtime.clone());
                drop(self.runtime.spawn(What::Part("the timekeeper"), driver));
                None
            }
        }
    }
}

impl Drop for Timekeeper {
    fn drop(&mut self) {
        let passed = {
            let mut state = lock(&self.shared.state);
            state.closed = true;
            state.table.clear()
        };
        if let Some(Some(thread)) = self.driver.get() {
            thread.unpark();
        }
        self.shared.nudge.notify_one();
        passed.iter().for_each(|target| target.expire());
    }
}

fn run_thread(shared: &Weak<Shared>) {
    let Some(shared) = shared.upgrade() else {
        return;
    };
    let mut lingering = false;
    loop {
        let now = Instant::now();
        let mut state = lock(&shared.state);
        if state.closed {
            return;
        }
        let was_young = state.table.has_young();
        let passed = state.table.sweep(now);
        if !passed.is_empty() {
            drop(state);
            passed.iter().for_each(|target| target.expire());
            continue;
        }
        // One quiet round is lingered through, so that asks in a row do not wake this thread each.
        lingering = was_young || (state.sweeping && !lingering);
        state.sweeping = lingering;
        let due = state.table.next_due();
        drop(state);
        let due = due.map(|at| at.saturating_duration_since(now));
        // Whatever comes in from here on unparks it, or has found it sweeping.
        match due {
            Some(due) if lingering => std::thread::park_timeout(due.min(SWEEP)),
            Some(due) => std::thread::park_timeout(due),
            None if lingering => std::thread::park_timeout(SWEEP),
            None => std::thread::park(),
        }
    }
}

async fn run_task(shared: Weak<Shared>, runtime: Runtime) {
    loop {
        let Some(strong) = shared.upgrade() else {
            return;
        };
        let (passed, due) = {
            let mut state = lock(&strong.state);
            if state.closed {
                return;
            }
            let passed = state.table.sweep(runtime.now());
            state.until = state.table.next_due();
            (passed, state.until)
        };
        passed.iter().for_each(|target| target.expire());
        if !passed.is_empty() {
            continue;
        }
        match due {
            None => strong.nudge.notified().await,
            Some(at) => drop(first(strong.nudge.notified(), runtime.sleep_until(at)).await),
        }
    }
}

#[derive(Default)]
struct Bell {
    state: Mutex<(bool, Option<Waker>)>,
}

impl Expire for Bell {
    fn expire(&self) {
        let waker = {
            let mut state = lock(&self.state);
            state.0 = true;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// See [`Timekeeper::sleep`].
pub(crate) struct Sleep {
    keeper: Arc<Timekeeper>,
    after: Duration,
    key: Option<Key>,
    bell: Arc<Bell>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let old = {
            let mut state = lock(&self.bell.state);
            if state.0 {
                return Poll::Ready(());
            }
            state.1.replace(cx.waker().clone())
        };
        drop(old);
        if self.key.is_none() {
            let bell: Arc<dyn Expire> = Arc::clone(&self.bell) as Arc<dyn Expire>;
            self.key = Some(self.keeper.watch(self.after, bell));
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.keeper.forget(key);
        }
    }
}
