//! The first frame of each side.
//!
//! | bytes | field |
//! |---|---|
//! | 0..8 | magic, `actorlnk` |
//! | 8..10, 10..12 | lowest and highest protocol version, `u16` little-endian |
//! | 12..28, 28..44 | node and incarnation |
//! | 44 | role |
//! | 45..53 | fingerprint of the registry, `u64` little-endian, 0: not compared |
//! | 53..57, 57..61 | frame limit and message limit in bytes, `u32` little-endian |
//! | 61..65 | credits in messages, `u32` little-endian |
//! | 65.. | how many names follow, then each with its length, as varints |
//!
//! The first twelve bytes are the same in every version of the protocol. What follows the names is ignored, so a later
//! version may add fields.

use std::fmt;

use thiserror::Error;
use uuid::Uuid;

use super::{HELLO_LEN_MAX, PROTOCOL};
use crate::frame::{Body, DEFAULT_MAX_FRAME, DEFAULT_MAX_MESSAGE, put_text, put_varint};
use crate::registry::Registry;

const MAGIC: [u8; 8] = *b"actorlnk";

/// Messages that may be sent to a remote actor before its side gives credit, unless set otherwise.
const DEFAULT_CREDITS: u32 = 64;

/// Protocol versions that a side speaks, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VersionRange {
    /// The lowest.
    pub min: u16,
    /// The highest.
    pub max: u16,
}

impl VersionRange {
    /// The highest version in both ranges.
    pub fn highest_common(self, other: VersionRange) -> Option<u16> {
        let highest = self.max.min(other.max);
        (highest >= self.min.max(other.min)).then_some(highest)
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            write!(f, "{}", self.max)
        } else {
            write!(f, "{} to {}", self.min, self.max)
        }
    }
}

/// What a side is to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Started the process on the other side.
    Parent,
    /// Was started by the process on the other side.
    Worker,
    /// An equal.
    Node,
}

impl Role {
    /// Whether a side with this role wants a peer with `other`.
    pub fn accepts(self, other: Role) -> bool {
        matches!(
            (self, other),
            (Role::Parent, Role::Worker) | (Role::Worker, Role::Parent) | (Role::Node, Role::Node)
        )
    }

    fn to_byte(self) -> u8 {
        match self {
            Role::Parent => 0,
            Role::Worker => 1,
            Role::Node => 2,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Role::Parent),
            1 => Some(Role::Worker),
            2 => Some(Role::Node),
            _ => None,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Parent => "parent",
            Role::Worker => "worker",
            Role::Node => "node",
        })
    }
}

/// Why bytes are not a hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HelloError {
    /// They do not start as a hello does: the other side is something else altogether.
    #[error("the peer does not speak this protocol")]
    Magic,
    /// They are cut off, or a field holds what it cannot hold.
    #[error("the peer's hello is malformed")]
    Malformed,
}

/// What a side says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Protocol versions it speaks.
    pub versions: VersionRange,
    /// Its node.
    pub node: Uuid,
    /// This start of the node; never the same twice.
    pub incarnation: Uuid,
    /// What it is to the other side.
    pub role: Role,
    /// Fingerprint of its registry; 0 if registries are not to be compared.
    pub registry: u64,
    /// The longest body it accepts, in bytes.
    pub max_frame: u32,
    /// The longest message it wants on this link, in bytes and in both directions: the smaller limit of both sides holds.
    pub max_message: u32,
    /// Messages that may be sent to one of its actors before it gives credit.
    pub credits: u32,
    /// Registered names, so that a difference can be named. Empty if they would not fit.
    pub names: Vec<String>,
}

impl Hello {
    /// A hello with the defaults: the versions of this crate, frames of 64 KiB, messages of 256 MiB, 64 credits, registries not
    /// compared.
    pub fn new(role: Role, node: Uuid, incarnation: Uuid) -> Self {
        Self {
            versions: PROTOCOL,
            node,
            incarnation,
            role,
            registry: 0,
            max_frame: u32::try_from(DEFAULT_MAX_FRAME).unwrap_or(u32::MAX),
            max_message: u32::try_from(DEFAULT_MAX_MESSAGE).unwrap_or(u32::MAX),
            credits: DEFAULT_CREDITS,
            names: Vec::new(),
        }
    }

    /// Has the registry compared with the peer's.
    #[must_use]
    pub fn with_registry<F>(mut self, registry: &Registry<F>) -> Self {
        let factories = registry
            .factory_names()
            .map(|name| format!("factory {name}"));
        let messages = registry
            .message_names()
            .map(|name| format!("message {name}"));
        self.names = factories.chain(messages).collect();
        self.registry = registry.fingerprint();
        self
    }

    /// The body of the frame. The names are left out if it would become longer than [`HELLO_LEN_MAX`].
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.versions.min.to_le_bytes());
        out.extend_from_slice(&self.versions.max.to_le_bytes());
        out.extend_from_slice(self.node.as_bytes());
        out.extend_from_slice(self.incarnation.as_bytes());
        out.push(self.role.to_byte());
        out.extend_from_slice(&self.registry.to_le_bytes());
        out.extend_from_slice(&self.max_frame.to_le_bytes());
        out.extend_from_slice(&self.max_message.to_le_bytes());
        out.extend_from_slice(&self.credits.to_le_bytes());
        let without_names = out.len();
        put_varint(&mut out, self.names.len() as u64);
        for name in &self.names {
            put_text(&mut out, name);
        }
        if out.len() > HELLO_LEN_MAX {
            out.truncate(without_names);
            put_varint(&mut out, 0);
        }
        out
    }

    /// Reads the body of a hello. What follows the known fields is ignored.
    ///
    /// If the versions that the peer speaks do not include ours, only they are read and the other fields are zero: another
    /// version may lay them out in another way.
    ///
    /// # Errors
    /// [`HelloError`] if it is none.
    pub fn decode(body: &[u8]) -> Result<Self, HelloError> {
        let rest = body.strip_prefix(&MAGIC).ok_or(HelloError::Magic)?;
        let mut rest = Body::new(rest);
        Self::decode_fields(&mut rest).ok_or(HelloError::Malformed)
    }

    fn decode_fields(body: &mut Body<'_>) -> Option<Self> {
        let versions = VersionRange {
            min: u16::from_le_bytes(body.array()?),
            max: u16::from_le_bytes(body.array()?),
        };
        if versions.highest_common(PROTOCOL).is_none() {
            return Some(Self {
                versions,
                max_frame: 0,
                max_message: 0,
                credits: 0,
                ..Self::new(Role::Node, Uuid::nil(), Uuid::nil())
            });
        }
        Some(Self {
            versions,
            node: Uuid::from_bytes(body.array()?),
            incarnation: Uuid::from_bytes(body.array()?),
            role: Role::from_byte(body.byte()?)?,
            registry: u64::from_le_bytes(body.array()?),
            max_frame: u32::from_le_bytes(body.array()?),
            max_message: u32::from_le_bytes(body.array()?),
            credits: u32::from_le_bytes(body.array()?),
            names: decode_names(body)?,
        })
    }
}

fn decode_names(body: &mut Body<'_>) -> Option<Vec<String>> {
    let count = body.number()?;
    // Grows with the names that are there: the count is only the peer's word.
    let mut names = Vec::new();
    for _ in 0..count {
        names.push(body.text()?.to_owned());
    }
    Some(names)
}
