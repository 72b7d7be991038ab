//! The tasks in which work runs: each polls a piece of user code, catches its panic, and hands its results to the [`Flow`].

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::flow::{Flow, Taken};
use crate::reply_scope::Scope;
use crate::sync::Arc;
use crate::{AskError, ExitReason};

/// Runs a future to its output, which is a message.
pub(crate) fn run_future<M, F>(flow: Arc<Flow<M>>, future: F) -> impl Future<Output = ()> + Send
where
    M: Send + 'static,
    F: Future<Output = M> + Send,
{
    let mut held = Held::new(flow, Box::pin(future));
    async move {
        let output = poll_fn(|cx| held.poll(|future| future.as_mut().poll(cx))).await;
        // What the future held is free when its result is handled.
        held.drop_code();
        let result = output.map_or_else(Taken::Failed, Taken::Message);
        held.flow.deliver(result, true);
    }
}

/// Runs a stream to its end, one item at a time; `last`, if it gives one, is the message for the end itself.
pub(crate) fn run_stream<M, S>(
    flow: Arc<Flow<M>>,
    stream: S,
    map: impl FnMut(S::Item) -> M + Send,
    last: impl FnOnce() -> Option<M> + Send,
) -> impl Future<Output = ()> + Send
where
    M: Send + 'static,
    S: Stream + Send,
{
    // The map functions are user code as well, and run under the same guard.
    let mut held = Held::new(flow, (Box::pin(stream), map, Some(last)));
    async move {
        let last_result = loop {
            if !poll_fn(|cx| held.flow.poll_wanted(cx)).await {
                return;
            }
            match poll_fn(|cx| held.poll(|code| poll_item(code, cx))).await {
                Ok(Some((message, false))) => held.flow.deliver(Taken::Message(message), false),
                Ok(Some((message, true))) => break Taken::Message(message),
                Ok(None) => break Taken::Nothing,
                Err(reason) => break Taken::Failed(reason),
            }
        };
        held.drop_code();
        held.flow.deliver(last_result, true);
    }
}

/// The next message of a stream, and whether it is the one for its end.
fn poll_item<M, S: Stream>(
    (stream, map, last): &mut (
        Pin<Box<S>>,
        impl FnMut(S::Item) -> M,
        Option<impl FnOnce() -> Option<M>>,
    ),
    cx: &mut Context<'_>,
) -> Poll<Option<(M, bool)>> {
    stream.as_mut().poll_next(cx).map(|item| match item {
        Some(item) => Some((map(item), false)),
        None => last
            .take()
            .and_then(|last| last())
            .map(|message| (message, true)),
    })
}

/// Runs a blocking call on a thread that is made for such.
pub(crate) fn run_blocking<M, F>(flow: Arc<Flow<M>>, call: F) -> impl FnOnce() + Send
where
    M: Send + 'static,
    F: FnOnce() -> M + Send,
{
    let mut held = Held::new(flow, Some(call));
    move || {
        let output = held.poll(|call| {
            let call = call.take().expect("a call is made once");
            Poll::Ready(call())
        });
        if let Poll::Ready(output) = output {
            let result = output.map_or_else(Taken::Failed, Taken::Message);
            held.flow.deliver(result, true);
        }
    }
}

/// User code that is polled. Dropping it is user code as well, whether it ever ran or not: its panic is caught, replies that it takes along
/// resolve, and the flow hears that there is nobody any more.
struct Held<M: Send + 'static, T> {
    flow: Arc<Flow<M>>,
    code: Option<T>,
}

impl<M: Send + 'static, T> Held<M, T> {
    fn new(flow: Arc<Flow<M>>, code: T) -> Self {
        Held {
            flow,
            code: Some(code),
        }
    }

    fn poll<R>(&mut self, poll: impl FnOnce(&mut T) -> Poll<R>) -> Poll<Result<R, ExitReason>> {
        let code = self.code.as_mut();
        let code = code.expect("the code is not polled after it has ended");
        let scope = Scope::for_drop();
        match crate::panic::catch(|| poll(code)) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => {
                let reason = ExitReason::from(panic);
                let why = AskError::Failed {
                    reason: reason.clone(),
                };
                self.flow.set_why(why.clone());
                scope.close(|| why.clone());
                Poll::Ready(Err(reason))
            }
        }
    }

    fn drop_code(&mut self) {
        if let Some(code) = self.code.take() {
            self.flow.discard(code);
        }
    }
}

impl<M: Send + 'static, T> Drop for Held<M, T> {
    fn drop(&mut self) {
        self.drop_code();
        self.flow.abandoned();
    }
}
