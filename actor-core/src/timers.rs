//! The timers of one incarnation: a small ordered table and one sleep, checked where the actor yields.
//!
//! A tick never enters the mailbox, so it needs no room in it, cannot be in it after `cancel`, and cannot reach another incarnation.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::runtime::{Sleep, sleep_until};
use crate::tally::{Gauge, Tally};

/// Names a timer within its actor. Setting a timer under a key that is in use replaces that timer.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::TimerKey;
///
/// enum Msg { Lend(u64), Return(u64), Overdue(u64) }
///
/// struct Library;
///
/// impl Actor for Library {
///     type Msg = Msg;
///
///     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
///         match msg {
///             // One timer per book.
///             Msg::Lend(book) => ctx.send_after(("due", book), Duration::from_secs(60), Msg::Overdue(book)),
///             Msg::Return(book) => drop(ctx.cancel_timer(("due", book))),
///             Msg::Overdue(book) => return Err(format!("book {book} is overdue").into()),
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::builder("demo").timekeeping(actor_core::Timekeeping::Runtime).build();
/// let library = system.spawn(Library);
/// for msg in [Msg::Lend(1), Msg::Lend(2), Msg::Return(1)] {
///     library.send(msg).await?;
/// }
/// assert_eq!(library.wait().await, ExitReason::Failed("book 2 is overdue".to_owned()));
/// assert_eq!(TimerKey::from(("due", 2)), TimerKey::Numbered("due", 2));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TimerKey {
    /// A fixed name.
    Name(&'static str),
    /// A number, for one timer per thing.
    Number(u64),
    /// A name and a number.
    Numbered(&'static str, u64),
}

impl From<&'static str> for TimerKey {
    fn from(name: &'static str) -> Self {
        TimerKey::Name(name)
    }
}

impl From<u64> for TimerKey {
    fn from(number: u64) -> Self {
        TimerKey::Number(number)
    }
}

impl From<(&'static str, u64)> for TimerKey {
    fn from((name, number): (&'static str, u64)) -> Self {
        TimerKey::Numbered(name, number)
    }
}

/// What an interval does about ticks whose time passed while the actor was busy.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::MissedTicks;
///
/// enum Msg { Tick, Nap, Ticks(Reply<u32>) }
///
/// struct Clock { ticks: u32 }
///
/// impl Actor for Clock {
///     type Msg = Msg;
///
///     async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
///         ctx.send_interval_with("tick", Duration::from_secs(1), MissedTicks::Burst, || Msg::Tick);
///         Ok(())
///     }
///
///     async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Self>) -> ActorResult {
///         match msg {
///             Msg::Tick => self.ticks += 1,
///             Msg::Nap => tokio::time::sleep(Duration::from_millis(3_500)).await,
///             Msg::Ticks(reply) => reply.send(self.ticks),
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::builder("demo").timekeeping(actor_core::Timekeeping::Runtime).build();
/// let clock = system.spawn(Clock { ticks: 0 });
/// clock.send(Msg::Nap).await?;
/// tokio::time::sleep(Duration::from_millis(3_600)).await;
/// assert_eq!(clock.ask(Msg::Ticks).await?, 3, "with `Skip` it were 1");
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTicks {
    /// They are left out; the rhythm stays.
    #[default]
    Skip,
    /// They come one after the other until the rhythm is caught up with.
    Burst,
    /// The rhythm starts anew from the late tick.
    Delay,
}

enum Kind<M> {
    Once(M),
    Every {
        period: Duration,
        missed: MissedTicks,
        make: Box<dyn FnMut() -> M + Send>,
    },
}

struct Table<M> {
    tally: Tally,
    due: BTreeMap<(Instant, u64), TimerKey>,
    /// In the order of their keys, so that the end of an incarnation is the same every time.
    timers: BTreeMap<TimerKey, (Instant, u64, Kind<M>)>,
    next: u64,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Until when `sleep` sleeps.
    until: Option<Instant>,
}

/// See the module's header. An actor that sets no timer owns no table.
pub(crate) struct Timers<M> {
    table: Option<Box<Table<M>>>,
}

impl<M> Timers<M> {
    pub(crate) fn new() -> Self {
        Timers { table: None }
    }

    fn table(&mut self, count: &Gauge) -> &mut Table<M> {
        self.table.get_or_insert_with(|| {
            Box::new(Table {
                tally: count.tally(0),
                due: BTreeMap::new(),
                timers: BTreeMap::new(),
                next: 0,
                sleep: None,
                until: None,
            })
        })
    }

    pub(crate) fn set_once(&mut self, key: TimerKey, at: Instant, message: M, count: &Gauge) {
        self.table(count).set(key, at, Kind::Once(message));
    }

    pub(crate) fn set_every(
        &mut self,
        key: TimerKey,
        first: Instant,
        period: Duration,
        missed: MissedTicks,
        make: Box<dyn FnMut() -> M + Send>,
        count: &Gauge,
    ) {
        self.table(count).set(
            key,
            first,
            Kind::Every {
                period,
                missed,
                make,
            },
        );
    }

    pub(crate) fn cancel(&mut self, key: &TimerKey) -> bool {
        self.table
            .as_mut()
            .is_some_and(|table| table.remove(key).is_some())
    }

    /// Makes a timer due at once. `false` if there is none of that name.
    #[cfg(feature = "testing")]
    pub(crate) fn hasten(&mut self, key: &TimerKey) -> bool {
        let table = self.table.as_mut();
        table.is_some_and(|table| match table.timers.get_mut(key) {
            Some((at, number, _)) => {
                table.due.remove(&(*at, *number));
                *at = crate::runtime::now();
                table.due.insert((*at, *number), key.clone());
                true
            }
            None => false,
        })
    }

    /// The timers that are set.
    #[cfg(feature = "testing")]
    pub(crate) fn keys(&self) -> Vec<TimerKey> {
        let table = self.table.as_ref();
        table.map_or_else(Vec::new, |table| table.timers.keys().cloned().collect())
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.table.as_ref().map_or(0, |table| table.timers.len())
    }

    /// Whether the next timer is due.
    pub(crate) fn is_due(&self) -> bool {
        let first = self
            .table
            .as_ref()
            .and_then(|table| table.due.first_key_value());
        first.is_some_and(|((at, _), _)| *at <= crate::runtime::now())
    }

    /// Whether no timer is set.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        match &self.table {
            None => true,
            Some(table) => table.due.is_empty(),
        }
    }

    /// The message of a timer that is due.
    #[inline]
    pub(crate) fn take_due(&mut self) -> Option<(TimerKey, M)> {
        let table = self.table.as_mut()?;
        let (&(at, _), _) = table.due.first_key_value()?;
        let now = crate::runtime::now();
        (at <= now).then(|| table.fire(now))
    }

    /// The message of a timer that is due; otherwise arranges to be polled when the next one is.
    #[inline]
    pub(crate) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<(TimerKey, M)> {
        match &mut self.table {
            None => Poll::Pending,
            Some(table) => table.poll_due(cx),
        }
    }
}

impl<M> Table<M> {
    fn set(&mut self, key: TimerKey, at: Instant, kind: Kind<M>) {
        self.remove(&key);
        self.next += 1;
        self.due.insert((at, self.next), key.clone());
        self.timers.insert(key, (at, self.next, kind));
        self.tally.add_one();
    }

    fn remove(&mut self, key: &TimerKey) -> Option<Kind<M>> {
        let (at, number, kind) = self.timers.remove(key)?;
        self.due.remove(&(at, number));
        self.tally.remove_one();
        Some(kind)
    }

    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<(TimerKey, M)> {
        loop {
            let Some((&(at, _), _)) = self.due.first_key_value() else {
                return Poll::Pending;
            };
            let now = crate::runtime::now();
            if at <= now {
                return Poll::Ready(self.fire(now));
            }
            if self.until != Some(at) {
                self.until = Some(at);
                match &mut self.sleep {
                    Some(sleep) => sleep.as_mut().reset(at.into()),
                    None => self.sleep = Some(Box::pin(sleep_until(at))),
                }
            }
            let sleep = self.sleep.as_mut().expect("a sleep was set above");
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.until = None;
        }
    }

    /// Takes the first timer, which is due.
    fn fire(&mut self, now: Instant) -> (TimerKey, M) {
        let (&(at, number), _) = self
            .due
            .first_key_value()
            .expect("the caller saw a due timer");
        let key = self
            .due
            .remove(&(at, number))
            .expect("the first entry exists");
        let (_, _, kind) = self
            .timers
            .remove(&key)
            .expect("every due entry has its timer");
        self.tally.remove_one();
        match kind {
            Kind::Once(message) => (key, message),
            Kind::Every {
                period,
                missed,
                mut make,
            } => {
                let message = make();
                self.set(
                    key.clone(),
                    next_tick(at, now, period, missed),
                    Kind::Every {
                        period,
                        missed,
                        make,
                    },
                );
                (key, message)
            }
        }
    }
}

/// When an interval ticks next after the tick that was due at `due` is handled at `now`.
fn next_tick(due: Instant, now: Instant, period: Duration, missed: MissedTicks) -> Instant {
    match missed {
        MissedTicks::Burst => due + period,
        MissedTicks::Delay => now + period,
        MissedTicks::Skip => {
            let late = now.saturating_duration_since(due);
            let periods = late.as_nanos() / period.as_nanos().max(1) + 1;
            let whole = period.as_nanos().saturating_mul(periods);
            due + Duration::from_nanos(u64::try_from(whole).unwrap_or(u64::MAX / 4))
        }
    }
}

#[cfg(test)]
mod tests;
