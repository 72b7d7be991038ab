//! Large messages in pieces, so that small ones pass between them.
//!
//! Pure. The link's outbox asks [`Outgoing`] for the next piece, its reader puts what arrives into [`Incoming`]; neither does I/O.
//!
//! | field of a [`Chunk`](super::Frame::Chunk) | meaning |
//! |---|---|
//! | id, varint | which message; chosen by the sender, never used again |
//! | total, varint | in the first piece the length of the whole message, in all others 0 |
//! | the rest | the piece |
//!
//! What is cut is a frame without its length: its kind and its body. Pieces of one message arrive in the order in which they were cut,
//! since a link keeps order; so a piece carries no place of its own.
//!
//! The usual rules of fragmentation (Artery, QUIC streams), with one of our own: what must not overtake a large message is kept behind
//! it by its sender, so the receiver sees the order of whole messages and has nothing to sort.

mod join;
mod split;

#[cfg(test)]
mod tests;

use thiserror::Error;

pub(crate) use join::Incoming;
pub(crate) use split::{Cargo, Outgoing};

use super::{FrameKind, varint};

/// Body length above which a message leaves in pieces, and the longest body of a piece: 64 KiB.
///
/// A small message waits for at most one piece. A socket takes 64 KiB in some ten microseconds, and the costs per write no longer show.
///
/// ```
/// assert_eq!(actor_remote::frame::CHUNK_MAX, 65_536);
/// ```
pub const CHUNK_MAX: usize = 64 * 1024;

/// Messages that one side of a link sends in pieces at a time; more of them wait for their turn.
///
/// It bounds what a receiver must hold that has not arrived completely: so many times the longest message.
///
/// ```
/// assert_eq!(actor_remote::frame::CHUNKED_MAX, 4);
/// ```
pub const CHUNKED_MAX: usize = 4;

/// The longest message on a link unless another limit is set: 256 MiB.
///
/// ```
/// assert_eq!(actor_remote::frame::DEFAULT_MAX_MESSAGE, 268_435_456);
/// ```
pub const DEFAULT_MAX_MESSAGE: usize = 256 * 1024 * 1024;

/// Why a piece belongs to no message. Each of them ends the link.
///
/// ```
/// use actor_remote::frame::ChunkError;
///
/// assert_eq!(ChunkError::Unknown(7).to_string(), "a piece of message 7, of which there was no first one");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// The first piece announces a longer message than is accepted here. Nothing was allocated for it.
    #[error("a message of {declared} bytes is over the limit of {limit}")]
    TooLong {
        /// Length that it announces, in bytes.
        declared: u64,
        /// The longest message accepted, in bytes.
        limit: usize,
    },
    /// The first piece announces a message that fits into one frame.
    #[error("a message of {declared} bytes in pieces, though it fits into one frame")]
    TooShort {
        /// Length that it announces, in bytes.
        declared: u64,
    },
    /// More messages in pieces at a time than [`CHUNKED_MAX`].
    #[error("more than {CHUNKED_MAX} messages in pieces at a time")]
    TooMany,
    /// A first piece of a message that has begun already.
    #[error("a second first piece of message {0}")]
    Repeated(u64),
    /// Not a first piece, and no message of that number has begun.
    #[error("a piece of message {0}, of which there was no first one")]
    Unknown(u64),
    /// A piece without content.
    #[error("an empty piece of message {0}")]
    Empty(u64),
    /// The pieces are longer than was announced.
    #[error("pieces of message {0} are longer than it was announced")]
    Beyond(u64),
    /// What the pieces make together is no frame that may travel in pieces: a piece itself, say, or a control frame.
    #[error("a frame of kind {0} in pieces")]
    Kind(u8),
}

/// Whether a frame of this kind may travel in pieces: it holds what a user sends.
fn is_divisible(kind: FrameKind) -> bool {
    matches!(kind, FrameKind::Tell | FrameKind::Reply | FrameKind::Spawn)
}

fn put_fields(out: &mut Vec<u8>, id: u64, total: u64) {
    varint::put(out, id);
    varint::put(out, total);
}
