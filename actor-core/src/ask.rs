//! Asking: a message that carries a reply slot, and the wait for it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use crate::SendFuture;
use crate::cell::Refused;
use crate::reply::{Answer, Reply};
use crate::reply_scope::current_actor;
use crate::system::ASK_TIMEOUT;
use crate::timekeeper::Timekeeper;
use crate::{ActorRef, AskError};

impl<M: Send + 'static> ActorRef<M> {
    /// Sends a message that carries a [`Reply`] and waits for the answer, within the system's default deadline (5 seconds unless the
    /// system says otherwise).
    ///
    /// # Errors
    ///
    /// An ask always resolves; [`AskError`] says how, and [`AskError::may_have_run`] whether a retry might do the work twice.
    ///
    /// # Cancel safety
    ///
    /// Dropping it withdraws a request that waits for room; one that was accepted is handled, and its answer dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Counter { total: u64 }
    /// # enum CounterMsg { Add(u64), Get(Reply<u64>) }
    /// # impl Actor for Counter {
    /// #     type Msg = CounterMsg;
    /// #     async fn handle(&mut self, msg: CounterMsg, _: &mut Context<Self>) -> ActorResult {
    /// #         match msg {
    /// #             CounterMsg::Add(n) => self.total += n,
    /// #             CounterMsg::Get(reply) => reply.send(self.total),
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let counter = system.spawn(Counter { total: 2 });
    /// match counter.ask(CounterMsg::Get).await {
    ///     Ok(total) => assert_eq!(total, 2),
    ///     Err(error) if !error.may_have_run() => eprintln!("nothing happened, so try elsewhere: {error}"),
    ///     Err(error) => return Err(error.into()),
    /// }
    ///
    /// // Messages with fields beside the reply are made by a closure.
    /// # enum ListMsg { Nth(usize, Reply<Option<u32>>) }
    /// # struct List(Vec<u32>);
    /// # impl Actor for List {
    /// #     type Msg = ListMsg;
    /// #     async fn handle(&mut self, ListMsg::Nth(n, reply): ListMsg, _: &mut Context<Self>) -> ActorResult {
    /// #         reply.send(self.0.get(n).copied());
    /// #         Ok(())
    /// #     }
    /// # }
    /// # let list = system.spawn(List(vec![5, 6]));
    /// assert_eq!(list.ask(|reply| ListMsg::Nth(1, reply)).await?, Some(6));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "call")]
    pub async fn ask<T: Send + 'static>(
        &self,
        message: impl FnOnce(Reply<T>) -> M,
    ) -> Result<T, AskError> {
        self.ask_until(None, message).await
    }

    /// Like [`ask`](ActorRef::ask), with a deadline of its own. The deadline covers waiting for room, is never early and at most 10 ms
    /// late; it does not stop the work.
    ///
    /// # Errors
    ///
    /// See [`ask`](ActorRef::ask).
    ///
    /// # Cancel safety
    ///
    /// See [`ask`](ActorRef::ask).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Mute;
    /// # impl Actor for Mute {
    /// #     type Msg = Reply<u32>;
    /// #     async fn handle(&mut self, reply: Reply<u32>, _: &mut Context<Self>) -> ActorResult {
    /// #         tokio::spawn(async move { let _kept = reply; std::future::pending::<()>().await });
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let mute = system.spawn(Mute);
    /// let answer = mute.ask_within(Duration::from_millis(20), |reply| reply).await;
    /// assert!(matches!(answer, Err(AskError::Timeout { accepted: true, .. })));
    /// # Ok(()) }
    /// ```
    pub async fn ask_within<T: Send + 'static>(
        &self,
        deadline: Duration,
        message: impl FnOnce(Reply<T>) -> M,
    ) -> Result<T, AskError> {
        self.ask_until(Some(deadline), message).await
    }

    async fn ask_until<T: Send + 'static>(
        &self,
        deadline: Option<Duration>,
        message: impl FnOnce(Reply<T>) -> M,
    ) -> Result<T, AskError> {
        if current_actor() == self.cell().address() {
            return Err(AskError::WouldDeadlock);
        }
        match self.cell().header().system() {
            Some(system) => {
                let deadline = deadline.unwrap_or(system.ask_timeout);
                let keeper = Some(&*system.timekeeper);
                self.ask_watched(deadline, keeper, message).await
            }
            None => self.ask_elsewhere(deadline, message).await,
        }
    }

    /// No system here: by way of an adapter, that of its target; or the actor of a specification that no supervisor has started yet, and so
    /// the runtime's own timer.
    #[cold]
    fn ask_elsewhere<'a, T: Send + 'static>(
        &'a self,
        deadline: Option<Duration>,
        message: impl FnOnce(Reply<T>) -> M + 'a,
    ) -> Pin<Box<impl Future<Output = Result<T, AskError>> + 'a>> {
        Box::pin(async move {
            if self.cell().is_polled_here() {
                return Err(AskError::WouldDeadlock);
            }
            let face = self.cell().face();
            if let Some(system) = face.header().system() {
                let deadline = deadline.unwrap_or(system.ask_timeout);
                let keeper = Some(&*system.timekeeper);
                return self.ask_watched(deadline, keeper, message).await;
            }
            let deadline = deadline.unwrap_or(ASK_TIMEOUT);
            let expired = AskError::Timeout {
                accepted: true,
                after: deadline,
            };
            tokio::time::timeout(deadline, self.ask_watched(deadline, None, message))
                .await
                .unwrap_or(Err(expired))
        })
    }

    async fn ask_watched<T: Send + 'static>(
        &self,
        deadline: Duration,
        keeper: Option<&Timekeeper>,
        message: impl FnOnce(Reply<T>) -> M,
    ) -> Result<T, AskError> {
        // No answer comes before the first wait, so the slot has its waker from the beginning.
        let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let (mut answer, reply) = Answer::new(deadline, keeper, waker);
        match self.cell().try_push(message(reply)) {
            Ok(()) => {}
            Err(Refused::Closed(_)) => return Err(AskError::Closed),
            Err(Refused::Full(message)) => self.ask_in_line(&mut answer, message).await?,
        }
        answer.await
    }

    /// Waits for room, at most until the deadline of the answer.
    async fn ask_in_line<T: Send + 'static>(
        &self,
        answer: &mut Answer<'_, T>,
        message: M,
    ) -> Result<(), AskError> {
        let mut sending: SendFuture<'_, M> = self.send(message);
        let sent = poll_fn(|cx| {
            if let Poll::Ready(sent) = Pin::new(&mut sending).poll(cx) {
                return Poll::Ready(sent.map_err(|_| AskError::Closed));
            }
            // Nobody has the message yet, so the slot can only have expired.
            answer
                .poll_answer(cx)
                .map(|early| Err(early.err().unwrap_or(AskError::NoReply)))
        })
        .await;
        match sent {
            Err(AskError::Timeout { after, .. }) => Err(AskError::Timeout {
                accepted: false,
                after,
            }),
            other => other,
        }
    }
}
