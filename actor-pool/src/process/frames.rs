//! How jobs and their outcomes are laid out on a worker's job socket. Pure: bytes in, frames out.
//!
//! | bytes | to the worker | from the worker |
//! |---|---|---|
//! | 0..4 | length of what follows, `u32` little-endian | the same |
//! | 4..12 | number of the job, `u64` little-endian, counted per worker | the same |
//! | 12 | [`Kind`] | [`Tag`] |
//! | 13.. | key of the job, `u64` little-endian; length of the name, `u16` little-endian; the name; the argument, as [`Kind`] says | the result, or an encoded [`Answer`](super::wire::Answer) |
//!
//! The length is checked against a limit before anything is kept for it, and the buffer grows with what has arrived, or was there already. What comes from the
//! other process never makes us panic.

use std::io;
use std::ops::Range;
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::buffer::spare_capacity;

use super::shelf::Shelf;

/// Bytes of a frame's length.
const LENGTH: usize = 4;
/// Bytes before what a frame carries.
pub(super) const HEAD: usize = LENGTH + 8 + 1;
/// What an order carries besides its argument, at most.
pub(super) const ORDER_HEAD: usize = 8 + 2 + u16::MAX as usize + LENGTH;
/// Room offered to a read.
const READ_ROOM: usize = 64 * 1024;
/// A frame from this size on is handed out as the buffer itself.
const LARGE: usize = 64 * 1024;

/// What a worker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Run the job once.
    One = 0,
    /// Run it for each of a chunk's arguments.
    Chunk = 1,
    /// Run the job once; the encoded argument is behind its length, `u32` little-endian, and then come the blobs that belong to it.
    OneApart = 2,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    /// The encoded result.
    Done = 0,
    /// There is none; an encoded answer says why.
    Failed = 1,
    /// The encoded result behind its length, `u32` little-endian, and then the blobs that belong to it.
    DoneApart = 2,
    /// Outcomes of a chunk, more of which follow.
    Part = 3,
}

/// A job on its way to a worker.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order<'a> {
    pub(super) number: u64,
    pub(super) kind: Kind,
    /// By which the pool knows it.
    pub(super) key: u64,
    pub(super) name: &'a str,
    pub(super) argument: &'a [u8],
}

/// Appends a job, but for the blobs of its argument, which are so many bytes and come next.
pub(super) fn put_order(out: &mut Vec<u8>, order: &Order<'_>, blobs: usize) {
    let begin = begin(out, order.number, order.kind as u8);
    out.extend_from_slice(&order.key.to_le_bytes());
    // The name of a job is a few words.
    let name = order.name.as_bytes();
    let len = u16::try_from(name.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&name[..usize::from(len)]);
    if order.kind == Kind::OneApart {
        let len = u32::try_from(order.argument.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&len.to_le_bytes());
    }
    out.extend_from_slice(order.argument);
    finish(out, begin, blobs);
}

/// The head of an outcome of so many bytes.
pub(super) fn outcome_head(number: u64, tag: Tag, len: usize) -> [u8; HEAD] {
    let declared = u32::try_from(len + HEAD - LENGTH).unwrap_or(u32::MAX);
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&declared.to_le_bytes());
    head[4..12].copy_from_slice(&number.to_le_bytes());
    head[12] = tag as u8;
    head
}

fn begin(out: &mut Vec<u8>, number: u64, byte: u8) -> usize {
    let begin = out.len();
    out.extend_from_slice(&[0; LENGTH]);
    out.extend_from_slice(&number.to_le_bytes());
    out.push(byte);
    begin
}

fn finish(out: &mut [u8], begin: usize, follows: usize) {
    // Arguments and results are limited to far less.
    let len = u32::try_from(out.len() - begin - LENGTH + follows).unwrap_or(u32::MAX);
    out[begin..begin + LENGTH].copy_from_slice(&len.to_le_bytes());
}

/// One frame, its body not looked at.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Raw<'a> {
    pub(super) number: u64,
    byte: u8,
    pub(super) body: &'a [u8],
}

/// Cuts what lies apart: the encoded value behind its length, and the blobs that belong to it.
pub(super) fn cut_apart(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = body.split_first_chunk()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
    rest.split_at_checked(len)
}

impl<'a> Raw<'a> {
    /// A frame that was [taken](Frames::take_large) as a buffer of its own.
    pub(super) fn of_large(frame: &'a [u8]) -> Option<Self> {
        Raw::read(frame.get(LENGTH..)?)
    }

    fn read(frame: &'a [u8]) -> Option<Self> {
        let (number, rest) = frame.split_first_chunk()?;
        let (byte, body) = rest.split_first()?;
        Some(Raw {
            number: u64::from_le_bytes(*number),
            byte: *byte,
            body,
        })
    }

    pub(super) fn order(&self) -> Option<Order<'a>> {
        let kind = match self.byte {
            0 => Kind::One,
            1 => Kind::Chunk,
            2 => Kind::OneApart,
            _ => return None,
        };
        let (key, rest) = self.body.split_first_chunk()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (name, argument) = rest.split_at_checked(u16::from_le_bytes(*len).into())?;
        Some(Order {
            number: self.number,
            kind,
            key: u64::from_le_bytes(*key),
            name: std::str::from_utf8(name).ok()?,
            argument,
        })
    }

    pub(super) fn tag(&self) -> Option<Tag> {
        match self.byte {
            0 => Some(Tag::Done),
            1 => Some(Tag::Failed),
            2 => Some(Tag::DoneApart),
            3 => Some(Tag::Part),
            _ => None,
        }
    }
}

/// What a worker has left in the page: outcomes, and the job that has begun last.
pub(super) fn read_page(page: &[u8]) -> (Vec<Raw<'_>>, Option<u64>) {
    let mut outcomes = Vec::new();
    let mut rest = page;
    while let Some((len, after)) = rest.split_first_chunk::<LENGTH>() {
        if *len == [0; LENGTH] {
            let begun = after.first_chunk().copied().map(u64::from_le_bytes);
            return (outcomes, begun);
        }
        let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
        let frame = after.split_at_checked(len);
        let Some((raw, after)) = frame.and_then(|(frame, after)| Some((Raw::read(frame)?, after)))
        else {
            break;
        };
        outcomes.push(raw);
        rest = after;
    }
    (outcomes, None)
}

/// Cuts what is read into frames.
#[derive(Debug)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    /// Bytes at the front that were handed out.
    used: usize,
    limit: usize,
    /// Has a buffer for a large frame, perhaps.
    shelf: Option<Arc<Shelf>>,
}

/// A frame of this length is longer than any that is expected, or no frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) usize);

impl Frames {
    /// Accepts frames that carry up to `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Frames {
            buffer: Vec::new(),
            used: 0,
            limit: limit.saturating_add(HEAD),
            shelf: None,
        }
    }

    /// Reads large frames into what the shelf has kept.
    pub(super) fn with_shelf(self, shelf: &Arc<Shelf>) -> Self {
        Frames {
            shelf: Some(Arc::clone(shelf)),
            ..self
        }
    }

    /// Reads once, as much as is there. 0 at the end of the stream.
    pub(super) fn read_from(&mut self, socket: impl AsFd) -> io::Result<usize> {
        self.make_room();
        Ok(rustix::io::read(socket, spare_capacity(&mut self.buffer))?)
    }

    fn declared(&self) -> Result<Option<usize>, Broken> {
        let pending = &self.buffer[self.used..];
        let Some((len, _)) = pending.split_first_chunk::<LENGTH>() else {
            return Ok(None);
        };
        let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
        if len > self.limit || len < HEAD - LENGTH {
            return Err(Broken(len));
        }
        Ok(Some(len))
    }

    /// Drops what was handed out. A large frame gets room as it arrives: as much again as is there.
    fn make_room(&mut self) {
        if self.used > 0 {
            self.buffer.drain(..self.used);
            self.used = 0;
        }
        if self.buffer.is_empty() && self.buffer.capacity() > 4 * READ_ROOM {
            self.buffer = Vec::new();
        }
        let whole = match self.declared() {
            Ok(Some(len)) => len + LENGTH,
            _ => 0,
        };
        if whole > self.buffer.capacity() {
            self.move_to_shelf(whole);
        }
        let room = whole
            .saturating_sub(self.buffer.len())
            .clamp(READ_ROOM, self.buffer.len().max(READ_ROOM));
        // It has doubled already, and the last step is not to go far beyond the frame.
        self.buffer.reserve_exact(room);
    }

    /// Goes on in a buffer that is there already.
    fn move_to_shelf(&mut self, len: usize) {
        let shelf = self.shelf.as_ref();
        if let Some(mut kept) = shelf.and_then(|shelf| shelf.take(len)) {
            kept.extend_from_slice(&self.buffer);
            self.buffer = kept;
        }
    }

    /// The next whole frame.
    pub(super) fn next(&mut self) -> Result<Option<Raw<'_>>, Broken> {
        match self.advance()? {
            Some(place) => self.at(place).map(Some),
            None => Ok(None),
        }
    }

    /// Goes on to the next whole frame, and says where it is.
    pub(super) fn advance(&mut self) -> Result<Option<Range<usize>>, Broken> {
        let Some(len) = self.declared()? else {
            return Ok(None);
        };
        let begin = self.used + LENGTH;
        if self.buffer.len() < begin + len {
            return Ok(None);
        }
        self.used = begin + len;
        Ok(Some(begin..begin + len))
    }

    /// The frame at the place where one was found, until there is a read.
    pub(super) fn at(&self, place: Range<usize>) -> Result<Raw<'_>, Broken> {
        let len = place.len();
        let frame = self.buffer.get(place).and_then(Raw::read);
        frame.ok_or(Broken(len))
    }

    /// Whether a whole frame waits.
    pub(super) fn has_next(&self) -> bool {
        match self.declared() {
            Ok(Some(len)) => self.buffer.len() - self.used >= LENGTH + len,
            Ok(None) => false,
            Err(_) => true,
        }
    }

    /// The next frame as a buffer of its own, if it is a large one and whole: number, tag, and the body from [`HEAD`] on.
    pub(super) fn take_large(&mut self) -> Option<(u64, Option<Tag>, Vec<u8>)> {
        let len = self.declared().ok()??;
        if len < LARGE || !self.has_next() {
            return None;
        }
        self.buffer.drain(..self.used);
        self.used = 0;
        let rest = self.buffer.split_off(LENGTH + len);
        let frame = std::mem::replace(&mut self.buffer, rest);
        let raw = Raw::read(&frame[LENGTH..])?;
        let (number, tag) = (raw.number, raw.tag());
        Some((number, tag, frame))
    }
}

#[cfg(test)]
mod tests;
