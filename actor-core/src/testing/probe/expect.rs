//! The methods of a probe that expect something. Each notes its caller, so that what fails names the user's line.

use std::any::type_name;
use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::time::Duration;

use super::kept::{Item, address};
use super::{PATIENCE, Probe, unmet};
use crate::cell::AnyCell;
use crate::observe;
use crate::runtime::{first, sleep};
use crate::sync::{Arc, lock};
use crate::{ActorRef, ExitReason, Reply};

/// What to do with a message when [fishing](Probe::fish).
///
/// # Examples
///
/// See [`Probe::fish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fish {
    /// Keep it, and go on.
    Take,
    /// Drop it, and go on.
    Skip,
    /// Keep it, and that was all.
    Done,
    /// It must not come: fail the test.
    Fail,
}

type Show<'a, M> = &'a (dyn Fn(&M) -> String + Send + Sync);

fn by_type<M>(_: &M) -> String {
    format!("a {}", type_name::<M>())
}

fn by_debug<M: Debug>(message: &M) -> String {
    format!("{message:?}")
}

impl<M: Send + 'static> Probe<M> {
    /// The next message.
    ///
    /// # Panics
    ///
    /// If none comes in time: at the caller's line.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no message is lost.
    ///
    /// # Examples
    ///
    /// See [`TestSystem::probe`](super::super::TestSystem::probe).
    #[track_caller]
    pub fn recv(&self) -> impl Future<Output = M> + Send + '_ {
        let at = self.here();
        async move { self.next("a message", &by_type, at).await }
    }

    /// The next `count` messages.
    ///
    /// # Panics
    ///
    /// If they do not all come in time.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: what it has taken is lost.
    ///
    /// # Examples
    ///
    /// See [`ignore`](Probe::ignore).
    #[track_caller]
    pub fn recv_n(&self, count: usize) -> impl Future<Output = Vec<M>> + Send + '_ {
        let at = self.here();
        async move {
            let mut messages = Vec::new();
            while messages.len() < count {
                let what = format!("message {} of {count}", messages.len() + 1);
                messages.push(self.next(&what, &by_type, at).await);
            }
            messages
        }
    }

    /// Expects the next message to be this one.
    ///
    /// # Panics
    ///
    /// If it is another one, or none comes in time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no message is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let probe = system.probe("words");
    ///     probe.actor_ref().send("tea").await.expect("it lives");
    ///     probe.expect_eq("tea").await;
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn expect_eq(&self, expected: M) -> impl Future<Output = ()> + Send + '_
    where
        M: PartialEq + Debug + Sync,
    {
        let at = self.here();
        async move {
            let wanted = format!("{expected:?}");
            let message = self.next(&wanted, &by_debug, at).await;
            if message != expected {
                self.fail(&wanted, &format!("{message:?}"), &by_debug, at);
            }
        }
    }

    /// What [`expect!`](crate::expect) is made of.
    #[doc(hidden)]
    #[track_caller]
    pub fn expect_match<'a, T: 'a>(
        &'a self,
        pattern: &'a str,
        show: impl Fn(&M) -> String + Send + Sync + 'a,
        matched: impl FnOnce(M) -> Result<T, M> + 'a,
    ) -> impl Future<Output = T> + 'a {
        let at = self.here();
        async move {
            match matched(self.next(pattern, &show, at).await) {
                Ok(value) => value,
                Err(other) => {
                    let got = show(&other);
                    self.kept.put_back(other);
                    self.fail(pattern, &got, &show, at)
                }
            }
        }
    }

    /// Expects the next messages to be these, in whatever order.
    ///
    /// # Panics
    ///
    /// At the first that is not among them, or if they do not all come in time.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: what it has taken is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let probe = system.probe("numbers");
    ///     for n in [2, 3, 1] { probe.actor_ref().send(n).await.expect("it lives"); }
    ///     probe.expect_unordered([1, 2, 3]).await;
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn expect_unordered(
        &self,
        expected: impl IntoIterator<Item = M>,
    ) -> impl Future<Output = ()> + Send + '_
    where
        M: PartialEq + Debug + Sync,
    {
        let at = self.here();
        let mut missing: Vec<M> = expected.into_iter().collect();
        async move {
            while !missing.is_empty() {
                let wanted = format!("one of {missing:?}");
                let message = self.next(&wanted, &by_debug, at).await;
                match missing.iter().position(|one| *one == message) {
                    Some(place) => drop(missing.swap_remove(place)),
                    None => self.fail(&wanted, &format!("{message:?}"), &by_debug, at),
                }
            }
        }
    }

    /// Expects that nothing is there, and that nothing comes while everybody goes on until all have come to rest. No time passes, unless the
    /// probe was told [how long](Probe::within): then nothing may come for so much virtual time.
    ///
    /// # Panics
    ///
    /// If something is there or comes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// See [`Probe`].
    #[track_caller]
    pub fn expect_quiet(&self) -> impl Future<Output = ()> + Send + '_ {
        let at = self.here();
        async move {
            self.system.settle().await;
            if let Some(limit) = self.patience {
                first(poll_fn(|cx| self.kept.poll_any(cx)), sleep(limit)).await;
                self.system.settle().await;
            }
            if self.kept.len() > 0 {
                let got = format!("{} arrived", self.kept.len());
                self.fail("nothing", &got, &by_type, at);
            }
        }
    }

    /// Takes messages as long as `judge` wants more, and returns those it took.
    ///
    /// # Panics
    ///
    /// If it says [`Fish::Fail`], or a message does not come in time.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: what it has taken is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// use actor_core::testing::Fish;
    ///
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let probe = system.probe("numbers");
    ///     for n in [1, 20, 3, 40, 99] { probe.actor_ref().send(n).await.expect("it lives"); }
    ///     let caught = probe.fish(|n| match n {
    ///         99 => Fish::Done,
    ///         0 => Fish::Fail,
    ///         n if *n >= 10 => Fish::Take,
    ///         _ => Fish::Skip,
    ///     }).await;
    ///     assert_eq!(caught, [20, 40, 99]);
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn fish<'a, J>(&'a self, judge: J) -> impl Future<Output = Vec<M>> + Send + 'a
    where
        J: FnMut(&M) -> Fish + Send + 'a,
    {
        let at = self.here();
        let mut judge = judge;
        async move {
            let mut caught = Vec::new();
            loop {
                let message = self.next("more to fish", &by_type, at).await;
                match judge(&message) {
                    Fish::Take => caught.push(message),
                    Fish::Skip => {}
                    Fish::Done => {
                        caught.push(message);
                        return caught;
                    }
                    Fish::Fail => {
                        let got = by_type(&message);
                        self.kept.put_back(message);
                        self.fail("nothing that must not come", &got, &by_type, at)
                    }
                }
            }
        }
    }

    /// Answers the next message, which must be a question: `question` takes the [`Reply`] out of it, or gives it back.
    ///
    /// # Panics
    ///
    /// If it is no such question, or none comes in time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no message is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let clock = system.probe("clock");
    ///     let asked = clock.actor_ref();
    ///     let asker = tokio::spawn(async move { asked.ask(|reply: Reply<u32>| reply).await });
    ///     clock.reply(12, Ok).await;
    ///     assert_eq!(asker.await.expect("it is content"), Ok(12));
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn reply<'a, T: Send + 'static>(
        &'a self,
        answer: T,
        question: impl FnOnce(M) -> Result<Reply<T>, M> + Send + 'a,
    ) -> impl Future<Output = ()> + Send + 'a {
        let at = self.here();
        async move {
            match question(self.next("a question", &by_type, at).await) {
                Ok(reply) => reply.send(answer),
                Err(other) => {
                    self.kept.put_back(other);
                    self.fail("a question", "another message", &by_type, at)
                }
            }
        }
    }

    /// Expects an actor to end, or to have ended, and says why. Messages that came before stay. It is [watched](Probe::watch) from here on, if it
    /// was not before.
    ///
    /// A test that hears of a failure in this way has expected it: it does not fail the run.
    ///
    /// # Panics
    ///
    /// If it does not end in time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_core::testing::Simulation;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let probe = system.probe::<()>("witness");
    ///     let sink = system.spawn(Sink);
    ///     probe.watch(&sink);
    ///     sink.kill();
    ///     assert_eq!(probe.expect_stopped(&sink).await, ExitReason::Killed);
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn expect_stopped<N: Send + 'static>(
        &self,
        actor: &ActorRef<N>,
    ) -> impl Future<Output = ExitReason> + Send + use<'_, M, N> {
        let at = self.here();
        self.watch(actor);
        let cell = Arc::clone(actor.cell()) as Arc<dyn AnyCell>;
        async move {
            let ended = address(&cell);
            let of_this =
                |item: &Item<M>| matches!(item, Item::Stopped { watched, .. } if *watched == ended);
            let Some(Item::Stopped { reason, .. }) = self.take(of_this).await else {
                let wanted = format!("the end of {}", cell.header().id());
                self.fail(&wanted, &self.waited(), &by_type, at)
            };
            self.kept.end_watch(ended);
            lock(&self.system.sim().log).told_of_all(observe::who(cell.header()));
            reason
        }
    }

    #[track_caller]
    fn here(&self) -> &'static Location<'static> {
        self.system.check();
        Location::caller()
    }

    async fn take(&self, is_wanted: impl Fn(&Item<M>) -> bool + Send) -> Option<Item<M>> {
        let taking = poll_fn(|cx| self.kept.poll_take(cx, &is_wanted));
        first(taking, sleep(self.limit())).await
    }

    async fn next(&self, wanted: &str, show: Show<'_, M>, at: &'static Location<'static>) -> M {
        match self.take(|item| matches!(item, Item::Message(_))).await {
            Some(Item::Message(message)) => message,
            _ => self.fail(wanted, &self.waited(), show, at),
        }
    }

    /// How long it waits.
    fn limit(&self) -> Duration {
        self.patience.unwrap_or(PATIENCE)
    }

    fn waited(&self) -> String {
        format!(
            "nothing came: all had come to rest, and {:?} of virtual time passed",
            self.limit()
        )
    }

    fn fail(
        &self,
        wanted: &str,
        got: &str,
        show: Show<'_, M>,
        at: &'static Location<'static>,
    ) -> ! {
        let mut text = format!(
            "probe {:?}\n  expected: {wanted}\n       got: {got}",
            self.name
        );
        let kept = self.kept.shown(show);
        if kept.is_empty() {
            text.push_str("\n  its mailbox is empty");
        } else {
            text.push_str("\n  in its mailbox:");
            for item in kept.iter().take(20) {
                text.push_str(&format!("\n    {item}"));
            }
            if kept.len() > 20 {
                text.push_str(&format!("\n    and {} more", kept.len() - 20));
            }
        }
        unmet::fail(text, at)
    }
}
