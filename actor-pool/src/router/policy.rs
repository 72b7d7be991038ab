//! What a user says about which worker gets a message.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use actor_core::Mailbox;

use super::choose::Choice;
use super::every::CloneMessage;
use super::hash::slot_of;
use super::switch::SlotOf;

/// Which worker of a [`Router`](crate::Router) gets a message.
///
/// | policy | a message goes to | good for |
/// |---|---|---|
/// | [`round_robin`](Self::round_robin) | each worker in turn | messages that all take about as long |
/// | [`random`](Self::random) | any worker | the same, with many senders that would keep step |
/// | [`least_loaded`](Self::least_loaded) | of two workers, the one with less to do | messages of different lengths |
/// | [`consistent_hash`](Self::consistent_hash) | always the same worker for a key | state per key, order per key |
/// | [`broadcast`](Self::broadcast) | every worker | news for all |
/// | [`shared_queue`](Self::shared_queue) | the first worker that is idle | messages of very different lengths: none waits behind a slow one |
///
/// Without a key a worker that is full, or waits for its restart, is passed over while another one has room; only if all are full does
/// `try_send` give the message back, and `send` wait: in the line of one worker, where it stays. With a key a message waits for its own
/// worker. A broadcast goes to all workers or to none, so it waits for the slowest.
///
/// # Examples
///
/// ```
/// use actor_pool::RoutingPolicy;
///
/// struct Order { customer: u64, articles: Vec<String> }
///
/// // Orders of one customer are handled one after the other, those of different customers side by side.
/// let policy = RoutingPolicy::consistent_hash(|order: &Order| order.customer);
/// # drop(policy);
/// ```
#[derive(Clone)]
pub struct RoutingPolicy<M> {
    pub(super) kind: Kind<M>,
}

pub(super) enum Kind<M> {
    ByTurn(Choice),
    ByKey(SlotOf<M>),
    Everybody(CloneMessage<M>),
    Queue(Mailbox),
}

impl<M> Clone for Kind<M> {
    fn clone(&self) -> Self {
        match self {
            Kind::ByTurn(choice) => Kind::ByTurn(*choice),
            Kind::ByKey(slot_of) => Kind::ByKey(Arc::clone(slot_of)),
            Kind::Everybody(clone) => Kind::Everybody(Arc::clone(clone)),
            Kind::Queue(mailbox) => Kind::Queue(*mailbox),
        }
    }
}

impl<M: Send + 'static> RoutingPolicy<M> {
    /// Each worker in turn. Senders that send at the very same moment may begin with the same worker.
    ///
    /// # Examples
    ///
    /// The example stands at [`Router`](crate::Router).
    #[must_use]
    pub fn round_robin() -> Self {
        RoutingPolicy {
            kind: Kind::ByTurn(Choice::RoundRobin),
        }
    }

    /// Any worker, each as likely. The choices follow from the [`seed`](crate::RouterBuilder::seed).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::RoutingPolicy;
    ///
    /// let policy = RoutingPolicy::<u32>::random();
    /// # drop(policy);
    /// ```
    #[must_use]
    pub fn random() -> Self {
        RoutingPolicy {
            kind: Kind::ByTurn(Choice::Random),
        }
    }

    /// Of two workers at random, the one with less to do: messages queued, and the one in hand. A worker that was restarted counts for
    /// some time as if it had much to do, so one that fails fast, and therefore never has anything queued, does not attract messages.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::RoutingPolicy;
    ///
    /// let policy = RoutingPolicy::<u32>::least_loaded();
    /// # drop(policy);
    /// ```
    #[doc(alias = "smallest_mailbox")]
    #[must_use]
    pub fn least_loaded() -> Self {
        RoutingPolicy {
            kind: Kind::ByTurn(Choice::LeastLoaded),
        }
    }

    /// The same worker for all messages with the same key, in the order sent, also while workers are added, removed or restarted. One
    /// worker more or less of n moves about 1/n of the keys; the others stay where they are.
    ///
    /// A key moves only when the worker that had it has worked off what came before. Until then a `send` with such a key waits, and
    /// `try_send` gives the message back. (Of a worker in another process it is known when it has begun the last of them, not when it is done
    /// with it: there the first message at the new place may be handled while the last one at the old place still is.)
    ///
    /// [`reserve`](actor_core::ActorRef::reserve) waits for room at every worker, since nobody knows the key yet; should the workers change
    /// before the room is used, the message may come back.
    ///
    /// The key is hashed by a function that is the same in every process and every run, so two routers with the same numbers of workers agree. `key`
    /// runs in the sender, and more than once for a message that waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::RoutingPolicy;
    ///
    /// let policy = RoutingPolicy::consistent_hash(|(user, _): &(String, u32)| user.clone());
    /// # drop(policy);
    /// ```
    #[doc(alias = "key")]
    #[must_use]
    pub fn consistent_hash<K: Hash>(key: impl Fn(&M) -> K + Send + Sync + 'static) -> Self {
        RoutingPolicy {
            kind: Kind::ByKey(Arc::new(move |message| slot_of(&key(message)))),
        }
    }

    /// Every worker gets a copy, or none does.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::RoutingPolicy;
    ///
    /// let policy = RoutingPolicy::<String>::broadcast();
    /// # drop(policy);
    /// ```
    #[must_use]
    pub fn broadcast() -> Self
    where
        M: Clone,
    {
        RoutingPolicy::broadcast_with(M::clone)
    }

    /// The same for messages that are not `Clone`: `copy` makes one for each worker but the last, which gets the message itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ActorRef;
    /// use actor_pool::RoutingPolicy;
    ///
    /// enum News { Text(String), Ping(ActorRef<u32>) }
    ///
    /// let policy = RoutingPolicy::broadcast_with(|news: &News| match news {
    ///     News::Text(text) => News::Text(text.clone()),
    ///     News::Ping(whom) => News::Ping(whom.clone()),
    /// });
    /// # drop(policy);
    /// ```
    #[must_use]
    pub fn broadcast_with(copy: impl Fn(&M) -> M + Send + Sync + 'static) -> Self {
        RoutingPolicy {
            kind: Kind::Everybody(Arc::new(copy)),
        }
    }

    /// One queue for all workers, of the default capacity: whoever is idle takes the next message. So no message waits behind a slow one
    /// while any worker is free.
    ///
    /// A worker in another process takes a message as soon as its window has room; with a
    /// [`window`](actor_remote::WorkerBuilder::window) of 1 that is one message beside the one in hand.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_pool::RoutingPolicy;
    ///
    /// let policy = RoutingPolicy::<u32>::shared_queue();
    /// # drop(policy);
    /// ```
    #[doc(alias = "queuer")]
    #[doc(alias = "balancing")]
    #[must_use]
    pub fn shared_queue() -> Self {
        RoutingPolicy::shared_queue_in(Mailbox::default())
    }

    /// The same with a queue of this kind: its capacity, order and overflow policy.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Mailbox, Overflow};
    /// use actor_pool::RoutingPolicy;
    ///
    /// let mailbox = Mailbox::bounded(100).overflow(Overflow::DropOldest);
    /// let policy = RoutingPolicy::<u32>::shared_queue_in(mailbox);
    /// # drop(policy);
    /// ```
    #[must_use]
    pub fn shared_queue_in(mailbox: Mailbox) -> Self {
        RoutingPolicy {
            kind: Kind::Queue(mailbox),
        }
    }
}

impl<M> fmt::Debug for RoutingPolicy<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::ByTurn(Choice::RoundRobin) => "RoutingPolicy(round-robin)",
            Kind::ByTurn(Choice::Random) => "RoutingPolicy(random)",
            Kind::ByTurn(Choice::LeastLoaded) => "RoutingPolicy(least loaded)",
            Kind::ByKey(_) => "RoutingPolicy(consistent hash)",
            Kind::Everybody(_) => "RoutingPolicy(broadcast)",
            Kind::Queue(_) => "RoutingPolicy(shared queue)",
        })
    }
}
