//! What waits to be written: one buffer that everybody appends to and the writer swaps out, so that many frames go in one write.
//!
//! Messages wait for room before they are encoded; what answers the peer (replies, credits, ends) does not. A peer that makes us answer and
//! never reads is cut off when too much has piled up.
//!
//! Large messages wait beside the buffer and leave in pieces: after each write of the buffer one piece, so that whatever is appended
//! waits for one piece at most, and a flood of small messages holds a large one up for one buffer per piece. Who sends a large message
//! waits until it has left, and so holds one at a time; large answers are bounded in bytes.

#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use crate::frame::{CHUNKED_MAX, Cargo, Outgoing};
use crate::transport::BoxWriter;

/// Above this many bytes forwarders wait: enough to keep the socket busy while they are scheduled.
const HIGH_WATER: usize = 256 * 1024;
/// With this many bytes unread another answer ends the link. Of a peer that has merely stopped, only what it had asked for before is
/// answered. As much again may be in the writer's hands.
pub(super) const UNREAD_MAX: usize = 16 * 1024 * 1024;
/// An empty buffer above this size is given back.
const KEEP_MAX: usize = 1024 * 1024;

#[derive(Default)]
struct State {
    buffer: Vec<u8>,
    waiting: Waiting,
    large: Outgoing,
    /// Wait until a large message has left.
    waiting_for_large: Waiting,
    /// Nothing more is taken.
    closed: bool,
    /// Everything is to be written and then the stream shut down.
    finishing: bool,
    /// The peer left too much unread.
    overflowed: bool,
    /// The writer sleeps and is to be woken by the next append.
    idle: bool,
}

/// Wakers, all of which are woken at once.
#[derive(Default)]
struct Waiting {
    wakers: Vec<Waker>,
    /// How often they were.
    rounds: u64,
}

/// Where the waker of one who waits stands, and in which round. One forwarder may look many times before there is what it waits for.
#[derive(Default)]
pub(super) struct Place(Option<(usize, u64)>);

impl Waiting {
    /// Keeps a waker, once.
    fn keep(&mut self, place: &mut Place, waker: &Waker) {
        match place.0 {
            Some((index, round)) if round == self.rounds => self.wakers[index].clone_from(waker),
            _ => {
                place.0 = Some((self.wakers.len(), self.rounds));
                self.wakers.push(waker.clone());
            }
        }
    }

    fn take(&mut self) -> Vec<Waker> {
        self.rounds += 1;
        std::mem::take(&mut self.wakers)
    }
}

pub(super) struct Outbox {
    state: Mutex<State>,
    /// The longest body of a piece.
    piece_max: usize,
    /// Large answers that may wait at a time, in bytes.
    answers_max: usize,
    filled: Notify,
    overflow: Notify,
}

/// More large answers are waiting to be read than one link may hold.
#[derive(Debug, thiserror::Error)]
#[error(
    "with its {len} bytes the large answers that wait to be read would take more than the {limit} bytes that one link holds"
)]
pub(super) struct TooManyAnswers {
    len: usize,
    limit: usize,
}

impl Outbox {
    /// Frames are up to `piece_max` bytes long, messages up to `message_max`.
    pub(super) fn new(piece_max: usize, message_max: usize) -> Self {
        Outbox {
            state: Mutex::default(),
            piece_max,
            // As many as leave at a time.
            answers_max: message_max.saturating_mul(CHUNKED_MAX).max(UNREAD_MAX),
            filled: Notify::new(),
            overflow: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a frame that waits for no room. If too much is unread nothing is taken any more, and whoever waits for
    /// [`overflowed`](Outbox::overflowed) ends the link; not here, since the caller may hold its locks.
    pub(super) fn append_control(&self, write: impl FnOnce(&mut Vec<u8>)) {
        self.change_unasked(|state| write(&mut state.buffer));
    }

    /// As [`append_control`](Outbox::append_control), for whatever adds frames.
    fn change_unasked(&self, change: impl FnOnce(&mut State)) {
        let is_full = {
            let mut state = self.lock();
            state.overflowed |= state.buffer.len() + state.large.bytes_behind() >= UNREAD_MAX;
            state.overflowed
        };
        if is_full {
            self.close();
            self.overflow.notify_one();
        } else {
            self.change(change);
        }
    }

    /// Completes when the peer has left too much unread.
    pub(super) async fn overflowed(&self) {
        while !self.has_overflowed() {
            self.overflow.notified().await;
        }
    }

    /// Whether it has.
    pub(super) fn has_overflowed(&self) -> bool {
        self.lock().overflowed
    }

    /// Appends whole frames, for which there was room. Returns `false` when the link is closed.
    pub(super) fn append(&self, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        self.change(|state| write(&mut state.buffer))
    }

    /// Adds something to be written. Returns `false`, with nothing done, when the link is closed.
    fn change(&self, change: impl FnOnce(&mut State)) -> bool {
        let wake = {
            let mut state = self.lock();
            if state.closed || state.finishing {
                return false;
            }
            change(&mut state);
            std::mem::take(&mut state.idle)
        };
        if wake {
            self.filled.notify_one();
        }
        true
    }

    /// Appends frames, and behind them a large message. Its number, for [`poll_left`](Outbox::poll_left).
    pub(super) fn append_large(&self, before: &[u8], cargo: Cargo) -> u64 {
        let mut number = 0;
        self.change(|state| {
            state.buffer.extend_from_slice(before);
            number = state.large.push(cargo);
        });
        number
    }

    /// Takes room for a large answer, which is then appended; nobody could wait for it.
    ///
    /// # Errors
    ///
    /// Too many wait already.
    pub(super) fn reserve_answer(&self, len: usize) -> Result<(), TooManyAnswers> {
        let mut state = self.lock();
        if state.large.answer_bytes().saturating_add(len) > self.answers_max {
            let limit = self.answers_max;
            return Err(TooManyAnswers { len, limit });
        }
        state.large.reserve_answer(len);
        Ok(())
    }

    /// Appends frames that must not overtake any large message; otherwise as [`append_control`](Outbox::append_control).
    pub(super) fn append_behind_large(&self, frames: Vec<u8>) {
        self.change_unasked(|state| {
            let last = state.large.last();
            state.append_behind(last, frames);
        });
    }

    /// Appends a frame that must not overtake the message which carries that reply; otherwise as
    /// [`append_control`](Outbox::append_control).
    pub(super) fn append_behind_carrier(&self, reply: u64, frame: Vec<u8>) {
        self.change_unasked(|state| {
            let carrier = state.large.carrier_of(reply).unwrap_or(0);
            state.append_behind(carrier, frame);
        });
    }

    /// Whether that large message has left, so that whatever is appended from now on comes behind it; also when it never will. Keeps the
    /// waker if not.
    pub(super) fn poll_left(&self, number: u64, place: &mut Place, cx: &mut Context<'_>) -> bool {
        let mut state = self.lock();
        if state.closed || state.large.has_left(number) {
            return true;
        }
        state.waiting_for_large.keep(place, cx.waker());
        false
    }

    /// Completes when all large messages that are here now have left, or never will.
    pub(super) async fn large_have_left(&self) {
        let last = self.lock().large.last();
        let mut place = Place::default();
        poll_fn(|cx| match self.poll_left(last, &mut place, cx) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    /// How many pieces of large messages have left, if some have not.
    pub(super) fn pieces_left(&self) -> Option<u64> {
        let state = self.lock();
        (!state.large.is_empty()).then(|| state.large.pieces())
    }

    /// Whether messages may be encoded. `false` for now keeps the waker; once closed it stays `false`, and the end of the link follows.
    pub(super) fn poll_room(&self, place: &mut Place, cx: &mut Context<'_>) -> bool {
        let mut state = self.lock();
        if state.closed || state.finishing {
            return false;
        }
        if state.buffer.len() < HIGH_WATER {
            return true;
        }
        state.waiting.keep(place, cx.waker());
        false
    }

    #[cfg(test)]
    pub(super) fn unread(&self) -> usize {
        self.lock().buffer.len()
    }

    /// Takes nothing more, and drops what is there.
    pub(super) fn close(&self) {
        let (unsent, wakers) = {
            let mut state = self.lock();
            state.closed = true;
            let buffer = std::mem::take(&mut state.buffer);
            let large = std::mem::take(&mut state.large);
            let waiting = state.waiting.take();
            let waiting_for_large = state.waiting_for_large.take();
            (
                (buffer, large),
                waiting.into_iter().chain(waiting_for_large),
            )
        };
        drop(unsent);
        wakers.for_each(Waker::wake);
        self.filled.notify_one();
    }

    /// Takes nothing more; what is there is written, and then the stream is shut down.
    pub(super) fn finish(&self) {
        self.lock().finishing = true;
        self.filled.notify_one();
    }

    /// Swaps the buffer out, and takes the next piece of a large message, whose header stands at the end of the buffer. The piece is empty
    /// if there is none. `None`: there is nothing, wait. `Err`: nothing will ever come again.
    fn take(&self, empty: &mut Vec<u8>) -> Result<Option<Bytes>, ()> {
        let (piece, waiting, waiting_for_large) = {
            let mut state = self.lock();
            let is_empty = state.buffer.is_empty() && state.large.is_empty();
            if state.closed || (state.finishing && is_empty) {
                return Err(());
            }
            if is_empty {
                state.idle = true;
                return Ok(None);
            }
            std::mem::swap(&mut state.buffer, empty);
            let (piece, left) = state.take_piece(empty, self.piece_max);
            (piece, state.waiting.take(), left)
        };
        let waiting = waiting.into_iter().chain(waiting_for_large);
        waiting.for_each(Waker::wake);
        Ok(Some(piece))
    }

    /// Writes until the outbox is closed or finished.
    pub(super) async fn write_to(&self, mut writer: BoxWriter) -> io::Result<()> {
        let mut buffer = Vec::new();
        loop {
            match self.take(&mut buffer) {
                Ok(Some(piece)) => {
                    write_both(&mut writer, &buffer, &piece).await?;
                    buffer.clear();
                    if buffer.capacity() > KEEP_MAX {
                        buffer = Vec::new();
                    }
                }
                Ok(None) => self.filled.notified().await,
                Err(()) => return writer.shutdown().await,
            }
        }
    }
}

impl State {
    fn append_behind(&mut self, number: u64, frames: Vec<u8>) {
        if self.large.has_left(number) {
            self.buffer.extend_from_slice(&frames);
        } else {
            self.large.keep_behind(number, frames);
        }
    }

    /// The next piece, and who waited for a large message to leave if one has.
    fn take_piece(&mut self, out: &mut Vec<u8>, len_max: usize) -> (Bytes, Vec<Waker>) {
        let piece = self.large.next_piece(out, len_max);
        // The buffer is what is written after the piece.
        let was_last = self.large.take_left(&mut self.buffer);
        let waiting = if was_last {
            self.waiting_for_large.take()
        } else {
            Vec::new()
        };
        (piece.unwrap_or_default(), waiting)
    }
}

/// Writes the buffer, and then the piece from where it lies.
async fn write_both(writer: &mut BoxWriter, mut buffer: &[u8], mut piece: &[u8]) -> io::Result<()> {
    while !buffer.is_empty() && !piece.is_empty() {
        let slices = [IoSlice::new(buffer), IoSlice::new(piece)];
        let written = writer.write_vectored(&slices).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let of_buffer = written.min(buffer.len());
        buffer = &buffer[of_buffer..];
        piece = &piece[written - of_buffer..];
    }
    writer.write_all(buffer).await?;
    writer.write_all(piece).await
}
