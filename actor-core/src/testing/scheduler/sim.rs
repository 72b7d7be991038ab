//! What everybody in a simulation shares: the list of the ready, the clock, the log, and the place where new tasks are left.
//!
//! Used by the runtime seam, which spawns; by wakers; by `observe`, which notes events; and by a test, by way of its system. The
//! [scheduler](super::Scheduler) is the only one who takes things out.
//!
//! Access rules:
//! 1. A thread is inside of a simulation from the beginning of a run to its end; the thread locals here say so. A wake from any other
//!    thread does not follow from the seed, and is counted.
//! 2. Under the locks here runs no user code, no drop of a future, and no wake.
//! 3. Once it is closed nothing is spawned: the future is dropped at once, and its task is over.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::task::{Joined, TaskCore};
use crate::ActorId;
use crate::reply::Slot;
use crate::runtime::What;
use crate::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, Weak, lock};
use crate::system::SystemCore;
use crate::testing::events::EventKind;
use crate::testing::faults::FaultTable;
use crate::testing::harness::OpenAsk;
use crate::testing::log::{Log, Who};
use crate::testing::logs::LogLine;
use crate::testing::rng::Rng;
use crate::testing::watch::Pulse;

pub(super) type TaskFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A task that the scheduler has not taken over yet.
pub(super) struct New {
    pub(super) core: Arc<TaskCore>,
    pub(super) future: TaskFuture,
}

/// Who waits for something that the scheduler does.
pub(super) struct Waiting {
    /// The task that waits.
    pub(super) task: u32,
    pub(super) is_done: Arc<AtomicBool>,
    pub(super) waker: Waker,
}

/// What changes between two picks.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) ready: VecDeque<u32>,
    pub(super) spawned: Vec<New>,
    pub(super) vacant: Vec<u32>,
    /// Places of the slab that were given out; the first is the test's.
    places: u32,
    /// Wakes the scheduler, while it waits.
    pub(super) outer: Option<Waker>,
    /// Who waits until nothing is ready.
    pub(super) for_idle: Vec<Waiting>,
    /// Who waits for the next step of somebody else.
    pub(super) for_step: Vec<Waiting>,
    /// Who runs next, whatever the policy says.
    pub(super) forced: Option<u32>,
    pub(super) is_closed: bool,
}

impl Queue {
    /// Whether there is something to do before the next pick.
    #[inline]
    pub(super) fn has_news(&self) -> bool {
        !self.spawned.is_empty() || !self.for_step.is_empty()
    }

    /// The place of the one that runs next in any case.
    #[inline]
    pub(super) fn take_forced(&mut self) -> Option<usize> {
        let task = self.forced.take()?;
        self.ready.iter().rposition(|ready| *ready == task)
    }
}

/// See the module's header.
pub(crate) struct Sim {
    /// Tells it from every other one of this process. Never part of what is computed.
    number: u64,
    pub(crate) seed: u64,
    start: Instant,
    handle: Handle,
    systems: Mutex<Vec<Weak<SystemCore>>>,
    seats: AtomicU32,
    pub(super) queue: Mutex<Queue>,
    pub(crate) log: Mutex<Log>,
    /// What was logged.
    pub(in crate::testing) logs: Mutex<Vec<LogLine>>,
    /// Who heard what is logged on this thread before the simulation began, and hears it still.
    pub(in crate::testing) next_log: tracing::Dispatch,
    choices: Mutex<Rng>,
    pub(crate) faults: FaultTable,
    pub(crate) pulse: Arc<Pulse>,
    outside_wakes: AtomicU64,
    first_outside: Mutex<Option<String>>,
    /// Who was asked, where that is wanted.
    pub(crate) asks: Mutex<Option<Vec<OpenAsk>>>,
    /// The task that is being polled, and above it the number of its system.
    current: AtomicU64,
}

thread_local! {
    /// The number of the simulation that runs on this thread; 0 outside of any.
    static NUMBER: Cell<u64> = const { Cell::new(0) };
    static SIM: RefCell<Option<Arc<Sim>>> = const { RefCell::new(None) };
}

/// Whether a simulation runs on this thread.
#[inline(always)]
pub(crate) fn is_simulated() -> bool {
    NUMBER.get() != 0
}

/// Runs something with the simulation of this thread.
pub(crate) fn with_sim<R>(run: impl FnOnce(&Arc<Sim>) -> R) -> Option<R> {
    SIM.with_borrow(|sim| sim.as_ref().map(run))
}

/// A number from the seed of the simulation that runs on this thread.
pub(crate) fn draw() -> Option<u64> {
    with_sim(|sim| lock(&sim.choices).next_u64())
}

/// While it is there, this thread is inside of a simulation.
pub(crate) struct Inside;

impl Inside {
    pub(crate) fn enter(sim: &Arc<Sim>) -> Self {
        NUMBER.set(sim.number);
        SIM.set(Some(Arc::clone(sim)));
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        NUMBER.set(0);
        drop(SIM.take());
    }
}

impl Sim {
    /// A simulation on this runtime, whose clock is paused. It keeps the last `events` events.
    pub(crate) fn new(seed: u64, handle: Handle, events: usize, pulse: Arc<Pulse>) -> Arc<Self> {
        static NUMBERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let start = {
            let _context = handle.enter();
            crate::runtime::now()
        };
        let queue = Queue {
            ready: VecDeque::from([0]),
            places: 1,
            ..Queue::default()
        };
        Arc::new(Sim {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            seed,
            start,
            handle,
            systems: Mutex::new(Vec::new()),
            seats: AtomicU32::new(0),
            queue: Mutex::new(queue),
            log: Mutex::new(Log::new(events)),
            logs: Mutex::new(Vec::new()),
            next_log: tracing::dispatcher::get_default(tracing::Dispatch::clone),
            choices: Mutex::new(Rng::stream(seed, "choices")),
            faults: FaultTable::new(seed),
            pulse,
            outside_wakes: AtomicU64::new(0),
            first_outside: Mutex::new(None),
            asks: Mutex::new(None),
            current: AtomicU64::new(0),
        })
    }

    /// Whether this thread is inside of this very simulation.
    #[inline(always)]
    pub(crate) fn is_here(&self) -> bool {
        NUMBER.get() == self.number
    }

    /// How much virtual time has passed.
    pub(crate) fn elapsed(&self) -> Duration {
        let _context = (!self.is_here()).then(|| self.handle.enter());
        crate::runtime::now().saturating_duration_since(self.start)
    }

    #[inline]
    pub(super) fn enqueue(&self, task: u32) {
        let mut queue = lock(&self.queue);
        if queue.is_closed {
            return;
        }
        queue.ready.push_back(task);
        let outer = queue.outer.take();
        drop(queue);
        outer.into_iter().for_each(Waker::wake);
    }

    /// A task was woken by another thread than that of the simulation.
    #[cold]
    pub(super) fn sound_alarm(&self, task: &TaskCore) {
        if lock(&self.queue).is_closed {
            return;
        }
        if self.outside_wakes.fetch_add(1, Ordering::Relaxed) == 0 {
            let label = self.label(task);
            tracing::warn!(
                task = label,
                "a task of a simulation was woken from outside of it; the seed does not decide when that happens"
            );
            *lock(&self.first_outside) = Some(label);
        }
    }

    /// How often that happened, and to whom first.
    pub(crate) fn outside_wakes(&self) -> (u64, Option<String>) {
        let first = lock(&self.first_outside).clone();
        (self.outside_wakes.load(Ordering::Relaxed), first)
    }

    /// What a task is called.
    pub(super) fn label(&self, task: &TaskCore) -> String {
        match task.what {
            What::Actor(id) => lock(&self.log).label((task.system, id)),
            What::Part(part) => part.to_owned(),
        }
    }

    /// This task is being polled from here on.
    #[inline]
    pub(super) fn set_current(&self, task: u32, system: u32) {
        let current = u64::from(system) << 32 | u64::from(task);
        self.current.store(current, Ordering::Relaxed);
    }

    /// The number of the system to which the task belongs that is being polled; 0 for the test.
    pub(crate) fn polled_system(&self) -> u32 {
        (self.current.load(Ordering::Relaxed) >> 32) as u32
    }

    pub(crate) fn note(&self, who: Who, kind: EventKind) {
        lock(&self.log).note(self.pulse.position(), who, kind);
    }

    /// Somebody asks `target`.
    pub(crate) fn note_ask<T: Send + 'static>(&self, target: ActorId, slot: &Arc<Slot<T>>) {
        if let Some(asks) = lock(&self.asks).as_mut() {
            asks.push(OpenAsk::new(target, slot));
        }
    }

    pub(crate) fn add_system(&self, system: &Arc<SystemCore>) {
        lock(&self.systems).push(Arc::downgrade(system));
    }

    /// The systems that were built in it and are still there.
    pub(crate) fn systems(&self) -> Vec<Arc<SystemCore>> {
        lock(&self.systems)
            .iter()
            .filter_map(Weak::upgrade)
            .collect()
    }

    /// How many tasks could run, apart from the one that does.
    pub(crate) fn ready(&self) -> usize {
        lock(&self.queue).ready.len()
    }

    /// Wakes the present task when nothing is ready any more.
    pub(crate) fn wait_for_idle(&self, is_done: &Arc<AtomicBool>, waker: &Waker) {
        let waiting = self.waiting(is_done, waker);
        lock(&self.queue).for_idle.push(waiting);
    }

    /// Wakes the present task after the next step of another one, and lets it run at once then.
    pub(crate) fn wait_for_step(&self, is_done: &Arc<AtomicBool>, waker: &Waker) {
        let waiting = self.waiting(is_done, waker);
        lock(&self.queue).for_step.push(waiting);
    }

    fn waiting(&self, is_done: &Arc<AtomicBool>, waker: &Waker) -> Waiting {
        Waiting {
            task: self.current.load(Ordering::Relaxed) as u32,
            is_done: Arc::clone(is_done),
            waker: waker.clone(),
        }
    }
}

/// The place of one system in a simulation.
#[derive(Clone)]
pub(crate) struct Seat {
    sim: Arc<Sim>,
    number: u32,
}

impl Seat {
    /// A place in the simulation that runs on this thread.
    pub(crate) fn take() -> Option<Self> {
        with_sim(|sim| Seat {
            sim: Arc::clone(sim),
            number: sim.seats.fetch_add(1, Ordering::Relaxed) + 1,
        })
    }

    /// The place of the system, if any, to which the task belongs that is being polled on this thread.
    pub(crate) fn present() -> Option<Self> {
        with_sim(|sim| Seat {
            sim: Arc::clone(sim),
            number: sim.polled_system(),
        })
    }

    pub(crate) fn sim(&self) -> &Arc<Sim> {
        &self.sim
    }

    /// The number of the system.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.sim.handle
    }

    pub(crate) fn spawn<F>(&self, what: What, future: F) -> Joined
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Without it a task would share the budget of the scheduler, and the order would depend on how often that one is polled.
        let future: TaskFuture = Box::pin(tokio::task::coop::unconstrained(future));
        let mut queue = lock(&self.sim.queue);
        let index = queue.vacant.pop().unwrap_or_else(|| {
            queue.places += 1;
            queue.places - 1
        });
        let core = TaskCore::new(&self.sim, index, self.number, what);
        if queue.is_closed {
            drop(queue);
            drop(future);
            core.end();
            return Joined(core);
        }
        queue.ready.push_back(index);
        queue.spawned.push(New {
            core: Arc::clone(&core),
            future,
        });
        let outer = queue.outer.take();
        drop(queue);
        outer.into_iter().for_each(Waker::wake);
        Joined(core)
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat")
            .field("seed", &self.sim.seed)
            .field("number", &self.number)
            .finish()
    }
}
