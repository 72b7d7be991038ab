//! Reading the body of a frame. Every byte of it may come from a hostile peer.

use super::encode::REPLY_VALUE;
use super::{
    Frame, FrameError, FrameKind, NackReason, ReplyFailure, ReplyOutcome, SpawnFailure, StopHow,
    varint,
};

/// The frame with this kind and body.
///
/// # Errors
/// [`FrameError::Malformed`] if the body does not hold exactly the fields of the kind.
#[inline]
pub(super) fn decode(kind: FrameKind, body: &[u8]) -> Result<Frame<'_>, FrameError> {
    decode_body(kind, Body::new(body)).ok_or(FrameError::Malformed(kind))
}

#[inline]
fn decode_body(kind: FrameKind, mut body: Body<'_>) -> Option<Frame<'_>> {
    // Fields of a struct expression are evaluated in the order they are written, which is the order on the wire.
    let frame = match kind {
        FrameKind::Tell => Frame::Tell {
            export: body.number()?,
            payload: body.rest(),
        },
        FrameKind::Reply => Frame::Reply {
            reply: body.number()?,
            outcome: match body.byte()? {
                REPLY_VALUE => ReplyOutcome::Value(body.rest()),
                tag => ReplyOutcome::Failure(ReplyFailure::from_byte(tag - 1)?, body.rest()),
            },
        },
        FrameKind::Credit => Frame::Credit {
            export: body.number()?,
            n: body.small_number()?,
        },
        _ => decode_rare(kind, &mut body)?,
    };
    // What follows the last field was not written by anyone who speaks this version.
    body.0.is_empty().then_some(frame)
}

fn decode_rare<'a>(kind: FrameKind, body: &mut Body<'a>) -> Option<Frame<'a>> {
    Some(match kind {
        FrameKind::Hello => Frame::Hello { body: body.rest() },
        FrameKind::Reject => Frame::Reject { body: body.rest() },
        FrameKind::GoAway => Frame::GoAway {
            text: body.rest_text()?,
        },
        FrameKind::Spawn => Frame::Spawn {
            request: body.number()?,
            window: body.small_number()?,
            name: body.text()?,
            factory: body.text()?,
            args: body.rest(),
        },
        FrameKind::Spawned => Frame::Spawned {
            request: body.number()?,
            export: body.number()?,
        },
        FrameKind::SpawnFailed => Frame::SpawnFailed {
            request: body.number()?,
            cause: SpawnFailure::from_byte(body.byte()?)?,
            text: body.rest_text()?,
        },
        FrameKind::Stop => Frame::Stop {
            export: body.number()?,
            how: StopHow::from_byte(body.byte()?)?,
        },
        FrameKind::Ended => Frame::Ended {
            reason: body.rest(),
        },
        FrameKind::Cancel => Frame::Cancel {
            reply: body.number()?,
        },
        FrameKind::Nack => Frame::Nack {
            export: body.number()?,
            number: body.number()?,
            what: NackReason::from_byte(body.byte()?)?,
            text: body.rest_text()?,
        },
        FrameKind::Chunk => Frame::Chunk {
            id: body.number()?,
            total: body.number()?,
            piece: body.rest(),
        },
        FrameKind::Release => Frame::Release {
            export: body.number()?,
            count: body.number()?,
        },
        FrameKind::Gone => Frame::Gone {
            export: body.number()?,
            reason: body.rest(),
        },
        // Read by `decode_body`.
        FrameKind::Tell | FrameKind::Reply | FrameKind::Credit => return None,
    })
}

/// What is left of a body. Every reader returns `None` if the bytes do not hold what is asked for.
pub(crate) struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A varint.
    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        let (value, len) = varint::read(self.0)?;
        self.0 = self.0.get(len..)?;
        Some(value)
    }

    #[inline]
    fn small_number(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// One raw byte.
    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// So many raw bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    /// A text with its length.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    /// Everything that is left.
    #[inline]
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    fn rest_text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.rest()).ok()
    }
}
