//! A line in memory that can be stalled and cut. Both ends are transports; what disturbs it is kept at the reading side of each.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::transport::{BoxReader, BoxWriter, Duplex, Memory, Transport};

/// Bytes on their way in each direction, as many as a socket holds.
const ROOM: usize = 256 * 1024;

#[derive(Debug, Default)]
struct State {
    is_stalled: bool,
    is_cut: bool,
    /// The worker is no more: its side neither reads nor writes.
    is_hung_up: bool,
    wakers: Vec<Waker>,
}

/// What both ends share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    state: Arc<Mutex<State>>,
}

impl Line {
    /// A line and its two ends, the worker's last.
    pub(super) fn new() -> (Self, End, End) {
        let line = Line::default();
        let (one, other) = Memory::pair(ROOM);
        let end = |memory, is_worker| End {
            side: Side {
                line: line.clone(),
                is_worker,
            },
            memory: Box::new(memory),
        };
        let (ours, theirs) = (end(one, false), end(other, true));
        (line, ours, theirs)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn stall(&self) {
        self.change(|state| state.is_stalled = true);
    }

    pub(super) fn resume(&self) {
        self.change(|state| state.is_stalled = false);
    }

    /// The worker is no more; what it has written is still read.
    pub(super) fn hang_up(&self) {
        self.change(|state| state.is_hung_up = true);
    }

    pub(super) fn cut(&self) {
        self.change(|state| state.is_cut = true);
    }
}

/// A line as one of its sides finds it.
#[derive(Clone, Debug)]
struct Side {
    line: Line,
    is_worker: bool,
}

impl Side {
    fn is_closed(&self, state: &State) -> bool {
        state.is_cut || (self.is_worker && state.is_hung_up)
    }

    /// Ready when the line lets bytes through: `false` if it is closed. Whoever waits in the stream beneath is woken by a change, too.
    fn poll_open(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.line.lock();
        if self.is_closed(&state) {
            return Poll::Ready(false);
        }
        let is_known = |waker: &Waker| waker.will_wake(cx.waker());
        if !state.wakers.iter().any(is_known) {
            state.wakers.push(cx.waker().clone());
        }
        if state.is_stalled {
            return Poll::Pending;
        }
        Poll::Ready(true)
    }

    fn check(&self) -> io::Result<()> {
        if self.is_closed(&self.line.lock()) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

/// One end of a [`Line`].
#[derive(Debug)]
pub(crate) struct End {
    side: Side,
    memory: Box<Memory>,
}

#[async_trait]
impl Transport for End {
    async fn connect(self: Box<Self>) -> io::Result<Duplex> {
        let End { side, memory } = *self;
        let Duplex { reader, writer } = memory.connect().await?;
        Ok(Duplex {
            reader: Box::new(Reader {
                side: side.clone(),
                reader,
            }),
            writer: Box::new(Writer { side, writer }),
        })
    }
}

struct Reader {
    side: Side,
    reader: BoxReader,
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.side.poll_open(cx) {
            Poll::Pending => Poll::Pending,
            // The end of the stream.
            Poll::Ready(false) => Poll::Ready(Ok(())),
            Poll::Ready(true) => Pin::new(&mut self.reader).poll_read(cx, buf),
        }
    }
}

struct Writer {
    side: Side,
    writer: BoxWriter,
}

impl AsyncWrite for Writer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.side.check()?;
        Pin::new(&mut self.writer).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.side.check()?;
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}
