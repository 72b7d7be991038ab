//! The trait that a user implements.

use std::future::Future;

use crate::{BoxError, Context, ExitReason, Signal};

/// What handlers and hooks return. An `Err` is a failure of the actor: it ends with [`ExitReason::Failed`].
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// struct Sum { total: i64 }
///
/// impl Actor for Sum {
///     type Msg = String;
///
///     async fn handle(&mut self, line: String, _ctx: &mut Context<Self>) -> ActorResult {
///         self.total += line.parse::<i64>()?;
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sum = system.spawn(Sum { total: 0 });
/// sum.send("seven".to_owned()).await?;
/// assert_eq!(sum.wait().await, ExitReason::Failed("invalid digit found in string".to_owned()));
/// # Ok(()) }
/// ```
pub type ActorResult = Result<(), BoxError>;

/// State with a mailbox, handling one message at a time.
///
/// Only `Msg` and `handle` must be written. The functions are plain async functions; write them as `async fn`. Whatever they borrow
/// stays borrowed over their awaits, so a handler has `&mut self` until it returns.
///
/// A panic in any of them is caught and ends this actor only.
///
/// # Cancel safety
///
/// A kill drops whichever function runs at one of its awaits. What must not be left half done belongs between two awaits.
///
/// # Examples
///
/// ```
/// use actor_core::prelude::*;
///
/// struct Counter { total: u64 }
/// enum CounterMsg { Add(u64), Get(Reply<u64>) }
///
/// impl Actor for Counter {
///     type Msg = CounterMsg;
///
///     async fn handle(&mut self, msg: CounterMsg, _ctx: &mut Context<Self>) -> ActorResult {
///         match msg {
///             CounterMsg::Add(n) => self.total += n,
///             CounterMsg::Get(reply) => reply.send(self.total),
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let system = ActorSystem::new("demo");
/// let counter = system.spawn(Counter { total: 0 });
/// counter.send(CounterMsg::Add(2)).await?;
/// assert_eq!(counter.ask(CounterMsg::Get).await?, 2);
/// # Ok(()) }
/// ```
///
/// The hooks around the messages:
///
/// ```
/// # use actor_core::prelude::*;
/// struct Visit { guest: &'static str, log: ActorRef<String> }
///
/// impl Actor for Visit {
///     type Msg = ();
///
///     async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
///         self.log.send(format!("{} came", self.guest)).await?;
///         Ok(())
///     }
///
///     async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
///         Ok(())
///     }
///
///     async fn stopped(&mut self, reason: &ExitReason, _ctx: &mut Context<Self>) {
///         // Nobody may be there to hear it any more.
///         drop(self.log.send(format!("{} left: {reason}", self.guest)).await);
///     }
/// }
///
/// # struct Log { lines: Vec<String>, done: Option<Reply<Vec<String>>> }
/// # impl Actor for Log {
/// #     type Msg = String;
/// #     async fn handle(&mut self, line: String, ctx: &mut Context<Self>) -> ActorResult {
/// #         self.lines.push(line);
/// #         if self.lines.len() == 2 {
/// #             assert_eq!(self.lines, ["Ada came", "Ada left: normal"]);
/// #             ctx.stop();
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let log = system.spawn(Log { lines: Vec::new(), done: None });
/// let visit = system.start(Visit { guest: "Ada", log: log.clone() }).await?;
/// visit.stop();
/// assert_eq!(visit.wait().await, ExitReason::Normal);
/// // The log now holds "Ada came" and "Ada left: normal".
/// # assert_eq!(log.wait().await, ExitReason::Normal);
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an actor",
    label = "not an actor",
    note = "an actor implements `Actor`: `type Msg` and `async fn handle(&mut self, msg, ctx) -> ActorResult`",
    note = "what is spawned is the state itself; a supervisor is given a function that makes it: `ChildSpec::new(id, || state)`"
)]
#[doc(alias = "GenServer")]
pub trait Actor: Sized + Send + 'static {
    /// What it is sent; usually an enum.
    type Msg: Send + 'static;

    /// Runs before the first message. An error here means that the actor did not start; `stopped` does not run then.
    fn started(&mut self, ctx: &mut Context<Self>) -> impl Future<Output = ActorResult> + Send {
        let _ = ctx;
        async { Ok(()) }
    }

    /// Handles one message.
    fn handle(
        &mut self,
        msg: Self::Msg,
        ctx: &mut Context<Self>,
    ) -> impl Future<Output = ActorResult> + Send;

    /// Handles a signal: the end of a monitored actor, the exit of a linked one, a restart.
    fn signal(
        &mut self,
        signal: Signal,
        ctx: &mut Context<Self>,
    ) -> impl Future<Output = ActorResult> + Send {
        let _ = (signal, ctx);
        async { Ok(()) }
    }

    /// Runs once after a stop, a drain, an error or a panic, when the children have ended; never after a kill.
    fn stopped(
        &mut self,
        reason: &ExitReason,
        ctx: &mut Context<Self>,
    ) -> impl Future<Output = ()> + Send {
        let _ = (reason, ctx);
        async {}
    }
}
