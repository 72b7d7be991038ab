//! Putting the pieces of large messages together. Every byte may come from a hostile peer.
//!
//! The link's reader holds one; it goes, with whatever is not complete, when the link does. What it holds grows with what has arrived,
//! and is at most [`CHUNKED_MAX`] messages of the longest length.

use super::{CHUNKED_MAX, ChunkError, is_divisible};
use crate::frame::decode::decode;
use crate::frame::{Frame, FrameError, FrameKind};

struct Partial {
    id: u64,
    total: usize,
    bytes: Vec<u8>,
}

/// The messages of which some pieces have arrived.
pub(crate) struct Incoming {
    partials: Vec<Partial>,
    /// What fits into one frame must come in one.
    whole_max: usize,
    limit: usize,
}

/// A message whose pieces have all arrived: the kind of its frame, and the body.
#[derive(Debug)]
pub(crate) struct Joined {
    kind: FrameKind,
    bytes: Vec<u8>,
}

impl Joined {
    /// The frame that was cut.
    pub(crate) fn frame(&self) -> Result<Frame<'_>, FrameError> {
        decode(self.kind, self.bytes.get(1..).unwrap_or_default())
    }
}

impl Incoming {
    /// Accepts messages longer than `whole_max` and up to `limit` bytes.
    pub(crate) fn new(whole_max: usize, limit: usize) -> Self {
        Incoming {
            partials: Vec::new(),
            whole_max,
            limit,
        }
    }

    /// Takes a piece. The message, if it was its last one.
    pub(crate) fn handle_piece(
        &mut self,
        id: u64,
        total: u64,
        piece: &[u8],
    ) -> Result<Option<Joined>, ChunkError> {
        if piece.is_empty() {
            return Err(ChunkError::Empty(id));
        }
        let index = if total > 0 {
            self.begin(id, total, piece)?
        } else {
            let known = self.partials.iter().position(|partial| partial.id == id);
            known.ok_or(ChunkError::Unknown(id))?
        };
        let partial = &mut self.partials[index];
        if piece.len() > partial.total - partial.bytes.len() {
            return Err(ChunkError::Beyond(id));
        }
        partial.append(piece);
        if partial.bytes.len() < partial.total {
            return Ok(None);
        }
        let Partial { bytes, .. } = self.partials.swap_remove(index);
        Ok(Some(Joined {
            kind: kind_of(&bytes)?,
            bytes,
        }))
    }

    fn begin(&mut self, id: u64, declared: u64, piece: &[u8]) -> Result<usize, ChunkError> {
        let total = usize::try_from(declared).unwrap_or(usize::MAX);
        if total > self.limit {
            let limit = self.limit;
            return Err(ChunkError::TooLong { declared, limit });
        }
        if total <= self.whole_max {
            return Err(ChunkError::TooShort { declared });
        }
        if self.partials.iter().any(|partial| partial.id == id) {
            return Err(ChunkError::Repeated(id));
        }
        if self.partials.len() >= CHUNKED_MAX {
            return Err(ChunkError::TooMany);
        }
        // At once, not when all has arrived.
        kind_of(piece)?;
        self.partials.push(Partial {
            id,
            total,
            bytes: Vec::new(),
        });
        Ok(self.partials.len() - 1)
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.partials.iter().map(|p| p.bytes.capacity()).sum()
    }
}

impl Partial {
    /// Grows twofold, as a vector does by itself, but never beyond what was announced.
    fn append(&mut self, piece: &[u8]) {
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        if capacity - len < piece.len() {
            let more = piece.len().max(len).min(self.total - len);
            self.bytes.reserve_exact(more);
        }
        self.bytes.extend_from_slice(piece);
    }
}

fn kind_of(frame: &[u8]) -> Result<FrameKind, ChunkError> {
    let byte = frame.first().copied().unwrap_or_default();
    FrameKind::from_byte(byte)
        .filter(|kind| is_divisible(*kind))
        .ok_or(ChunkError::Kind(byte))
}
