//! The answer to a hello that is not accepted.
//!
//! | bytes | field |
//! |---|---|
//! | 0 | cause |
//! | 1..5 | lowest and highest version of the side that rejects, `u16` little-endian |
//! | 5..9 | those of the side that is rejected, as they were understood |
//! | 9..17, 17..25 | fingerprints, in the same order, `u64` little-endian |
//! | 25.. | text for people |
//!
//! It is the same in every version of the protocol: a side must understand why it is not understood.

use std::fmt;

use super::{HELLO_LEN_MAX, Hello, SessionError, VersionRange};
use crate::frame::{Body, cut_text};

/// Why a hello was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectCause {
    /// The versions do not meet.
    Version,
    /// The registries differ.
    Registry,
    /// The roles do not belong together, or a side met itself.
    Role,
    /// The hello is malformed, or asks for something impossible.
    Hello,
    /// A cause that a later version may have.
    Other,
}

impl RejectCause {
    fn to_byte(self) -> u8 {
        match self {
            RejectCause::Version => 1,
            RejectCause::Registry => 2,
            RejectCause::Role => 3,
            RejectCause::Hello => 4,
            RejectCause::Other => 0,
        }
    }

    fn from_byte(byte: u8) -> Self {
        match byte {
            1 => RejectCause::Version,
            2 => RejectCause::Registry,
            3 => RejectCause::Role,
            4 => RejectCause::Hello,
            _ => RejectCause::Other,
        }
    }
}

/// What a peer says when it does not accept a hello. "Theirs" is the side that rejects, "ours" the side that reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Why.
    pub cause: RejectCause,
    /// Versions that the rejecting side speaks.
    pub theirs: VersionRange,
    /// Versions that it understood the rejected side to speak.
    pub ours: VersionRange,
    /// Fingerprint of the rejecting side's registry.
    pub their_registry: u64,
    /// Fingerprint that it understood the rejected side to have.
    pub our_registry: u64,
    /// Details, for people.
    pub text: String,
}

impl Reject {
    /// The rejection that `local` answers with when it fails with `error`.
    pub(super) fn new(local: &Hello, error: &SessionError) -> Self {
        let unknown = VersionRange { min: 0, max: 0 };
        let (cause, ours, our_registry) = match error {
            SessionError::Version { theirs, .. } => (RejectCause::Version, *theirs, 0),
            SessionError::Registry { theirs, .. } => (RejectCause::Registry, unknown, *theirs),
            SessionError::Role { .. } | SessionError::Itself => (RejectCause::Role, unknown, 0),
            SessionError::Hello(_)
            | SessionError::FrameLimit(_)
            | SessionError::MessageLimit(_) => (RejectCause::Hello, unknown, 0),
            _ => (RejectCause::Other, unknown, 0),
        };
        Self {
            cause,
            theirs: local.versions,
            ours,
            their_registry: local.registry,
            our_registry,
            text: error.to_string(),
        }
    }

    /// The body of the frame; the text is cut so that it fits.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.cause.to_byte()];
        for versions in [self.theirs, self.ours] {
            out.extend_from_slice(&versions.min.to_le_bytes());
            out.extend_from_slice(&versions.max.to_le_bytes());
        }
        out.extend_from_slice(&self.their_registry.to_le_bytes());
        out.extend_from_slice(&self.our_registry.to_le_bytes());
        let room = HELLO_LEN_MAX - out.len();
        out.extend_from_slice(cut_text(&self.text, room).as_bytes());
        out
    }

    /// Reads the body of a rejection. It is over in any case, so what cannot be read is left empty.
    pub fn decode(body: &[u8]) -> Self {
        let mut body = Body::new(body);
        let cause = RejectCause::from_byte(body.byte().unwrap_or_default());
        let mut version = || u16::from_le_bytes(body.array().unwrap_or_default());
        let theirs = VersionRange {
            min: version(),
            max: version(),
        };
        let ours = VersionRange {
            min: version(),
            max: version(),
        };
        let their_registry = u64::from_le_bytes(body.array().unwrap_or_default());
        let our_registry = u64::from_le_bytes(body.array().unwrap_or_default());
        Self {
            cause,
            theirs,
            ours,
            their_registry,
            our_registry,
            text: String::from_utf8_lossy(body.rest()).into_owned(),
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            RejectCause::Version => write!(
                f,
                "no common protocol version: it speaks {}, we speak {}",
                self.theirs, self.ours
            ),
            RejectCause::Registry => write!(
                f,
                "registries differ: its fingerprint is {:#018x}, ours {:#018x}",
                self.their_registry, self.our_registry
            ),
            // Text from a peer goes to logs and terminals: nothing in it may control them.
            _ => write!(f, "{}", self.text.escape_debug()),
        }
    }
}
