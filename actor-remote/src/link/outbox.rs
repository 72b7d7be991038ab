//! What waits to be written: one buffer that everybody appends to and the writer swaps out, so that many frames go in one write.
//!
//! Messages wait for room before they are encoded; what answers the peer (replies, credits, ends) does not. A peer that makes us answer and
//! never reads is cut off when too much has piled up.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

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
    waiting: Vec<Waker>,
    /// Nothing more is taken.
    closed: bool,
    /// Everything is to be written and then the stream shut down.
    finishing: bool,
    /// The peer left too much unread.
    overflowed: bool,
    /// The writer sleeps and is to be woken by the next append.
    idle: bool,
}

#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    filled: Notify,
    overflow: Notify,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a frame that waits for no room. If too much is unread nothing is taken any more, and whoever waits for
    /// [`overflowed`](Outbox::overflowed) ends the link; not here, since the caller may hold its locks.
    pub(super) fn append_control(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let is_full = {
            let mut state = self.lock();
            state.overflowed |= state.buffer.len() >= UNREAD_MAX;
            state.overflowed
        };
        if is_full {
            self.close();
            self.overflow.notify_one();
        } else {
            self.append(write);
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
        let wake = {
            let mut state = self.lock();
            if state.closed || state.finishing {
                return false;
            }
            write(&mut state.buffer);
            std::mem::take(&mut state.idle)
        };
        if wake {
            self.filled.notify_one();
        }
        true
    }

    /// Whether messages may be encoded. `false` for now keeps the waker; once closed it stays `false`, and the end of the link follows.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> bool {
        let mut state = self.lock();
        if state.closed || state.finishing {
            return false;
        }
        if state.buffer.len() < HIGH_WATER {
            return true;
        }
        // One forwarder may look many times before there is room.
        if !state
            .waiting
            .iter()
            .any(|waker| waker.will_wake(cx.waker()))
        {
            state.waiting.push(cx.waker().clone());
        }
        false
    }

    #[cfg(test)]
    pub(super) fn unread(&self) -> usize {
        self.lock().buffer.len()
    }

    /// Takes nothing more, and drops what is there.
    pub(super) fn close(&self) {
        let (buffer, waiting) = {
            let mut state = self.lock();
            state.closed = true;
            (
                std::mem::take(&mut state.buffer),
                std::mem::take(&mut state.waiting),
            )
        };
        drop(buffer);
        waiting.into_iter().for_each(Waker::wake);
        self.filled.notify_one();
    }

    /// Takes nothing more; what is there is written, and then the stream is shut down.
    pub(super) fn finish(&self) {
        self.lock().finishing = true;
        self.filled.notify_one();
    }

    /// Swaps the buffer out. `None`: there is nothing, wait. `Err`: nothing will ever come again.
    fn take(&self, empty: &mut Vec<u8>) -> Result<bool, ()> {
        let waiting = {
            let mut state = self.lock();
            if state.closed || (state.finishing && state.buffer.is_empty()) {
                return Err(());
            }
            if state.buffer.is_empty() {
                state.idle = true;
                return Ok(false);
            }
            std::mem::swap(&mut state.buffer, empty);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
        Ok(true)
    }

    /// Writes until the outbox is closed or finished.
    pub(super) async fn write_to(&self, mut writer: BoxWriter) -> std::io::Result<()> {
        let mut buffer = Vec::new();
        loop {
            match self.take(&mut buffer) {
                Ok(true) => {
                    writer.write_all(&buffer).await?;
                    buffer.clear();
                    if buffer.capacity() > KEEP_MAX {
                        buffer = Vec::new();
                    }
                }
                Ok(false) => self.filled.notified().await,
                Err(()) => return writer.shutdown().await,
            }
        }
    }
}
