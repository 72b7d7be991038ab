//! Asks of the test, and answers to those of the actor.

use std::any::type_name;

use super::{Effects, Harness, OpenAsk, asks, list};
use crate::sync::lock;
use crate::{Actor, AskError, Reply};

impl<A: Actor> Harness<A> {
    /// Asks the actor. The answer, once there is one, is in the [`replies`](Effects::replies) of the call in which it came; there is no
    /// deadline.
    ///
    /// # Panics
    ///
    /// As [`send`](Harness::send).
    ///
    /// # Examples
    ///
    /// See [`Effects::replies`].
    #[track_caller]
    pub fn ask<T: Send + 'static>(&mut self, message: impl FnOnce(Reply<T>) -> A::Msg) -> Effects {
        let (asked, reply) = asks::open();
        self.asked.push(asked);
        self.send_it(message(reply))
    }

    /// Answers the oldest open ask for a `T` that was made to a stand-in. The reply in the stand-in's message is of no use from then on.
    ///
    /// # Panics
    ///
    /// If no stand-in is asked for such a value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::Harness;
    ///
    /// # struct Cache { db: ActorRef<Reply<u32>>, value: u32 }
    /// # impl Actor for Cache {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult {
    /// #         self.value = self.db.ask(|reply| reply).await?;
    /// #         Ok(())
    /// #     }
    /// # }
    /// let mut cache = Harness::with(|stage| Cache { db: stage.reference("db"), value: 0 });
    /// cache.send(()); // Its handler waits for the answer now.
    /// cache.complete_ask(7_u32);
    /// assert_eq!(cache.state().value, 7);
    /// ```
    #[track_caller]
    pub fn complete_ask<T: Send + 'static>(&mut self, value: T) -> Effects {
        let asks = self.open_asks();
        let Some(ask) = asks.iter().position(OpenAsk::takes::<T>) else {
            let known: Vec<_> = asks.iter().map(|ask| ask.answer).collect();
            self.keep_asks(asks);
            panic!(
                "no stand-in is asked for {}; {}",
                type_name::<T>(),
                list("they are asked for", &known)
            );
        };
        self.resolve(asks, ask, move |ask| ask.complete(Ok(value)))
    }

    /// Lets the oldest open ask that was made to a stand-in end in an error.
    ///
    /// # Panics
    ///
    /// If no stand-in is asked anything.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{Effect, Harness};
    ///
    /// # struct Cache { db: ActorRef<Reply<u32>>, value: u32 }
    /// # impl Actor for Cache {
    /// #     type Msg = ();
    /// #     async fn handle(&mut self, (): (), _: &mut Context<Self>) -> ActorResult {
    /// #         self.value = self.db.ask(|reply| reply).await?;
    /// #         Ok(())
    /// #     }
    /// # }
    /// let mut cache = Harness::with(|stage| Cache { db: stage.reference("db"), value: 0 });
    /// cache.send(());
    /// let effects = cache.fail_ask(AskError::NoReply);
    /// let reason = ExitReason::Failed(AskError::NoReply.to_string());
    /// assert_eq!(effects, [Effect::stopped(reason)]);
    /// ```
    #[track_caller]
    pub fn fail_ask(&mut self, why: AskError) -> Effects {
        let asks = self.open_asks();
        assert!(!asks.is_empty(), "no stand-in is asked anything");
        self.resolve(asks, 0, move |ask| ask.fail(why))
    }

    #[track_caller]
    fn resolve(
        &mut self,
        mut asks: Vec<OpenAsk>,
        at: usize,
        resolve: impl FnOnce(OpenAsk) + 'static,
    ) -> Effects {
        let ask = asks.remove(at);
        self.keep_asks(asks);
        self.run(async move { resolve(ask) }).1
    }

    pub(super) fn open_asks(&self) -> Vec<OpenAsk> {
        let asks = lock(&self.stage.machine.sim.asks).replace(Vec::new());
        let mut asks = asks.unwrap_or_default();
        asks.retain(|ask| ask.is_open() && self.stage.has(ask.target));
        asks
    }

    pub(super) fn keep_asks(&self, asks: Vec<OpenAsk>) {
        *lock(&self.stage.machine.sim.asks) = Some(asks);
    }
}
