//! The handshake of a link: who is on the other side, and does it speak our language.
//!
//! Both sides send a [`Hello`] at once. Each judges the other's and either goes on or answers with a [`Reject`] that
//! names what did not fit. What a peer cannot misunderstand may be sent right behind the hello: it acts upon that only if
//! it accepts the hello. [`Session`] decides and does no I/O; [`handshake`](handshake::handshake) drives it over a
//! stream; the link takes over from there.
//!
//! | state | on | to |
//! |---|---|---|
//! | waiting | a hello that fits | established |
//! | waiting | a hello that does not fit | failed, a rejection is sent |
//! | waiting | a rejection, another frame, the end, the deadline | failed |
//! | established | a rejection: the peer judged otherwise | failed |
//! | established | any other frame | a frame for the link, not for the session |
//! | failed | anything | failed |

mod handshake;
mod hello;
mod reject;

#[cfg(test)]
mod tests;

pub use handshake::{HandshakeError, handshake, handshake_and_ask};
pub use hello::{Hello, HelloError, Role, VersionRange};
pub use reject::{Reject, RejectCause};

use std::collections::VecDeque;
use std::time::Duration;

use thiserror::Error;

use crate::frame::{self, Frame, FrameKind};

/// Versions of the protocol that this crate speaks.
pub const PROTOCOL: VersionRange = VersionRange { min: 3, max: 3 };

/// The longest body of a hello or of a rejection, in bytes. Both are small, and whoever sends them is not yet known.
pub const HELLO_LEN_MAX: usize = 4096;

/// How long the peer has for its hello unless told otherwise: 5 s, the time a loaded machine needs to start a process,
/// several times over.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// The smallest limit that a peer may have for frames or for messages, in bytes: the control frames must fit.
pub const MAX_FRAME_MIN: u32 = 4096;

/// Both sides fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Established {
    /// The version to speak: the highest that both know.
    pub version: u16,
    /// What the peer said of itself.
    pub peer: Hello,
    /// The longest body that may be sent, in bytes.
    pub send_limit: usize,
    /// The longest body that is accepted, in bytes.
    pub receive_limit: usize,
    /// The longest message in either direction, in bytes: the smaller limit of both sides.
    pub message_limit: usize,
}

/// Why a handshake failed. None of them is worth a retry with the same peer, except `Deadline` and `Closed`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The peer's hello is none.
    #[error(transparent)]
    Hello(#[from] HelloError),
    /// There is no protocol version that both sides speak.
    #[error("no common protocol version: we speak {ours}, the peer speaks {theirs}")]
    Version {
        /// Versions spoken here.
        ours: VersionRange,
        /// Versions the peer speaks.
        theirs: VersionRange,
    },
    /// Two roles that do not belong together, as two workers.
    #[error("a {ours} was connected to a {theirs}")]
    Role {
        /// Our role.
        ours: Role,
        /// Role of the peer.
        theirs: Role,
    },
    /// The peer is this very process.
    #[error("connected to itself")]
    Itself,
    /// The sides were built with different registries, so names would not mean the same.
    #[error(
        "registries differ (ours {ours:#018x}, the peer's {theirs:#018x}); only here: [{}]; only there: [{}]",
        .only_here.join(", "), .only_there.join(", ")
    )]
    Registry {
        /// Our fingerprint.
        ours: u64,
        /// Fingerprint of the peer.
        theirs: u64,
        /// Names that only we know; empty also if the lists were too long for a hello.
        only_here: Vec<String>,
        /// Names that only the peer knows; likewise.
        only_there: Vec<String>,
    },
    /// The peer accepts only frames that are too short for the protocol.
    #[error("the peer accepts frames of {0} bytes only, at least {MAX_FRAME_MIN} are needed")]
    FrameLimit(u32),
    /// The peer accepts only messages that are too short for the protocol.
    #[error("the peer accepts messages of {0} bytes only, at least {MAX_FRAME_MIN} are needed")]
    MessageLimit(u32),
    /// The peer did not accept our hello.
    #[error("rejected by the peer: {0}")]
    Rejected(Reject),
    /// The peer began with something else than a hello.
    #[error("the peer began with a {0:?} frame")]
    Unexpected(FrameKind),
    /// The stream ended before the peer's hello.
    #[error("closed by the peer before its hello")]
    Closed,
    /// The peer's hello did not come in time.
    #[error("no hello from the peer in time")]
    Deadline,
}

/// What the session has to say; each at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEvent {
    /// The link can start.
    Established(Box<Established>),
    /// The link must end, after what [`Session::poll_transmit`] gives was sent.
    Failed(SessionError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Established,
    Failed,
}

/// One side of a handshake.
#[derive(Debug)]
pub struct Session {
    local: Hello,
    state: State,
    transmits: VecDeque<Vec<u8>>,
    events: VecDeque<SessionEvent>,
}

impl Session {
    /// Begins a handshake; the own hello is the first transmit.
    pub fn new(local: Hello) -> Self {
        let mut session = Self {
            local,
            state: State::Waiting,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        };
        let body = session.local.encode();
        session.transmit(&Frame::Hello { body: &body });
        session
    }

    /// Has whole frames sent in one go with the own hello.
    pub(crate) fn follow(&mut self, frames: Vec<u8>) {
        if let Some(hello) = self.transmits.front_mut() {
            hello.extend_from_slice(&frames);
        }
    }

    /// Takes a frame that arrived.
    ///
    /// Once established only rejections are for the session; hand it those, the others belong to the link.
    pub fn handle_frame(&mut self, frame: &Frame<'_>) {
        match (self.state, frame) {
            (State::Failed, _) => {}
            (_, Frame::Reject { body }) => {
                self.transition_to_failed(SessionError::Rejected(Reject::decode(body)));
            }
            (State::Waiting, Frame::Hello { body }) => self.handle_hello(body),
            (State::Waiting, other) => {
                self.transition_to_failed(SessionError::Unexpected(other.kind()));
            }
            (State::Established, _) => {}
        }
    }

    /// Takes the end of the stream.
    pub fn handle_eof(&mut self) {
        if self.state == State::Waiting {
            self.transition_to_failed(SessionError::Closed);
        }
    }

    /// Takes the end of the time that the peer had; see [`HANDSHAKE_TIMEOUT`].
    pub fn handle_deadline(&mut self) {
        if self.state == State::Waiting {
            self.transition_to_failed(SessionError::Deadline);
        }
    }

    /// Whole frames to send, in order.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmits.pop_front()
    }

    /// What has been decided.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    fn handle_hello(&mut self, body: &[u8]) {
        let judged = Hello::decode(body)
            .map_err(SessionError::from)
            .and_then(|peer| self.judge(peer));
        match judged {
            Ok(established) => {
                self.state = State::Established;
                self.events
                    .push_back(SessionEvent::Established(Box::new(established)));
            }
            Err(error) => {
                let reject = Reject::new(&self.local, &error).encode();
                self.transmit(&Frame::Reject { body: &reject });
                self.transition_to_failed(error);
            }
        }
    }

    fn judge(&self, peer: Hello) -> Result<Established, SessionError> {
        let local = &self.local;
        let version = local.versions.highest_common(peer.versions);
        let Some(version) = version else {
            return Err(SessionError::Version {
                ours: local.versions,
                theirs: peer.versions,
            });
        };
        if !local.role.accepts(peer.role) {
            return Err(SessionError::Role {
                ours: local.role,
                theirs: peer.role,
            });
        }
        if (local.node, local.incarnation) == (peer.node, peer.incarnation) {
            return Err(SessionError::Itself);
        }
        if local.registry != peer.registry && local.registry != 0 && peer.registry != 0 {
            return Err(registries_differ(local, &peer));
        }
        if peer.max_frame < MAX_FRAME_MIN {
            return Err(SessionError::FrameLimit(peer.max_frame));
        }
        if peer.max_message < MAX_FRAME_MIN {
            return Err(SessionError::MessageLimit(peer.max_message));
        }
        let message_limit = local.max_message.min(peer.max_message);
        Ok(Established {
            version,
            message_limit: usize::try_from(message_limit).unwrap_or(usize::MAX),
            send_limit: usize::try_from(peer.max_frame).unwrap_or(usize::MAX),
            receive_limit: usize::try_from(local.max_frame).unwrap_or(usize::MAX),
            peer,
        })
    }

    fn transmit(&mut self, frame: &Frame<'_>) {
        let mut bytes = Vec::new();
        // Neither a hello nor a rejection is made longer than this.
        let encoded = frame::encode(&mut bytes, frame, HELLO_LEN_MAX);
        debug_assert!(encoded.is_ok());
        self.transmits.push_back(bytes);
    }

    fn transition_to_failed(&mut self, error: SessionError) {
        self.state = State::Failed;
        self.events.push_back(SessionEvent::Failed(error));
    }
}

fn registries_differ(local: &Hello, peer: &Hello) -> SessionError {
    // An empty list says that the names did not fit into the hello, so nothing follows from it.
    let comparable = !local.names.is_empty() && !peer.names.is_empty();
    let only_in = |one: &Hello, other: &Hello| -> Vec<String> {
        let names = one
            .names
            .iter()
            .filter(|name| comparable && !other.names.contains(name));
        names.cloned().collect()
    };
    SessionError::Registry {
        ours: local.registry,
        theirs: peer.registry,
        only_here: only_in(local, peer),
        only_there: only_in(peer, local),
    }
}
