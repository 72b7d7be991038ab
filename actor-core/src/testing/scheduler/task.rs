//! A task of a simulation, as seen by those who wake it, end it or wait for it. Its future is with the scheduler.
//!
//! | state | by | then |
//! |---|---|---|
//! | `IDLE` | the scheduler, before it polls | a wake puts it into the list of the ready |
//! | `QUEUED` | the first wake | further wakes change nothing |
//! | `OVER` | the scheduler, when its future is gone | wakes change nothing |

use std::fmt;
use std::task::{Context, Poll, Wake, Waker};

use super::sim::Sim;
use crate::runtime::What;
use crate::sync::{Arc, AtomicBool, AtomicU8, Mutex, Ordering, lock};

const IDLE: u8 = 0;
const QUEUED: u8 = 1;
const OVER: u8 = 2;

/// See the module's header.
pub(crate) struct TaskCore {
    sim: Arc<Sim>,
    /// Its place in the slab; used again when it is over.
    pub(super) index: u32,
    pub(super) system: u32,
    pub(super) what: What,
    state: AtomicU8,
    is_aborted: AtomicBool,
    joiner: Mutex<Option<Waker>>,
}

impl TaskCore {
    /// A task that is about to be put into the list of the ready.
    pub(super) fn new(sim: &Arc<Sim>, index: u32, system: u32, what: What) -> Arc<Self> {
        Arc::new(TaskCore {
            sim: Arc::clone(sim),
            index,
            system,
            what,
            state: AtomicU8::new(QUEUED),
            is_aborted: AtomicBool::new(false),
            joiner: Mutex::new(None),
        })
    }

    /// Its poll begins: a wake from here on asks for another one.
    #[inline]
    pub(super) fn begin_poll(&self) {
        self.state.store(IDLE, Ordering::Release);
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.is_aborted.load(Ordering::Acquire)
    }

    /// Its future is gone.
    pub(super) fn end(&self) {
        self.state.store(OVER, Ordering::Release);
        let joiner = lock(&self.joiner).take();
        joiner.into_iter().for_each(Waker::wake);
    }

    fn is_over(&self) -> bool {
        self.state.load(Ordering::Acquire) == OVER
    }
}

impl Wake for TaskCore {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    #[inline]
    fn wake_by_ref(self: &Arc<Self>) {
        let (ordering, relaxed) = (Ordering::AcqRel, Ordering::Relaxed);
        let woken = self
            .state
            .compare_exchange(IDLE, QUEUED, ordering, relaxed)
            .is_ok();
        if !self.sim.is_here() {
            self.sim.sound_alarm(self);
        }
        if woken {
            self.sim.enqueue(self.index);
        }
    }
}

/// A handle to a task of a simulation.
pub(crate) struct Joined(pub(super) Arc<TaskCore>);

impl Joined {
    /// Its future is dropped when it is picked next.
    pub(crate) fn abort(&self) {
        self.0.is_aborted.store(true, Ordering::Release);
        self.0.wake_by_ref();
    }

    /// Whether the task is over, however it ended.
    pub(crate) fn poll_over(&self, cx: &mut Context<'_>) -> Poll<()> {
        let old = lock(&self.0.joiner).replace(cx.waker().clone());
        drop(old);
        // After the waker was left: the end takes it out after it has said that it is the end.
        if self.0.is_over() {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl fmt::Debug for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Joined").field(&self.0.what).finish()
    }
}
