//! The forwarder of one imported actor: drains its local mailbox into the link, paced by the credit of the other side.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use actor_core::ExitReason;
use actor_core::link::{Mark, Ready};
use actor_core::wire::{Encoded, LinkHook, Outflow, with_link};
use bytes::Bytes;
use tokio::sync::mpsc::UnboundedSender;

use super::Link;
use super::hook::{Codec, Forgotten};
use super::outbox::Place;
use super::tables::{Import, Mention, lock};
use crate::frame::{self, Cargo, Frame, StopHow};

/// Bytes encoded before they are handed to the writer.
const SCRATCH: usize = 64 * 1024;

/// Who decides what becomes of stops and of the end.
pub(crate) enum Owner {
    /// The references in this process: a stop goes to the actor, the last reference releases it.
    References,
    /// The process child that owns the root: it hears of requests, each at most once, and says when the end has come.
    Process(UnboundedSender<Ready>),
}

enum Step {
    Encode,
    Request(Ready),
    /// The first local half is empty and will stay so.
    Next,
    End(ExitReason),
}

/// Runs until the actor or the link is gone, or the last reference is.
pub(super) async fn forward(
    link: &Arc<Link>,
    import: &Arc<Import>,
    outflow: Box<dyn Outflow>,
    owner: Owner,
) {
    let mut forwarder = Forwarder {
        codec: Codec::new(link),
        halves: VecDeque::from([outflow]),
        lane: Lane::default(),
        link,
        import,
        owner,
    };
    loop {
        match poll_fn(|cx| forwarder.poll_step(cx)).await {
            Step::Encode => forwarder.encode(),
            Step::Request(ready) => forwarder.handle_request(ready),
            Step::Next => forwarder.end_first(ExitReason::Normal),
            Step::End(reason) => forwarder.end_all(&reason),
        }
        if forwarder.halves.is_empty() && forwarder.forget().await {
            return;
        }
    }
}

struct Forwarder<'a> {
    link: &'a Arc<Link>,
    import: &'a Arc<Import>,
    codec: Arc<Codec>,
    owner: Owner,
    /// The local halves; only the first one is carried, so that order holds.
    halves: VecDeque<Box<dyn Outflow>>,
    lane: Lane,
}

impl Forwarder<'_> {
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        let is_owned = matches!(self.owner, Owner::Process(_));
        let (begun, refused, gone) = {
            let mut news = lock(&self.import.news);
            match &mut news.waker {
                Some(waker) if waker.will_wake(cx.waker()) => {}
                other => *other = Some(cx.waker().clone()),
            }
            self.halves.extend(news.successors.drain(..));
            (
                std::mem::take(&mut news.begun),
                std::mem::take(&mut news.refused),
                news.gone.take(),
            )
        };
        let begun = self.lane.settle(self.link, begun, &refused);
        let Some(first) = self.halves.front_mut() else {
            return Poll::Pending;
        };
        if begun > 0 {
            first.begun(begun);
        }
        if let Some(reason) = gone {
            return Poll::Ready(Step::End(reason));
        }
        let is_closed = self.link.is_closed();
        if is_closed && !is_owned {
            return Poll::Ready(Step::End(ExitReason::NoConnection));
        }
        let has_credit = self.lane.under_way() < u64::from(self.link.peer_window);
        // Nothing overtakes a large message on its way to the same actor.
        let may_send = has_credit
            && !is_closed
            && self.lane.poll_large(self.link, cx)
            && self.lane.poll_room(self.link, cx);
        if let Poll::Ready(ready) = first.poll_ready(cx, may_send) {
            return Poll::Ready(match ready {
                Ready::Items => Step::Encode,
                // Its last reference is gone; while there is one, somebody wants the actor itself drained.
                Ready::Drained if !is_owned && !first.is_referenced() => Step::Next,
                other => Step::Request(other),
            });
        }
        let wants_credit = !may_send || first.needs_progress() || self.halves.len() > 1;
        {
            let mut news = lock(&self.import.news);
            news.wants_credit = wants_credit;
            if wants_credit && news.begun > 0 {
                // It came while nobody waited for it.
                cx.waker().wake_by_ref();
            }
        }
        self.poll_successors(cx)
    }

    /// Those that wait for their turn are asked for requests only, which overtake messages.
    fn poll_successors(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        for half in self.halves.iter_mut().skip(1) {
            if let Poll::Ready(ready) = half.poll_ready(cx, false) {
                return Poll::Ready(Step::Request(ready));
            }
        }
        match self.halves.front() {
            Some(first) if self.halves.len() > 1 && first.is_spent() => Poll::Ready(Step::Next),
            _ => Poll::Pending,
        }
    }

    fn handle_request(&mut self, ready: Ready) {
        if let Owner::Process(requests) = &self.owner {
            if ready == Ready::Over {
                return self.end_all(&ExitReason::Unresponsive);
            }
            // The process child is there as long as its forwarder.
            drop(requests.send(ready));
            return;
        }
        let how = match ready {
            Ready::Stop(_) => StopHow::Stop,
            Ready::Kill => StopHow::Kill,
            Ready::Drained => StopHow::Drain,
            _ => return self.end_all(&ExitReason::Unresponsive),
        };
        let export = self.import.id;
        self.link.send(&Frame::Stop { export, how });
    }

    fn encode(&mut self) {
        if let Some(first) = self.halves.front_mut() {
            self.lane
                .encode(self.link, self.import, &self.codec, &mut **first);
        }
    }

    /// Ends the oldest local half.
    fn end_first(&mut self, reason: ExitReason) {
        let Some(mut first) = self.halves.pop_front() else {
            return;
        };
        // The exporter reports what it did not handle, if the link still stands; after a loss nobody else will.
        if matches!(self.owner, Owner::References) && !self.link.is_closed() {
            let left = first.in_flight();
            first.begun(left);
            self.lane.foreign += left;
        }
        first.end(reason);
        // The last one is forgotten together with the import.
        if !self.halves.is_empty() {
            self.link.forget_half(self.import);
        }
    }

    fn end_all(&mut self, reason: &ExitReason) {
        while !self.halves.is_empty() {
            self.end_first(reason.clone());
        }
    }

    /// Whether the import is over: no reference came in the meantime. A message that mentions the actor must not come there behind its
    /// release, neither one that another forwarder has just encoded nor a large one that is on its way.
    async fn forget(&mut self) -> bool {
        loop {
            poll_fn(|cx| self.import.poll_unmentioned(cx)).await;
            self.link.outbox.large_have_left().await;
            let forgotten = match self.owner {
                Owner::References => self.link.forget_import(self.import),
                Owner::Process(_) => Forgotten::Yes,
            };
            match forgotten {
                Forgotten::Yes => return true,
                Forgotten::No => return false,
                Forgotten::NotYet => {}
            }
        }
    }
}

/// What has been sent to one actor and is not known to have begun.
#[derive(Default)]
struct Lane {
    scratch: Vec<u8>,
    /// Of the messages in there.
    mentions: Vec<Mention>,
    sent: u64,
    begun: u64,
    /// Of what is under way, that was sent by local halves that have ended. It is the oldest.
    foreign: u64,
    /// The replies inside messages that have not begun, by the number of their message.
    asks: VecDeque<(u64, Vec<u64>)>,
    /// The number, in the outbox, of a large message that may not have left.
    large: Option<u64>,
    waits_for_large: Place,
    waits_for_room: Place,
}

impl Lane {
    /// Encodes what there is and may be sent, and hands it to the writer.
    fn encode(
        &mut self,
        link: &Arc<Link>,
        import: &Import,
        codec: &Arc<Codec>,
        outflow: &mut dyn Outflow,
    ) {
        let hook: Arc<dyn LinkHook> = Arc::clone(codec) as Arc<dyn LinkHook>;
        with_link(&hook, || {
            while self.under_way() < u64::from(link.peer_window)
                && self.scratch.len() < SCRATCH
                && self.large.is_none()
            {
                if !self.encode_one(link, import, codec, outflow) {
                    break;
                }
            }
        });
        self.flush(link);
    }

    fn encode_one(
        &mut self,
        link: &Arc<Link>,
        import: &Import,
        codec: &Codec,
        outflow: &mut dyn Outflow,
    ) -> bool {
        let mut mark = Some(frame::begin_tell(&mut self.scratch, import.id));
        let mut too_large = None;
        let mut barrier: Option<Mark> = None;
        let mut sending = Sending {
            sent: &mut self.sent,
            asks: &mut self.asks,
            mentions: &mut self.mentions,
            large: &mut self.large,
        };
        let more = outflow.encode_next(&mut self.scratch, &mut |out, encoded| {
            let Some(mark) = mark.take() else { return };
            match encoded {
                Encoded::Message => match link.finish_frame(mark, out) {
                    Ok(None) => sending.whole(link, codec),
                    Ok(Some(frame)) => sending.large(link, codec, out, frame),
                    Err(error) => {
                        codec.rollback(&error.to_string());
                        too_large = Some(error.to_string());
                    }
                },
                Encoded::Failed(why) => {
                    mark.rollback(out);
                    codec.rollback(&why);
                }
                Encoded::Mark(passed) => {
                    mark.rollback(out);
                    barrier = Some(passed);
                }
                _ => mark.rollback(out),
            }
        });
        if let Some(mark) = mark {
            mark.rollback(&mut self.scratch);
        }
        if let Some(why) = too_large {
            outflow.undeliverable(why);
        }
        if barrier.is_some() {
            // All before it must be on its way before whoever waits for it hears so.
            self.flush(link);
        }
        more
    }

    /// Whether no large message holds the lane up. Keeps the waker if one does.
    fn poll_large(&mut self, link: &Link, cx: &mut Context<'_>) -> bool {
        if let Some(number) = self.large
            && link.outbox.poll_left(number, &mut self.waits_for_large, cx)
        {
            self.large = None;
        }
        self.large.is_none()
    }

    /// Whether messages may be encoded. Keeps the waker if not.
    fn poll_room(&mut self, link: &Link, cx: &mut Context<'_>) -> bool {
        link.outbox.poll_room(&mut self.waits_for_room, cx)
    }

    fn flush(&mut self, link: &Link) {
        if !self.scratch.is_empty() {
            link.outbox
                .append(|buffer| buffer.extend_from_slice(&self.scratch));
            self.scratch.clear();
        }
        self.mentions.clear();
    }

    /// Messages sent and not known to have begun.
    fn under_way(&self) -> u64 {
        self.sent - self.begun
    }

    /// Forgets the asks that have begun; fails those whose message could not be delivered. Returns how many of those that have begun
    /// belong to the first local half.
    fn settle(&mut self, link: &Link, begun: u64, refused: &[u64]) -> u64 {
        // More than was ever sent would be the peer's lie; it gains nothing by it.
        let begun = begun.min(self.under_way());
        // What is not under way cannot have been refused.
        let under_way = self.begun + 1..=self.sent;
        for number in refused.iter().filter(|number| under_way.contains(number)) {
            if let Some((_, replies)) = self.asks.iter().find(|(asked, _)| asked == number) {
                replies.iter().for_each(|reply| link.fail_refused(*reply));
            }
        }
        self.begun += begun;
        while self
            .asks
            .front()
            .is_some_and(|(number, _)| *number <= self.begun)
        {
            self.asks.pop_front();
        }
        let of_others = begun.min(self.foreign);
        self.foreign -= of_others;
        begun - of_others
    }
}

/// What a lane notes of a message that is sent.
struct Sending<'a> {
    sent: &'a mut u64,
    asks: &'a mut VecDeque<(u64, Vec<u64>)>,
    mentions: &'a mut Vec<Mention>,
    large: &'a mut Option<u64>,
}

impl Sending<'_> {
    /// It stands in the buffer.
    fn whole(&mut self, link: &Arc<Link>, codec: &Codec) {
        *self.sent += 1;
        let mut committed = codec.commit();
        self.mentions.append(&mut committed.mentions);
        if !committed.replies.is_empty() {
            self.asks.push_back((*self.sent, committed.replies));
        }
        // The end of one that has ended already is told behind this message: its mark is queued behind it.
        link.watch_exports(&committed.exports);
    }

    /// It leaves in pieces, behind what stands in the buffer. The release of an actor that it mentions comes behind it, and whoever
    /// releases one waits for large messages that are in the outbox: so it is there before the mentions are dropped.
    fn large(&mut self, link: &Arc<Link>, codec: &Codec, before: &mut Vec<u8>, frame: Bytes) {
        *self.sent += 1;
        let committed = codec.commit();
        let cargo = Cargo {
            replies: committed.replies.clone(),
            ..Cargo::new(frame)
        };
        *self.large = Some(link.outbox.append_large(before, cargo));
        before.clear();
        if !committed.replies.is_empty() {
            self.asks.push_back((*self.sent, committed.replies));
        }
        link.watch_exports(&committed.exports);
    }
}
