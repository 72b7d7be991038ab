//! What a [`Context`] does about messages that its actor cannot handle yet. The stash itself: `stash.rs` of the crate.

use crate::{Actor, Context, StashFull};

impl<A: Actor> Context<A> {
    /// Puts a message aside until [`unstash_all`](Context::unstash_all): one that cannot be handled yet.
    ///
    /// It counts against the bound of the mailbox as if it had not begun. When this incarnation ends it returns to its place in the queue:
    /// the next incarnation gets it, or it becomes a dead letter. A drain does not wait for it.
    ///
    /// # Errors
    ///
    /// The stash is full: it takes half the capacity of the mailbox, or what [`Mailbox::stash`](crate::Mailbox::stash) says. The message
    /// comes back; handle it, answer that it cannot be, or fail.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// enum Msg { Connected, Query(u32, Reply<u32>) }
    ///
    /// #[derive(Default)]
    /// struct Client { is_connected: bool }
    ///
    /// impl Actor for Client {
    ///     type Msg = Msg;
    ///
    ///     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             Msg::Connected => {
    ///                 self.is_connected = true;
    ///                 ctx.unstash_all();
    ///             }
    ///             query if !self.is_connected => ctx.stash(query)?,
    ///             Msg::Query(n, reply) => reply.send(n * 2),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let client = system.spawn(Client::default());
    /// let asked = client.ask(|reply| Msg::Query(4, reply));
    /// let connected = async { client.send(Msg::Connected).await };
    /// let (answer, sent) = tokio::join!(asked, connected);
    /// sent?;
    /// assert_eq!(answer?, 8);
    /// # Ok(()) }
    /// ```
    pub fn stash(&mut self, message: A::Msg) -> Result<(), StashFull<A::Msg>> {
        self.inbox.stash(message).map_err(StashFull::new)
    }

    /// Handles everything in the stash next, before what waits in the mailbox, in the order in which these messages came. One that is put
    /// aside again keeps its place.
    ///
    /// # Examples
    ///
    /// See [`stash`](Context::stash).
    pub fn unstash_all(&mut self) {
        self.inbox.unstash_all();
    }

    /// How many messages are in the stash.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// struct Batch;
    ///
    /// impl Actor for Batch {
    ///     type Msg = u32;
    ///
    ///     async fn handle(&mut self, msg: u32, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.stash(msg)?;
    ///         if ctx.stash_len() == 2 {
    ///             ctx.stop();
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let batch = system.spawn(Batch);
    /// batch.send(1).await?;
    /// batch.send(2).await?;
    /// batch.wait().await;
    /// assert_eq!(system.dead_letter_count(), 2);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn stash_len(&self) -> usize {
        self.inbox.stash_len()
    }
}
