//! Cutting a stream of bytes into frames.
//!
//! The link's reader task fills it and takes frames out; it does no I/O itself. The buffer grows with what has arrived,
//! never with what a header announces.

use super::decode::decode;
use super::{Frame, FrameError, FrameKind, HEADER_LEN};

/// Free room offered to one read, in bytes: one read then fetches hundreds of small frames.
const READ_ROOM: usize = 64 * 1024;

/// An empty buffer above this size is given back, in bytes.
const KEEP_MAX: usize = 4 * READ_ROOM;

/// Turns bytes, in pieces of any size, into frames.
///
/// Take frames out until there is none before more bytes are put in; then the buffer holds at most one frame that is not
/// complete and one read.
///
/// ```
/// use actor_remote::frame::{Frame, FrameReader, encode};
///
/// let mut bytes = Vec::new();
/// encode(&mut bytes, &Frame::Cancel { reply: 7 }, 1024)?;
///
/// let mut reader = FrameReader::new(1024);
/// reader.feed(&bytes);
/// assert_eq!(reader.next_frame()?, Some(Frame::Cancel { reply: 7 }));
/// assert_eq!(reader.next_frame()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FrameReader {
    buf: Vec<u8>,
    /// Bytes at the front of `buf` that were already handed out as frames.
    read: usize,
    limit: usize,
    /// The stream is broken for good: where the next frame would start is not known.
    broken: Option<FrameError>,
}

impl FrameReader {
    /// A reader that accepts bodies of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            buf: Vec::new(),
            read: 0,
            limit,
            broken: None,
        }
    }

    /// Changes the limit for the frames not yet taken out.
    ///
    /// A hello has a far smaller limit than the frames behind it.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Appends bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        self.buf.extend_from_slice(bytes);
    }

    /// The buffer to append to, with room for a large read, so that a read needs no copy.
    ///
    /// Only append: what it holds already is the start of a frame.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.make_room(READ_ROOM);
        &mut self.buf
    }

    /// The next frame, `None` if it has not arrived completely.
    ///
    /// # Errors
    /// Any [`FrameError`] but `Truncated`. The reader is then broken: every further call returns the same error.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let Some(range) = self.next_body().inspect_err(|e| self.broken = Some(*e))? else {
            return Ok(None);
        };
        self.read = range.end;
        match decode(range.kind, &self.buf[range.start..range.end]) {
            Ok(frame) => Ok(Some(frame)),
            Err(error) => {
                self.broken = Some(error);
                Err(error)
            }
        }
    }

    /// Says that no more bytes will come.
    ///
    /// # Errors
    /// The error that broke the reader, or [`FrameError::Truncated`] if a frame has arrived in part.
    pub fn finish(&self) -> Result<(), FrameError> {
        match (self.broken, self.buffered()) {
            (Some(error), _) => Err(error),
            (None, 0) => Ok(()),
            (None, len) => Err(FrameError::Truncated(len)),
        }
    }

    /// Bytes that arrived and were not handed out as frames.
    pub fn buffered(&self) -> usize {
        self.buf.len() - self.read
    }

    #[inline]
    fn next_body(&self) -> Result<Option<BodyRange>, FrameError> {
        let pending = &self.buf[self.read..];
        let Some((header, rest)) = pending.split_first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let [a, b, c, d, kind] = *header;
        let declared = u32::from_le_bytes([a, b, c, d]);
        // Both are checked before the body is waited for.
        let len = usize::try_from(declared)
            .ok()
            .filter(|&len| len <= self.limit)
            .ok_or(FrameError::TooLong {
                declared,
                limit: self.limit,
            })?;
        let kind = FrameKind::from_byte(kind).ok_or(FrameError::UnknownKind(kind))?;
        if rest.len() < len {
            return Ok(None);
        }
        let start = self.read + HEADER_LEN;
        Ok(Some(BodyRange {
            kind,
            start,
            end: start + len,
        }))
    }

    /// Drops what was handed out and makes room for `more` bytes.
    fn make_room(&mut self, more: usize) {
        if self.read == self.buf.len() {
            self.buf.clear();
            // One large frame must not pin its size for the life of the link.
            if self.buf.capacity() > KEEP_MAX {
                self.buf.shrink_to(READ_ROOM);
            }
        } else {
            self.buf.drain(..self.read);
        }
        self.read = 0;
        self.buf.reserve(more);
    }
}

struct BodyRange {
    kind: FrameKind,
    start: usize,
    end: usize,
}
