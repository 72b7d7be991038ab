//! The incarnation's side of the mailbox: what it has drawn, how far it is, and what comes next.
//!
//! A batch is swapped out under one lock and worked through without any. After [`RUN`] messages the actor yields its thread, so one
//! busy actor cannot starve others and its own timers and signals are seen in time; yielding also passes room on to waiting senders.
//! A mailbox with less room than that passes it on more often.
//!
//! Every idle actor has one, so it is small: what few actors need is in [`Rare`].

use std::task::{Context, Poll};
use std::time::Duration;

use crate::cell::{AnyCell, Cell, Drawn};
use crate::lifecycle::control;
use crate::mailbox::batch::Batch;
use crate::mailbox::queue::{Extra, Item};
use crate::reply_scope;
use crate::sync::{Arc, Ordering};
use crate::timers::Timers;
use crate::{ExitReason, MonitorId, Signal};

/// Messages in a row before an actor yields.
const RUN: u8 = 128;

/// What an incarnation does next.
pub(crate) enum Next<M> {
    Message(M),
    Signal(Signal),
    End(ExitReason),
}

/// See the module's header.
pub(crate) struct Inbox<M> {
    pub(crate) cell: Arc<Cell<M>>,
    batch: Batch<M>,
    begun: u64,
    rare: Option<Box<Rare<M>>>,
    pub(crate) incarnation: u32,
    run: u8,
    /// After how many messages room is passed on, and how many of them are left until then.
    step: u8,
    until_step: u8,
    draining: bool,
}

/// What few incarnations need.
pub(crate) struct Rare<M> {
    pub(crate) timers: Timers<M>,
    /// The last thing was a tick, so the mailbox is next.
    ticked: bool,
    /// The monitors that this incarnation has set and not taken back.
    pub(crate) monitors: Vec<MonitorId>,
    /// Whom it has set monitors on.
    pub(crate) watched: Vec<(MonitorId, Arc<dyn AnyCell>)>,
    pub(crate) start_timeout: Option<Duration>,
}

impl<M: Send + 'static> Inbox<M> {
    pub(crate) fn new(cell: Arc<Cell<M>>, incarnation: u32, blocking: bool) -> Self {
        let quarter = u8::try_from(cell.capacity() / 4).unwrap_or(u8::MAX).max(1);
        let begun = cell.begun_at_start();
        // Handlers that may block must not keep room from others meanwhile.
        let step = if blocking { 1 } else { quarter.min(RUN) };
        Inbox {
            cell,
            batch: Batch::new(),
            begun,
            rare: None,
            incarnation,
            run: 0,
            step,
            until_step: step,
            draining: false,
        }
    }

    pub(crate) fn rare(&mut self) -> &mut Rare<M> {
        self.rare.get_or_insert_with(|| {
            Box::new(Rare {
                timers: Timers::new(),
                ticked: false,
                monitors: Vec::new(),
                watched: Vec::new(),
                start_timeout: None,
            })
        })
    }

    pub(crate) fn rare_if_any(&mut self) -> Option<&mut Rare<M>> {
        self.rare.as_deref_mut()
    }

    /// The next message of the batch in hand, unless something else has to be looked at first. It goes by value from the buffer to the
    /// handler; through a `Poll` of a larger enum it would be copied three times.
    #[inline(always)]
    pub(crate) fn next_drawn(&mut self) -> Option<M> {
        let is_plain = self.run > 0
            && self.run < RUN
            && self.rare.as_ref().is_none_or(|rare| rare.timers.is_empty());
        if !is_plain || !self.cell.is_undisturbed(self.incarnation) {
            return None;
        }
        let message = self.batch.next_message()?;
        self.run += 1;
        self.count_begun();
        Some(message)
    }

    /// A message begins: its room is free, and is passed on every few messages.
    #[inline(always)]
    fn count_begun(&mut self) {
        self.begun += 1;
        self.cell.set_begun(self.incarnation, self.begun);
        self.until_step -= 1;
        if self.until_step == 0 {
            self.until_step = self.step;
            self.cell.pass_room_on();
        }
    }

    /// Draws what is next, or arranges to be polled when there is something.
    #[inline]
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next<M>> {
        loop {
            if !self.cell.is_undisturbed(self.incarnation)
                && let Some(reason) = self.look_up()
            {
                return Poll::Ready(Next::End(reason));
            }
            if self.run >= RUN {
                self.run = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            // Ticks and the mailbox take turns: neither starves the other, and a tick waits for one message at most.
            let mailbox_first = self.ticked(false);
            if !mailbox_first && let Some(tick) = self.take_tick(cx) {
                return Poll::Ready(tick);
            }
            if let Some(item) = self.batch.next() {
                if let Some(next) = self.begin(item) {
                    return Poll::Ready(next);
                }
                continue;
            }
            let waker = (!mailbox_first).then(|| cx.waker());
            match self.cell.draw(self.incarnation, 0, &mut self.batch, waker) {
                Drawn::Some => {
                    let step = self.cell.step();
                    if step < u32::from(self.step) {
                        self.step = step as u8;
                        self.until_step = self.until_step.min(self.step);
                    }
                    // It begins now, and no tick gets in between.
                    self.ticked(true);
                }
                Drawn::Over => return Poll::Ready(Next::End(ExitReason::Unresponsive)),
                Drawn::Disturbed if self.draining => {
                    return Poll::Ready(Next::End(ExitReason::Normal));
                }
                // Before the drain that was asked for now, more may have come in.
                Drawn::Disturbed => {}
                // Now the ticks, and only then to bed.
                Drawn::Empty if mailbox_first => {}
                Drawn::Empty => {
                    self.run = 0;
                    self.batch.shrink();
                    reply_scope::note_rest();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Notes whose turn it is; returns what was noted before.
    #[inline]
    fn ticked(&mut self, ticked: bool) -> bool {
        match &mut self.rare {
            Some(rare) => std::mem::replace(&mut rare.ticked, ticked),
            None => false,
        }
    }

    /// A tick that is due.
    #[inline]
    fn take_tick(&mut self, cx: &mut Context<'_>) -> Option<Next<M>> {
        let rare = self.rare.as_mut()?;
        let message = if self.batch.is_empty() {
            match rare.timers.poll_due(cx) {
                Poll::Ready(message) => message,
                Poll::Pending => return None,
            }
        } else {
            rare.timers.take_due()?
        };
        rare.ticked = true;
        self.run += 1;
        Some(Next::Message(message))
    }

    #[inline]
    fn begin(&mut self, item: Item<M>) -> Option<Next<M>> {
        self.run += 1;
        match item {
            Item::Message(message) => {
                self.count_begun();
                Some(Next::Message(message))
            }
            Item::Extra(extra) => match *extra {
                Extra::Message(message) => Some(Next::Message(message)),
                Extra::Mapped(id, message) => {
                    self.end_monitor(id).then_some(Next::Message(message))
                }
                Extra::Mark(mark) => {
                    drop(mark);
                    None
                }
                Extra::Signal(Signal::Down(down)) => self
                    .end_monitor(down.monitor)
                    .then_some(Next::Signal(Signal::Down(down))),
            },
            Item::Taken => None,
        }
    }

    /// Whether the monitor was still set. A `Down` after `demonitor`, or of an earlier incarnation, is not handled.
    fn end_monitor(&mut self, id: MonitorId) -> bool {
        let Some(rare) = &mut self.rare else {
            return false;
        };
        let place = rare.monitors.iter().position(|set| *set == id);
        place
            .map(|place| rare.monitors.swap_remove(place))
            .is_some()
    }

    /// Something was asked of this incarnation. The reason with which it ends, if it is to end now.
    #[cold]
    fn look_up(&mut self) -> Option<ExitReason> {
        let word = self.cell.header().control.load(Ordering::Acquire);
        if word >> 8 != u64::from(self.incarnation) || word & control::OVER != 0 {
            return Some(ExitReason::Unresponsive);
        }
        if word & (control::STOP | control::KILL) != 0 {
            return Some(self.cell.stop_reason());
        }
        self.draining = true;
        None
    }

    /// What was drawn and not begun, to be put back.
    pub(crate) fn take_drawn(&mut self) -> Vec<Item<M>> {
        std::mem::replace(&mut self.batch, Batch::new()).into_rest()
    }
}
