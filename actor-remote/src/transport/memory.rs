//! A connection within the process, for tests and for simulation: no descriptor, no clock, no thread.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use tokio::io::{AsyncWrite, DuplexStream, WriteHalf};

use super::{Duplex, Transport};

/// One end of a connection in memory.
#[derive(Debug)]
pub struct Memory {
    stream: DuplexStream,
}

impl Memory {
    /// Makes both ends. Each direction holds up to `capacity` bytes; a writer waits for room as it would for a socket's.
    pub fn pair(capacity: usize) -> (Self, Self) {
        let (one, other) = tokio::io::duplex(capacity);
        (Self { stream: one }, Self { stream: other })
    }
}

#[async_trait]
impl Transport for Memory {
    async fn connect(self: Box<Self>) -> io::Result<Duplex> {
        let (reader, writer) = tokio::io::split(self.stream);
        Ok(Duplex {
            reader: Box::new(reader),
            writer: Box::new(ClosingWriter { writer }),
        })
    }
}

/// Shuts its direction down when it is dropped, as the writing half of a socket does.
///
/// The plain half of a split stream would keep the peer waiting until the reading half is dropped too.
struct ClosingWriter {
    writer: WriteHalf<DuplexStream>,
}

impl AsyncWrite for ClosingWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}

impl Drop for ClosingWriter {
    fn drop(&mut self) {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        // In memory there is nothing to wait for: a shutdown is done by its first poll.
        let _ = Pin::new(&mut self.writer).poll_shutdown(&mut cx);
    }
}
