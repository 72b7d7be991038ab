//! Frames: what travels over a link, and how it is laid out.
//!
//! Pure: bytes in, frames out, and the other way round. The link's reader and writer call it; it never does I/O, never
//! panics on what a peer sent and never allocates on a peer's word.
//!
//! | bytes | field | meaning |
//! |---|---|---|
//! | 0..4 | length | `u32` little-endian: bytes of the body, header not counted |
//! | 4 | kind | [`FrameKind`] |
//! | 5.. | body | fields of the kind, see [`Frame`] |
//!
//! Fields are spelt as postcard spells them: integers are LEB128 varints, single bytes are raw, a text that is not the
//! last field carries its length. What comes last (a payload, a reason, a text) has no length of its own: it ends
//! where the frame ends, so that it can be encoded straight into the write buffer and decoded where it lies.

mod chunk;
mod decode;
mod encode;
mod reader;
mod varint;

#[cfg(test)]
mod tests;

pub use chunk::{CHUNK_MAX, CHUNKED_MAX, ChunkError, DEFAULT_MAX_MESSAGE};
pub use encode::{
    FrameMark, FrameTooLarge, begin, begin_reply, begin_tell, cut_text, encode, encode_credit,
};
pub use reader::FrameReader;

pub(crate) use chunk::{Cargo, Incoming, Outgoing};
// The handshake spells its fields in the same way.
pub(crate) use decode::Body;
pub(crate) use encode::{encode_body, put_text};
pub(crate) use varint::put as put_varint;

use thiserror::Error;

/// Bytes before the body of a frame: its length and its kind.
pub const HEADER_LEN: usize = 5;

/// The longest body that is accepted unless another limit is set: 64 KiB. What is longer travels in pieces.
pub const DEFAULT_MAX_FRAME: usize = CHUNK_MAX;

/// Declares the kinds once: the enum, and the way back from a byte.
macro_rules! frame_kinds {
    ($($(#[$doc:meta])* $name:ident = $byte:literal,)*) => {
        /// The kind of a frame, as its header spells it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum FrameKind {
            $($(#[$doc])* $name = $byte,)*
        }

        impl FrameKind {
            /// Every kind of this protocol version.
            pub const ALL: &'static [FrameKind] = &[$(FrameKind::$name,)*];

            /// The kind that `byte` stands for, if it is one.
            #[inline]
            pub fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(FrameKind::$name),)*
                    _ => None,
                }
            }
        }
    };
}

frame_kinds! {
    /// First frame of each side: who it is and what it speaks.
    Hello = 1,
    /// The peer's hello was not accepted; the link ends.
    Reject = 2,
    /// The link ends in good order.
    GoAway = 3,
    /// Start an actor from a registered factory.
    Spawn = 8,
    /// The actor asked for by `Spawn` has started.
    Spawned = 9,
    /// The actor asked for by `Spawn` has not started.
    SpawnFailed = 10,
    /// Ask an exported actor to end.
    Stop = 11,
    /// The root actor of a worker has ended.
    Ended = 12,
    /// A message to an exported actor.
    Tell = 16,
    /// Room for more messages to an exported actor.
    Credit = 17,
    /// What became of a reply slot that travelled.
    Reply = 18,
    /// Nobody waits for that reply any more.
    Cancel = 19,
    /// A message was not delivered.
    Nack = 20,
    /// A piece of a frame that is too long to travel whole.
    Chunk = 21,
    /// References to an exported actor were dropped.
    Release = 27,
    /// An exported actor has ended for good.
    Gone = 28,
}

/// Why bytes are not frames. Each of them ends the link: after it nothing that follows can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The header declares a longer body than is accepted here. Nothing was allocated for it.
    #[error("frame of {declared} bytes is over the limit of {limit}")]
    TooLong {
        /// Body length that the header declares, in bytes.
        declared: u32,
        /// Longest body accepted, in bytes.
        limit: usize,
    },
    /// The header names a kind that this protocol version does not have.
    #[error("unknown frame kind {0}")]
    UnknownKind(u8),
    /// The body does not hold the fields of its kind, or holds more.
    #[error("malformed {0:?} frame")]
    Malformed(FrameKind),
    /// The stream ended within a frame.
    #[error("stream ended within a frame, {0} bytes into it")]
    Truncated(usize),
    /// A piece belongs to no message.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
}

/// One frame, borrowed from the buffer it was read into.
///
/// Identifiers are numbers that one side of the link hands out: `export` names an actor that was exported over this link
/// by the side that is addressed, `reply` a reply slot kept by the side that sent it away, `request` is
/// chosen by whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Body of a hello; [`Hello::decode`](crate::session::Hello::decode) reads it.
    Hello {
        /// The encoded hello.
        body: &'a [u8],
    },
    /// Body of a rejection; [`Reject::decode`](crate::session::Reject::decode) reads it.
    Reject {
        /// The encoded rejection.
        body: &'a [u8],
    },
    /// The sender ends the link.
    GoAway {
        /// Why, for people.
        text: &'a str,
    },
    /// Start an actor.
    Spawn {
        /// Number that the answer carries.
        request: u64,
        /// Messages that the asking side may send before it hears of credit.
        window: u32,
        /// Name for logs and reports.
        name: &'a str,
        /// Registered name of the factory.
        factory: &'a str,
        /// Encoded arguments of the factory.
        args: &'a [u8],
    },
    /// The actor has started and is exported.
    Spawned {
        /// Number of the [`Frame::Spawn`].
        request: u64,
        /// Export under which it is reached.
        export: u64,
    },
    /// The actor has not started.
    SpawnFailed {
        /// Number of the [`Frame::Spawn`].
        request: u64,
        /// What kind of failure.
        cause: SpawnFailure,
        /// The error as text.
        text: &'a str,
    },
    /// End an exported actor.
    Stop {
        /// Which actor.
        export: u64,
        /// In which way.
        how: StopHow,
    },
    /// The root actor has ended; its process follows.
    Ended {
        /// Encoded exit reason.
        reason: &'a [u8],
    },
    /// A message.
    Tell {
        /// Which actor it is for.
        export: u64,
        /// The encoded message.
        payload: &'a [u8],
    },
    /// That many messages have begun since the last credit.
    Credit {
        /// Which actor.
        export: u64,
        /// How many messages more may be sent to it.
        n: u32,
    },
    /// The end of a reply slot.
    Reply {
        /// Which slot.
        reply: u64,
        /// What became of it.
        outcome: ReplyOutcome<'a>,
    },
    /// Nobody waits for a reply any more.
    Cancel {
        /// Which slot.
        reply: u64,
    },
    /// Messages were not delivered.
    Nack {
        /// Export they were addressed to.
        export: u64,
        /// Which of the messages sent to it over this link, counted from 1.
        number: u64,
        /// Why.
        what: NackReason,
        /// Details, for people.
        text: &'a str,
    },
    /// A piece of a longer frame: of its kind and its body.
    Chunk {
        /// Which frame; never used again.
        id: u64,
        /// In the first piece how long it is, with its kind; 0 in all others.
        total: u64,
        /// The piece; never empty.
        piece: &'a [u8],
    },
    /// References were dropped.
    Release {
        /// Export they were for.
        export: u64,
        /// How many of the references that were received over this link.
        count: u64,
    },
    /// An exported actor has ended for good.
    Gone {
        /// Which export.
        export: u64,
        /// Encoded exit reason.
        reason: &'a [u8],
    },
}

impl Frame<'_> {
    /// The kind that the header of this frame carries.
    pub fn kind(&self) -> FrameKind {
        match self {
            Frame::Hello { .. } => FrameKind::Hello,
            Frame::Reject { .. } => FrameKind::Reject,
            Frame::GoAway { .. } => FrameKind::GoAway,
            Frame::Spawn { .. } => FrameKind::Spawn,
            Frame::Spawned { .. } => FrameKind::Spawned,
            Frame::SpawnFailed { .. } => FrameKind::SpawnFailed,
            Frame::Stop { .. } => FrameKind::Stop,
            Frame::Ended { .. } => FrameKind::Ended,
            Frame::Tell { .. } => FrameKind::Tell,
            Frame::Credit { .. } => FrameKind::Credit,
            Frame::Reply { .. } => FrameKind::Reply,
            Frame::Cancel { .. } => FrameKind::Cancel,
            Frame::Nack { .. } => FrameKind::Nack,
            Frame::Chunk { .. } => FrameKind::Chunk,
            Frame::Release { .. } => FrameKind::Release,
            Frame::Gone { .. } => FrameKind::Gone,
        }
    }
}

/// Declares an enum that travels as one byte.
macro_rules! wire_byte {
    ($(#[$outer:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $byte:literal,)* }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$doc])* $variant = $byte,)*
        }

        impl $name {
            /// Every value of this protocol version.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The value that `byte` stands for, if it is one.
            #[inline]
            pub fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some($name::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

wire_byte! {
    /// How an actor is asked to end.
    StopHow {
        /// Finish the message in hand.
        Stop = 0,
        /// Handle what is queued, then end.
        Drain = 1,
        /// End at the next await.
        Kill = 2,
        /// As `Stop`, because its parent or supervisor says so.
        Shutdown = 3,
    }
}

wire_byte! {
    /// Why a [`Frame::Spawn`] did not start an actor.
    SpawnFailure {
        /// No factory is registered under that name.
        UnknownFactory = 0,
        /// The arguments did not decode.
        BadArguments = 1,
        /// The factory or the actor's own start failed or panicked.
        StartFailed = 2,
        /// This side starts no actors for its peer, or not now.
        Refused = 3,
    }
}

wire_byte! {
    /// Why a message was not delivered.
    NackReason {
        /// That export is not, or no longer, in the table of this link.
        UnknownExport = 0,
        /// The payload did not decode.
        Undecodable = 2,
    }
}

wire_byte! {
    /// How a reply slot ended without a value.
    ReplyFailure {
        /// The slot was dropped without an answer.
        NoReply = 0,
        /// The handler that held it failed or panicked; the detail is an encoded exit reason.
        Failed = 1,
        /// The actor ended before it answered; the detail is an encoded exit reason.
        Stopped = 2,
        /// The message was never accepted: the actor had ended.
        Closed = 3,
        /// The message was dropped by the mailbox's overflow policy.
        Overflow = 4,
        /// The link or process behind which the actor lives was lost.
        Disconnected = 6,
        /// The message would have waited for its own sender.
        WouldDeadlock = 7,
        /// As `Stopped`, and the message had certainly not begun.
        StoppedUnbegun = 8,
    }
}

/// What became of a reply slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyOutcome<'a> {
    /// The encoded answer.
    Value(&'a [u8]),
    /// No answer, and why; the meaning of the detail bytes depends on the failure.
    Failure(ReplyFailure, &'a [u8]),
}
