//! What users hold of a group: whoever has one keeps the group.

use std::error::Error;
use std::fmt;

use super::GroupCore;
use super::feed::{After, Event, Feed};
use super::roster::Leave;
use super::watcher::GroupWatcher;
use crate::cell::{Monitor, membership_id};
use crate::directory::WrongType;
use crate::sync::{Arc, lock};
use crate::{ActorRef, ActorSystem, WeakActorRef};

/// Actors that take messages of type `M`, under a common name.
///
/// An actor is a member from its first join until it has left as often as it joined, or has ended for good; a restart changes nothing.
/// Membership does not keep an actor alive. The group itself exists while anybody uses it: handles, watchers or members.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sinks: Group<u32> = system.group("sinks")?;
/// let (first, second) = (system.spawn(Sink), system.spawn(Sink));
/// sinks.join(&first)?;
/// sinks.join(&second)?;
/// for member in sinks.members() {
///     member.send(1).await?;
/// }
///
/// first.stop();
/// first.wait().await;
/// assert_eq!(sinks.members(), [second], "the dead leave by themselves");
/// # Ok(()) }
/// ```
#[doc(alias = "pg")]
pub struct Group<M: Send + 'static> {
    core: Arc<GroupCore<M>>,
}

impl<M: Send + 'static> Group<M> {
    /// The name of the group.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// assert_eq!(system.group::<u32>("sinks")?.name(), "sinks");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// Takes an actor in. Whoever joins again stays until it has left as often, and is listed once all the same.
    ///
    /// # Errors
    ///
    /// The actor has ended; nothing was changed, and trying again is useless.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::JoinError;
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
    /// sinks.join(&sink)?;
    /// assert_eq!((sinks.len(), sinks.joins(&sink)), (1, 2));
    ///
    /// sink.stop();
    /// sink.wait().await;
    /// assert_eq!(sinks.join(&sink), Err(JoinError::Closed));
    /// # Ok(()) }
    /// ```
    pub fn join(&self, actor: &ActorRef<M>) -> Result<(), JoinError> {
        let cell = actor.cell();
        let key = cell.address();
        let mut state = lock(&self.core.state);
        if state.roster.join_again(key) {
            return Ok(());
        }
        let core = Arc::clone(&self.core);
        let refused = cell.add_membership(Monitor {
            // Counted with its group or topic, not as a monitor.
            tally: None,
            id: self.membership(),
            notify: Box::new(move |_| core.ended(key)),
        });
        if refused.is_err() {
            return Err(JoinError::Closed);
        }
        // An actor that ends now waits for the lock before it takes itself out.
        let mut after = After::new();
        state.roster.join(key, actor.downgrade());
        state.tell(&Event::Joined(actor.downgrade()), &mut after);
        drop(state);
        after.run();
        Ok(())
    }

    /// Undoes one join. Returns whether there was one to undo.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
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
    /// sinks.join(&sink)?;
    /// assert!(sinks.leave(&sink));
    /// assert!(sinks.contains(&sink), "it joined twice");
    /// assert!(sinks.leave(&sink));
    /// assert!(!sinks.leave(&sink), "it was out already");
    /// # Ok(()) }
    /// ```
    pub fn leave(&self, actor: &ActorRef<M>) -> bool {
        let cell = actor.cell();
        let mut after = After::new();
        let mut state = lock(&self.core.state);
        let left = state.roster.leave(cell.address());
        if let Leave::Left(member) = &left {
            // Under the lock: whoever joins again must not lose the membership of that join.
            cell.remove_membership(self.membership());
            state.tell(&Event::Left(member.clone()), &mut after);
        }
        drop(state);
        after.run();
        left != Leave::NotJoined
    }

    /// Its members at this moment, each once, in the order of their joining.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let sinks = system.group("sinks")?;
    /// let (first, second) = (system.spawn(Sink), system.spawn(Sink));
    /// sinks.join(&second)?;
    /// sinks.join(&first)?;
    /// assert_eq!(sinks.members(), [second, first]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn members(&self) -> Vec<ActorRef<M>> {
        let members: Vec<_> = lock(&self.core.state).roster.iter().cloned().collect();
        members.iter().filter_map(WeakActorRef::upgrade).collect()
    }

    /// How many members it has.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// assert_eq!(system.group::<u32>("sinks")?.len(), 0);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.core.state).roster.len()
    }

    /// Whether it has no members.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// assert!(system.group::<u32>("sinks")?.is_empty());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether that actor is a member.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
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
    /// assert!(sinks.contains(&sink));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn contains(&self, actor: &ActorRef<M>) -> bool {
        self.joins(actor) > 0
    }

    /// How often that actor has joined and not left.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let (sinks, sink) = (system.group("sinks")?, system.spawn(Sink));
    /// assert_eq!(sinks.joins(&sink), 0);
    /// sinks.join(&sink)?;
    /// assert_eq!(sinks.joins(&sink), 1);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn joins(&self, actor: &ActorRef<M>) -> u64 {
        lock(&self.core.state).roster.joins(actor.cell().address())
    }

    /// Watches the group: the members at this moment, and then every change, without a gap.
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
    /// let mut watcher = sinks.watch();
    /// sinks.join(&sink)?;
    /// assert_eq!(watcher.recv().await, Some(GroupEvent::Members(vec![])));
    /// assert_eq!(watcher.recv().await, Some(GroupEvent::Joined(sink.downgrade())));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn watch(&self) -> GroupWatcher<M> {
        let mut state = lock(&self.core.state);
        let key = state.next_feed;
        state.next_feed += 1;
        let feed = Feed::new(&state.roster);
        state.feeds.insert(key, feed);
        drop(state);
        GroupWatcher::new(Arc::clone(&self.core), key)
    }

    /// While a membership lasts its cell holds the core, so nothing else is at that address.
    fn membership(&self) -> crate::MonitorId {
        membership_id(Arc::as_ptr(&self.core).addr())
    }
}

impl<M: Send + 'static> Clone for Group<M> {
    fn clone(&self) -> Self {
        Group {
            core: Arc::clone(&self.core),
        }
    }
}

impl<M: Send + 'static> fmt::Debug for Group<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({:?}, {} members)", self.name(), self.len())
    }
}

/// Why [`Group::join`] refused.
///
/// # Examples
///
/// ```
/// use actor_core::JoinError;
///
/// assert_eq!(JoinError::Closed.to_string(), "an actor that has ended cannot join a group");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// The actor has ended for good.
    Closed,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Closed => f.write_str("an actor that has ended cannot join a group"),
        }
    }
}

impl Error for JoinError {}

impl ActorSystem {
    /// The group of that name, for actors that take messages of type `M`. It is there from now on, for as long as anybody uses it.
    ///
    /// # Errors
    ///
    /// The group is in use by actors that take other messages. [`WrongType`] names both types.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sinks = system.group::<u32>("sinks")?;
    /// let error = system.group::<String>("sinks").unwrap_err();
    /// assert_eq!((error.wanted, error.found), ("alloc::string::String", "u32"));
    /// # Ok(()) }
    /// ```
    pub fn group<M: Send + 'static>(&self, name: &str) -> Result<Group<M>, WrongType> {
        let groups = &self.core().groups;
        let core = groups.open::<M, _>(name, |name| GroupCore::new(name, groups))?;
        Ok(Group { core })
    }

    /// The names of the groups that are in use, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let sinks = system.group::<u32>("sinks")?;
    /// assert_eq!(system.groups(), ["sinks"]);
    /// drop(sinks);
    /// assert_eq!(system.groups(), [""; 0]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        self.core().groups.names()
    }
}
