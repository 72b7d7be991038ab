//! Links: actors that end together.

use super::Context;
use crate::observe;
use crate::{Actor, AnyActorRef};

impl<A: Actor> Context<A> {
    /// Links this actor with another: when one of the two fails, the other one stops, with the reason
    /// [`Linked`](crate::ExitReason::Linked). It is a relation of both, and two actors are linked once at most; linking again, or with
    /// oneself, changes nothing.
    ///
    /// A failure is what [`is_failure`](crate::ExitReason::is_failure) says; `Normal` and `Shutdown` end nobody. The stop is that of
    /// [`ActorRef::stop`](crate::ActorRef::stop): the message in hand is finished. An actor that [traps exits](Context::trap_exits) hears
    /// of every end instead, as a [`Signal::Exit`](crate::Signal::Exit). A link keeps nobody alive, and a child is not linked with its
    /// parent unless one of them asks for it.
    ///
    /// If the other one has ended for good, that is told at once: a failure with the reason [`NoActor`](crate::ExitReason::NoActor), or
    /// `NoConnection` when it lived in another process and was lost.
    ///
    /// # Restarts
    ///
    /// A link joins the present incarnations, so it ends also with an incarnation that a supervisor will replace. With an actor that waits
    /// for its start or its restart, or was told to stop before that, the next incarnation is linked.
    ///
    /// # Other processes
    ///
    /// With an actor of another process the link is known on this side only. Its failure ends this actor as any other would, as does the
    /// loss of the connection. When this one fails the other is stopped over there as by reference, and cannot trap it.
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
    /// struct Session { socket: AnyActorRef }
    ///
    /// impl Actor for Session {
    ///     type Msg = ();
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.link(&self.socket);
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
    ///         Err("protocol error".into())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let socket = system.spawn(Sink);
    /// let session = system.start(Session { socket: socket.any() }).await?;
    /// session.send(()).await?;
    /// let cause = "failed: protocol error".to_owned();
    /// assert_eq!(socket.wait().await, ExitReason::Linked { cause });
    /// # Ok(()) }
    /// ```
    pub fn link(&mut self, target: &AnyActorRef) {
        observe::linked(self.inbox.cell.header(), target.id());
        self.inbox.cell.link(self.inbox.incarnation, target.cell());
    }

    /// Takes a link back, whoever of the two made it. After this returns the end of the other one does nothing to this actor, and its
    /// `Exit` is not handled, even if it was queued already.
    ///
    /// A stop that the end of the other one has asked for already is not called off.
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
    /// struct Patron { artist: AnyActorRef }
    ///
    /// impl Actor for Patron {
    ///     type Msg = ();
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.link(&self.artist);
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, (): (), ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.unlink(&self.artist);
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let artist = system.spawn(Sink);
    /// let patron = system.start(Patron { artist: artist.any() }).await?;
    /// patron.send(()).await?;
    /// patron.drain();
    /// assert_eq!(patron.wait().await, ExitReason::Normal);
    /// artist.kill();
    /// # artist.wait().await;
    /// # Ok(()) }
    /// ```
    pub fn unlink(&mut self, target: &AnyActorRef) {
        observe::unlinked(self.inbox.cell.header(), target.id());
        self.inbox.cell.unlink(target.cell());
    }

    /// Whether this incarnation hears of the ends of linked actors as [`Signal::Exit`](crate::Signal::Exit) instead of ending with them.
    /// At first it does not.
    ///
    /// Then it hears of every end, also of a peaceful one. What cannot be trapped is a [`kill`](crate::ActorRef::kill) of this very actor,
    /// or a stop by its parent or supervisor. What came before this call has done its work.
    ///
    /// # Ordering
    ///
    /// The signal comes behind every message that the dead actor had sent to this one (before all messages in a mailbox that is
    /// last-in-first-out or by priority), and needs no room in it.
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
    /// struct Owner { helper: Option<AnyActorRef>, told: Option<Reply<ExitReason>> }
    ///
    /// impl Actor for Owner {
    ///     type Msg = Reply<ExitReason>;
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.trap_exits(true);
    ///         let helper = ctx.spawn(Sink).any();
    ///         ctx.link(&helper);
    ///         self.helper = Some(helper);
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, reply: Self::Msg, _ctx: &mut Context<Self>) -> ActorResult {
    ///         self.told = Some(reply);
    ///         self.helper.take().ok_or("asked twice")?.kill();
    ///         Ok(())
    ///     }
    ///
    ///     async fn signal(&mut self, signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
    ///         if let (Signal::Exit(exit), Some(reply)) = (signal, self.told.take()) {
    ///             reply.send(exit.reason);
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let owner = system.spawn(Owner { helper: None, told: None });
    /// assert_eq!(owner.ask(|reply| reply).await?, ExitReason::Killed);
    /// # owner.stop(); owner.wait().await;
    /// # Ok(()) }
    /// ```
    #[doc(alias = "process_flag")]
    pub fn trap_exits(&mut self, traps: bool) {
        self.inbox.cell.trap_exits(self.inbox.incarnation, traps);
    }
}
