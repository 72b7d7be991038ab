//! Models of what several threads do to one cell at the same time: a handful of operations, and what must hold whatever their order.
//!
//! Under `--cfg actor_loom` each model runs in every order that can make a difference, with at most [`PREEMPTIONS`] unforced switches
//! between threads; a wake that is forgotten shows as a deadlock. Otherwise the same model runs [`ROUNDS`] times on real threads, as an
//! ordinary test. The actor's side is a whole incarnation as every actor has it; what is left out is the runtime and the system.
//!
//! | file | what races |
//! |---|---|
//! | `mailbox.rs` | sends against stop, drain, the last reference; sends against going to sleep |
//! | `line.rs` | senders that wait for room against the actor, against each other, against a close, against giving up |
//! | `ends.rs` | requests against going to sleep, restarts and giving up against sends, the end against who watches for it |
//! | `pull.rs` | what is put into a shared queue against workers that go idle, leave or end |
//! | `reply/models.rs` | the answer against the deadline against the asker that goes away |
//!
//! Loom is that of the tokio project; the idea of running one test both ways is from its `loom` folder.

mod ends;
mod line;
mod mailbox;
mod pull;

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use crate::cell::{AnyCell, Cell};
use crate::sync::Arc;
use crate::{Actor, ActorRef, ActorResult, Context, ExitReason, Mailbox, incarnation};

#[cfg(actor_loom)]
pub(crate) use loom::{
    future::block_on,
    thread::{JoinHandle, spawn},
};
#[cfg(not(actor_loom))]
pub(crate) use on_real_threads::block_on;
#[cfg(not(actor_loom))]
pub(crate) use std::thread::{JoinHandle, spawn};

/// How often a running thread is interrupted at most in one order. Nearly all known races need one or two; each further one makes the
/// number of orders about ten times larger. Loom's variable `LOOM_MAX_PREEMPTIONS` overrides it.
#[cfg(actor_loom)]
const PREEMPTIONS: usize = 3;

/// How often a model runs on real threads.
#[cfg(not(actor_loom))]
const ROUNDS: usize = 300;

/// Runs a model, in every order under loom and many times otherwise.
pub(crate) fn model(scenario: impl Fn() + Send + Sync + 'static) {
    #[cfg(actor_loom)]
    run_in_every_order(PREEMPTIONS, scenario);
    #[cfg(not(actor_loom))]
    (0..ROUNDS).for_each(|_| scenario());
}

/// The same for a model with more threads or steps, whose orders are too many with three interruptions.
pub(crate) fn wide_model(scenario: impl Fn() + Send + Sync + 'static) {
    #[cfg(actor_loom)]
    run_in_every_order(PREEMPTIONS - 1, scenario);
    #[cfg(not(actor_loom))]
    model(scenario);
}

#[cfg(actor_loom)]
fn run_in_every_order(preemptions: usize, scenario: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.check(scenario);
}

#[cfg(not(actor_loom))]
mod on_real_threads {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake, Waker};
    use std::thread::{Thread, current, park_timeout};
    use std::time::{Duration, Instant};

    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    /// Polls a future whenever it is woken. A wake that never comes fails the test.
    pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
        let mut future = pin!(future);
        let waker = Waker::from(Arc::new(Unpark(current())));
        let mut context = Context::from_waker(&waker);
        let limit = Instant::now() + Duration::from_secs(60);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            assert!(Instant::now() < limit, "nobody woke it within a minute");
            park_timeout(Duration::from_secs(60));
        }
    }
}

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Handled,
    /// Its send failed.
    GivenBack,
    /// Dropped by the cell.
    Discarded,
}

/// The book of all letters of one model. Its locks are std's in any case: they are no part of what is modelled.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    fates: Arc<Mutex<Vec<(u32, Fate)>>>,
    cells: Arc<Mutex<Vec<Arc<dyn AnyCell>>>>,
}

impl Ledger {
    /// An actor without a system, with its first reference. Its cell stays until the ledger goes, so that a letter that is forgotten in it
    /// is not taken for one that was discarded.
    pub(crate) fn actor(&self, mailbox: Mailbox) -> ActorRef<Letter> {
        let cell = Cell::new(mailbox, None, false);
        self.cells.lock().unwrap().push(cell.clone());
        ActorRef::new(cell)
    }

    pub(crate) fn letter(&self, number: u32) -> Letter {
        Letter {
            number,
            ledger: Some(self.clone()),
        }
    }

    /// The letters that met this fate, in the order in which they did.
    pub(crate) fn all(&self, fate: Fate) -> Vec<u32> {
        let fates = self.fates.lock().unwrap();
        let met = fates.iter().filter(|(_, met)| *met == fate);
        met.map(|(number, _)| *number).collect()
    }

    /// Each of the letters 0, 1, … `count - 1` met one fate.
    #[track_caller]
    pub(crate) fn assert_complete(&self, count: u32) {
        let fates = self.fates.lock().unwrap();
        let mut numbers: Vec<u32> = fates.iter().map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..count).collect::<Vec<_>>(), "{fates:?}");
    }
}

/// A message that leaves an entry in the ledger when it goes.
pub(crate) struct Letter {
    pub(crate) number: u32,
    ledger: Option<Ledger>,
}

impl Letter {
    pub(crate) fn meets(mut self, fate: Fate) {
        self.enter(fate);
    }

    fn enter(&mut self, fate: Fate) {
        if let Some(ledger) = self.ledger.take() {
            ledger.fates.lock().unwrap().push((self.number, fate));
        }
    }
}

impl Drop for Letter {
    fn drop(&mut self) {
        self.enter(Fate::Discarded);
    }
}

/// Sends without waiting; whether it was accepted.
pub(crate) fn offer(actor: &ActorRef<Letter>, letter: Letter) -> bool {
    match actor.try_send(letter) {
        Ok(()) => true,
        Err(error) => {
            error.into_message().meets(Fate::GivenBack);
            false
        }
    }
}

/// Sends and waits for room; whether it was accepted.
pub(crate) async fn send(actor: &ActorRef<Letter>, letter: Letter) -> bool {
    match actor.send(letter).await {
        Ok(()) => true,
        Err(error) => {
            error.into_message().meets(Fate::GivenBack);
            false
        }
    }
}

/// One incarnation. It begins where it is made, and works where it is run.
pub(crate) struct Worker<M: Send + 'static> {
    cell: Arc<Cell<M>>,
    incarnation: u32,
}

impl<M: Send + 'static> Worker<M> {
    pub(crate) fn begin(cell: &Arc<Cell<M>>) -> Self {
        let incarnation = cell.begin(None).expect("no incarnation runs");
        Worker {
            cell: Arc::clone(cell),
            incarnation,
        }
    }

    /// Works until the incarnation ends, and tells why it did.
    pub(crate) fn run<F>(self, mut handle: impl FnMut(M) -> F + Send + 'static) -> ExitReason
    where
        F: Future<Output = ActorResult> + Send + 'static,
    {
        let Worker { cell, incarnation } = self;
        let actor = Handler(Box::new(move |message| Box::pin(handle(message))));
        let context = Context::new(Arc::clone(&cell), incarnation, false);
        block_on(incarnation::run(actor, context));
        let mut reason = None;
        cell.look(&mut |life| reason = life.end().or(life.last()).cloned());
        reason.expect("it has ended")
    }
}

type Handling = Pin<Box<dyn Future<Output = ActorResult> + Send>>;

/// An actor that is nothing but its handler.
struct Handler<M>(Box<dyn FnMut(M) -> Handling + Send>);

impl<M: Send + 'static> Actor for Handler<M> {
    type Msg = M;

    async fn handle(&mut self, message: M, _: &mut Context<Self>) -> ActorResult {
        (self.0)(message).await
    }
}

/// A handler that only enters its letters in the ledger.
pub(crate) async fn note(letter: Letter) -> ActorResult {
    letter.meets(Fate::Handled);
    Ok(())
}
