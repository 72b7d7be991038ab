//! A pair of connected Unix sockets: what a worker process is reached over.

use std::io;
use std::os::unix::net::UnixStream;

use async_trait::async_trait;

use super::{Duplex, Transport};

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
        let stream = tokio::net::UnixStream::from_std(self.stream)?;
        // Dropping the write half shuts the direction down, also while the reader is still in use.
        let (reader, writer) = stream.into_split();
        Ok(Duplex {
            reader: Box::new(reader),
            writer: Box::new(writer),
        })
    }
}
