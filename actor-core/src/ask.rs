//! Asking: a message that carries a reply slot, and the wait for it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::SendFuture;
use crate::cell::{AnyCell, Refused};
use crate::observe;
use crate::reply::{Answer, Reply, Slot};
use crate::reply_scope::current_actor;
use crate::runtime::{first, sleep};
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
    pub fn ask<T: Send + 'static>(
        &self,
        message: impl FnOnce(Reply<T>) -> M,
    ) -> impl Future<Output = Result<T, AskError>> {
        Ask::new(self, None, message)
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
    pub fn ask_within<T: Send + 'static>(
        &self,
        deadline: Duration,
        message: impl FnOnce(Reply<T>) -> M,
    ) -> impl Future<Output = Result<T, AskError>> {
        Ask::new(self, Some(deadline), message)
    }
}

/// An ask. By hand, because there is one for every question: the layers of an `async fn` would be entered twice for each, and copy what they
/// hand to one another.
struct Ask<'a, M: Send + 'static, T: Send + 'static, F> {
    target: &'a ActorRef<M>,
    deadline: Option<Duration>,
    /// Until it was asked.
    message: Option<F>,
    stage: Stage<'a, T>,
}

enum Stage<'a, T: Send + 'static> {
    New,
    Asked(Answer<'a, T>),
    /// What few asks need: the wait for room, a deadline of the runtime's.
    Rare(Pin<Box<dyn Future<Output = Result<T, Box<AskError>>> + Send + 'a>>),
    Over,
}

/// Nothing in it is pinned in its place.
impl<M: Send + 'static, T: Send + 'static, F> Unpin for Ask<'_, M, T, F> {}

impl<'a, M, T, F> Ask<'a, M, T, F>
where
    M: Send + 'static,
    T: Send + 'static,
    F: FnOnce(Reply<T>) -> M,
{
    #[inline]
    fn new(target: &'a ActorRef<M>, deadline: Option<Duration>, message: F) -> Self {
        Ask {
            target,
            deadline,
            message: Some(message),
            stage: Stage::New,
        }
    }

    /// Sends the question. The slot has the waker of the asker from the beginning, since no answer comes before this poll is over.
    #[inline]
    fn begin(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, AskError>> {
        let message = self.message.take();
        let message = message.expect("an ask is not polled after it completed");
        let cell = self.target.cell();
        if current_actor() == cell.address() {
            return Poll::Ready(Err(AskError::WouldDeadlock));
        }
        let Some(system) = cell.header().system() else {
            return self.begin_elsewhere(message, cx);
        };
        let deadline = self.deadline.unwrap_or(system.ask_timeout);
        let keeper = Some(&*system.timekeeper);
        let slot = Slot::new(deadline, keeper, cx.waker());
        let reply = Reply::new(&slot);
        observe::asked(cell.header(), &slot);
        self.stage = Stage::Asked(Answer::new(slot, keeper));
        let message = message(reply);
        if cell.is_router() && cell.would_wait_for_itself(Some(&message)) {
            self.stage = Stage::Over;
            return Poll::Ready(Err(AskError::WouldDeadlock));
        }
        match cell.try_push(message) {
            Ok(()) => {}
            Err(Refused::Closed(_)) => return self.closed(),
            Err(Refused::Full(message)) => return self.wait_for_room(message, cx),
        }
        if let Stage::Asked(answer) = &mut self.stage {
            answer.arm();
        }
        Poll::Pending
    }

    /// No system here: by way of an adapter, that of its target; or the actor of a specification that no supervisor has started yet, and so
    /// the runtime's own timer.
    #[cold]
    fn begin_elsewhere(&mut self, message: F, cx: &mut Context<'_>) -> Poll<Result<T, AskError>> {
        let target = self.target;
        if target.cell().is_polled_here() {
            return Poll::Ready(Err(AskError::WouldDeadlock));
        }
        let face = target.cell().face();
        let system = face.header().system();
        let deadline = self
            .deadline
            .unwrap_or(system.map_or(ASK_TIMEOUT, |system| system.ask_timeout));
        let slot = Slot::new(deadline, keeper_of(&*face), cx.waker());
        observe::asked(face.header(), &slot);
        let message = message(Reply::new(&slot));
        let asking = async move {
            let keeper = keeper_of(&*face);
            let asking = ask_in_line(target, Answer::new(slot, keeper), message);
            if keeper.is_some() {
                return asking.await;
            }
            let expired = AskError::Timeout {
                accepted: true,
                after: deadline,
            };
            let answer = first(asking, sleep(deadline)).await;
            answer.unwrap_or_else(|| Err(Box::new(expired)))
        };
        self.go_on(Box::pin(asking), cx)
    }

    #[cold]
    fn closed(&mut self) -> Poll<Result<T, AskError>> {
        self.stage = Stage::Over;
        Poll::Ready(Err(AskError::Closed))
    }

    #[cold]
    fn wait_for_room(&mut self, message: M, cx: &mut Context<'_>) -> Poll<Result<T, AskError>> {
        let Stage::Asked(answer) = std::mem::replace(&mut self.stage, Stage::Over) else {
            unreachable!("the question was about to be sent");
        };
        self.go_on(Box::pin(ask_in_line(self.target, answer, message)), cx)
    }

    fn go_on(
        &mut self,
        mut rest: Pin<Box<dyn Future<Output = Result<T, Box<AskError>>> + Send + 'a>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, AskError>> {
        let polled = rest.as_mut().poll(cx);
        if polled.is_pending() {
            self.stage = Stage::Rare(rest);
        }
        polled.map_err(|error| *error)
    }
}

impl<M, T, F> Future for Ask<'_, M, T, F>
where
    M: Send + 'static,
    T: Send + 'static,
    F: FnOnce(Reply<T>) -> M,
{
    type Output = Result<T, AskError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let answer = match &mut this.stage {
            Stage::Asked(answer) => answer.poll_answer(cx),
            Stage::Rare(rest) => rest.as_mut().poll(cx),
            _ => return this.begin(cx),
        };
        match answer {
            Poll::Pending => Poll::Pending,
            Poll::Ready(answer) => {
                this.stage = Stage::Over;
                Poll::Ready(answer.map_err(|error| *error))
            }
        }
    }
}

fn keeper_of(cell: &dyn AnyCell) -> Option<&Timekeeper> {
    Some(&*cell.header().system()?.timekeeper)
}

/// Waits for room, at most until the deadline of the answer, and then for the answer.
async fn ask_in_line<M: Send + 'static, T: Send + 'static>(
    target: &ActorRef<M>,
    mut answer: Answer<'_, T>,
    message: M,
) -> Result<T, Box<AskError>> {
    {
        let mut sending: SendFuture<'_, M> = target.send(message);
        let sent = poll_fn(|cx| {
            if let Poll::Ready(sent) = Pin::new(&mut sending).poll(cx) {
                return Poll::Ready(sent.map_err(|_| Box::new(AskError::Closed)));
            }
            // Nobody has the message yet, so the slot can only have expired.
            answer
                .poll_answer(cx)
                .map(|early| Err(early.err().unwrap_or_else(|| Box::new(AskError::NoReply))))
        })
        .await;
        sent.map_err(|error| match *error {
            AskError::Timeout { after, .. } => Box::new(AskError::Timeout {
                accepted: false,
                after,
            }),
            _ => error,
        })?;
    }
    poll_fn(|cx| answer.poll_answer(cx)).await
}
