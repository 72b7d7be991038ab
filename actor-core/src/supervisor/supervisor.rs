//! The supervisor: an actor whose messages are calls and the events of its children.
//!
//! It never waits inside a handler. A start or a stop runs beside it and reports by an event that carries the attempt's number, so
//! an event of the past is recognised, calls are answered meanwhile, and it can be stopped at any time. Its own end is the ordinary
//! end of an actor: its children are stopped in reverse, whatever state they are in.

use std::hash::{BuildHasher, RandomState};
use std::task::Poll;
use std::time::{Duration, Instant};

use super::calls::{ChildInfo, ChildState, SupervisorError, SupervisorRef};
use super::policy::Intensity;
use super::{ChildSpec, ExitSink, Restart, Strategy};
use crate::cell::{AnyCell, Cell};
use crate::children::{Child, halt};
use crate::mailbox::queue::Extra;
use crate::runtime::first;
use crate::spawn::adopt;
use crate::sync::{Arc, Mutex, lock};
use crate::{Actor, ActorResult, ActorSystem, Context, ExitReason, Reply, Shutdown, StartError};

type Answer<T> = Reply<Result<T, SupervisorError>>;

/// What a supervisor is sent; made by [`SupervisorRef`] and by its children's ends.
#[derive(Debug)]
pub struct SupervisorMsg(Inner);

#[derive(Debug)]
enum Inner {
    Call(Command),
    Event {
        key: u64,
        attempt: u64,
        event: Event,
    },
}

#[derive(Debug)]
pub(crate) enum Command {
    Start(ChildSpec, Answer<()>),
    Terminate(String, Answer<()>),
    Delete(String, Answer<()>),
    Which(Answer<Vec<ChildInfo>>),
}

#[derive(Debug)]
enum Event {
    Started,
    /// It ended, or did not start.
    Ended(ExitReason),
    /// Its backoff is over.
    Retry,
    /// The stop that was asked for is done.
    Halted(ExitReason),
}

impl SupervisorMsg {
    pub(crate) fn call(command: Command) -> Self {
        SupervisorMsg(Inner::Call(command))
    }
}

struct Entry {
    spec: ChildSpec,
    key: u64,
    /// Counts starts; an event of another attempt is of the past.
    attempt: u64,
    state: ChildState,
    restarts: u32,
    failures_in_a_row: u32,
    started_at: Option<Instant>,
    /// Who waits for its first start.
    starter: Option<Answer<()>>,
    /// Who waits for its stop.
    stoppers: Vec<Answer<()>>,
}

/// Why the start of a supervisor failed, for its starter.
type FirstFailure = Arc<Mutex<Option<(String, ExitReason)>>>;

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
    specs: Vec<ChildSpec>,
    entries: Vec<Entry>,
    intensity: Intensity,
    first_failure: FirstFailure,
    random: u64,
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
        SupervisorBuilder {
            strategy,
            intensity: Intensity::new(1, Duration::from_secs(5)),
            specs: Vec::new(),
            name: None,
        }
    }
}

/// Options of a supervisor.
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
/// let sup = Supervisor::builder(Strategy::OneForOne)
///     .name("workers")
///     .intensity(10, Duration::from_secs(60))
///     .child(spec)
///     .start(&system)
///     .await?;
/// # sup.stop(); sup.wait().await;
/// # Ok(()) }
/// ```
#[must_use = "nothing starts before `start`"]
#[derive(Debug)]
pub struct SupervisorBuilder {
    strategy: Strategy,
    intensity: Intensity,
    specs: Vec<ChildSpec>,
    name: Option<String>,
}

impl SupervisorBuilder {
    /// How many failures within `period` are tolerated; one more ends the supervisor. Every end that asks for a restart counts as one. 1 in
    /// 5 seconds by default, as in Erlang/OTP.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
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
    /// let sup = Supervisor::builder(Strategy::OneForOne)
    ///     .intensity(2, Duration::from_secs(60))
    ///     .child(spec)
    ///     .start(&system)
    ///     .await?;
    /// for _ in 0..3 {
    ///     flaky.send(Msg::Fail).await?; // The third within a minute is too many.
    /// }
    /// assert_eq!(sup.wait().await, ExitReason::Shutdown);
    /// # Ok(()) }
    /// ```
    pub fn intensity(mut self, max: u32, period: Duration) -> Self {
        assert!(!period.is_zero(), "an intensity needs a period above zero");
        self.intensity = Intensity::new(max, period);
        self
    }

    /// Adds a child. Children start in the order in which they are added.
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
    /// let (first, a) = ChildSpec::new("a", || Flaky).build();
    /// let (second, b) = ChildSpec::new("b", || Flaky).build();
    /// let sup = Supervisor::builder(Strategy::OneForOne).child(first).child(second).start(&system).await?;
    /// let children = sup.which_children().await?;
    /// assert_eq!((children[0].actor, children[1].actor), (a.id(), b.id()));
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn child(mut self, spec: ChildSpec) -> Self {
        self.specs.push(spec);
        self
    }

    /// The name of the supervisor.
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
    /// let sup = Supervisor::builder(Strategy::OneForOne).name("workers").start(&system).await?;
    /// assert_eq!(system.lookup_any("workers"), Some(sup.any()));
    /// # sup.stop(); sup.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Starts the supervisor and its children, one after the other, each when the one before has started. The supervisor belongs to
    /// the system: it lives on without references.
    ///
    /// # Errors
    ///
    /// [`StartError::Child`] names the child that did not start; those before it were stopped again in reverse order. Otherwise two
    /// children have one id, or the name is taken, and nothing was started. In each case the actors of all the specifications have ended:
    /// a retry needs new ones.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the supervisor may start all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::StartError;
    ///
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
    /// # struct Broken;
    /// # impl Actor for Broken {
    /// #     type Msg = ();
    /// #     async fn started(&mut self, _: &mut Context<Self>) -> ActorResult { Err("no configuration".into()) }
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let (first, flaky) = ChildSpec::new("flaky", || Flaky).build();
    /// let (second, _broken) = ChildSpec::new("broken", || Broken).build(); // Its `started` fails.
    /// match Supervisor::builder(Strategy::OneForOne).child(first).child(second).start(&system).await {
    ///     Err(StartError::Child { id, reason }) => {
    ///         assert_eq!((id.as_str(), reason.to_string().as_str()), ("broken", "failed to start: no configuration"));
    ///     }
    ///     other => panic!("{other:?}"),
    /// }
    /// assert_eq!(flaky.wait().await, ExitReason::Shutdown, "it had started, and was stopped again");
    /// # Ok(()) }
    /// ```
    pub async fn start(self, system: &ActorSystem) -> Result<SupervisorRef, StartError> {
        let Strategy::OneForOne = self.strategy;
        for (place, spec) in self.specs.iter().enumerate() {
            if self.specs[..place].iter().any(|other| other.id == spec.id) {
                return Err(StartError::DuplicateChild(spec.id.clone()));
            }
        }
        let first_failure = FirstFailure::default();
        let supervisor = Supervisor {
            specs: self.specs,
            entries: Vec::new(),
            intensity: self.intensity,
            first_failure: Arc::clone(&first_failure),
            random: RandomState::new().hash_one(0) | 1,
        };
        // Its children have start-up deadlines of their own.
        let mut builder = system
            .actor(supervisor)
            .start_timeout(Duration::MAX)
            .shutdown(Shutdown::Wait);
        if let Some(name) = self.name {
            builder = builder.name(name);
        }
        match builder.start().await {
            Ok(actor) => {
                actor.cell().header().add_ref();
                Ok(SupervisorRef::new(actor))
            }
            Err(error) => Err(match lock(&first_failure).take() {
                Some((id, reason)) => StartError::Child { id, reason },
                None => error,
            }),
        }
    }
}

// Whoever forgot to write an actor is not helped by the news that this is one.
#[diagnostic::do_not_recommend]
impl Actor for Supervisor {
    type Msg = SupervisorMsg;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        for spec in std::mem::take(&mut self.specs) {
            if let Err((id, reason)) = self.add(ctx, spec) {
                return self.fail_start(id, reason);
            }
        }
        for place in 0..self.entries.len() {
            let entry = &mut self.entries[place];
            entry.attempt = 1;
            let sink = sink(&ctx.inbox.cell, entry.key, 1);
            let starting = entry.spec.start.start(sink);
            let stop = disturbed(Arc::clone(&ctx.inbox.cell), ctx.inbox.incarnation);
            match first(starting, stop).await {
                Some(Ok(())) => {}
                Some(Err(reason)) => {
                    let id = entry.spec.id.clone();
                    return self.fail_start(id, reason);
                }
                // The end of this actor stops the children, whatever state they are in.
                None => return Err("it was stopped while its children started".into()),
            }
            entry.state = ChildState::Running;
            entry.started_at = Some(crate::runtime::now());
        }
        Ok(())
    }

    async fn handle(&mut self, msg: SupervisorMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg.0 {
            Inner::Call(Command::Start(spec, reply)) => self.handle_start(ctx, spec, reply),
            Inner::Call(Command::Terminate(id, reply)) => self.handle_terminate(ctx, &id, reply),
            Inner::Call(Command::Delete(id, reply)) => reply.send(self.handle_delete(&id)),
            Inner::Call(Command::Which(reply)) => {
                reply.send(Ok(self.entries.iter().map(Entry::info).collect()))
            }
            Inner::Event {
                key,
                attempt,
                event,
            } => self.handle_event(ctx, key, attempt, event),
        }
        Ok(())
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

impl Entry {
    fn info(&self) -> ChildInfo {
        ChildInfo {
            id: self.spec.id.clone(),
            actor: self.spec.cell.header().id(),
            state: self.state,
            restarts: self.restarts,
        }
    }

    fn handle_started(&mut self) {
        self.state = ChildState::Running;
        self.started_at = Some(crate::runtime::now());
        if let Some(starter) = self.starter.take() {
            starter.send(Ok(()));
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

impl Supervisor {
    fn fail_start(&self, id: String, reason: ExitReason) -> ActorResult {
        let error = StartError::Child {
            id: id.clone(),
            reason: reason.clone(),
        };
        *lock(&self.first_failure) = Some((id, reason));
        Err(error.into())
    }

    /// Takes a child over: from here on it belongs to this supervisor, which ends it for good in any case.
    fn add(
        &mut self,
        ctx: &Context<Self>,
        mut spec: ChildSpec,
    ) -> Result<usize, (String, ExitReason)> {
        let parent: Arc<dyn AnyCell> = Arc::clone(&ctx.inbox.cell) as Arc<dyn AnyCell>;
        let (cell, kind) = (&spec.cell, spec.kind);
        if !adopt(ctx.core(), Some(parent), cell, spec.shutdown, kind) {
            return Err((spec.id.clone(), ExitReason::Shutdown));
        }
        spec.adopted = true;
        if let Some(name) = &spec.name
            && let Err(error) = ctx.core().registry.register(name, &spec.cell)
        {
            let reason = ExitReason::StartFailed(error.to_string());
            spec.cell.finish(reason.clone());
            return Err((spec.id.clone(), reason));
        }
        let key = spec.cell.header().id().0;
        self.entries.push(Entry {
            spec,
            key,
            attempt: 0,
            state: ChildState::Starting,
            restarts: 0,
            failures_in_a_row: 0,
            started_at: None,
            starter: None,
            stoppers: Vec::new(),
        });
        Ok(self.entries.len() - 1)
    }

    fn handle_start(&mut self, ctx: &mut Context<Self>, spec: ChildSpec, reply: Answer<()>) {
        if self.entries.iter().any(|entry| entry.spec.id == spec.id) {
            return reply.send(Err(SupervisorError::AlreadyPresent(spec.id.clone())));
        }
        match self.add(ctx, spec) {
            Ok(place) => {
                self.entries[place].starter = Some(reply);
                self.begin_start(ctx, place);
            }
            Err((_, reason)) => reply.send(Err(SupervisorError::StartFailed(reason))),
        }
    }

    /// Starts an incarnation beside the supervisor.
    fn begin_start(&mut self, ctx: &Context<Self>, place: usize) {
        let entry = &mut self.entries[place];
        entry.attempt += 1;
        entry.state = ChildState::Starting;
        let (key, attempt) = (entry.key, entry.attempt);
        let start = Arc::clone(&entry.spec.start);
        let cell = Arc::clone(&ctx.inbox.cell);
        let sink = sink(&cell, key, attempt);
        drop(ctx.core().runtime.spawn(async move {
            let event = match start.start(sink).await {
                Ok(()) => Event::Started,
                Err(reason) => Event::Ended(reason),
            };
            tell(&cell, key, attempt, event);
        }));
    }

    fn handle_terminate(&mut self, ctx: &mut Context<Self>, id: &str, reply: Answer<()>) {
        let Some(place) = self.entries.iter().position(|entry| entry.spec.id == id) else {
            return reply.send(Err(SupervisorError::NotFound(id.to_owned())));
        };
        let entry = &mut self.entries[place];
        match entry.state {
            ChildState::Stopped => reply.send(Ok(())),
            ChildState::Stopping => entry.stoppers.push(reply),
            ChildState::Starting | ChildState::Running | ChildState::Restarting => {
                ctx.cancel_timer(("restart", entry.key));
                entry.state = ChildState::Stopping;
                entry.stoppers.push(reply);
                self.begin_stop(ctx, place);
            }
        }
    }

    /// Stops the present incarnation beside the supervisor.
    fn begin_stop(&self, ctx: &Context<Self>, place: usize) {
        let entry = &self.entries[place];
        let child = Child {
            cell: Arc::clone(&entry.spec.cell),
            shutdown: entry.spec.shutdown,
        };
        let (key, attempt) = (entry.key, entry.attempt);
        let (cell, system) = (Arc::clone(&ctx.inbox.cell), Arc::clone(ctx.core()));
        drop(ctx.core().runtime.spawn(async move {
            let reason = halt(&system, &child.cell, child.shutdown, &ExitReason::Shutdown).await;
            tell(&cell, key, attempt, Event::Halted(reason));
        }));
    }

    /// Forgets the specification of a child that has ended.
    fn handle_delete(&mut self, id: &str) -> Result<(), SupervisorError> {
        let found = self.entries.iter().position(|entry| entry.spec.id == id);
        let place = found.ok_or_else(|| SupervisorError::NotFound(id.to_owned()))?;
        match self.entries[place].state {
            ChildState::Stopped => {
                self.entries.remove(place);
                Ok(())
            }
            ChildState::Restarting => Err(SupervisorError::Restarting(id.to_owned())),
            _ => Err(SupervisorError::Running(id.to_owned())),
        }
    }

    fn handle_event(&mut self, ctx: &mut Context<Self>, key: u64, attempt: u64, event: Event) {
        let found = self
            .entries
            .iter()
            .position(|entry| entry.key == key && entry.attempt == attempt);
        let Some(place) = found else { return };
        let entry = &mut self.entries[place];
        match (event, entry.state) {
            (Event::Started, ChildState::Starting) => entry.handle_started(),
            // The end of an incarnation may be told before the start that it completed.
            (Event::Ended(reason), ChildState::Starting) if entry.was_started() => {
                entry.handle_started();
                self.handle_end(ctx, place, reason);
            }
            (Event::Ended(reason), ChildState::Starting) if entry.starter.is_some() => {
                self.forget(place, &reason);
            }
            (Event::Ended(reason), ChildState::Starting | ChildState::Running) => {
                self.handle_end(ctx, place, reason)
            }
            (Event::Retry, ChildState::Restarting) => self.begin_start(ctx, place),
            (Event::Halted(reason), ChildState::Stopping) => {
                if entry.spec.cell.finish_idle(reason.clone()) {
                    self.handle_halted(ctx, place, reason);
                } else {
                    // A start that was on its way when the stop looked has begun since.
                    self.begin_stop(ctx, place);
                }
            }
            // What happens to a child that is being stopped, or stands still, changes nothing.
            _ => {}
        }
    }

    /// A dynamic child that did not start is none.
    fn forget(&mut self, place: usize, reason: &ExitReason) {
        let entry = self.entries.remove(place);
        entry.spec.cell.finish(reason.clone());
        if let Some(starter) = entry.starter {
            starter.send(Err(SupervisorError::StartFailed(reason.clone())));
        }
        entry
            .stoppers
            .into_iter()
            .for_each(|stopper| stopper.send(Ok(())));
    }

    fn handle_end(&mut self, ctx: &mut Context<Self>, place: usize, reason: ExitReason) {
        let entry = &mut self.entries[place];
        if !entry.spec.restart.wants(&reason) {
            self.retire(place, reason);
            return;
        }
        let now = crate::runtime::now();
        tracing::warn!(child = %entry.spec.id, actor = %entry.spec.cell.header().id(), %reason, "a child ended and is restarted");
        if !self.intensity.handle_failure(now) {
            tracing::error!(child = %entry.spec.id, %reason, "too many failures; the supervisor gives up");
            ctx.stop_with(ExitReason::Shutdown);
            return;
        }
        entry.restarts += 1;
        let Some(backoff) = entry.spec.backoff else {
            return self.begin_start(ctx, place);
        };
        let ran = entry.started_at.take().map(|then| now.duration_since(then));
        if ran.is_some_and(|ran| backoff.is_reset_by(ran)) {
            entry.failures_in_a_row = 0;
        }
        let delay = backoff.delay(entry.failures_in_a_row, random(&mut self.random));
        entry.failures_in_a_row += 1;
        entry.state = ChildState::Restarting;
        let (key, attempt) = (entry.key, entry.attempt);
        ctx.send_after(("restart", key), delay, event(key, attempt, Event::Retry));
    }

    fn handle_halted(&mut self, ctx: &mut Context<Self>, place: usize, reason: ExitReason) {
        let unresponsive = reason == ExitReason::Unresponsive;
        let entry = &mut self.entries[place];
        let stoppers = std::mem::take(&mut entry.stoppers);
        let starter = entry.starter.take();
        self.retire(place, reason.clone());
        if let Some(starter) = starter {
            starter.send(Err(SupervisorError::StartFailed(reason)));
        }
        stoppers
            .into_iter()
            .for_each(|stopper| stopper.send(Ok(())));
        // Given up counts as a failure, though there is nothing to restart.
        if unresponsive && !self.intensity.handle_failure(crate::runtime::now()) {
            ctx.stop_with(ExitReason::Shutdown);
        }
    }

    /// A child ended and is not restarted. The specification of a temporary one is forgotten.
    fn retire(&mut self, place: usize, reason: ExitReason) {
        let entry = &mut self.entries[place];
        entry.spec.cell.finish(reason);
        entry.state = ChildState::Stopped;
        if entry.spec.restart == Restart::Temporary {
            self.entries.remove(place);
        }
    }
}

fn event(key: u64, attempt: u64, event: Event) -> SupervisorMsg {
    SupervisorMsg(Inner::Event {
        key,
        attempt,
        event,
    })
}

/// Events need no room in the supervisor's mailbox, so a flood of calls cannot hold them up for ever or lose them.
fn tell(supervisor: &Arc<Cell<SupervisorMsg>>, key: u64, attempt: u64, what: Event) {
    drop(supervisor.push_extra(Extra::Message(event(key, attempt, what))));
}

fn sink(supervisor: &Arc<Cell<SupervisorMsg>>, key: u64, attempt: u64) -> ExitSink {
    let supervisor = Arc::clone(supervisor);
    ExitSink::new(move |reason| tell(&supervisor, key, attempt, Event::Ended(reason)))
}

/// The next number between 0 and 1 (xorshift); good enough to keep restarts out of step.
fn random(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1u64 << 53) as f64
}
