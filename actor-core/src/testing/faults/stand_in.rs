//! Stand-ins: what a supervisor starts in the place of a child.

use std::any::type_name;
use std::fmt;

use async_trait::async_trait;

use crate::cell::{AnyCell, Cell};
use crate::kind::Kind;
use crate::spawn::START_TIMEOUT;
use crate::supervisor::TaskChild;
use crate::sync::{Arc, SleepingMutex};
use crate::testing::TestSystem;
use crate::{Actor, ExitReason, ExitSink, Placement, StartChild};

/// Which children a stand-in is for; see [`TestSystem::replace_factory`].
///
/// # Examples
///
/// ```
/// use actor_core::testing::Which;
///
/// # struct Db;
/// let (one, all) = (Which::child("db"), Which::actor::<Db>());
/// # drop((one, all));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Which(Wanted);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Id(String),
    Type(&'static str),
}

impl Which {
    /// The children with this id, of whatever kind, worker processes included.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Which;
    /// assert_ne!(Which::child("db"), Which::child("cache"));
    /// ```
    #[must_use]
    pub fn child(id: impl Into<String>) -> Self {
        Which(Wanted::Id(id.into()))
    }

    /// The children that are actors of this type.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Which;
    /// # struct Db;
    /// # struct Cache;
    /// assert_ne!(Which::actor::<Db>(), Which::actor::<Cache>());
    /// ```
    #[must_use]
    pub fn actor<A>() -> Self {
        Which(Wanted::Type(type_name::<A>()))
    }

    pub(super) fn is_met(&self, id: &str, kind: Kind) -> bool {
        match &self.0 {
            Wanted::Id(wanted) => wanted == id,
            Wanted::Type(wanted) => kind.actor_type() == Some(wanted),
        }
    }
}

type Make = Box<dyn Fn(&Arc<dyn AnyCell>) -> Arc<dyn StartChild> + Send + Sync>;

/// What is started in the place of some children.
pub(super) struct StandIn {
    pub(super) which: Which,
    pub(super) make: Make,
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StandIn").field(&self.which).finish()
    }
}

/// A stand-in for an actor with other messages.
struct Misfit(String);

#[async_trait]
impl StartChild for Misfit {
    async fn start(&self, _exits: ExitSink) -> Result<(), ExitReason> {
        Err(ExitReason::StartFailed(self.0.clone()))
    }
}

fn start_of<A, F>(cell: &Arc<dyn AnyCell>, factory: &Arc<SleepingMutex<F>>) -> Arc<dyn StartChild>
where
    A: Actor,
    F: FnMut() -> A + Send + 'static,
{
    let takes = cell.message_type();
    match Arc::clone(cell).as_any().downcast::<Cell<A::Msg>>() {
        Ok(cell) => Arc::new(TaskChild::<A, F> {
            cell,
            factory: Arc::clone(factory),
            placement: Placement::Task,
            start_timeout: START_TIMEOUT,
        }),
        Err(_) => Arc::new(Misfit(format!(
            "a test put a stand-in in the place of this child that takes {}, and the child takes {takes}",
            type_name::<A::Msg>()
        ))),
    }
}

impl TestSystem {
    /// From here on supervisors start this in the place of some children, also when they restart one. The references to the child, its
    /// mailbox, its id and all its options stay; only where it runs and how long its start may take are those of any task.
    ///
    /// The newest one that fits is taken. If it is for other messages than the child, the child does not start, and says so.
    ///
    /// # Panics
    ///
    /// Outside of its simulation.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{Simulation, Which};
    ///
    /// struct Db;
    /// impl Actor for Db {
    ///     type Msg = Reply<&'static str>;
    ///     async fn handle(&mut self, _: Reply<&'static str>, _: &mut Context<Self>) -> ActorResult { Err("no disk".into()) }
    /// }
    ///
    /// struct FakeDb;
    /// impl Actor for FakeDb {
    ///     type Msg = Reply<&'static str>;
    ///     async fn handle(&mut self, reply: Reply<&'static str>, _: &mut Context<Self>) -> ActorResult {
    ///         reply.send("row");
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     system.replace_factory(Which::actor::<Db>(), || FakeDb);
    ///     let (spec, db) = ChildSpec::new("db", || Db).build();
    ///     Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await.expect("it starts");
    ///     assert_eq!(db.ask(|reply| reply).await, Ok("row"));
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn replace_factory<A, F>(&self, which: Which, factory: F)
    where
        A: Actor,
        F: FnMut() -> A + Send + 'static,
    {
        self.check();
        let factory = Arc::new(SleepingMutex::new(factory));
        let make: Make = Box::new(move |cell| start_of(cell, &factory));
        self.sim().faults.add_stand_in(StandIn { which, make });
    }
}
