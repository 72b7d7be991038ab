//! The one place that spawns on the runtime and reads its clock, so that a seeded scheduler can take over.
//!
//! A [`Runtime`] is a value that a system holds: tokio, or, with the feature `testing`, a simulation. Whoever spawns says what the
//! task [is](What), so that a simulation can name it; tokio does not ask. In a simulation a thread and a blocking call are tasks like
//! any other, and the clock is tokio's paused one, so the timers here are tokio's in either case.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::{EnterGuard, Handle};
use tokio::task;

use crate::ActorId;
#[cfg(feature = "testing")]
use crate::testing::scheduler::{Joined, Seat};

pub(crate) use tokio::time::Sleep;

/// What a task is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// An incarnation of this actor.
    Actor(ActorId),
    /// Something beside the actors.
    Part(&'static str),
}

#[derive(Clone, Debug)]
enum Rt {
    Tokio(Handle),
    #[cfg(feature = "testing")]
    Sim(Seat),
}

/// A handle to the runtime on which a system lives.
#[derive(Clone, Debug)]
pub(crate) struct Runtime {
    rt: Rt,
}

impl Runtime {
    /// The runtime that the caller runs on.
    pub(crate) fn current() -> Option<Self> {
        #[cfg(feature = "testing")]
        if let Some(seat) = Seat::take() {
            return Some(Runtime { rt: Rt::Sim(seat) });
        }
        let rt = Rt::Tokio(Handle::try_current().ok()?);
        Some(Runtime { rt })
    }

    /// Its place in a simulation, if it is one.
    #[cfg(feature = "testing")]
    pub(crate) fn seat(&self) -> Option<&Seat> {
        match &self.rt {
            Rt::Tokio(_) => None,
            Rt::Sim(seat) => Some(seat),
        }
    }

    /// Whether everything runs as a task of a simulation, and the clock is a paused one.
    pub(crate) fn is_simulated(&self) -> bool {
        match self.rt {
            Rt::Tokio(_) => false,
            #[cfg(feature = "testing")]
            Rt::Sim(_) => true,
        }
    }

    #[cfg_attr(
        not(feature = "testing"),
        expect(unused_variables, reason = "tokio does not ask what a task is")
    )]
    pub(crate) fn spawn<F>(&self, what: What, future: F) -> JoinHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        JoinHandle(match &self.rt {
            Rt::Tokio(handle) => Join::Tokio(handle.spawn(future)),
            #[cfg(feature = "testing")]
            Rt::Sim(seat) => Join::Sim(seat.spawn(what, future)),
        })
    }

    /// A call that may block, on a thread of its own kind.
    pub(crate) fn spawn_blocking(&self, call: impl FnOnce() + Send + 'static) -> JoinHandle {
        JoinHandle(match &self.rt {
            Rt::Tokio(handle) => Join::Tokio(handle.spawn_blocking(call)),
            #[cfg(feature = "testing")]
            Rt::Sim(seat) => {
                Join::Sim(seat.spawn(What::Part("a blocking call"), async move { call() }))
            }
        })
    }

    /// Runs a future on the calling plain thread, with this runtime's timers and I/O.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle().block_on(future)
    }

    /// The present moment; virtual while the runtime's clock is paused.
    pub(crate) fn now(&self) -> Instant {
        let _context = self.enter();
        now()
    }

    pub(crate) fn sleep_until(&self, at: Instant) -> Sleep {
        let _context = self.enter();
        sleep_until(at)
    }

    /// Makes its clock the caller's; none where it is already.
    fn enter(&self) -> Option<EnterGuard<'_>> {
        match &self.rt {
            Rt::Tokio(handle) => Some(handle.enter()),
            #[cfg(feature = "testing")]
            Rt::Sim(seat) => (!seat.sim().is_here()).then(|| seat.handle().enter()),
        }
    }

    fn handle(&self) -> &Handle {
        match &self.rt {
            Rt::Tokio(handle) => handle,
            #[cfg(feature = "testing")]
            Rt::Sim(seat) => seat.handle(),
        }
    }
}

enum Join {
    Tokio(task::JoinHandle<()>),
    #[cfg(feature = "testing")]
    Sim(Joined),
}

/// A task that was spawned. Completes when it is over, however it ended; dropped, it lets the task go on.
pub(crate) struct JoinHandle(Join);

impl JoinHandle {
    /// Ends the task at its next await, or before its first poll.
    pub(crate) fn abort(&self) {
        match &self.0 {
            Join::Tokio(handle) => handle.abort(),
            #[cfg(feature = "testing")]
            Join::Sim(task) => task.abort(),
        }
    }
}

impl Future for JoinHandle {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            // Whether it ended, panicked or was aborted is not asked here.
            Join::Tokio(handle) => Pin::new(handle).poll(cx).map(drop),
            #[cfg(feature = "testing")]
            Join::Sim(task) => task.poll_over(cx),
        }
    }
}

/// A task that ends with its owner: at its next await, or before its first poll.
pub(crate) struct Task(JoinHandle);

impl Task {
    pub(crate) fn owned(handle: JoinHandle) -> Self {
        Task(handle)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The present moment of the runtime that the caller runs on.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The moment so much later; one beyond the range of the clock is as good as thirty years.
pub(crate) fn after(delay: Duration) -> Instant {
    let now = now();
    now.checked_add(delay)
        .unwrap_or_else(|| now + Duration::from_secs(1_000_000_000))
}

/// Completes at that moment of the runtime that the caller runs on.
pub(crate) fn sleep_until(at: Instant) -> Sleep {
    tokio::time::sleep_until(at.into())
}

/// A timer of the runtime that the caller runs on.
pub(crate) fn sleep(limit: Duration) -> Sleep {
    tokio::time::sleep(limit)
}

/// Some number, from which random choices are made: in a simulation from its seed.
pub(crate) fn random() -> u64 {
    use std::hash::BuildHasher;
    #[cfg(feature = "testing")]
    if let Some(number) = crate::testing::scheduler::draw() {
        return number;
    }
    std::hash::RandomState::new().hash_one(0)
}

/// Lets others have their turn, once.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The output of `future`, or `None` once `limit` completes first. `future` is looked at first, always.
pub(crate) async fn first<F: Future, L: Future>(future: F, limit: L) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut limit = pin!(limit);
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => limit.as_mut().poll(cx).map(|_| None),
    })
    .await
}
