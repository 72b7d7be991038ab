//! A simulation that is driven from synchronous code, one command at a time.
//!
//! The scheduler is the same as that of a run; what differs is the test, which is here a loop that waits for its next command. The
//! runtime is entered for each command and left when it is done. Between two commands nothing runs and no time passes.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::ActorSystem;
use crate::sync::{Arc, lock};
use crate::testing::scheduler::{End, Inside, Limits, Schedule, Scheduler, Sim, is_simulated};
use crate::testing::system::TestSystem;
use crate::testing::watch::Pulse;

/// No timer of a harness is longer: a century.
const HORIZON: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);
/// Steps in one command, such as that of a long span with many timers.
const STEPS: u64 = 500_000;
/// Events that are kept: those of one command must be among them.
const EVENTS: usize = 100_000;

type Command = Pin<Box<dyn Future<Output = ()>>>;

/// Where the loop finds its next command.
#[derive(Default)]
struct Orders {
    command: RefCell<Option<Command>>,
    waker: RefCell<Option<Waker>>,
    is_done: Cell<bool>,
}

/// See the module's header.
pub(super) struct Machine {
    /// None once it has come to its end.
    scheduler: Option<Scheduler<'static, ()>>,
    orders: Rc<Orders>,
    pub(super) system: TestSystem,
    pub(super) sim: Arc<Sim>,
    runtime: Runtime,
}

impl Machine {
    #[track_caller]
    pub(super) fn new() -> Self {
        assert!(
            !is_simulated() && Handle::try_current().is_err(),
            "a Harness brings a runtime of its own: use it in a plain #[test], not in a #[tokio::test] or inside of a simulation"
        );
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let runtime = runtime.expect("a runtime without I/O takes nothing that could be missing");
        let pulse = Pulse::watched("the actor of a harness".to_owned());
        let sim = Sim::new(0, runtime.handle().clone(), EVENTS, pulse);
        *lock(&sim.asks) = Some(Vec::new());
        let orders = Rc::<Orders>::default();
        let (system, scheduler) = {
            let _inside = Inside::enter(&sim);
            let _context = runtime.enter();
            let limits = Limits {
                horizon: HORIZON,
                steps: STEPS,
            };
            let system = ActorSystem::builder("harness").build();
            let body = obey(Rc::clone(&orders));
            let schedule = (Schedule::Fifo, STEPS);
            (system, Scheduler::new(&sim, schedule, limits, false, body))
        };
        Machine {
            scheduler: Some(scheduler),
            orders,
            system: TestSystem::new(system, Arc::clone(&sim)),
            sim,
            runtime,
        }
    }

    /// Carries out a command, and all that can be done at the instant of its end.
    #[track_caller]
    pub(super) fn run<T: 'static>(&mut self, command: impl Future<Output = T> + 'static) -> T {
        assert!(
            !is_simulated(),
            "a Harness is driven by a plain test, not from inside of an actor or a simulation"
        );
        let output = Rc::new(Cell::new(None));
        let (system, kept) = (self.system.clone(), Rc::clone(&output));
        *self.orders.command.borrow_mut() = Some(Box::pin(async move {
            kept.set(Some(command.await));
            system.settle().await;
        }));
        self.carry_out();
        output.take().expect("the command was carried out")
    }

    #[track_caller]
    fn carry_out(&mut self) {
        let Some(scheduler) = &mut self.scheduler else {
            panic!("this Harness has come to its end: an earlier call panicked");
        };
        let orders = &self.orders;
        orders.is_done.set(false);
        let inside = Inside::enter(&self.sim);
        if let Some(waker) = orders.waker.take() {
            waker.wake();
        }
        let end = self.runtime.block_on(poll_fn(|cx| {
            let polled = Pin::new(&mut *scheduler).poll(cx);
            match polled {
                Poll::Ready(end) => Poll::Ready(Some(end)),
                Poll::Pending if orders.is_done.get() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        }));
        drop(inside);
        let Some(end) = end else { return };
        self.take_down();
        match end {
            End::Panicked(payload) => std::panic::resume_unwind(payload),
            End::Endless(steps) => panic!(
                "the actor has not come to rest within {steps} steps; {}",
                "either it is busy for ever, or the span is too long for its timers"
            ),
            End::Deadlock(waiting) => panic!("nothing can go on; these wait: {waiting:?}"),
            End::Over(()) => unreachable!("the loop of commands has no end"),
        }
    }

    /// Drops whatever is left in it.
    fn take_down(&mut self) {
        let Some(mut scheduler) = self.scheduler.take() else {
            return;
        };
        let inside = (!is_simulated()).then(|| Inside::enter(&self.sim));
        let context = self.runtime.enter();
        scheduler.close();
        drop(scheduler);
        drop(self.orders.command.take());
        drop((context, inside));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.take_down();
    }
}

/// The test of the simulation: carries out whatever it is told.
async fn obey(orders: Rc<Orders>) {
    loop {
        let command = poll_fn(|cx| match orders.command.take() {
            Some(command) => Poll::Ready(command),
            None => {
                *orders.waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        });
        command.await.await;
        orders.is_done.set(true);
    }
}
