//! The scheduler of a simulation: one future on a paused current-thread runtime, which polls the tasks of a system one at a time, in an
//! order that the seed decides.
//!
//! Built and driven by a [run](super::run); the runtime seam spawns into it. It never looks at a clock to decide anything.
//!
//! | the list of the ready | what it does |
//! |---|---|
//! | holds something | the [policy](policy) picks one, which is polled; after [`TURN`] of them tokio has its turn |
//! | is empty | tokio's own tasks have a few turns; then those are woken who wait for idleness |
//! | is empty, and nobody waits for that | it is pending, so tokio moves its clock to the next timer; all that are due are woken before the next pick |
//! | is empty, and the horizon passes | nobody will ever be woken: the run ends, and says who waits |
//!
//! 1. The test itself is task 0. When it is over the rest may run until nothing is ready, and then everything is dropped.
//! 2. The number of picks in one poll changes nothing: children have no share in the budget of this future.
//! 3. A panic of a task is caught here; those of actors are caught before.
//!
//! The idea is that of deterministic simulation testing (FoundationDB, madsim, commonware), on stable tokio.

mod policy;
mod sim;
mod task;

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeMetrics};

use crate::runtime::{Sleep, What, after, sleep_until};
use crate::sync::{Arc, Ordering, lock};
use crate::testing::digest::Digest;

use policy::Policy;
pub use policy::Schedule;
pub(crate) use sim::{Inside, Seat, Sim, draw, is_simulated, with_sim};
use sim::{New, TaskFuture, Waiting};
pub(crate) use task::Joined;
use task::TaskCore;

/// Picks in one poll, before tokio has a turn.
const TURN: u32 = 256;
/// Turns of tokio before nothing is held to be ready: for what `tokio::task::yield_now` defers.
const QUIET: u32 = 1;
/// The same while tokio has tasks of its own, which may wake each other.
const QUIET_BESIDE_TASKS: u32 = 4;
/// Index of the test among the tasks.
const BODY: u32 = 0;

/// How a run ended.
pub(crate) enum End<T> {
    Over(T),
    Panicked(Box<dyn Any + Send>),
    /// Nothing could run any more, and no timer was set: who waits.
    Deadlock(Vec<String>),
    /// The test had no turn for so many steps.
    Endless(u64),
}

/// What bounds a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Virtual time in which something must happen.
    pub(crate) horizon: Duration,
    /// Steps within which the test must have a turn.
    pub(crate) steps: u64,
}

struct Child {
    core: Arc<TaskCore>,
    waker: Waker,
    future: TaskFuture,
}

struct Body<'a, T> {
    core: Arc<TaskCore>,
    waker: Waker,
    /// None once it is over.
    future: Option<Pin<Box<dyn Future<Output = T> + 'a>>>,
}

/// See the module's header.
pub(crate) struct Scheduler<'a, T> {
    sim: Arc<Sim>,
    policy: Policy,
    picks: Digest,
    recorded: Option<Vec<u32>>,
    body: Body<'a, T>,
    /// By index, the first of which is the test's.
    children: Vec<Option<Child>>,
    limits: Limits,
    /// Passes when nothing has happened for the whole horizon.
    horizon: Pin<Box<Sleep>>,
    metrics: RuntimeMetrics,
    /// Turns of tokio since the last pick.
    quiet: u32,
    since_body: u64,
    last: u32,
    end: Option<End<T>>,
    is_over: bool,
}

// Nothing in it is pinned in place.
impl<T> Unpin for Scheduler<'_, T> {}

impl<'a, T> Scheduler<'a, T> {
    /// Made on the runtime of the simulation.
    pub(crate) fn new(
        sim: &Arc<Sim>,
        (schedule, length): (Schedule, u64),
        limits: Limits,
        is_recording: bool,
        body: impl Future<Output = T> + 'a,
    ) -> Self {
        let core = TaskCore::new(sim, BODY, 0, What::Part("the test"));
        let mut policy = Policy::new(schedule, sim.seed, length);
        policy.handle_spawn(BODY);
        let body = tokio::task::coop::unconstrained(body);
        Scheduler {
            sim: Arc::clone(sim),
            policy,
            picks: Digest::default(),
            recorded: is_recording.then(Vec::new),
            body: Body {
                waker: Waker::from(Arc::clone(&core)),
                core,
                future: Some(Box::pin(body)),
            },
            children: vec![None],
            limits,
            horizon: Box::pin(sleep_until(after(limits.horizon))),
            metrics: Handle::current().metrics(),
            quiet: 0,
            since_body: 0,
            last: u32::MAX,
            end: None,
            is_over: false,
        }
    }

    /// The places that were picked, if they are recorded, and the digest of all picks.
    pub(crate) fn picks(&mut self) -> (Option<Vec<u32>>, u64) {
        (self.recorded.take(), self.picks.value())
    }

    /// Takes over what was spawned, and tells those who wait for a step.
    #[cold]
    fn take_news(&mut self) {
        let mut queue = lock(&self.sim.queue);
        for new in queue.spawned.drain(..) {
            self.policy.handle_spawn(new.core.index);
            put(&mut self.children, new);
        }
        let last = self.last;
        let waits_for_others = |waiting: &mut Waiting| waiting.task != last;
        let stepped: Vec<Waiting> = queue.for_step.extract_if(.., waits_for_others).collect();
        if let Some(waiting) = stepped.last() {
            queue.forced = Some(waiting.task);
        }
        drop(queue);
        tell(stepped);
    }

    /// The task that runs next.
    #[inline]
    fn pick(&mut self) -> Option<u32> {
        let mut queue = lock(&self.sim.queue);
        if queue.has_news() {
            drop(queue);
            self.take_news();
            queue = lock(&self.sim.queue);
        }
        let length = queue.ready.len();
        if length == 0 {
            return None;
        }
        let (place, task) = match queue.take_forced() {
            // The others keep their places: who waits for steps asks for this again and again.
            Some(place) => (place, queue.ready.remove(place)?),
            None => {
                let place = self.policy.pick(&queue.ready);
                if let Some(recorded) = &mut self.recorded {
                    recorded.push(place as u32);
                }
                // Whoever has waited longest takes the place.
                (place, queue.ready.swap_remove_front(place)?)
            }
        };
        drop(queue);
        let choice = (length as u64) << 40 | (place as u64) << 20;
        self.picks.mix(choice ^ u64::from(task));
        Some(task)
    }

    fn run(&mut self, task: u32) {
        self.last = task;
        if task == BODY {
            return self.run_body();
        }
        self.since_body += 1;
        if self.since_body > self.limits.steps {
            self.end = Some(End::Endless(self.limits.steps));
            self.is_over = true;
            return;
        }
        let Some(child) = self
            .children
            .get_mut(task as usize)
            .and_then(Option::as_mut)
        else {
            return;
        };
        let actor = match child.core.what {
            What::Actor(id) => id.0,
            What::Part(_) => 0,
        };
        self.sim.set_current(task, child.core.system);
        self.sim.pulse.begin_step(self.picks.value(), actor);
        if child.core.is_aborted() {
            return self.take_out(task);
        }
        child.core.begin_poll();
        let mut cx = Context::from_waker(&child.waker);
        match catch_unwind(AssertUnwindSafe(|| child.future.as_mut().poll(&mut cx))) {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(())) => self.take_out(task),
            Err(payload) => {
                let label = self.sim.label(&child.core);
                let panic = crate::panic::describe(payload);
                lock(&self.sim.log).note_panic(label, panic.to_string());
                self.take_out(task);
            }
        }
    }

    fn run_body(&mut self) {
        self.since_body = 0;
        self.sim.set_current(BODY, 0);
        self.sim.pulse.begin_step(self.picks.value(), 0);
        let Some(future) = &mut self.body.future else {
            return;
        };
        self.body.core.begin_poll();
        let mut cx = Context::from_waker(&self.body.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx)));
        let end = match polled {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(output)) => {
                // What it holds goes now, and not when the others have come to rest.
                match catch_unwind(AssertUnwindSafe(|| drop(self.body.future.take()))) {
                    Ok(()) => End::Over(output),
                    Err(payload) => End::Panicked(payload),
                }
            }
            Err(payload) => End::Panicked(payload),
        };
        self.is_over = !matches!(end, End::Over(_));
        self.end = Some(end);
    }

    /// Drops the future of a task, which is over then.
    fn take_out(&mut self, task: u32) {
        let Some(child) = self.children[task as usize].take() else {
            return;
        };
        let Child { core, future, .. } = child;
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(future))) {
            let label = self.sim.label(&core);
            let panic = crate::panic::describe(payload);
            lock(&self.sim.log).note_panic(label, panic.to_string());
        }
        core.end();
        lock(&self.sim.queue).vacant.push(task);
    }

    /// Nothing is ready. Whether somebody was waiting for just that, so that there is something to run again.
    fn is_idle_noticed(&mut self) -> bool {
        let waiting = std::mem::take(&mut lock(&self.sim.queue).for_idle);
        let is_noticed = !waiting.is_empty();
        tell(waiting);
        is_noticed
    }

    /// Everybody who waits, those first who have something in hand.
    fn waiting(&self) -> Vec<String> {
        let snapshots: Vec<_> = self
            .sim
            .systems()
            .iter()
            .map(crate::snapshot::take)
            .collect();
        let mut busy = vec!["the test".to_owned()];
        let mut idle = 0;
        for child in self.children.iter().flatten() {
            let label = self.sim.label(&child.core);
            let What::Actor(id) = child.core.what else {
                busy.push(label);
                continue;
            };
            let found = snapshots.iter().find_map(|snapshot| snapshot.get(id));
            match found.and_then(|actor| Some((actor, actor.in_hand.as_ref()?))) {
                Some((actor, in_hand)) => busy.push(format!(
                    "{label}: {:?}, with {} more messages in its mailbox",
                    in_hand.work, actor.mailbox_len
                )),
                None => idle += 1,
            }
        }
        if idle > 0 {
            busy.push(format!("{idle} actors with nothing to do"));
        }
        busy
    }

    /// Drops all that is left; nothing of it is an event of the run any more.
    pub(crate) fn close(&mut self) {
        lock(&self.sim.log).is_closed = true;
        self.sim.faults.clear();
        let left = {
            let mut queue = lock(&self.sim.queue);
            let left = std::mem::take(&mut *queue);
            queue.is_closed = true;
            left
        };
        for new in left.spawned {
            put(&mut self.children, new);
        }
        crate::panic::discard(self.body.future.take());
        self.body.core.end();
        for child in std::mem::take(&mut self.children).into_iter().flatten() {
            crate::panic::discard(child.future);
            child.core.end();
        }
    }

    /// Runs what is ready. Whether something may still be.
    fn run_turn(&mut self) -> bool {
        for _ in 0..TURN {
            let Some(task) = self.pick() else {
                return false;
            };
            self.quiet = 0;
            self.run(task);
            if self.is_over {
                break;
            }
        }
        true
    }

    /// Comes again as soon as tokio has had its turn.
    fn wait_for_tokio(&mut self, cx: &mut Context<'_>) -> Poll<End<T>> {
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<End<T>> {
        loop {
            let is_busy = self.run_turn();
            if self.is_over
                && let Some(end) = self.end.take()
            {
                return Poll::Ready(end);
            }
            if is_busy {
                return self.wait_for_tokio(cx);
            }
            if self.quiet == 0 {
                let at = after(self.limits.horizon);
                self.horizon.as_mut().reset(at.into());
            }
            let turns = match self.metrics.num_alive_tasks() {
                0 => QUIET,
                _ => QUIET_BESIDE_TASKS,
            };
            if self.quiet < turns {
                self.quiet += 1;
                return self.wait_for_tokio(cx);
            }
            if let Some(end) = self.end.take() {
                return Poll::Ready(end);
            }
            if !self.is_idle_noticed() {
                return self.poll_horizon(cx);
            }
        }
    }

    /// Waits for a timer.
    fn poll_horizon(&mut self, cx: &mut Context<'_>) -> Poll<End<T>> {
        let mut horizon = tokio::task::coop::unconstrained(self.horizon.as_mut());
        if Pin::new(&mut horizon).poll(cx).is_ready() {
            return Poll::Ready(End::Deadlock(self.waiting()));
        }
        let mut queue = lock(&self.sim.queue);
        // Another thread may have woken somebody meanwhile.
        if queue.ready.is_empty() {
            queue.outer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        drop(queue);
        self.wait_for_tokio(cx)
    }
}

impl<T> Future for Scheduler<'_, T> {
    type Output = End<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End<T>> {
        let elapsed = self.sim.elapsed();
        lock(&self.sim.log).now = elapsed;
        self.sim.pulse.set_polling(true);
        let polled = self.poll_turn(cx);
        self.sim.pulse.set_polling(false);
        polled
    }
}

fn put(children: &mut Vec<Option<Child>>, New { core, future }: New) {
    let index = core.index as usize;
    if children.len() <= index {
        children.resize_with(index + 1, || None);
    }
    children[index] = Some(Child {
        waker: Waker::from(Arc::clone(&core)),
        core,
        future,
    });
}

/// Tells those who wait that it has happened.
fn tell(waiting: Vec<Waiting>) {
    for waiting in waiting {
        waiting.is_done.store(true, Ordering::Release);
        waiting.waker.wake();
    }
}
