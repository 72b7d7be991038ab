//! The incarnation's side of the mailbox: what it has drawn, how far it is, and what comes next.
//!
//! A batch is swapped out under one lock and worked through without any. After [`RUN`] messages the actor yields its thread, so one
//! busy actor cannot starve others and its own timers and signals are seen in time; yielding also passes room on to waiting senders.
//! A mailbox with less room than that passes it on more often.
//!
//! Every idle actor has one, so it is small: what few actors need is in [`Rare`].

use std::task::{Context, Poll};

use crate::cell::{AnyCell, Cell, Drawn};
use crate::lifecycle::control;
use crate::mailbox::batch::Batch;
use crate::mailbox::queue::{Extra, Item};
use crate::runtime::Task;
use crate::stash::{Place, Stash};
use crate::sync::{Arc, Ordering};
use crate::timers::Timers;
use crate::work::{Flow, InHand, Taken, Work};
use crate::{ExitReason, MonitorId, Signal};
use crate::{observe, reply_scope};

/// Messages in a row before an actor yields.
const RUN: u8 = 128;
/// In place of their count: it gave its thread up and has not got it back.
const YIELDED: u8 = RUN + 1;

/// What a new run of messages begins with: every message is one of its own in a simulation, where each is a choice of who goes on.
#[inline(always)]
fn fresh_run() -> u8 {
    if observe::is_simulated() { RUN - 1 } else { 0 }
}

/// What an incarnation does next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Handle [`Inbox::take_message`].
    Message,
    /// Handle [`Inbox::take_signal`].
    Signal,
    /// End with [`Inbox::end_reason`].
    End,
}

/// See the module's header.
pub(crate) struct Inbox<M: Send + 'static> {
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
pub(crate) struct Rare<M: Send + 'static> {
    pub(crate) timers: Timers<M>,
    /// The last thing was a tick, so the mailbox is next.
    ticked: bool,
    /// The monitors that this incarnation has set and not taken back.
    pub(crate) monitors: Vec<MonitorId>,
    /// Whom it has set monitors on.
    pub(crate) watched: Vec<(MonitorId, Arc<dyn AnyCell>)>,
    /// What is to be handled next and did not come out of the batch as it is.
    owed: Option<M>,
    /// What is owed has met the faults of a test already.
    is_past_faults: bool,
    signal: Option<Signal>,
    /// Why the incarnation ends.
    pub(crate) end: Option<ExitReason>,
    pub(crate) work: Work<M>,
    stash: Stash<M>,
}

impl<M: Send + 'static> Rare<M> {
    /// The last thing has been handled, and another one is looked for. What is returned is dropped when it has been found.
    fn next_turn(&mut self) -> Option<InHand<M>> {
        self.stash.put_down();
        self.work.take_in_hand()
    }
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
            // A simulation lets others have their turn before the first message, too.
            run: if observe::is_simulated() { RUN } else { 0 },
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
                owed: None,
                is_past_faults: false,
                signal: None,
                end: None,
                work: Work::new(),
                stash: Stash::new(),
            })
        })
    }

    pub(crate) fn rare_if_any(&mut self) -> Option<&mut Rare<M>> {
        self.rare.as_deref_mut()
    }

    /// Whether the next of the batch in hand is a message, and nothing else has to be looked at first.
    #[inline(always)]
    pub(crate) fn has_plain(&self) -> bool {
        self.run > 0
            && self.run < RUN
            && self.rare.as_ref().is_none_or(|rare| rare.timers.is_empty())
            && self.cell.is_undisturbed(self.incarnation)
            && matches!(self.batch.front(), Some(Item::Message(_)))
    }

    /// The message that [`has_plain`](Inbox::has_plain) saw. It goes by value from the buffer to the handler; through a `Poll` of a larger
    /// enum it would be copied three times.
    #[inline(always)]
    pub(crate) fn take_plain(&mut self) -> M {
        self.run += 1;
        self.count_begun();
        self.batch
            .next_message()
            .expect("a message was seen and is still there")
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
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        let found = self.poll_any(cx);
        #[cfg(feature = "testing")]
        if matches!(found, Poll::Ready(Next::Message)) && observe::has_faults(self.cell.address()) {
            return self.poll_past_faults(cx);
        }
        found
    }

    #[inline]
    fn poll_any(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        // Dropped when something has been found: what was handled last comes again after that at the earliest.
        let _handled = self.rare.as_mut().and_then(|rare| rare.next_turn());
        loop {
            if !self.cell.is_undisturbed(self.incarnation) && self.is_to_end() {
                return Poll::Ready(Next::End);
            }
            if self.run == YIELDED {
                self.run = fresh_run();
                self.note_thread(true);
            } else if self.run >= RUN && !self.has_nothing() {
                self.run = YIELDED;
                self.note_thread(false);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            // Ticks and the mailbox take turns: neither starves the other, and a tick waits for one message at most.
            let mailbox_first = self.ticked(false);
            if !mailbox_first && let Some(tick) = self.take_tick(cx) {
                return Poll::Ready(tick);
            }
            match self.batch.front() {
                Some(Item::Message(_)) => return Poll::Ready(Next::Message),
                Some(_) => match self.begin_extra() {
                    Some(next) => return Poll::Ready(next),
                    None => continue,
                },
                None => {}
            }
            if !mailbox_first && self.cell.rest_if_quiet() {
                return self.rest();
            }
            let waker = (!mailbox_first).then(|| cx.waker());
            let (incarnation, begun) = (self.incarnation, self.begun);
            let drawn = self
                .cell
                .draw(incarnation, begun, 0, &mut self.batch, waker, true);
            match drawn {
                Drawn::Some | Drawn::Begun => {
                    let step = self.cell.step();
                    if step < u32::from(self.step) {
                        self.step = step as u8;
                        self.until_step = self.until_step.min(self.step);
                    }
                    // It begins now, and no tick gets in between.
                    self.ticked(true);
                    if drawn == Drawn::Begun {
                        // Nor a stop: nobody expects to find it in the queue again.
                        return Poll::Ready(Next::Message);
                    }
                }
                Drawn::Over => return Poll::Ready(Next::End),
                Drawn::Disturbed if self.draining => return Poll::Ready(Next::End),
                // Before the drain that was asked for now, more may have come in.
                Drawn::Disturbed => {}
                // Now the ticks, and only then to bed.
                Drawn::Empty if mailbox_first => {}
                Drawn::Empty => return self.rest(),
            }
        }
    }

    /// Whether a simulated actor would find nothing if it came back: then it rests instead, since nobody could tell the difference, and
    /// steps in which nothing happens would be all that a schedule has to choose from.
    #[inline]
    fn has_nothing(&self) -> bool {
        let is_due = |rare: &Rare<M>| rare.timers.is_due();
        observe::is_simulated()
            && self.batch.is_empty()
            && !self.rare.as_deref().is_some_and(is_due)
            && self.cell.has_nothing()
    }

    /// Nothing is in hand, and the waker is stored where whatever comes finds it.
    #[inline]
    fn rest(&mut self) -> Poll<Next> {
        self.run = fresh_run();
        self.batch.shrink();
        reply_scope::note_rest();
        Poll::Pending
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
    fn take_tick(&mut self, cx: &mut Context<'_>) -> Option<Next> {
        let rare = self.rare.as_mut()?;
        let (key, message) = if self.batch.is_empty() {
            match rare.timers.poll_due(cx) {
                Poll::Ready(tick) => tick,
                Poll::Pending => return None,
            }
        } else {
            rare.timers.take_due()?
        };
        rare.ticked = true;
        self.cell.turn_to(self.incarnation);
        observe::timer_fired(self.cell.header(), key);
        rare.owed = Some(message);
        Some(Next::Message)
    }

    /// For the watchdog, which must not take a wait for a thread for a message in hand.
    fn note_thread(&self, has_one: bool) {
        let cell = &self.cell;
        let system = cell.header().system();
        if !system.is_some_and(|system| system.is_watched()) {
            return;
        }
        if has_one {
            cell.turn_to(self.incarnation);
        } else {
            cell.yielded(self.incarnation);
        }
    }

    /// Takes what is at the front and no message of its own. `None` when nothing is to be handled.
    fn begin_extra(&mut self) -> Option<Next> {
        let Some(Item::Extra(extra)) = self.batch.next() else {
            return None;
        };
        self.cell.turn_to(self.incarnation);
        match *extra {
            Extra::Message(message) => self.rare().owed = Some(message),
            Extra::Mapped(id, message) if self.end_monitor(id) => self.rare().owed = Some(message),
            Extra::Signal(Signal::Down(down)) if self.end_monitor(down.monitor) => {
                self.rare().signal = Some(Signal::Down(down));
                return Some(Next::Signal);
            }
            Extra::Signal(Signal::Restarted(news)) if self.has_monitor(news.monitor) => {
                self.rare().signal = Some(Signal::Restarted(news));
                return Some(Next::Signal);
            }
            Extra::Exit(end) if self.cell.end_link(self.incarnation, &end) => {
                self.rare().signal = Some(Signal::Exit(end.exit));
                return Some(Next::Signal);
            }
            Extra::Work(id) => match self.rare().work.begin(id) {
                Taken::Message(message) => self.rare().owed = Some(message),
                Taken::Failed(reason) => {
                    self.rare().end = Some(reason);
                    return Some(Next::End);
                }
                Taken::Nothing => return None,
            },
            Extra::Returned(place, message) => {
                self.begin_again(place);
                let rare = self.rare();
                rare.owed = Some(message);
                rare.is_past_faults = true;
            }
            #[cfg(feature = "testing")]
            Extra::Late(message) => {
                let rare = self.rare();
                rare.owed = Some(message);
                rare.is_past_faults = true;
            }
            // A mark, whose drop is the point of it, or news of a monitor or link that was taken back.
            _ => return None,
        }
        Some(Next::Message)
    }

    /// The message that [`poll_next`](Inbox::poll_next) announced.
    #[inline]
    pub(crate) fn take_message(&mut self) -> M {
        observe::begun::<M>(self.cell.header());
        if let Some(rare) = &mut self.rare
            && let Some(owed) = rare.owed.take()
        {
            rare.is_past_faults = false;
            self.run += 1;
            return owed;
        }
        self.take_plain()
    }

    /// The signal that [`poll_next`](Inbox::poll_next) announced.
    pub(crate) fn take_signal(&mut self) -> Signal {
        self.run += 1;
        let signal = self.rare().signal.take();
        signal.expect("a signal was announced and is still there")
    }

    fn has_monitor(&self, id: MonitorId) -> bool {
        let rare = self.rare.as_ref();
        rare.is_some_and(|rare| rare.monitors.contains(&id))
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

    /// Something was asked of this incarnation. Whether it ends now.
    #[cold]
    fn is_to_end(&mut self) -> bool {
        let word = self.cell.header().control.load(Ordering::Acquire);
        if word >> 8 != u64::from(self.incarnation) || word & !control::DRAIN & 0xff != 0 {
            return true;
        }
        self.draining = true;
        false
    }

    /// Why it ends, when [`poll_next`](Inbox::poll_next) says that it does.
    pub(crate) fn end_reason(&self) -> ExitReason {
        let word = self.cell.header().control.load(Ordering::Acquire);
        if word >> 8 != u64::from(self.incarnation) || word & control::OVER != 0 {
            return ExitReason::Unresponsive;
        }
        // Something beside the actor has failed.
        if let Some(failure) = self.rare.as_ref().and_then(|rare| rare.end.clone()) {
            return failure;
        }
        self.cell.stop_reason()
    }

    /// Work beside the actor, which keeps it alive.
    pub(crate) fn add_work(&mut self, flow: Arc<Flow<M>>, task: Task) {
        self.rare().work.add(flow, task);
        if self.cell.referenced_again() {
            self.draining = false;
        }
    }

    pub(crate) fn stash_len(&self) -> usize {
        self.rare.as_ref().map_or(0, |rare| rare.stash.len())
    }

    /// Puts a message away behind those that came before it. Gives it back when the stash is full.
    pub(crate) fn stash(&mut self, message: M) -> Result<(), M> {
        let limit = self.cell.stash_limit();
        let begun = self.begun;
        let stash = &mut self.rare().stash;
        if stash.occupied() >= limit {
            return Err(message);
        }
        stash.put(begun, message);
        self.cell.hold_stashed(self.incarnation);
        Ok(())
    }

    /// What is in the stash comes next.
    pub(crate) fn unstash_all(&mut self) {
        if let Some(rare) = &mut self.rare {
            rare.stash.return_all(&mut self.batch);
        }
    }

    fn begin_again(&mut self, place: Place) {
        let begun = self.begun;
        self.rare().stash.begin(begun, place);
        self.cell.release_stashed(self.incarnation);
    }

    /// What was drawn and not begun, or stashed, to be put back.
    pub(crate) fn take_drawn(&mut self) -> Vec<Item<M>> {
        if let Some(rare) = &mut self.rare {
            rare.stash.put_back(&mut self.batch);
        }
        std::mem::replace(&mut self.batch, Batch::new()).into_rest()
    }
}

#[cfg(feature = "testing")]
mod faults;
