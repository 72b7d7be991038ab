//! A pair of connected Unix sockets: what a worker process is reached over.
//!
//! The halves are registered apart: the reader for readability only, the writer for writability only while a write did not fit. A socket
//! that is registered for both wakes its thread each time the peer *reads*, which costs every ask two wakes for nothing.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

use super::{Duplex, Transport};

/// Bytes fetched by one read: as much as the reader of frames offers room for.
const READ_MAX: usize = 64 * 1024;

/// Writes in a row that fit after which the writer is no longer registered.
const CALM: u32 = 64;

/// One end of a Unix socket pair.
///
/// Possession of the other end is what authenticates the peer: the pair has no name in any file system, and every
/// descriptor of this process but a worker's own end is closed when a program is started.
#[derive(Debug)]
pub struct SocketPair {
    stream: UnixStream,
}

impl SocketPair {
    /// Takes over an end that is connected already.
    pub fn from_stream(stream: UnixStream) -> Self {
        Self { stream }
    }

    /// Makes both ends.
    ///
    /// # Errors
    /// What the system says, mostly that there are too many open files.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = UnixStream::pair()?;
        Ok((Self::from_stream(one), Self::from_stream(other)))
    }
}

#[async_trait]
impl Transport for SocketPair {
    async fn connect(self: Box<Self>) -> io::Result<Duplex> {
        // The flag belongs to this end alone: the peer's is untouched.
        self.stream.set_nonblocking(true)?;
        let reader = Reader {
            socket: registered(&self.stream, Interest::READABLE)?,
            buffer: vec![0; READ_MAX].into_boxed_slice(),
        };
        let writer = Writer {
            stream: self.stream,
            stalled: None,
            calm: 0,
        };
        Ok(Duplex {
            reader: Box::new(reader),
            writer: Box::new(writer),
        })
    }
}

/// A duplicate of the descriptor, registered for this alone.
#[expect(
    deprecated,
    reason = "its successor is unsafe, and asks for what a socket that owns its descriptor always gives"
)]
fn registered(stream: &UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    AsyncFd::with_interest(stream.try_clone()?, interest)
}

struct Reader {
    socket: AsyncFd<UnixStream>,
    /// Made once; the room that a caller offers would have to be cleared for every read.
    buffer: Box<[u8]>,
}

impl AsyncRead for Reader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { socket, buffer } = self.get_mut();
        let room = out.remaining().min(buffer.len());
        loop {
            let mut ready = ready!(socket.poll_read_ready(cx))?;
            let Ok(read) = ready.try_io(|socket| socket.get_ref().read(&mut buffer[..room])) else {
                continue;
            };
            let len = match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            // Less than there was room for: that was all, and asking again would only be told so.
            if len > 0 && len < room {
                ready.clear_ready();
            }
            out.put_slice(&buffer[..len]);
            return Poll::Ready(Ok(()));
        }
    }
}

struct Writer {
    stream: UnixStream,
    /// Registered for writability while writes do not fit.
    stalled: Option<AsyncFd<UnixStream>>,
    /// Writes in a row that fitted since.
    calm: u32,
}

impl Writer {
    /// Waits until there is room again.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.calm = 0;
        let socket = match &self.stalled {
            Some(socket) => socket,
            None => self
                .stalled
                .insert(registered(&self.stream, Interest::WRITABLE)?),
        };
        ready!(socket.poll_write_ready(cx))?.clear_ready();
        Poll::Ready(Ok(()))
    }

    fn fitted(&mut self) {
        self.calm = self.calm.saturating_add(1);
        if self.calm == CALM {
            self.stalled = None;
        }
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            match send(&this.stream, bytes, SendFlags::NOSIGNAL) {
                Ok(len) => {
                    this.fitted();
                    return Poll::Ready(Ok(len));
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => ready!(this.poll_room(cx))?,
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream.shutdown(Shutdown::Write) {
            // The peer is gone already; there is nobody to tell.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            done => Poll::Ready(done),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The reader may go on, so the direction is ended by hand. It may have been ended before.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}
