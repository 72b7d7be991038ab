//! Cutting large messages into pieces, some of them in turn.
//!
//! The outbox holds one under its lock. A message that was put in is cut where it lies: a piece is a slice of it.
//!
//! 1. At most [`CHUNKED_MAX`] messages are cut at a time, in turn; the others wait in the order in which they came.
//! 2. What was [kept behind](Outgoing::keep_behind) comes out when all messages that were there before it have left.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

use super::{CHUNKED_MAX, put_fields};
use crate::frame::{FrameKind, HEADER_LEN};

/// A large message to be sent, and the replies that it carries.
pub(crate) struct Cargo {
    /// The frame without its length: kind and body.
    pub(crate) frame: Bytes,
    pub(crate) replies: Vec<u64>,
    /// It is an answer, for which room was taken with [`reserve_answer`](Outgoing::reserve_answer).
    pub(crate) is_answer: bool,
}

impl Cargo {
    /// A message that carries no reply.
    pub(crate) fn new(frame: Bytes) -> Self {
        Cargo {
            frame,
            replies: Vec::new(),
            is_answer: false,
        }
    }
}

struct Stream {
    id: u64,
    /// Until the first piece has left.
    total: u64,
    rest: Bytes,
    replies: Vec<u64>,
    is_answer: bool,
}

/// The large messages that are to leave.
#[derive(Default)]
pub(crate) struct Outgoing {
    /// The number of the last one that was put in.
    last: u64,
    /// In turn; the first [`CHUNKED_MAX`] of what is here and in `waiting`.
    active: VecDeque<Stream>,
    waiting: VecDeque<Stream>,
    /// Whole frames, each with the number of the message that it must not overtake.
    behind: Vec<(u64, Vec<u8>)>,
    bytes_behind: usize,
    /// A message has left since that was last asked for.
    one_left: bool,
    /// Pieces that have left.
    pieces: u64,
    /// What of answers has not left, in bytes.
    answer_bytes: usize,
}

impl Outgoing {
    /// Puts a message in. Returns its number, for [`has_left`](Self::has_left).
    pub(crate) fn push(&mut self, cargo: Cargo) -> u64 {
        self.last += 1;
        let stream = Stream {
            id: self.last,
            total: cargo.frame.len() as u64,
            rest: cargo.frame,
            replies: cargo.replies,
            is_answer: cargo.is_answer,
        };
        if self.active.len() < CHUNKED_MAX {
            self.active.push_back(stream);
        } else {
            self.waiting.push_back(stream);
        }
        self.last
    }

    /// The next piece: what goes before it is appended to `out`, the piece itself is returned. The body of the frame that both make is at
    /// most `len_max` bytes long. `None`, and nothing appended, if there is none.
    ///
    /// Whether a message has left completely shows in [`has_left`](Self::has_left).
    pub(crate) fn next_piece(&mut self, out: &mut Vec<u8>, len_max: usize) -> Option<Bytes> {
        let mut stream = self.active.pop_front()?;
        let start = out.len();
        out.extend_from_slice(&[0, 0, 0, 0, FrameKind::Chunk as u8]);
        put_fields(out, stream.id, std::mem::take(&mut stream.total));
        let fields = out.len() - start - HEADER_LEN;
        // The fields take 20 bytes at most, far less than the shortest limit of a session.
        let room = len_max.saturating_sub(fields).max(1);
        let piece = stream.rest.split_to(room.min(stream.rest.len()));
        let len = u32::try_from(fields + piece.len()).unwrap_or(u32::MAX);
        out[start..start + 4].copy_from_slice(&len.to_le_bytes());
        self.pieces += 1;
        if stream.is_answer {
            self.answer_bytes -= piece.len();
        }
        if stream.rest.has_remaining() {
            self.active.push_back(stream);
        } else {
            self.one_left = true;
            self.active.extend(self.waiting.pop_front());
        }
        Some(piece)
    }

    /// Whether nothing is left to be cut.
    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Whether this message, and all that were put in before it, have left.
    pub(crate) fn has_left(&self, id: u64) -> bool {
        self.oldest().is_none_or(|oldest| oldest > id)
    }

    /// The number of the message that was put in last; 0 if there was none yet.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Takes room for an answer that will be put in.
    pub(crate) fn reserve_answer(&mut self, len: usize) {
        self.answer_bytes += len;
    }

    /// What of answers has not left, in bytes.
    pub(crate) fn answer_bytes(&self) -> usize {
        self.answer_bytes
    }

    /// How many pieces have left.
    pub(crate) fn pieces(&self) -> u64 {
        self.pieces
    }

    /// The message that carries this reply and has not left.
    pub(crate) fn carrier_of(&self, reply: u64) -> Option<u64> {
        self.streams()
            .find(|stream| stream.replies.contains(&reply))
            .map(|stream| stream.id)
    }

    /// Keeps whole frames until that message, and all before it, have left. Frames that are kept behind the same one keep their order.
    pub(crate) fn keep_behind(&mut self, id: u64, frames: Vec<u8>) {
        self.bytes_behind += frames.len();
        self.behind.push((id, frames));
    }

    /// What is kept behind messages, in bytes.
    pub(crate) fn bytes_behind(&self) -> usize {
        self.bytes_behind
    }

    /// If a message has left completely since the last call, appends what was kept behind it and waits for nothing else, and returns `true`.
    pub(crate) fn take_left(&mut self, out: &mut Vec<u8>) -> bool {
        if !std::mem::take(&mut self.one_left) {
            return false;
        }
        let oldest = self.oldest().unwrap_or(u64::MAX);
        self.behind.retain(|(id, frames)| {
            let is_due = *id < oldest;
            if is_due {
                self.bytes_behind -= frames.len();
                out.extend_from_slice(frames);
            }
            !is_due
        });
        true
    }

    fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.active.iter().chain(&self.waiting)
    }

    fn oldest(&self) -> Option<u64> {
        self.streams().map(|stream| stream.id).min()
    }
}

/// The length of the longest fields of a piece, in bytes.
#[cfg(test)]
pub(super) const FIELDS_MAX: usize = 2 * crate::frame::varint::MAX_LEN;
