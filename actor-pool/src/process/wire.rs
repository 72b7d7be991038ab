//! What travels between a pool and its worker processes.

use std::borrow::Cow;
use std::fmt;

use actor_core::Reply;
use actor_remote::Factory;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{JobError, Payload};

/// The root actor of a worker process.
pub(super) const WORKER: Factory<WorkerArgs, WorkerMsg> = Factory::new("actor-pool.Worker/v1");

/// What the root actor is made from.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct WorkerArgs {
    /// The largest encoded result that the pool accepts, in bytes.
    pub(super) result_max: u64,
}

/// What the root actor is sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum WorkerMsg {
    /// Run the job of this name.
    Run(Cow<'static, str>, Bytes, Reply<Answer>),
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Done(Bytes),
    Panicked {
        text: String,
        location: Option<String>,
    },
    BadArgument(String),
    BadResult(String),
    ResultTooLarge {
        bytes: u64,
        limit: u64,
    },
    Unknown,
}

impl Answer {
    /// The encoded result, or the error of the job of this name.
    pub(super) fn into_result(self, job: &str) -> Result<Bytes, JobError> {
        Err(match self {
            Answer::Done(bytes) => return Ok(bytes),
            Answer::Panicked { text, location } => JobError::Panicked { text, location },
            Answer::BadArgument(text) => JobError::Codec {
                payload: Payload::Argument,
                text,
            },
            Answer::BadResult(text) => JobError::Codec {
                payload: Payload::Result,
                text,
            },
            Answer::ResultTooLarge { bytes, limit } => JobError::TooLarge {
                payload: Payload::Result,
                bytes,
                limit,
            },
            Answer::Unknown => JobError::Unknown {
                job: job.to_owned(),
            },
        })
    }
}

/// Bytes that are encoded as one piece, not one by one.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;

        impl Visitor<'_> for Whole {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }

        deserializer.deserialize_byte_buf(Whole)
    }
}
