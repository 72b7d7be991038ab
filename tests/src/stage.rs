//! Supervised workers, and the stage on which they report what happens to them.
//!
//! A worker is told everything by messages and tells everything by messages to the stage, which is an actor of the test. So the same
//! scenario serves a worker that is a task, a thread, or lives in a process of its own.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex};

use actor_core::ChildBuilder;
use actor_core::prelude::*;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a worker does.
#[derive(Debug)]
pub enum Job {
    /// Tells the stage `"<id> did <number>"`.
    Do(u64),
    /// Answers with the number.
    Echo(u64, Reply<u64>),
    /// Keeps the reply in its state.
    Keep(Reply<u64>),
    /// Tells `"<id> holds"` and waits until the stage releases it.
    Hold,
    /// Sets a timer that tells `"<id> did <number>"` after an hour, and one that does so at once.
    Timers(u64),
    /// Starts a child of its own with this id.
    Spawn(String),
    /// Returns an error.
    Fail,
    /// Panics.
    Panic,
    /// Stops by itself.
    Stop,
}

/// What `started` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It succeeds.
    Go,
    /// It returns an error.
    Fail,
    /// It never completes.
    Hang,
    /// It succeeds, and the worker stops by itself at once.
    GoAndStop,
}

/// What workers tell the stage.
#[derive(Debug)]
pub enum Scene {
    /// Something happened.
    Said(String),
    /// A worker starts and asks how.
    Starting(String, Reply<Order>),
    /// A worker waits to be released.
    Holding(String, Reply<()>),
    /// The test waits until everything said so far has arrived.
    Sync(Reply<()>),
}

#[derive(Default)]
struct Props {
    orders: HashMap<String, VecDeque<Order>>,
    held: HashMap<String, Reply<()>>,
}

struct StageActor {
    props: Arc<Mutex<Props>>,
    events: UnboundedSender<String>,
}

impl Actor for StageActor {
    type Msg = Scene;

    async fn handle(&mut self, scene: Scene, _ctx: &mut Context<Self>) -> ActorResult {
        let mut props = self.props.lock().expect("no test panics here");
        let said = match scene {
            Scene::Said(said) => said,
            Scene::Starting(id, reply) => {
                let order = props.orders.get_mut(&id).and_then(VecDeque::pop_front);
                reply.send(order.unwrap_or(Order::Go));
                format!("{id} starts")
            }
            Scene::Holding(id, reply) => {
                let said = format!("{id} holds");
                props.held.insert(id, reply);
                said
            }
            Scene::Sync(reply) => {
                reply.send(());
                return Ok(());
            }
        };
        self.events.send(said).ok();
        Ok(())
    }
}

/// The test's end.
pub struct Stage {
    actor: ActorRef<Scene>,
    props: Arc<Mutex<Props>>,
    events: UnboundedReceiver<String>,
}

impl Stage {
    /// A stage in a system. Start it first, so that the system stops it last.
    #[must_use]
    pub fn new(system: &ActorSystem) -> Self {
        let (sender, events) = unbounded_channel();
        let props = Arc::new(Mutex::new(Props::default()));
        let actor = system
            .actor(StageActor {
                props: Arc::clone(&props),
                events: sender,
            })
            .mailbox(Mailbox::unbounded())
            .spawn();
        Stage {
            actor,
            props,
            events,
        }
    }

    /// How the next starts of a worker go; after these they succeed.
    pub fn order(&self, id: &str, orders: &[Order]) {
        let mut props = self.props.lock().expect("no test panics here");
        props
            .orders
            .entry(id.to_owned())
            .or_default()
            .extend(orders);
    }

    /// Releases a worker that holds.
    ///
    /// # Panics
    ///
    /// If it does not hold.
    pub fn release(&self, id: &str) {
        let mut props = self.props.lock().expect("no test panics here");
        props.held.remove(id).expect("the worker holds").send(());
    }

    /// The next event.
    ///
    /// # Panics
    ///
    /// When none comes.
    #[expect(
        clippy::should_implement_trait,
        reason = "it is the asynchronous sibling of that `next`"
    )]
    #[track_caller]
    pub fn next(&mut self) -> impl Future<Output = String> {
        let next = crate::soon("an event on the stage", self.events.recv());
        async move { next.await.expect("the stage lives") }
    }

    /// Waits for exactly these events.
    ///
    /// # Panics
    ///
    /// When something else happens.
    #[track_caller]
    pub fn expect<'a>(&'a mut self, events: &'a [&'a str]) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            for (number, expected) in events.iter().enumerate() {
                let event = self.next().await;
                assert_eq!(
                    &event, expected,
                    "event {number} of those expected at {place}"
                );
            }
        }
    }

    /// Skips events until this one.
    pub async fn until(&mut self, event: &str) {
        while self.next().await != event {}
    }

    /// What was told so far and not looked at.
    ///
    /// # Panics
    ///
    /// When the stage has ended.
    pub async fn rest(&mut self) -> Vec<String> {
        let synced = self.actor.ask_within(LONG, Scene::Sync).await;
        synced.expect("the stage lives");
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// The specification of a worker in a placement. Process children join here.
    pub fn worker(&self, placement: Placement, id: &str) -> ChildBuilder<Job> {
        let (id, stage) = (id.to_owned(), self.actor.clone());
        let factory_id = id.clone();
        ChildSpec::new(id, move || Worker {
            id: factory_id.clone(),
            stage: stage.clone(),
            kept: Vec::new(),
        })
        .placement(placement)
    }

    /// A worker outside of any supervisor.
    #[must_use]
    pub fn lone_worker(&self, id: &str) -> impl Actor<Msg = Job> {
        Worker {
            id: id.to_owned(),
            stage: self.actor.clone(),
            kept: Vec::new(),
        }
    }
}

struct Worker {
    id: String,
    stage: ActorRef<Scene>,
    kept: Vec<Reply<u64>>,
}

const LONG: Duration = Duration::from_secs(100_000);

impl Worker {
    fn say(&self, what: impl std::fmt::Display) {
        self.stage
            .try_send(Scene::Said(format!("{} {what}", self.id)))
            .ok();
    }
}

impl Actor for Worker {
    type Msg = Job;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        let id = self.id.clone();
        let order = self
            .stage
            .ask_within(LONG, |reply| Scene::Starting(id, reply))
            .await?;
        match order {
            Order::Go => {}
            Order::GoAndStop => ctx.stop(),
            Order::Fail => return Err("ordered to fail".into()),
            Order::Hang => std::future::pending::<()>().await,
        }
        Ok(())
    }

    async fn handle(&mut self, job: Job, ctx: &mut Context<Self>) -> ActorResult {
        match job {
            Job::Do(number) => self.say(format_args!("did {number}")),
            Job::Echo(number, reply) => reply.send(number),
            Job::Keep(reply) => self.kept.push(reply),
            Job::Hold => {
                let id = self.id.clone();
                self.stage
                    .ask_within(LONG, |reply| Scene::Holding(id, reply))
                    .await?;
            }
            Job::Timers(number) => {
                ctx.send_after("late", Duration::from_secs(3600), Job::Do(number));
                ctx.send_after("now", Duration::ZERO, Job::Do(number));
            }
            Job::Spawn(id) => {
                let child = Worker {
                    id,
                    stage: self.stage.clone(),
                    kept: Vec::new(),
                };
                ctx.child(child).start().await?;
            }
            Job::Fail => return Err("told to fail".into()),
            Job::Panic => panic!("told to panic"),
            Job::Stop => ctx.stop(),
        }
        Ok(())
    }

    async fn stopped(&mut self, reason: &ExitReason, _ctx: &mut Context<Self>) {
        let reason = match reason {
            ExitReason::Panicked { text, .. } => format!("panicked: {text}"),
            other => other.to_string(),
        };
        self.say(format_args!("stopped: {reason}"));
    }
}
