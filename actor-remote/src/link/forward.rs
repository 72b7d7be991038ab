//! The forwarder of one imported actor: drains its local mailbox into the link, paced by the credit of the other side.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use actor_core::ExitReason;
use actor_core::link::{Mark, Ready};
use actor_core::wire::{Encoded, LinkHook, Outflow, with_link};
use tokio::sync::mpsc::UnboundedSender;

use super::Link;
use super::hook::Codec;
use super::tables::{Import, lock};
use crate::frame::{self, Frame, StopHow};

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
    End(ExitReason),
}

/// Runs until the actor, its references or the link are gone.
pub(super) async fn forward(
    link: &Arc<Link>,
    import: &Arc<Import>,
    mut outflow: Box<dyn Outflow>,
    owner: Owner,
) {
    let codec = Codec::new(link);
    let mut lane = Lane {
        scratch: Vec::new(),
        sent: 0,
        begun: 0,
        asks: VecDeque::new(),
    };
    let reason = loop {
        match poll_fn(|cx| poll_step(link, import, &mut *outflow, &mut lane, &owner, cx)).await {
            Step::Encode => lane.encode(link, import, &codec, &mut *outflow),
            Step::End(reason) => break reason,
            Step::Request(ready) => {
                if let Some(reason) = handle_request(link, import, ready, &owner) {
                    break reason;
                }
            }
        }
    };
    // The exporter reports what it did not handle, if the link still stands; after a loss nobody else will.
    if matches!(owner, Owner::References) && !link.is_closed() {
        let left = outflow.in_flight();
        outflow.begun(left);
    }
    outflow.end(reason);
}

fn poll_step(
    link: &Link,
    import: &Import,
    outflow: &mut dyn Outflow,
    lane: &mut Lane,
    owner: &Owner,
    cx: &mut Context<'_>,
) -> Poll<Step> {
    let (begun, refused, gone) = {
        let mut news = lock(&import.news);
        match &mut news.waker {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            other => *other = Some(cx.waker().clone()),
        }
        (
            std::mem::take(&mut news.begun),
            std::mem::take(&mut news.refused),
            news.gone.take(),
        )
    };
    if begun > 0 {
        outflow.begun(begun);
    }
    lane.settle(link, begun, &refused);
    if let Some(reason) = gone {
        return Poll::Ready(Step::End(reason));
    }
    if link.is_closed() && matches!(owner, Owner::References) {
        return Poll::Ready(Step::End(ExitReason::NoConnection));
    }
    let may_send = !link.is_closed()
        && outflow.in_flight() < u64::from(link.peer_window)
        && link.outbox.poll_room(cx).is_ready();
    outflow.poll_ready(cx, may_send).map(|ready| match ready {
        Ready::Items => Step::Encode,
        other => Step::Request(other),
    })
}

/// What a request means for an import. `Some`: it ends here.
fn handle_request(link: &Link, import: &Import, ready: Ready, owner: &Owner) -> Option<ExitReason> {
    if let Owner::Process(requests) = owner {
        if ready == Ready::Over {
            return Some(ExitReason::Unresponsive);
        }
        // The process child is there as long as its forwarder.
        drop(requests.send(ready));
        return None;
    }
    let how = match ready {
        Ready::Stop(ExitReason::Shutdown) => return Some(ExitReason::Shutdown),
        Ready::Stop(_) => StopHow::Stop,
        Ready::Kill => StopHow::Kill,
        Ready::Drained => return Some(ExitReason::Normal),
        _ => return Some(ExitReason::Unresponsive),
    };
    link.send(&Frame::Stop {
        export: import.id,
        how,
    });
    None
}

/// What has been sent to one actor and is not known to have begun.
struct Lane {
    scratch: Vec<u8>,
    sent: u64,
    begun: u64,
    /// The replies inside messages that have not begun, by the number of their message.
    asks: VecDeque<(u64, Vec<u64>)>,
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
            while outflow.in_flight() < u64::from(link.peer_window) && self.scratch.len() < SCRATCH
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
        link: &Link,
        import: &Import,
        codec: &Codec,
        outflow: &mut dyn Outflow,
    ) -> bool {
        let mut mark = Some(frame::begin_tell(&mut self.scratch, import.id));
        let mut too_large = None;
        let mut barrier: Option<Mark> = None;
        let (sent, asks) = (&mut self.sent, &mut self.asks);
        let more = outflow.encode_next(&mut self.scratch, &mut |out, encoded| {
            let Some(mark) = mark.take() else { return };
            match encoded {
                Encoded::Message => match mark.finish(out, link.send_limit) {
                    Ok(()) => {
                        *sent += 1;
                        let replies = codec.commit();
                        if !replies.is_empty() {
                            asks.push_back((*sent, replies));
                        }
                    }
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

    fn flush(&mut self, link: &Link) {
        if !self.scratch.is_empty() {
            link.outbox
                .append(|buffer| buffer.extend_from_slice(&self.scratch));
            self.scratch.clear();
        }
    }

    /// Forgets the asks that have begun; fails those whose message could not be delivered.
    fn settle(&mut self, link: &Link, begun: u64, refused: &[u64]) {
        for number in refused {
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
    }
}
