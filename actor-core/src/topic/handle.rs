//! What publishers hold of a topic: whoever has one keeps the topic.

use std::error::Error;
use std::fmt;

use super::forward::Forwarder;
use super::{ActorSubscription, Delivery, Subscription, TopicCore, TopicPolicy};
use crate::cell::{Monitor, membership_id};
use crate::directory::WrongType;
use crate::runtime::What;
use crate::sync::{Arc, lock};
use crate::{ActorRef, ActorSystem};

/// Items of type `T`, published under a name.
///
/// Publishing never waits. Each subscriber has its own bound and policy, and hears how many items it missed; a slow one costs nobody else
/// anything. A publisher's items reach a subscriber in the order published; nothing is promised between publishers. Items that are costly
/// to clone are best published in an `Arc`.
///
/// The topic exists while anybody uses it: handles or subscribers.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::{ActorSubscription, Delivery, TopicPolicy};
///
/// struct Display { prices: Topic<u32>, subscription: Option<ActorSubscription<u32>> }
///
/// enum DisplayMsg { Price(Delivery<u32>), Done }
///
/// impl Actor for Display {
///     type Msg = DisplayMsg;
///
///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
///         // Four at most wait for it; of more than that the latest are kept.
///         let me = ctx.actor_ref();
///         self.subscription = Some(self.prices.subscribe_actor(&me, 4, TopicPolicy::DropOldest, DisplayMsg::Price)?);
///         Ok(())
///     }
///
///     async fn handle(&mut self, msg: DisplayMsg, ctx: &mut Context<Self>) -> ActorResult {
///         match msg {
///             DisplayMsg::Price(Delivery::Item(price)) => if price == 12 { ctx.stop() },
///             DisplayMsg::Price(Delivery::Missed(count)) => eprintln!("{count} prices were missed"),
///             DisplayMsg::Done => ctx.stop(),
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let prices: Topic<u32> = system.topic("prices")?;
/// let display = system.start(Display { prices: prices.clone(), subscription: None }).await?;
/// let reached = [10, 11, 12].map(|price| prices.publish(price));
/// assert_eq!(reached, [1, 1, 1]);
/// assert_eq!(display.wait().await, ExitReason::Normal);
/// # let _ = DisplayMsg::Done;
/// # Ok(()) }
/// ```
#[doc(alias = "EventBus")]
#[doc(alias = "broadcast")]
pub struct Topic<T: Send + 'static> {
    core: Arc<TopicCore<T>>,
}

impl<T: Send + 'static> Topic<T> {
    /// The name of the topic.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// assert_eq!(system.topic::<u32>("prices")?.name(), "prices");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        self.core.name()
    }

    /// How many subscribe to it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::TopicPolicy;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let prices = system.topic::<u32>("prices")?;
    /// let subscription = prices.subscribe(16, TopicPolicy::DropOldest);
    /// assert_eq!(prices.subscribers(), 1);
    /// drop(subscription);
    /// assert_eq!(prices.subscribers(), 0);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn subscribers(&self) -> usize {
        lock(&self.core.state).seats.len()
    }

    /// Subscribes. Everything that is published from now on is received or told as missed, until the subscription is dropped. Up to
    /// `bound` items wait to be received; `policy` says which are missed when there are more.
    ///
    /// # Panics
    ///
    /// If `bound` is zero: such a subscriber could never receive anything.
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
    /// # let prices = system.topic::<u32>("prices")?;
    /// let mut subscription = prices.subscribe(16, TopicPolicy::DropOldest);
    /// prices.publish(10);
    /// assert_eq!(subscription.recv().await, Some(Delivery::Item(10)));
    /// # Ok(()) }
    /// ```
    #[must_use = "dropping a subscription ends it"]
    pub fn subscribe(&self, bound: usize, policy: TopicPolicy) -> Subscription<T> {
        Subscription::new(self.core.add(bound, policy))
    }

    /// Subscribes an actor: every delivery becomes a message by `map`, and waits in line for room in the mailbox like those of any other
    /// sender. Up to `bound` items wait for that; `policy` says which are missed when there are more.
    ///
    /// The subscription ends when the returned guard is dropped, and when the actor ends for good; a restart does not end it, and while
    /// the actor waits for its restart its items are kept within the bound. It does not keep the actor alive. An actor that subscribes in
    /// [`started`](crate::Actor::started) keeps the guard in its state, so that each incarnation has its own.
    ///
    /// A panic in `map` is reported and loses that item only; it counts as missed.
    ///
    /// # Errors
    ///
    /// The actor has ended. Nothing was changed, and trying again is useless.
    ///
    /// # Panics
    ///
    /// If `bound` is zero: such a subscriber could never receive anything.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::{Delivery, TopicPolicy};
    ///
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, n: u32, ctx: &mut Context<Self>) -> ActorResult {
    /// #         if n == 10 { ctx.stop() }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let prices = system.topic::<u32>("prices")?;
    /// let sink = system.spawn(Sink); // Stops at a price of 10.
    /// let subscription = prices.subscribe_actor(&sink, 16, TopicPolicy::DropOldest, |delivery| match delivery {
    ///     Delivery::Item(price) => price,
    ///     Delivery::Missed(_) => 0,
    /// })?;
    /// prices.publish(10);
    /// assert_eq!(sink.wait().await, ExitReason::Normal);
    /// assert!(subscription.is_closed());
    /// # Ok(()) }
    /// ```
    pub fn subscribe_actor<M: Send + 'static>(
        &self,
        actor: &ActorRef<M>,
        bound: usize,
        policy: TopicPolicy,
        map: impl FnMut(Delivery<T>) -> M + Send + 'static,
    ) -> Result<ActorSubscription<T>, SubscribeError> {
        let seated = Arc::new(self.core.add(bound, policy));
        // The membership holds what is at this address for as long as it lasts.
        let membership = membership_id(Arc::as_ptr(&seated).addr());
        let ended = Arc::clone(&seated);
        let refused = actor.cell().add_membership(Monitor {
            // Counted with its group or topic, not as a monitor.
            tally: None,
            id: membership,
            notify: Box::new(move |_| ended.leave()),
        });
        if refused.is_err() {
            seated.leave();
            return Err(SubscribeError::Closed);
        }
        let forwarder = Forwarder {
            seated: Arc::clone(&seated),
            actor: Arc::clone(actor.cell()),
            membership,
        };
        // It ends by itself when the seat is closed, and takes the subscription away when the runtime drops it.
        drop(
            self.core
                .runtime
                .spawn(What::Part("a subscription"), forwarder.run(map)),
        );
        Ok(ActorSubscription::new(seated))
    }
}

impl<T: Clone + Send + 'static> Topic<T> {
    /// Publishes an item: every subscriber gets a clone of it, or misses it. Never waits. Returns how many subscribers took it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::TopicPolicy;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let prices = system.topic::<u32>("prices")?;
    /// assert_eq!(prices.publish(9), 0); // Nobody is there.
    /// let small = prices.subscribe(1, TopicPolicy::DropNewest);
    /// let large = prices.subscribe(16, TopicPolicy::DropNewest);
    /// assert_eq!(prices.publish(10), 2);
    /// assert_eq!(prices.publish(11), 1); // The small one has no room left.
    /// assert_eq!((small.missed(), large.missed()), (1, 0));
    /// # Ok(()) }
    /// ```
    pub fn publish(&self, item: T) -> usize {
        let seats = self.core.seats();
        let mut seats = seats.values();
        // The last one gets the item itself.
        let Some(last) = seats.next_back() else {
            return 0;
        };
        let others = seats.filter(|seat| seat.put(item.clone())).count();
        others + usize::from(last.put(item))
    }
}

impl<T: Send + 'static> Clone for Topic<T> {
    fn clone(&self) -> Self {
        Topic {
            core: Arc::clone(&self.core),
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Topic<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Topic({:?}, {} subscribers)",
            self.name(),
            self.subscribers()
        )
    }
}

/// Why [`Topic::subscribe_actor`] refused.
///
/// # Examples
///
/// ```
/// use actor_core::SubscribeError;
///
/// assert_eq!(SubscribeError::Closed.to_string(), "an actor that has ended cannot subscribe to a topic");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The actor has ended for good.
    Closed,
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubscribeError::Closed => {
                f.write_str("an actor that has ended cannot subscribe to a topic")
            }
        }
    }
}

impl Error for SubscribeError {}

impl ActorSystem {
    /// The topic of that name, for items of type `T`. It is there from now on, for as long as anybody uses it.
    ///
    /// # Errors
    ///
    /// The topic is in use for items of another type. [`WrongType`] names both types.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let prices = system.topic::<u32>("prices")?;
    /// let error = system.topic::<String>("prices").unwrap_err();
    /// assert_eq!((error.wanted, error.found), ("alloc::string::String", "u32"));
    /// # Ok(()) }
    /// ```
    pub fn topic<T: Send + 'static>(&self, name: &str) -> Result<Topic<T>, WrongType> {
        let topics = &self.core().topics;
        let make = |name| TopicCore::new(name, topics, self.core().runtime.clone());
        let core = topics.open::<T, _>(name, make)?;
        Ok(Topic { core })
    }

    /// The names of the topics that are in use, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let prices = system.topic::<u32>("prices")?;
    /// assert_eq!(system.topics(), ["prices"]);
    /// drop(prices);
    /// assert_eq!(system.topics(), [""; 0]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        self.core().topics.names()
    }
}
