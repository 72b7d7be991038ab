//! Transports: connected streams of bytes, under the links.
//!
//! A link takes one and knows nothing else of what carries it, so tests replace the socket by memory. A transport knows
//! nothing of frames.

mod memory;
mod socket_pair;

#[cfg(test)]
mod tests;

pub use memory::Memory;
pub use socket_pair::SocketPair;

use std::fmt;
use std::io;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

/// The reading half of a connection.
pub type BoxReader = Box<dyn AsyncRead + Unpin + Send>;

/// The writing half of a connection. Shutting it down is what tells the peer that no more will come.
pub type BoxWriter = Box<dyn AsyncWrite + Unpin + Send>;

/// A connection, split so that one task can read while another writes.
pub struct Duplex {
    /// What the peer sends.
    pub reader: BoxReader,
    /// What goes to the peer.
    pub writer: BoxWriter,
}

impl fmt::Debug for Duplex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Duplex").finish_non_exhaustive()
    }
}

/// One end of a connection that carries a link: reliable, in order, and closed for both sides once one side is gone.
#[async_trait]
pub trait Transport: fmt::Debug + Send + 'static {
    /// Opens this end. Called once, on the runtime that the link runs on.
    ///
    /// # Errors
    /// What the system says. Nothing is left open.
    ///
    /// # Cancel safety
    /// Dropping the future closes the end.
    async fn connect(self: Box<Self>) -> io::Result<Duplex>;
}
