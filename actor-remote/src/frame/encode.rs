//! Appending frames to a write buffer.
//!
//! The link's forwarder and writer call it. A frame whose body is encoded by somebody else (a message, a reply) is begun
//! here, its payload appended, and then finished: the length is patched in, or the frame is taken back as if it had never
//! been begun.

use bytes::Bytes;
use thiserror::Error;

use super::{Frame, FrameKind, HEADER_LEN, ReplyOutcome, varint};

/// A frame was not written: its body is longer than the peer accepts. The buffer is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("frame of {len} bytes is over the limit of {limit}")]
pub struct FrameTooLarge {
    /// Length of the body, in bytes.
    pub len: usize,
    /// Longest body that may be sent, in bytes.
    pub limit: usize,
}

/// Bytes of a header that hold the length.
const LENGTH_LEN: usize = 4;

/// Where a frame that is being written starts. End it with [`finish`](Self::finish) or [`rollback`](Self::rollback).
#[derive(Debug)]
#[must_use = "a frame that is begun must be finished or rolled back"]
pub struct FrameMark {
    start: usize,
}

impl FrameMark {
    /// Patches the length of the frame in.
    ///
    /// # Errors
    /// [`FrameTooLarge`] if the body is longer than `limit`; the frame is then taken back.
    #[inline]
    pub fn finish(self, out: &mut Vec<u8>, limit: usize) -> Result<(), FrameTooLarge> {
        let len = self.body_len(out);
        let Some(declared) = u32::try_from(len).ok().filter(|_| len <= limit) else {
            self.rollback(out);
            return Err(FrameTooLarge { len, limit });
        };
        if let Some(field) = out.get_mut(self.start..self.start + 4) {
            field.copy_from_slice(&declared.to_le_bytes());
        }
        Ok(())
    }

    /// Length of the body so far, in bytes.
    #[inline]
    pub fn body_len(&self, out: &[u8]) -> usize {
        out.len().saturating_sub(self.start + HEADER_LEN)
    }

    /// Takes the frame out of the buffer, without its length and without a copy. The buffer keeps what stood before the frame.
    pub(crate) fn take_out(self, out: &mut Vec<u8>) -> Bytes {
        let before = out.get(..self.start).unwrap_or_default().to_vec();
        let frame = Bytes::from(std::mem::replace(out, before));
        frame.slice(self.start + LENGTH_LEN..)
    }

    /// Takes the frame back: the buffer is as it was before the frame was begun.
    #[inline]
    pub fn rollback(self, out: &mut Vec<u8>) {
        out.truncate(self.start);
    }
}

/// Begins a frame whose body the caller appends.
#[inline]
pub fn begin(out: &mut Vec<u8>, kind: FrameKind) -> FrameMark {
    let start = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, kind as u8]);
    FrameMark { start }
}

/// Begins a frame with one number as its first field.
#[inline]
fn begin_numbered(out: &mut Vec<u8>, kind: FrameKind, number: u64) -> FrameMark {
    if number >= 0x80 {
        let mark = begin(out, kind);
        varint::put(out, number);
        return mark;
    }
    // The numbers of a link start small: one append of a known size is twice as fast as several.
    let start = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, kind as u8, number as u8]);
    FrameMark { start }
}

/// Begins a [`Frame::Tell`]; the caller appends the encoded message and finishes the frame.
#[inline]
pub fn begin_tell(out: &mut Vec<u8>, export: u64) -> FrameMark {
    begin_numbered(out, FrameKind::Tell, export)
}

/// Begins a [`Frame::Reply`] with a value; the caller appends the encoded value and finishes the frame.
#[inline]
pub fn begin_reply(out: &mut Vec<u8>, reply: u64) -> FrameMark {
    let mark = begin_numbered(out, FrameKind::Reply, reply);
    out.push(REPLY_VALUE);
    mark
}

/// Tag of a reply that holds a value; a failure has its own byte plus one.
pub(super) const REPLY_VALUE: u8 = 0;

/// Appends a whole [`Frame::Credit`].
#[inline]
pub fn encode_credit(out: &mut Vec<u8>, export: u64, n: u32) {
    let mark = begin_numbered(out, FrameKind::Credit, export);
    varint::put(out, u64::from(n));
    // Two numbers are shorter than any limit that a session agrees on.
    let finished = mark.finish(out, 2 * varint::MAX_LEN);
    debug_assert!(finished.is_ok());
}

/// Appends a whole frame.
///
/// # Errors
/// [`FrameTooLarge`] if its body is longer than `limit`; nothing is appended then.
pub fn encode(out: &mut Vec<u8>, frame: &Frame<'_>, limit: usize) -> Result<(), FrameTooLarge> {
    let mark = begin(out, frame.kind());
    encode_body(out, frame);
    mark.finish(out, limit)
}

/// Appends the body of a frame that was begun.
pub(crate) fn encode_body(out: &mut Vec<u8>, frame: &Frame<'_>) {
    match *frame {
        Frame::Hello { body } | Frame::Reject { body } => out.extend_from_slice(body),
        Frame::GoAway { text } => out.extend_from_slice(text.as_bytes()),
        Frame::Spawn {
            request,
            window,
            name,
            factory,
            args,
        } => {
            put_numbers(out, &[request, u64::from(window)]);
            put_text(out, name);
            put_text(out, factory);
            out.extend_from_slice(args);
        }
        Frame::Spawned { request, export } => put_numbers(out, &[request, export]),
        Frame::SpawnFailed {
            request,
            cause,
            text,
        } => put_tagged(out, request, cause as u8, text.as_bytes()),
        Frame::Stop { export, how } => put_tagged(out, export, how as u8, &[]),
        Frame::Ended { reason } => out.extend_from_slice(reason),
        Frame::Tell { export, payload } => put_numbered(out, &[export], payload),
        Frame::Credit { export, n } => put_numbers(out, &[export, u64::from(n)]),
        Frame::Reply { reply, outcome } => match outcome {
            ReplyOutcome::Value(value) => put_tagged(out, reply, REPLY_VALUE, value),
            ReplyOutcome::Failure(failure, detail) => {
                put_tagged(out, reply, failure as u8 + 1, detail);
            }
        },
        Frame::Cancel { reply } => put_numbers(out, &[reply]),
        Frame::Nack {
            export,
            number,
            what,
            text,
        } => {
            varint::put(out, export);
            put_tagged(out, number, what as u8, text.as_bytes());
        }
        Frame::Chunk { id, total, piece } => put_numbered(out, &[id, total], piece),
        Frame::Release { export, count } => put_numbers(out, &[export, count]),
        Frame::Gone { export, reason } => put_numbered(out, &[export], reason),
    }
}

fn put_numbers(out: &mut Vec<u8>, numbers: &[u64]) {
    for &number in numbers {
        varint::put(out, number);
    }
}

fn put_numbered(out: &mut Vec<u8>, numbers: &[u64], rest: &[u8]) {
    put_numbers(out, numbers);
    out.extend_from_slice(rest);
}

fn put_tagged(out: &mut Vec<u8>, number: u64, tag: u8, rest: &[u8]) {
    varint::put(out, number);
    out.push(tag);
    out.extend_from_slice(rest);
}

/// Appends a text that is not the last field.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    varint::put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// The longest start of `text` that takes at most `max` bytes and ends between two characters.
///
/// For texts that travel in frames: an error message must not make a frame too large to be sent.
pub fn cut_text(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
