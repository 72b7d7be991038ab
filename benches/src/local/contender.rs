//! What a subject must be able to do. Implemented in the file of each subject, used by `workloads.rs`.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::sync::Notify;

/// A subject of the local workloads.
///
/// Its counter is an actor with one `u64` of state that adds up what it is sent and tells the total when asked.
/// It calls [`note_start`] when it starts.
pub(crate) trait Contender: 'static {
    /// What must live as long as the actors: our `ActorSystem`, nothing for the others.
    type World: Send + Sync + 'static;
    /// A reference to a counter.
    type Ref: CounterRef;
    /// A reference to one actor of a ring.
    type Node: Send + Sync + 'static;

    /// Called once, inside the runtime.
    fn world() -> Self::World;

    /// Starts a counter in the way, and with the mailbox, that the crate's first example shows.
    fn spawn(world: &Self::World) -> impl Future<Output = Self::Ref> + Send;

    /// Starts a counter with an unbounded mailbox.
    fn unbounded(world: &Self::World) -> impl Future<Output = Self::Ref> + Send;

    /// Starts `actors` actors with unbounded mailboxes, each of which passes a token on to the next
    /// and the last to the first. A token that has no hops left notifies `done`.
    fn ring(
        world: &Self::World,
        actors: usize,
        done: Arc<Notify>,
    ) -> impl Future<Output = Vec<Self::Node>> + Send;

    /// Gives a token with `hops` hops to an actor of a ring.
    fn pass(node: &Self::Node, hops: u64) -> impl Future<Output = ()> + Send;

    /// Ends an actor of a ring and waits until it is gone.
    fn end_node(node: Self::Node) -> impl Future<Output = ()> + Send;
}

/// A subject that has bounded mailboxes.
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

static STARTED: AtomicUsize = AtomicUsize::new(0);

/// A counter calls this when it starts.
pub(crate) fn note_start() {
    STARTED.fetch_add(1, Relaxed);
}

/// How many counters have started since the process began.
pub(crate) fn started() -> usize {
    STARTED.load(Relaxed)
}
