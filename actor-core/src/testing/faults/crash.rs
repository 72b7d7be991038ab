//! Crashes at a chosen message.

use std::fmt;

use super::Interception;
use super::table::Decision;
use crate::ActorRef;
use crate::testing::TestSystem;

/// How an actor is to crash; see [`TestSystem::crash_next`].
///
/// # Examples
///
/// ```
/// use actor_core::testing::Crash;
///
/// let crashes = [Crash::Error("no disk".into()), Crash::Panic("index".into()), Crash::Kill];
/// # drop(crashes);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crash {
    /// As if its handler had returned this error.
    Error(String),
    /// As if its handler had panicked so.
    Panic(String),
    /// As if it had been killed while it handled the message.
    Kill,
}

/// At which message; see [`TestSystem::crash_next`].
///
/// # Examples
///
/// ```
/// use actor_core::testing::When;
///
/// let whens: [When<u32>; 3] = [When::next(), When::nth(3), When::message(|n| *n > 100)];
/// # drop(whens);
/// ```
pub struct When<M> {
    is_met: Box<dyn FnMut(&M) -> bool + Send>,
}

impl<M> When<M> {
    /// The next one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::When;
    /// let when = When::<u32>::next();
    /// # drop(when);
    /// ```
    #[must_use]
    pub fn next() -> Self {
        When::nth(1)
    }

    /// The n-th one from now on; the next one is the first.
    ///
    /// # Panics
    ///
    /// If this is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::When;
    /// let when = When::<u32>::nth(3);
    /// # drop(when);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn nth(n: u64) -> Self {
        assert!(n > 0, "messages are counted from 1");
        let mut left = n;
        When::message(move |_| {
            left -= 1;
            left == 0
        })
    }

    /// The next one of which this holds.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::When;
    /// let when = When::message(|text: &String| text.is_empty());
    /// # drop(when);
    /// ```
    #[must_use]
    pub fn message(is_met: impl FnMut(&M) -> bool + Send + 'static) -> Self {
        When {
            is_met: Box::new(is_met),
        }
    }
}

impl<M> fmt::Debug for When<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("When")
    }
}

impl TestSystem {
    /// Makes an actor crash at one message, once. The message is lost as one is that makes an actor fail: it had begun, and is not handled
    /// again; a reply in it says why. That the actor fails is no failure of the test.
    ///
    /// # Panics
    ///
    /// Outside of its simulation, and for an actor that no test can intercept: see [`intercept`](TestSystem::intercept).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{Crash, Simulation, When};
    ///
    /// # struct Echo;
    /// # impl Actor for Echo {
    /// #     type Msg = Reply<u32>;
    /// #     async fn handle(&mut self, reply: Reply<u32>, ctx: &mut Context<Self>) -> ActorResult { reply.send(ctx.incarnation()); Ok(()) }
    /// # }
    /// # fn main() -> Result<(), BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     let (spec, echo) = ChildSpec::new("echo", || Echo).build();
    ///     Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await.expect("it starts");
    ///
    ///     system.crash_next(&echo, When::nth(2), Crash::Panic("as the test wants".into()));
    ///
    ///     assert_eq!(echo.ask(|reply| reply).await, Ok(1));
    ///     assert!(matches!(echo.ask(|reply| reply).await, Err(AskError::Failed { .. })));
    ///     assert_eq!(echo.ask(|reply| reply).await, Ok(2), "it was restarted");
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn crash_next<M: Send + 'static>(
        &self,
        actor: &ActorRef<M>,
        when: When<M>,
        crash: Crash,
    ) -> Interception {
        let (mut when, mut crash) = (when, Some(crash));
        self.set_fault(
            actor,
            Box::new(move |message: &M, _, _| {
                if crash.is_none() || !(when.is_met)(message) {
                    return Decision::Deliver;
                }
                crash.take().map_or(Decision::Deliver, Decision::Crash)
            }),
        )
    }
}
