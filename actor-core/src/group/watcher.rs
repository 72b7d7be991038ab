//! Whoever watches a group, and what it hears.

use std::fmt;
use std::task::{Context, Poll};

use super::GroupCore;
use super::feed::Event;
use crate::WeakActorRef;
use crate::sync::{Arc, lock};

/// What a [`GroupWatcher`] hears. Its references do not count: an event that waits to be read keeps nobody alive.
///
/// # Examples
///
/// ```
/// use actor_core::prelude::*;
/// use actor_core::GroupEvent;
///
/// /// Keeps a list of members up to date.
/// fn follow(members: &mut Vec<WeakActorRef<u32>>, event: GroupEvent<u32>) {
///     match event {
///         GroupEvent::Members(all) => *members = all, // The first event; and later, whenever it has fallen behind.
///         GroupEvent::Joined(member) => members.push(member),
///         GroupEvent::Left(member) => members.retain(|other| *other != member),
///         _ => {}
///     }
/// }
/// ```
#[non_exhaustive]
pub enum GroupEvent<M: Send + 'static> {
    /// Who is in the group, in the order of joining: in place of all that was known before.
    Members(Vec<WeakActorRef<M>>),
    /// An actor joined that was not in the group.
    Joined(WeakActorRef<M>),
    /// A member left as often as it had joined, or ended for good.
    Left(WeakActorRef<M>),
}

// By hand, since a derive would ask the same of the message type.
impl<M: Send + 'static> Clone for GroupEvent<M> {
    fn clone(&self) -> Self {
        match self {
            GroupEvent::Members(members) => GroupEvent::Members(members.clone()),
            GroupEvent::Joined(member) => GroupEvent::Joined(member.clone()),
            GroupEvent::Left(member) => GroupEvent::Left(member.clone()),
        }
    }
}

impl<M: Send + 'static> PartialEq for GroupEvent<M> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (GroupEvent::Members(mine), GroupEvent::Members(others)) => mine == others,
            (GroupEvent::Joined(mine), GroupEvent::Joined(other))
            | (GroupEvent::Left(mine), GroupEvent::Left(other)) => mine == other,
            _ => false,
        }
    }
}

impl<M: Send + 'static> Eq for GroupEvent<M> {}

impl<M: Send + 'static> fmt::Debug for GroupEvent<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupEvent::Members(members) => f.debug_tuple("Members").field(members).finish(),
            GroupEvent::Joined(member) => f.debug_tuple("Joined").field(member).finish(),
            GroupEvent::Left(member) => f.debug_tuple("Left").field(member).finish(),
        }
    }
}

impl<M: Send + 'static> From<Event<WeakActorRef<M>>> for GroupEvent<M> {
    fn from(event: Event<WeakActorRef<M>>) -> Self {
        match event {
            Event::Members(members) => GroupEvent::Members(members),
            Event::Joined(member) => GroupEvent::Joined(member),
            Event::Left(member) => GroupEvent::Left(member),
        }
    }
}

/// Hears who is in a group, and then every change. See [`Group::watch`](crate::Group::watch).
///
/// Up to 256 changes wait to be read. A watcher that falls further behind gets a fresh snapshot in place of the changes it missed, so
/// there is never a gap in what it knows, and it costs no more memory however late it reads.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::GroupEvent;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let (sinks, sink) = (system.group("sinks")?, system.spawn(Sink));
/// sinks.join(&sink)?;
/// let mut watcher = sinks.watch();
/// assert_eq!(watcher.recv().await, Some(GroupEvent::Members(vec![sink.downgrade()])));
/// sink.stop();
/// assert_eq!(watcher.recv().await, Some(GroupEvent::Left(sink.downgrade())));
/// # Ok(()) }
/// ```
pub struct GroupWatcher<M: Send + 'static> {
    core: Arc<GroupCore<M>>,
    key: u64,
}

impl<M: Send + 'static> GroupWatcher<M> {
    pub(super) fn new(core: Arc<GroupCore<M>>, key: u64) -> Self {
        GroupWatcher { core, key }
    }

    /// The next event; `None` when the system is gone and everything was read.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an event is either returned or still there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::GroupEvent;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let mut watcher = system.group::<u32>("sinks")?.watch();
    /// assert_eq!(watcher.recv().await, Some(GroupEvent::Members(vec![])));
    /// drop(system);
    /// assert_eq!(watcher.recv().await, None);
    /// # Ok(()) }
    /// ```
    pub async fn recv(&mut self) -> Option<GroupEvent<M>> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The same for hand-written futures and streams.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::GroupEvent;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let mut watcher = system.group::<u32>("sinks")?.watch();
    /// let event = std::future::poll_fn(|cx| watcher.poll_recv(cx)).await;
    /// assert_eq!(event, Some(GroupEvent::Members(vec![])));
    /// # Ok(()) }
    /// ```
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<GroupEvent<M>>> {
        if let Some(event) = self.try_recv() {
            return Poll::Ready(Some(event));
        }
        let mut waker = Some(cx.waker().clone());
        let mut state = lock(&self.core.state);
        let is_over = state.is_over;
        let event = state.take_event(self.key);
        if event.is_none()
            && !is_over
            && let Some(feed) = state.feeds.get_mut(&self.key)
        {
            std::mem::swap(&mut feed.waker, &mut waker);
        }
        drop(state);
        match event {
            Some(event) => Poll::Ready(Some(event.into())),
            None if is_over => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// An event that is already there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::GroupEvent;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let mut watcher = system.group::<u32>("sinks")?.watch();
    /// assert_eq!(watcher.try_recv(), Some(GroupEvent::Members(vec![])));
    /// assert_eq!(watcher.try_recv(), None);
    /// # Ok(()) }
    /// ```
    pub fn try_recv(&mut self) -> Option<GroupEvent<M>> {
        let event = lock(&self.core.state).take_event(self.key);
        event.map(GroupEvent::from)
    }
}

impl<M: Send + 'static> Drop for GroupWatcher<M> {
    fn drop(&mut self) {
        let feed = lock(&self.core.state).feeds.remove(&self.key);
        drop(feed);
    }
}

impl<M: Send + 'static> fmt::Debug for GroupWatcher<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupWatcher({:?})", self.core.name)
    }
}
