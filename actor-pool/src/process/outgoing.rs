//! What waits to be written into a socket, in order: small things gathered in one buffer, large ones as they are. Pure.
//!
//! Used by the desk under its lock; it never writes by itself, copies nothing that is large, and drops nothing that is a user's: what is
//! written is taken with [`take_written`](Outgoing::take_written).

use std::collections::VecDeque;

use bytes::Bytes;

/// A buffer that has become larger than this is not kept once it is empty.
const KEPT_MAX: usize = 256 * 1024;

/// See the module's header.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// None of them is empty.
    pieces: VecDeque<Bytes>,
    /// Behind all the pieces.
    gathered: Vec<u8>,
    /// Of the first piece, or of what was gathered if there is none, so much is written.
    written: usize,
    /// Those that were written, until they are taken.
    done: Vec<Bytes>,
    /// Nobody reads any more.
    is_closed: bool,
}

impl Outgoing {
    /// To append something small to.
    pub(super) fn gathered(&mut self) -> &mut Vec<u8> {
        &mut self.gathered
    }

    /// Appends something large, which is held until it is written.
    pub(super) fn push(&mut self, piece: Bytes) {
        if !self.gathered.is_empty() {
            self.pieces
                .push_back(std::mem::take(&mut self.gathered).into());
        }
        if !piece.is_empty() {
            self.pieces.push_back(piece);
        }
    }

    /// What is to be written next. Nothing: there is no more.
    pub(super) fn next(&self) -> &[u8] {
        if self.is_closed {
            return &[];
        }
        let first = self
            .pieces
            .front()
            .map_or(&self.gathered[..], |piece| &piece[..]);
        &first[self.written..]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.next().is_empty()
    }

    /// So many bytes of [`next`](Outgoing::next) were written.
    pub(super) fn advance(&mut self, written: usize) {
        self.written += written;
        if !self.is_empty() {
            return;
        }
        self.written = 0;
        if let Some(piece) = self.pieces.pop_front() {
            return self.done.push(piece);
        }
        self.gathered.clear();
        if self.gathered.capacity() > KEPT_MAX {
            self.gathered = Vec::new();
        }
    }

    /// What was written since, to be dropped where user code may run.
    pub(super) fn take_written(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.done)
    }

    /// Nobody will read it, nor what comes behind it.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes all of it, so many bytes at a time.
    fn write(out: &mut Outgoing, step: usize) -> Vec<u8> {
        let mut written = Vec::new();
        while !out.is_empty() {
            let next = out.next();
            let some = &next[..next.len().min(step)];
            written.extend_from_slice(some);
            let len = some.len();
            out.advance(len);
        }
        written
    }

    #[test]
    fn everything_is_written_in_its_order_whatever_fits() {
        for step in 1..8 {
            let mut out = Outgoing::default();
            out.gathered().extend(*b"ab");
            out.push(Bytes::from_static(b"CDE"));
            out.push(Bytes::new());
            out.push(Bytes::from_static(b"F"));
            out.gathered().extend(*b"gh");
            out.gathered().extend(*b"i");

            assert_eq!(write(&mut out, step), b"abCDEFghi", "{step} at a time");
            assert!(out.is_empty());
        }
    }

    #[test]
    fn what_is_appended_while_something_is_half_written_comes_behind_it() {
        let mut out = Outgoing::default();
        out.gathered().extend(*b"abc");
        out.advance(2);
        out.push(Bytes::from_static(b"DEF"));
        out.advance(1);
        out.advance(1);
        out.gathered().extend(*b"g");

        assert_eq!(write(&mut out, 100), b"EFg");
        assert!(out.next().is_empty());
    }

    #[test]
    fn a_large_piece_is_not_copied() {
        let piece = Bytes::from(vec![7; 100]);
        let mut out = Outgoing::default();
        out.push(piece.clone());
        assert_eq!(out.next().as_ptr(), piece.as_ptr());
    }

    #[test]
    fn what_is_written_is_handed_back_and_what_nobody_reads_stays() {
        let mut out = Outgoing::default();
        out.push(Bytes::from_static(b"abc"));
        out.push(Bytes::from_static(b"def"));
        out.advance(3);
        assert_eq!(out.take_written(), [&b"abc"[..]]);

        out.close();

        assert!(out.is_empty());
        assert_eq!(out.take_written(), [&b""[..]; 0]);
        assert_eq!(out.pieces.len(), 1);
    }
}
