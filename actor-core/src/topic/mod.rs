//! Topics: what is published under a name reaches every subscriber, each at its own pace.
//!
//! Each subscriber has a seat: a bounded ring of items, into which publishers put without waiting. A receiver takes them out itself
//! ([`Subscription`]); for an actor a forwarder does ([`ActorSubscription`]).
//!
//! | file | what is in it |
//! |---|---|
//! | `handle.rs` | what publishers hold |
//! | `ring.rs` | what a subscriber has not received and what it missed, decided without a runtime |
//! | `seat.rs` | the ring with its lock and its waker |
//! | `subscription.rs` | what subscribers hold |
//! | `forward.rs` | the way into an actor's mailbox |
//!
//! Access rules:
//! 1. A publisher takes the list of seats as it is, and then one seat's lock at a time. Items are cloned and dropped without any lock.
//! 2. Whoever is in the list when a publisher takes it is reached: a subscriber gets everything published after `subscribe` returned.

mod forward;
mod handle;
mod ring;
mod seat;
mod subscription;

use std::any::Any;
use std::collections::BTreeMap;

use crate::directory::{Directory, Shared};
use crate::runtime::Runtime;
use crate::sync::{Arc, Mutex, Weak, lock};

pub use handle::{SubscribeError, Topic};
use seat::{Seat, Seated};
pub use subscription::{ActorSubscription, Subscription};

/// What happens to an item for which a subscriber has no room. It is missed either way, and the subscriber hears of it.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::{Delivery, TopicPolicy};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let prices = system.topic::<u32>("prices")?;
/// let mut latest = prices.subscribe(1, TopicPolicy::DropOldest);
/// let mut first = prices.subscribe(1, TopicPolicy::DropNewest);
/// for price in [10, 11, 12] {
///     prices.publish(price);
/// }
/// assert_eq!(latest.recv().await, Some(Delivery::Missed(2)));
/// assert_eq!(latest.recv().await, Some(Delivery::Item(12)));
/// assert_eq!(first.recv().await, Some(Delivery::Item(10)));
/// assert_eq!(first.recv().await, Some(Delivery::Missed(2)));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopicPolicy {
    /// What waits is kept, and the item that comes is missed.
    DropNewest,
    /// The one that waits longest is missed, and the item that comes takes its place.
    DropOldest,
}

/// What a subscriber receives. The example stands at [`TopicPolicy`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery<T> {
    /// An item.
    Item(T),
    /// So many items are missing here, behind the last one and before the next.
    Missed(u64),
}

type Seats<T> = BTreeMap<u64, Arc<Seat<T>>>;

struct State<T> {
    /// In the order of subscribing. Replaced as a whole while a publisher works through it.
    seats: Arc<Seats<T>>,
    next: u64,
    /// The system is gone.
    is_over: bool,
}

/// What the handles and subscribers of a topic share.
struct TopicCore<T: Send + 'static> {
    name: Arc<str>,
    directory: Weak<Directory>,
    runtime: Runtime,
    state: Mutex<State<T>>,
}

impl<T: Send + 'static> TopicCore<T> {
    fn new(name: Arc<str>, directory: &Arc<Directory>, runtime: Runtime) -> Self {
        TopicCore {
            name,
            directory: Arc::downgrade(directory),
            runtime,
            state: Mutex::new(State {
                seats: Arc::default(),
                next: 0,
                is_over: false,
            }),
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn seats(&self) -> Arc<Seats<T>> {
        Arc::clone(&lock(&self.state).seats)
    }

    fn add(self: &Arc<Self>, bound: usize, policy: TopicPolicy) -> Seated<T> {
        let seat = Arc::new(Seat::new(bound, policy));
        let mut state = lock(&self.state);
        let key = state.next;
        state.next += 1;
        let is_over = state.is_over;
        if !is_over {
            Arc::make_mut(&mut state.seats).insert(key, Arc::clone(&seat));
        }
        drop(state);
        if is_over {
            seat.close();
        }
        let topic = Arc::clone(self);
        Seated { topic, key, seat }
    }

    fn remove(&self, key: u64) {
        let mut state = lock(&self.state);
        let removed = Arc::make_mut(&mut state.seats).remove(&key);
        drop(state);
        drop(removed);
    }
}

impl<T: Send + 'static> Shared for TopicCore<T> {
    fn end(&self) {
        lock(&self.state).is_over = true;
        self.seats().values().for_each(|seat| seat.close());
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl<T: Send + 'static> Drop for TopicCore<T> {
    fn drop(&mut self) {
        if let Some(directory) = self.directory.upgrade() {
            directory.release(&self.name, std::ptr::from_ref(self).addr());
        }
    }
}
