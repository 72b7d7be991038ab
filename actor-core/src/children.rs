//! Who belongs to an actor (or to the system), and how they are stopped: one at a time, in reverse order of their start, each within
//! its own allowance, then killed, then given up.
//!
//! The same procedure serves an actor's children, a supervisor's children and the top of the system. It works on cells only, so it
//! does not know whether a child is a task, a thread or a process.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::cell::{AnyCell, Cell, until};
use crate::lifecycle::{Phase, Request};
use crate::sync::{Arc, Mutex, lock};
use crate::system::SystemCore;
use crate::{ActorId, ExitReason};

/// How long an actor is given to stop, before it is killed.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// // A child whose `stopped` writes to disk gets half a minute; it is killed after that.
/// let (spec, sink) = ChildSpec::new("sink", || Sink).shutdown(Shutdown::Within(Duration::from_secs(30))).build();
/// # drop(spec);
/// assert_eq!(Shutdown::default(), Shutdown::Within(Duration::from_secs(5)));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// None: it is killed at once.
    Kill,
    /// This long.
    Within(Duration),
    /// As long as it takes. The default for supervisors, whose children have allowances of their own.
    Wait,
}

impl Default for Shutdown {
    /// Five seconds, as in Erlang/OTP.
    fn default() -> Self {
        Shutdown::Within(Duration::from_secs(5))
    }
}

/// An actor that does not answer a kill within this time is given up.
pub(crate) const KILL_GRACE: Duration = Duration::from_secs(5);

/// One of the owned.
#[derive(Clone)]
pub(crate) struct Child {
    pub(crate) cell: Arc<dyn AnyCell>,
    pub(crate) shutdown: Shutdown,
    /// Whether it outlives the incarnation of its owner: the next one will start it again.
    pub(crate) is_kept: bool,
}

/// The owned in the order of their ids, which is that of their start. Those that left leave a gap, until the gaps are half of it.
#[derive(Default)]
struct Table {
    slots: Vec<(ActorId, Option<Child>)>,
    gaps: usize,
    closed: bool,
}

impl Table {
    fn place(&self, id: ActorId) -> Result<usize, usize> {
        self.slots.binary_search_by_key(&id, |(id, _)| *id)
    }

    fn insert(&mut self, id: ActorId, child: Child) {
        match self.slots.last() {
            // Ids are given out before the table is locked, so now and then a later one is here first.
            Some((last, _)) if *last >= id => match self.place(id) {
                Err(place) => self.slots.insert(place, (id, Some(child))),
                Ok(place) => {
                    self.gaps -= usize::from(self.slots[place].1.is_none());
                    self.slots[place].1 = Some(child);
                }
            },
            _ => self.slots.push((id, Some(child))),
        }
    }

    fn remove(&mut self, id: ActorId) -> Option<Child> {
        let place = self.place(id).ok()?;
        let child = self.slots[place].1.take()?;
        self.gaps += 1;
        while let Some((_, None)) = self.slots.last() {
            self.slots.pop();
            self.gaps -= 1;
        }
        if self.gaps > self.slots.len() / 2 {
            self.slots.retain(|(_, child)| child.is_some());
            self.gaps = 0;
            // A table that was large once does not stay so for ever.
            if self.slots.capacity() > 4 * self.slots.len() {
                self.slots.shrink_to(2 * self.slots.len());
            }
        }
        Some(child)
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = (ActorId, &Child)> {
        self.iter_below(ActorId(u64::MAX))
    }

    fn iter_below(&self, id: ActorId) -> impl DoubleEndedIterator<Item = (ActorId, &Child)> {
        let place = self.place(id).unwrap_or_else(|place| place);
        self.slots[..place]
            .iter()
            .filter_map(|(id, child)| Some((*id, child.as_ref()?)))
    }
}

/// The owned, in the order of their start.
#[derive(Default)]
pub(crate) struct Children {
    table: Mutex<Table>,
}

impl Children {
    /// Adds one. `false` when the owner takes no more.
    pub(crate) fn insert(&self, id: ActorId, child: Child) -> bool {
        let mut table = lock(&self.table);
        if table.closed {
            return false;
        }
        table.insert(id, child);
        true
    }

    pub(crate) fn remove(&self, id: ActorId) {
        let removed = lock(&self.table).remove(id);
        drop(removed);
    }

    /// Takes no more from now on.
    pub(crate) fn close(&self) {
        lock(&self.table).closed = true;
    }

    /// Takes more again, after its owner had ended for good.
    pub(crate) fn open(&self) {
        lock(&self.table).closed = false;
    }

    /// The youngest of those before this one.
    pub(crate) fn last_below(&self, id: ActorId) -> Option<(ActorId, Child)> {
        let table = lock(&self.table);
        let last = table.iter_below(id).next_back();
        last.map(|(id, child)| (id, child.clone()))
    }

    /// Some of those after one, in the order of their start: a look at many that keeps nobody waiting.
    pub(crate) fn page(&self, after: ActorId, limit: usize) -> Vec<(ActorId, Arc<dyn AnyCell>)> {
        let table = lock(&self.table);
        let from = match table.place(after) {
            Ok(place) => place + 1,
            Err(place) => place,
        };
        table.slots[from..]
            .iter()
            .filter_map(|(id, child)| Some((*id, Arc::clone(&child.as_ref()?.cell))))
            .take(limit)
            .collect()
    }

    /// All of them, in the order of their start.
    pub(crate) fn list(&self) -> Vec<Child> {
        lock(&self.table)
            .iter()
            .map(|(_, child)| child.clone())
            .collect()
    }
}

/// Stops everybody, the youngest first. Boxed, since the stopping of a child stops its children in turn.
pub(crate) fn stop_all<'a>(
    system: &'a Arc<SystemCore>,
    children: &'a Children,
    reason: &'a ExitReason,
) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
    Box::pin(async move {
        let mut below = ActorId(u64::MAX);
        while let Some((id, child)) = children.last_below(below) {
            stop_one(system, &child, reason).await;
            if child.is_kept {
                below = id;
            } else {
                children.remove(id);
            }
        }
    })
}

/// Stops the children of an actor that is ending. A kill that comes meanwhile ends the wait for those that are given as long as it takes;
/// the others have allowances that end by themselves.
pub(crate) async fn stop_children<M: Send + 'static>(cell: &Arc<Cell<M>>, incarnation: u32) {
    let header = cell.header();
    let (Some(system), Some(children)) = (header.system(), header.children_if_any()) else {
        return;
    };
    cell.leaving(incarnation, false);
    let mut stopping = stop_all(system, children, &ExitReason::Shutdown);
    let own: Arc<dyn AnyCell> = Arc::clone(cell) as Arc<dyn AnyCell>;
    if !is_killed(&own) {
        let killed = until(&own, |life| life.is_kill_requested().then_some(()));
        if crate::runtime::first(stopping.as_mut(), killed)
            .await
            .is_some()
        {
            return;
        }
        for child in children.list() {
            if child.shutdown == Shutdown::Wait {
                child.cell.request_of(present(&child.cell), &Request::Kill);
            }
        }
    }
    stopping.await;
}

fn is_killed(cell: &Arc<dyn AnyCell>) -> bool {
    let mut is_killed = false;
    cell.look(&mut |life| is_killed = life.is_kill_requested());
    is_killed
}

/// Ends everybody for good at once, the youngest first and children before their parents. For an owner that cannot stop them in peace:
/// it was given up, or the runtime is gone. Iterative, since trees may be deep.
pub(crate) fn finish_all(children: &Children) {
    let mut found: Vec<Child> = children.list();
    let mut next = 0;
    while next < found.len() {
        let cell = Arc::clone(&found[next].cell);
        if let Some(below) = cell.header().children_if_any() {
            below.close();
            found.extend(below.list());
        }
        next += 1;
    }
    for child in found.into_iter().rev() {
        let mut reason = ExitReason::Killed;
        child.cell.look(&mut |life| {
            if !life.is_alive() {
                // It was stopped in peace, and has waited for another start.
                reason = life.last().cloned().unwrap_or(ExitReason::Shutdown);
            }
        });
        child.cell.finish(reason);
    }
}

/// Stops one and ends it for good; one that is kept stands still until its owner starts it again.
pub(crate) async fn stop_one(system: &Arc<SystemCore>, child: &Child, reason: &ExitReason) {
    loop {
        let ended = halt(system, &child.cell, child.shutdown, reason).await;
        // A start that was on its way may have begun since.
        let is_over = match child.is_kept {
            true => child.cell.hold_idle(),
            false => child.cell.finish_idle(ended),
        };
        if is_over {
            return;
        }
    }
}

/// Ends the present incarnation, if there is one, within its allowance. Returns why it ended.
pub(crate) async fn halt(
    system: &Arc<SystemCore>,
    cell: &Arc<dyn AnyCell>,
    shutdown: Shutdown,
    reason: &ExitReason,
) -> ExitReason {
    let incarnation = present(cell);
    halt_incarnation(system, cell, shutdown, reason, incarnation).await
}

/// The same for a child whose owner may have ended: `None`, and nothing was done, unless `is_owned` holds still.
pub(crate) async fn halt_if(
    system: &Arc<SystemCore>,
    cell: &Arc<dyn AnyCell>,
    shutdown: Shutdown,
    is_owned: impl Fn() -> bool,
) -> Option<ExitReason> {
    // In this order: what runs while the owner is there was started by it.
    let incarnation = present(cell);
    if !is_owned() {
        return None;
    }
    let reason = &ExitReason::Shutdown;
    Some(halt_incarnation(system, cell, shutdown, reason, incarnation).await)
}

/// Asks the present incarnation to end, in the way in which it will be waited for.
pub(crate) fn begin_to_halt(cell: &Arc<dyn AnyCell>, shutdown: Shutdown) {
    let request = match shutdown {
        Shutdown::Kill => Request::Kill,
        Shutdown::Within(_) | Shutdown::Wait => Request::Stop(ExitReason::Shutdown),
    };
    cell.request_of(present(cell), &request);
}

/// The number of the incarnation that runs or ran last.
fn present(cell: &Arc<dyn AnyCell>) -> u32 {
    let mut incarnation = 0;
    cell.look(&mut |life| incarnation = life.incarnation);
    incarnation
}

async fn halt_incarnation(
    system: &Arc<SystemCore>,
    cell: &Arc<dyn AnyCell>,
    shutdown: Shutdown,
    reason: &ExitReason,
    incarnation: u32,
) -> ExitReason {
    if shutdown != Shutdown::Kill {
        let stop = Request::Stop(reason.clone());
        let allowance = match shutdown {
            Shutdown::Within(allowance) => Some(allowance),
            _ => None,
        };
        let stopped = requested(cell, &stop, incarnation);
        if let Some(ended) = within(system, allowance, stopped).await {
            return ended.unwrap_or_else(|| reason.clone());
        }
    }
    let killed = requested(cell, &Request::Kill, incarnation);
    if let Some(ended) = within(system, Some(KILL_GRACE), killed).await {
        if shutdown != Shutdown::Kill {
            system.note_casualty(Casualty::of(cell, Fate::Killed));
        }
        return ended.unwrap_or(ExitReason::Killed);
    }
    give_up(system, cell);
    ExitReason::Unresponsive
}

/// Fences an actor off that answers to nothing, and says so.
pub(crate) fn give_up(system: &Arc<SystemCore>, cell: &Arc<dyn AnyCell>) {
    tracing::error!(
        actor = %cell.header().id(), name = cell.name().as_deref(), message_type = cell.message_type(),
        "an actor does not answer a kill and is given up; is its handler blocking?"
    );
    system.note_casualty(Casualty::of(cell, Fate::Abandoned));
    cell.fence(ExitReason::Unresponsive);
    abandon_children(cell);
}

/// Ends what belongs to an actor that was given up, and so cannot stop it by itself.
pub(crate) fn abandon_children(cell: &Arc<dyn AnyCell>) {
    if let Some(children) = cell.header().children_if_any() {
        finish_all(children);
    }
}

/// Asks for the end of an incarnation and waits until it has ended. `None` when none ever ran.
async fn requested(
    cell: &Arc<dyn AnyCell>,
    request: &Request,
    incarnation: u32,
) -> Option<ExitReason> {
    cell.request_of(incarnation, request);
    until(cell, |life| match life.phase {
        // A supervised actor may be closing by another's hand; its end is near, but it is not over.
        Phase::Closing => None,
        Phase::Ended => Some(life.ended().cloned()),
        Phase::Starting | Phase::Running if life.incarnation == incarnation => None,
        Phase::Starting | Phase::Running | Phase::Waiting => Some(life.last().cloned()),
    })
    .await
}

/// Waits for something, at most so long.
pub(crate) async fn within<F: Future>(
    system: &Arc<SystemCore>,
    allowance: Option<Duration>,
    future: F,
) -> Option<F::Output> {
    let Some(allowance) = allowance else {
        return Some(future.await);
    };
    crate::runtime::first(future, system.timekeeper.sleep(allowance)).await
}

/// An actor that did not stop in peace.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
///
/// # struct Sleeper;
/// # impl Actor for Sleeper {
/// #     type Msg = ();
/// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sleeper = system.start_named("sleeper", Sleeper).await?;
/// sleeper.send(()).await?;
/// # while !sleeper.is_empty() { tokio::task::yield_now().await; }
/// // Its handler never returns, so it does not stop in time.
/// let report = system.shutdown(Duration::from_millis(40)).await;
/// let casualty = &report.casualties[0];
/// assert_eq!((casualty.name.as_deref(), casualty.message_type), (Some("sleeper"), "()"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Casualty {
    /// Who.
    pub actor: ActorId,
    /// Its name, if it had one.
    pub name: Option<String>,
    /// The type of the messages it handles, one of which it had in hand or waited for.
    pub message_type: &'static str,
    /// What was done.
    pub fate: Fate,
}

/// What was done to an actor that did not stop in time.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::Fate;
///
/// # struct Sleeper;
/// # impl Actor for Sleeper {
/// #     type Msg = ();
/// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sleeper = system.start_named("sleeper", Sleeper).await?;
/// sleeper.send(()).await?;
/// # while !sleeper.is_empty() { tokio::task::yield_now().await; }
/// // Its handler never returns, so it does not stop in time.
/// let report = system.shutdown(Duration::from_millis(40)).await;
/// match report.casualties[0].fate {
///     Fate::Killed => {}
///     Fate::Abandoned => eprintln!("a thread is stuck in a handler"),
///     _ => {}
/// }
/// # assert_eq!(report.casualties[0].fate, Fate::Killed);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It was killed, and ended.
    Killed,
    /// It did not answer the kill either; its thread may still be stuck in a handler.
    Abandoned,
}

impl Casualty {
    pub(crate) fn of(cell: &Arc<dyn AnyCell>, fate: Fate) -> Self {
        Casualty {
            actor: cell.header().id(),
            name: cell.name().map(|name| name.to_string()),
            message_type: cell.message_type(),
            fate,
        }
    }
}
