//! The reading half of a link: frames in, and what each of them means. Everything here may come from a hostile peer.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use actor_core::ExitReason;
use actor_core::wire::LinkHook;
use actor_core::wire::with_link;
use tokio::io::AsyncReadExt;

use super::hook::Codec;
use super::tables::{Delivered, Export, lock};
use super::{Link, LinkEvent, ROOT, TEXT_MAX, broken, read_failure};
use crate::frame::{Frame, FrameReader, Incoming, NackReason, ReplyOutcome, StopHow, cut_text};
use crate::session::Role;
use crate::transport::BoxReader;

/// Reads until the stream ends or breaks. Returns why.
pub(super) async fn read(
    link: &Arc<Link>,
    mut stream: BoxReader,
    mut frames: FrameReader,
    incoming: Incoming,
) -> String {
    let mut reader = Reader {
        link: Arc::clone(link),
        last: None,
        incoming,
    };
    let mut lost = std::pin::pin!(link.lost());
    loop {
        if let Err(why) = reader.handle_all(&mut frames) {
            link.is_broken.store(true, Ordering::Release);
            return why;
        }
        let read = tokio::select! { biased;
            why = &mut lost => return why,
            read = stream.read_buf(frames.buffer()) => read,
        };
        match read {
            Ok(0) => {
                return match frames.finish() {
                    Ok(()) => "the other side closed the link".into(),
                    Err(error) => broken(&error),
                };
            }
            Ok(_) => {}
            Err(error) => return format!("reading failed: {error}"),
        }
    }
}

struct Reader {
    link: Arc<Link>,
    /// The export of the last message: most messages in a row are for the same actor.
    last: Option<Arc<Export>>,
    /// Large messages that have arrived in part.
    incoming: Incoming,
}

impl Reader {
    /// Handles every whole frame. An error ends the link.
    fn handle_all(&mut self, frames: &mut FrameReader) -> Result<(), String> {
        let hook: Arc<dyn LinkHook> = Codec::new(&self.link);
        with_link(&hook, || {
            // What was read before a loss is not delivered behind it.
            while !self.link.is_closed()
                && let Some(frame) = frames.next_frame().map_err(|error| broken(&error))?
            {
                self.handle(&frame)?;
            }
            Ok(())
        })
    }

    fn handle(&mut self, frame: &Frame<'_>) -> Result<(), String> {
        match *frame {
            Frame::Tell { export, payload } => return self.handle_tell(export, payload),
            Frame::Reply { reply, outcome } => self.handle_reply(reply, outcome),
            Frame::Credit { export, n } => self.handle_credit(export, n),
            Frame::Cancel { reply } => self.handle_cancel(reply),
            Frame::Nack {
                export,
                number,
                what,
                text,
            } => self.handle_nack(export, number, what, text),
            Frame::Stop { export, how } => self.handle_stop(export, how)?,
            Frame::Release { export, count } => {
                // Not kept for the next message: the actor must not outlive its last reference.
                self.last = None;
                self.link.release(export, count);
            }
            Frame::Gone { export, reason } => self.handle_gone(export, reason)?,
            Frame::Ended { reason } => (self.link.events)(LinkEvent::Ended(decode_reason(reason)?)),
            Frame::Spawn { .. } if self.link.peer_role != Role::Parent => {
                return Err("a request for an actor from who is no parent".into());
            }
            Frame::Spawn {
                request,
                window,
                factory,
                args,
                ..
            } => (self.link.events)(LinkEvent::Spawn {
                request,
                window,
                factory: factory.to_owned(),
                args: args.to_owned(),
            }),
            Frame::Spawned { .. } => (self.link.events)(LinkEvent::Spawned),
            Frame::SpawnFailed { text, .. } => {
                (self.link.events)(LinkEvent::SpawnFailed(text.to_owned()))
            }
            Frame::GoAway { text } => return Err(format!("the other side ends the link: {text}")),
            Frame::Reject { body } => {
                return Err(format!(
                    "the other side rejects us: {}",
                    crate::session::Reject::decode(body)
                ));
            }
            Frame::Chunk { id, total, piece } => return self.handle_piece(id, total, piece),
            Frame::Hello { .. } => return Err("a second hello".into()),
        }
        Ok(())
    }

    fn handle_tell(&mut self, id: u64, payload: &[u8]) -> Result<(), String> {
        if self.last.as_ref().is_none_or(|export| export.id != id) {
            self.last = self.link.export_of(id);
        }
        let Some(export) = &self.last else {
            return Err(format!(
                "a message for actor {id}, which was never exported or has been released"
            ));
        };
        match export.deliver(&self.link, payload) {
            Delivered::Accepted | Delivered::Refused => Ok(()),
            Delivered::OutOfCredit => Err(format!(
                "more messages for actor {id} than it had credit for"
            )),
        }
    }

    /// A piece of a frame. The frame itself is handled when it is complete, as if it had come whole then.
    fn handle_piece(&mut self, id: u64, total: u64, piece: &[u8]) -> Result<(), String> {
        let joined = self
            .incoming
            .handle_piece(id, total, piece)
            .map_err(|error| broken(&error.into()))?;
        match joined {
            Some(joined) => self.handle(&joined.frame().map_err(|error| broken(&error))?),
            None => Ok(()),
        }
    }

    fn handle_reply(&self, reply: u64, outcome: ReplyOutcome<'_>) {
        // An answer that nobody waits for any more is dropped: its asker has gone, or was told of a failure.
        let Some(slot) = self.link.take_pending(reply) else {
            return;
        };
        match outcome {
            ReplyOutcome::Value(bytes) => slot.fulfil(bytes),
            ReplyOutcome::Failure(failure, detail) => slot.fail(read_failure(failure, detail)),
        }
    }

    fn handle_credit(&self, export: u64, n: u32) {
        if let Some(import) = self.link.import_of(export) {
            import.tell_credit(u64::from(n), self.link.peer_window);
        }
    }

    fn handle_cancel(&self, reply: u64) {
        let route = lock(&self.link.routes).get(&reply).cloned();
        if let Some(route) = route.and_then(|route| route.upgrade()) {
            route.cancel();
        }
    }

    fn handle_nack(&self, export: u64, number: u64, what: NackReason, text: &str) {
        // The other side has the dead letter; and how often this is said is in its hands.
        tracing::debug!(
            export,
            ?what,
            text = cut_text(text, TEXT_MAX),
            "the other side could not deliver a message"
        );
        if let Some(import) = self.link.import_of(export) {
            // Bounded by the window: only messages under way can be refused.
            let window = self.link.peer_window as usize;
            import.tell(|news| {
                if news.refused.len() < window {
                    news.refused.push(number);
                }
            });
        }
    }

    fn handle_stop(&self, export: u64, how: StopHow) -> Result<(), String> {
        if how == StopHow::Shutdown && self.link.peer_role != Role::Parent {
            return Err("a shutdown from who is no parent".into());
        }
        let Some(export) = self.link.export_of(export) else {
            return Ok(());
        };
        match how {
            StopHow::Stop => export.actor.stop(),
            StopHow::Drain => export.actor.drain(),
            StopHow::Kill => export.actor.kill(),
            StopHow::Shutdown => actor_core::link::shut_down(&export.actor),
        }
        Ok(())
    }

    fn handle_gone(&self, export: u64, reason: &[u8]) -> Result<(), String> {
        let reason = decode_reason(reason)?;
        if export == ROOT {
            return Err("a root whose end is told like that of another actor".into());
        }
        if let Some(import) = self.link.import_of(export) {
            import.tell(|news| news.gone = Some(reason));
        }
        Ok(())
    }
}

fn decode_reason(bytes: &[u8]) -> Result<ExitReason, String> {
    actor_core::wire::decode(bytes).map_err(|why| format!("an exit reason that is none: {why}"))
}
