//! How an encoded frame leaves: whole, in pieces, or not at all. The forwarders, the replies and the request for a root come by here; it
//! sends nothing itself.

use bytes::Bytes;
use thiserror::Error;

use super::Link;
use crate::frame::FrameMark;

/// A message is longer than this link carries. Nothing of it is in the buffer.
#[derive(Debug, Error)]
#[error(
    "a message of {len} bytes is over the limit of {limit}, which is that of the link; `WorkerBuilder::max_message` sets it"
)]
pub(super) struct MessageTooLarge {
    len: usize,
    limit: usize,
}

impl Link {
    /// Ends the frame that stands last in the buffer. One that must leave in pieces is taken out of it, and returned without its length.
    ///
    /// # Errors
    ///
    /// It is too long, and was taken back.
    #[inline]
    pub(super) fn finish_frame(
        &self,
        mark: FrameMark,
        out: &mut Vec<u8>,
    ) -> Result<Option<Bytes>, MessageTooLarge> {
        match mark.body_len(out) <= self.send_limit {
            true => {
                let finished = mark.finish(out, self.send_limit);
                debug_assert!(finished.is_ok());
                Ok(None)
            }
            false => self.finish_large(mark, out).map(Some),
        }
    }

    #[cold]
    fn finish_large(&self, mark: FrameMark, out: &mut Vec<u8>) -> Result<Bytes, MessageTooLarge> {
        // The kind counts, since it is in the pieces.
        let len = mark.body_len(out) + 1;
        let limit = self.message_limit;
        if len > limit {
            mark.rollback(out);
            return Err(MessageTooLarge { len, limit });
        }
        Ok(mark.take_out(out))
    }
}
