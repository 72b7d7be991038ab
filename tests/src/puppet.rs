//! An actor whose messages are what it is to do, for the tests of one actor's behaviour.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use actor_core::prelude::*;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Doing<'a> = Pin<Box<dyn Future<Output = ActorResult> + Send + 'a>>;
type Deed =
    Box<dyn for<'a> FnOnce(&'a mut Puppet, &'a mut Context<Puppet>) -> Doing<'a> + Send + 'static>;

/// One thing to do.
pub struct Act(Deed);

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Act")
    }
}

/// An act from an asynchronous closure.
pub fn act<F>(deed: F) -> Act
where
    F: for<'a> FnOnce(&'a mut Puppet, &'a mut Context<Puppet>) -> Doing<'a> + Send + 'static,
{
    Act(Box::new(deed))
}

/// An act from a synchronous closure.
pub fn act_now<F>(deed: F) -> Act
where
    F: FnOnce(&mut Puppet, &mut Context<Puppet>) -> ActorResult + Send + 'static,
{
    Act(Box::new(move |puppet, ctx| {
        Box::pin(async move { deed(puppet, ctx) })
    }))
}

/// An act that notes a number.
#[must_use]
pub fn note(number: u64) -> Act {
    act_now(move |puppet, _| {
        puppet.note(number);
        Ok(())
    })
}

/// An act that returns an error.
#[must_use]
pub fn fail(text: &'static str) -> Act {
    act_now(move |_, _| Err(text.into()))
}

/// An act that panics.
#[must_use]
pub fn panic(text: &'static str) -> Act {
    act_now(move |_, _| panic!("{text}"))
}

/// An act that answers.
#[must_use]
pub fn answer(reply: Reply<u64>, value: u64) -> Act {
    act_now(move |_, _| {
        reply.send(value);
        Ok(())
    })
}

/// An act that says that it began and then waits until the returned gate is opened; and a way to see that it began.
pub fn hold() -> (Act, Gate) {
    let (began, begun) = tokio::sync::oneshot::channel();
    let (open, opened) = tokio::sync::oneshot::channel::<()>();
    let act = act(move |_, _| {
        Box::pin(async move {
            began.send(()).ok();
            opened.await.ok();
            Ok(())
        })
    });
    (
        act,
        Gate {
            begun: Some(begun),
            open: Some(open),
        },
    )
}

/// The test's end of [`hold`]. Dropping it opens it.
#[derive(Debug)]
pub struct Gate {
    begun: Option<tokio::sync::oneshot::Receiver<()>>,
    open: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Gate {
    /// Waits until the handler has begun.
    pub async fn begun(&mut self) {
        if let Some(begun) = self.begun.take() {
            crate::soon("a handler begins", begun)
                .await
                .expect("the handler lives");
        }
    }

    /// Lets the handler return.
    pub fn open(mut self) {
        self.open.take();
    }
}

/// What a puppet tells its test.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A message noted this number.
    Note(u64),
    /// It received this signal.
    Signal(Signal),
    /// Its `stopped` ran with this reason.
    Stopped(ExitReason),
    /// Its state was dropped.
    Dropped,
}

/// Does what its messages say, and tells what happens to it.
#[derive(Debug)]
pub struct Puppet {
    /// What it was told to keep.
    pub kept: Vec<Box<dyn Any + Send>>,
    on_start: Option<Act>,
    on_stopped: Option<Act>,
    on_signal: Vec<Act>,
    events: UnboundedSender<Event>,
    tells_drop: bool,
}

impl Puppet {
    /// A puppet, and what it tells.
    #[must_use]
    pub fn new() -> (Self, Events) {
        let (sender, receiver) = unbounded_channel();
        (Puppet::telling(&sender), Events { receiver })
    }

    /// A puppet that tells a channel which several may share.
    #[must_use]
    pub fn telling(events: &UnboundedSender<Event>) -> Self {
        Puppet {
            kept: Vec::new(),
            on_start: None,
            on_stopped: None,
            on_signal: Vec::new(),
            events: events.clone(),
            tells_drop: false,
        }
    }

    /// What its `started` does.
    #[must_use]
    pub fn on_start(mut self, act: Act) -> Self {
        self.on_start = Some(act);
        self
    }

    /// What its `stopped` does after it has told its reason.
    #[must_use]
    pub fn on_stopped(mut self, act: Act) -> Self {
        self.on_stopped = Some(act);
        self
    }

    /// What its `signal` does, once.
    #[must_use]
    pub fn on_signal(mut self, act: Act) -> Self {
        self.on_signal.push(act);
        self
    }

    /// Tells when the state is dropped.
    #[must_use]
    pub fn telling_its_drop(mut self) -> Self {
        self.tells_drop = true;
        self
    }

    /// Tells a number.
    pub fn note(&mut self, number: u64) {
        self.events.send(Event::Note(number)).ok();
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        if self.tells_drop {
            self.events.send(Event::Dropped).ok();
        }
    }
}

impl Actor for Puppet {
    type Msg = Act;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        match self.on_start.take() {
            Some(act) => (act.0)(self, ctx).await,
            None => Ok(()),
        }
    }

    async fn handle(&mut self, msg: Act, ctx: &mut Context<Self>) -> ActorResult {
        (msg.0)(self, ctx).await
    }

    async fn signal(&mut self, signal: Signal, ctx: &mut Context<Self>) -> ActorResult {
        self.events.send(Event::Signal(signal)).ok();
        match self.on_signal.pop() {
            Some(act) => (act.0)(self, ctx).await,
            None => Ok(()),
        }
    }

    async fn stopped(&mut self, reason: &ExitReason, ctx: &mut Context<Self>) {
        self.events.send(Event::Stopped(reason.clone())).ok();
        if let Some(act) = self.on_stopped.take() {
            (act.0)(self, ctx).await.ok();
        }
    }
}

/// What a puppet tells, in order.
#[derive(Debug)]
pub struct Events {
    receiver: UnboundedReceiver<Event>,
}

impl Events {
    /// Events of puppets made with [`Puppet::telling`].
    #[must_use]
    pub fn channel() -> (UnboundedSender<Event>, Self) {
        let (sender, receiver) = unbounded_channel();
        (sender, Events { receiver })
    }

    /// The next event.
    ///
    /// # Panics
    ///
    /// When none comes, or none can come any more.
    #[expect(
        clippy::should_implement_trait,
        reason = "it is the asynchronous sibling of that `next`"
    )]
    #[track_caller]
    pub fn next(&mut self) -> impl Future<Output = Event> {
        let next = crate::soon("an event", self.receiver.recv());
        async move { next.await.expect("the puppet lives") }
    }

    /// An event that is there already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.receiver.try_recv().ok()
    }

    /// Everything told until all the puppets are gone.
    pub async fn rest(&mut self) -> Vec<Event> {
        let mut rest = Vec::new();
        while let Some(event) = crate::soon("the end of the events", self.receiver.recv()).await {
            rest.push(event);
        }
        rest
    }

    /// The numbers noted until all the puppets are gone.
    pub async fn rest_of_notes(&mut self) -> Vec<u64> {
        let rest = self.rest().await;
        rest.into_iter()
            .filter_map(|event| match event {
                Event::Note(number) => Some(number),
                _ => None,
            })
            .collect()
    }
}
