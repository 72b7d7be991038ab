//! The actor that owns a router: its supervisor is its child, and it changes the workers and ends the router.
//!
//! Told by [`Router`](crate::Router) and by what is asked of the router's reference; never sees a message. Whatever takes time (a start, a
//! worker that works off its queue) runs beside it and comes back as a message, so it can be stopped at any time.
//!
//! | asked | what it does |
//! |---|---|
//! | drain, or the last reference is gone | no worker gets anything more; when all have worked off what they have, it stops |
//! | stop, shutdown of the system | it stops: the supervisor stops the workers in reverse order |
//! | kill | the same, but the workers are killed |
//!
//! The router's reference ends last, when the state of this actor is dropped, however it ended.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use actor_core::routing::{Asked, Hub, Source, Target, build_worker};
use actor_core::{
    Actor, ActorResult, Backoff, ChildBuilder, ChildSpec, Context, ExitReason, Reply, Signal,
    StartError, Strategy, Supervisor, SupervisorError, SupervisorRef,
};

use super::handover::{Handover, Mark};
use super::places::Places;
use super::published::Published;
use super::seat::Seat;
use super::table::{HELD, Table};
use super::{RouterError, WorkerId};

/// How long a worker that was restarted is avoided where there is a choice.
const PROBATION: Duration = Duration::from_secs(1);
const DEADLINE: &str = "deadline";

/// What makes the specification of a worker.
pub(super) type MakeWorker<M> = Box<dyn FnMut(WorkerId) -> ChildBuilder<M> + Send>;
type Answer<T> = Reply<Result<T, RouterError>>;

/// What the keeper is told.
pub(super) enum KeeperMsg<M: Send + 'static> {
    Asked(Asked),
    Add(Option<ChildBuilder<M>>, Answer<WorkerId>),
    Added(Arc<Seat<M>>, Result<(), SupervisorError>, Answer<WorkerId>),
    Remove(WorkerId, Answer<()>),
    Removed(WorkerId, Answer<()>),
    Passed(Mark),
    Forgive(WorkerId, u32),
    /// All workers have worked off what they had.
    WorkedOff,
    /// Drains, but kills at this deadline.
    Shutdown(Duration),
    Deadline,
}

/// The hold on the router's reference, which outlives no keeper.
pub(super) type Held<M> = Arc<Mutex<Option<Hub<M>>>>;

/// What a keeper begins with.
pub(super) struct Outfit<M: Send + 'static> {
    pub(super) hub: Hub<M>,
    pub(super) table: Arc<Published<Table<M>>>,
    pub(super) places: Arc<Places<M>>,
    pub(super) make: MakeWorker<M>,
    pub(super) backoff: Backoff,
    pub(super) intensity: (u32, Duration),
    pub(super) pulls: bool,
    pub(super) has_keys: bool,
}

/// See the module's header.
pub(super) struct Keeper<M: Send + 'static> {
    hub: Held<M>,
    table: Arc<Published<Table<M>>>,
    places: Arc<Places<M>>,
    make: MakeWorker<M>,
    backoff: Backoff,
    intensity: (u32, Duration),
    source: Option<Source<M>>,
    /// The queue itself, to see when it is empty.
    queue: Option<Target<M>>,
    has_keys: bool,
    handover: Option<Handover>,
    specs: Vec<ChildSpec>,
    supervisor: Option<SupervisorRef>,
    seats: BTreeMap<WorkerId, Arc<Seat<M>>>,
    leaving: BTreeMap<WorkerId, Arc<Seat<M>>>,
    next: u32,
    version: u64,
    is_closing: bool,
    reason: Option<ExitReason>,
    /// Why it did not start, for whoever started it.
    failure: Arc<Mutex<Option<StartError>>>,
}

impl<M: Send + 'static> Keeper<M> {
    pub(super) fn new(outfit: Outfit<M>, failure: Arc<Mutex<Option<StartError>>>) -> Self {
        let source = outfit.pulls.then(|| outfit.hub.source());
        let queue = outfit.pulls.then(|| outfit.hub.target());
        Keeper {
            hub: Arc::new(Mutex::new(Some(outfit.hub))),
            table: outfit.table,
            places: outfit.places,
            make: outfit.make,
            backoff: outfit.backoff,
            intensity: outfit.intensity,
            source,
            queue,
            has_keys: outfit.has_keys,
            handover: None,
            specs: Vec::new(),
            supervisor: None,
            seats: BTreeMap::new(),
            leaving: BTreeMap::new(),
            next: 1,
            version: 0,
            is_closing: false,
            reason: None,
            failure,
        }
    }

    /// One more of those that it begins with.
    pub(super) fn prepare_worker(&mut self) {
        let id = WorkerId(self.next);
        let builder = (self.make)(id);
        let (spec, seat) = self.build(builder);
        self.specs.push(spec);
        self.seats.insert(seat.id, seat);
    }

    fn build(&mut self, builder: ChildBuilder<M>) -> (ChildSpec, Arc<Seat<M>>) {
        let id = WorkerId(self.next);
        self.next += 1;
        let (spec, target) = build_worker(builder, self.source.as_ref(), self.backoff);
        let seat = Seat::new(id, spec.id(), target);
        (spec, Arc::new(seat))
    }

    /// Shows senders how it is now. When this returns, nobody sends by an older table.
    fn publish(&mut self) {
        self.version += 1;
        let numbers = self.seats.keys().zip(0..).map(|(id, place)| (id.0, place));
        let places: BTreeMap<u32, u16> = numbers.collect();
        let place = |owner: Option<u32>| owner.and_then(|owner| places.get(&owner).copied());
        let slots = self
            .handover
            .as_ref()
            .map_or_else(Arc::default, |handover| {
                let places = handover.owners().map(place);
                places.map(|place| place.unwrap_or(HELD)).collect()
            });
        self.table.publish(Table {
            version: self.version,
            slots,
            seats: self.seats.values().cloned().collect(),
            targets: self
                .seats
                .values()
                .map(|seat| seat.target.clone())
                .collect(),
            leaving: self.leaving.values().cloned().collect(),
        });
        self.places.open_gate();
    }

    /// The workers have changed: their keys are divided anew.
    fn divide(&mut self, ctx: &mut Context<Self>) {
        let workers: Vec<u32> = self.seats.keys().map(|id| id.0).collect();
        let marks = match &mut self.handover {
            Some(handover) if !workers.is_empty() => handover.handle_workers(&workers),
            _ => Vec::new(),
        };
        self.publish();
        for mark in marks {
            let id = WorkerId(mark.worker);
            let seat = self.seats.get(&id).or_else(|| self.leaving.get(&id));
            let Some(seat) = seat else {
                self.gone(mark.worker);
                continue;
            };
            ctx.pipe(seat.target.worked_off(), move |()| KeeperMsg::Passed(mark));
        }
    }

    /// A worker has ended for good, with its queue: nothing of it has to be waited for.
    fn gone(&mut self, worker: u32) {
        if let Some(handover) = &mut self.handover
            && handover.handle_gone(worker)
        {
            self.publish();
        }
    }

    fn listen(&self, ctx: &mut Context<Self>) {
        let hub = Arc::clone(&self.hub);
        let asked = async move { poll_fn(|cx| poll_asked(&hub, cx)).await };
        ctx.pipe(asked, KeeperMsg::Asked);
    }

    fn add(
        &mut self,
        builder: Option<ChildBuilder<M>>,
        answer: Answer<WorkerId>,
        ctx: &mut Context<Self>,
    ) {
        let Some(supervisor) = self.supervisor.clone().filter(|_| !self.is_closing) else {
            return answer.send(Err(RouterError::Closed));
        };
        if self.seats.len() >= usize::from(HELD) {
            return answer.send(Err(RouterError::TooManyWorkers(self.seats.len() + 1)));
        }
        let id = WorkerId(self.next);
        let builder = match builder {
            Some(builder) => Ok(builder),
            // User code: what it breaks is its own.
            None => catch_unwind(AssertUnwindSafe(|| (self.make)(id))),
        };
        let Ok(builder) = builder else {
            return answer.send(Err(RouterError::Specification));
        };
        let (spec, seat) = self.build(builder);
        let starting = async move { supervisor.start_child(spec).await };
        ctx.pipe(starting, move |started| {
            KeeperMsg::Added(seat, started, answer)
        });
    }

    fn added(
        &mut self,
        seat: Arc<Seat<M>>,
        ctx: &mut Context<Self>,
    ) -> Result<WorkerId, RouterError> {
        if self.is_closing {
            return Err(RouterError::Closed);
        }
        let id = seat.id;
        ctx.monitor_restarts(&seat.target.any());
        self.seats.insert(id, seat);
        self.divide(ctx);
        Ok(id)
    }

    fn remove(&mut self, id: WorkerId, answer: Answer<()>, ctx: &mut Context<Self>) {
        let Some(supervisor) = self.supervisor.clone().filter(|_| !self.is_closing) else {
            return answer.send(Err(RouterError::Closed));
        };
        if self.seats.len() == 1 && self.seats.contains_key(&id) {
            return answer.send(Err(RouterError::NoWorkers));
        }
        let Some(seat) = self.seats.remove(&id) else {
            return answer.send(Err(RouterError::NotFound(id)));
        };
        seat.is_leaving.store(true, Ordering::Relaxed);
        self.leaving.insert(id, Arc::clone(&seat));
        self.divide(ctx);
        seat.target.let_go();
        let ending = async move {
            work_off(&seat.target).await;
            // One that has ended by itself meanwhile may be forgotten already.
            drop(supervisor.terminate_child(&seat.name).await);
            drop(supervisor.delete_child(&seat.name).await);
        };
        ctx.pipe(ending, move |()| KeeperMsg::Removed(id, answer));
    }

    /// No worker gets anything more.
    fn close(&mut self) {
        self.is_closing = true;
        self.leaving.append(&mut self.seats);
        for seat in self.leaving.values() {
            seat.is_leaving.store(true, Ordering::Relaxed);
        }
        self.handover = None;
        self.publish();
    }

    fn drain(&mut self, ctx: &mut Context<Self>) {
        if self.is_closing {
            return;
        }
        self.close();
        let queue = self.queue.clone();
        let workers: Vec<_> = self
            .leaving
            .values()
            .map(|seat| seat.target.clone())
            .collect();
        let working = async move {
            if let Some(queue) = queue {
                queue.worked_off().await;
            }
            for worker in &workers {
                work_off(worker).await;
            }
        };
        ctx.pipe(working, |()| KeeperMsg::WorkedOff);
    }

    /// Stops, for this reason: its supervisor, and with it the workers, end before it has.
    fn end(&mut self, reason: ExitReason, ctx: &mut Context<Self>) {
        self.is_closing = true;
        if reason == ExitReason::Killed
            && let Some(supervisor) = &self.supervisor
        {
            // It first, so that it starts none of them again.
            supervisor.kill();
            for seat in self.seats.values().chain(self.leaving.values()) {
                seat.target.any().kill();
            }
        }
        self.reason.get_or_insert(reason);
        ctx.stop();
    }

    fn handle_asked(&mut self, asked: Asked, ctx: &mut Context<Self>) {
        match asked {
            Asked::Drain => self.drain(ctx),
            Asked::Stop(reason) => return self.end(reason, ctx),
            Asked::Kill => return self.end(ExitReason::Killed, ctx),
            _ => return,
        }
        self.listen(ctx);
    }
}

/// All that is in its mailbox. Once more, since what a worker was about to pull stands behind the first mark.
async fn work_off<M: Send + 'static>(worker: &Target<M>) {
    worker.worked_off().await;
    worker.worked_off().await;
}

fn poll_asked<M: Send + 'static>(hub: &Held<M>, cx: &mut TaskContext<'_>) -> Poll<Asked> {
    let mut hub = hub.lock().unwrap_or_else(PoisonError::into_inner);
    match &mut *hub {
        Some(hub) => hub.poll_asked(cx),
        None => Poll::Ready(Asked::Over),
    }
}

impl<M: Send + 'static> Actor for Keeper<M> {
    type Msg = KeeperMsg<M>;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        let (max, period) = self.intensity;
        let mut supervisor = Supervisor::builder(Strategy::OneForOne).intensity(max, period);
        for spec in self.specs.drain(..) {
            supervisor = supervisor.child(spec);
        }
        let supervisor = match supervisor.start_in(ctx).await {
            Ok(supervisor) => supervisor,
            Err(error) => {
                let text = error.to_string();
                let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                *failure = Some(error);
                return Err(text.into());
            }
        };
        ctx.monitor(&supervisor.any());
        self.supervisor = Some(supervisor);
        for seat in self.seats.values() {
            ctx.monitor_restarts(&seat.target.any());
        }
        let workers: Vec<u32> = self.seats.keys().map(|id| id.0).collect();
        self.handover = self.has_keys.then(|| Handover::new(&workers));
        self.publish();
        self.listen(ctx);
        Ok(())
    }

    async fn handle(&mut self, msg: KeeperMsg<M>, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            KeeperMsg::Asked(asked) => self.handle_asked(asked, ctx),
            KeeperMsg::Add(builder, answer) => self.add(builder, answer, ctx),
            KeeperMsg::Added(seat, Ok(()), answer) => answer.send(self.added(seat, ctx)),
            KeeperMsg::Added(_, Err(error), answer) => answer.send(Err(RouterError::Worker(error))),
            KeeperMsg::Remove(id, answer) => self.remove(id, answer, ctx),
            KeeperMsg::Removed(id, answer) => {
                self.leaving.remove(&id);
                self.gone(id.0);
                self.publish();
                answer.send(Ok(()));
            }
            KeeperMsg::Passed(mark) => {
                if let Some(handover) = &mut self.handover
                    && handover.handle_passed(mark)
                {
                    self.publish();
                }
            }
            KeeperMsg::Forgive(id, restarts) => {
                if let Some(seat) = self.seats.get(&id) {
                    seat.forgive(restarts);
                }
            }
            KeeperMsg::WorkedOff => self.end(ExitReason::Normal, ctx),
            KeeperMsg::Shutdown(deadline) => {
                ctx.send_after(DEADLINE, deadline, KeeperMsg::Deadline);
                self.drain(ctx);
            }
            KeeperMsg::Deadline => self.end(ExitReason::Killed, ctx),
        }
        Ok(())
    }

    async fn signal(&mut self, signal: Signal, ctx: &mut Context<Self>) -> ActorResult {
        match signal {
            Signal::Restarted(news) => {
                let seats = self.seats.values();
                if let Some(seat) = seats.into_iter().find(|seat| seat.actor() == news.actor) {
                    let restarts = seat.note_restart();
                    let forgive = KeeperMsg::Forgive(seat.id, restarts);
                    ctx.send_after(("probation", u64::from(seat.id.0)), PROBATION, forgive);
                }
                // It may have refused messages until now.
                self.places.open_gate();
            }
            Signal::Down(down) => {
                let seats = &self.seats;
                let gone = seats.iter().find(|(_, seat)| seat.actor() == down.actor);
                if let Some((&id, _)) = gone {
                    if let Some(seat) = self.seats.remove(&id) {
                        seat.target.let_go();
                    }
                    self.divide(ctx);
                    self.gone(id.0);
                }
                let supervisor = self.supervisor.as_ref();
                let is_alone = self.seats.is_empty() && !self.is_closing;
                if is_alone || supervisor.is_some_and(|own| own.any().id() == down.actor) {
                    tracing::error!(reason = %down.reason, "a router has lost its last worker");
                    self.end(down.reason, ctx);
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn stopped(&mut self, reason: &ExitReason, _ctx: &mut Context<Self>) {
        self.reason.get_or_insert_with(|| reason.clone());
    }
}

impl<M: Send + 'static> Drop for Keeper<M> {
    /// However it ends, the router has ended, and nobody waits there for ever.
    fn drop(&mut self) {
        let mut held = self.hub.lock().unwrap_or_else(PoisonError::into_inner);
        let hub = held.take();
        drop(held);
        if let Some(hub) = hub {
            hub.end(self.reason.take().unwrap_or(ExitReason::Killed));
        }
        self.places.open_gate();
    }
}
