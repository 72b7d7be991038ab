//! What a subject must be able to do. Implemented in the file of each subject, used by `workloads/`.

use std::{
    future::Future,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{runtime::Handle, sync::Notify};

use crate::harness::Figures;

/// A subject of the local workloads.
///
/// Its counter is an actor with one `u64` of state that adds up what it is sent and tells the total when asked.
/// It calls [`note_start`] when it starts.
pub(crate) trait Contender: 'static {
    /// What must live as long as the actors: our `ActorSystem`, nothing for most others.
    type World: Send + Sync + 'static;
    /// A reference to a counter.
    type Ref: CounterRef;

    /// Called once, inside the runtime.
    fn world() -> Self::World;

    /// Runs a round from the outside, where a user of the crate would have it run: on a worker of the one runtime, like everything that
    /// it starts.
    fn run(
        _world: &Self::World,
        on: &Handle,
        round: impl Future<Output = Figures> + Send + 'static,
    ) -> Figures {
        let round = on.spawn(round);
        on.block_on(round).expect("a round ends without a panic")
    }

    /// Starts a counter in the way, and with the mailbox, that the crate's first example shows.
    fn spawn(world: &Self::World) -> impl Future<Output = Self::Ref> + Send;

    /// Starts a counter with an unbounded mailbox.
    fn unbounded(world: &Self::World) -> impl Future<Output = Self::Ref> + Send;
}

/// A subject that has bounded mailboxes with senders that wait for room.
pub(crate) trait Bounded: Contender {
    type BoundedRef: CounterRef;

    /// Starts a counter with a mailbox of `capacity` messages.
    fn bounded(
        world: &Self::World,
        capacity: usize,
    ) -> impl Future<Output = Self::BoundedRef> + Send;
}

/// A reference to a counter.
pub(crate) trait CounterRef: Clone + Send + Sync + 'static {
    /// Sends a number one-way, waiting for room where the mailbox is bounded.
    fn add(&self, number: u64) -> impl Future<Output = ()> + Send;

    /// Asks for the total of all numbers so far.
    fn total(&self) -> impl Future<Output = u64> + Send;

    /// Ends the actor and waits until it is gone.
    fn end(self) -> impl Future<Output = ()> + Send;
}

/// A subject that can play any [`Behaviour`]: the workloads with actors of their own kinds are written once, over this.
///
/// Such a workload must not rest on the order of two messages that are queued at once, since xtra keeps none.
pub(crate) trait Stage: Contender {
    type Addr<B: Behaviour>: Address<B::Msg>;

    /// Starts an actor with an unbounded mailbox that does with each message what `behaviour` says.
    fn cast<B: Behaviour>(
        world: &Self::World,
        behaviour: B,
    ) -> impl Future<Output = Self::Addr<B>> + Send;
}

/// What an actor does with a message.
pub(crate) trait Behaviour: Send + Unpin + 'static {
    type Msg: Send + 'static;

    /// Handles one message. `Break` ends the actor, which drops this.
    fn handle(&mut self, msg: Self::Msg) -> impl Future<Output = ControlFlow<()>> + Send;
}

/// A reference to an actor with an unbounded mailbox. It lives while somebody may tell it something.
pub(crate) trait Address<M>: Clone + Send + Sync + Unpin + 'static {
    /// Sends a message one-way, in the way that a handler of the subject would.
    fn tell(&self, msg: M) -> impl Future<Output = ()> + Send;
}

/// Opens when as many have arrived as were expected.
pub(crate) struct Latch {
    expected: AtomicUsize,
    open: Notify,
}

impl Latch {
    pub(crate) fn new(expected: usize) -> Arc<Self> {
        let expected = AtomicUsize::new(expected);
        let open = Notify::new();
        Arc::new(Self { expected, open })
    }

    pub(crate) fn arrive(&self) {
        if self.expected.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.open.notify_one();
        }
    }

    /// Waits until it is open. For one waiter.
    pub(crate) async fn wait(&self) {
        self.open.notified().await;
    }
}

/// Held by a behaviour: arrives at the latch when its actor is gone.
pub(crate) struct Exit(pub(crate) Arc<Latch>);

impl Drop for Exit {
    fn drop(&mut self) {
        self.0.arrive();
    }
}

static STARTED: AtomicUsize = AtomicUsize::new(0);

/// A counter calls this when it starts.
pub(crate) fn note_start() {
    STARTED.fetch_add(1, Ordering::Relaxed);
}

/// How many counters have started since the process began.
pub(crate) fn started() -> usize {
    STARTED.load(Ordering::Relaxed)
}
