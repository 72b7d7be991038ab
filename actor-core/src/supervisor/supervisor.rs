//! The supervisor: an actor whose messages are calls and the events of its children. It does what its [`Plan`] says and decides nothing.
//!
//! It never waits inside a handler. A start or a stop runs beside it and reports by an event that carries the numbers of its attempt and
//! of the supervisor's incarnation, so an event of the past is recognised, calls are answered meanwhile, and it can be stopped at any
//! time. Its own end is the ordinary end of an actor: its children are stopped in reverse, whatever state they are in.

use std::collections::BTreeMap;
use std::task::Poll;

use super::config::Config;
use super::launch::{StartTask, reopen, settle, start_beside, stop_beside, take_over};
use super::message::{Answer, Command, Event, Inner, Origin, SupervisorMsg};
use super::plan::{Action, Key, Plan, Slot, Timer, Why};
use super::spec::Spec;
use super::tree::find_below;
use super::{ChildInfo, Strategy, SupervisorBuilder, SupervisorError};
use crate::cell::Cell;
use crate::guard::caught;
use crate::observe;
use crate::runtime::{first, now};
use crate::sync::{Arc, Mutex, lock};
use crate::timers::TimerKey;
use crate::{Actor, ActorResult, Context, ExitReason, Shutdown, StartError};

/// What the supervisor holds of a child.
struct Entry {
    spec: Arc<Spec>,
    /// Whether it outlives this incarnation of the supervisor.
    is_kept: bool,
    /// The start that is under way.
    starting: Option<StartTask>,
    /// Who waits for its start.
    starter: Option<Answer<()>>,
    /// Who waits for its stop.
    stoppers: Vec<Answer<()>>,
}

/// Why the start of a supervisor failed, for its starter.
type FirstFailure = Arc<Mutex<Option<StartError>>>;

/// Keeps its children running. See [`Supervisor::builder`].
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
/// # struct Flaky;
/// # impl Actor for Flaky {
/// #     type Msg = Msg;
/// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
/// #         match msg {
/// #             Msg::Fail => return Err("as asked".into()),
/// #             Msg::Stop => ctx.stop(),
/// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let (spec, flaky) = ChildSpec::new("flaky", || Flaky).build();
/// let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
/// flaky.send(Msg::Fail).await?;
/// assert_eq!(flaky.ask(Msg::Runs).await?, 2, "the same reference, a new incarnation");
/// sup.stop();
/// sup.wait().await;
/// # Ok(()) }
/// ```
pub struct Supervisor {
    config: Arc<Config>,
    plan: Plan,
    /// In the order of their keys, so that the end of an incarnation is the same every time.
    entries: BTreeMap<Key, Entry>,
    first_failure: FirstFailure,
}

impl Supervisor {
    /// A supervisor with this strategy, no children, and an intensity of 1 failure in 5 seconds.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # enum Msg { Fail, Stop, Runs(Reply<u32>) }
    /// # struct Flaky;
    /// # impl Actor for Flaky {
    /// #     type Msg = Msg;
    /// #     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             Msg::Fail => return Err("as asked".into()),
    /// #             Msg::Stop => ctx.stop(),
    /// #             Msg::Runs(reply) => reply.send(ctx.incarnation()),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sup = Supervisor::builder(Strategy::OneForOne).start(&system).await?;
    /// assert!(sup.which_children().await?.is_empty());
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn builder(strategy: Strategy) -> SupervisorBuilder {
        SupervisorBuilder::new(strategy)
    }

    pub(super) fn new(config: Arc<Config>) -> Self {
        Supervisor {
            plan: config.plan(crate::runtime::random()),
            config,
            entries: BTreeMap::new(),
            first_failure: FirstFailure::default(),
        }
    }

    pub(super) fn first_failure(&self) -> FirstFailure {
        Arc::clone(&self.first_failure)
    }
}

// Whoever forgot to write an actor is not helped by the news that this is one.
#[diagnostic::do_not_recommend]
impl Actor for Supervisor {
    type Msg = SupervisorMsg;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        let config = Arc::clone(&self.config);
        // A supervisor under another one was not asked before.
        config.check()?;
        let mut keys = Vec::new();
        for spec in &config.specs {
            settle(spec).await;
            match take_over(ctx, spec, config.keeps_children) {
                Ok(key) => {
                    self.entries
                        .insert(key, Entry::of(spec, config.keeps_children));
                    self.plan.insert(key, spec.facts());
                    keys.push(key);
                }
                Err(refused) => return self.fail_start(&spec.id, refused.into()),
            }
        }
        for key in keys {
            self.start_first(ctx, key).await?;
        }
        Ok(())
    }

    async fn handle(&mut self, msg: SupervisorMsg, ctx: &mut Context<Self>) -> ActorResult {
        let mut actions = Vec::new();
        match msg.0 {
            Inner::Call(call) => self.handle_call(ctx, call, &mut actions),
            Inner::Event(origin, event) if origin.incarnation == ctx.incarnation() => {
                self.handle_event(origin, event, &mut actions);
            }
            Inner::Event(..) => {}
        }
        for action in actions {
            self.perform(ctx, action);
        }
        Ok(())
    }
}

impl Entry {
    fn of(spec: &Arc<Spec>, is_kept: bool) -> Self {
        Entry {
            spec: Arc::clone(spec),
            is_kept,
            starting: None,
            starter: None,
            stoppers: Vec::new(),
        }
    }

    fn info(&self, slot: &Slot) -> ChildInfo {
        ChildInfo {
            id: self.spec.id.clone(),
            actor: self.spec.cell.header().id(),
            state: slot.public_state(),
            restarts: slot.restarts,
        }
    }

    /// Whether the start-up of the present or last incarnation completed.
    fn was_started(&self) -> bool {
        let mut was_started = false;
        self.spec
            .cell
            .look(&mut |life| was_started = life.was_started);
        was_started
    }
}

/// Completes when a stop was asked for. A request wakes the actor also in its `started`.
async fn disturbed(cell: Arc<Cell<SupervisorMsg>>, incarnation: u32) {
    std::future::poll_fn(|_| match cell.is_undisturbed(incarnation) {
        true => Poll::Pending,
        false => Poll::Ready(()),
    })
    .await;
}

/// At the beginning.
impl Supervisor {
    /// Starts a child and waits until it has started.
    async fn start_first(&mut self, ctx: &mut Context<Self>, key: Key) -> ActorResult {
        let attempt = self.plan.begin(key);
        let spec = Arc::clone(&self.entries[&key].spec);
        let sink = origin(ctx, Timer::Child(key), attempt).sink(&ctx.inbox.cell);
        let stop = disturbed(Arc::clone(&ctx.inbox.cell), ctx.incarnation());
        match first(spec.starter().start(sink), stop).await {
            Some(Ok(())) => {
                // Nobody else waits for it, and no group is under way.
                let mut nothing = Vec::new();
                self.plan.handle_started(key, attempt, now(), &mut nothing);
                Ok(())
            }
            Some(Err(reason)) => {
                // Whoever starts the supervisor gets the error.
                observe::failure_was_told(spec.cell.header());
                self.fail_start(&spec.id, reason)
            }
            // The end of this actor stops the children, whatever state they are in.
            None => Err("it was stopped while its children started".into()),
        }
    }

    fn fail_start(&self, id: &str, reason: ExitReason) -> ActorResult {
        let id = id.to_owned();
        let error = StartError::Child { id, reason };
        *lock(&self.first_failure) = Some(error.clone());
        Err(error.into())
    }
}

/// Calls.
impl Supervisor {
    fn handle_call(&mut self, ctx: &Context<Self>, call: Command, out: &mut Vec<Action>) {
        match call {
            Command::Start(spec, reply) => self.handle_start(ctx, spec, reply, out),
            Command::Restart(id, reply) => self.handle_restart(&id, reply, out),
            Command::Terminate(id, caller, reply) => {
                self.handle_terminate(&id, caller, reply, out);
            }
            Command::Delete(id, reply) => reply.send(self.plan.find_stopped(&id).map(|key| {
                self.plan.handle_delete(key, out);
            })),
            Command::Which(reply) => {
                let children = self.plan.children();
                let infos = children.map(|(key, slot)| self.entries[&key].info(slot));
                reply.send(Ok(infos.collect()));
            }
            Command::Count(reply) => reply.send(Ok(self.plan.counts())),
        }
    }

    fn handle_start(
        &mut self,
        ctx: &Context<Self>,
        spec: Arc<Spec>,
        reply: Answer<()>,
        out: &mut Vec<Action>,
    ) {
        let facts = spec.facts();
        if let Err(refusal) = self.plan.check(&facts) {
            drop_caught(spec);
            return reply.send(Err(refusal));
        }
        match take_over(ctx, &spec, false) {
            Ok(key) => {
                let mut entry = Entry::of(&spec, false);
                entry.starter = Some(reply);
                self.entries.insert(key, entry);
                self.plan.handle_add(key, facts, out);
            }
            Err(refusal) => {
                drop_caught(spec);
                reply.send(Err(refusal.into()));
            }
        }
    }

    fn handle_restart(&mut self, id: &str, reply: Answer<()>, out: &mut Vec<Action>) {
        let key = match self.plan.find_stopped(id) {
            Ok(key) => key,
            Err(refusal) => return reply.send(Err(refusal)),
        };
        let entry = self.entry(key);
        match reopen(&entry.spec, entry.is_kept) {
            Ok(()) => {
                entry.starter = Some(reply);
                self.plan.handle_restart(key, out);
            }
            Err(refusal) => reply.send(Err(refusal.into())),
        }
    }

    fn handle_terminate(
        &mut self,
        id: &str,
        caller: usize,
        reply: Answer<()>,
        out: &mut Vec<Action>,
    ) {
        let key = match self.plan.find(id) {
            Ok(key) => key,
            Err(refusal) => return reply.send(Err(refusal)),
        };
        let entry = self.entry(key);
        if caller != 0 && find_below(&entry.spec.cell, caller).is_some() {
            return reply.send(Err(SupervisorError::WouldDeadlock));
        }
        entry.stoppers.push(reply);
        self.plan.handle_terminate(key, out);
    }
}

/// Events, and what the plan makes of them.
impl Supervisor {
    fn handle_event(&mut self, origin: Origin, event: Event, out: &mut Vec<Action>) {
        let attempt = origin.attempt;
        let Timer::Child(key) = origin.timer else {
            return self.plan.handle_retry(origin.timer, attempt, out);
        };
        let Some(entry) = self.entries.get(&key) else {
            return;
        };
        match event {
            Event::Started => self.plan.handle_started(key, attempt, now(), out),
            Event::Retry => self.plan.handle_retry(origin.timer, attempt, out),
            Event::Halted(reason) => {
                if is_surprising(entry.spec.shutdown, &reason) {
                    tracing::warn!(child = %entry.spec.id, actor = %entry.spec.cell.header().id(), %reason, "a child that was stopped ended for another reason");
                }
                self.plan.handle_halted(key, attempt, reason, now(), out);
            }
            Event::Ended(reason) => {
                // Of one that was told to stop, its halt is what is told.
                if reason.is_failure() && !self.plan.is_stopping(key) {
                    tracing::warn!(child = %entry.spec.id, actor = %entry.spec.cell.header().id(), %reason, "a child ended");
                }
                let end = (reason, entry.was_started());
                self.plan.handle_ended(key, attempt, end, now(), out);
            }
        }
    }

    fn entry(&mut self, key: Key) -> &mut Entry {
        let entry = self.entries.get_mut(&key);
        entry.expect("the plan speaks of children that are there")
    }

    fn perform(&mut self, ctx: &mut Context<Self>, action: Action) {
        match action {
            Action::Start { key, attempt } => {
                let origin = origin(ctx, Timer::Child(key), attempt);
                let entry = self.entry(key);
                entry.starting = Some(start_beside(ctx, &entry.spec, origin));
            }
            Action::Stop { key, attempt } => {
                let origin = origin(ctx, Timer::Child(key), attempt);
                let entry = self.entry(key);
                stop_beside(ctx, &entry.spec, entry.starting.take(), origin);
            }
            Action::Finish { key, reason } => self.entry(key).spec.cell.finish(reason),
            Action::TellStart { key, outcome } => {
                if let Some(starter) = self.entry(key).starter.take() {
                    starter.send(outcome.map_err(SupervisorError::StartFailed));
                }
            }
            Action::TellStop { key } => {
                let stoppers = std::mem::take(&mut self.entry(key).stoppers);
                stoppers
                    .into_iter()
                    .for_each(|stopper| stopper.send(Ok(())));
            }
            Action::Forget { key } => drop_caught(self.entries.remove(&key)),
            Action::Retry {
                timer,
                attempt,
                after,
            } => {
                let retry = origin(ctx, timer, attempt).message(Event::Retry);
                ctx.send_after(timer_key(timer), after, retry);
            }
            Action::Cancel { timer } => drop(ctx.cancel_timer(timer_key(timer))),
            Action::GiveUp(why) => give_up(ctx, why),
        }
    }
}

/// Whether a child that was stopped ended for a reason of its own.
fn is_surprising(shutdown: Shutdown, reason: &ExitReason) -> bool {
    match reason {
        ExitReason::Shutdown => false,
        ExitReason::Killed => shutdown != Shutdown::Kill,
        _ => true,
    }
}

fn give_up(ctx: &Context<Supervisor>, why: Why) {
    match why {
        Why::Intensity => {
            tracing::error!(supervisor = %ctx.id(), "too many failures; the supervisor gives up");
            observe::escalated(ctx.inbox.cell.header());
        }
        Why::Significant => {
            tracing::info!(supervisor = %ctx.id(), "the significant children have ended; so does the supervisor");
        }
    }
    ctx.stop_with(ExitReason::Shutdown);
}

/// What a specification holds is the user's, and so is its drop.
fn drop_caught<T>(held: T) {
    if let Err(reason) = caught(|| drop(held)) {
        tracing::error!(%reason, "dropping the specification of a child panicked");
    }
}

fn timer_key(timer: Timer) -> TimerKey {
    match timer {
        Timer::Child(key) => ("restart", key).into(),
        Timer::Group => "restart of a group".into(),
    }
}

fn origin(ctx: &Context<Supervisor>, timer: Timer, attempt: u64) -> Origin {
    let incarnation = ctx.incarnation();
    Origin {
        incarnation,
        timer,
        attempt,
    }
}
