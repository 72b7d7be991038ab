//! What a subscriber of a topic holds: dropping it ends the subscription.

use std::fmt;
use std::task::{Context, Poll};

use super::Delivery;
use super::seat::Seated;
use crate::sync::Arc;

/// A subscription that its owner reads. See [`Topic::subscribe`](crate::Topic::subscribe).
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
/// let mut subscription = prices.subscribe(2, TopicPolicy::DropOldest);
/// for price in [10, 11, 12] {
///     prices.publish(price);
/// }
/// # drop((system, prices));
/// let mut heard = Vec::new();
/// while let Some(delivery) = subscription.recv().await {
///     match delivery {
///         Delivery::Item(price) => heard.push(price),
///         Delivery::Missed(count) => assert_eq!(count, 1),
///     }
/// }
/// assert_eq!(heard, [11, 12]);
/// # Ok(()) }
/// ```
#[must_use = "dropping a subscription ends it"]
pub struct Subscription<T: Send + 'static> {
    seated: Seated<T>,
}

impl<T: Send + 'static> Subscription<T> {
    pub(super) fn new(seated: Seated<T>) -> Self {
        Subscription { seated }
    }

    /// The next item, or how many are missing before it; `None` when the system is gone and everything was received.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what is there is either returned or still there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::{Delivery, TopicPolicy};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let prices = system.topic::<u32>("prices")?;
    /// let mut subscription = prices.subscribe(16, TopicPolicy::DropOldest);
    /// prices.publish(10);
    /// drop(system);
    /// assert_eq!(subscription.recv().await, Some(Delivery::Item(10)));
    /// assert_eq!(subscription.recv().await, None);
    /// # Ok(()) }
    /// ```
    pub async fn recv(&mut self) -> Option<Delivery<T>> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The same for hand-written futures and streams.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::{Delivery, TopicPolicy};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let prices = system.topic::<u32>("prices")?;
    /// # let mut subscription = prices.subscribe(16, TopicPolicy::DropOldest);
    /// prices.publish(10);
    /// let delivery = std::future::poll_fn(|cx| subscription.poll_recv(cx)).await;
    /// assert_eq!(delivery, Some(Delivery::Item(10)));
    /// # Ok(()) }
    /// ```
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Delivery<T>>> {
        self.seated.seat.poll_ready(cx).map(|is_ready| {
            // Nobody else takes anything out of it.
            is_ready.then(|| self.seated.seat.take()).flatten()
        })
    }

    /// What is already there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::{Delivery, TopicPolicy};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let prices = system.topic::<u32>("prices")?;
    /// # let mut subscription = prices.subscribe(16, TopicPolicy::DropOldest);
    /// prices.publish(10);
    /// assert_eq!(subscription.try_recv(), Some(Delivery::Item(10)));
    /// assert_eq!(subscription.try_recv(), None);
    /// # Ok(()) }
    /// ```
    pub fn try_recv(&mut self) -> Option<Delivery<T>> {
        self.seated.seat.take()
    }

    /// How many items this subscriber was too slow for, told and untold.
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
    /// let subscription = prices.subscribe(1, TopicPolicy::DropNewest);
    /// prices.publish(10);
    /// prices.publish(11);
    /// assert_eq!(subscription.missed(), 1);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.seated.seat.missed()
    }
}

impl<T: Send + 'static> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.seated.leave();
    }
}

impl<T: Send + 'static> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({:?})", self.seated.topic.name())
    }
}

/// The subscription of an actor. See [`Topic::subscribe_actor`](crate::Topic::subscribe_actor).
///
/// Dropping it ends the subscription: what was not delivered by then is not delivered, but for what is in the mailbox already.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::{Delivery, TopicPolicy};
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = Delivery<u32>;
/// #     async fn handle(&mut self, _: Delivery<u32>, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let (prices, sink) = (system.topic::<u32>("prices")?, system.spawn(Sink));
/// let subscription = prices.subscribe_actor(&sink, 16, TopicPolicy::DropOldest, |delivery| delivery)?;
/// assert_eq!(prices.publish(10), 1);
/// drop(subscription);
/// assert_eq!(prices.publish(11), 0);
/// # Ok(()) }
/// ```
#[must_use = "dropping a subscription ends it"]
pub struct ActorSubscription<T: Send + 'static> {
    seated: Option<Arc<Seated<T>>>,
}

impl<T: Send + 'static> ActorSubscription<T> {
    pub(super) fn new(seated: Arc<Seated<T>>) -> Self {
        ActorSubscription {
            seated: Some(seated),
        }
    }

    fn seated(&self) -> &Seated<T> {
        self.seated
            .as_ref()
            .expect("it is taken by `detach` only, which consumes the guard")
    }

    /// How many items the actor was too slow for, told and untold.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::{Delivery, TopicPolicy};
    /// # struct Sleeper;
    /// # impl Actor for Sleeper {
    /// #     type Msg = Delivery<u32>;
    /// #     async fn handle(&mut self, _: Delivery<u32>, _: &mut Context<Self>) -> ActorResult { std::future::pending().await }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let (prices, sleeper) = (system.topic::<u32>("prices")?, system.spawn(Sleeper));
    /// let subscription = prices.subscribe_actor(&sleeper, 2, TopicPolicy::DropOldest, |delivery| delivery)?;
    /// for price in 0..10 {
    ///     prices.publish(price);
    /// }
    /// assert_eq!(subscription.missed(), 8); // It has not run yet.
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.seated().seat.missed()
    }

    /// Whether it has ended: the actor has, or the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::{Delivery, TopicPolicy};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = Delivery<u32>;
    /// #     async fn handle(&mut self, _: Delivery<u32>, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let (prices, sink) = (system.topic::<u32>("prices")?, system.spawn(Sink));
    /// let subscription = prices.subscribe_actor(&sink, 16, TopicPolicy::DropOldest, |delivery| delivery)?;
    /// assert!(!subscription.is_closed());
    /// sink.stop();
    /// sink.wait().await;
    /// assert!(subscription.is_closed());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.seated().seat.is_closed()
    }

    /// Lets it go on until the actor ends for good.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::{Delivery, TopicPolicy};
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = Delivery<u32>;
    /// #     async fn handle(&mut self, _: Delivery<u32>, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let (prices, sink) = (system.topic::<u32>("prices")?, system.spawn(Sink));
    /// prices.subscribe_actor(&sink, 16, TopicPolicy::DropOldest, |delivery| delivery)?.detach();
    /// assert_eq!(prices.subscribers(), 1);
    /// sink.stop();
    /// sink.wait().await;
    /// assert_eq!(prices.subscribers(), 0);
    /// # Ok(()) }
    /// ```
    pub fn detach(mut self) {
        self.seated = None;
    }
}

impl<T: Send + 'static> Drop for ActorSubscription<T> {
    fn drop(&mut self) {
        if let Some(seated) = &self.seated {
            seated.leave();
        }
    }
}

impl<T: Send + 'static> fmt::Debug for ActorSubscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorSubscription({:?})", self.seated().topic.name())
    }
}
