//! What a [`Context`] does about work beside its actor. The work itself: `work` of the crate.

use std::future::Future;

use futures_core::Stream;

use crate::runtime::{Task, What};
use crate::sync::Arc;
use crate::work::{Flow, run_blocking, run_future, run_stream};
use crate::{Actor, Context, WorkId};

const WORK: What = What::Part("work beside an actor");

impl<A: Actor> Context<A> {
    /// Runs a future beside this actor and handles its output, mapped, as a message.
    ///
    /// The actor goes on with its other messages meanwhile; the future makes progress also while a handler waits or blocks. The result
    /// stands behind the messages that are in the mailbox when it comes, and needs no room. The future belongs to this incarnation: it is
    /// dropped when that ends, and its result never reaches another one. While it runs, and until its result has been handled, it keeps
    /// the actor alive as a reference does; `stop` and `drain` do not wait for it.
    ///
    /// A panic in the future or in `map` is a failure of the actor, in the place of the result.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// enum Msg { Fetch(u32), Fetched(u32, String), Pages(Reply<Vec<String>>) }
    ///
    /// #[derive(Default)]
    /// struct Reader { pages: Vec<String> }
    ///
    /// # async fn fetch(page: u32) -> String { format!("page {page}") }
    /// impl Actor for Reader {
    ///     type Msg = Msg;
    ///
    ///     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             Msg::Fetch(page) => {
    ///                 ctx.pipe(fetch(page), move |text| Msg::Fetched(page, text));
    ///             }
    ///             Msg::Fetched(_, text) => self.pages.push(text),
    ///             Msg::Pages(reply) => reply.send(self.pages.clone()),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let reader = system.spawn(Reader::default());
    /// reader.send(Msg::Fetch(7)).await?;
    /// while reader.ask(Msg::Pages).await? != ["page 7"] {}
    /// # Ok(()) }
    /// ```
    #[doc(alias = "pipe_to_self")]
    pub fn pipe<F>(
        &mut self,
        future: F,
        map: impl FnOnce(F::Output) -> A::Msg + Send + 'static,
    ) -> WorkId
    where
        F: Future + Send + 'static,
    {
        let flow = self.flow();
        let work = run_future(Arc::clone(&flow), async move { map(future.await) });
        let task = Task::owned(self.core().runtime.spawn(WORK, work));
        self.add_work(flow, task)
    }

    /// Handles every item of a stream, mapped, as a message, one after the other: the next item is asked for when the last one has been
    /// handled, so a fast stream waits and the mailbox gets its turns.
    ///
    /// An item stands behind the messages that are in the mailbox when it comes, and needs no room. The stream belongs to this incarnation,
    /// and keeps the actor alive as a reference does, until it ends or [`detach`](Context::detach) ends it; `stop` and `drain` do not
    /// wait for it. A panic in the stream or in `map` is a failure of the actor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use std::pin::Pin;
    /// # use std::task::{Context as TaskContext, Poll};
    /// # struct Readings(u32);
    /// # impl actor_core::Stream for Readings {
    /// #     type Item = u32;
    /// #     fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<u32>> {
    /// #         self.0 += 1;
    /// #         Poll::Ready((self.0 <= 3).then_some(self.0))
    /// #     }
    /// # }
    /// # fn readings() -> Readings { Readings(0) }
    /// enum Msg { Reading(u32), Sum(Reply<u32>) }
    ///
    /// struct Gauge { sum: u32 }
    ///
    /// impl Actor for Gauge {
    ///     type Msg = Msg;
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.attach(readings(), Msg::Reading);
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             Msg::Reading(value) => self.sum += value,
    ///             Msg::Sum(reply) => reply.send(self.sum),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let gauge = system.spawn(Gauge { sum: 0 });
    /// while gauge.ask(Msg::Sum).await? != 1 + 2 + 3 {}
    /// # Ok(()) }
    /// ```
    #[doc(alias = "add_stream")]
    pub fn attach<S>(
        &mut self,
        stream: S,
        map: impl FnMut(S::Item) -> A::Msg + Send + 'static,
    ) -> WorkId
    where
        S: Stream + Send + 'static,
    {
        self.attach_stream(stream, map, || None)
    }

    /// Like [`attach`](Context::attach), and handles one more message when the stream has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use std::pin::Pin;
    /// # use std::task::{Context as TaskContext, Poll};
    /// # struct Lines(Vec<String>);
    /// # impl actor_core::Stream for Lines {
    /// #     type Item = String;
    /// #     fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<String>> { Poll::Ready(self.0.pop()) }
    /// # }
    /// enum Msg { Line(String), NoMore }
    ///
    /// struct Counter { lines: usize, input: Option<Lines> }
    ///
    /// impl Actor for Counter {
    ///     type Msg = Msg;
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         if let Some(input) = self.input.take() {
    ///             ctx.attach_with_end(input, Msg::Line, || Msg::NoMore);
    ///         }
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             Msg::Line(_) => self.lines += 1,
    ///             Msg::NoMore => {
    ///                 assert_eq!(self.lines, 2);
    ///                 ctx.stop();
    ///             }
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// # let input = Lines(vec!["one".to_owned(), "two".to_owned()]);
    /// let counter = system.spawn(Counter { lines: 0, input: Some(input) });
    /// assert_eq!(counter.wait().await, ExitReason::Normal);
    /// # Ok(()) }
    /// ```
    pub fn attach_with_end<S>(
        &mut self,
        stream: S,
        map: impl FnMut(S::Item) -> A::Msg + Send + 'static,
        end: impl FnOnce() -> A::Msg + Send + 'static,
    ) -> WorkId
    where
        S: Stream + Send + 'static,
    {
        self.attach_stream(stream, map, || Some(end()))
    }

    fn attach_stream<S>(
        &mut self,
        stream: S,
        map: impl FnMut(S::Item) -> A::Msg + Send + 'static,
        end: impl FnOnce() -> Option<A::Msg> + Send + 'static,
    ) -> WorkId
    where
        S: Stream + Send + 'static,
    {
        let flow = self.flow();
        let work = run_stream(Arc::clone(&flow), stream, map, end);
        let task = Task::owned(self.core().runtime.spawn(WORK, work));
        self.add_work(flow, task)
    }

    /// Runs a call that may block on a thread that is made for such, and handles its result, mapped, as a message. Otherwise like
    /// [`pipe`](Context::pipe).
    ///
    /// A call that runs cannot be interrupted. If this incarnation ends before, its result is dropped; one that has not begun does not
    /// begin.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// enum Msg { Digest(Vec<u8>, Reply<u64>), Done(u64, Reply<u64>) }
    ///
    /// struct Digester;
    ///
    /// # fn digest(data: &[u8]) -> u64 { data.iter().map(|byte| u64::from(*byte)).sum() }
    /// impl Actor for Digester {
    ///     type Msg = Msg;
    ///
    ///     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             Msg::Digest(data, reply) => {
    ///                 ctx.spawn_blocking(move || digest(&data), |sum| Msg::Done(sum, reply));
    ///             }
    ///             Msg::Done(sum, reply) => reply.send(sum),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let digester = system.spawn(Digester);
    /// assert_eq!(digester.ask(|reply| Msg::Digest(vec![3, 4], reply)).await?, 7);
    /// # Ok(()) }
    /// ```
    pub fn spawn_blocking<T>(
        &mut self,
        call: impl FnOnce() -> T + Send + 'static,
        map: impl FnOnce(T) -> A::Msg + Send + 'static,
    ) -> WorkId {
        let flow = self.flow();
        let call = run_blocking(Arc::clone(&flow), move || map(call()));
        let task = Task::owned(self.core().runtime.spawn_blocking(call));
        self.add_work(flow, task)
    }

    /// Ends a stream, a future or a blocking call that this incarnation has started: after this returns, nothing of it is handled, also
    /// when it was in the mailbox already. The future or stream is dropped at its next await. Returns whether there was such work.
    ///
    /// # Examples
    ///
    /// See [`WorkId`].
    pub fn detach(&mut self, id: WorkId) -> bool {
        let rare = self.inbox.rare_if_any();
        rare.is_some_and(|rare| rare.work.detach(id))
    }

    fn flow(&self) -> Arc<Flow<A::Msg>> {
        Flow::new(self.core().next_id(), &self.inbox.cell)
    }

    fn add_work(&mut self, flow: Arc<Flow<A::Msg>>, task: Task) -> WorkId {
        let id = flow.id();
        self.inbox.add_work(flow, task);
        WorkId(id)
    }
}
