//! The incarnation's side of the mailbox: what it has drawn, how far it is, and what comes next.
//!
//! A batch is swapped out under one lock and worked through without any. After [`RUN`] messages the actor yields its thread, so one
//! busy actor cannot starve others and its own timers and signals are seen in time; yielding also passes room on to waiting senders.
//! A mailbox with less room than that passes it on more often.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use crate::cell::{Cell, Drawn};
use crate::lifecycle::control;
use crate::mailbox::queue::{Extra, Item};
use crate::sync::{Arc, Ordering};
use crate::timers::Timers;
use crate::{ExitReason, MonitorId, Signal};

/// Messages in a row before an actor yields.
const RUN: u32 = 128;

/// What an incarnation does next.
pub(crate) enum Next<M> {
    Message(M),
    Signal(Signal),
    End(ExitReason),
}

/// See the module's header.
pub(crate) struct Inbox<M> {
    pub(crate) cell: Arc<Cell<M>>,
    pub(crate) incarnation: u32,
    pub(crate) timers: Timers<M>,
    /// The monitors that this incarnation has set and not taken back.
    pub(crate) monitors: Vec<MonitorId>,
    drawn: VecDeque<Item<M>>,
    begun: u64,
    run: u32,
    /// After how many messages room is passed on, and how many of them are left until then.
    step: u32,
    until_step: u32,
    /// Handlers may block, so nothing is drawn ahead and room is passed on at once.
    blocking: bool,
    draining: bool,
    /// The last thing was a tick, so the mailbox is next.
    ticked: bool,
}

impl<M: Send + 'static> Inbox<M> {
    pub(crate) fn new(cell: Arc<Cell<M>>, incarnation: u32, blocking: bool) -> Self {
        let quarter = u32::try_from(cell.capacity() / 4)
            .unwrap_or(u32::MAX)
            .max(1);
        let begun = cell.begun_at_start();
        let step = if blocking { 1 } else { quarter.min(RUN) };
        Inbox {
            cell,
            incarnation,
            timers: Timers::new(),
            monitors: Vec::new(),
            drawn: VecDeque::new(),
            begun,
            run: 0,
            step,
            until_step: step,
            blocking,
            draining: false,
            ticked: false,
        }
    }

    /// The next message of the batch in hand, unless something else has to be looked at first. It goes by value from the buffer to the
    /// handler; through a `Poll` of a larger enum it would be copied three times.
    #[inline(always)]
    pub(crate) fn next_drawn(&mut self) -> Option<M> {
        let is_plain = self.run > 0 && self.run < RUN && self.timers.is_empty();
        if !is_plain || !self.cell.is_undisturbed(self.incarnation) {
            return None;
        }
        if !matches!(self.drawn.front(), Some(Item::Message(_))) {
            return None;
        }
        self.run += 1;
        self.count_begun();
        match self.drawn.pop_front() {
            Some(Item::Message(message)) => Some(message),
            _ => None,
        }
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
            if !std::mem::take(&mut self.ticked)
                && let Some(message) = self.timers.take_due()
            {
                self.ticked = true;
                self.run += 1;
                return Poll::Ready(Next::Message(message));
            }
            if let Some(item) = self.drawn.pop_front() {
                if let Some(next) = self.begin(item) {
                    return Poll::Ready(next);
                }
                continue;
            }
            match self
                .cell
                .draw(self.incarnation, self.blocking, &mut self.drawn)
            {
                Drawn::Some => {
                    self.step = self.step.min(self.cell.step());
                    self.until_step = self.until_step.min(self.step);
                }
                Drawn::Over => return Poll::Ready(Next::End(ExitReason::Unresponsive)),
                Drawn::Empty => {
                    if self.draining {
                        return Poll::Ready(Next::End(ExitReason::Normal));
                    }
                    if let Poll::Ready(message) = self.timers.poll_due(cx) {
                        self.ticked = true;
                        self.run += 1;
                        return Poll::Ready(Next::Message(message));
                    }
                    // A request that came between the look above and the draw found nobody in bed to rouse. And before a drain more may
                    // have come in.
                    if !self.cell.is_undisturbed(self.incarnation) {
                        continue;
                    }
                    self.run = 0;
                    self.free_idle_buffer();
                    return Poll::Pending;
                }
            }
        }
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
        }
    }

    /// Whether the monitor was still set. A `Down` after `demonitor`, or of an earlier incarnation, is not handled.
    fn end_monitor(&mut self, id: MonitorId) -> bool {
        let place = self.monitors.iter().position(|set| *set == id);
        place
            .map(|place| self.monitors.swap_remove(place))
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

    fn free_idle_buffer(&mut self) {
        if self.drawn.capacity() * size_of::<Item<M>>() > crate::mailbox::queue::IDLE_BYTES {
            self.drawn = VecDeque::new();
        }
    }

    /// What was drawn and not begun, to be put back.
    pub(crate) fn take_drawn(&mut self) -> VecDeque<Item<M>> {
        std::mem::take(&mut self.drawn)
    }
}
