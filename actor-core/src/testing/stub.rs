//! A stand-in for an actor, made of a closure.

use std::fmt;

use super::TestSystem;
use crate::{Actor, ActorRef, ActorResult, Context};

type Handle<M> = dyn FnMut(M, &mut Context<Stub<M>>) -> ActorResult + Send;

/// The actor of [`TestSystem::stub`].
pub struct Stub<M: Send + 'static> {
    handle: Box<Handle<M>>,
}

impl<M: Send + 'static> fmt::Debug for Stub<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stub<{}>", std::any::type_name::<M>())
    }
}

impl<M: Send + 'static> Stub<M> {
    /// An actor that handles its messages with a closure: for [`ActorSystem::actor`](crate::ActorSystem::actor), with options, or for the
    /// factory of a child.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{Simulation, Stub};
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let full = system.actor(Stub::new(|_: u32, _| Ok(()))).mailbox(Mailbox::bounded(1)).spawn();
    ///     full.try_send(1).expect("there is room");
    ///     assert!(full.try_send(2).is_err());
    /// })?;
    /// # Ok(()) }
    /// ```
    pub fn new(
        handle: impl FnMut(M, &mut Context<Stub<M>>) -> ActorResult + Send + 'static,
    ) -> Self {
        Stub {
            handle: Box::new(handle),
        }
    }
}

// Who has forgotten to implement `Actor` is told how to, and not of a stand-in for tests.
#[diagnostic::do_not_recommend]
impl<M: Send + 'static> Actor for Stub<M> {
    type Msg = M;

    async fn handle(&mut self, message: M, ctx: &mut Context<Self>) -> ActorResult {
        (self.handle)(message, ctx)
    }
}

impl TestSystem {
    /// Spawns a stand-in that handles its messages with a closure.
    ///
    /// # Panics
    ///
    /// Outside of the simulation of this system.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let shop = system.stub(|(item, reply): (&str, Reply<u32>), _ctx| {
    ///         reply.send(if item == "tea" { 7 } else { 3 });
    ///         Ok(())
    ///     });
    ///     assert_eq!(shop.ask(|reply| ("tea", reply)).await, Ok(7));
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn stub<M: Send + 'static>(
        &self,
        handle: impl FnMut(M, &mut Context<Stub<M>>) -> ActorResult + Send + 'static,
    ) -> ActorRef<M> {
        self.check();
        self.spawn(Stub::new(handle))
    }
}
