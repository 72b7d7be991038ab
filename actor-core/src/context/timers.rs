//! What a [`Context`] does about timers. The timers themselves: `timers.rs` of the crate.

use std::time::Duration;

use crate::observe;
use crate::runtime::after;
use crate::timers::{MissedTicks, TimerKey};
use crate::{Actor, Context};

impl<A: Actor> Context<A> {
    /// Handles `message` after `delay`, unless the timer is cancelled, replaced, or this incarnation ends before.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// enum Msg { Work, Idle }
    ///
    /// struct Worker;
    ///
    /// impl Actor for Worker {
    ///     type Msg = Msg;
    ///
    ///     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             // Each message sets the same timer anew, so it fires after a minute without any.
    ///             Msg::Work => ctx.send_after("idle", Duration::from_secs(60), Msg::Idle),
    ///             Msg::Idle => ctx.stop(),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::builder("demo").timekeeping(actor_core::Timekeeping::Runtime).build();
    /// let worker = system.spawn(Worker);
    /// worker.send(Msg::Work).await?;
    /// assert_eq!(worker.wait().await, ExitReason::Normal);
    /// # Ok(()) }
    /// ```
    pub fn send_after(&mut self, key: impl Into<TimerKey>, delay: Duration, message: A::Msg) {
        let (key, count) = (key.into(), self.core().timers.clone());
        observe::timer_set(self.inbox.cell.header(), &key, delay);
        let timers = &mut self.inbox.rare().timers;
        timers.set_once(key, after(delay), message, &count);
    }

    /// Handles a message every `period`, the first after one period. The rhythm does not drift; ticks that were missed are skipped.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// enum Msg { Tick, Ticks(Reply<u32>) }
    ///
    /// struct Clock { ticks: u32 }
    ///
    /// impl Actor for Clock {
    ///     type Msg = Msg;
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.send_interval("tick", Duration::from_secs(1), || Msg::Tick);
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             Msg::Tick => self.ticks += 1,
    ///             Msg::Ticks(reply) => reply.send(self.ticks),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::builder("demo").timekeeping(actor_core::Timekeeping::Runtime).build();
    /// let clock = system.spawn(Clock { ticks: 0 });
    /// tokio::time::sleep(Duration::from_millis(3_500)).await;
    /// assert_eq!(clock.ask(Msg::Ticks).await?, 3);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn send_interval(
        &mut self,
        key: impl Into<TimerKey>,
        period: Duration,
        make: impl FnMut() -> A::Msg + Send + 'static,
    ) {
        self.send_interval_with(key, period, MissedTicks::default(), make);
    }

    /// Like [`send_interval`](Context::send_interval), with a choice of what happens to missed ticks.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::MissedTicks;
    ///
    /// # enum Msg { Tick, Ticks(Reply<u32>) }
    ///
    /// # struct Clock { ticks: u32 }
    ///
    /// impl Actor for Clock {
    ///     type Msg = Msg;
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.send_interval_with("tick", Duration::from_secs(1), MissedTicks::Delay, || Msg::Tick);
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             Msg::Tick => self.ticks += 1,
    ///             Msg::Ticks(reply) => reply.send(self.ticks),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::builder("demo").timekeeping(actor_core::Timekeeping::Runtime).build();
    /// let clock = system.spawn(Clock { ticks: 0 });
    /// tokio::time::sleep(Duration::from_millis(3_500)).await;
    /// assert_eq!(clock.ask(Msg::Ticks).await?, 3);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn send_interval_with(
        &mut self,
        key: impl Into<TimerKey>,
        period: Duration,
        missed: MissedTicks,
        make: impl FnMut() -> A::Msg + Send + 'static,
    ) {
        assert!(!period.is_zero(), "an interval needs a period above zero");
        let (key, count) = (key.into(), self.core().timers.clone());
        observe::timer_set(self.inbox.cell.header(), &key, period);
        self.inbox.rare().timers.set_every(
            key,
            after(period),
            period,
            missed,
            Box::new(make),
            &count,
        );
    }

    /// Ends a timer. After this returns no tick of it is handled. Returns whether there was one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// enum Msg { Explode, Defuse(Reply<bool>) }
    ///
    /// struct Bomb;
    ///
    /// impl Actor for Bomb {
    ///     type Msg = Msg;
    ///
    ///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
    ///         ctx.send_after("fuse", Duration::from_secs(10), Msg::Explode);
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
    ///         match msg {
    ///             Msg::Explode => Err("boom".into()),
    ///             Msg::Defuse(reply) => Ok(reply.send(ctx.cancel_timer("fuse"))),
    ///         }
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::builder("demo").timekeeping(actor_core::Timekeeping::Runtime).build();
    /// let bomb = system.spawn(Bomb);
    /// assert!(bomb.ask(Msg::Defuse).await?, "there was a timer");
    /// assert!(!bomb.ask(Msg::Defuse).await?, "and it is gone");
    /// # Ok(()) }
    /// ```
    pub fn cancel_timer(&mut self, key: impl Into<TimerKey>) -> bool {
        let key = key.into();
        let was_set = self
            .inbox
            .rare_if_any()
            .is_some_and(|rare| rare.timers.cancel(&key));
        if was_set {
            observe::timer_cancelled(self.inbox.cell.header(), &key);
        }
        was_set
    }
}
